"""A watermark printed pale across a page of dark text: told from the text by how light it is and how far it reaches.

Where text stands on the watermark its strokes stay, with the grey rim that makes them smooth; all else that is paler
than ink becomes paper. A watermark as dark as the text, or one over a photograph, is beyond this.
"""

import cv2
import numpy as np
import numpy.typing as npt

from openhearth.engines.read_document.files.picture import Pixels
from openhearth.engines.read_document.paper.light import background

Grey = npt.NDArray[np.float32]

_LEAST_PAPER = 0.45  # of the page must be paper for it to be a page at all
_LEAST_LIGHT = 110  # of 255: what paper has even in a poor photograph
_SURELY_PAPER, _RIM = 0.80, 0.90  # of the paper's light; below the second is ink, its rim, or a mark
_LEAST_SHADE = 0.03
_MAD_TO_SIGMA = 1.48
_LEAST_MARK = 0.004  # of the page
_REACH, _SAME_SHADE = 4.0, 0.08  # times the height of letters; of the light of paper
_LARGE, _THICK = 2.2, 0.3  # times the height of letters: what reaches further is no letter's rim, and no line


def cleaned(pixels: Pixels) -> tuple[Pixels, float] | None:
    """The page without its watermark, and how much of the page that was; nothing changes when there is none.

    ``None`` when the picture is no page: too little of it is paper.
    """
    paper, relative, mark_below = _compared(pixels, background(pixels))
    if float(np.mean(relative > mark_below)) < _LEAST_PAPER or float(np.median(paper)) < _LEAST_LIGHT:
        return None
    ink = _ink_threshold(relative)
    text = (relative < ink).astype(np.uint8)
    letters = _letter_height(text)
    rim = cv2.dilate(text, np.ones((5, 5), np.uint8)) > 0
    pale = (relative < mark_below) & ~rim
    mark = _far_reaching(pale, pale | rim, letters)
    share = float(mark.mean())
    if share < _LEAST_MARK:
        return pixels, 0.0
    mark |= _beside(mark, pale, relative, letters)
    near = cv2.dilate(mark.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    result = pixels.copy()
    gone = near & (relative < 1.0) & ~rim
    result[gone] = paper[gone]
    halo = near & rim & (text == 0)
    result[halo] = _rims(pixels, paper, relative, ink)[halo]
    return result, share


def _compared(pixels: Pixels, brightest: Pixels) -> tuple[Pixels, Grey, float]:
    """The paper as it usually is, light as a part of the paper's, and below what it is more than grain. The darkest
    colour counts, so that coloured marks are seen."""
    part = pixels.astype(np.float32) / np.maximum(brightest.astype(np.float32), 16)
    darkest = cv2.GaussianBlur(part.min(axis=2), (0, 0), 0.8)
    light = darkest[darkest > _SURELY_PAPER]
    level = float(np.median(light)) if len(light) else 1.0
    grain = float(np.median(np.abs(light - level))) * _MAD_TO_SIGMA if len(light) else 0.0
    usual = np.asarray(np.clip(brightest * level, 0, 255), dtype=np.uint8)
    return usual, np.asarray(darkest / level, dtype=np.float32), 1 - max(_LEAST_SHADE, 3 * grain)


def _ink_threshold(relative: Grey) -> float:
    """Between ink and watermark, by Otsu's method among what is not paper."""
    marks = relative[relative < _RIM]
    if len(marks) < 200:
        return 0.5
    levels = (marks * 255).clip(0, 255).astype(np.uint8)[None]
    threshold, _ = cv2.threshold(levels, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return float(np.clip(threshold / 255, 0.25, 0.62))


def _letter_height(text: npt.NDArray[np.uint8]) -> float:
    count, _, stats, _ = cv2.connectedComponentsWithStats(text)
    heights = [int(row[cv2.CC_STAT_HEIGHT]) for row in stats[1:count] if row[cv2.CC_STAT_AREA] > 12]
    return float(np.median(heights)) if heights else 12.0


def _far_reaching(pale: npt.NDArray[np.bool_], all_ink: npt.NDArray[np.bool_], letters: float) -> npt.NDArray[np.bool_]:
    """Parts of the mark: what reaches further than letters do. Text that lies on it does not cut it into pieces, and
    pale text, however long its lines, is many small pieces."""
    solid = cv2.morphologyEx(all_ink.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    _, whole = cv2.connectedComponents(solid)
    count, parts, stats, _ = cv2.connectedComponentsWithStats((pale & (solid > 0)).astype(np.uint8))
    kept = np.zeros(int(whole.max()) + 1, np.bool_)
    for number in range(1, count):
        x, y, width, height, _area = stats[number]
        if max(width, height) > _LARGE * letters and min(width, height) > _THICK * letters:
            inside = parts[y : y + height, x : x + width] == number
            kept[np.unique(whole[y : y + height, x : x + width][inside])] = True
    kept[0] = False
    return np.asarray(kept[whole] & pale)


def _beside(
    mark: npt.NDArray[np.bool_], pale: npt.NDArray[np.bool_], relative: Grey, letters: float
) -> npt.NDArray[np.bool_]:
    """What is pale beside a mark and as dark as it is there: dots and short strokes of its characters."""
    side = (round(_REACH * letters) | 1,) * 2
    share = cv2.blur(mark.astype(np.float32), side)
    shade = cv2.blur(relative * mark, side) / np.maximum(share, 1e-6)
    return np.asarray(pale & (share > 1e-4) & (np.abs(relative - shade) < _SAME_SHADE))


def _rims(pixels: Pixels, paper: Pixels, relative: Grey, ink: float) -> Pixels:
    """Rims of letters on the mark, lightened as if the paper lay behind them: stretched between ink and mark."""
    local = cv2.erode(relative, np.ones((9, 9), np.uint8))
    top = cv2.dilate(relative, np.ones((9, 9), np.uint8))
    part = np.clip((relative - local) / np.maximum(top - local, 0.05), 0, 1)
    lightened = pixels.astype(np.float32) + (paper.astype(np.float32) - pixels) * (part**2)[..., None]
    return np.asarray(np.clip(lightened, 0, 255), dtype=np.uint8)
