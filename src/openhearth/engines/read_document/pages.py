"""One page read: its texts, tables, figures and blocks, from a PDF's own text or from its picture."""

import time

import msgspec

from openhearth.engines.read_document.files.picture import Pixels
from openhearth.engines.read_document.layout.blocks import Draft, Found
from openhearth.engines.read_document.layout.pieces import Piece, Place
from openhearth.engines.read_document.layout.regions import Region
from openhearth.engines.read_document.ocr.reader import Reader
from openhearth.engines.read_document.ocr.regions import Regions
from openhearth.engines.read_document.ocr.upright import Upright, as_given, read_upright
from openhearth.engines.read_document.tables.aligned import aligned
from openhearth.engines.read_document.tables.grids import Grid, filled
from openhearth.engines.read_document.tables.lined import lined
from openhearth.engines.read_document.tables.ruled import ruled

_LEAST_FIGURE = 0.01  # of the page
_MOST_TEXT = 0.25


class Leaf(msgspec.Struct, frozen=True):
    """A page as opened: its pixels, and the text and pictures a PDF says are on it. ``aside`` is text that stands
    turned, at the rim or across the page: it is no part of what is read from the top. ``turn``: by how many degrees
    clockwise ``text`` stands turned in ``pixels``; it, ``aside`` and ``figures`` are placed on the page turned back."""

    number: int
    pixels: Pixels
    text: tuple[Piece, ...] = ()
    figures: tuple[Place, ...] = ()
    is_photo: bool = False
    notes: tuple[str, ...] = ()
    aside: tuple[Piece, ...] = ()
    turn: int = 0


class Seen(msgspec.Struct):
    """A page read and taken apart. ``loose`` are the texts that stand in no table; ``tall`` is the upright page's
    height, in the pixels in which blocks are placed."""

    number: int
    width: int
    height: int
    upright: Upright
    tables: list[Grid]
    figures: list[Place]
    regions: list[Region]
    loose: list[Piece]
    is_scan: bool
    took_ms: int
    tall: float
    drafts: list[Draft] = []

    @property
    def found(self) -> Found:
        return Found(self.tables, self.figures, self.regions, self.is_scan, self.tall)


class Eyes:
    """What looks at pages. ``regions`` is ``None`` when the pack of layouts is not installed."""

    def __init__(self, reader: Reader, regions: Regions | None) -> None:
        self.reader = reader
        self.regions = regions

    def text(self, leaf: Leaf, *, flatten: bool = False) -> Upright:
        """The page's texts, its own if it has any."""
        if leaf.text:
            return as_given(leaf.pixels, leaf.text, leaf.aside, leaf.turn)
        return read_upright(self.reader, leaf.pixels, flatten=flatten and leaf.is_photo)

    def see(self, leaf: Leaf) -> Seen:
        """Everything on the page."""
        began = time.monotonic()
        upright = self.text(leaf, flatten=True)
        is_scan = not leaf.text
        regions = self.regions.find(upright.pixels) if is_scan and self.regions is not None else []
        tables, loose = _tables(upright, regions)
        figures = list(leaf.figures) if not is_scan else _figures(upright, regions, tables)
        height, width = leaf.pixels.shape[:2]
        took_ms = round((time.monotonic() - began) * 1000)
        return Seen(
            leaf.number,
            width,
            height,
            upright,
            tables,
            figures,
            regions,
            loose,
            is_scan,
            took_ms,
            float(upright.pixels.shape[0]),
        )


def _tables(upright: Upright, regions: list[Region]) -> tuple[list[Grid], list[Piece]]:
    """Ruled tables with texts, those with lines across only, then those that only their columns give away."""
    loose = list(upright.pieces)
    tables = []
    for grid in ruled(upright.pixels):
        full, rest = filled(grid, loose)
        if any(cell.text for cell in full.cells):
            tables.append(full)
            loose = rest
    for grid in lined(upright.pixels, loose):
        full, loose = filled(grid, loose)
        tables.append(full)
    for grid in aligned(loose):
        full, loose = filled(grid, loose)
        tables.append(full)
    return sorted(tables, key=lambda grid: (grid.place.y0, grid.place.x0)), loose


def _figures(upright: Upright, regions: list[Region], tables: list[Grid]) -> list[Place]:
    area = upright.pixels.shape[0] * upright.pixels.shape[1]
    return [
        region.place
        for region in regions
        if region.kind == "figure"
        and region.place.width * region.place.height > _LEAST_FIGURE * area
        and _text_in(region.place, upright) < _MOST_TEXT * region.place.width * region.place.height
        and not any(region.place.part_in(grid.place) > 0.3 or grid.place.part_in(region.place) > 0.3 for grid in tables)
    ]


def _text_in(place: Place, upright: Upright) -> float:
    """How much of a region, in pixels, is text: a figure is mostly not."""
    return sum(place.shared(piece.place) for piece in upright.pieces)
