"""POST /v1/images/edits and /v1/images/generations: JSON, forms, links, bytes, streams and failures."""

import asyncio
import base64
import json
from typing import Any

import pytest

from openhearth.core.call import Outcome
from openhearth.core.errors import Moderated, UpstreamBusy, UpstreamDown
from openhearth.core.media import ImagesDone
from openhearth.core.money import Price
from openhearth.core.operations import Operation
from tests.fakes.asgi import Answer, ask, calling
from tests.fakes.media import png
from tests.fakes.picture_app import BOTH, EDITS, PORTRAIT, PictureApp, json_headers, target

EDIT = {"model": "seededit", "prompt": "衣服换成红色", "image": PORTRAIT}
FILE_ID = "file_0123456789abcdef01234567"
INLINE = "data:image/png;base64," + base64.b64encode(png(5, 4)).decode()


def form(*parts: tuple[str, str | bytes]) -> tuple[str, bytes]:
    """A multipart body; bytes are files."""
    pieces = []
    for name, value in parts:
        head = f'--edge\r\nContent-Disposition: form-data; name="{name}"'
        if isinstance(value, bytes):
            head += '; filename="a.png"\r\nContent-Type: image/png'
            pieces.append(head.encode() + b"\r\n\r\n" + value + b"\r\n")
        else:
            pieces.append(f"{head}\r\n\r\n{value}\r\n".encode())
    return "multipart/form-data; boundary=edge", b"".join(pieces) + b"--edge--\r\n"


async def post_form(app: PictureApp, path: str, *parts: tuple[str, str | bytes]) -> Answer:
    kind, body = form(*parts)
    headers = {"authorization": "Bearer sk-a", "content-type": kind}
    return await ask(app.app, "POST", path, headers=headers, body=body)


async def test_an_edit_by_json_answers_a_link_that_works() -> None:
    app = PictureApp()
    answer = await app.post("/v1/images/edits", {**EDIT, "seed": 3})
    assert answer.status == 200
    body = answer.json()
    (image,) = body["data"]
    assert body["created"] == int(app.clock.now)
    assert (body["size"], body["output_format"]) == ("4x3", "png")
    assert body["usage"] == {
        "input_tokens": 0, "input_tokens_details": {"image_tokens": 0, "text_tokens": 0}, "output_tokens": 0,
        "total_tokens": 0,
    }  # fmt: skip
    assert (await app.get(image["url"])).body == png(4, 3, 1)
    assert image["id"] in image["url"]
    assert answer.headers["x-openhearth-target"] == "editor"
    assert app.editor.requests[0].seed == 3


@pytest.mark.parametrize(
    "image",
    [
        PORTRAIT,
        INLINE,
        FILE_ID,
        [PORTRAIT],
        {"image_url": PORTRAIT},
        {"image_url": {"url": INLINE}},
        {"file_id": FILE_ID},
        {"url": PORTRAIT},
    ],
)
@pytest.mark.parametrize("field", ["image", "images"])
@pytest.mark.parametrize("path", ["/v1/images/edits", "/v1/images/generations"])
async def test_a_picture_in_json_may_have_any_form(image: object, field: str, path: str) -> None:
    app = PictureApp()
    app.files.put("owner_a", FILE_ID, png())
    answer = await app.post(path, {"model": "seededit", "prompt": "red", field: image})
    assert answer.status == 200
    assert app.editor.requests[0].operation is Operation.IMAGE_EDIT
    assert len(app.editor.requests[0].pictures) == 1


async def test_a_form_carries_pictures_mask_and_fields() -> None:
    app = PictureApp()
    answer = await post_form(
        app, "/v1/images/edits",
        ("model", "seededit"), ("prompt", "变红"), ("image[]", png(1, 1)), ("image[]", png(2, 2)), ("mask", png(3, 3)),
        ("n", "2"), ("size", "64*48"), ("output_compression", "80"), ("watermark", "true"),
    )  # fmt: skip
    assert answer.status == 200
    (request,) = app.editor.requests
    assert [picture.data for picture in request.pictures] == [png(1, 1), png(2, 2)]
    assert request.mask is not None
    assert request.mask.data == png(3, 3)
    assert (request.n, request.size, request.output_compression, request.watermark) == (2, "64x48", 80, True)
    assert {"mask", "n", "size", "output_compression"} <= request.asked
    assert len(answer.json()["data"]) == 2


