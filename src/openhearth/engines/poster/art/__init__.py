"""Backgrounds drawn by code: each maker takes a box, a palette and dice, and gives shapes."""

from collections.abc import Callable
from random import Random

from openhearth.engines.poster.art import abstract, icons, ink, patterns
from openhearth.engines.poster.art.scenery import scenery
from openhearth.engines.poster.palettes import Palette
from openhearth.engines.poster.scene import Box, Item

Maker = Callable[[Box, Palette, Random], list[Item]]

STYLES: dict[str, Maker] = {
    "mesh": abstract.mesh,
    "waves": abstract.waves,
    "ribbons": abstract.ribbons,
    "rings": abstract.rings,
    "rays": abstract.rays,
    "ridges": abstract.ridges,
    "tiles": patterns.tiles,
    "halftone": patterns.halftone,
    "facets": patterns.facets,
    "ink": ink.ink,
}
"""The makers that need no thing to draw, by name."""

__all__ = ["STYLES", "Maker", "icons", "scenery"]
