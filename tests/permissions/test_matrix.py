"""Every route × everybody × every way to send a key: who gets in, and in which words the others are refused."""

import pytest

from tests.permissions.conftest import Seen
from tests.permissions.matrix import said, wrong
from tests.permissions.rows import ROWS


def test_every_route_has_a_row_and_every_row_a_route(seen: Seen) -> None:
    assert set(seen.declared) == set(ROWS), "A new route needs a row in tests/permissions/rows.py."


@pytest.mark.parametrize("route", ROWS)
def test_a_route_declares_the_permission_of_its_row(seen: Seen, route: str) -> None:
    assert seen.declared[route] == ROWS[route].permission


@pytest.mark.parametrize("route", ROWS)
def test_those_who_may_get_in_and_nobody_else(seen: Seen, route: str) -> None:
    cells = seen.cells[route]
    assert len(cells) > 20
    assert wrong(cells) == []


def test_no_list_shows_what_is_another_tenants(seen: Seen) -> None:
    ids = [seen.things[kind].encode() for kind in ("file", "picture", "sound")]
    shown = [
        (route, said(cell.answer))
        for route, cells in seen.cells.items()
        for cell in cells
        if cell.caller == "other" and any(one in cell.answer.body for one in ids)
    ]
    assert shown == []
