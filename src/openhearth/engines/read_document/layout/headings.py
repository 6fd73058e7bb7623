"""Levels of titles, and headers and footers: both can only be told over the whole document."""

import re
from collections import Counter

from openhearth.engines.read_document.layout.blocks import SECTION, Draft

_MOST_LEVELS = 6
_SAME_SIZE = 0.06
_SAME_SIZE_IN_SCANS = 0.14
_MARGIN = 0.09  # of the page's height
_PAGE_NUMBER = re.compile(r"^\W*((page|第)\s*)?\d{1,4}(\s*(/|of|页|共)\s*\d{0,4}\s*页?)?\W*$", re.IGNORECASE)
_DIGITS = re.compile(r"\d+")
_DEPTH = re.compile(r"^\s*\d{1,2}((?:\.\d{1,2})*)\.?\s")


def levels_of(drafts: list[Draft], *, has_scans: bool) -> dict[int, int]:
    """A level from 1 for each title, by ``id``: larger letters stand higher; among equals the numbering counts."""
    titles = [draft for draft in drafts if draft.kind == "title"]
    steps = _steps([draft.size for draft in titles], _SAME_SIZE_IN_SCANS if has_scans else _SAME_SIZE)
    levels = {}
    for draft in titles:
        level = next(number for number, least in enumerate(steps, 1) if draft.size >= least)
        depth = _DEPTH.match(draft.text)
        deeper = depth[1].count(".") if depth else 0
        levels[id(draft)] = min(_MOST_LEVELS, level + deeper)
    return levels


def mark_margins(pages: list[tuple[list[Draft], float]]) -> None:
    """Turn what stands at the top or bottom of page after page, and lonely page numbers, into headers and footers.

    ``pages`` are the drafts of each page with its height.
    """
    seen = Counter(
        (side, _DIGITS.sub("#", draft.text))
        for drafts, height in pages
        for draft in drafts
        if (side := _side(draft, height))
    )
    for drafts, height in pages:
        for draft in drafts:
            side = _side(draft, height)
            repeated = seen[side, _DIGITS.sub("#", draft.text)] >= max(2, len(pages) // 2)
            if side and (repeated or _PAGE_NUMBER.match(draft.text)):
                draft.kind = side


def _side(draft: Draft, height: float) -> str:
    if draft.kind not in ("paragraph", "title", "list") or draft.lines > 2 or SECTION.match(draft.text):
        return ""
    if draft.place.y1 < _MARGIN * height:
        return "header"
    return "footer" if draft.place.y0 > (1 - _MARGIN) * height else ""


def _steps(sizes: list[float], same: float) -> list[float]:
    """The smallest size of each level, largest first."""
    steps: list[float] = []
    top = 0.0
    for size in sorted(sizes, reverse=True):
        if not steps or size < top * (1 - same):
            steps.append(size)
            top = size
        else:
            steps[-1] = size
    return steps
