"""Finding faces of any size, turned any moderate way, and the 468 points of each.

MediaPipe's face detector sees only large faces, so it also looks at overlapping tiles; the mesh network's own
certainty then throws out what was no face. Source: mediapipe/modules/face_detection and face_landmark graphs.
"""

from collections.abc import Iterable

import msgspec
import numpy as np

from openhearth.engines.edit_image.ports import Points
from openhearth.engines.edit_image.vision import boxes
from openhearth.engines.edit_image.vision.boxes import Found
from openhearth.engines.edit_image.vision.crops import RGB, Floats, Region, cut, to_picture
from openhearth.engines.edit_image.vision.models import Models

STRIDES = (8, 16, 16, 16)
LEAST_SCORE = 0.5
LEAST_SCORE_ON_A_TILE = 0.6
LEAST_MESH_CERTAINTY = 0.5
TURNS = (0.0, np.pi / 4, -np.pi / 4, np.pi / 2, -np.pi / 2, np.pi)
RIGHT_EYE, LEFT_EYE = 33, 263  # outer corners; right and left as the person has them


class FaceSeen(msgspec.Struct, frozen=True):
    """One face. ``depth`` is each point's distance towards the viewer (negative is nearer), in pixels."""

    landmarks: Points
    depth: Floats
    box: tuple[float, float, float, float]
    certainty: float

    @property
    def solid(self) -> Floats:
        """468 × 3 points."""
        return np.concatenate([self.landmarks, self.depth[:, None]], axis=1)

    @property
    def width(self) -> float:
        """Distance between the two edges of the face at the temples, turned away or not."""
        return float(np.linalg.norm(self.solid[454] - self.solid[234]))

    @property
    def height(self) -> float:
        """From the top of the forehead to the chin."""
        return float(np.linalg.norm(self.solid[152] - self.solid[10]))


def find_faces(picture: RGB, models: Models, hints: Iterable[Region] = ()) -> list[FaceSeen]:
    """All faces from left to right. ``hints`` are regions where a head is expected (from body poses)."""
    height, width = picture.shape[:2]
    whole = Region(width / 2, height / 2, float(max(width, height)))
    found = _detect(picture, whole, models, LEAST_SCORE)
    for share in (0.5, 0.25):
        found += _on_tiles(picture, models, share)
    for hint in hints:
        found += _detect(picture, hint, models, LEAST_SCORE)
    faces = _meshes(picture, found, models)
    if not faces:  # perhaps the whole picture lies on its side
        for turn in TURNS[1:]:
            turned = _detect(picture, Region(whole.x, whole.y, whole.side, turn), models, LEAST_SCORE)
            faces = _meshes(picture, turned, models)
            if faces:
                break
    return sorted(faces, key=lambda face: face.box[0] + face.box[2])


def _on_tiles(picture: RGB, models: Models, share: float) -> list[Found]:
    height, width = picture.shape[:2]
    side = max(width, height) * share
    if side < 96:
        return []
    found = []
    for y in _starts(height, side):
        for x in _starts(width, side):
            tile = Region(x + side / 2, y + side / 2, side)
            seen = _detect(picture, tile, models, LEAST_SCORE_ON_A_TILE)
            found += [one for one in seen if _whole_in_tile(one.box, tile, (width, height))]
    return found


def _starts(length: int, side: float) -> Floats:
    if length <= side:
        return np.asarray([(length - side) / 2], np.float32)
    steps = int(np.ceil((length - side) / (side * 0.5))) + 1
    return np.linspace(0, length - side, steps, dtype=np.float32)


def _whole_in_tile(box: Floats, tile: Region, size: tuple[int, int]) -> bool:
    """A face cut by a tile's edge is found better elsewhere, unless that edge is the picture's own."""
    half = tile.side / 2
    left, top, right, bottom = tile.x - half, tile.y - half, tile.x + half, tile.y + half
    return bool(
        (box[0] >= left or left <= 0)
        and (box[1] >= top or top <= 0)
        and (box[2] <= right or right >= size[0])
        and (box[3] <= bottom or bottom >= size[1])
    )


def _detect(picture: RGB, region: Region, models: Models, least: float) -> list[Found]:
    net = models.face_detection
    raw, logits = net(cut(picture, region, net.side) / 127.5 - 1)
    found = boxes.merge(boxes.decode(raw, logits, boxes.anchors(net.side, STRIDES), net.side, least))
    return [_placed(one, region, net.side) for one in found]


def _placed(one: Found, region: Region, size: int) -> Found:
    corners = to_picture(one.box.reshape(2, 2), region, size)
    middle, half = corners.mean(0), np.linalg.norm(corners[1] - corners[0]) / np.sqrt(8)
    box = np.asarray([middle[0] - half, middle[1] - half, middle[0] + half, middle[1] + half], np.float32)
    return Found(one.score, box, to_picture(one.points, region, size))


def _meshes(picture: RGB, found: list[Found], models: Models) -> list[FaceSeen]:
    faces: list[FaceSeen] = []
    for one in boxes.merge(found):
        face = _mesh(picture, _face_region(one), models)
        if face is None:
            continue
        face = _mesh(picture, _mesh_region(face), models) or face
        if not any(_same(face, other) for other in faces):
            faces.append(face)
    return faces


def _same(a: FaceSeen, b: FaceSeen) -> bool:
    return boxes.inside(np.asarray(a.box, np.float32), np.asarray(b.box, np.float32)) > 0.5


def _face_region(one: Found) -> Region:
    middle = (one.box[:2] + one.box[2:]) / 2
    across = one.points[1] - one.points[0]
    side = float(max(one.box[2] - one.box[0], one.box[3] - one.box[1])) * 1.5
    return Region(float(middle[0]), float(middle[1]), side, float(np.arctan2(across[1], across[0])))


def _mesh_region(face: FaceSeen) -> Region:
    across = face.landmarks[LEFT_EYE] - face.landmarks[RIGHT_EYE]
    angle = float(np.arctan2(across[1], across[0]))
    c, s = np.cos(angle), np.sin(angle)
    upright = face.landmarks @ np.asarray([[c, -s], [s, c]], np.float32)
    low, high = upright.min(0), upright.max(0)
    middle = np.asarray([[c, -s], [s, c]], np.float32) @ ((low + high) / 2)
    return Region(float(middle[0]), float(middle[1]), float((high - low).max()) * 1.5, angle)


def _mesh(picture: RGB, region: Region, models: Models) -> FaceSeen | None:
    net = models.face_landmark
    if region.side < 16:
        return None
    numbers, logit = net(cut(picture, region, net.side) / 255)
    certainty = float(1 / (1 + np.exp(-np.clip(logit.ravel()[0], -50, 50))))
    if certainty < LEAST_MESH_CERTAINTY:
        return None
    points = numbers.reshape(468, 3)
    landmarks = to_picture(points[:, :2], region, net.side)
    x0, y0 = landmarks.min(0)
    x1, y1 = landmarks.max(0)
    depth = (points[:, 2] * (region.side / net.side)).astype(np.float32)
    return FaceSeen(landmarks, depth, (float(x0), float(y0), float(x1), float(y1)), certainty)
