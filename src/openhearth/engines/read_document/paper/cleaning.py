"""A photographed or scanned page made better: cut out, flattened, straightened, cleaned of shadow or watermark."""

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from openhearth.core.documents import Box, Mode, Options
from openhearth.core.errors import RequestError
from openhearth.engines.read_document.files.picture import Pixels
from openhearth.engines.read_document.ocr.reader import Reader
from openhearth.engines.read_document.ocr.upright import box_of, turned_back
from openhearth.engines.read_document.paper.curl import uncurled
from openhearth.engines.read_document.paper.light import IMPROVE
from openhearth.engines.read_document.paper.sheet import find_sheet, flattened
from openhearth.engines.read_document.paper.watermark import cleaned

_NO_SHEET = "No sheet of paper was found in the picture, so nothing was cut off. 未找到纸张边缘，未裁切。"


class Cleaned(msgspec.Struct, frozen=True):
    """A result. ``box`` is where in the page it comes from; ``angle`` how far the page lay turned clockwise."""

    pixels: Pixels
    box: Box
    angle: int = 0
    notes: tuple[str, ...] = ()


def improved(pixels: Pixels, options: Options, reader: Reader) -> Cleaned:
    """Cut out if wanted, then lit as ``mode`` says."""
    sheet = _cut(pixels) if options.crop else Cleaned(pixels, _outline(pixels))
    if options.mode is Mode.NONE:
        return sheet
    return msgspec.structs.replace(sheet, pixels=IMPROVE[options.mode](sheet.pixels))


def unwarped(pixels: Pixels, options: Options, reader: Reader) -> Cleaned:
    """The sheet flattened, turned upright, straightened by its lines of text, and its curl taken out."""
    sheet = _cut(pixels)
    lines = reader.lines(sheet.pixels)
    angle = reader.angle(sheet.pixels, lines)
    straight = turned_back(sheet.pixels, lines, angle)
    flat, was_curled = uncurled(straight)
    notes = sheet.notes
    if was_curled:
        notes = (*notes, "The lines of text were bent and have been straightened. 已展平弯曲的文字行。")
    return Cleaned(flat, sheet.box, angle, notes)


def without_watermark(pixels: Pixels, options: Options, reader: Reader) -> Cleaned:
    """A page of dark text without what is printed pale behind it. A page in a photograph is cleaned where it lies.

    Raises RequestError (``not_a_page``).
    """
    done = cleaned(pixels)
    if done is None and (corners := find_sheet(pixels)) is not None:
        flat, back = flattened(pixels, corners)
        done = cleaned(flat)
        done = None if done is None else (_laid_back(pixels, done[0], back), done[1])
    if done is None:
        raise RequestError(
            "This is not a page of text, and only pale watermarks on pages can be taken out here. 这不是文档页面。",
            code="not_a_page",
            param="image",
        )
    result, share = done
    notes = () if share else ("No pale watermark was found on the page. 未发现水印。",)
    return Cleaned(result, _outline(pixels), notes=notes)


def _laid_back(photo: Pixels, flat: Pixels, back: npt.NDArray[np.float64]) -> Pixels:
    """The photograph with its sheet replaced by the cleaned one."""
    size = (photo.shape[1], photo.shape[0])
    there = cv2.warpPerspective(flat, back, size, flags=cv2.INTER_CUBIC)
    cover = cv2.warpPerspective(np.full(flat.shape[:2], 255, np.uint8), back, size)
    inside = cv2.erode(cover, np.ones((3, 3), np.uint8)) == 255
    return np.where(inside[..., None], np.asarray(there, dtype=np.uint8), photo)


def _cut(pixels: Pixels) -> Cleaned:
    corners = find_sheet(pixels)
    if corners is None:
        return Cleaned(pixels, _outline(pixels), notes=(_NO_SHEET,))
    flat, _ = flattened(pixels, corners)
    return Cleaned(flat, box_of(corners))


def _outline(pixels: Pixels) -> Box:
    height, width = pixels.shape[:2]
    return 0, 0, width, 0, width, height, 0, height
