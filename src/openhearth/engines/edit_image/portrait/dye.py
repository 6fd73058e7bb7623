"""Dyeing cloth, hair and lips in a photograph: another colour, the same folds, light and pattern.

Cloth is taken as "its colour × the light on it". The light is read from lightness, its range is fitted to what the new
colour shows under the same lamp (a black suit's folds span a few steps of lightness, a red suit's many), and the
new colour is lit with it in linear light: darker by multiplying, brighter until a channel is full and then to white.
"""

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from openhearth.engines.edit_image.portrait.cutting import cutting_of
from openhearth.engines.edit_image.ports import Mask
from openhearth.engines.edit_image.vision.colours import lab
from openhearth.engines.edit_image.vision.crops import RGB, Floats

STRIP_ROWS = 512
SAMPLES = 40_000
WHITE_GROUND = 60.0  # lightness
STRIPES = 0.22  # share of coloured pixels that makes white cloth a patterned one
LEAST_LIGHTNESS, MOST_LIGHTNESS = 13.0, 86.0  # leaves room for folds in black cloth, for creases in white


class Material(msgspec.Struct, frozen=True):
    """What the masked thing looks like now, in Lab: its usual colour and the range of its lightness.

    ``plain``: one stuff throughout (hair, lips), so that whatever differs in it is light and no pattern.
    """

    low: float
    usual: float
    high: float
    a: float
    b: float
    plain: bool = False

    @property
    def chroma(self) -> float:
        return float(np.hypot(self.a, self.b))


def alike(one: Material, other: Material) -> bool:
    """True when both may be the same cloth."""
    turn = float(np.hypot(one.a - other.a, one.b - other.b))
    return turn < 12 and abs(one.usual - other.usual) < 14


class Dye(msgspec.Struct, frozen=True):
    """The asked colour in Lab and as linear light."""

    lightness: float
    a: float
    b: float
    light: Floats  # linear r, g, b

    @property
    def chroma(self) -> float:
        return float(np.hypot(self.a, self.b))


def dye_of(rgb: tuple[int, int, int]) -> Dye:
    """The dye for an sRGB colour; pure black and white become what cloth of that colour looks like."""
    pixel = np.asarray([[rgb]], np.uint8)
    lightness, a, b = lab(pixel)[0, 0].tolist()
    fitted = float(np.clip(lightness, LEAST_LIGHTNESS, MOST_LIGHTNESS))
    light = linear(_rgb(np.asarray([[[fitted, a, b]]], np.float32)))[0, 0]
    return Dye(fitted, a, b, np.maximum(light, 1e-4))


