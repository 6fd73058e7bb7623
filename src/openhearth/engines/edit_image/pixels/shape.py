"""Crop, rotate, flip and resize. What moves pixels without averaging them is exact."""

import cv2
import numpy as np

from openhearth.core.errors import RequestError, TooLarge
from openhearth.engines.edit_image.open import MOST_SIDE
from openhearth.engines.edit_image.pixels.layers import premultiplied, straight
from openhearth.engines.edit_image.plan import EVERYONE, Crop, Expand, Flip, Op, Resize, Rotate, Upscale
from openhearth.engines.edit_image.ports import Pixels, Scene

Box = tuple[float, float, float, float]  # x0, y0, x1, y1


def crop(pixels: Pixels, step: Crop, scene: Scene, others: list[Pixels]) -> Pixels:
    """To a ratio, a person or a face. Raises RequestError (``no_person_found``, ``no_face_found``, …)."""
    height, width = pixels.shape[:2]
    subject = _subject(step.around, scene, width, height)
    x0, y0, x1, y1 = _window(subject, step.ratio, step.around, width, height)
    return np.ascontiguousarray(pixels[y0:y1, x0:x1])


def _subject(around: str, scene: Scene, width: int, height: int) -> Box:
    if around == "face":
        boxes = np.array([face.box for face in scene.chosen(EVERYONE)], dtype=np.float64)
        x0, y0 = boxes[:, :2].min(axis=0)
        x1, y1 = boxes[:, 2:].max(axis=0)
        side, top, bottom = (x1 - x0) * 0.45, (y1 - y0) * 0.55, (y1 - y0) * 0.4
        return _within((x0 - side, y0 - top, x1 + side, y1 + bottom), width, height)
    if around == "person":
        inside = scene.person > 0.5
        if float(inside.mean()) < 0.002:
            raise RequestError(
                "No person was found in the picture. 图片中没有找到人物。", code="no_person_found", param="prompt"
            )
        rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
        margin = 0.04 * max(rows[-1] - rows[0], columns[-1] - columns[0])
        box = (columns[0] - margin, rows[0] - margin, columns[-1] + 1 + margin, rows[-1] + 1 + margin)
        return _within(box, width, height)
    return (0.0, 0.0, float(width), float(height))


def _within(box: Box, width: int, height: int) -> Box:
    return (max(0.0, box[0]), max(0.0, box[1]), min(float(width), box[2]), min(float(height), box[3]))


def _window(
    subject: Box, ratio: tuple[int, int] | None, around: str, width: int, height: int
) -> tuple[int, int, int, int]:
    """The largest window of the ratio around the centre, or the smallest that holds the subject (if one does)."""
    x0, y0, x1, y1 = subject
    if ratio is None:
        return int(x0), int(y0), max(int(x0) + 1, round(x1)), max(int(y0) + 1, round(y1))
    shape = ratio[0] / ratio[1]
    most_width = min(float(width), height * shape)
    wanted = most_width if around == "centre" else max(x1 - x0, (y1 - y0) * shape)
    new_width = max(1, round(min(wanted, most_width)))
    new_height = max(1, min(height, round(new_width / shape)))
    left = min(max(0, round((x0 + x1 - new_width) / 2)), width - new_width)
    keeps_head = around != "centre" and new_height < y1 - y0
    middle = y0 if keeps_head else (y0 + y1 - new_height) / 2
    top = min(max(0, round(middle)), height - new_height)
    return left, top, left + new_width, top + new_height


