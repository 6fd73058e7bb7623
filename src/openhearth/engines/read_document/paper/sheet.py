"""The four corners of a sheet of paper in a photograph.

Several ways of telling paper from table propose quadrilaterals; the one whose sides lie on real edges wins, and each of
its sides is then fitted to the edge at full size, so that corners are right to a pixel or two.
"""

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from openhearth.engines.read_document.files.picture import Pixels

Corners = npt.NDArray[np.float64]  # 4 × 2: top left, top right, bottom right, bottom left
Grey = npt.NDArray[np.float32]

_LOOK = 720
_LEAST_AREA, _MOST_AREA = 0.10, 0.96
_LEAST_EDGE = 0.5  # of each side that must lie on an edge
_LEAST_ANGLE, _MOST_ANGLE = 50.0, 130.0
_SAMPLES = 90
_INSIDE, _OUTSIDE = 0.96, 1.04
_LEAST_LIGHTER = 14.0  # of 255
_LEAST_PLAIN = 0.55


class _Candidate(msgspec.Struct, frozen=True):
    corners: Corners
    score: float


def find_sheet(pixels: Pixels) -> Corners | None:
    """Corners of the one sheet that fills a good part of the picture, or ``None`` when there is no such thing."""
    scale = min(1.0, _LOOK / max(pixels.shape[:2]))
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else pixels
    lab = cv2.cvtColor(cv2.GaussianBlur(small, (0, 0), 1.5), cv2.COLOR_RGB2LAB).astype(np.float32)
    steep = _steepness(lab)
    candidates = [
        _Candidate(corners, _score(corners, steep, small.shape[:2]) if _is_paper(corners, lab) else 0.0)
        for mask in _masks(lab, steep)
        for corners in _quadrilaterals(mask)
    ]
    best = max(candidates, key=lambda candidate: candidate.score, default=None)
    if best is None or best.score <= 0:
        return None
    return _fitted(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32), best.corners / scale)


