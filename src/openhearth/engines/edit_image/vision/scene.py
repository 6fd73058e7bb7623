"""What is seen in one picture, each thing found once and on first use, in the picture's own pixels."""

from functools import cached_property

import cv2
import numpy as np

from openhearth.core.errors import RequestError
from openhearth.engines.edit_image.plan import EVERYONE, Who
from openhearth.engines.edit_image.ports import Face, Mask, Pixels
from openhearth.engines.edit_image.vision.bodies import Body
from openhearth.engines.edit_image.vision.crops import RGB
from openhearth.engines.edit_image.vision.edges import enlarge
from openhearth.engines.edit_image.vision.faces import FaceSeen, find_faces
from openhearth.engines.edit_image.vision.garment import garment_mask, not_seen, sees_trousers
from openhearth.engines.edit_image.vision.head import hair_mask, lips_mask
from openhearth.engines.edit_image.vision.models import Models
from openhearth.engines.edit_image.vision.people import bodies_mask, people_mask, salient_mask, selfie_mask
from openhearth.engines.edit_image.vision.poses import Pose, find_poses, holds

SMALL_SIDE = 1024
GREY = 128


class SceneOf:
    """Implements ``ports.Scene`` for one picture. Masks are computed on at most 1024 pixels, then follow its edges."""

    def __init__(self, pixels: Pixels, models: Models) -> None:
        self._pixels = pixels
        self._models = models
        self._garments: dict[tuple[str, Who], Mask] = {}

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self._pixels.shape[0], self._pixels.shape[1]

    @cached_property
    def _large(self) -> RGB:
        """Without transparency: what is see-through becomes grey."""
        colour, alpha = self._pixels[..., :3], self._pixels[..., 3:]
        if (alpha == 255).all():
            return np.ascontiguousarray(colour)
        share = alpha.astype(np.float32) / 255
        return np.asarray(np.round(colour * share + GREY * (1 - share)), np.uint8)

    @cached_property
    def _small(self) -> RGB:
        height, width = self.size
        scale = min(1.0, SMALL_SIDE / max(height, width))
        if scale == 1.0:
            return self._large
        size = max(1, round(width * scale)), max(1, round(height * scale))
        return np.asarray(cv2.resize(self._large, size, interpolation=cv2.INTER_AREA), np.uint8)

    @property
    def _zoom(self) -> float:
        return float(self._pixels.shape[1] / self._small.shape[1])

    @cached_property
    def _small_faces(self) -> list[FaceSeen]:
        return find_faces(self._small, self._models)

    @cached_property
    def _poses(self) -> list[Pose]:
        return find_poses(self._small, self._small_faces, self._models)

    @cached_property
    def _selfie(self) -> Mask:
        return selfie_mask(self._small, self._models)

    @cached_property
    def solid_faces(self) -> list[FaceSeen]:
        """From left to right, with depth."""
        return [_scaled(face, self._zoom) for face in self._small_faces]

    @property
    def faces(self) -> list[Face]:
        return list(self.solid_faces)

    @cached_property
    def person(self) -> Mask:
        cutout = self._models.cutout
        salient = bodies_mask(self._poses, self._selfie) if cutout is None else salient_mask(self._small, cutout)
        small = people_mask(self._small, self._poses, self._selfie, salient)
        return self._full(small) * (self._pixels[..., 3] > 0)

    def chosen(self, who: Who) -> list[Face]:
        return list(self.chosen_solid(who))

    def chosen_solid(self, who: Who) -> list[FaceSeen]:
        """Like ``chosen``, with depth."""
        return [self.solid_faces[index] for index in self._chosen(who)]

    def garment(self, part: str, who: Who) -> Mask:
        key = (part, who)
        if key not in self._garments:
            self._garments[key] = self._garment(part, who)
        return self._garments[key]

    def hair(self, who: Who) -> Mask:
        bodies = self._bodies_of(self._chosen(who))
        masks = [hair_mask(self._small, body) for body in bodies]
        small = np.max(masks, axis=0) if masks else np.zeros(self._small.shape[:2], np.float32)
        if small.max() < 0.5:
            message = "No hair was found on the person in the picture. 图片中的人物没有找到头发。"
            raise RequestError(message, code="no_hair_found", param="prompt")
        return self._full(small)

    def lips(self, who: Who) -> Mask:
        return lips_mask(self.chosen_solid(who), self.size)

    def _chosen(self, who: Who) -> list[int]:
        count = len(self._small_faces)
        if count == 0:
            message = "No face was found in the picture. 图片中没有找到人脸。"
            raise RequestError(message, code="no_face_found", param="image")
        if who.index is not None:
            if not 1 <= who.index <= count:
                raise _no_such_person(f"person {who.index}", f"第{who.index}个人", count)
            return [who.index - 1]
        if who.side is None:
            return list(range(count))
        if who.side == "middle" and count % 2 == 0:
            raise _no_such_person("a person in the middle", "中间的人", count)
        return [{"left": 0, "middle": count // 2, "right": count - 1}[who.side]]

    @cached_property
    def _bodies(self) -> list[Body]:
        """First one per face, in the faces' order, then people seen from behind."""
        coarse = bodies_mask(self._poses, self._selfie)
        pairs: list[tuple[FaceSeen | None, Pose | None]] = []
        free = list(self._poses)
        for face in self._small_faces:
            pose = next((pose for pose in free if holds(pose, face)), None)
            if pose is not None:
                free = [other for other in free if other is not pose]
            pairs.append((face, pose))
        pairs += [(None, pose) for pose in free]
        return [Body(_share(coarse, pose, self._poses), face, pose) for face, pose in pairs]

    def _bodies_of(self, chosen: list[int]) -> list[Body]:
        return [self._bodies[index] for index in chosen]

    def _garment(self, part: str, who: Who) -> Mask:
        bodies = self._bodies if who == EVERYONE else self._bodies_of(self._chosen(who))
        masks = []
        for body in bodies:
            parts: tuple[str, ...] = ("top", "trousers") if part == "outfit" else (part,)
            if not sees_trousers(body):
                parts = tuple(one for one in parts if one != "trousers")
            for one in parts:
                try:
                    masks.append(garment_mask(self._small, body, one))
                except RequestError:
                    continue  # another person in the picture may well show it
        if not masks:
            raise not_seen(part)
        return self._full(np.max(masks, axis=0))

    def _full(self, small: Mask) -> Mask:
        if self._zoom == 1.0:
            return np.asarray(small, np.float32)
        return enlarge(small, self._small, self._large, 2)


def _share(coarse: Mask, pose: Pose | None, poses: list[Pose]) -> Mask:
    """This person's part of everybody's mask, without what they hold, which is no part of a body to the pose."""
    others = [other.mask for other in poses if other is not pose]
    strongest = np.max(others, axis=0) if others else np.zeros_like(coarse)
    mine = pose.mask if pose is not None else 1 - strongest
    held = np.clip((mine - 0.05) / 0.2, 0, 1)
    return np.asarray(np.where(mine >= strongest, coarse, np.minimum(coarse, mine)) * held, np.float32)


def _scaled(face: FaceSeen, zoom: float) -> FaceSeen:
    x0, y0, x1, y1 = face.box
    box = (x0 * zoom, y0 * zoom, x1 * zoom, y1 * zoom)
    return FaceSeen(face.landmarks * zoom, face.depth * zoom, box, face.certainty)


def _no_such_person(english: str, chinese: str, count: int) -> RequestError:
    return RequestError(
        f"There is no {english}: {count} face(s) were found in the picture. 图片中找到{count}张人脸，没有{chinese}。",
        code="no_such_person",
        param="prompt",
    )
