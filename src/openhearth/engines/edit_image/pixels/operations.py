"""Which function carries out which step: the one list of them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from openhearth.engines.edit_image.pixels.adjust import adjust
from openhearth.engines.edit_image.pixels.canvas import expand, zoom
from openhearth.engines.edit_image.pixels.erase import Eraser
from openhearth.engines.edit_image.pixels.lettering import Lettering
from openhearth.engines.edit_image.pixels.reading import Reader
from openhearth.engines.edit_image.pixels.shape import crop, flip, resize, rotate
from openhearth.engines.edit_image.pixels.style import style
from openhearth.engines.edit_image.pixels.upscale import Upscaler
from openhearth.engines.edit_image.plan import (
    AddText,
    Adjust,
    Crop,
    Expand,
    Flip,
    Op,
    RemoveText,
    Resize,
    Rotate,
    Style,
    Upscale,
    Zoom,
)
from openhearth.engines.edit_image.ports import Operation, Pixels, Scene

Step = TypeVar("Step", bound=msgspec.Struct)


class Tools(msgspec.Struct, frozen=True):
    """What some operations need: the ``upscale`` pack's folder, a font, threads, the seconds left for this edit, and
    where to note what was used."""

    upscale: Path
    font: Path
    threads: int
    left_s: Callable[[], float]
    remark: Callable[[str], None]


def operations(tools: Tools) -> Mapping[type, Operation]:
    """Every step of this package with its operation. Networks are loaded on first use."""
    upscaler = Upscaler(tools.upscale, threads=tools.threads, left_s=tools.left_s, remark=tools.remark)
    return dict(
        (
            _pair(Style, style),
            _pair(Adjust, adjust),
            _pair(Crop, crop),
            _pair(Rotate, rotate),
            _pair(Flip, flip),
            _pair(Resize, resize),
            _pair(Zoom, zoom),
            _pair(Expand, expand),
            _pair(Upscale, upscaler),
            _pair(AddText, Lettering(tools.font)),
            _pair(RemoveText, Eraser(Reader(threads=tools.threads))),
        )
    )


def _pair(
    kind: type[Step], work: Callable[[Pixels, Step, Scene, list[Pixels]], Pixels]
) -> tuple[type[Step], Operation]:
    def operation(pixels: Pixels, step: Op, scene: Scene, others: list[Pixels]) -> Pixels:
        assert isinstance(step, kind)
        return work(pixels, step, scene, others)

    return kind, operation
