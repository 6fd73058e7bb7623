"""A client's bytes are hostile until they are pixels.

What a file is, its first bytes say, never its name. Size and frames are checked from the header, before anything is
decoded. Only the picture itself survives: metadata and whatever else the file holds are left behind.
"""

import io
import warnings
from collections.abc import Callable

import msgspec
import numpy as np
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageCms,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from openhearth.core.errors import RequestError, TooLarge, UnsupportedMedia
from openhearth.core.pictures import kind_of, seems_html, size_of
from openhearth.engines.edit_image.ports import Pixels

FORMATS = "PNG, JPEG, WebP, GIF, BMP or TIFF"
MOST_SIDE = 30_000  # OpenCV's warping counts pixels of a side in 16 bits


class Header(msgspec.Struct, frozen=True):
    """What a file says about itself before it is decoded."""

    mime: str
    width: int
    height: int


def read_header(data: bytes, *, most_pixels: int, param: str = "image") -> Header:
    """Kind and size of a picture file, nothing decoded.

    Raises UnsupportedMedia (``picture_format_unsupported``), TooLarge (``picture_too_large``) or RequestError
    (``picture_damaged``, ``picture_animated``).
    """
    with _opened(data, most_pixels, param) as picture:
        return Header(kind_of(data) or "", *picture.size)


def open_picture(data: bytes, *, most_pixels: int, param: str = "image") -> Pixels:
    """The picture as shown: EXIF rotation applied, colours in sRGB. Raises what ``read_header`` raises."""
    try:
        with _opened(data, most_pixels, param) as picture:
            picture.load()
            turned = ImageOps.exif_transpose(picture)
            return np.array(_in_srgb(turned), dtype=np.uint8)
    except (RequestError, MemoryError):
        raise
    except Exception as error:  # decoders of hostile data fail in every way there is
        raise _damaged(param) from error


def _opened(data: bytes, most_pixels: int, param: str) -> Image.Image:
    kind = _kind(data, param)
    try:
        if kind == "WebP":  # its decoder reserves the whole canvas when opened
            _check_size(*(size_of(data) or (0, 0)), most_pixels, param)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture = _OPENERS[kind](io.BytesIO(data))
        _check_size(*picture.size, most_pixels, param)
        if kind != "JPEG" and _has_frames(picture):
            raise RequestError(
                f"This {kind} holds several frames or pages; the editor changes a single picture. "
                "Give one frame. 动图或多页图片无法编辑，请提供单张图片。",
                code="picture_animated",
                param=param,
            )
    except (RequestError, MemoryError):
        raise
    except Exception as error:  # as above
        raise _damaged(param) from error
    return picture


def _check_size(width: int, height: int, most_pixels: int, param: str) -> None:
    if width < 1 or height < 1:
        raise _damaged(param)
    if width * height > most_pixels or max(width, height) > MOST_SIDE:
        raise TooLarge(
            f"The picture has {width} × {height} pixels ({width * height / 1e6:,.1f} million); "
            f"the limit is {most_pixels / 1e6:,.1f} million and {MOST_SIDE:,} on a side. 图片太大。",
            code="picture_too_large",
            param=param,
        )


def _damaged(param: str) -> RequestError:
    return RequestError(
        "The picture is damaged or cut off: it cannot be decoded to its end. 图片已损坏或不完整。",
        code="picture_damaged",
        param=param,
    )


def _has_frames(picture: Image.Image) -> bool:
    if isinstance(picture, TiffImagePlugin.TiffImageFile):
        return picture.n_frames > 1
    return bool(getattr(picture, "is_animated", False))


def _kind(data: bytes, param: str) -> str:
    mime = kind_of(data)
    if mime in _KINDS:
        return _KINDS[mime]
    raise UnsupportedMedia(
        f"{_refused_as(data, mime)}A picture must be {FORMATS}. 不支持这种图片格式。",
        code="picture_format_unsupported",
        param=param,
    )


def _refused_as(data: bytes, mime: str | None) -> str:
    if mime is not None:
        return f"This is {mime.removeprefix('image/').removesuffix('+xml').upper()}. "
    if b"%PDF-" in data[:1024]:
        return "This is a PDF. "
    return "This is a web page. " if seems_html(data) else ""


_KINDS = {f"image/{kind.lower()}": kind for kind in ("PNG", "JPEG", "WebP", "GIF", "BMP", "TIFF")}
_OPENERS: dict[str, Callable[[io.BytesIO], Image.Image]] = {
    "PNG": PngImagePlugin.PngImageFile,
    "JPEG": JpegImagePlugin.jpeg_factory,  # also two-picture files of phones (MPO): the first one is the photo
    "WebP": WebPImagePlugin.WebPImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
}


def _in_srgb(picture: Image.Image) -> Image.Image:
    """As RGBA in sRGB, from whatever mode and colour profile."""
    profile = picture.info.get("icc_profile")
    colour, alpha = _in_eight_bits(picture), None
    if colour.has_transparency_data:
        whole = colour.convert("RGBA")
        colour, alpha = whole.convert("RGB"), whole.getchannel("A")
    elif colour.mode not in ("RGB", "CMYK", "L", "LAB"):
        colour = colour.convert("RGB")
    if isinstance(profile, bytes) and profile:
        colour = _from_profile(colour, profile)
    shown = colour.convert("RGB").convert("RGBA")
    if alpha is not None:
        shown.putalpha(alpha)
    return shown


def _in_eight_bits(picture: Image.Image) -> Image.Image:
    """16-bit, 32-bit and floating grey brought to 0 … 255; Pillow itself would clip them."""
    if not picture.mode.startswith(("I", "F")):
        return picture
    grey = np.asarray(picture, dtype=np.float64)
    top = 65535.0 if picture.mode.startswith("I") else max(1.0, float(np.nanmax(grey)))
    return Image.fromarray(np.nan_to_num(np.clip(grey / top, 0, 1) * 255).round().astype(np.uint8))


def _from_profile(picture: Image.Image, profile: bytes) -> Image.Image:
    """In sRGB; a profile that does not fit or is broken is ignored, as viewers do."""
    try:
        converted = ImageCms.profileToProfile(
            picture, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return picture
    return picture if converted is None else converted
