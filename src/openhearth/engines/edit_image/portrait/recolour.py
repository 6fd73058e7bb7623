"""The operation "make the clothes, the hair or the lips this colour"."""

import msgspec
import numpy as np

from openhearth.core.errors import RequestError
from openhearth.engines.edit_image.plan import Op, Recolour, Who
from openhearth.engines.edit_image.portrait.dye import Material, alike, dye_of, dyed, material_of
from openhearth.engines.edit_image.ports import Mask, Pixels, Scene
from openhearth.engines.edit_image.vision.crops import RGB

PLAIN = ("hair", "lips")


def recolour(pixels: Pixels, step: Op, scene: Scene, others: list[Pixels]) -> Pixels:
    """Dye the named part. Raises RequestError when the picture does not show it."""
    assert isinstance(step, Recolour)
    colour = np.ascontiguousarray(pixels[..., :3])
    dye = dye_of(step.colour.rgb)
    for mask, material in _materials(colour, _masks(scene, step.part, step.who)):
        material = msgspec.structs.replace(material, plain=step.part in PLAIN)
        colour = dyed(colour, mask, dye, material)
    return np.dstack([colour, pixels[..., 3]])


def _masks(scene: Scene, part: str, who: Who) -> list[Mask]:
    if part == "hair":
        return [scene.hair(who)]
    if part == "lips":
        return [scene.lips(who)]
    if part != "outfit":
        return [scene.garment(part, who)]
    found = []
    for one in ("top", "trousers"):  # two materials, each with its own range of lightness
        try:
            found.append(scene.garment(one, who))
        except RequestError:
            continue
    return found or [scene.garment(part, who)]


def _materials(colour: RGB, masks: list[Mask]) -> list[tuple[Mask, Material]]:
    """Each mask with what it shows; top and trousers of one cloth become one, so that no seam appears."""
    found = [(mask, material) for mask in masks if (material := material_of(colour, mask)) is not None]
    if len(found) == 2 and alike(found[0][1], found[1][1]):
        both = np.maximum(found[0][0], found[1][0])
        material = material_of(colour, both)
        return [(both, material)] if material is not None else []
    return found
