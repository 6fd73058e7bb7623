"""Colour as the eye sees it (CIE L*a*b*), and small models of "the colours of this thing"."""

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from openhearth.engines.edit_image.vision.crops import RGB, Floats

Bools = npt.NDArray[np.bool_]
LEAST_SPREAD = np.asarray([5.0, 3.0, 3.0], np.float32)  # no material is more uniform than this in a photograph


def lab(picture: RGB) -> Floats:
    """L 0 … 100, a and b about -128 … 127, as float32, for an RGB picture."""
    return np.asarray(cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2Lab), np.float32)


def seen(picture: RGB) -> Floats:
    """Like ``lab``, with hue counting less in the dark, where cameras invent it: near-black navy is black."""
    colours = lab(picture)
    colours[..., 1:] *= np.clip((colours[..., :1] + 3) / 17, 0, 1)
    return colours


class Tone(msgspec.Struct, frozen=True):
    """One heap of similar colours: its middle and spread in Lab, and the share of pixels it holds."""

    middle: Floats
    spread: Floats  # variance per channel
    share: float

    @property
    def lightness(self) -> float:
        return float(self.middle[0])

    @property
    def chroma(self) -> float:
        return float(np.hypot(self.middle[1], self.middle[2]))

    @property
    def hue(self) -> float:
        """Radians."""
        return float(np.arctan2(self.middle[2], self.middle[1]))


def tones(samples: Floats, count: int, most: int = 6000) -> list[Tone]:
    """k-means over n × 3 Lab samples, always with the same result for the same samples. Empty for no samples."""
    if len(samples) == 0:
        return []
    picked = samples[:: max(1, len(samples) // most)].astype(np.float32)
    centres = _spread_out(picked, count)
    for _ in range(12):
        owner = _nearest(picked, centres)
        for index in range(len(centres)):
            own = picked[owner == index]
            if len(own):
                centres[index] = own.mean(0)
    owner = _nearest(picked, centres)
    found = []
    for index, centre in enumerate(centres):
        own = picked[owner == index]
        if len(own) >= 3:
            spread = np.maximum(own.var(0), LEAST_SPREAD**2)
            found.append(Tone(centre.copy(), spread.astype(np.float32), len(own) / len(picked)))
    return sorted(found, key=lambda tone: -tone.share)


def _nearest(samples: Floats, centres: Floats) -> npt.NDArray[np.intp]:
    return np.asarray(((samples[:, None] - centres[None]) ** 2).sum(-1).argmin(1))


def _spread_out(samples: Floats, count: int) -> Floats:
    """First centres: the median, then again and again a sample far from all (a high quantile, not an outlier)."""
    centres = [np.median(samples, axis=0)]
    distance = ((samples - centres[0]) ** 2).sum(1)
    for _ in range(count - 1):
        order = np.argsort(distance)
        chosen = samples[order[int(0.98 * (len(order) - 1))]]
        centres.append(chosen)
        distance = np.minimum(distance, ((samples - chosen) ** 2).sum(1))
    return np.asarray(centres, np.float32)


def likelihood(colours: Floats, heap: list[Tone]) -> Floats:
    """Density of each colour (… × 3) under the mixture of tones."""
    out = np.zeros(colours.shape[:-1], np.float32)
    for tone in heap:
        distance = ((colours - tone.middle) ** 2 / tone.spread).sum(-1)
        out += tone.share / float(np.sqrt(tone.spread.prod())) * np.exp(-0.5 * distance)
    return out


def same_material(a: Tone, b: Tone) -> bool:
    """True when one tone may be the other in more or less light."""
    if max(a.chroma, b.chroma) > 14:
        if min(a.chroma, b.chroma) < max(10, 0.38 * max(a.chroma, b.chroma)):
            return False
        turn = abs(np.angle(np.exp(1j * (a.hue - b.hue))))
        fullness = (a.chroma / (a.lightness + 8)) / (b.chroma / (b.lightness + 8))
        return bool(turn < 0.42 and 0.45 < fullness < 2.2 and abs(a.lightness - b.lightness) < 48)
    apart = float(np.hypot(*(a.middle[1:] - b.middle[1:])))
    room = (
        27 if min(a.lightness, b.lightness) < 40 else 40
    )  # folds of white cloth go far down, greys of black do not go up
    return apart < 11 and abs(a.lightness - b.lightness) < room
