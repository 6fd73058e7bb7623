"""The picture tools: by task, by model, in Recraft's form, by link."""

import asyncio
import base64
import json
from typing import Any

import pytest

from openhearth.config import Config
from openhearth.core.call import Outcome
from openhearth.core.errors import UpstreamBusy
from openhearth.core.media import ImagesDone
from openhearth.core.operations import Operation
from openhearth.core.picture_tools import Options, options_of
from openhearth.core.provider import Dialect
from tests.fakes.asgi import Answer, ask, calling
from tests.fakes.media import png
from tests.fakes.picture_app import BOTH, EDITS, PORTRAIT, TOOLS, PictureApp, json_headers, target

INLINE = "data:image/png;base64," + base64.b64encode(png(5, 4)).decode()
RECRAFT = "/aitools/v1/recraft/v1/images"


def app_of(*more: Any, **changes: Any) -> PictureApp:
    return PictureApp([target(model="local-edit", speaks=TOOLS), *more], **changes)


async def task(app: PictureApp, name: str, **fields: object) -> Answer:
    return await app.post("/aitools/v1/images", {"task": name, "image": INLINE, **fields})


async def edit(app: PictureApp, model: str, **fields: object) -> Answer:
    return await app.post("/aitools/v1/images/edits", {"model": model, "image": INLINE, **fields})


@pytest.mark.parametrize(
    ("name", "tool"),
    [
        ("clarity", "clarity"), ("removewatermark", "remove_watermark"), ("ai-removewatermark", "remove_watermark"),
        ("textin-removewatermark", "remove_watermark"), ("matting", "matting"), ("ai-matting", "matting"),
        ("super_resolution", "super_resolution"), ("vectorize", "vectorize"), ("expand", "expand"),
    ],
)  # fmt: skip
async def test_the_task_picks_the_tool(name: str, tool: str) -> None:
    app = app_of()
    answer = await task(app, name)
    assert answer.status == 200
    assert answer.json()["data"][0]["url"].startswith("http://gate.test/media/")
    (made,) = app.editor.requests
    assert (made.operation, made.tool, made.model, made.prompt) == (Operation.IMAGE_TOOL, tool, "local-edit", "")


@pytest.mark.parametrize(
    ("name", "tool"),
    [
        ("remove-watermark", "remove_watermark"), ("remove-watermark-hunyuan", "remove_watermark"),
        ("remove-watermark-textin", "remove_watermark"), ("clarity-baidu", "clarity"), ("clarity-hunyuan", "clarity"),
        ("rmbg-2.0", "matting"), ("expand", "expand"), ("local-edit/vectorize", "vectorize"),
    ],
)  # fmt: skip
async def test_the_model_picks_the_tool(name: str, tool: str) -> None:
    app = app_of()
    answer = await edit(app, name, response_format="b64_json", mask=PORTRAIT)
    assert base64.b64decode(answer.json()["data"][0]["b64_json"]) == png(4, 3, 1)
    assert app.editor.requests[0].tool == tool
    assert app.editor.requests[0].mask is not None


async def test_options_reach_the_tool() -> None:
    app = app_of()
    await edit(app, "expand", left=0.5, top=0.25, fill="blur", aspect_ratio="16:9", scale=4, text="draft")
    (made,) = app.editor.requests
    assert made.aspect_ratio == "16:9"
    assert options_of(made) == Options(scale=4, left=0.5, top=0.25, fill="blur", text="draft")
    await task(app, "style", style="sketch")
    assert app.editor.requests[1].style == "sketch"


async def test_a_model_that_edits_by_words_is_told_in_words() -> None:
    app = app_of(target("ark", "seededit", speaks=EDITS))
    answer = await task(app, "removewatermark", model="seededit")
    assert answer.headers["x-openhearth-target"] == "ark"
    assert (await edit(app, "seededit/style", style="watercolour")).status == 200
    first, second = app.editor.requests
    assert (first.operation, first.model) == (Operation.IMAGE_EDIT, "seededit")
    assert "水印" in first.prompt
    assert "watercolour" in second.prompt
    vector = await edit(app, "seededit/vectorize")
    assert (vector.status, vector.json()["error"]["code"]) == (404, "tool_not_offered")


