"""What surfaces share: errors in a family's own field names, and bodies read as Structs."""

import pytest
from starlette.requests import Request
from starlette.responses import Response

from openhearth.app.routes import FAMILIES
from openhearth.core.errors import RequestError
from openhearth.core.permissions import Permission
from openhearth.dialects import fish_errors
from openhearth.doors import asgi
from openhearth.surfaces.family import Renamed
from openhearth.surfaces.http import Route, _field
from tests.fakes.asgi import ask


def test_an_error_names_the_field_as_the_family_knows_it() -> None:
    errors = Renamed(fish_errors, {"input": "text"})
    shown = errors.shown(RequestError("'input' is empty.", param="input", code="empty_input"))
    assert b'"message":"\'text\' is empty."' in shown
    assert b'"param":"text"' in shown


def test_an_error_of_another_field_stays_as_it_is() -> None:
    errors = Renamed(fish_errors, {"input": "text"})
    assert b'"param":"format"' in errors.shown(RequestError("wrong", param="format"))
    assert b'"param":null' in errors.shown(RequestError("wrong"))


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ("Expected `str`, got `int` - at `$.name`", "name"),
        ("Expected `str`, got `int` - at `$.models[0]`", "models"),
        ("Object missing required field `name`", "name"),
        ("Object contains unknown field `nmae`", "nmae"),
        ("JSON is malformed: invalid character (byte 0)", None),
    ],
)
def test_the_field_that_a_decoder_complains_of(said: str, field: str | None) -> None:
    assert _field(said) == field


@pytest.mark.parametrize("path", ["/v2/rerank", "/v1/v2/rerank", "/v1/chat/completions"])
async def test_a_wrong_method_is_told_the_path_that_was_called(path: str) -> None:
    async def nothing(_: Request) -> Response:
        raise AssertionError

    paths = ("/v1/v2/rerank", "/v1/chat/completions")
    app = asgi.app([Route(one, nothing, methods=["POST"], permission=Permission.PUBLIC) for one in paths])
    answer = await ask(app, "GET", path)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert f"GET is not for {path};" in answer.json()["error"]["message"]


async def test_paths_that_are_not_there_are_told_in_the_familys_shape() -> None:
    async def nothing(_: Request) -> Response:
        raise AssertionError

    app = asgi.app([Route("/fish/v1/tts", nothing, methods=["POST"], permission=Permission.PUBLIC)], families=FAMILIES)
    missing, wrong = await ask(app, "POST", "/fish/v1/ttx"), await ask(app, "GET", "/fish/v1/tts")
    assert (missing.json()["status"], missing.json()["code"]) == (404, "unknown_path")
    assert (wrong.json()["status"], wrong.headers["allow"]) == (405, "POST")
    eleven, textin = await ask(app, "GET", "/elevenlabs/v1/x"), await ask(app, "POST", "/textin/v1/x")
    assert eleven.json()["detail"]["status"] == "unknown_path"
    assert (textin.status, sorted(textin.json())) == (404, ["code", "error", "message", "param", "result"])
    assert (await ask(app, "GET", "/v1/x")).json()["error"]["code"] == "unknown_path"


async def test_a_wrong_method_is_told_all_that_the_path_takes() -> None:
    async def nothing(_: Request) -> Response:
        raise AssertionError

    routes = [
        Route("/v1/files/{name}", nothing, methods=[method], permission=Permission.PUBLIC)
        for method in ("GET", "DELETE")
    ]
    answer = await ask(asgi.app([*routes]), "PUT", "/v1/files/x")
    assert (answer.status, answer.headers["allow"]) == (405, "DELETE, GET, HEAD")
