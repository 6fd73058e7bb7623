"""``python -m tests.fuzz.snapshot`` writes docs/openapi.json anew: a change of the API is then seen in its review."""

import json
from pathlib import Path
from typing import Any

from openhearth.surfaces.openapi import document

PLACE = Path(__file__).parents[2] / "docs" / "openapi.json"
_WIDTH = 120


def written() -> str:
    """The description as JSON: what fits on a line stands on one."""
    return _lines(document(), 0) + "\n"


def _lines(value: Any, indent: int) -> str:
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) + indent < _WIDTH or not isinstance(value, dict | list) or not value:
        return flat
    deeper = indent + 1
    if isinstance(value, dict):
        inner = [_named(name, one, deeper) for name, one in value.items()]
    else:
        inner = [_lines(one, deeper) for one in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    gap = "\n" + " " * deeper
    return f"{opening}{gap}" + f",{gap}".join(inner) + "\n" + " " * indent + closing


def _named(name: str, value: Any, indent: int) -> str:
    head = f"{json.dumps(name)}: "
    flat = json.dumps(value, ensure_ascii=False)
    return head + (flat if len(head) + len(flat) + indent < _WIDTH else _lines(value, indent))


if __name__ == "__main__":
    PLACE.write_text(written(), encoding="utf-8")
