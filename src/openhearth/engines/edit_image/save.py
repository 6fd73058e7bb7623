"""Results leave as clean files: nothing in them but the picture."""

import io

import numpy as np
from PIL import Image

from openhearth.core.errors import RequestError
from openhearth.engines.edit_image.ports import Pixels

MIMES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp", "svg": "image/svg+xml"}
_WEBP_SIDE = 16_383  # RFC 9649, section 2.5


def save_picture(pixels: Pixels, output_format: str, *, quality: int = 90) -> bytes:
    """The picture as a file of ``png``, ``jpeg`` or ``webp``.

    JPEG has no transparency: it is laid on white. ``quality`` 1–100 counts for JPEG and WebP.
    Raises RequestError (``output_format_unsupported``, ``picture_too_large_for_webp``).
    """
    out = io.BytesIO()
    if output_format == "png":
        _trimmed(pixels).save(out, "PNG", compress_level=6)
    elif output_format == "jpeg":
        Image.fromarray(on_white(pixels)).save(
            out, "JPEG", quality=quality, optimize=True, subsampling=0 if quality >= 90 else 2
        )
    elif output_format == "webp":
        if max(pixels.shape[:2]) > _WEBP_SIDE:
            raise RequestError(
                f"A WebP picture has at most {_WEBP_SIDE:,} pixels on a side; ask for png.",
                code="picture_too_large_for_webp",
                param="output_format",
            )
        _trimmed(pixels).save(out, "WEBP", quality=quality, method=4)
    else:
        raise RequestError(
            f"'output_format' is png, jpeg or webp, not '{output_format[:40]}'.",
            code="output_format_unsupported",
            param="output_format",
        )
    return out.getvalue()


def on_white(pixels: Pixels) -> Pixels:
    """Height × width × 3: transparency laid on white."""
    alpha = pixels[..., 3:].astype(np.uint16)
    if alpha.min() == 255:
        return np.ascontiguousarray(pixels[..., :3])
    return ((pixels[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def _trimmed(pixels: Pixels) -> Image.Image:
    """Without an alpha channel that says nothing."""
    opaque = int(pixels[..., 3].min()) == 255
    return Image.fromarray(np.ascontiguousarray(pixels[..., :3]) if opaque else pixels)
