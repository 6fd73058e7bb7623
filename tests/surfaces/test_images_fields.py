"""Every field of the images API: what is honoured, what is passed on, what is refused by its name."""

import base64
from collections.abc import AsyncGenerator
from typing import Any

import msgspec
import pytest
from typing_extensions import override

from openhearth.config import Config
from openhearth.core.media import ImageEvent, ImageProgress, ImageRequest, ImagesDone, MadePicture, Picture
from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect, Target
from tests.fakes.asgi import Answer, ask
from tests.fakes.media import Editor, png
from tests.fakes.picture_app import BOTH, PORTRAIT, TOOLS, PictureApp, target

INLINE = "data:image/png;base64," + base64.b64encode(png(5, 4)).decode()
PATHS = ("generations", "edits", "variations")
OPENAI = dict.fromkeys((Operation.IMAGE_GENERATE, Operation.IMAGE_EDIT), Dialect.OPENAI_IMAGES)


def app_of(**changes: Any) -> PictureApp:
    return PictureApp([target(model="m", speaks={**TOOLS, **BOTH})], **changes)


async def post(app: PictureApp, path: str, **fields: Any) -> Answer:
    body = {"model": "m", "prompt": "a fox", **({} if path == "generations" else {"image": INLINE}), **fields}
    return await app.post(f"/v1/images/{path}", body)


@pytest.mark.parametrize("path", ["generations", "edits"])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", 3), ("prompt", "x" * 32_001), ("model", 7), ("n", 0), ("n", 11), ("n", "two"), ("n", 1.5),
        ("size", "huge"), ("size", 512), ("size", "0x5"), ("size", "99:1"), ("aspect_ratio", "wide"),
        ("aspect_ratio", "1:99"), ("aspect_ratio", 2), ("resolution", "8k"), ("resolution", 4), ("quality", "ultra"),
        ("quality", 1), ("background", "red"), ("output_format", "bmp"), ("output_compression", -1),
        ("output_compression", 101), ("output_compression", "much"), ("partial_images", 4), ("partial_images", "x"),
        ("stream", "perhaps"), ("response_format", "link"), ("moderation", "off"), ("moderation", 1), ("style", 5),
        ("style", "x" * 129), ("user", 9), ("user", "x" * 513), ("input_fidelity", "best"), ("seed", "s"),
        ("seed", 2**63), ("negative_prompt", []), ("watermark", "perhaps"), ("guidance_scale", "x"),
        ("guidance_scale", 101), ("steps", 0), ("complexity", "most"), ("frame_count", 1), ("frame_count", 17),
        ("svg", "yes"), ("controls", 3), ("prompt_extend", "perhaps"), ("sequential_image_generation", "always"),
        ("image", 4), ("images", [{}]), ("batch_size", 0), ("image_size", "huge"), ("seen", 2**63), ("guidance", -1),
        ("num_inference_steps", 0),
    ],
)  # fmt: skip
async def test_a_wrong_field_is_named_and_nothing_is_done(path: str, field: str, value: object) -> None:
    app = app_of()
    answer = await post(app, path, **{field: value})
    error = answer.json()["error"]
    assert (answer.status, error["param"]) == (400, field)
    assert app.editor.requests == []
    assert app.limits.open == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [("n", 0), ("size", "big"), ("response_format", "link"), ("user", "x" * 513), ("image", 3), ("seed", "x")],
)
async def test_a_wrong_field_of_a_variation_is_named(field: str, value: object) -> None:
    app = app_of()
    answer = await post(app, "variations", **{field: value})
    assert (answer.status, answer.json()["error"]["param"]) == (400, field)
    assert app.editor.requests == []


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"size": "1024x1024", "aspect_ratio": "16:9"}, "aspect_ratio"),
        ({"size": "1024x1024", "resolution": "4k"}, "resolution"),
        ({"background": "transparent", "output_format": "jpeg"}, "output_format"),
    ],
)
async def test_fields_that_contradict_each_other_are_refused(fields: dict[str, str], param: str) -> None:
    answer = await post(app_of(), "generations", **fields)
    assert (answer.status, answer.json()["error"]["param"]) == (400, param)


@pytest.mark.parametrize(
    ("fields", "size", "ratio"),
    [
        ({"size": "16:9"}, "auto", "16:9"),
        ({"aspect_ratio": "9:16", "resolution": "2k"}, "2K", "9:16"),
        ({"size": "4k"}, "4K", ""),
        ({"size": "1280x720", "aspect_ratio": "16:9"}, "1280x720", ""),
        ({"image_size": "512*512"}, "512x512", ""),
        ({"aspect_ratio": "auto"}, "auto", ""),
        ({"resolution": "1K"}, "1K", ""),
    ],
)
async def test_sizes_ratios_and_resolutions_come_together(fields: dict[str, str], size: str, ratio: str) -> None:
    app = app_of()
    assert (await post(app, "generations", **fields)).status == 200
    (request,) = app.editor.requests
    assert (request.size, request.aspect_ratio) == (size, ratio)


