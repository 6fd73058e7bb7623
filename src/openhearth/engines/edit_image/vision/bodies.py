"""One person: face and pose belong together, and the zones of the picture where each kind of clothing can be."""

import cv2
import msgspec
import numpy as np

from openhearth.engines.edit_image.ports import Mask, Points
from openhearth.engines.edit_image.vision import poses as p
from openhearth.engines.edit_image.vision import topology
from openhearth.engines.edit_image.vision.colours import Bools
from openhearth.engines.edit_image.vision.crops import Floats
from openhearth.engines.edit_image.vision.faces import FaceSeen
from openhearth.engines.edit_image.vision.poses import Pose


class Frame(msgspec.Struct, frozen=True):
    """The face's own axes: the chin as origin, ``up`` to the forehead, ``right`` to the viewer's right."""

    chin: Floats
    up: Floats
    right: Floats
    width: float
    height: float

    def coordinates(self, shape: tuple[int, int]) -> tuple[Floats, Floats]:
        """For every pixel: how far to the right (in face widths) and above the chin (in face heights)."""
        ys, xs = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
        xs, ys = xs - self.chin[0], ys - self.chin[1]
        across = (xs * self.right[0] + ys * self.right[1]) / self.width
        return across, (xs * self.up[0] + ys * self.up[1]) / self.height


def frame_of(face: FaceSeen) -> Frame:
    chin, top = face.landmarks[topology.CHIN], face.landmarks[topology.FOREHEAD_TOP]
    up = (top - chin) / max(float(np.linalg.norm(top - chin)), 1e-3)
    right = np.asarray([-up[1], up[0]], np.float32)
    return Frame(chin, up.astype(np.float32), right, face.width, max(face.height, 1.0))


