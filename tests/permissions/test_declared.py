"""A route must say what it asks, a handler must ask it, and the description must say the same."""

from itertools import pairwise

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.routing import Route as Undeclared
from starlette.types import ASGIApp

from openhearth.core.call import Principal
from openhearth.core.errors import Bug
from openhearth.core.permissions import DEFAULT_ORG, Permission, Role, permissions
from openhearth.doors import asgi
from openhearth.relay.gate import Gate
from openhearth.surfaces.http import Json, Route, known_caller
from openhearth.surfaces.openapi import document
from tests.fakes.access import GOOD_KEY, Keys, Limits
from tests.fakes.asgi import Answer, ask, calling
from tests.permissions.conftest import Seen

FAMILY_OF_ONE = "org_other"
HEADERS = {"authorization": f"Bearer {GOOD_KEY}"}


async def _open(_: Request) -> Response:
    return Json({"secret": "told"})


async def _told(_: Request, principal: Principal) -> Response:
    return Json({"name": principal.name})


def _app(permission: Permission, principal: Principal) -> ASGIApp:
    gate = Gate(Keys(principal), Limits())
    return asgi.app([Route("/thing", known_caller(gate, _told), permission=permission)])


async def _asked(permission: Permission, role: Role, org_id: str = DEFAULT_ORG) -> Answer:
    principal = Principal("key_1", "owner_1", "somebody", role=role, org_id=org_id)
    return await ask(_app(permission, principal), "GET", "/thing", headers=HEADERS)


@pytest.mark.parametrize("org_id", [DEFAULT_ORG, FAMILY_OF_ONE])
@pytest.mark.parametrize("permission", Permission)
@pytest.mark.parametrize("role", Role)
async def test_a_role_opens_what_it_holds(role: Role, permission: Permission, org_id: str) -> None:
    answer = await _asked(permission, role, org_id)
    assert answer.status == (200 if permission in permissions(role, org_id) else 403)


@pytest.mark.parametrize(("ips", "status"), [(("127.0.0.0/8",), 200), (("192.0.2.0/24", "127.0.0.2"), 403)])
async def test_a_key_is_used_from_its_own_networks_only(ips: tuple[str, ...], status: int) -> None:
    app = _app(Permission.CALL, Principal("key_1", "owner_1", "somebody", ips=ips))
    answer = await ask(app, "GET", "/thing", headers=HEADERS)
    assert answer.status == status
    assert status == 200 or answer.json()["error"]["code"] == "address_not_allowed"


async def test_a_refusal_says_whether_administering_is_the_matter() -> None:
    plain = await _asked(Permission.ADMIN, Role.KEY)
    assert plain.json()["error"]["code"] == "not_an_admin"
    elsewhere = await _asked(Permission.OPERATE, Role.ADMIN, FAMILY_OF_ONE)
    assert elsewhere.json()["error"]["code"] == "not_permitted"
    assert (await _asked(Permission.ACCOUNT, Role.KEY)).json()["error"]["code"] == "not_permitted"


@pytest.mark.parametrize("org_id", [DEFAULT_ORG, FAMILY_OF_ONE])
def test_a_wider_role_holds_all_of_a_narrower_one(org_id: str) -> None:
    held = [permissions(role, org_id) for role in (Role.KEY, Role.MEMBER, Role.ADMIN, Role.ROOT)]
    assert all(narrow <= wide for narrow, wide in pairwise(held))
    assert (Permission.OPERATE in permissions(Role.ADMIN, org_id)) is (org_id == DEFAULT_ORG)


def test_the_app_refuses_a_route_that_declares_nothing() -> None:
    routes: list[BaseRoute] = [Undeclared("/thing", _open)]
    with pytest.raises(Bug, match="/thing"):
        asgi.app(routes)


@pytest.mark.parametrize("permission", [each for each in Permission if each is not Permission.PUBLIC])
async def test_a_handler_that_does_not_ask_who_calls_tells_nothing(permission: Permission) -> None:
    app = asgi.app([Route("/thing", _open, permission=permission)])
    async with calling(app, "GET", "/thing", headers=HEADERS) as caller:
        answer = await caller.end()
        assert answer.status == 500
        assert b"told" not in answer.body


def test_the_description_asks_for_a_key_where_the_route_does(seen: Seen) -> None:
    described = document()
    assert described["security"] != []
    open_to_all = {
        (path, method)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
        if operation.get("security") == []
    }
    routes = {
        (path.replace(":path}", "}"), method.lower()): permission
        for (method, _, path), permission in ((name.partition(" "), one) for name, one in seen.declared.items())
    }
    public = {route for route, permission in routes.items() if permission == Permission.PUBLIC}
    there = {(path, method) for path, methods in described["paths"].items() for method in methods}
    assert open_to_all == public & there