async def test_the_fields_of_the_form_and_of_the_site_arrive() -> None:
    app = app_of()
    fields = {
        "n": 2, "quality": "xhigh", "background": "opaque", "output_format": "webp", "output_compression": 70,
        "style": "realistic_image", "style_id": "s1", "substyle": "grain", "controls": {"colors": []},
        "negative_prompt": " fog ", "seed": 7, "watermark": False, "prompt_extend": True, "guidance_scale": 3,
        "num_inference_steps": 20, "user": "u", "moderation": "low", "safety_identifier": "si",
    }  # fmt: skip
    assert (await post(app, "generations", **fields)).status == 200
    (made,) = app.editor.requests
    assert (made.n, made.quality, made.background, made.output_format) == (2, "xhigh", "opaque", "webp")
    assert (made.output_compression, made.style, made.negative_prompt, made.seed) == (70, "realistic_image", "fog", 7)
    assert (made.watermark, made.guidance, made.steps, made.user) == (False, 3.0, 20, "u")
    passed = {name: msgspec.json.decode(raw) for name, raw in made.extras.items()}
    assert passed == {
        "style_id": "s1", "substyle": "grain", "controls": {"colors": []}, "prompt_extend": True, "moderation": "low",
        "safety_identifier": "si",
    }  # fmt: skip
    assert fields.keys() <= made.asked


async def test_pictures_come_under_several_names_in_their_order() -> None:
    app = app_of()
    answer = await post(app, "generations", image=[INLINE, PORTRAIT], image2=INLINE, image3={"image_url": PORTRAIT})
    assert answer.status == 200
    assert [picture.source for picture in app.editor.requests[0].pictures] == ["data", PORTRAIT, "data", PORTRAIT]


@pytest.mark.parametrize("suffix", ["_4k", "-4K"])
async def test_a_models_name_may_end_in_its_resolution(suffix: str) -> None:
    app = app_of()
    assert (await post(app, "generations", model=f"m{suffix}")).status == 200
    assert (app.editor.requests[0].model, app.editor.requests[0].size) == ("m", "4K")
    own = PictureApp([target(model=f"m{suffix}", speaks=BOTH)])
    assert (await post(own, "generations", model=f"m{suffix}")).status == 200
    assert (own.editor.requests[0].model, own.editor.requests[0].size) == (f"m{suffix}", "auto")


async def test_unknown_fields_are_passed_to_who_speaks_the_form_and_reported_by_others() -> None:
    app = app_of()
    answer = await post(app, "generations", lora=[1])
    assert answer.headers["x-openhearth-dropped"] == "lora"
    editor = app.editor
    other = PictureApp([target(model="m", speaks=OPENAI)], drivers={Dialect.OPENAI_IMAGES: editor})
    answer = await post(other, "generations", lora=[1])
    assert "x-openhearth-dropped" not in answer.headers
    assert bytes(editor.requests[-1].extras["lora"]) == b"[1]"
    strict = app_of(config=Config(strict_fields=True))
    assert (await post(strict, "generations", lora=[1])).status == 422


async def test_what_is_never_passed_on_is_named_even_to_who_speaks_the_form() -> None:
    vary = {Operation.IMAGE_VARY: Dialect.OPENAI_IMAGES}
    other = PictureApp([target(model="m", speaks=vary)], drivers={Dialect.OPENAI_IMAGES: Editor()})
    answer = await post(other, "variations", lora=[1], mask="no source", stream=True)
    assert answer.status == 200
    assert answer.headers["x-openhearth-dropped"] == "mask, prompt, stream"


async def test_a_mask_without_a_picture_is_not_fetched() -> None:
    app = app_of()
    assert (await post(app, "generations", mask=PORTRAIT)).status == 200
    assert app.web.asked == []
    assert app.editor.requests[0].mask is None
    assert "mask" in app.editor.requests[0].asked


@pytest.mark.parametrize(
    "given", ["no source", INLINE[:30], "https://pictures.test/none.png", "img_0123456789abcdef01"]
)
@pytest.mark.parametrize("field", ["image", "mask"])
async def test_a_picture_that_cannot_be_had_names_its_field(field: str, given: str) -> None:
    answer = await post(app_of(), "edits", **{field: given})
    assert answer.status in (400, 404, 415)
    assert answer.json()["error"]["param"] == field


async def test_what_had_no_effect_does_not_describe_the_picture() -> None:
    app = app_of()
    wishes = {"background": "transparent", "quality": "high"}
    honoured = (await post(app, "generations", **wishes)).json()
    assert (honoured["background"], honoured["quality"]) == ("transparent", "high")
    app.editor.done = ImagesDone(dropped=("background", "quality"))
    assert not {"background", "quality"} & (await post(app, "generations", **wishes)).json().keys()
    (event,) = (await post(app, "generations", stream=True, **wishes)).events()
    assert (event["background"], event["quality"]) == ("auto", "auto")


async def test_a_dropped_field_is_named_once() -> None:
    app = app_of()
    app.editor.done = ImagesDone(dropped=("lora", "quality"))
    answer = await post(app, "generations", lora=1, quality="high")
    assert answer.headers["x-openhearth-dropped"] == "lora, quality"