class Body(msgspec.Struct, frozen=True):
    """``mask`` is the coarse probability of each pixel to be this person. One of face and pose is there."""

    mask: Mask
    face: FaceSeen | None
    pose: Pose | None

    @property
    def shape(self) -> tuple[int, int]:
        return self.mask.shape[0], self.mask.shape[1]

    def head(self) -> Bools:
        """Where no clothes are: the face, and what is above the chin near it."""
        if self.face is None:
            return self._head_from_pose()
        frame = frame_of(self.face)
        across, above = frame.coordinates(self.shape)
        hull = filled(self.face.landmarks[list(topology.FACE_OVAL)], self.shape)
        grow = max(1, round(0.03 * frame.width))
        grown = cv2.dilate(hull, np.ones((2 * grow + 1, 2 * grow + 1), np.uint8)) > 0
        near = grown | ((above > 0.12) & (np.abs(across) < 1.25))
        if self.pose is not None:  # seen from the side, most of the head lies behind the face
            for ear in (p.LEFT_EAR, p.RIGHT_EAR):
                near |= circle(self.pose.joints[ear], 0.33 * frame.height, self.shape)
        return np.asarray(near)

    def _head_from_pose(self) -> Bools:
        assert self.pose is not None
        joints = self.pose.joints
        ears = joints[[p.LEFT_EAR, p.RIGHT_EAR, p.NOSE]].mean(0)
        torso = float(np.linalg.norm(self.shoulders().mean(0) - self.hips().mean(0)))
        radius = max(0.45 * self.pose.shoulder_width, 0.28 * torso)
        return circle(ears, radius, self.shape)

    def shoulders(self) -> Points:
        """Left and right shoulder of the person; guessed from the face when the pose does not say."""
        if self.pose is not None:
            return self.pose.joints[list(p.SHOULDERS)]
        assert self.face is not None
        frame = frame_of(self.face)
        middle = frame.chin - frame.up * (0.55 * frame.height)
        return np.asarray([middle + frame.right * frame.width * 1.15, middle - frame.right * frame.width * 1.15])

    def hips(self) -> Points:
        """Left and right hip; below the shoulders by the usual length when they are not to be seen."""
        if self.pose is not None and self.sees(*p.HIPS):
            return self.pose.joints[list(p.HIPS)]
        shoulders = self.shoulders()
        across = shoulders[0] - shoulders[1]
        width = max(float(np.linalg.norm(across)), 1.0)
        down = np.asarray([-across[1], across[0]], np.float32) / width
        if down[1] < 0:
            down = -down
        middle = shoulders.mean(0)
        return np.asarray((shoulders - middle) * 0.7 + middle + down * 1.6 * width, np.float32)

    def sees(self, *joints: int) -> bool:
        return self.pose is not None and self.pose.clear(*joints)

    def neck(self) -> Bools:
        """Between the jaw and the notch of the breastbone."""
        if self.face is None:
            return np.zeros(self.shape, np.bool_)
        shoulders = self.shoulders()
        middle = shoulders.mean(0)
        jaw = self.face.landmarks[[172, 150, 152, 379, 397]]
        half = (shoulders[0] - shoulders[1]) * 0.2
        left, right = (middle + half, middle - half)
        if np.dot(left - right, jaw[-1] - jaw[0]) < 0:
            left, right = right, left
        return filled(np.concatenate([jaw, [left, right]]), self.shape) > 0

    def torso(self, low: float = 1.0, inset: float = 1.0) -> Bools:
        """Shoulders to hips; ``low`` is how far down towards the hips, ``inset`` the share of the width."""
        shoulders, hips = self.shoulders(), self.hips()
        bottom = shoulders + (hips - shoulders) * low
        outline = np.asarray([shoulders[0], shoulders[1], bottom[1], bottom[0]], np.float32)
        middle = outline.mean(0)
        return filled(middle + (outline - middle) * np.asarray([inset, 1.0], np.float32), self.shape) > 0

    def legs(self, start: float = 0.25) -> Bools:
        """Thighs, beginning ``start`` of the way down, and shins where they are seen."""
        assert self.pose is not None
        joints = self.pose.joints
        out = np.zeros(self.shape, np.uint8)
        thick = max(2, round(0.35 * float(np.linalg.norm(joints[p.HIPS[0]] - joints[p.HIPS[1]]))))
        for hip, knee, ankle in zip(p.HIPS, p.KNEES, p.ANKLES, strict=True):
            top = joints[hip] + (joints[knee] - joints[hip]) * start
            _stroke(out, top, joints[knee], thick)
            if self.sees(ankle):
                _stroke(out, joints[knee], joints[knee] + (joints[ankle] - joints[knee]) * 0.8, max(2, thick // 2))
        return out > 0

    def below_hips(self) -> Floats:
        """For every pixel: how far below the line of the hips it is, in torso lengths (negative is above)."""
        shoulders, hips = self.shoulders().mean(0), self.hips().mean(0)
        down = hips - shoulders
        length = max(float(np.linalg.norm(down)), 1.0)
        ys, xs = np.mgrid[: self.shape[0], : self.shape[1]].astype(np.float32)
        return np.asarray(((xs - hips[0]) * down[0] + (ys - hips[1]) * down[1]) / length**2, np.float32)

    def arms(self) -> Bools:
        """Upper and lower arms: hanging hands lie below the hips and yet belong to the top."""
        out = np.zeros(self.shape, np.uint8)
        if self.pose is None:
            return out > 0
        thick = max(2, round(0.3 * self.pose.shoulder_width))
        for shoulder, elbow, wrist in zip(p.SHOULDERS, p.ELBOWS, p.WRISTS, strict=True):
            if self.sees(elbow):
                _stroke(out, self.pose.joints[shoulder], self.pose.joints[elbow], thick)
                if self.sees(wrist):
                    _stroke(out, self.pose.joints[elbow], self.pose.joints[wrist], thick)
        return out > 0

    def feet(self) -> Bools:
        """Below the ankles: shoes are not trousers."""
        out = np.zeros(self.shape, np.bool_)
        if self.pose is None:
            return out
        for knee, ankle in zip(p.KNEES, p.ANKLES, strict=True):
            if not self.sees(ankle):
                continue
            shin = self.pose.joints[ankle] - self.pose.joints[knee]
            length = max(float(np.linalg.norm(shin)), 1.0)
            ys, xs = np.mgrid[: self.shape[0], : self.shape[1]].astype(np.float32)
            xs, ys = xs - self.pose.joints[ankle][0], ys - self.pose.joints[ankle][1]
            beyond = (xs * shin[0] + ys * shin[1]) / length > 0.08 * length
            out |= beyond & (np.hypot(xs, ys) < 0.8 * length)
        return out

    def view(self, x: int, y: int, scale: float, size: tuple[int, int]) -> "Body":
        """The same body in a cut-out of the picture that begins at (x, y), then is scaled to ``size`` (w, h)."""
        width, height = round(size[0] / scale), round(size[1] / scale)

        def part(mask: Mask) -> Mask:
            return np.asarray(cv2.resize(mask[y : y + height, x : x + width], size, interpolation=cv2.INTER_AREA))

        origin = np.asarray([x, y], np.float32)
        face, pose = self.face, self.pose
        if face is not None:
            points = (face.landmarks - origin) * scale
            x0, y0, x1, y1 = ((np.asarray(face.box, np.float32).reshape(2, 2) - origin) * scale).ravel().tolist()
            face = FaceSeen(points, face.depth * scale, (x0, y0, x1, y1), face.certainty)
        if pose is not None:
            pose = Pose((pose.joints - origin) * scale, pose.visible, part(pose.mask), pose.certainty)
        return Body(part(self.mask), face, pose)


def filled(outline: Points, shape: tuple[int, int]) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """A polygon as 0 and 255, drawn with sub-pixel corners."""
    out = np.zeros(shape, np.uint8)
    corners = np.round(np.asarray(outline, np.float64) * 16).astype(np.int32)
    cv2.fillPoly(out, [corners], 255, lineType=cv2.LINE_AA, shift=4)
    return out


def circle(middle: Points, radius: float, shape: tuple[int, int]) -> Bools:
    ys, xs = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    return np.asarray((xs - middle[0]) ** 2 + (ys - middle[1]) ** 2 < radius**2)


def _stroke(out: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], start: Points, end: Points, thick: int) -> None:
    a = (round(float(start[0])), round(float(start[1])))
    b = (round(float(end[0])), round(float(end[1])))
    cv2.line(out, a, b, 255, thick)
