"""Which pixels are people: three opinions, of which the middle one counts, then the picture's own edges."""

import cv2
import numpy as np

from openhearth.engines.edit_image.ports import Mask
from openhearth.engines.edit_image.vision.crops import RGB
from openhearth.engines.edit_image.vision.edges import follow
from openhearth.engines.edit_image.vision.models import Cutout, Models
from openhearth.engines.edit_image.vision.poses import Pose

MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # what U²-Net was trained with


def selfie_mask(picture: RGB, models: Models) -> Mask:
    """MediaPipe's selfie segmentation: sees people who fill much of the picture."""
    side = models.selfie.side
    small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return _fit(models.selfie(small)[0][..., 0], picture)


def salient_mask(picture: RGB, cutout: Cutout) -> Mask:
    """U²-Net: the thing the picture shows, people or not."""
    side = cutout.side
    small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)
    small = (small / max(float(small.max()), 1.0) - np.asarray(MEAN)) / np.asarray(SPREAD)
    return _fit(cutout(small.astype(np.float32)), picture)


def bodies_mask(poses: list[Pose], selfie: Mask) -> Mask:
    """Coarse mask of people from two opinions; where the selfie network overlooks a small person, the pose alone."""
    if not poses:
        return selfie
    union = np.max([pose.mask for pose in poses], axis=0)
    return np.asarray(np.maximum((union + selfie) / 2, _overlooked(poses, selfie)), np.float32)


def people_mask(picture: RGB, poses: list[Pose], selfie: Mask, salient: Mask) -> Mask:
    """Soft mask of everybody and what they hold, along the picture's edges."""
    if poses:
        union = np.max([pose.mask for pose in poses], axis=0)
        coarse = np.maximum(np.median([union, selfie, salient], axis=0), _overlooked(poses, selfie))
    else:
        coarse = np.minimum(np.maximum(selfie, salient), (selfie + salient) * 0.75)
    coarse = _firm(coarse.astype(np.float32))
    radius = max(2, round(max(picture.shape[:2]) / 128))
    return _firm(follow(coarse, picture, radius, 1e-4), 0.1)


def _overlooked(poses: list[Pose], selfie: Mask) -> Mask:
    out = np.zeros_like(selfie)
    for pose in poses:
        own = pose.mask > 0.5
        if own.any() and float(selfie[own].mean()) < 0.5:
            out = np.maximum(out, pose.mask)
    return out


def _firm(mask: Mask, margin: float = 0.25) -> Mask:
    """Stretch the middle of the scale: certain is certain."""
    return np.asarray(np.clip((mask - margin) / (1 - 2 * margin), 0, 1), np.float32)


def _fit(mask: Mask, picture: RGB) -> Mask:
    size = (picture.shape[1], picture.shape[0])
    return np.asarray(np.clip(cv2.resize(mask, size, interpolation=cv2.INTER_LINEAR), 0, 1), np.float32)
