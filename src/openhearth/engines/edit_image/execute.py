"""Running a plan: its steps in order on one picture, then the mask and the size the request asked for."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import msgspec

from openhearth.core.errors import RequestError
from openhearth.engines.edit_image import telling
from openhearth.engines.edit_image.pixels.layers import mixed, to_floats
from openhearth.engines.edit_image.pixels.shape import check_size, fitted, size_after
from openhearth.engines.edit_image.pixels.vectorise import to_svg
from openhearth.engines.edit_image.plan import Crop, Expand, Flip, Op, Plan, Resize, Rotate, Upscale, Vectorise, Zoom
from openhearth.engines.edit_image.ports import Operation, Pixels, Report, Scene

Seen = Callable[[], Pixels]  # the picture as it is after a step, made when asked for

GEOMETRY = (Crop, Rotate, Flip, Resize, Upscale, Zoom, Expand)


class Given(msgspec.Struct, frozen=True):
    """What an edit starts from. ``others`` are further pictures, ``mask`` is RGBA, ``size`` is ``auto`` or ``WxH``."""

    picture: Pixels
    others: list[Pixels] = []
    mask: Pixels | None = None
    size: str = "auto"


class Done(msgspec.Struct, frozen=True):
    """The changed picture, or an SVG; ``operations`` says what was done, as JSON-able values."""

    pixels: Pixels
    svg: bytes
    operations: tuple[dict[str, Any], ...]


class Remarks:
    """What operations say about how they did it, collected for the step under way."""

    def __init__(self) -> None:
        self._said: list[str] = []

    def add(self, text: str) -> None:
        self._said.append(text)

    def taken(self) -> list[str]:
        said, self._said = self._said, []
        return said


class Executor:
    """Carries out plans with the given operations. ``see`` looks at a picture; a look stays valid until geometry
    changes."""

    def __init__(
        self,
        operations: Mapping[type, Operation],
        see: Callable[[Pixels], Scene],
        *,
        most_pixels: int,
        remarks: Remarks,
    ) -> None:
        self._operations = operations
        self._see = see
        self._most_pixels = most_pixels
        self._remarks = remarks

    def run(self, plan: Plan, given: Given, report: Callable[[Op, Seen], None]) -> Done:
        """All steps; ``report`` is called with each one that is finished, and with a way to see what it led to.

        Raises RequestErrors of the operations, and for a mask or a size that does not fit.
        """
        mask = _mask_for(given)
        pixels, scene, svg = given.picture, self._see(given.picture), b""
        steps = [step for step in plan.steps if not isinstance(step, Vectorise)]
        notes: list[dict[str, Any]] = []
        for step in steps:
            check_size(*size_after(step, pixels.shape[1], pixels.shape[0]), self._most_pixels)
            pixels = self._operations[type(step)](pixels, step, scene, given.others)
            if isinstance(step, GEOMETRY):
                scene = self._see(pixels)
            notes.append(self._noted(step))
            report(step, partial(_within, mask, given.picture, pixels))
        if mask is not None:
            pixels = _within(mask, given.picture, pixels)
            notes.append({"op": "mask", "changed_where": "the mask is transparent"})
        pixels = self._sized(pixels, given.size, notes)
        if len(steps) < len(plan.steps):
            svg = to_svg(pixels)
            notes.append(self._noted(Vectorise()))
            report(Vectorise(), lambda: pixels)
        return Done(pixels, svg, tuple(notes))

    def _noted(self, step: Op) -> dict[str, Any]:
        note: dict[str, Any] = msgspec.to_builtins(step)
        remarks = self._remarks.taken()
        return {**note, "with": ", ".join(remarks)} if remarks else note

    def _sized(self, pixels: Pixels, size: str, notes: list[dict[str, Any]]) -> Pixels:
        wanted = box_of(size)
        if wanted is None or wanted == (pixels.shape[1], pixels.shape[0]):
            return pixels
        check_size(*wanted, self._most_pixels)
        notes.append({"op": "fit", "into": size})
        return fitted(pixels, *wanted)


def box_of(size: str) -> tuple[int, int] | None:
    """Width and height of ``WxH``; None for ``auto``. Raises RequestError (``size_unsupported``)."""
    if size in ("auto", ""):
        return None
    width, _, height = size.lower().partition("x")
    if width.isascii() and width.isdigit() and height.isascii() and height.isdigit() and int(width) and int(height):
        return int(width), int(height)
    raise RequestError(
        f"'size' is auto or WIDTHxHEIGHT, not '{size[:40]}'. size 应为 auto 或 宽x高。",
        code="size_unsupported",
        param="size",
    )


def check_mask_fits(plan: Plan) -> None:
    """Raises RequestError (``mask_with_geometry``) when a step moves pixels, so that a mask would mean nothing."""
    if any(isinstance(step, GEOMETRY) for step in plan.steps):
        raise RequestError(
            "A mask says where the picture may change, so it cannot go together with cropping, turning or resizing. "
            "使用蒙版时不能裁剪、旋转或缩放。",
            code="mask_with_geometry",
            param="mask",
        )


def _within(mask: Pixels | None, before: Pixels, after: Pixels) -> Pixels:
    """Changed only where a mask, if there is one, is transparent."""
    return after if mask is None else mixed(before, after, 1 - to_floats(mask[..., 3]))


def _mask_for(given: Given) -> Pixels | None:
    mask = given.mask
    if mask is None:
        return None
    if mask.shape != given.picture.shape:
        raise RequestError(
            f"The mask has {mask.shape[1]} × {mask.shape[0]} pixels, "
            f"the picture {given.picture.shape[1]} × {given.picture.shape[0]}; they must be the same. "
            "蒙版与图片的尺寸必须一致。",
            code="mask_size_differs",
            param="mask",
        )
    if int(mask[..., 3].min()) == 255:
        raise RequestError(
            "The mask has no transparent pixel, so nothing may change. Make transparent what is to be edited. "
            "蒙版中没有透明区域。",
            code="mask_without_hole",
            param="mask",
        )
    return mask


def stages(plan: Plan) -> int:
    """Opening, every step, saving."""
    return len(plan.steps) + 2


class Told:
    """Counts stages and words them for the ``report`` of one edit."""

    def __init__(self, plan: Plan, report: Report, *, chinese: bool) -> None:
        self._total = stages(plan)
        self._report = report
        self._chinese = chinese
        self._done = 0

    def tell(self, both: telling.Both) -> None:
        self._done += 1
        self._report(self._done, self._total, telling.in_language(both, chinese=self._chinese))

    def step(self, step: Op) -> None:
        self.tell(telling.done(step))