def rotate(pixels: Pixels, step: Rotate, scene: Scene, others: list[Pixels]) -> Pixels:
    """Clockwise. Quarter turns are exact; others enlarge the canvas and leave its corners transparent."""
    degrees = step.degrees % 360
    if degrees % 90 == 0:
        return np.ascontiguousarray(np.rot90(pixels, k=-int(degrees // 90)))
    height, width = pixels.shape[:2]
    new_width, new_height = size_after(step, width, height)
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -degrees, 1.0)
    turn[:, 2] += ((new_width - width) / 2, (new_height - height) / 2)
    turned = cv2.warpAffine(
        premultiplied(pixels), turn, (new_width, new_height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT
    )
    return straight(np.asarray(turned, dtype=np.float32))


def flip(pixels: Pixels, step: Flip, scene: Scene, others: list[Pixels]) -> Pixels:
    """Mirror left and right (``horizontal``) or turn upside down in the mirror (``vertical``)."""
    return np.ascontiguousarray(pixels[:, ::-1] if step.axis == "horizontal" else pixels[::-1])


def resize(pixels: Pixels, step: Resize, scene: Scene, others: list[Pixels]) -> Pixels:
    """To the asked size; one side alone keeps the ratio."""
    return resampled(pixels, *_new_size(step, pixels.shape[1], pixels.shape[0]))


def _new_size(step: Resize, width: int, height: int) -> tuple[int, int]:
    if step.scale is not None:
        return max(1, round(width * step.scale)), max(1, round(height * step.scale))
    if step.width is None and step.height is None:
        raise RequestError("A new size needs a width, a height or a scale.", code="size_missing", param="prompt")
    new_width = step.width or max(1, round(width * (step.height or height) / height))
    return new_width, step.height or max(1, round(height * new_width / width))


def resampled(pixels: Pixels, width: int, height: int) -> Pixels:
    """Lanczos when it grows, area means when it shrinks: neither rings nor aliases."""
    width, height = max(1, width), max(1, height)
    if (height, width) == pixels.shape[:2]:
        return pixels
    shrinks = width <= pixels.shape[1] and height <= pixels.shape[0]
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LANCZOS4
    if int(pixels[..., 3].min()) == 255:
        opaque = np.asarray(cv2.resize(pixels, (width, height), interpolation=way), dtype=np.uint8)
        opaque[..., 3] = 255  # the weights are rounded and would leave 254 here and there
        return opaque
    values = np.asarray(cv2.resize(premultiplied(pixels), (width, height), interpolation=way), dtype=np.float32)
    return straight(values)


def fitted(pixels: Pixels, width: int, height: int) -> Pixels:
    """Into a box, ratio kept: neither stretched nor cut."""
    scale = min(width / pixels.shape[1], height / pixels.shape[0])
    return resampled(pixels, round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))


def size_after(step: Op, width: int, height: int) -> tuple[int, int]:
    """Width and height a step leads to, for those that may make the picture larger."""
    match step:
        case Rotate(degrees=degrees):
            sine, cosine = abs(np.sin(np.radians(degrees))), abs(np.cos(np.radians(degrees)))
            return round(width * cosine + height * sine), round(width * sine + height * cosine)
        case Resize():
            return _new_size(step, width, height)
        case Upscale(factor=factor):
            return width * factor, height * factor
        case Expand():
            left, top, right, bottom = margins(step, width, height)
            return left + width + right, top + height + bottom
    return width, height


def margins(step: Expand, width: int, height: int) -> tuple[int, int, int, int]:
    """Pixels added at the left, top, right and bottom; what the ratio still needs is added on both sides alike."""
    left, right = round(step.left * width), round(step.right * width)
    top, bottom = round(step.top * height), round(step.bottom * height)
    if step.ratio is not None:
        whole_width, whole_height = left + width + right, top + height + bottom
        wide = round(whole_height * step.ratio[0] / step.ratio[1]) - whole_width
        high = round(whole_width * step.ratio[1] / step.ratio[0]) - whole_height
        if wide > 0:
            left, right = left + wide // 2, right + wide - wide // 2
        elif high > 0:
            top, bottom = top + high // 2, bottom + high - high // 2
    return left, top, right, bottom


def check_size(width: int, height: int, most_pixels: int) -> None:
    """Raises TooLarge (``result_too_large``) when a picture of that size may not be made."""
    if width * height > most_pixels or max(width, height) > MOST_SIDE:
        raise TooLarge(
            f"The result would have {width:,} × {height:,} pixels; "
            f"the limit is {most_pixels / 1e6:,.1f} million and {MOST_SIDE:,} on a side. 结果图片太大。",
            code="result_too_large",
            param="prompt",
        )
