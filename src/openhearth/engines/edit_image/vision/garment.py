"""The pixels of one person's top or trousers, and nothing else: no skin, hair, helmet, badge or background.

Where the clothing can be comes from the pose; what it looks like is learnt from the middle of that place; each pixel
is then weighed: colours of the garment against colours of skin, hair, other things and the background around.
"""

import cv2
import msgspec
import numpy as np

from openhearth.core.errors import RequestError
from openhearth.engines.edit_image.ports import Mask
from openhearth.engines.edit_image.vision import poses, topology
from openhearth.engines.edit_image.vision.bodies import Body, filled, frame_of
from openhearth.engines.edit_image.vision.colours import Bools, Tone, likelihood, same_material, seen, tones
from openhearth.engines.edit_image.vision.crops import RGB, Floats
from openhearth.engines.edit_image.vision.edges import follow

WORK_SIDE = 448
WAIST, CROTCH = -0.28, 0.4  # in torso lengths from the hips: here both top and trousers may be
SEAM = 0.05  # where they are parted when both are of one cloth


class Zones(msgspec.Struct, frozen=True):
    """``zone``: where the part can be. ``core``: where it surely is. ``rival``: core of the other part."""

    zone: Bools
    core: Bools
    rival: Bools


def sees_trousers(body: Body) -> bool:
    """True when enough of the legs is in the picture, and the pose is one a body can have."""
    if body.pose is None or not body.sees(*poses.HIPS):
        return False
    down = body.hips().mean(0) - body.shoulders().mean(0)
    torso = max(float(np.linalg.norm(down)), 1.0)
    for hip, knee in zip(poses.HIPS, poses.KNEES, strict=True):
        thigh = body.pose.joints[knee] - body.pose.joints[hip]
        if body.sees(knee) and np.linalg.norm(thigh) > 0.45 * torso and thigh @ down > 0.12 * torso**2:
            return True
    return False


def garment_mask(picture: RGB, body: Body, part: str) -> Mask:
    """Soft mask of ``top`` or ``trousers`` in the size of ``picture``. Raises RequestError when it is not seen."""
    x, y, width, height = _frame(body.mask)
    scale = min(1.0, WORK_SIDE / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    near = body.view(x, y, scale, size)
    part_of_picture = cv2.resize(picture[y : y + height, x : x + width], size, interpolation=cv2.INTER_AREA)
    small = np.asarray(part_of_picture, np.uint8)
    found = _weigh(small, near, _places(near, part))
    out = np.zeros(body.shape, np.float32)
    out[y : y + height, x : x + width] = cv2.resize(found, (width, height), interpolation=cv2.INTER_LINEAR)
    if float(out.sum()) < 1e-3 * float(body.mask.sum()):
        raise not_seen(part)
    return out


def not_seen(part: str) -> RequestError:
    """The error for clothing that the picture does not show."""
    names = {"top": ("a top", "上衣"), "trousers": ("trousers", "裤子"), "outfit": ("clothes", "衣服")}
    english, chinese = names[part]
    return RequestError(
        f"No person with {english} visible was found in the picture. 图片中看不到人物的{chinese}。",
        code="no_top_found" if part == "top" else "no_trousers_found" if part == "trousers" else "no_outfit_found",
        param="prompt",
    )


def _frame(mask: Mask) -> tuple[int, int, int, int]:
    rows = np.flatnonzero((mask > 0.2).any(1))
    columns = np.flatnonzero((mask > 0.2).any(0))
    if len(rows) == 0:
        return 0, 0, mask.shape[1], mask.shape[0]
    margin = round(0.06 * max(rows[-1] - rows[0], columns[-1] - columns[0])) + 2
    x0, y0 = max(int(columns[0]) - margin, 0), max(int(rows[0]) - margin, 0)
    x1, y1 = min(int(columns[-1]) + margin, mask.shape[1]), min(int(rows[-1]) + margin, mask.shape[0])
    return x0, y0, x1 - x0, y1 - y0


def _places(body: Body, part: str) -> Zones:
    clothed = ~body.head() & ~body.feet()
    nothing = np.zeros(body.shape, np.bool_)
    upper = body.torso(low=0.85, inset=0.9)
    if not body.sees(*poses.HIPS) or not sees_trousers(body):
        return Zones(clothed, upper & ~body.neck(), nothing)
    below, legs = body.below_hips(), body.legs()
    if part == "top":
        return Zones(clothed & ((below < CROTCH) | body.arms()), upper & ~body.neck(), legs)
    return Zones(clothed & (below > WAIST) & ~(body.arms() & (below < 0)), legs, upper)


def _weigh(small: RGB, body: Body, places: Zones) -> Mask:
    colours = seen(small)
    reach = max(3, round(0.02 * max(body.shape)))
    sure = np.clip((follow(body.mask, small, reach, 1e-3) - 0.42) / 0.3, 0.004, 0.98).astype(np.float32)
    sure = np.maximum(sure, 0.15 * _rim(body.mask))  # the networks see no finer than this
    inner = (body.mask > 0.6) & places.zone
    skin, hair = skin_tones(colours, body), _hair_tones(colours, body)
    like_skin = likelihood(colours, skin) > 3e-4 if skin else np.zeros(body.shape, np.bool_)
    core = inner & places.core
    bare = core & like_skin
    if bare.sum() < 0.7 * core.sum():
        core &= ~like_skin
    rival = places.rival & (body.mask > 0.6)
    around = tones(colours[(body.mask < 0.35) & ~body.head()], 12)
    against = tones(colours[rival], 5)
    own, other, doubtful = _sorted_tones(colours, core, inner & ~core & ~rival, (against, around))
    if not own:
        return np.zeros(body.shape, np.float32)
    zone = places.zone & ~_beyond_seam(body, places, own, against)
    deep, unsure = _deep_inside(body.mask), likelihood(colours, doubtful)
    good = likelihood(colours, own) + deep * unsure
    rest = likelihood(colours, other) + (1 - deep) * unsure + 0.5 * likelihood(colours, hair)
    rest += _skin_share(body) * likelihood(colours, skin)
    backdrop = likelihood(colours, around)
    chance = sure * good / (sure * (good + rest) + (1 - sure) * backdrop + 1e-7)
    chance[~zone | ((body.mask < 0.06) & (sure < 0.1))] = 0
    return _whole(_smooth(chance.astype(np.float32), small, zone), core)


def _beyond_seam(body: Body, places: Zones, own: list[Tone], against: list[Tone]) -> Bools:
    """A suit's jacket and trousers look alike: then each ends at the hips instead of where its colour does."""
    if not against or not any(same_material(against[0], one) for one in own[:3]):
        return np.zeros(body.shape, np.bool_)
    below = body.below_hips()
    is_top = float(below[places.core].mean()) < 0 if places.core.any() else True
    return np.asarray((below > SEAM + 0.03) & ~body.arms() if is_top else below < SEAM - 0.03)


def _rim(mask: Mask) -> Mask:
    wide = 2 * max(2, round(0.012 * max(mask.shape))) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (wide, wide))
    return np.asarray(cv2.dilate((mask > 0.5).astype(np.uint8), kernel), np.float32)


