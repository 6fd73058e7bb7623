"""Usage and costs of the caller's organisation in OpenAI's form, for the dashboards that read it.

https://platform.openai.com/docs/api-reference/usage. Costs are what the organisation is charged. What the rollups do
not count (characters spoken, seconds heard, buckets of a minute) is refused and not shown as nothing.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from openhearth.accounts.usage import Usage
from openhearth.core.call import Principal
from openhearth.core.errors import RequestError
from openhearth.core.operations import Operation
from openhearth.core.permissions import Permission
from openhearth.relay.gate import Gate
from openhearth.stores.usage_ports import DAY_S, HOUR_S, Dimension, Scope, UsageSum
from openhearth.surfaces.http import Json, Route, known_caller
from openhearth.surfaces.usage.query import check_names, limit, values

_GROUPS: dict[str, Dimension] = {
    "project_id": "project",
    "user_id": "user",
    "api_key_id": "key",
    "model": "model",
}
_FILTERS = ("project_ids", "user_ids", "api_key_ids", "models")
_PARAMETERS = ("start_time", "end_time", "bucket_width", "limit", "page", "group_by", *_FILTERS)
_LATEST_S = 32_503_680_000
_NANOS = 1_000_000_000


class _Width(msgspec.Struct, frozen=True):
    """A width of buckets, and how many are shown."""

    seconds: int
    grain: Literal["hour", "day"]
    usual: int
    most: int


class _Kind(msgspec.Struct, frozen=True):
    """One report: which operations it is about, by what it may be grouped, and what is told of each sum."""

    name: str
    operations: tuple[Operation, ...]
    groups: dict[str, Dimension]
    told: Callable[[UsageSum], dict[str, Any]]
    widths: dict[str, _Width]


class _Asked(msgspec.Struct, frozen=True):
    """Unix seconds; ``first`` is where the first bucket of this page begins."""

    first: int
    end: int
    width: _Width
    buckets: int
    groups: tuple[str, ...]


_DAY, _HOUR = _Width(DAY_S, "day", 7, 31), _Width(HOUR_S, "hour", 24, 168)
_WIDTHS = {"1d": _DAY, "1h": _HOUR}


def _requests(one: UsageSum) -> dict[str, Any]:
    return {"input_tokens": one.input_tokens, "num_model_requests": one.calls}


def _completions(one: UsageSum) -> dict[str, Any]:
    return {
        "input_tokens": one.input_tokens,
        "output_tokens": one.output_tokens,
        "input_cached_tokens": one.cached_tokens,
        "num_model_requests": one.calls,
    }


def _pictures(one: UsageSum) -> dict[str, Any]:
    return {"images": one.images, "num_model_requests": one.calls}


def _amount(one: UsageSum) -> dict[str, Any]:
    return {"amount": {"value": one.charge_nanos / _NANOS, "currency": "usd"}}


_MADE = (Operation.IMAGE_GENERATE, Operation.IMAGE_EDIT, Operation.IMAGE_VARY, Operation.IMAGE_TOOL)
_KINDS = (
    _Kind("usage.completions", (Operation.CHAT, Operation.COMPLETE), _GROUPS, _completions, _WIDTHS),
    _Kind("usage.embeddings", (Operation.EMBED,), _GROUPS, _requests, _WIDTHS),
    _Kind("usage.moderations", (Operation.MODERATE,), _GROUPS, _requests, _WIDTHS),
    _Kind("usage.images", _MADE, _GROUPS, _pictures, _WIDTHS),
)
_COSTS = _Kind(
    "costs", (), {"project_id": "project", "line_item": "model"}, _amount, {"1d": _Width(DAY_S, "day", 7, 180)}
)


def routes(usage: Usage, gate: Gate, *, now: Callable[[], float] = time.time) -> list[BaseRoute]:
    """Costs, and a report for each kind of usage where the rollups tell operations apart."""
    kinds = (_COSTS, *(_KINDS if "operation" in usage.dimensions else ()))
    return [
        Route(
            f"/v1/organization/{kind.name.replace('.', '/')}",
            known_caller(gate, _Report(usage, kind, now).show),
            methods=["GET"],
            permission=Permission.ADMIN,
        )
        for kind in kinds
    ]


class _Report:
    def __init__(self, usage: Usage, kind: _Kind, now: Callable[[], float]) -> None:
        self._usage = usage
        self._kind = kind
        self._now = now

    async def show(self, request: Request, principal: Principal) -> Response:
        """A page of buckets, oldest first, those without calls among them."""
        asked = _asked(request.query_params, self._kind, self._now())
        by = [self._kind.groups[name] for name in asked.groups]
        scope = _scope(request.query_params, principal, self._kind)
        step = asked.width.seconds
        end = min(asked.end, asked.first + asked.buckets * step)
        found = await self._usage.series(scope, asked.first, end, asked.width.grain, by)
        buckets = {start: [one for one in found if one.start == start] for start in {one.start for one in found}}
        data = [
            {
                "object": "bucket",
                "start_time": start,
                "end_time": min(start + step, asked.end),
                "results": [self._result(one, asked.groups) for one in buckets.get(start, ())],
            }
            for start in range(asked.first, end, step)
        ]
        more = end < asked.end
        return Json({"object": "page", "data": data, "has_more": more, "next_page": f"page_{end}" if more else None})

    def _result(self, one: UsageSum, groups: Sequence[str]) -> dict[str, Any]:
        named = {**dict.fromkeys(self._kind.groups), **dict(zip(groups, one.names, strict=True))}
        return {"object": f"organization.{self._kind.name}.result", **self._kind.told(one), **named}


def _asked(query: QueryParams, kind: _Kind, now: float) -> _Asked:
    check_names(query, {name + end for name in _PARAMETERS for end in ("", "[]")})
    width = kind.widths.get(query.get("bucket_width", "1d"))
    if width is None:
        raise _wrong("bucket_width", f"'bucket_width' is {' or '.join(kind.widths)} here.")
    groups = _several(query, "group_by")
    for name in groups:
        if name not in kind.groups:
            raise _wrong("group_by", f"'group_by' is among {', '.join(kind.groups)} here.")
    start, end = _seconds(query, "start_time", None), _seconds(query, "end_time", int(now) + 1)
    page = query.get("page", "")
    if page:
        number = page.removeprefix("page_")
        if not (number.isascii() and number.isdigit() and len(number) <= 11):
            raise _wrong("page", "'page' is the 'next_page' of an earlier answer.")
        start = int(number)
    if start >= end:
        raise _wrong("start_time", "'start_time' must be before 'end_time'.")
    first = start // width.seconds * width.seconds
    return _Asked(first, end, width, limit(query, width.usual, width.most), groups)


def _scope(query: QueryParams, principal: Principal, kind: _Kind) -> Scope:
    projects, users, keys, models = (_several(query, name) for name in _FILTERS)
    return Scope(keys, users, projects, (principal.org_id,), models, (), tuple(map(str, kind.operations)))


def _several(query: QueryParams, name: str) -> tuple[str, ...]:
    """A list, in both ways that clients write one."""
    return tuple(dict.fromkeys((*values(query, name), *values(query, f"{name}[]"))))


def _seconds(query: QueryParams, name: str, usual: int | None) -> int:
    text = query.get(name, "")
    if not text and usual is not None:
        return usual
    if not (text.isascii() and text.isdigit() and len(text) <= 11 and int(text) <= _LATEST_S):
        raise _wrong(name, f"'{name}' is needed, in unix seconds." if not text else f"'{name}' is in unix seconds.")
    return int(text)


def _wrong(name: str, message: str) -> RequestError:
    return RequestError(message, param=name, code="invalid_value")
