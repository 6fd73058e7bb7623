"""Bodies: where shoulders, hips, elbows, wrists, knees and ankles are, and a rough mask of each person.

Source: mediapipe/modules/pose_detection and pose_landmark graphs. Their solution follows one person; here every
detection is followed, and every face without a body gets a closer look around it.
"""

from collections.abc import Iterable

import msgspec
import numpy as np

from openhearth.engines.edit_image.ports import Mask, Points
from openhearth.engines.edit_image.vision import boxes
from openhearth.engines.edit_image.vision.boxes import Found
from openhearth.engines.edit_image.vision.crops import RGB, Floats, Region, cut, paste_back, to_picture
from openhearth.engines.edit_image.vision.faces import FaceSeen
from openhearth.engines.edit_image.vision.models import Models

STRIDES = (8, 16, 32, 32, 32)
LEAST_SCORE = 0.5
LEAST_CERTAINTY = 0.5
CLEAR = 0.5  # a joint less visible than this is not relied on

NOSE, LEFT_EAR, RIGHT_EAR = 0, 7, 8
SHOULDERS, ELBOWS, WRISTS = (11, 12), (13, 14), (15, 16)
HIPS, KNEES, ANKLES = (23, 24), (25, 26), (27, 28)
FINGERS = (17, 18, 19, 20, 21, 22)


class Pose(msgspec.Struct, frozen=True):
    """33 joints in picture pixels, how visible each is (0 … 1), and the person's mask over the whole picture."""

    joints: Points
    visible: Floats
    mask: Mask
    certainty: float

    def clear(self, *joints: int) -> bool:
        """True when all these joints are seen and lie in the picture."""
        height, width = self.mask.shape
        return all(
            self.visible[joint] >= CLEAR and 0 <= self.joints[joint][0] < width and 0 <= self.joints[joint][1] < height
            for joint in joints
        )

    @property
    def shoulder_width(self) -> float:
        return float(np.linalg.norm(self.joints[SHOULDERS[0]] - self.joints[SHOULDERS[1]]))


def find_poses(picture: RGB, faces: list[FaceSeen], models: Models) -> list[Pose]:
    """All bodies. A pose that repeats another one is dropped."""
    height, width = picture.shape[:2]
    whole = Region(width / 2, height / 2, float(max(width, height)))
    poses: list[Pose] = []
    _add(poses, _follow(picture, _detect(picture, whole, models), models))
    for face in faces:
        if not any(holds(pose, face) for pose in poses):
            _add(poses, _follow(picture, _detect(picture, _around(face), models), models))
    return poses


def holds(pose: Pose, face: FaceSeen) -> bool:
    """True when this body's nose is in that face."""
    x0, y0, x1, y1 = face.box
    x, y = pose.joints[NOSE]
    slack = 0.15 * (x1 - x0)
    return bool(x0 - slack <= x <= x1 + slack and y0 - slack <= y <= y1 + slack)


def _around(face: FaceSeen) -> Region:
    x0, y0, x1, y1 = face.box
    size = max(x1 - x0, y1 - y0)
    return Region((x0 + x1) / 2, (y0 + y1) / 2 + 2.0 * size, 6.5 * size)


def _add(poses: list[Pose], more: Iterable[Pose]) -> None:
    for pose in more:
        if not any(_same(pose, other) for other in poses):
            poses.append(pose)


def _same(a: Pose, b: Pose) -> bool:
    scale = max(a.shoulder_width, b.shoulder_width, 1.0)
    main = [NOSE, *SHOULDERS, *HIPS]
    return float(np.linalg.norm(a.joints[main] - b.joints[main], axis=1).mean()) < 0.5 * scale


def _detect(picture: RGB, region: Region, models: Models) -> list[tuple[Found, Region]]:
    net = models.pose_detection
    raw, logits = net(cut(picture, region, net.side) / 127.5 - 1)
    found = boxes.merge(boxes.decode(raw, logits, boxes.anchors(net.side, STRIDES), net.side, LEAST_SCORE))
    return [(one, region) for one in found]


def _follow(picture: RGB, found: list[tuple[Found, Region]], models: Models) -> Iterable[Pose]:
    for one, region in found:
        points = to_picture(one.points, region, models.pose_detection.side)
        pose = _landmarks(picture, _body_region(points[0], points[1]), models)
        if pose is not None:
            yield pose


def _body_region(hips: Floats, top: Floats) -> Region:
    """The circle around the hips through the point above the head; upright when that points upwards."""
    up = top - hips
    side = 2 * 1.25 * float(np.linalg.norm(up))
    return Region(float(hips[0]), float(hips[1]), side, float(np.pi / 2 + np.arctan2(up[1], up[0])))


def _landmarks(picture: RGB, region: Region, models: Models) -> Pose | None:
    if region.side < 32:
        return None
    net = models.pose_landmark
    numbers, certainty, mask, heat, _ = net(cut(picture, region, net.side) / 255)
    if certainty.ravel()[0] < LEAST_CERTAINTY:
        return None
    values = numbers.reshape(39, 5)
    points = _sharpened(values[:33, :2].astype(np.float32), heat, net.side)
    visible = 1 / (1 + np.exp(-np.clip(np.minimum(values[:33, 3], values[:33, 4]), -50, 50)))
    soft = 1 / (1 + np.exp(-np.clip(mask[..., 0], -50, 50)))
    whole = paste_back(soft.astype(np.float32), region, picture.shape[:2])
    joints = to_picture(points, region, net.side)
    return Pose(joints, visible.astype(np.float32), whole, float(certainty.ravel()[0]))


def _sharpened(points: Points, heat: Floats, side: int) -> Points:
    """Move each point to the centre of mass of its heat map nearby, where that is certain enough."""
    cells = heat.shape[0]
    out = points.copy()
    for index, (x, y) in enumerate(points / side * cells):
        column, row = int(x), int(y)
        if not (0 <= column < cells and 0 <= row < cells):
            continue
        x0, y0 = max(column - 3, 0), max(row - 3, 0)
        around = heat[y0 : row + 4, x0 : column + 4, index]
        near = 1 / (1 + np.exp(-np.clip(around, -50, 50)))
        total = float(near.sum())
        if near.max() >= 0.5 and total > 0:
            ys, xs = np.mgrid[y0 : y0 + near.shape[0], x0 : x0 + near.shape[1]]
            out[index] = (
                float((near * xs).sum()) / total * side / cells,
                float((near * ys).sum()) / total * side / cells,
            )
    return out