@pytest.mark.parametrize("name", ["vectorize", "generativeUpscale", "crispUpscale", "removeBackground"])
async def test_recrafts_form_is_a_file_in_and_one_picture_out(name: str) -> None:
    app = app_of()
    body = b'--e\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n' + png() + b"\r\n--e--\r\n"
    headers = {"authorization": "Bearer sk-a", "content-type": "multipart/form-data; boundary=e"}
    answer = await ask(app.app, "POST", f"{RECRAFT}/{name}", headers=headers, body=body)
    assert answer.json().keys() == {"image"}
    assert (await app.get(answer.json()["image"]["url"])).body == png(4, 3, 1)
    inline = await app.post(f"{RECRAFT}/{name}", {"file": INLINE, "response_format": "b64_json"})
    assert base64.b64decode(inline.json()["image"]["b64_json"]) == png(4, 3, 2)
    assert "x-openhearth-dropped" not in inline.headers


async def test_recraft_itself_is_asked_when_it_is_attached() -> None:
    speaks = {Operation.IMAGE_TOOL: Dialect.LOCAL_EDIT, Operation.IMAGE_GENERATE: Dialect.LOCAL_EDIT}
    app = app_of(target("recraft", "recraftv3", speaks=speaks))
    answer = await app.post(f"{RECRAFT}/vectorize", {"image": INLINE})
    assert answer.headers["x-openhearth-target"] == "recraft"
    made = await app.post(f"{RECRAFT}/generations", {"prompt": "a fox", "style": "vector_illustration", "n": 2})
    assert len(made.json()["data"]) == 2
    assert (app.editor.requests[1].model, app.editor.requests[1].style) == ("recraftv3", "vector_illustration")


async def test_without_recraft_generations_go_to_the_poster_engine() -> None:
    app = app_of(target("poster", "local-poster", speaks=BOTH))
    assert (await app.post(f"{RECRAFT}/generations", {"prompt": "a fox"})).status == 200
    assert app.editor.requests[0].model == "local-poster"
    assert (await app.post(f"{RECRAFT}/generations", {})).json()["error"]["param"] == "prompt"
    given = await app.post(f"{RECRAFT}/generations", {"prompt": "a fox", "image": INLINE})
    assert (given.status, given.json()["error"]["code"]) == (400, "picture_not_taken")
    assert (await app.post(f"{RECRAFT}/dance", {"image": INLINE})).status == 404


async def test_a_picture_by_its_link_is_answered_as_bytes() -> None:
    app = app_of()
    query = f"/beta/image?url={PORTRAIT}&width=100&height=50&format=webp&quality=60&rotate=90&flip=vertical"
    answer = await app.get(query, key="sk-a")
    assert (answer.status, answer.headers["content-type"], answer.body) == (200, "image/png", png(4, 3, 1))
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "x-openhearth-dropped" not in answer.headers
    (made,) = app.editor.requests
    assert (made.tool, made.output_format, made.output_compression) == ("convert", "webp", 60)
    assert options_of(made) == Options(width=100, height=50, degrees=90, flip="vertical")
    assert made.pictures[0].source == PORTRAIT
    assert (await app.get(f"/beta/image?url={PORTRAIT}&task=matting", key="sk-a")).status == 200
    assert app.editor.requests[1].tool == "matting"


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("", "url"), ("?url=ftp://x/y", "url"), (f"?url={PORTRAIT}&width=0", "width"),
        (f"?url={PORTRAIT}&width=x", "width"), (f"?url={PORTRAIT}&quality=500", "quality"),
        (f"?url={PORTRAIT}&format=exe", "format"), (f"?url={PORTRAIT}&rotate=900", "rotate"),
        (f"?url={PORTRAIT}&flip=inward", "flip"), (f"?url={PORTRAIT}&task=dance", "task"),
    ],
)  # fmt: skip
async def test_a_wrong_query_is_named(query: str, param: str) -> None:
    app = app_of()
    answer = await app.get(f"/beta/image{query}", key="sk-a")
    assert answer.status in (400, 404)
    assert answer.json()["error"]["param"] == param
    assert app.editor.requests == []
    assert app.limits.open == 0