async def test_without_a_model_edits_go_to_the_embedded_editor() -> None:
    app = PictureApp([target(model="local-edit")])
    answer = await post_form(app, "/v1/images/edits", ("prompt", "变红"), ("image", png()))
    assert answer.status == 200
    assert app.editor.requests[0].model == "local-edit"


async def test_bytes_come_when_asked_and_from_gpt_image_models() -> None:
    app = PictureApp([target(), target("gpt", "gpt-image-2")])
    asked = (await app.post("/v1/images/edits", {**EDIT, "response_format": "b64_json"})).json()["data"][0]
    assert base64.b64decode(asked["b64_json"]) == png(4, 3, 1)
    assert "url" not in asked
    gpt = (await app.post("/v1/images/edits", {**EDIT, "model": "gpt-image-2"})).json()["data"][0]
    assert base64.b64decode(gpt["b64_json"]) == png(4, 3, 2)


async def test_generation_needs_no_picture_and_without_a_model_goes_to_the_poster_engine() -> None:
    app = PictureApp([target(speaks=BOTH), target("poster", "local-poster", speaks=BOTH)])
    answer = await app.post("/v1/images/generations", {"model": "seededit", "prompt": "a fox"})
    assert answer.status == 200
    assert app.editor.requests[0].operation is Operation.IMAGE_GENERATE
    nameless = await app.post("/v1/images/generations", {"prompt": "a fox"})
    assert nameless.status == 200
    assert app.editor.requests[1].model == "local-poster"


async def test_a_model_that_only_edits_asks_for_the_picture() -> None:
    app = PictureApp([target(speaks=EDITS)])
    answer = await app.post("/v1/images/generations", {"model": "seededit", "prompt": "a fox"})
    assert (answer.status, answer.json()["error"]["code"]) == (400, "missing_image")
    unknown = await app.post("/v1/images/generations", {"model": "nobody", "prompt": "a fox"})
    assert unknown.status == 404


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"image": None}, 400, "missing_image"),
        ({"prompt": " "}, 400, "missing_field"),
        ({"model": "nobody"}, 404, "model_not_found"),
        ({"image": "ftp://x/y.png"}, 400, "invalid_image"),
        ({"image": "data:image/png;base64,%%%"}, 400, "invalid_image"),
        ({"image": "data:text/html;base64," + base64.b64encode(b"<html>").decode()}, 415, "not_a_picture"),
        ({"image": "data:image/svg+xml,<svg xmlns='x'/>"}, 415, "not_a_picture"),
        ({"image": {}}, 400, "invalid_image"),
        ({"image": [PORTRAIT] * 17}, 400, "too_many_images"),
        ({"image": 5}, 400, "invalid_type"),
        ({"response_format": "jpeg"}, 400, "invalid_value"),
        ({"n": 99}, 400, "invalid_value"),
    ],
)
async def test_a_wrong_order_is_refused_without_work(change: dict[str, Any], status: int, code: str) -> None:
    app = PictureApp()
    answer = await app.post("/v1/images/edits", {**EDIT, **change})
    assert (answer.status, answer.json()["error"]["code"]) == (status, code)
    assert app.editor.requests == []
    assert app.limits.open == 0


async def test_unexpected_file_and_broken_form_are_refused() -> None:
    app = PictureApp()
    odd = await post_form(app, "/v1/images/edits", ("prompt", "x"), ("virus", png()))
    assert odd.json()["error"]["code"] == "unexpected_file"
    kind, body = form(("prompt", "x"), ("image", png()))
    headers = {"authorization": "Bearer sk-a", "content-type": kind}
    cut = await ask(app.app, "POST", "/v1/images/edits", headers=headers, body=body[:-12])
    assert cut.status == 400


