"""Which routes answer again, and that the description says the same."""

import pytest
from starlette.requests import Request
from starlette.responses import Response

from openhearth.core.permissions import Permission
from openhearth.surfaces.http import Route
from openhearth.surfaces.openapi import repeats as described
from openhearth.surfaces.repeats.routes import CACHED, READS, takes_key

OTHER_SPELLINGS = {"/v1/v2/rerank"}


async def _nothing(_: Request) -> Response:
    return Response()


@pytest.mark.parametrize("permission", list(Permission))
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_every_post_that_asks_who_calls_takes_a_key(permission: Permission, method: str) -> None:
    route = Route("/x", _nothing, methods=[method], permission=permission)
    assert takes_key(route) is (method == "POST" and permission is not Permission.PUBLIC)


def test_what_only_looks_takes_none() -> None:
    for path in READS:
        assert not takes_key(Route(path, _nothing, methods=["POST"], permission=Permission.OPERATE))
        assert described.marked(path, "post", {}) == {}


def test_the_description_marks_the_same_routes() -> None:
    key, cache = ({"$ref": f"#/components/parameters/{name}"} for name in described.parameters())
    for path in CACHED.keys() - OTHER_SPELLINGS:
        assert described.marked(path.replace(":path}", "}"), "post", {})["parameters"] == [key, cache]
    assert described.marked("/v1/files", "post", {"parameters": [1]}) == {"parameters": [1, key]}
    assert described.marked("/v1/files", "get", {"summary": "x"}) == {"summary": "x"}
    assert described.marked("/api/user/login", "post", {"security": []}) == {"security": []}
