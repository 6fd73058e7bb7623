"""The operation on everything behind the people: away, one colour, another picture, or out of focus."""

import cv2
import numpy as np

from openhearth.core.errors import RequestError
from openhearth.engines.edit_image.plan import Background, Op
from openhearth.engines.edit_image.portrait.cutting import Cutting, cutting_of
from openhearth.engines.edit_image.ports import Mask, Pixels, Scene
from openhearth.engines.edit_image.vision.crops import Floats

LEAST_PERSON = 0.002  # share of the picture


def change_background(pixels: Pixels, step: Op, scene: Scene, others: list[Pixels]) -> Pixels:
    """``replace`` fills the picture with ``others[step.picture - 2]``: the request's pictures count from 1, and the
    first is the one being edited. Raises RequestError when there is no person or no such picture."""
    assert isinstance(step, Background)
    if step.action == "replace" and not 2 <= step.picture <= len(others) + 1:
        raise RequestError(
            f"The background was to be picture {step.picture}, but {len(others) + 1} picture(s) were sent. "
            f"要用第{step.picture}张图片做背景，但只收到{len(others) + 1}张图片。",
            code="missing_picture",
            param="image",
        )
    person = scene.person
    if float(person.mean()) < LEAST_PERSON:
        raise RequestError(
            "No person was found in front of the background. 图片中没有找到人物，无法区分背景。",
            code="no_person_found",
            param="image",
        )
    reach = max(2, round(max(pixels.shape[:2]) / 250))
    cutting = cutting_of(np.ascontiguousarray(pixels[..., :3]), person, reach)
    if step.action == "remove":
        return _without(pixels, cutting)
    if step.action == "blur":
        return _over(pixels, cutting, _out_of_focus(pixels, person, step.amount), see_through=True)
    if step.action == "replace":
        return _over(pixels, cutting, _covering(others[step.picture - 2], pixels.shape[:2]), see_through=False)
    rgb = step.colour.rgb if step.colour is not None else (255, 255, 255)
    return _over(pixels, cutting, np.full((*pixels.shape[:2], 3), rgb, np.float32), see_through=False)


def _without(pixels: Pixels, cutting: Cutting) -> Pixels:
    colour = np.clip(np.round(cutting.own), 0, 255).astype(np.uint8)
    colour = np.where(cutting.share[..., None] >= 1, pixels[..., :3], colour)
    alpha = np.round(pixels[..., 3] * cutting.share).astype(np.uint8)
    return np.dstack([colour, alpha])


def _over(pixels: Pixels, cutting: Cutting, behind: Floats, *, see_through: bool) -> Pixels:
    """The people over something else. ``see_through``: transparent places of the picture stay so."""
    share = cutting.share[..., None]
    if not see_through:
        share = np.asarray(share * (pixels[..., 3:] / 255), np.float32)
    mixed = cutting.own * share + behind * (1 - share)
    colour = np.where(share >= 1, pixels[..., :3], np.clip(np.round(mixed), 0, 255)).astype(np.uint8)
    alpha = pixels[..., 3] if see_through else np.full(pixels.shape[:2], 255, np.uint8)
    return np.dstack([colour, alpha])


def _out_of_focus(pixels: Pixels, person: Mask, amount: float) -> Floats:
    """The background alone, blurred: the people's colours take no part, so that they get no halo."""
    longest = max(pixels.shape[:2])
    sigma = max(1.0, (0.004 + 0.03 * float(np.clip(abs(amount), 0, 1))) * longest)
    shrink = max(1, int(sigma // 4))  # a wide blur looks the same when done on a smaller picture
    size = max(1, pixels.shape[1] // shrink), max(1, pixels.shape[0] // shrink)
    grow = max(1, round(longest / 250 / shrink))
    kernel = np.ones((2 * grow + 1, 2 * grow + 1), np.uint8)
    away = 1 - cv2.dilate(cv2.resize(person, size, interpolation=cv2.INTER_AREA), kernel)
    weight = np.clip(away, 1e-4, 1).astype(np.float32)[..., None]
    small = cv2.resize(pixels[..., :3], size, interpolation=cv2.INTER_AREA).astype(np.float32)
    spread = sigma / shrink
    total = cv2.GaussianBlur(weight, (0, 0), spread)[..., None]
    blurred = cv2.GaussianBlur(small * weight, (0, 0), spread) / np.maximum(total, 1e-8)
    wide = cv2.resize(blurred, (pixels.shape[1], pixels.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(wide, np.float32)


def _covering(other: Pixels, shape: tuple[int, ...]) -> Floats:
    """The other picture scaled until it covers ``shape`` and cut around its middle; see-through parts become white."""
    height, width = shape[:2]
    scale = max(width / other.shape[1], height / other.shape[0])
    size = max(width, round(other.shape[1] * scale)), max(height, round(other.shape[0] * scale))
    alpha = other[..., 3:].astype(np.float32) / 255
    solid = other[..., :3] * alpha + 255 * (1 - alpha)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    fitted = cv2.resize(solid.astype(np.float32), size, interpolation=method)
    x, y = (size[0] - width) // 2, (size[1] - height) // 2
    return np.asarray(np.clip(fitted[y : y + height, x : x + width], 0, 255), np.float32)
