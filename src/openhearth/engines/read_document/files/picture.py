"""Pictures of pages as pixels: header checked before anything is decoded, EXIF turning applied, nothing else kept.

A TIFF may hold many pages; of an animation the first frame is the page.
"""

import io
import warnings
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from openhearth.core.errors import RequestError, TooLarge
from openhearth.core.pictures import kind_of, size_of
from openhearth.engines.read_document.limits import MOST_SIDE

Pixels = npt.NDArray[np.uint8]  # height × width × 3, RGB

_OPENERS: dict[str, Callable[[io.BytesIO], Image.Image]] = {
    "image/png": PngImagePlugin.PngImageFile,
    "image/jpeg": JpegImagePlugin.jpeg_factory,
    "image/webp": WebPImagePlugin.WebPImageFile,
    "image/gif": GifImagePlugin.GifImageFile,
    "image/bmp": BmpImagePlugin.BmpImageFile,
    "image/tiff": TiffImagePlugin.TiffImageFile,
}
_T = TypeVar("_T")
_MOST_FRAMES = 100_000
_LEAST_SIDE = 8


class PictureFile:
    """An open picture. Raises RequestError (``picture_damaged``) and TooLarge (``picture_too_large``)."""

    def __init__(self, data: bytes, *, most_pixels: int) -> None:
        self._most_pixels = most_pixels
        kind = kind_of(data) or ""
        if kind == "image/webp":  # its decoder reserves the whole canvas when opened
            self._check(*(size_of(data) or (0, 0)))
        self._picture = _guarded(lambda: _OPENERS[kind](io.BytesIO(data)))
        self._check(*self._picture.size)
        self.pages = self._count() if kind == "image/tiff" else 1

    def page(self, number: int) -> Pixels:
        """Page ``number``, counted from 0, as shown."""

        def load() -> Pixels:
            if self.pages > 1:
                self._picture.seek(number)
                self._check(*self._picture.size)
            self._picture.load()
            return _on_white(ImageOps.exif_transpose(self._picture))

        return _guarded(load)

    def _count(self) -> int:
        def count() -> int:
            return min(_MOST_FRAMES, int(getattr(self._picture, "n_frames", 1)))

        return _guarded(count)

    def _check(self, width: int, height: int) -> None:
        if min(width, height) < _LEAST_SIDE:
            raise RequestError(
                f"The picture has {width} × {height} pixels; that is too small to read. 图片太小。",
                code="picture_too_small",
                param="file",
            )
        if width * height > self._most_pixels or max(width, height) > MOST_SIDE:
            raise TooLarge(
                f"The picture has {width} × {height} pixels ({width * height / 1e6:,.1f} million); the limit is "
                f"{self._most_pixels / 1e6:,.1f} million and {MOST_SIDE:,} on a side. 图片太大。",
                code="picture_too_large",
                param="file",
            )


def encoded(pixels: Pixels, output_format: str, quality: int) -> bytes:
    """A PNG or JPEG file of ``pixels``."""
    file = io.BytesIO()
    picture = Image.fromarray(pixels)
    if output_format == "png":
        picture.save(file, "PNG")
    else:
        picture.save(file, "JPEG", quality=quality)
    return file.getvalue()


def _on_white(picture: Image.Image) -> Pixels:
    if picture.has_transparency_data:
        whole = picture.convert("RGBA")
        paper = Image.new("RGBA", whole.size, "white")
        picture = Image.alpha_composite(paper, whole)
    elif picture.mode.startswith(("I", "F")):
        picture = _in_eight_bits(picture)
    return np.array(picture.convert("RGB"), dtype=np.uint8)


def _in_eight_bits(picture: Image.Image) -> Image.Image:
    """16-bit, 32-bit and floating grey brought to 0 … 255; Pillow itself would clip them."""
    grey = np.nan_to_num(np.asarray(picture, dtype=np.float64))
    top = 65535.0 if picture.mode.startswith("I") else max(1.0, float(grey.max()))
    return Image.fromarray((np.clip(grey / top, 0, 1) * 255).round().astype(np.uint8))


def _guarded(decode: Callable[[], _T]) -> _T:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return decode()
    except (RequestError, MemoryError):
        raise
    except Exception as error:  # decoders of hostile data fail in every way there is
        raise RequestError(
            "The picture is damaged or cut off: it cannot be decoded to its end. 图片已损坏或不完整。",
            code="picture_damaged",
            param="file",
        ) from error