@pytest.mark.parametrize(
    ("fields", "status", "param"),
    [
        ({"task": None}, 400, "task"), ({"task": "dance"}, 404, "task"), ({"task": 5}, 400, "task"),
        ({"task": "pdf-to-markdown"}, 400, "task"), ({"task": "textin-ocr"}, 400, "task"),
        ({"task": "style"}, 400, "style"), ({"task": "style", "style": "cubist"}, 400, "style"),
        ({"image": None}, 400, "image"), ({"image": [INLINE, INLINE]}, 400, "image"), ({"scale": 3}, 400, "scale"),
        ({"left": 3}, 400, "left"),
        ({"text": "x" * 501}, 400, "text"), ({"fill": "dream"}, 400, "fill"), ({"response_format": "link"}, 400,
         "response_format"), ({"aspect_ratio": "x"}, 400, "aspect_ratio"), ({"model": "nobody"}, 404, "model"),
    ],
)  # fmt: skip
async def test_a_wrong_order_is_named_and_nothing_is_done(fields: dict[str, object], status: int, param: str) -> None:
    app = app_of()
    answer = await app.post("/aitools/v1/images", {"task": "clarity", "image": INLINE, **fields})
    assert (answer.status, answer.json()["error"]["param"]) == (status, param)
    assert app.editor.requests == []
    assert app.limits.open == 0


async def test_the_edits_form_needs_a_model() -> None:
    answer = await app_of().post("/aitools/v1/images/edits", {"image": INLINE})
    assert answer.json()["error"]["param"] == "model"


async def test_a_document_task_names_its_path() -> None:
    message = (await task(app_of(), "textin-table")).json()["error"]["message"]
    assert "/aitools/v1/document-intelligence/table" in message


async def test_what_had_no_effect_is_named_and_strictness_refuses_it() -> None:
    app = app_of()
    app.editor.done = ImagesDone(dropped=("quality",))
    answer = await task(app, "clarity", quality="high", colour="p3")
    assert answer.headers["x-openhearth-dropped"] == "colour, quality"
    worded = await task(app, "clarity", prompt="sharper")
    assert worded.headers["x-openhearth-dropped"] == "prompt, quality"
    strict = app_of(config=Config(strict_fields=True))
    assert (await task(strict, "clarity", colour="p3")).status == 422


@pytest.mark.parametrize("path", ["/aitools/v1/images", "/aitools/v1/images/edits", f"{RECRAFT}/vectorize"])
async def test_failing_and_leaving_settle_once(path: str) -> None:
    app = app_of()
    app.editor.script["editor"] = [UpstreamBusy("Busy.", retry_after_s=4)]
    body = {"task": "clarity", "model": "clarity" if path.endswith("edits") else "local-edit", "image": INLINE}
    busy = await app.post(path, body)
    assert (busy.status, busy.headers["retry-after"]) == (429, "4")
    app.editor.hold = asyncio.Event()
    async with calling(app.app, "POST", path, headers=json_headers(), body=json.dumps(body).encode()) as call:
        await app.editor.waiting.wait()
        call.leave()
        await call.end()
    assert app.editor.closed.is_set()
    assert [done.outcome for done in app.calls.all][-1] is Outcome.CLIENT_GONE
    assert app.limits.open == 0


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/aitools/v1/images"), ("POST", "/aitools/v1/images/edits"), ("POST", f"{RECRAFT}/vectorize"),
     ("POST", f"{RECRAFT}/generations"), ("GET", f"/beta/image?url={PORTRAIT}")],
)  # fmt: skip
async def test_a_key_is_needed(method: str, path: str) -> None:
    assert (await ask(app_of().app, method, path, body=b"{}")).status == 401
