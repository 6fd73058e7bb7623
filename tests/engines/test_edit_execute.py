"""Plans run in order, looks are kept as long as they hold, masks and sizes are honoured, stages are told."""

import io
from typing import get_args

import msgspec
import numpy as np
import pytest
from PIL import Image

from openhearth.core.errors import RequestError, TooLarge
from openhearth.engines.edit_image import telling
from openhearth.engines.edit_image.edit import Editor, planned, read_request
from openhearth.engines.edit_image.execute import Done, Executor, Given, Remarks, Seen
from openhearth.engines.edit_image.frames import Progress
from openhearth.engines.edit_image.plan import (
    AddText,
    Adjust,
    Background,
    Colour,
    Crop,
    EditRequest,
    Expand,
    Flip,
    HideFaces,
    Op,
    Plan,
    Recolour,
    RemoveText,
    Resize,
    Rotate,
    Style,
    Upscale,
    Vectorise,
    Wear,
    Zoom,
)
from openhearth.engines.edit_image.ports import Operation, Pixels, Scene
from tests.fakes.scenes import KnownScene

RED = Colour("red", (255, 0, 0))


class Bench:
    """An executor whose operations note what they were given."""

    def __init__(self, most_pixels: int = 1_000_000) -> None:
        self.seen: list[tuple[int, ...]] = []
        self.used: list[tuple[str, Scene]] = []
        self.reported: list[Op] = []
        self.looks: list[Pixels] = []
        self.remarks = Remarks()
        kinds = (Style, Adjust, Crop, Flip, Resize, Recolour, Upscale)
        operations: dict[type, Operation] = dict.fromkeys(kinds, self._operation)
        self.executor = Executor(operations, self._see, most_pixels=most_pixels, remarks=self.remarks)

    def run(self, *steps: Op, given: Given | None = None) -> Done:
        return self.executor.run(Plan(steps), given or Given(picture()), self._report)

    def _report(self, step: Op, seen: Seen) -> None:
        self.reported.append(step)
        self.looks.append(seen())

    def _see(self, pixels: Pixels) -> Scene:
        self.seen.append(pixels.shape)
        return KnownScene(pixels)

    def _operation(self, pixels: Pixels, step: Op, scene: Scene, others: list[Pixels]) -> Pixels:
        self.used.append((type(step).__name__, scene))
        if isinstance(step, Crop):
            return pixels[:10]
        if isinstance(step, Recolour):
            self.remarks.add("a fine brush")
        return np.where(np.arange(4) == 3, pixels, 255 - pixels).astype(np.uint8)


def picture() -> Pixels:
    values = np.random.default_rng(4).integers(0, 250, (20, 30, 4), np.uint8)
    values[..., 3] = 255
    return values


def test_steps_run_in_order_and_each_is_reported() -> None:
    bench = Bench()
    steps = (Style("oil"), Crop((1, 1)), Adjust("blur", 0.1))
    bench.run(*steps)
    assert [name for name, _ in bench.used] == ["Style", "Crop", "Adjust"]
    assert bench.reported == list(steps)


def test_each_step_can_be_looked_at() -> None:
    bench = Bench()
    done = bench.run(Style("oil"), Style("oil"), Crop((1, 1)))
    once, twice, cropped = bench.looks
    assert np.array_equal(once[..., :3], 255 - picture()[..., :3])
    assert np.array_equal(twice, picture())
    assert np.array_equal(cropped, done.pixels)


def test_a_look_keeps_to_the_mask() -> None:
    mask = np.full((20, 30, 4), 255, np.uint8)
    mask[5:10, 5:15, 3] = 0
    bench = Bench()
    bench.run(Style("oil"), Style("oil"), given=Given(picture(), mask=mask))
    changed = (bench.looks[0] != picture()).any(axis=2)
    assert changed[5:10, 5:15].mean() > 0.95
    assert changed.sum() <= 50


def test_a_look_is_kept_until_geometry_changes() -> None:
    bench = Bench()
    bench.run(Style("oil"), Adjust("blur", 0.1), Crop((1, 1)), Style("oil"))
    first, second, third, fourth = (scene for _, scene in bench.used)
    assert first is second is third
    assert fourth is not third
    assert bench.seen == [(20, 30, 4), (10, 30, 4)]


