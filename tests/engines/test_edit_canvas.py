"""A nearer look, a larger canvas, variations and the tools' fixed steps."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import cv2
import msgspec
import numpy as np
import pytest

from openhearth.core.errors import RequestError
from openhearth.core.media import ImageRequest, Picture
from openhearth.core.operations import Operation
from openhearth.core.picture_tools import Options, Tool, with_options
from openhearth.engines.edit_image.edit import planned, read_request
from openhearth.engines.edit_image.pixels.canvas import expand, zoom
from openhearth.engines.edit_image.pixels.operations import Tools, operations
from openhearth.engines.edit_image.pixels.shape import size_after
from openhearth.engines.edit_image.plan import (
    Adjust,
    Background,
    EditRequest,
    Expand,
    Flip,
    Op,
    Plan,
    RemoveText,
    Resize,
    Rotate,
    Style,
    Upscale,
    Vectorise,
    Zoom,
)
from openhearth.engines.edit_image.ports import Pixels, Scene
from openhearth.engines.edit_image.vary import variation
from openhearth.providers.embedded.tools import steps_of
from tests.fakes.media import png
from tests.pictures import photographs
from tests.pictures.near import NEAR, nearness

NOBODY = cast("Scene", SimpleNamespace())


def picture(width: int = 80, height: int = 60) -> Pixels:
    across = np.linspace(0, 255, width, dtype=np.uint8)
    down = np.linspace(0, 255, height, dtype=np.uint8)
    full = np.full((height, width), 255, np.uint8)
    return np.stack([np.tile(across, (height, 1)), np.tile(down[:, None], (1, width)), full // 2, full], axis=2)


@pytest.mark.parametrize("fill", ["mirror", "blur", "edge"])
@pytest.mark.parametrize(
    ("step", "size"),
    [
        (Expand(left=0.5), (120, 60)),
        (Expand(top=0.25, bottom=0.25), (80, 90)),
        (Expand(ratio=(1, 1)), (80, 80)),
        (Expand(ratio=(16, 9)), (107, 60)),
        (Expand(left=2, right=2, top=2, bottom=2), (400, 300)),
    ],
)
def test_a_larger_canvas_keeps_the_picture_where_it_was(fill: str, step: Expand, size: tuple[int, int]) -> None:
    step = msgspec.structs.replace(step, fill=fill)
    pixels = picture()
    assert size_after(step, 80, 60) == size
    result = expand(pixels, step, NOBODY, [])
    assert result.shape == (size[1], size[0], 4)
    left, top = (size[0] - 80) // 2 if not step.left else round(step.left * 80), (size[1] - 60) // 2
    middle = result[top + 10 : top + 50, left + 10 : left + 70]
    assert np.array_equal(middle, pixels[10:50, 10:70])
    assert int(result[..., 3].min()) == 255
    assert int(np.ptp(result[..., 0])) > 100


def test_nothing_to_extend_is_refused() -> None:
    with pytest.raises(RequestError) as caught:
        expand(picture(80, 60), Expand(ratio=(4, 3)), NOBODY, [])
    assert caught.value.code == "expand_nowhere"


def test_zooming_keeps_the_size_and_enlarges_the_middle() -> None:
    pixels = picture()
    result = zoom(pixels, Zoom(left=0.25, right=0.25, top=0.25, bottom=0.25), NOBODY, [])
    assert result.shape == pixels.shape
    assert int(np.ptp(result[..., 0])) < int(np.ptp(pixels[..., 0])) * 0.6
    with pytest.raises(RequestError) as caught:
        zoom(pixels, Zoom(left=0.5, right=0.45), NOBODY, [])
    assert caught.value.code == "zoom_too_far"


def test_variations_differ_by_seed_and_stay_small() -> None:
    assert variation(7) == variation(7)
    made = [variation(seed) for seed in range(40)]
    assert len({msgspec.json.encode(steps) for steps in made}) == 40
    assert any(Flip("horizontal") in steps for steps in made)
    for steps in made:
        assert isinstance(steps[0], Zoom)
        assert 0 < steps[0].left + steps[0].right <= 0.17
        tones = [step for step in steps if isinstance(step, Adjust)]
        assert 2 <= len({tone.kind for tone in tones}) <= 3
        assert all(0.04 < abs(tone.amount) <= 0.3 for tone in tones)


@pytest.mark.parametrize("name", ["grace_hopper.jpg", "eileen_collins.jpg"])
def test_a_variation_shows_its_own_picture_at_every_seed(name: str) -> None:
    before, other = photograph(name), photograph("cameraman.png")
    work = operations(Tools(Path(), Path(), 1, lambda: 60.0, lambda _: None))
    for seed in (*range(6), 99, 160, 2**31 - 1, 2**63):  # 99 and 160 stray furthest of the first 500
        after = before
        for step in variation(seed):
            after = work[type(step)](after, step, NOBODY, [])
        assert nearness(before[..., :3], after[..., :3]) > NEAR, seed
        assert nearness(other[..., :3], after[..., :3]) < 0.6, seed


def photograph(name: str) -> Pixels:
    return np.ascontiguousarray(cv2.resize(photographs.picture(name), (192, 192), interpolation=cv2.INTER_AREA))


def request(tool: Tool, options: Options | None = None, **changes: Any) -> ImageRequest:
    base = ImageRequest(Operation.IMAGE_TOOL, "local-edit", "", (Picture(png(), "image/png", "data"),), tool=str(tool))
    return with_options(msgspec.structs.replace(base, **changes), options or Options())


@pytest.mark.parametrize(
    ("asked", "steps"),
    [
        (request(Tool.REMOVE_WATERMARK), (RemoveText(),)),
        (request(Tool.REMOVE_WATERMARK, Options(text="draft")), (RemoveText(only="draft"),)),
        (request(Tool.CLARITY), (Upscale(2),)),
        (request(Tool.SUPER_RESOLUTION), (Upscale(4),)),
        (request(Tool.SUPER_RESOLUTION, Options(scale=2)), (Upscale(2),)),
        (request(Tool.MATTING), (Background("remove"),)),
        (request(Tool.VECTORIZE), (Vectorise(),)),
        (request(Tool.EXPAND), (Expand(0.25, 0.25, 0.25, 0.25),)),
        (request(Tool.EXPAND, Options(left=1.0, fill="blur")), (Expand(left=1.0, fill="blur"),)),
        (request(Tool.EXPAND, aspect_ratio="16:9"), (Expand(ratio=(16, 9)),)),
        (request(Tool.STYLE, style="oil"), (Style("oil"),)),
        (request(Tool.CONVERT), ()),
        (request(Tool.CONVERT, Options(width=9, degrees=-90, flip="vertical")),
         (Rotate(270), Flip("vertical"), Resize(9))),
    ],
)  # fmt: skip
def test_a_tool_is_fixed_steps(asked: ImageRequest, steps: tuple[Op, ...]) -> None:
    assert steps_of(asked) == steps


def test_an_unknown_tool_is_refused() -> None:
    with pytest.raises(RequestError) as caught:
        steps_of(msgspec.structs.replace(request(Tool.STYLE), tool="dance"))
    assert caught.value.code == "unknown_tool"


def test_given_steps_are_done_without_understanding_words() -> None:
    def parse(instruction: str, *, pictures: int = 1) -> Plan:
        raise AssertionError("nobody asked")

    steps: tuple[Op, ...] = (Zoom(left=0.1), Expand(ratio=(1, 1)))
    sent = msgspec.msgpack.encode(EditRequest("", (png(8, 8),), steps=steps))
    assert planned(read_request(sent), parse, most_pixels=10**6) == Plan(steps)
    masked = msgspec.msgpack.encode(EditRequest("", (png(8, 8),), mask=png(8, 8), steps=steps))
    with pytest.raises(RequestError) as caught:
        planned(read_request(masked), parse, most_pixels=10**6)
    assert caught.value.code == "mask_with_geometry"
