"""Sizes, ratios and fields: how one request becomes what each family of models takes."""

import json
from typing import Any

import msgspec
import pytest

from openhearth.core.media import ImageRequest, Picture
from openhearth.core.multipart import Field, FileBegin, FormReader, boundary_of
from openhearth.core.operations import Operation
from openhearth.core.pictures import nearest, unheeded, wanted_box
from openhearth.dialects.openai_images.quirks import QUIRKS
from openhearth.dialects.openai_images.request import Sent, encode, per_call
from openhearth.providers import builtin
from tests.fakes.media import png

PHOTO = Picture(png(8, 8), "image/png", "data")


def request(**changes: Any) -> ImageRequest:
    base = ImageRequest(Operation.IMAGE_GENERATE, "m", "a red fox")
    extras = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in changes.pop("extras", {}).items()}
    return msgspec.structs.replace(base, extras=extras, **changes)


def body(sent: Sent) -> dict[str, Any]:
    decoded = json.loads(sent.body)
    assert isinstance(decoded, dict)
    return decoded


def form(sent: Sent) -> tuple[dict[str, str], list[str]]:
    reader = FormReader(boundary_of(sent.content_type))
    events = reader.feed(sent.body)
    reader.close()
    texts = {event.name: event.value for event in events if isinstance(event, Field)}
    return texts, [event.name for event in events if isinstance(event, FileBegin)]


@pytest.mark.parametrize(
    ("size", "ratio", "box"),
    [
        ("auto", "", None), ("adaptive", "", None), ("640x480", "", (640, 480)), ("1K", "", (1024, 1024)),
        ("4K", "", (4096, 4096)), ("auto", "16:9", (1360, 768)), ("2K", "9:16", (1536, 2736)),
        ("2K", "1:1", (2048, 2048)),
    ],
)  # fmt: skip
def test_size_and_ratio_make_a_box(size: str, ratio: str, box: tuple[int, int] | None) -> None:
    assert wanted_box(size, ratio) == box


def test_the_nearest_size_is_that_of_the_nearest_shape() -> None:
    sizes = ((1024, 1024), (1536, 1024), (1024, 1536))
    assert nearest((1360, 768), sizes) == (1536, 1024)
    assert nearest((700, 720), sizes) == (1024, 1024)
    assert nearest((256, 256), ((256, 256), (512, 512))) == (256, 256)


def test_only_a_wish_that_had_no_effect_is_named() -> None:
    asked = frozenset({"quality", "background", "style", "seed", "n", "moderation", "controls", "prompt"})
    made = request(quality="high", extras={"moderation": "auto", "controls": {"a": 1}}, asked=asked)
    assert unheeded(made, {"seed"}) == ("controls", "quality")


@pytest.mark.parametrize(
    ("model", "wish", "size"),
    [
        ("gpt-image-2", {"aspect_ratio": "16:9"}, "1360x768"),
        ("gpt-image-2.5-flare", {"size": "4K"}, "2880x2880"),
        ("gpt-image-1.5", {"aspect_ratio": "16:9"}, "1536x1024"),
        ("gpt-image-1-mini", {"size": "2K"}, "1024x1024"),
        ("gpt-image-1", {"size": "640x480"}, "640x480"),
        ("dall-e-3", {"aspect_ratio": "9:16"}, "1024x1792"),
        ("dall-e-2", {"size": "1K"}, "1024x1024"),
        ("flux", {"aspect_ratio": "3:2", "size": "1K"}, "1248x832"),
        ("gpt-image-2", {}, None),
        ("flux", {"size": "adaptive"}, None),
    ],
)
def test_words_and_ratios_become_sizes_a_model_makes(model: str, wish: dict[str, Any], size: str | None) -> None:
    assert body(encode(request(**wish), model)).get("size") == size


@pytest.mark.parametrize(
    ("model", "quality", "sent"),
    [
        ("gpt-image-2", "hd", "high"), ("gpt-image-2", "standard", "medium"), ("gpt-image-2", "xhigh", "xhigh"),
        ("dall-e-3", "high", "hd"), ("dall-e-3", "low", "standard"), ("dall-e-3", "hd", "hd"), ("dall-e-2", "hd", None),
        ("flux", "hd", "hd"),
    ],
)  # fmt: skip
def test_qualities_are_said_in_the_models_own_words(model: str, quality: str, sent: str | None) -> None:
    made = encode(request(quality=quality, asked=frozenset({"quality"})), model)
    assert body(made).get("quality") == sent
    assert made.dropped == (() if sent else ("quality",))


def test_gpt_models_take_their_fields_and_name_the_rest() -> None:
    extras = {"moderation": "low", "complexity": "high", "safety_identifier": "u1", "style_id": "s"}
    names = frozenset({*extras, "seed", "style", "negative_prompt", "watermark", "output_compression"})
    made = encode(
        request(seed=3, style="vivid", negative_prompt="fog", watermark=True, output_compression=50,
                output_format="webp", extras=extras, asked=names | {"output_format"}),
        "gpt-image-2",
    )  # fmt: skip
    assert body(made) == {
        "model": "gpt-image-2", "prompt": "a red fox", "output_format": "webp", "output_compression": 50,
        "moderation": "low", "complexity": "high", "safety_identifier": "u1",
    }  # fmt: skip
    assert made.dropped == ("negative_prompt", "seed", "style", "style_id", "watermark")