def flattened(pixels: Pixels, corners: Corners) -> tuple[Pixels, npt.NDArray[np.float64]]:
    """The sheet seen from straight above, and the matrix from its pixels back to those of the picture."""
    sides = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1)
    width, height = max(8, round(max(sides[0], sides[2]))), max(8, round(max(sides[1], sides[3])))
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), target)
    flat = cv2.warpPerspective(pixels, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(flat, dtype=np.uint8), np.asarray(np.linalg.inv(matrix), dtype=np.float64)


def _steepness(lab: Grey) -> Grey:
    """How strongly lightness and colour change, the strongest of the three channels."""
    gradients = [
        cv2.magnitude(
            cv2.Sobel(np.ascontiguousarray(lab[..., channel]), cv2.CV_32F, 1, 0),
            cv2.Sobel(np.ascontiguousarray(lab[..., channel]), cv2.CV_32F, 0, 1),
        )
        for channel in range(3)
    ]
    return np.asarray(np.max(gradients, axis=0), dtype=np.float32)


def _masks(lab: Grey, steep: Grey) -> list[npt.NDArray[np.uint8]]:
    """Guesses of what is paper: brighter than Otsu's threshold, unlike the rim of the picture, inside of edges."""
    light = lab[..., 0].clip(0, 255).astype(np.uint8)
    _, bright = cv2.threshold(light, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    rim = np.concatenate(
        [lab[:6].reshape(-1, 3), lab[-6:].reshape(-1, 3), lab[:, :6].reshape(-1, 3), lab[:, -6:].reshape(-1, 3)]
    )
    unlike = np.linalg.norm(lab - np.median(rim, axis=0), axis=2)
    _, other = cv2.threshold(unlike.clip(0, 255).astype(np.uint8), 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    edges = (steep > max(24.0, float(np.percentile(steep, 88)))).astype(np.uint8) * 255
    closed = cv2.morphologyEx(edges, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    side = max(5, max(light.shape) // 60) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    solid = [
        cv2.morphologyEx(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, kernel), cv2.MORPH_OPEN, kernel)
        for mask in (bright, other)
    ]
    return [*(np.asarray(mask, dtype=np.uint8) for mask in solid), np.asarray(closed, dtype=np.uint8)]


def _quadrilaterals(mask: npt.NDArray[np.uint8]) -> list[Corners]:
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    found = []
    for contour in sorted(contours, key=cv2.contourArea, reverse=True)[:4]:
        hull = cv2.convexHull(contour)
        length = cv2.arcLength(hull, closed=True)
        for tolerance in (0.02, 0.03, 0.045, 0.06, 0.08):
            shape = cv2.approxPolyDP(hull, tolerance * length, closed=True).reshape(-1, 2)
            if len(shape) == 4:
                found.append(_from_top_left(shape.astype(np.float64)))
                break
    return found


def _from_top_left(points: Corners) -> Corners:
    """Clockwise, beginning at the top left."""
    middle = points.mean(axis=0)
    clockwise = points[np.argsort(np.arctan2(points[:, 1] - middle[1], points[:, 0] - middle[0]))]
    return np.asarray(np.roll(clockwise, -int(np.argmin(clockwise.sum(axis=1))), axis=0))


def _score(corners: Corners, steep: Grey, shape: tuple[int, ...]) -> float:
    """Area times how much of the outline lies on edges; 0 for what cannot be a sheet."""
    height, width = shape[:2]
    area = cv2.contourArea(corners.astype(np.float32)) / (height * width)
    if not _LEAST_AREA < area < _MOST_AREA or not all(_LEAST_ANGLE < angle < _MOST_ANGLE for angle in _angles(corners)):
        return 0.0
    on_rim = [
        bool(np.all(_is_on_rim(np.array([corners[side], corners[(side + 1) % 4]]), height, width))) for side in range(4)
    ]
    if sum(on_rim) > 1:
        return 0.0
    support = [1.0 if on_rim[side] else _support(corners[side], corners[(side + 1) % 4], steep) for side in range(4)]
    return area**0.5 * float(np.mean(support)) if min(support) >= _LEAST_EDGE else 0.0


def _is_paper(corners: Corners, lab: Grey) -> bool:
    """Lighter than what lies around it, and mostly of one colour: no table on a page, no picture on a wall."""
    middle = corners.mean(axis=0)
    steps = [_mean_light(middle + (corners - middle) * factor, lab) for factor in (_INSIDE, _OUTSIDE)]
    lighter = steps[0] - steps[1]
    if np.sum(lighter > _LEAST_LIGHTER) < 3:
        return False
    inside = np.zeros(lab.shape[:2], np.uint8)
    cv2.fillConvexPoly(inside, corners.round().astype(np.int32), 1)
    colours = lab[cv2.erode(inside, np.ones((9, 9), np.uint8)) > 0]
    if len(colours) == 0:
        return False
    chroma = colours[:, 1:] - np.median(colours[:, 1:], axis=0)
    is_plain = np.linalg.norm(chroma, axis=1) < 14
    is_light = colours[:, 0] > 0.6 * np.percentile(colours[:, 0], 90)
    return bool(np.mean(is_plain & is_light) > _LEAST_PLAIN)


def _mean_light(corners: Corners, lab: Grey) -> npt.NDArray[np.float32]:
    """Lightness along each of four sides."""
    along = np.linspace(0.1, 0.9, 40)[:, None]
    sides = []
    for number in range(4):
        points = (corners[number] + (corners[(number + 1) % 4] - corners[number]) * along).astype(np.float32)
        light = np.ascontiguousarray(lab[..., 0])
        sides.append(
            float(
                np.median(
                    cv2.remap(light, points[:, :1], points[:, 1:], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
                )
            )
        )
    return np.array(sides, dtype=np.float32)


def _angles(corners: Corners) -> list[float]:
    angles = []
    for number in range(4):
        before, here, after = corners[number - 1], corners[number], corners[(number + 1) % 4]
        one, two = before - here, after - here
        cosine = float(one @ two / max(1e-6, np.linalg.norm(one) * np.linalg.norm(two)))
        angles.append(float(np.degrees(np.arccos(np.clip(cosine, -1, 1)))))
    return angles


def _is_on_rim(points: Corners, height: int, width: int) -> npt.NDArray[np.bool_]:
    x, y = points[:, 0], points[:, 1]
    sides = [x < 4, x > width - 5, y < 4, y > height - 5]
    return np.array([any(bool(np.all(side)) for side in sides)] * len(points))


def _support(start: npt.NDArray[np.float64], end: npt.NDArray[np.float64], steep: Grey) -> float:
    """How much of a side has an edge within a few pixels."""
    along = np.linspace(0.05, 0.95, 60)[:, None]
    points = start + (end - start) * along
    normal = np.array([start[1] - end[1], end[0] - start[0]])
    normal /= max(1e-6, float(np.linalg.norm(normal)))
    found = np.zeros(len(points), np.float32)
    for step in range(-5, 6):
        x, y = (points + normal * step).T
        sampled = cv2.remap(steep, x.astype(np.float32)[:, None], y.astype(np.float32)[:, None], cv2.INTER_LINEAR)
        found = np.maximum(found, sampled[:, 0])
    return float(np.mean(found > 20))


def _fitted(grey: Grey, corners: Corners) -> Corners:
    """Each side moved onto the strongest edge near it; corners are where the sides then meet."""
    reach = max(4.0, 0.012 * max(grey.shape))
    lines = [_side(grey, corners[side], corners[(side + 1) % 4], reach) for side in range(4)]
    moved = np.array([_meeting(lines[number - 1], lines[number]) for number in range(4)])
    too_far = np.linalg.norm(moved - corners, axis=1) > 3 * reach
    moved[too_far] = corners[too_far]
    height, width = grey.shape
    return np.asarray(np.clip(moved, (0, 0), (width - 1, height - 1)))


def _side(
    grey: Grey, start: npt.NDArray[np.float64], end: npt.NDArray[np.float64], reach: float
) -> npt.NDArray[np.float64]:
    """A point and a direction."""
    direction = (end - start) / max(1e-6, float(np.linalg.norm(end - start)))
    normal = np.array([-direction[1], direction[0]])
    steps = np.arange(-reach, reach + 0.5, 0.5)
    along = start + (end - start) * np.linspace(0.06, 0.94, _SAMPLES)[:, None]
    points = along[:, None, :] + normal * steps[None, :, None]
    profile = cv2.remap(
        grey,
        points[..., 0].astype(np.float32),
        points[..., 1].astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    change = np.abs(np.gradient(cv2.GaussianBlur(profile, (0, 0), 2.0), axis=1))
    best = change.argmax(axis=1)
    clear = change.max(axis=1) > 2.0
    if clear.sum() < _SAMPLES // 3:
        return np.array([*start, *direction])
    edge = points[np.arange(len(points)), best][clear].astype(np.float32)
    vx, vy, x, y = cv2.fitLine(edge, cv2.DIST_HUBER, 0, 0.01, 0.01).reshape(-1)
    return np.array([x, y, vx, vy], dtype=np.float64)


def _meeting(one: npt.NDArray[np.float64], two: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    across = np.array([[one[2], -two[2]], [one[3], -two[3]]])
    if abs(float(np.linalg.det(across))) < 1e-6:
        return np.asarray(two[:2])
    along = np.linalg.solve(across, two[:2] - one[:2])
    return np.asarray(one[:2] + along[0] * one[2:])
