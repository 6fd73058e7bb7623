"""What the routes of administration share: bodies, pages of lists, and the form of a list."""

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request

from openhearth.config import Limits
from openhearth.core.call import Principal
from openhearth.core.errors import RequestError
from openhearth.core.permissions import Permission
from openhearth.relay.gate import Gate
from openhearth.surfaces.http import Handler, Json, Route, body_bytes, check_json, known_caller, struct_of

_Body = TypeVar("_Body")
_MOST_ROWS = 1000
_MOST_OFFSET = 10**9
_SEARCH_CHARS = 200
Row = tuple[str, str, Permission, Handler]


class Page(msgspec.Struct, frozen=True):
    """Which rows of a list are asked for."""

    search: str
    offset: int
    limit: int


def made(gate: Gate, rows: Sequence[Row]) -> list[Route]:
    """Routes from path, method, permission and handler."""
    return [
        Route(path, known_caller(gate, handler), methods=[method], permission=permission)
        for path, method, permission, handler in rows
    ]


class Reader:
    """Reads bodies within the limits."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    async def body(self, request: Request, want: type[_Body]) -> _Body:
        """The JSON body; none is an empty object. Raises what ``surfaces.http.struct_body`` raises."""
        check_json(request)
        body = await body_bytes(request, most=self._limits.header_bytes, within_s=self._limits.body_s)
        return struct_of(body or b"{}", want)


def page_of(request: Request) -> Page:
    """``search``, ``offset`` and ``limit`` of the query. Raises RequestError."""
    search = request.query_params.get("search", "")
    if len(search) > _SEARCH_CHARS:
        raise RequestError(f"'search' is at most {_SEARCH_CHARS} characters.", param="search", code="invalid_value")
    return Page(
        search, number(request, "offset", 0, _MOST_OFFSET, 0), number(request, "limit", 1, _MOST_ROWS, _MOST_ROWS)
    )


def number(request: Request, name: str, least: int, most: int, default: int) -> int:
    """A whole number of the query. Raises RequestError."""
    text = request.query_params.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 12 and least <= int(text) <= most):
        raise RequestError(f"'{name}' is {least} to {most}.", param=name, code="invalid_value")
    return int(text)


def listed(rows: Sequence[dict[str, Any]], total: int | None = None, offset: int = 0) -> Json:
    """A list as OpenAI's, and how many there are in all."""
    count = len(rows) if total is None else total
    return Json({"object": "list", "data": rows, "total": count, "has_more": offset + len(rows) < count})


def caller_of(principal: Principal) -> str:
    """Whom a row says that it was changed by."""
    return principal.key_id or principal.user_id