def skin_tones(colours: Floats, body: Body) -> list[Tone]:
    """What this person's own skin looks like, from cheeks and nose (the forehead may be under hair); else empty."""
    if body.face is None:
        return []
    patch = np.zeros(body.shape, np.bool_)
    for outline in (topology.RIGHT_CHEEK, topology.LEFT_CHEEK, topology.NOSE):
        patch |= filled(body.face.landmarks[list(outline)], body.shape) > 128
    heap = tones(colours[patch], 4)
    return [tone for tone in heap if tone.share > 0.1 and tone.lightness > 0.5 * heap[0].lightness]


def _hair_tones(colours: Floats, body: Body) -> list[Tone]:
    if body.face is None:
        return []
    hull = filled(body.face.landmarks[list(topology.FACE_OVAL)], body.shape) > 0
    across, above = frame_of(body.face).coordinates(body.shape)
    return tones(colours[~hull & (above > 0.5) & (np.abs(across) < 0.8) & (body.mask > 0.7)], 3)


def _skin_share(body: Body) -> Floats:
    """How much skin is to be expected where: much at the neck and the hands, some elsewhere."""
    out = np.full(body.shape, 0.3, np.float32)
    out[body.neck()] = 3.0
    if body.pose is not None:
        reach = 0.25 * body.pose.shoulder_width
        ys, xs = np.mgrid[: body.shape[0], : body.shape[1]].astype(np.float32)
        for joint in (*poses.WRISTS, *poses.FINGERS):
            if body.sees(joint):
                x, y = body.pose.joints[joint]
                out[(xs - x) ** 2 + (ys - y) ** 2 < reach**2] = 2.0
    return out


def _sorted_tones(
    colours: Floats, core: Bools, outer: Bools, strangers: tuple[list[Tone], list[Tone]]
) -> tuple[list[Tone], list[Tone], list[Tone]]:
    """Tones of the garment, of everything else on this person, and doubtful ones.

    ``strangers`` are the tones of the other part of the clothing and of the background: a tone away from the core
    that is nearer to the background's than to the garment's may be a deep fold, or background that a careless body
    mask let in.
    """
    against, around = strangers
    heap = tones(colours[core], 7)
    if not heap:
        return [], [], []
    chief, pattern = _chief_tones(heap, _Cells(colours, core, heap))
    own = [heap[index] for index in (*chief, *pattern)]
    leading = [heap[index] for index in (chief[0], *pattern)]
    other = [tone for tone in heap if not any(tone is one for one in own)]
    other += [tone for tone in against if not any(same_material(tone, one) for one in own)]
    doubtful: list[Tone] = []
    for tone in tones(colours[outer], 9):
        tone = msgspec.structs.replace(tone, share=tone.share * 0.6)
        if not any(same_material(tone, one) for one in leading):
            other.append(tone)
        elif _apart(tone, own) <= _apart(tone, around):
            own.append(tone)
        else:
            doubtful.append(tone)
    return own, other, doubtful


