"""Square, possibly rotated, regions of a picture: what the networks look at, and the way back to picture pixels."""

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from openhearth.engines.edit_image.ports import Points

RGB = npt.NDArray[np.uint8]  # height × width × 3
Floats = npt.NDArray[np.float32]


class Region(msgspec.Struct, frozen=True):
    """A square of ``side`` pixels around (x, y), turned clockwise by ``angle`` radians."""

    x: float
    y: float
    side: float
    angle: float = 0.0

    def to_picture(self, size: int) -> Floats:
        """The 2 × 3 matrix from crop pixels (``size`` × ``size``) to picture pixels."""
        scale = self.side / size
        c, s = np.cos(self.angle) * scale, np.sin(self.angle) * scale
        half = size / 2
        return np.asarray([[c, -s, self.x - c * half + s * half], [s, c, self.y - s * half - c * half]], np.float32)


def cut(picture: RGB, region: Region, size: int) -> Floats:
    """The region as a size × size × 3 picture with values 0 … 255; outside the picture it is black."""
    matrix = region.to_picture(size)
    if region.side > 2 * size:  # a plain warp would alias: shrink first by a whole factor
        factor = int(region.side // size)
        shrunk = cv2.resize(picture, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)
        zoom = shrunk.shape[1] / picture.shape[1], shrunk.shape[0] / picture.shape[0]
        matrix = matrix * np.asarray([[zoom[0]], [zoom[1]]], np.float32)
        picture = np.asarray(shrunk, np.uint8)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(picture, matrix, (size, size), flags=flags), np.float32)


def to_picture(points: Points, region: Region, size: int) -> Points:
    """Points of a crop, in picture pixels."""
    matrix = region.to_picture(size)
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2], np.float32)


def paste_back(mask: Floats, region: Region, shape: tuple[int, int]) -> Floats:
    """A square mask of the region, laid into an otherwise empty picture of ``shape`` (height, width)."""
    matrix = region.to_picture(mask.shape[0])
    return np.asarray(cv2.warpAffine(mask, matrix, (shape[1], shape[0]), flags=cv2.INTER_LINEAR), np.float32)
