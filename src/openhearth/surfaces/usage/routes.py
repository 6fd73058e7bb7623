"""GET /v1/usage for whoever calls, /admin/v1/usage and /admin/v1/logs for whoever administers.

A plain key sees its own calls; somebody signed in, or an account's token, all of their user's; an administrator those
of the organisation; who operates the platform all of them.
"""

from collections.abc import Awaitable, Callable
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from openhearth.accounts.usage import Usage
from openhearth.core.call import Principal
from openhearth.core.permissions import Permission
from openhearth.relay.gate import Gate
from openhearth.stores.usage_ports import HOUR_S
from openhearth.surfaces.http import Json, Route, known_caller
from openhearth.surfaces.usage import query
from openhearth.surfaces.usage.download import at_once, download
from openhearth.surfaces.usage.query import Period
from openhearth.surfaces.usage.shown import call_sheet, sum_sheet

_USUAL_ROWS, _MOST_ROWS = 50, 1000
_USUAL_TOP, _MOST_TOP = 10, 100
_SUM_PARAMETERS = (*query.TIME_PARAMETERS, *query.SCOPE_PARAMETERS, "by", "format")
_Answer = Callable[[Request, Principal], Awaitable[Response]]


def routes(usage: Usage, gate: Gate) -> list[BaseRoute]:
    """All of them."""
    pages = _Pages(usage)
    handlers: tuple[tuple[str, _Answer, Permission], ...] = (
        ("/v1/usage", partial(pages.totals, own=True), Permission.CALL),
        ("/v1/usage/series", partial(pages.series, own=True), Permission.CALL),
        ("/v1/usage/calls", partial(pages.calls, own=True), Permission.CALL),
        ("/admin/v1/usage", partial(pages.totals, own=False), Permission.ADMIN),
        ("/admin/v1/usage/series", partial(pages.series, own=False), Permission.ADMIN),
        ("/admin/v1/logs", partial(pages.calls, own=False), Permission.ADMIN),
        ("/admin/v1/logs/count", pages.count, Permission.ADMIN),
    )
    return [
        Route(path, known_caller(gate, handler), methods=["GET"], permission=permission)
        for path, handler, permission in handlers
    ]


class _Pages:
    def __init__(self, usage: Usage) -> None:
        self._usage = usage

    async def totals(self, request: Request, principal: Principal, *, own: bool) -> Response:
        """The sum of it all, and sums by what ``by`` names, greatest first."""
        asked = request.query_params
        query.check_names(asked, (*_SUM_PARAMETERS, "order", "limit"))
        inside = principal.may(Permission.OPERATE)
        scope, when, form = query.scope_of(asked, principal, own=own), query.period(asked), query.form(asked)
        by = query.dimensions(asked, self._usage.dimensions, principal)
        order, limit = query.measure(asked, inside=inside), query.limit(asked, 100, _MOST_ROWS)
        found = await self._usage.totals(scope, when.start, when.end, by, order=order)
        sheet = sum_sheet(by, "all", inside=inside)
        if form != "json":
            return download(sheet, at_once(found), form, _named("usage", when))
        whole = await self._usage.total(scope, when.start, when.end)
        bare = sum_sheet((), "all", inside=inside)
        total = dict(zip((column.name for column in bare.columns), bare.cells(whole), strict=True))
        rows = sheet.objects("usage.sum", found[:limit]) if by else []
        return Json({"object": "usage", **_told(when), "total": total, "data": rows, "has_more": len(found) > limit})

    async def series(self, request: Request, principal: Principal, *, own: bool) -> Response:
        """Sums per hour or day; the ``top`` names of each dimension by themselves, all others together."""
        asked = request.query_params
        query.check_names(asked, (*_SUM_PARAMETERS, "per", "top"))
        scope, when, form = query.scope_of(asked, principal, own=own), query.period(asked), query.form(asked)
        by = query.dimensions(asked, self._usage.dimensions, principal)
        per, top = query.grain(asked, when), query.limit(asked, _USUAL_TOP, _MOST_TOP, "top")
        found = await self._usage.series(scope, when.start, when.end, per, by, top=top)
        sheet = sum_sheet(by, per, inside=principal.may(Permission.OPERATE))
        if form != "json":
            return download(sheet, at_once(found), form, _named(f"usage-by-{per}", when))
        rows = sheet.objects("usage.sum", found)
        return Json({"object": "usage.series", **_told(when), "per": per, "data": rows})

    async def calls(self, request: Request, principal: Principal, *, own: bool) -> Response:
        """Single calls, newest first; as a file all of them, else a page."""
        asked = request.query_params
        query.check_names(asked, (*query.CALL_PARAMETERS, "limit", "cursor", "format"))
        wanted, form = query.calls_asked(asked, principal, own=own), query.form(asked)
        sheet = call_sheet(inside=principal.may(Permission.OPERATE))
        limit, before = query.limit(asked, _USUAL_ROWS, _MOST_ROWS), query.place(asked)
        if form != "json":
            return download(sheet, self._usage.all_calls(wanted), form, "calls")
        page = await self._usage.calls(wanted, limit, before)
        rows = sheet.objects("call", page.calls)
        return Json(
            {"object": "list", "data": rows, "has_more": page.next is not None, "next": query.cursor(page.next)}
        )

    async def count(self, request: Request, principal: Principal) -> Response:
        """How many calls a search finds, as far as can be counted quickly."""
        asked = request.query_params
        query.check_names(asked, query.CALL_PARAMETERS)
        counted = await self._usage.count(query.calls_asked(asked, principal, own=False))
        return Json({"object": "count", "count": counted.count, "exact": counted.exact})


def _told(when: Period) -> dict[str, int]:
    """The whole hours that were summed."""
    return {"from": int(when.start) // HOUR_S * HOUR_S, "to": -(-int(when.end) // HOUR_S) * HOUR_S}


def _named(stem: str, when: Period) -> str:
    return f"{stem}-{int(when.start)}-{int(when.end)}"