def material_of(picture: RGB, mask: Mask) -> Material | None:
    """The masked thing's usual colour: the fullest of its colours, not their mean. None for an empty mask."""
    solid = mask > 0.9 if (mask > 0.9).sum() > 50 else mask > 0.4
    pixels = picture[solid]
    if len(pixels) == 0:
        return None
    picked = pixels[:: max(1, len(pixels) // SAMPLES)]
    colours = lab(picked[None])[0]
    usual = _usual(colours)
    near = colours[np.linalg.norm((colours - usual) * np.asarray([0.5, 1, 1], np.float32), axis=1) < 18]
    if len(near) < 0.05 * len(colours):
        near = colours
    middle, a, b = np.median(near, axis=0).tolist()
    low, high = np.percentile(colours[:, 0], [2, 98]).tolist()
    return Material(min(low, middle - 1), middle, max(high, middle + 1), a, b)


def _usual(colours: Floats) -> Floats:
    """The fullest colour; of white cloth with coloured stripes or checks, the stripes' colour."""
    usual = _densest(colours)
    if usual[0] < WHITE_GROUND or np.hypot(*usual[1:]) > 12:
        return usual
    colourful = colours[np.hypot(colours[:, 1], colours[:, 2]) > 22]
    return _densest(colourful) if len(colourful) > STRIPES * len(colours) else usual


def _densest(colours: Floats) -> Floats:
    cells = np.round(colours / np.asarray([8, 6, 6], np.float32)).astype(np.int32)
    _, first, counts = np.unique(cells, axis=0, return_index=True, return_counts=True)
    centres = cells[first].astype(np.float32)
    nearby = (np.abs(centres[:, None] - centres[None]).max(-1) <= 1) @ counts
    return np.asarray(colours[first[int(nearby.argmax())]], np.float32)


def dyed(picture: RGB, mask: Mask, dye: Dye, material: Material) -> RGB:
    """A copy of the picture with the masked thing dyed; all pixels away from it are the same bytes."""
    out = picture.copy()
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if len(rows) == 0:
        return out
    reach = max(2, round(max(picture.shape[:2]) / 250))
    overlap = 8 * reach
    left, right = max(int(columns[0]) - overlap, 0), min(int(columns[-1]) + 1 + overlap, picture.shape[1])
    end = min(int(rows[-1]) + 1 + overlap, picture.shape[0])
    for top in range(max(int(rows[0]) - overlap, 0), end, STRIP_ROWS):
        bottom = min(top + STRIP_ROWS, end)
        above, below = max(top - overlap, 0), min(bottom + overlap, picture.shape[0])
        strip = np.s_[above:below, left:right]
        after = _strip(picture[strip], mask[strip], (dye, material), reach)
        out[top:bottom, left:right] = after[top - above : bottom - above]
    return out


def _strip(part: RGB, mask: Mask, change: tuple[Dye, Material], reach: int) -> RGB:
    cutting = cutting_of(part, mask, reach)
    share = cutting.share[..., None]
    own = np.clip(cutting.own, 0, 255)
    after = part + share * (_lit(own, cutting.share, change, reach) - own)
    return np.where(share > 0, np.clip(np.round(after), 0, 255), part).astype(np.uint8)


def _lit(own: Floats, share: Mask, change: tuple[Dye, Material], reach: int) -> Floats:
    dye, material = change
    colours = _lab(own / 255)
    belongs = _belongs(colours, material)
    shading = _shading(colours[..., 0], share, material, reach)
    lit = lab_of_light(dye, _lightness(shading, dye, material))
    kept = _kept(colours, material, dye)
    return np.asarray(np.clip(_rgb(lit * belongs + kept * (1 - belongs)), 0, 1) * 255, np.float32)


def _belongs(colours: Floats, material: Material) -> Floats:
    """How far each pixel has the material's own colour, in whatever light; stripes of other colours do not."""
    a, b = colours[..., 1], colours[..., 2]
    if material.plain:
        return np.ones((*a.shape, 1), np.float32)
    if material.chroma > 14:
        along = (a * material.a + b * material.b) / material.chroma
        aside = np.abs(a * material.b - b * material.a) / material.chroma
        strength = np.clip(colours[..., 0] / max(material.usual, 8.0), 0.25, 1.1) * material.chroma
        own = _ramp(along / strength, 0.1, 0.4) * (1 - _ramp(aside / strength, 0.55, 0.95))
        dark = 1 - _ramp(colours[..., 0], 6, 16)  # in black shadow there is no hue to go by
        return np.asarray(np.maximum(own, dark)[..., None], np.float32)
    apart = np.hypot(a - material.a, b - material.b)
    own = 1 - _ramp(apart, 14, 26)
    if material.usual < 22:  # a trace of navy in black is black
        own = np.maximum(own, 1 - _ramp(colours[..., 0], 12, 24) * _ramp(apart, 14, 40))
    return np.asarray(own[..., None], np.float32)


def _kept(colours: Floats, material: Material, dye: Dye) -> Floats:
    """A pattern's other colours: turned along with the main one when both are colourful, else left as they are."""
    if material.chroma <= 14 or dye.chroma <= 8:
        return colours
    turn = complex(dye.a, dye.b) / complex(material.a, material.b)
    turn /= abs(turn)
    before = colours[..., 1] + 1j * colours[..., 2]
    clear = _ramp(np.abs(before).astype(np.float32), 8, 18)  # a cast on white or grey stays what it is
    turned = before * (1 + (turn - 1) * clear)
    return np.dstack([colours[..., 0], turned.real, turned.imag]).astype(np.float32)


def _ramp(values: Floats, low: float, high: float) -> Floats:
    x = np.clip((values - low) / (high - low), 0, 1)
    return np.asarray(x * x * (3 - 2 * x), np.float32)


def _shading(lightness: Floats, share: Mask, material: Material, reach: int) -> Floats:
    """Lightness to work from: in dark cloth the broad folds are drawn out and grain and compression marks held back."""
    dark = float(np.clip((16 - material.usual) / 8, 0, 1))
    if dark == 0:
        return lightness
    weight = share + 1e-3
    broad = cv2.GaussianBlur(lightness * weight, (0, 0), 2 * reach) / cv2.GaussianBlur(weight, (0, 0), 2 * reach)
    calm = cv2.bilateralFilter(cv2.medianBlur(lightness, 3), 7, 5, 2.5)
    lifted = material.usual + 1.3 * (broad - material.usual) + 0.8 * (calm - broad) + 0.15 * (lightness - calm)
    return np.asarray(lightness + (lifted - lightness) * dark, np.float32)


def _lightness(before: Floats, dye: Dye, material: Material) -> Floats:
    """Old lightness to new: low, usual and high map to low, asked and high of the new colour; smooth in between."""
    usual = dye.lightness
    below = max(material.usual - material.low, 1.0)
    above = max(material.high - material.usual, 1.0)
    depth = (material.usual + 6) / (material.low + 6)  # how many times darker the deep folds are
    low = usual / np.clip(depth, 1.3, 3.2)
    down = np.clip((usual - low) / below, 0.25, 4.0)
    room = 97.0 - usual
    up = np.clip(min(0.45 * usual + 8, room, 2.0 * above) / above, 0.15, 3.5)
    shift = before - material.usual
    # the two slopes meet in a rounded corner, so that no edge appears where cloth crosses its usual lightness
    turn = 0.5 * (1 + np.tanh(shift / 3.0))
    after = usual + shift * (down + (up - down) * turn)
    soft = np.where(after > 90, 90 + 9 * np.tanh((after - 90) / 9), after)
    return np.asarray(np.maximum(soft, 0.5 * low), np.float32)


def lab_of_light(dye: Dye, lightness: Floats) -> Floats:
    """The dye under more or less light, in Lab, for each wanted lightness."""
    levels = np.linspace(0, 100, 201, dtype=np.float32)
    wanted = _luminance(levels)
    weights = np.asarray([0.2126, 0.7152, 0.0722], np.float32)
    own = float(dye.light @ weights)
    factor = wanted / own
    full = 1 / float(dye.light.max())
    base = dye.light[None] * np.minimum(factor, full)[:, None]
    lacking = np.clip((wanted - base @ weights) / np.maximum(1 - base @ weights, 1e-6), 0, 1)
    light = base + (1 - base) * lacking[:, None]
    table = _lab(gamma(light)[None])[0]
    place = np.clip(lightness * 2, 0, 200)
    out = np.empty((*lightness.shape, 3), np.float32)
    for channel in range(3):
        out[..., channel] = np.interp(place, np.arange(201), table[:, channel])
    return out


def linear(rgb: Floats) -> Floats:
    """sRGB 0 … 1 to linear light."""
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4).astype(np.float32)


def gamma(light: Floats) -> Floats:
    """Linear light to sRGB 0 … 1."""
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055).astype(np.float32)


def _luminance(lightness: Floats) -> Floats:
    f = (lightness + 16) / 116
    return np.where(lightness > 8, f**3, lightness / 903.3).astype(np.float32)


def _lab(rgb: npt.NDArray[np.floating]) -> Floats:
    return np.asarray(cv2.cvtColor(rgb.astype(np.float32), cv2.COLOR_RGB2Lab), np.float32)


def _rgb(colours: Floats) -> Floats:
    return np.asarray(cv2.cvtColor(colours.astype(np.float32), cv2.COLOR_Lab2RGB), np.float32)
