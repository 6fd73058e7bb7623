"""What a network sees on a page: titles, tables, figures, headers. Rules of layout take it as advice."""

import msgspec

from openhearth.engines.read_document.layout.pieces import Place


class Region(msgspec.Struct, frozen=True):
    """``kind`` is text, title, figure, caption, table, header, footer, reference or formula."""

    kind: str
    place: Place
    score: float


def kind_at(place: Place, regions: list[Region]) -> str:
    """The kind of the region that holds most of ``place``; empty when none holds half of it."""
    best = max(regions, key=lambda region: place.part_in(region.place), default=None)
    return best.kind if best is not None and place.part_in(best.place) >= 0.5 else ""
