"""A picture's bytes are hostile until they are pixels: kind, size and frames are checked before anything is decoded."""

import io
import warnings
from collections.abc import Callable

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

from openhearth.core.errors import RequestError, TooLarge, UnsupportedMedia
from openhearth.core.pictures import kind_of, size_of

Pixels = npt.NDArray[np.uint8]

_OPENERS: dict[str, Callable[[io.BytesIO], Image.Image]] = {
    "image/png": PngImagePlugin.PngImageFile,
    "image/jpeg": JpegImagePlugin.jpeg_factory,
    "image/webp": WebPImagePlugin.WebPImageFile,
    "image/gif": GifImagePlugin.GifImageFile,
    "image/bmp": BmpImagePlugin.BmpImageFile,
    "image/tiff": TiffImagePlugin.TiffImageFile,
}


def open_picture(data: bytes, *, most_pixels: int, param: str) -> Image.Image:
    """The picture in RGB as it is shown, transparent parts white.

    Raises UnsupportedMedia (``picture_format_unsupported``), TooLarge (``picture_too_large``) or RequestError
    (``picture_damaged``, ``picture_animated``).
    """
    opener = _OPENERS.get(kind_of(data) or "")
    if opener is None:
        raise UnsupportedMedia(
            "A picture must be PNG, JPEG, WebP, GIF, BMP or TIFF.", param=param, code="picture_format_unsupported"
        )
    try:
        _check_size(size_of(data), most_pixels, param)  # before a decoder reserves the canvas
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with opener(io.BytesIO(data)) as picture:
                _check_size(picture.size, most_pixels, param)
                _check_frames(picture, param)
                picture.load()
                return _in_rgb(ImageOps.exif_transpose(picture))
    except (RequestError, MemoryError):
        raise
    except Exception as error:  # decoders of hostile data fail in every way there is
        raise RequestError(
            "The picture is damaged or cut off: it cannot be decoded to its end.", param=param, code="picture_damaged"
        ) from error


def _check_size(size: tuple[int, int] | None, most_pixels: int, param: str) -> None:
    if size is not None and size[0] * size[1] > most_pixels:
        raise TooLarge(
            f"The picture has {size[0]} × {size[1]} pixels; the limit is {most_pixels / 1e6:,.0f} million.",
            param=param,
            code="picture_too_large",
        )


def _check_frames(picture: Image.Image, param: str) -> None:
    if not isinstance(picture, JpegImagePlugin.JpegImageFile) and getattr(picture, "n_frames", 1) > 1:
        raise RequestError(
            "The picture holds several frames or pages: only one would be looked at. Send each as a picture.",
            param=param,
            code="picture_animated",
        )


def _in_rgb(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    shown = Image.new("RGBA", picture.size, (255, 255, 255, 255))
    shown.alpha_composite(picture.convert("RGBA"))
    return shown.convert("RGB")
