"""Finding the sky without a network: it begins at the top, is smooth, and has a colour skies have.

The border is found per column (Shen and Wang, "Sky region detection in a single image for autonomous ground robot
navigation", 2013) and then drawn along the picture's own edges. A picture without sky gives an error rather than a
changed ceiling.
"""

import cv2
import numpy as np
import numpy.typing as npt

from openhearth.core.errors import RequestError
from openhearth.engines.edit_image.pixels.layers import Colours, Floats, at_most, colours_of, to_floats
from openhearth.engines.edit_image.ports import Mask, Pixels

_SEARCHED_PIXELS = 90_000
_LEAST_SHARE = 0.04


def sky(pixels: Pixels, person: Mask) -> Mask:
    """Where the sky is, soft at its edge. Raises RequestError ``no_sky_found``."""
    colours = colours_of(pixels)
    small = at_most(colours, _SEARCHED_PIXELS)
    size = (small.shape[1], small.shape[0])
    people = np.asarray(cv2.resize(person, size, interpolation=cv2.INTER_AREA), dtype=np.float32) > 0.3
    found = _like_sky(small, _above_border(small) & ~people, people)
    if found is None:
        raise RequestError("No sky was found in the picture. 图片中没有找到天空。", code="no_sky_found", param="prompt")
    mask = np.asarray(cv2.resize(found.astype(np.float32), colours.shape[1::-1], interpolation=cv2.INTER_LINEAR))
    return np.clip(_along_edges(mask.astype(np.float32), colours), 0, 1) * (1 - np.clip(person, 0, 1))


def _above_border(colours: Colours) -> npt.NDArray[np.bool_]:
    """Above the first strong edge of each column, for the edge strength that parts the colours best."""
    grey = cv2.GaussianBlur(cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY), (0, 0), 1.0)
    steep = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    rows = np.arange(colours.shape[0])[:, None]
    best, best_score = np.zeros(steep.shape, dtype=bool), 0.0
    for threshold in np.geomspace(12, 400, 28):
        edges = steep > threshold
        border = np.where(edges.any(axis=0), edges.argmax(axis=0), colours.shape[0])
        above = rows < border
        score = _parted(colours, above)
        if score > best_score:
            best, best_score = above, score
    return best


def _parted(colours: Colours, above: npt.NDArray[np.bool_]) -> float:
    """High when the colours above and below the border are each alike (equation 8 of the paper)."""
    area = int(above.sum())
    if area < 50 or above.size - area < 50:
        return 0.0
    spread = 0.0
    for part, weight in ((colours[above], 2.0), (colours[~above], 1.0)):
        covariance = np.cov(part.T.astype(np.float64))
        spread += weight * (abs(np.linalg.det(covariance)) + abs(np.linalg.eigvalsh(covariance)[-1]))
    return float(1.0 / (spread + 1e-6))


def _like_sky(
    colours: Colours, above: npt.NDArray[np.bool_], people: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_] | None:
    """The candidates that really have the colour of sky, grown to what is like them; None when they have not."""
    lab = np.asarray(cv2.cvtColor(to_floats(colours), cv2.COLOR_RGB2LAB), dtype=np.float32)
    smooth = _roughness(lab[..., 0]) < 4.0
    core = above & smooth
    if core.mean() < _LEAST_SHARE or core[0].mean() < 0.15 or not _skyward(lab[core]):
        return None
    mean, deviation = lab[core].mean(axis=0), np.maximum(lab[core].std(axis=0), (5.0, 2.5, 3.5))
    distance = np.sqrt((((lab - mean) / deviation) ** 2).mean(axis=2))
    like = ((distance < 2.2) & smooth & ~people) | core
    lowest = int(np.flatnonzero(core.any(axis=1))[-1])
    like[lowest + 1 :] = False
    like = np.asarray(cv2.morphologyEx(like.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))) > 0
    _, labels = cv2.connectedComponents(like.astype(np.uint8))
    touching = np.unique(labels[:2][like[:2]])
    sky_part = np.isin(labels, touching) & like
    near = np.asarray(cv2.dilate(sky_part.astype(np.uint8), np.ones((9, 9), np.uint8))) > 0
    sky_part |= near & (distance < 2.2) & ~people  # the smoothness test kept a distance from every edge
    return sky_part if sky_part.mean() >= _LEAST_SHARE else None


def _skyward(lab: Floats) -> bool:
    """Blue, cloud white or the warm light of a low sun; a wall's beige or grey is none of them."""
    light, red, blue = (float(np.median(lab[:, channel])) for channel in range(3))
    is_blue = blue < -6 and red < 12 and (light > 25 or blue < -15)
    is_cloud = light > 84 and abs(red) < 6 and -8 < blue < 8
    is_grey_photo = light > 70 and abs(red) < 0.5 and abs(blue) < 0.5
    is_glow = light > 45 and red > 10 and blue > 12 and float(lab[:, 0].std()) > 4
    return is_blue or is_cloud or is_grey_photo or is_glow


def _roughness(light: Floats) -> Floats:
    mean = cv2.blur(light, (5, 5))
    return np.asarray(np.sqrt(np.maximum(cv2.blur(light * light, (5, 5)) - mean * mean, 0)), dtype=np.float32)


def _along_edges(mask: Floats, colours: Colours) -> Mask:
    """Guided filter (He, Sun and Tang, 2010): the mask's edge moves onto the picture's edge."""
    guide = to_floats(np.asarray(cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY), dtype=np.uint8))
    reach = max(3, int(min(mask.shape) / 60)) * 2 + 1

    def mean(plane: Floats) -> Floats:
        return np.asarray(cv2.blur(plane, (reach, reach)), dtype=np.float32)

    mean_guide, mean_mask = mean(guide), mean(mask)
    slope = (mean(guide * mask) - mean_guide * mean_mask) / (mean(guide * guide) - mean_guide**2 + 1e-3)
    refined = mean(slope) * guide + mean(mean_mask - slope * mean_guide)
    return np.asarray(np.clip((refined - 0.15) / 0.7, 0, 1), dtype=np.float32)
