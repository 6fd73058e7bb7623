"""Light, colour and sharpness, of the whole picture or a region.

An amount of 0.3 is a plain "a bit", 1 is as much as still looks like a photograph. Light is changed by curves that do
not clip.
"""

from collections.abc import Callable

import cv2
import numpy as np

from openhearth.core.errors import RequestError
from openhearth.engines.edit_image.pixels.layers import (
    Colours,
    Floats,
    blurred,
    colours_of,
    mixed,
    premultiplied,
    straight,
    to_bytes,
    to_floats,
    with_alpha_of,
)
from openhearth.engines.edit_image.pixels.sky import sky
from openhearth.engines.edit_image.plan import Adjust
from openhearth.engines.edit_image.ports import Mask, Pixels, Scene

_LUMA = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
_PERSON_SHARE = 0.002  # less of the picture than this is noise of the person mask


def adjust(pixels: Pixels, step: Adjust, scene: Scene, others: list[Pixels]) -> Pixels:
    """One adjustment. Raises RequestError ``no_sky_found`` or ``no_person_found`` when the region is not there."""
    region = _region(pixels, step.region, scene)
    if step.kind == "blur" or (step.kind == "sharpen" and step.amount < 0):
        return _blur(pixels, abs(step.amount), region)
    changed = with_alpha_of(pixels, _KINDS[step.kind](colours_of(pixels), step.amount))
    return changed if region is None else mixed(pixels, changed, region)


def _region(pixels: Pixels, region: str, scene: Scene) -> Mask | None:
    if region == "all":
        return None
    if region == "sky":
        return sky(pixels, scene.person)
    person = scene.person
    if float(person.mean()) < _PERSON_SHARE:
        raise RequestError(
            "No person was found in front of the background. 图片中没有找到人物，无法区分背景。",
            code="no_person_found",
            param="prompt",
        )
    return 1 - person


def _by_table(colours: Colours, curve: Callable[[Floats], Floats]) -> Colours:
    table = to_bytes(curve(np.linspace(0, 1, 256, dtype=np.float32)))
    return np.asarray(cv2.LUT(colours, table), dtype=np.uint8)


def _brightness(colours: Colours, amount: float) -> Colours:
    """Up by a gamma curve, which keeps white (1 lifts 0.5 to 0.76); down as with less exposure, so that a white sky
    darkens too (-1 halves white and brings 0.5 to 0.19)."""
    if amount >= 0:
        return _by_table(colours, lambda light: light ** (2.0 ** (-1.35 * amount)))
    return _by_table(colours, lambda light: (1 + 0.5 * amount) * light ** (2.0 ** (-0.5 * amount)))


def _contrast(colours: Colours, amount: float) -> Colours:
    """An S curve around the picture's own middle tone; negative amounts flatten towards it."""
    middle = float(np.clip(to_floats(colours).mean(), 0.2, 0.8))
    if amount < 0:
        return _by_table(colours, lambda light: middle + (light - middle) * (1 + 0.85 * amount))
    steep = 0.5 + 7.5 * amount

    def bent(light: Floats) -> Floats:
        s = 1 / (1 + np.exp(-steep * (light - middle)))
        low, high = 1 / (1 + np.exp(steep * middle)), 1 / (1 + np.exp(-steep * (1 - middle)))
        straightened = (s - low) / (high - low)
        return np.asarray(light + (straightened - light) * min(1.0, 2.5 * amount), dtype=np.float32)

    return _by_table(colours, bent)


def _saturation(colours: Colours, amount: float) -> Colours:
    """Distance from grey of the same luma, -1 is grey; already strong colours are raised less."""
    values = to_floats(colours)
    grey = (values @ _LUMA)[..., None]
    away = values - grey
    if amount > 0:
        strength = np.abs(away).max(axis=2, keepdims=True)
        return to_bytes(grey + away * (1 + 1.4 * amount * (1 - 0.5 * np.clip(strength * 1.5, 0, 1))))
    return to_bytes(grey + away * (1 + amount))


def _warmth(colours: Colours, amount: float) -> Colours:
    """Towards amber (positive) or blue, light kept."""
    values = to_floats(colours)
    gains = np.array([1 + 0.22 * amount, 1 + 0.03 * amount, 1 - 0.26 * amount], dtype=np.float32)
    warmed = values * gains
    before, after = values @ _LUMA, warmed @ _LUMA
    return to_bytes(warmed * (before / np.maximum(after, 1e-4))[..., None])


def _sharpen(colours: Colours, amount: float) -> Colours:
    """Unsharp mask on light only, without the faintest differences (noise)."""
    values = to_floats(colours)
    light = values @ _LUMA
    radius = max(0.8, min(light.shape) / 900)
    detail = light - blurred(light, radius)
    kept = np.sign(detail) * np.maximum(np.abs(detail) - 0.006, 0)
    return to_bytes(values + (2.6 * amount * kept)[..., None])


def _denoise(colours: Colours, amount: float) -> Colours:
    """Non-local means (Buades, Coll and Morel, 2005), colour noise more than light; large pictures search less far."""
    strength = 3.0 + 12.0 * abs(amount)
    reach = 21 if colours.shape[0] * colours.shape[1] < 2_000_000 else 11
    clean = cv2.fastNlMeansDenoisingColored(colours, None, strength, strength * 1.3, 5, reach)
    return np.asarray(clean, dtype=np.uint8)


def _blur(pixels: Pixels, amount: float, region: Mask | None) -> Pixels:
    """Gaussian; pixels outside the region lend it no colour, so no halo forms around a person."""
    sigma = max(0.6, amount * 0.03 * min(pixels.shape[:2]))
    colours = to_floats(colours_of(pixels))
    if region is None:
        if int(pixels[..., 3].min()) == 255:
            return with_alpha_of(pixels, to_bytes(blurred(colours, sigma)))
        soft = straight(blurred(premultiplied(pixels), sigma))
        return with_alpha_of(pixels, np.where(soft[..., 3:] > 0, soft[..., :3], pixels[..., :3]))
    weight = np.clip(region, 0, 1)[..., None] ** 2 + 1e-4
    soft_colours = blurred(colours * weight, sigma) / np.maximum(blurred(weight[..., 0], sigma), 1e-6)[..., None]
    return mixed(pixels, with_alpha_of(pixels, to_bytes(soft_colours)), region)


_KINDS: dict[str, Callable[[Colours, float], Colours]] = {
    "brightness": _brightness,
    "contrast": _contrast,
    "saturation": _saturation,
    "warmth": _warmth,
    "sharpen": _sharpen,
    "denoise": _denoise,
}
