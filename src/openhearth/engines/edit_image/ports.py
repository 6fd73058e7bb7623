"""The seams inside the editor, so that words, portrait work and picture work can be built and tested apart."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from openhearth.engines.edit_image.plan import Op, Plan, Who

Pixels = npt.NDArray[np.uint8]  # height × width × 4, RGBA, alpha straight
Mask = npt.NDArray[np.float32]  # height × width, 0 … 1
Points = npt.NDArray[np.float32]  # n × 2, x and y in pixels


class Face(Protocol):
    """One face. ``landmarks`` are the 468 points of MediaPipe's face mesh; ``box`` is x0, y0, x1, y1."""

    @property
    def landmarks(self) -> Points: ...

    @property
    def box(self) -> tuple[float, float, float, float]: ...


class Scene(Protocol):
    """What is seen in one picture; each property is computed once, on first use."""

    @property
    def faces(self) -> list[Face]:
        """From left to right."""

    @property
    def person(self) -> Mask:
        """Everybody in the picture."""

    def chosen(self, who: Who) -> list[Face]:
        """Raises RequestError (``no_face_found`` or ``no_such_person``) when nobody fits."""

    def garment(self, part: str, who: Who) -> Mask:
        """Soft mask of ``top``, ``trousers`` or ``outfit``: no skin, hair, helmet, background."""

    def hair(self, who: Who) -> Mask: ...

    def lips(self, who: Who) -> Mask: ...


class Operation(Protocol):
    """One operation on pixels: picture in, new picture out. ``others`` are further pictures of the request."""

    def __call__(self, pixels: Pixels, step: Op, scene: Scene, others: list[Pixels]) -> Pixels: ...


class Parser(Protocol):
    """``words.parse``: text to plan. Raises NotUnderstood."""

    def __call__(self, instruction: str, *, pictures: int = 1) -> Plan: ...


Report = Callable[[int, int, str], None]  # done, total, text
