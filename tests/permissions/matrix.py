"""Every route tried by everybody in every way, and what came back."""

import json
import re
from collections.abc import Iterable, Sequence

import msgspec
from starlette.routing import BaseRoute
from starlette.types import ASGIApp
from typing_extensions import override

from openhearth.core.permissions import Permission
from openhearth.surfaces.http import Route
from tests.fakes.asgi import Answer
from tests.permissions.callers import KEY_WAYS, WAYS, Caller, Way, answer_of
from tests.permissions.families import Family
from tests.permissions.rows import Row

_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
ENDS_TOKENS = frozenset({"POST /v1/auth/token", "DELETE /v1/auth/token", "GET /api/user/token"})
"""Routes that stop the access token they are called with."""
_ABSENT = "0123456789abcdef0123456789abcd"


class Cell(msgspec.Struct, frozen=True):
    """One try. ``wanted`` is 401, 403, or 0 for an answer of the route itself; a refusal comes in ``family``'s form."""

    caller: str
    way: str
    wanted: int
    family: Family
    answer: Answer

    @override
    def __str__(self) -> str:
        return f"{self.caller} by {self.way}: wanted {self.wanted or 'an answer'}, got {said(self.answer)}"


def said(answer: Answer) -> str:
    """An answer in one line."""
    return f"{answer.status} {answer.body[:200]!r}"


def named(routes: Iterable[BaseRoute]) -> dict[str, Route]:
    """Routes by method and path. HEAD is its GET without a body."""
    found = {}
    for route in routes:
        assert isinstance(route, Route), f"{route} declares no permission"
        for method in route.methods or ():
            if method != "HEAD":
                found[f"{method} {route.path}"] = route
    return found


async def tried(app: ASGIApp, route: str, row: Row, callers: Sequence[Caller]) -> list[Cell]:
    """All cells of one route. Ways in which it takes nothing are tried with what would open it elsewhere."""
    method, _, path = route.partition(" ")
    place = _PARAMETER.sub(lambda found: row.path.get(found[1], f"{found[1]}_{_ABSENT}"), path)
    body = b"" if method == "GET" else json.dumps(row.body).encode()
    cells = []
    for caller, way in _pairs(row, callers):
        wanted = _wanted(row, caller, way)
        if not wanted and (row.refused_only or (caller.is_person and route in ENDS_TOKENS)):
            continue
        headers, query = {"content-type": "application/json"}, ""
        if caller.credential:
            headers |= way.headers(caller.credential)
            query = f"?{way.query.replace('{}', caller.credential)}" if way.query else ""
        answer = await answer_of(app, method, place + query, headers, body)
        cells.append(Cell(caller.name, way.name, wanted, row.ways.get(way.name, row.family), answer))
    return cells


def _pairs(row: Row, callers: Sequence[Caller]) -> Iterable[tuple[Caller, Way]]:
    for caller in callers:
        for way in WAYS if caller.credential else WAYS[:1]:
            if _counts(row, caller, way) or row.permission in caller.holds:
                yield caller, way


def _counts(row: Row, caller: Caller, way: Way) -> bool:
    return way.name in caller.by or (way.name in row.ways and caller.by == KEY_WAYS)


def _wanted(row: Row, caller: Caller, way: Way) -> int:
    if row.permission is Permission.PUBLIC:
        return 0
    if not caller.is_known or not _counts(row, caller, way):
        return 401
    return 0 if row.permission in caller.holds else 403


def wrong(cells: Iterable[Cell]) -> list[str]:
    """The cells that are not as they should be, in words."""
    return [str(cell) for cell in cells if not _is_right(cell)]


def _is_right(cell: Cell) -> bool:
    if cell.wanted:
        return cell.family.refuses(cell.answer, cell.wanted)
    is_refused = any(cell.family.refuses(cell.answer, status) for status in (401, 403))
    return not is_refused and cell.answer.status not in (401, 403, 500)
