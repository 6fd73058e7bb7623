"""Hair and lips."""

import cv2
import numpy as np

from openhearth.engines.edit_image.ports import Mask
from openhearth.engines.edit_image.vision import topology
from openhearth.engines.edit_image.vision.bodies import Body, filled, frame_of
from openhearth.engines.edit_image.vision.colours import Bools, Tone, likelihood, same_material, seen, tones
from openhearth.engines.edit_image.vision.crops import RGB, Floats
from openhearth.engines.edit_image.vision.edges import follow
from openhearth.engines.edit_image.vision.faces import FaceSeen
from openhearth.engines.edit_image.vision.garment import skin_tones


def lips_mask(faces: list[FaceSeen], shape: tuple[int, int]) -> Mask:
    """The red of the lips, without teeth and mouth, soft at its rim."""
    out = np.zeros(shape, np.float32)
    for face in faces:
        outer = filled(face.landmarks[list(topology.LIPS_OUTER)], shape)
        inner = filled(face.landmarks[list(topology.LIPS_INNER)], shape)
        ring = np.clip(outer.astype(np.float32) - inner, 0, 255) / 255
        blur = max(0.6, 0.006 * face.width)
        out = np.maximum(out, np.asarray(cv2.GaussianBlur(ring, (0, 0), blur), np.float32))
    out[out < 1 / 255] = 0
    return out


def hair_mask(picture: RGB, body: Body) -> Mask:
    """Soft mask of one person's hair; empty for a bald head or one wholly under a hat."""
    nothing = np.zeros(body.shape, np.float32)
    if body.face is None:
        return nothing
    colours = seen(picture)
    across, above = frame_of(body.face).coordinates(body.shape)
    hull = filled(body.face.landmarks[list(topology.FACE_OVAL)], body.shape) > 0
    forehead = hull & (above > 0.82)
    near = ((np.abs(across) < 1.4) & (above < 1.9) & (above > -1.1) & ~hull) | forehead
    skin = skin_tones(colours, body)
    own, other = _hair_and_rest(colours, _seeds(across, above, near & (body.mask > 0.75)), skin)
    if not own:
        return nothing
    chest = tones(colours[(body.mask > 0.6) & (above < -0.45) & (above > -2.5)], 5)
    other += [tone for tone in chest if not _close(tone, own[:2])]
    if any(tone.share > 0.15 and _close(tone, own[:2]) for tone in chest):
        near &= above > 0.1  # the clothes have the hair's colour: long hair could not be told from them
    around = tones(colours[near & (body.mask < 0.3)], 8)
    sure = np.clip((body.mask - 0.35) / 0.35, 0.01, 0.98) * _expected(across, above)
    bare = np.where(above > 1.03, 0.1, 1.5).astype(np.float32)
    good = likelihood(colours, own)
    rest = likelihood(colours, other) + bare * likelihood(colours, skin)
    chance = sure * good / (sure * (good + rest) + (1 - sure) * likelihood(colours, around) + 1e-8)
    chance[~near] = 0
    fine = follow(chance.astype(np.float32), picture, max(3, round(0.04 * body.face.width)), 4e-4)
    fine = np.clip((fine - 0.25) / 0.4, 0, 1)
    fine[~near] = 0
    return _touching(fine.astype(np.float32), above)


def _expected(across: Floats, above: Floats) -> Floats:
    """Hair is on the head; below the chin it is long hair at the sides, if at all."""
    below = np.clip((above + 1.1) / 1.1, 0, 1) * np.clip((np.abs(across) - 0.2) / 0.3, 0, 1) * 0.35
    return np.asarray(np.where(above > 0.1, 1.0, below), np.float32)


def _seeds(across: Floats, above: Floats, inner: Bools) -> tuple[Bools, Bools]:
    """On top of the head, and beside the face."""
    top = inner & (np.abs(across) < 0.35) & (above > 1.06) & (above < 1.27)
    sides = inner & (np.abs(across) > 0.5) & (np.abs(across) < 0.8) & (above > 0.15) & (above < 0.8)
    return top, sides


def _hair_and_rest(colours: Floats, seeds: tuple[Bools, Bools], skin: list[Tone]) -> tuple[list[Tone], list[Tone]]:
    """Tones of the hair, and of a hat if there is one: what hair there is then lies beside the face."""
    top = tones(colours[seeds[0]], 4)
    if sum(tone.share for tone in top if _close(tone, skin, 7)) > 0.6:  # a bald head
        top = []
    sides = [tone for tone in tones(colours[seeds[1]], 4) if not any(same_material(tone, one) for one in skin[:2])]
    if top and _is_hat(top):
        return [tone for tone in sides if not any(same_material(tone, one) for one in top)], top
    return top + [tone for tone in sides if not top or any(same_material(tone, one) for one in top)], []


def _is_hat(top: list[Tone]) -> bool:
    """Hair has one hue in more or less light; badges, bands and braids on a hat have others."""
    main = top[0]
    strong = main.chroma > 48
    return strong or any(
        tone.share > 0.12
        and (abs(tone.lightness - main.lightness) > 55 or np.hypot(*(tone.middle[1:] - main.middle[1:])) > 34)
        for tone in top[1:]
    )


def _close(tone: Tone, heap: list[Tone], most: float = 13) -> bool:
    return any(float(np.linalg.norm(tone.middle - one.middle)) < most for one in heap)


def _touching(mask: Mask, above: Floats) -> Mask:
    """Keep what is connected to the head above the chin."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((mask > 0.4).astype(np.uint8))
    if count < 2:
        return mask
    biggest = int(stats[1:, cv2.CC_STAT_AREA].max())
    keep = np.zeros(count, np.bool_)
    for index in range(1, count):
        place = labels == index
        keep[index] = stats[index, cv2.CC_STAT_AREA] > 0.05 * biggest and bool((above[place] > 0.2).any())
    kept = cv2.dilate(keep[labels].astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    return np.where(kept, mask, 0).astype(np.float32)