def test_dall_e_3_makes_one_at_a_time_in_its_two_styles() -> None:
    asked = request(n=3, style="natural", user="u", asked=frozenset({"n", "style", "user"}))
    assert per_call(asked, "dall-e-3") == [1, 1, 1]
    assert body(encode(asked, "dall-e-3", n=1)) == {
        "model": "dall-e-3", "prompt": "a red fox", "response_format": "b64_json", "style": "natural", "user": "u",
    }  # fmt: skip


def test_another_server_is_given_everything_the_client_sent() -> None:
    extras = {"controls": {"colors": [{"rgb": [1, 2, 3]}]}, "style_id": "abc", "lora": [1, 2], "steps": 8}
    made = encode(
        request(style="realistic_image", negative_prompt="fog", seed=4, steps=8, extras=extras,
                asked=frozenset({*extras, "style", "negative_prompt", "seed"})),
        "recraftv3", first=2,
    )  # fmt: skip
    assert body(made) == {
        "model": "recraftv3", "prompt": "a red fox", "response_format": "b64_json", "style": "realistic_image",
        "negative_prompt": "fog", "seed": 6, **extras,
    }  # fmt: skip
    assert made.dropped == ()


def test_a_form_says_texts_plain_and_objects_as_json() -> None:
    made = encode(
        request(operation=Operation.IMAGE_EDIT, pictures=(PHOTO, PHOTO), mask=PHOTO,
                extras={"input_fidelity": "high", "svg": {"model": "x"}, "unknown": 1},
                asked=frozenset({"input_fidelity", "svg", "unknown", "mask"})),
        "gpt-image-1.5",
    )  # fmt: skip
    texts, files = form(made)
    assert made.path == "/images/edits"
    assert texts == {
        "model": "gpt-image-1.5", "prompt": "a red fox", "input_fidelity": "high", "svg": '{"model":"x"}',
    }  # fmt: skip
    assert files == ["image[]", "image[]", "mask"]
    assert made.dropped == ("unknown",)


def test_fidelity_means_nothing_without_a_picture() -> None:
    made = encode(request(extras={"input_fidelity": "high"}, asked=frozenset({"input_fidelity"})), "gpt-image-1.5")
    assert made.dropped == ("input_fidelity",)


def test_a_variation_sends_its_few_fields() -> None:
    made = encode(
        request(operation=Operation.IMAGE_VARY, pictures=(PHOTO,), prompt="", n=2, size="512x512", user="u", seed=1,
                quality="high", asked=frozenset({"n", "size", "user", "seed", "quality"})),
        "dall-e-2",
    )  # fmt: skip
    texts, files = form(made)
    assert made.path == "/images/variations"
    assert texts == {"model": "dall-e-2", "n": "2", "size": "512x512", "response_format": "b64_json", "user": "u"}
    assert files == ["image"]
    assert made.dropped == ("quality", "seed")


@pytest.mark.parametrize(
    ("provider", "wish", "sent", "dropped"),
    [
        ("zhipu", {"quality": "high", "user": "u", "watermark": False, "size": "1024x1024"},
         {"quality": "hd", "user_id": "u", "watermark_enabled": False, "size": "1024x1024"}, ()),
        ("zhipu", {"style": "vivid"}, {}, ("style",)),
        ("together", {"size": "512x768", "seed": 2},
         {"width": 512, "height": 768, "seed": 2, "response_format": "base64"}, ()),
        ("xai", {"aspect_ratio": "16:9", "size": "2K"},
         {"aspect_ratio": "16:9", "resolution": "2k", "response_format": "b64_json"}, ()),
        ("xai", {"size": "512x512", "quality": "high"}, {"response_format": "b64_json"}, ("quality", "size")),
        ("xinference", {"size": "512x512"}, {"size": "512*512", "response_format": "b64_json"}, ()),
        ("stepfun", {"guidance": 3.0}, {"cfg_scale": 3.0, "response_format": "b64_json"}, ()),
    ],
)  # fmt: skip
def test_known_differences_of_servers(
    provider: str, wish: dict[str, Any], sent: dict[str, Any], dropped: tuple[str, ...]
) -> None:
    quirks = builtin()[provider].image_quirks
    made = encode(request(asked=frozenset(wish), **wish), "some-model", quirks)
    assert body(made) == {"model": "some-model", "prompt": "a red fox", **sent}
    assert made.dropped == dropped


def test_every_quirk_of_the_catalogue_exists() -> None:
    used = {quirk for provider in builtin().values() for quirk in provider.image_quirks}
    assert used
    assert used <= QUIRKS.keys()
    assert per_call(request(n=2), "cogview-4", builtin()["zhipu"].image_quirks) == [1, 1]
