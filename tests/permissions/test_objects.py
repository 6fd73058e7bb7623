"""Another tenant's object is answered as one that does not exist, wherever its id is written."""

import pytest

from openhearth.surfaces.openapi import document
from tests.permissions.conftest import Seen
from tests.permissions.fields import FREE, may_name_an_object, names_in, names_tried, plain
from tests.permissions.matrix import said
from tests.permissions.objects import FOREIGN, SHARED
from tests.permissions.things import essence, ids_in

DESCRIBED = document()
PATHS = DESCRIBED["paths"]


def test_every_route_with_a_path_parameter_is_in_the_table(seen: Seen) -> None:
    tabled = {row.route for row in FOREIGN} | set(SHARED)
    assert {route for route in seen.declared if "{" in route} - tabled == set()
    assert tabled - set(seen.declared) == set()


@pytest.mark.parametrize("at", range(len(FOREIGN)), ids=[f"{row.route} {row.thing}" for row in FOREIGN])
def test_a_foreign_object_is_a_missing_one(seen: Seen, at: int) -> None:
    compared = next(one for one in seen.objects if one.row is FOREIGN[at])
    words = ids_in(compared, seen.things)
    assert essence(compared.foreign, words) == essence(compared.missing, words)
    assert compared.missing.status == 404, said(compared.missing)


@pytest.mark.parametrize("at", range(len(FOREIGN)), ids=[f"{row.route} {row.thing}" for row in FOREIGN])
def test_its_owner_is_answered_otherwise(seen: Seen, at: int) -> None:
    compared = next(one for one in seen.objects if one.row is FOREIGN[at])
    words = ids_in(compared, seen.things)
    assert essence(compared.own, words)[::2] != essence(compared.missing, words)[::2]
    assert compared.own.status not in (401, 403, 500), said(compared.own)


@pytest.mark.parametrize(("path", "method"), [(path, method) for path, methods in PATHS.items() for method in methods])
def test_every_field_that_may_name_an_object_is_in_the_table(path: str, method: str) -> None:
    operation = PATHS[path][method]
    asked = {name for name in names_in(operation, DESCRIBED["components"]["schemas"]) if may_name_an_object(name)}
    route = f"{method.upper()} {path}"
    tried = {name for row in FOREIGN if plain(row.route) == route for name in names_tried(row)}
    assert asked - tried - set(FREE.get(route, ())) == set(), "Rows in tests/permissions/objects.py are missing."
