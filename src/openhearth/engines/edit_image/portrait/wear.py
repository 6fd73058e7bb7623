"""The operation "put this on": sunglasses, glasses, a hat or a face mask, on every chosen face."""

from openhearth.core.errors import RequestError
from openhearth.engines.edit_image.plan import Op, Wear
from openhearth.engines.edit_image.portrait import face_mask, glasses, hat
from openhearth.engines.edit_image.portrait.solid import Head, head_of
from openhearth.engines.edit_image.ports import Pixels, Scene

USUAL = {"sunglasses": (18, 18, 20), "glasses": (34, 32, 32), "hat": (92, 66, 44), "mask": (168, 208, 228)}


def wear(pixels: Pixels, step: Op, scene: Scene, others: list[Pixels]) -> Pixels:
    """Draw the item on the chosen faces. Raises RequestError when there is no such face."""
    assert isinstance(step, Wear)
    if step.item not in USUAL:
        raise RequestError(f"'{step.item}' cannot be put on. 无法佩戴“{step.item}”。", param="prompt")
    for face in scene.chosen(step.who):
        pixels = _put_on(pixels, head_of(face), step, scene)
    return pixels


def _put_on(pixels: Pixels, head: Head, step: Wear, scene: Scene) -> Pixels:
    red, green, blue = step.colour.rgb if step.colour is not None else USUAL[step.item]
    colour = (float(red), float(green), float(blue))
    if step.item == "sunglasses":
        return glasses.put_on(pixels, head, glasses.SUNGLASSES, colour)
    if step.item == "glasses":
        return glasses.put_on(pixels, head, glasses.GLASSES, colour)
    if step.item == "hat":
        return hat.put_on(pixels, head, scene.person, colour)
    return face_mask.put_on(pixels, head, colour)