def test_what_was_done_is_plain_data_with_what_was_used() -> None:
    done = Bench().run(Recolour("top", RED), Flip("horizontal"))
    assert msgspec.json.decode(msgspec.json.encode(done.operations)) == [
        {
            "op": "recolour",
            "part": "top",
            "colour": {"name": "red", "rgb": [255, 0, 0]},
            "who": {"index": None, "side": None},
            "with": "a fine brush",
        },
        {"op": "flip", "axis": "horizontal"},
    ]


def test_a_mask_limits_the_change_to_its_transparent_pixels() -> None:
    mask = np.full((20, 30, 4), 255, np.uint8)
    mask[5:10, 5:15, 3] = 0
    done = Bench().run(Style("oil"), given=Given(picture(), mask=mask))
    changed = (done.pixels != picture()).any(axis=2)
    assert changed[5:10, 5:15].mean() > 0.95
    assert not changed[:5].any()
    assert not changed[:, 15:].any()


def test_a_half_transparent_mask_changes_by_half() -> None:
    mask = np.full((20, 30, 4), 128, np.uint8)
    done = Bench().run(Style("oil"), given=Given(picture(), mask=mask))
    middle = (picture()[..., :3].astype(int) + (255 - picture()[..., :3])) / 2
    assert np.abs(done.pixels[..., :3] - middle).max() <= 2


@pytest.mark.parametrize(
    ("mask", "code"),
    [
        (np.zeros((10, 10, 4), np.uint8), "mask_size_differs"),
        (np.full((20, 30, 4), 255, np.uint8), "mask_without_hole"),
    ],
)
def test_a_mask_that_cannot_be_meant_is_refused(mask: Pixels, code: str) -> None:
    bench = Bench()
    with pytest.raises(RequestError) as caught:
        bench.run(Style("oil"), given=Given(picture(), mask=mask))
    assert caught.value.code == code
    assert bench.used == []


@pytest.mark.parametrize(("size", "shape"), [("auto", (20, 30)), ("15x15", (10, 15)), ("90x60", (60, 90))])
def test_the_result_fits_into_the_asked_size(size: str, shape: tuple[int, int]) -> None:
    assert Bench().run(Style("oil"), given=Given(picture(), size=size)).pixels.shape[:2] == shape


def test_a_step_to_too_large_a_result_is_refused_before_it_begins() -> None:
    bench = Bench(most_pixels=2_000)
    with pytest.raises(TooLarge):
        bench.run(Style("oil"), Upscale(2))
    assert [name for name, _ in bench.used] == ["Style"]


def test_vectorising_answers_with_a_drawing() -> None:
    done = Bench().run(Style("oil"), Vectorise())
    assert done.svg.startswith(b"<?xml")
    assert done.operations[-1] == {"op": "vectorise"}


def png(pixels: Pixels) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def parse(instruction: str, *, pictures: int = 1) -> Plan:
    """``oil 3`` is three times oil."""
    times = instruction.removeprefix("oil ")
    return Plan((Crop((1, 1)),) if "crop" in instruction else (Style("oil"),) * int(times if times.isdigit() else 1))


def request(instruction: str = "oil", **fields: object) -> EditRequest:
    return msgspec.structs.replace(EditRequest(instruction, (png(picture()),)), **fields)


def edited(asked: EditRequest) -> tuple[list[Progress], object]:
    said: list[Progress] = []
    result = Editor(parse, Bench().executor, most_pixels=1_000_000).edit(asked, said.append)
    return said, result


def test_every_stage_is_told_in_the_language_of_the_instruction() -> None:
    english, _ = edited(request("oil painting"))
    chinese, _ = edited(request("变成油画"))
    assert [(one.done, one.total) for one in english] == [(1, 3), (2, 3), (3, 3)]
    assert [one.text for one in english] == [
        "Picture opened (30 × 20)",
        "Turned into oil painting",
        "Result saved (30 × 20)",
    ]
    assert [one.text for one in chinese] == ["图片已打开（30×20）", "已变成油画效果", "结果已保存（30×20）"]


def test_a_text_to_write_does_not_decide_the_language() -> None:
    assert not telling.is_chinese('add text "你好" at the top')
    assert telling.is_chinese("加文字“Hello”")


@pytest.mark.parametrize(
    ("output_format", "mime", "kind"),
    [("png", "image/png", "PNG"), ("jpeg", "image/jpeg", "JPEG"), ("webp", "image/webp", "WEBP")],
)
def test_the_result_is_a_file_of_the_asked_kind(output_format: str, mime: str, kind: str) -> None:
    result = Editor(parse, Bench().executor, most_pixels=1_000_000).edit(
        request(output_format=output_format, seed=7), lambda _: None
    )
    assert (result.mime, result.width, result.height, result.seed) == (mime, 30, 20, 7)
    assert "invents nothing" in result.note
    with Image.open(io.BytesIO(result.data)) as image:
        assert (image.format, image.size) == (kind, (30, 20))


