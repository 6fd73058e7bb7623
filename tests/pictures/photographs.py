"""The test photographs and the scenes seen in them, each loaded and looked at once per test run."""

import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from openhearth.engines.edit_image.ports import Pixels
from openhearth.engines.edit_image.vision.models import Models
from openhearth.engines.edit_image.vision.scene import SceneOf
from openhearth.engines.packs import packs_folder

HERE = Path(__file__).parent


def portrait_folder() -> Path:
    """Where the newest installed portrait pack is; the test is skipped where there is none."""
    found = sorted(packs_folder("", os.environ).glob("portrait/*/face_landmark.tflite"))
    if not found:
        pytest.skip("needs the pack: openhearth packs fetch portrait")
    return found[-1].parent


@cache
def models() -> Models:
    """The installed packs' networks; tests that need them are skipped where the packs are not installed."""
    background = sorted(packs_folder("", os.environ).glob("background/*/u2netp.onnx"))
    if not background:
        pytest.skip("needs the pack: openhearth packs fetch background")
    return Models(portrait_folder(), background[-1], 1)


@cache
def picture(name: str) -> Pixels:
    """A photograph as RGBA. ``two``: Grace Hopper on the left, Eileen Collins on the right."""
    if name == "two":
        left, right = picture("grace_hopper.jpg"), picture("eileen_collins.jpg")
        out = np.full((600, 1024, 4), 255, np.uint8)
        out[:, :512] = left
        out[88:, 512:] = right
        out[:88, 512:] = right[:1]
        return out
    with Image.open(HERE / name) as file:
        return np.asarray(file.convert("RGBA"))


@cache
def turned(name: str, degrees: float) -> Pixels:
    """A photograph turned counter-clockwise, its corners filled with grey."""
    with Image.open(HERE / name) as file:
        whole = file.convert("RGB").rotate(degrees, Image.Resampling.BICUBIC, expand=False, fillcolor=(128, 128, 128))
    return np.asarray(whole.convert("RGBA"))


@cache
def scene(name: str) -> SceneOf:
    """What is seen in an unchanged photograph."""
    return SceneOf(picture(name), models())