def _deep_inside(mask: Mask) -> Mask:
    """1 well inside the person, falling to 0 towards the rim."""
    far = cv2.distanceTransform(np.pad((mask > 0.6).astype(np.uint8), 1, mode="edge"), cv2.DIST_L2, 3)[1:-1, 1:-1]
    return np.asarray(np.clip(far / (0.035 * max(mask.shape)) - 0.6, 0, 1), np.float32)


def _apart(tone: Tone, heap: list[Tone]) -> float:
    weight = np.asarray([0.5, 1, 1], np.float32)
    return min((float(np.linalg.norm((tone.middle - one.middle) * weight)) for one in heap), default=1e9)


def _chief_tones(heap: list[Tone], cells: "_Cells") -> tuple[list[int], list[int]]:
    """Which tones are the garment's main material (fullest first), and which lie among them as its pattern.

    The material is the one that covers most and, with its pattern, lies all over the place: cloth is everywhere, a
    collar is not. A rare tone cannot join two materials.
    """
    best: tuple[float, list[int], list[int]] = (-1.0, [], [])
    for index, tone in enumerate(heap):
        if tone.share < 0.35 * heap[0].share:
            continue
        chief = [index, *(k for k, one in enumerate(heap) if k != index and same_material(tone, one))]
        pattern = _pattern(heap, cells, chief)
        covered = sum(heap[k].share for k in (*chief, *pattern)) * cells.spread([*chief, *pattern])
        weight = covered * sum(heap[k].share for k in chief) * cells.spread(chief)
        if weight > best[0]:
            best = (weight, chief, pattern)
    return best[1], best[2]


def _pattern(heap: list[Tone], cells: "_Cells", chief: list[int]) -> list[int]:
    found: set[int] = set()
    for index, tone in enumerate(heap):
        group = [k for k, one in enumerate(heap) if k not in chief and (k == index or same_material(tone, one))]
        if index in group and sum(heap[k].share for k in group) > 0.06 and cells.among(group, chief):
            found.update(group)
    return sorted(found)


class _Cells:
    """In which cells of a grid over the core each tone is found."""

    def __init__(self, colours: Floats, core: Bools, heap: list[Tone]) -> None:
        ys, xs = np.nonzero(core)
        weighed = [((colours[ys, xs] - tone.middle) ** 2 / tone.spread).sum(-1) for tone in heap]
        owner = np.stack(weighed).argmin(0)
        rows = np.minimum((ys - ys.min()) * 10 // max(int(np.ptp(ys)), 1), 9)
        columns = np.minimum((xs - xs.min()) * 10 // max(int(np.ptp(xs)), 1), 9)
        cells = rows * 10 + columns
        self._total = np.bincount(cells, minlength=100)
        self._counts = [np.bincount(cells[owner == index], minlength=100) for index in range(len(heap))]

    def spread(self, indices: list[int]) -> float:
        """Share of the cells that hold a good deal of these tones."""
        used = self._total > 0
        here = np.sum([self._counts[k] for k in indices], axis=0)
        return float((here > 0.25 * self._total)[used].mean())

    def among(self, group: list[int], main: list[int]) -> bool:
        """True when tones lie evenly among the main ones: stripes and checks, not a shirt front or a badge."""
        used = self._total > 0
        there = (np.sum([self._counts[k] for k in main], axis=0) > 0.15 * self._total) & used
        here = (np.sum([self._counts[k] for k in group], axis=0) > 0.08 * self._total) & used
        both = int((here & there).sum())
        return both > 0.5 * max(int(there.sum()), 1) and both > 0.5 * max(int(here.sum()), 1)


def _smooth(chance: Mask, small: RGB, zone: Bools) -> Mask:
    calm = np.asarray(cv2.medianBlur((chance * 255).astype(np.uint8), 3) / 255, np.float32)
    out = follow(calm, small, 3, 4e-4)
    out = np.clip((out - 0.3) / 0.4, 0, 1)
    out[~zone] = 0
    return np.asarray(out, np.float32)


def _whole(mask: Mask, core: Bools) -> Mask:
    """Drop crumbs away from the garment; close pinholes in it."""
    solid = (mask > 0.5).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=8)
    if count < 2:
        return mask
    biggest = int(stats[1:, cv2.CC_STAT_AREA].max())
    keep = np.zeros(count, np.bool_)
    for index in range(1, count):
        area = int(stats[index, cv2.CC_STAT_AREA])
        keep[index] = area > 0.03 * biggest or (area > 0.004 * biggest and bool((core & (labels == index)).any()))
    kept = cv2.dilate(keep[labels].astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    out = np.where(kept, mask, 0).astype(np.float32)
    closed = cv2.morphologyEx(out, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    return np.asarray(closed, np.float32)
