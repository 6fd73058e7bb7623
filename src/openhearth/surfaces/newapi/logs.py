"""/api/log and /api/data: settled calls, and their sums by the hour, as New API's rows.

Rows of calls come from the ledger, newest first; they cannot be deleted but by the policy of retention. What an
administrator did is in the audit log, not here.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from openhearth.accounts.quota_units import used_units
from openhearth.accounts.rules import scope_of
from openhearth.accounts.usage import Usage
from openhearth.core.call import Principal
from openhearth.core.errors import Forbidden, RequestError
from openhearth.core.permissions import Permission
from openhearth.stores.access_ports import AccessRecords
from openhearth.stores.newapi_ports import Names, NewApiRecords
from openhearth.stores.ports import LedgerEntry
from openhearth.stores.usage_ports import CallFilter, Place, Scope, UsageSum
from openhearth.surfaces.newapi.envelope import listed, ok, page_of, whole
from openhearth.surfaces.newapi.lognumber import number_of
from openhearth.surfaces.newapi.standing import Standings
from openhearth.surfaces.newapi.terms import LOG_CONSUMED, LOG_FAILED

_NOBODY = "nobody"
_TURNS = 20
_OF_KEY = 100
_MINUTE_S = 60.0
_MOST_COUNTED = 10_000
_FOUND_MOST = 100


class Asked(msgspec.Struct, frozen=True):
    """A query for logs. ``nothing``: it asks for what the ledger never holds."""

    filter: CallFilter
    nothing: bool = False


class Logs:
    """The handlers."""

    def __init__(
        self,
        usage: Usage,
        records: NewApiRecords,
        accounts: AccessRecords,
        standings: Standings,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._usage = usage
        self._records = records
        self._accounts = accounts
        self._standings = standings
        self._now = now

    async def everybody(self, request: Request, by: Principal) -> Response:
        return await self._page(request, by, await self._asked(request, by, own=False))

    async def own(self, request: Request, by: Principal) -> Response:
        return await self._page(request, by, await self._asked(request, by, own=True), own=True)

    async def search(self, request: Request, by: Principal) -> Response:
        return await self._searched(request, by, own=False)

    async def search_own(self, request: Request, by: Principal) -> Response:
        return await self._searched(request, by, own=True)

    async def stat(self, request: Request, by: Principal) -> Response:
        return await self._stat(await self._asked(request, by, own=False))

    async def own_stat(self, request: Request, by: Principal) -> Response:
        return await self._stat(await self._asked(request, by, own=True))

    async def of_key(self, _: Request, by: Principal) -> Response:
        """The newest calls of one key."""
        await self._standings.settle()
        scope = Scope(keys=(by.key_id,)) if by.key_id else Scope(users=(by.user_id,))
        found = await self._calls(CallFilter(0.0, self._now() + 1, scope), _OF_KEY, 0)
        return ok(await self._rows(found, inside=False))

    async def delete(self, _: Request, __: Principal) -> Response:
        raise Forbidden(
            "The ledger is not deleted by request: calls are let go of by the policy 'usage.keep_days'.",
            code="not_permitted",
        )

    async def data(self, request: Request, by: Principal) -> Response:
        """Sums by hour and model; of one user with ``username``."""
        return await self._sums(request, await self._scope(request, by, own=False))

    async def own_data(self, request: Request, by: Principal) -> Response:
        return await self._sums(request, Scope(users=(by.user_id,)))

    async def _sums(self, request: Request, scope: Scope) -> Response:
        start, end = self._period(request)
        await self._standings.settle()
        found = await self._usage.series(scope, start, end, "hour", ("model", "user"))
        names = await self._records.names({one.names[1] for one in found}, (), ())
        return ok([_sum_row(one, names) for one in found])

    async def _page(self, request: Request, by: Principal, asked: Asked, *, own: bool = False) -> Response:
        page = page_of(request)
        if asked.nothing:
            return listed([], 0, page)
        await self._standings.settle()
        counted = await self._usage.count(asked.filter)
        found = await self._calls(asked.filter, page.size, page.offset)
        inside = not own and by.may(Permission.OPERATE)
        return listed(await self._rows(found, inside=inside), counted.count, page)

    async def _searched(self, request: Request, by: Principal, *, own: bool) -> Response:
        """``keyword`` is the number of a kind of row, as there; without one: the newest of all kinds."""
        keyword = request.query_params.get("keyword", "")
        asked = await self._asked(request, by, own=own)
        if keyword:
            asked = _of_kind(asked, whole(keyword, "keyword", 0))
        if asked.nothing:
            return ok([])
        await self._standings.settle()
        inside = not own and by.may(Permission.OPERATE)
        return ok(await self._rows(await self._calls(asked.filter, _FOUND_MOST, 0), inside=inside))

    async def _stat(self, asked: Asked) -> Response:
        """What the calls were charged, and how many there were, and tokens of them, in the last minute (at most ten
        thousand are counted)."""
        await self._standings.settle()
        wanted, now = asked.filter, self._now()
        total = await self._usage.total(wanted.scope, wanted.start, wanted.end)
        recent = await self._calls(CallFilter(now - _MINUTE_S, now + 1, wanted.scope), _MOST_COUNTED, 0)
        tokens = sum(one.input_tokens + one.output_tokens for one in recent)
        return ok({"quota": used_units(total.charge_nanos), "rpm": len(recent), "tpm": tokens})

    async def _calls(self, wanted: CallFilter, limit: int, skip: int) -> list[LedgerEntry]:
        """A whole page, also where one look finds less than that."""
        found: list[LedgerEntry] = []
        place: Place | None = None
        for _ in range(_TURNS):
            page = await self._usage.calls(wanted, limit - len(found), place, skip if place is None else 0)
            found += page.calls
            place = page.next
            if place is None or len(found) >= limit:
                break
        return found

    async def _rows(self, calls: Sequence[LedgerEntry], *, inside: bool) -> list[dict[str, Any]]:
        names = await self._records.names(
            {call.user_id for call in calls},
            {call.key_id for call in calls if call.key_id},
            {call.target_id for call in calls if call.target_id} if inside else (),
        )
        return [_row(call, names) for call in calls]

    async def _asked(self, request: Request, by: Principal, *, own: bool) -> Asked:
        asked = request.query_params
        if asked.get("group"):
            raise RequestError("Calls cannot be looked for by group here.", param="group", code="invalid_value")
        start, end = self._period(request)
        scope = await self._scope(request, by, own=own)
        wanted = CallFilter(start, end, scope, effect=asked.get("request_id", ""))
        return _of_kind(Asked(wanted), whole(asked.get("type"), "type", 0))

    def _period(self, request: Request) -> tuple[float, float]:
        """Both ends are part of it, as there."""
        asked = request.query_params
        start = whole(asked.get("start_timestamp"), "start_timestamp", 0)
        end = whole(asked.get("end_timestamp"), "end_timestamp", 0) or int(self._now())
        return float(max(0, start)), float(max(0, end) + 1)

    async def _scope(self, request: Request, by: Principal, *, own: bool) -> Scope:
        asked = request.query_params
        users: tuple[str, ...] = (by.user_id,) if own else ()
        orgs = () if own or scope_of(by) is None else (by.org_id,)
        if not own and (username := asked.get("username", "")):
            found = await self._accounts.user_by_name(username)
            users = (found.id if found else _NOBODY,)
        keys: tuple[str, ...] = ()
        if token_name := asked.get("token_name", ""):
            keys = tuple(await self._records.keys_named(token_name, users)) or (_NOBODY,)
        targets: tuple[str, ...] = ()
        if (channel := whole(asked.get("channel"), "channel", 0)) and not own:
            if not by.may(Permission.OPERATE):
                raise Forbidden("Channels are the operator's.", param="channel", code="not_permitted")
            there = await self._records.channel_of()
            targets = tuple(name for name, number in there.items() if number == channel) or (_NOBODY,)
        scope = Scope(keys=keys, users=users, orgs=orgs, targets=targets)
        return await self._of_models(scope, asked.get("model_name", ""), self._period(request))

    async def _of_models(self, scope: Scope, said: str, period: tuple[float, float]) -> Scope:
        """``%`` stands for anything, as there. Sums know names and beginnings; for all else the names are looked up."""
        models: tuple[str, ...] = (said.replace("%", "*"),) if said else ()
        if "%" in said[:-1]:
            await self._standings.settle()
            called = [one.names[0] for one in await self._usage.totals(scope, *period, ("model",))]
            models = tuple(name for name in called if _is_like(name, said.split("%"))) or ("",)
        return msgspec.structs.replace(scope, models=models)


def _is_like(name: str, parts: list[str]) -> bool:
    """Whether ``name`` is made of ``parts`` in their order, with anything between them."""
    first, *middle, last = parts
    end = len(name) - len(last)
    at = len(first)
    if not (name.startswith(first) and name.endswith(last) and at <= end):
        return False
    for part in middle:
        found = name.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def _of_kind(asked: Asked, kind: int) -> Asked:
    if kind == 0:
        return asked
    if kind not in (LOG_CONSUMED, LOG_FAILED):
        return Asked(asked.filter, nothing=True)
    return Asked(msgspec.structs.replace(asked.filter, failed=kind == LOG_FAILED))


def _row(call: LedgerEntry, names: Names) -> dict[str, Any]:
    user, key = names.users.get(call.user_id), names.keys.get(call.key_id)
    channel = names.channels.get(call.target_id)
    has_failed = call.outcome != "ok"
    return {
        "id": number_of(call),
        "user_id": user.number if user else 0,
        "created_at": int(call.created_at),
        "type": LOG_FAILED if has_failed else LOG_CONSUMED,
        "content": call.error_code if has_failed else "",
        "username": user.name if user else "",
        "token_name": key.name if key else "",
        "token_id": key.number if key else 0,
        "model_name": call.model,
        "quota": used_units(call.charge_nanos),
        "prompt_tokens": call.input_tokens,
        "completion_tokens": call.output_tokens,
        "use_time": -(-call.duration_ms // 1000),
        "is_stream": call.stream,
        "channel": channel.number if channel else 0,
        "channel_name": channel.name if channel else "",
        "group": call.group_name,
        "ip": "",
        "request_id": call.effect,
        "other": msgspec.json.encode(
            {
                "frt": call.first_byte_ms,
                "cache_tokens": call.cached_tokens,
                "charge_nanos": call.charge_nanos,
                "price_version": call.price_version,
                "operation": call.operation,
                "outcome": call.outcome,
            }
        ).decode(),
    }


def _sum_row(one: UsageSum, names: Names) -> dict[str, Any]:
    user = names.users.get(one.names[1])
    return {
        "id": 0,
        "user_id": user.number if user else 0,
        "username": user.name if user else "",
        "model_name": one.names[0],
        "created_at": one.start,
        "token_used": one.input_tokens + one.output_tokens,
        "count": one.calls,
        "quota": used_units(one.charge_nanos),
    }