async def test_a_stream_shows_partials_and_completes_with_usage() -> None:
    app = PictureApp()
    app.editor.partial = True
    app.editor.done = ImagesDone(input_tokens=5, output_tokens=6)
    answer = await app.post("/v1/images/edits", {**EDIT, "stream": True, "partial_images": 1, "n": 2})
    events = answer.events()
    assert [event["type"] for event in events] == ["image_edit.partial_image"] + ["image_edit.completed"] * 2
    partial, first, last = events
    assert partial["partial_image_index"] == 0
    assert base64.b64decode(partial["b64_json"]) == png(2, 2)
    assert base64.b64decode(first["b64_json"]) == png(4, 3, 1)
    assert first["usage"]["total_tokens"] == 0
    assert last["usage"] == {
        "input_tokens": 5, "input_tokens_details": {"image_tokens": 0, "text_tokens": 5}, "output_tokens": 6,
        "total_tokens": 11,
    }  # fmt: skip
    assert {"background", "created_at", "output_format", "quality", "size"} <= last.keys()
    assert b"event: image_edit.completed\ndata: " in answer.body
    assert b": 2/2 " in answer.body
    assert (await app.get(last["url"])).status == 200


async def test_the_last_event_names_what_had_no_effect() -> None:
    app = PictureApp()
    app.editor.done = ImagesDone(dropped=("guidance_scale",))
    answer = await app.post("/v1/images/edits", {**EDIT, "stream": True, "n": 2, "colour_profile": "p3"})
    first, last = answer.events()
    assert "dropped" not in first
    assert last["dropped"] == ["colour_profile", "guidance_scale"]
    assert answer.headers["x-openhearth-dropped"] == "colour_profile"


async def test_a_generation_stream_names_its_own_events() -> None:
    app = PictureApp([target(speaks=BOTH)])
    answer = await app.post("/v1/images/generations", {"model": "seededit", "prompt": "fox", "stream": True})
    assert [event["type"] for event in answer.events()] == ["image_generation.completed"]


async def test_failures_are_statuses_or_events_and_cost_nothing() -> None:
    app = PictureApp([target(price=Price(request_micros=5, image_micros=7))])
    app.editor.script["editor"] = [Moderated("No."), UpstreamBusy("Busy.", retry_after_s=9)]
    refused = await app.post("/v1/images/edits", EDIT)
    assert refused.status == 451
    assert refused.headers["x-openhearth-target"] == "editor"
    assert refused.headers["x-request-id"] == app.calls.all[0].id
    busy = await app.post("/v1/images/edits", {**EDIT, "stream": True})
    assert (busy.status, busy.headers["retry-after"]) == (429, "9")
    assert busy.headers["x-openhearth-target"] == "editor"
    app.editor.break_after_first = UpstreamDown("It broke.")
    broken = await app.post("/v1/images/edits", {**EDIT, "stream": True, "n": 2})
    assert broken.events()[-2]["error"]["code"] == "upstream_down"
    whole = await app.post("/v1/images/edits", {**EDIT, "n": 2})
    assert whole.status == 502
    assert [call.charge_nanos for call in app.calls.all] == [0, 0, 0, 0]
    app.editor.break_after_first = None
    assert (await app.post("/v1/images/edits", {**EDIT, "n": 2})).status == 200
    assert app.calls.all[-1].charge_nanos == 19_000
    assert app.limits.open == 0


@pytest.mark.parametrize("stream", [True, False])
async def test_leaving_aborts_the_work(stream: bool) -> None:
    app = PictureApp()
    app.editor.hold = asyncio.Event()
    body = json.dumps({**EDIT, "stream": stream}).encode()
    async with calling(app.app, "POST", "/v1/images/edits", headers=json_headers(), body=body) as call:
        await app.editor.waiting.wait()
        call.leave()
        await call.end()
    assert app.editor.closed.is_set()
    assert [done.outcome for done in app.calls.all] == [Outcome.CLIENT_GONE]
    assert app.limits.open == 0


async def test_without_a_key_nothing_is_read() -> None:
    app = PictureApp()
    answer = await ask(app.app, "POST", "/v1/images/edits", body=b"{}")
    assert answer.status == 401