@pytest.mark.parametrize(
    ("steps", "most", "shown_after"), [(1, 3, []), (2, 3, [2]), (4, 2, [2, 3]), (4, 3, [2, 3, 4]), (3, 0, [])]
)
def test_as_many_steps_as_asked_are_shown_but_never_the_last(steps: int, most: int, shown_after: list[int]) -> None:
    said, _ = edited(request(f"oil {steps}", partial_images=most))
    assert [one.done for one in said if one.data] == shown_after
    assert {one.mime for one in said if not one.data} == {""}


@pytest.mark.parametrize(
    ("output_format", "mime"),
    [("png", "image/png"), ("jpeg", "image/jpeg"), ("webp", "image/webp"), ("svg", "image/png")],
)
def test_what_is_shown_is_a_small_file_of_the_asked_kind(output_format: str, mime: str) -> None:
    wide = np.full((300, 1500, 4), 255, np.uint8)
    said, _ = edited(request("oil 2", pictures=(png(wide),), output_format=output_format, partial_images=1))
    (shown,) = [one for one in said if one.data]
    assert shown.mime == mime
    with Image.open(io.BytesIO(shown.data)) as image:
        assert (Image.MIME[image.format or ""], image.size) == (mime, (1024, 205))


def test_a_small_picture_is_shown_as_large_as_it_is() -> None:
    said, _ = edited(request("oil 2", partial_images=1))
    (shown,) = [one.data for one in said if one.data]
    with Image.open(io.BytesIO(shown)) as image:
        assert np.array_equal(np.asarray(image), 255 - picture()[..., :3])


def test_asking_for_svg_vectorises() -> None:
    result = Editor(parse, Bench().executor, most_pixels=1_000_000).edit(request(output_format="svg"), lambda _: None)
    assert result.mime == "image/svg+xml"
    assert [one["op"] for one in result.operations] == ["style", "vectorise"]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (request(pictures=()), "missing_picture"),
        (request(output_format="tiff"), "output_format_unsupported"),
        (request(size="big"), "size_unsupported"),
        (request(size="0x5"), "size_unsupported"),
        (request(pictures=(b"nonsense",)), "picture_format_unsupported"),
        (request(mask=b"nonsense"), "picture_format_unsupported"),
        (request("crop", mask=png(picture())), "mask_with_geometry"),
    ],
)
def test_what_cannot_be_begun_is_refused_before_decoding(asked: EditRequest, code: str) -> None:
    with pytest.raises(RequestError) as caught:
        planned(asked, parse, most_pixels=1_000_000)
    assert caught.value.code == code


def test_a_malformed_body_is_refused() -> None:
    for body in (b"", b"\x00", b'{"instruction": "x"}', msgspec.msgpack.encode({"instruction": 3})):
        with pytest.raises(RequestError):
            read_request(body)


EVERY_STEP: tuple[Op, ...] = (
    *(Recolour(part, RED) for part in ("top", "trousers", "outfit", "hair", "lips")),
    *(Wear(item) for item in ("sunglasses", "glasses", "hat", "mask")),
    *(Background(action) for action in ("remove", "colour", "replace", "blur")),
    *(Style(kind) for kind in ("black_and_white", "sepia", "sketch", "cartoon", "oil")),
    *(Adjust(kind, 0.3) for kind in ("brightness", "contrast", "saturation", "warmth", "sharpen", "denoise", "blur")),
    *(Adjust("blur", 0.3, region) for region in ("all", "background", "sky")),
    *(HideFaces(kind) for kind in ("blur", "pixelate")),
    *(Flip(axis) for axis in ("horizontal", "vertical")),
    Crop((1, 1)),
    Rotate(30),
    Resize(scale=0.5),
    Upscale(2),
    AddText("x"),
    RemoveText(),
    Zoom(left=0.1),
    Expand(ratio=(16, 9)),
    Vectorise(),
)


def test_every_kind_of_step_has_words_for_its_result() -> None:
    assert {type(step) for step in EVERY_STEP} == set(get_args(Op))
    for step in EVERY_STEP:
        chinese, english = telling.done(step)
        assert telling.is_chinese(chinese)
        assert english[0].isupper()
        assert not telling.is_chinese(english.removesuffix(RED.name))
