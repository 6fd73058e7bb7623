"""A scene that is told what is in the picture, for operations that need no networks."""

import msgspec
import numpy as np

from openhearth.core.errors import RequestError
from openhearth.engines.edit_image.plan import Who
from openhearth.engines.edit_image.ports import Face, Mask, Pixels, Points


class KnownFace(msgspec.Struct):
    box: tuple[float, float, float, float]

    @property
    def landmarks(self) -> Points:
        return np.zeros((468, 2), np.float32)


class KnownScene:
    """``person`` is x0, y0, x1, y1 of a rectangle that is a person; ``face`` that of a face."""

    def __init__(
        self,
        pixels: Pixels,
        person: tuple[int, int, int, int] | None = None,
        face: tuple[float, float, float, float] | None = None,
    ) -> None:
        self.size = pixels.shape[:2]
        self._person = person
        self._face = face

    @property
    def faces(self) -> list[Face]:
        return [KnownFace(self._face)] if self._face else []

    @property
    def person(self) -> Mask:
        mask = np.zeros(self.size, np.float32)
        if self._person:
            x0, y0, x1, y1 = self._person
            mask[y0:y1, x0:x1] = 1
        return mask

    def chosen(self, who: Who) -> list[Face]:
        if not self.faces:
            raise RequestError("No face.", code="no_face_found")
        return self.faces

    def garment(self, part: str, who: Who) -> Mask:
        return self.person

    def hair(self, who: Who) -> Mask:
        return self.person

    def lips(self, who: Who) -> Mask:
        return self.person
