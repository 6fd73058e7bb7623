"""Changing people in a picture: the operations by the step they carry out."""

from collections.abc import Mapping

from openhearth.engines.edit_image.plan import Background, HideFaces, Recolour, Wear
from openhearth.engines.edit_image.portrait.background import change_background
from openhearth.engines.edit_image.portrait.hide import hide_faces
from openhearth.engines.edit_image.portrait.recolour import recolour
from openhearth.engines.edit_image.portrait.wear import wear
from openhearth.engines.edit_image.ports import Operation

OPERATIONS: Mapping[type, Operation] = {
    Recolour: recolour,
    Wear: wear,
    HideFaces: hide_faces,
    Background: change_background,
}