async def test_the_answer_says_seed_note_and_what_became_of_the_prompt() -> None:
    app = app_of()
    app.editor.done = ImagesDone(note="by rules")
    body = (await post(app, "generations", seed=9)).json()
    assert (body["data"][0]["seed"], body["note"]) == (9, "by rules")
    (event,) = (await post(app, "generations", stream=True)).events()
    assert event["note"] == "by rules"
    assert event["seed"] == 7


async def test_partial_pictures_count_anew_for_each_picture() -> None:
    app = app_of()
    app.editor.partial = True
    events = (await post(app, "generations", stream=True, partial_images=1)).events()
    assert [event["type"] for event in events] == ["image_generation.partial_image", "image_generation.completed"]
    whole = await post(app, "generations", partial_images=1)
    assert whole.headers["x-openhearth-dropped"] == "partial_images"


class OneByOne(Editor):
    """Shows what it is about to make before each picture."""

    @override
    async def make(self, target: Target, request: ImageRequest) -> AsyncGenerator[ImageEvent, None]:
        for number in range(request.n):
            yield ImageProgress(number, request.n, "drawing", Picture(png(2, 2), "image/png", "partial"))
            yield MadePicture(png(4, 3, number), "image/png", 4, 3)
        yield ImageProgress(0, 0, "resting")
        yield ImagesDone(output_tokens=5)


async def test_a_picture_is_shown_before_the_partials_of_the_next() -> None:
    app = app_of(drivers={Dialect.LOCAL_EDIT: OneByOne()})
    events = (await post(app, "generations", stream=True, partial_images=1, n=3)).events()
    assert [event["type"].rpartition(".")[2] for event in events] == ["partial_image", "completed"] * 3
    assert [event["usage"]["output_tokens"] for event in events[1::2]] == [0, 0, 5]


def form(**parts: str | bytes) -> tuple[str, bytes]:
    pieces = []
    for name, value in parts.items():
        head = f'--edge\r\nContent-Disposition: form-data; name="{name}"'
        if isinstance(value, bytes):
            head += '; filename="a.png"\r\nContent-Type: image/png'
        data = value if isinstance(value, bytes) else value.encode()
        pieces.append(head.encode() + b"\r\n\r\n" + data + b"\r\n")
    return "multipart/form-data; boundary=edge", b"".join(pieces) + b"--edge--\r\n"


async def send(app: PictureApp, path: str, **parts: str | bytes) -> Answer:
    kind, body = form(**parts)
    headers = {"authorization": "Bearer sk-a", "content-type": kind}
    return await ask(app.app, "POST", f"/v1/images/{path}", headers=headers, body=body)


async def test_a_variation_takes_one_picture_and_no_words() -> None:
    app = PictureApp([target(model="local-edit", speaks=TOOLS)])
    answer = await send(app, "variations", image=png(6, 6), n="3", size="256x256", user="u", response_format="b64_json")
    assert answer.status == 200
    (made,) = app.editor.requests
    assert (made.operation, made.n, made.size, made.prompt) == (Operation.IMAGE_VARY, 3, "256x256", "")
    data = answer.json()["data"]
    assert [base64.b64decode(item["b64_json"]) for item in data] == [png(4, 3, shade) for shade in (1, 2, 3)]


async def test_a_variation_of_nothing_or_of_two_is_refused() -> None:
    app = PictureApp([target(model="local-edit", speaks=TOOLS)])
    none = await send(app, "variations", n="1")
    assert none.json()["error"]["code"] == "missing_image"
    two = await app.post("/v1/images/variations", {"image": [INLINE, INLINE]})
    assert two.json()["error"]["code"] == "too_many_images"
    unknown = await send(app, "variations", image=png(), model="nobody")
    assert unknown.status == 404


async def test_what_a_variation_has_no_use_for_is_named() -> None:
    app = PictureApp([target(model="local-edit", speaks=TOOLS)])
    answer = await send(app, "variations", image=png(), prompt="red", quality="high", stream="true")
    assert answer.headers["x-openhearth-dropped"] == "prompt, quality, stream"


async def test_a_form_carries_objects_as_json() -> None:
    app = app_of()
    answer = await send(app, "edits", model="m", prompt="x", image=png(), controls='{"colors":[]}', watermark="false")
    assert answer.status == 200
    assert bytes(app.editor.requests[0].extras["controls"]) == b'{"colors":[]}'
    typed = await send(app, "generations", model="m", prompt="x", frame_count="4", prompt_extend="true", style_id="7")
    assert typed.status == 200
    passed = {name: bytes(raw) for name, raw in app.editor.requests[1].extras.items()}
    assert passed == {"frame_count": b"4", "prompt_extend": b"true", "style_id": b'"7"'}
    wrong = await send(app, "edits", model="m", prompt="x", image=png(), controls="{")
    assert wrong.json()["error"]["param"] == "controls"


@pytest.mark.parametrize("path", PATHS)
async def test_a_key_is_needed(path: str) -> None:
    assert (await ask(app_of().app, "POST", f"/v1/images/{path}", body=b"{}")).status == 401
