"""``make tour``: start the platform, walk every surface offline, print surface → model → time → what came back.

``--json`` prints the same as JSON. A step whose pack is missing is skipped and says which command fetches it.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable

import cohere.core
import msgspec
import openai
from rich.console import Console
from rich.table import Table

from tour.serving import serving
from tour.steps import STEPS
from tour.visitor import NOT_INSTALLED, Refused, Shown, Skipped, Visitor

_WIDTH = 150


class Row(msgspec.Struct, frozen=True):
    """One line of the table. ``outcome`` is ``ok``, ``skipped`` or ``failed``."""

    surface: str
    model: str
    seconds: float
    outcome: str
    what: str


def main() -> int:
    """0 when no step failed."""
    options = argparse.ArgumentParser(prog="python -m tour", description=__doc__)
    options.add_argument("--json", action="store_true", help="print JSON")
    as_json = options.parse_args().json
    with serving() as place:
        visitor = Visitor(place.url, place.key)
        rows = [_walked(visitor, surface, step) for surface, step in STEPS]
    print(json.dumps(msgspec.to_builtins(rows), ensure_ascii=False, indent=1) if as_json else _table(rows))
    return 1 if any(row.outcome == "failed" for row in rows) else 0


def _walked(visitor: Visitor, surface: str, step: Callable[[Visitor], Shown]) -> Row:
    print(f"{surface} …", file=sys.stderr)
    began = time.monotonic()
    try:
        shown = step(visitor)
        model, outcome, what = shown.model, "ok", shown.what
    except Skipped as reason:
        model, outcome, what = "", "skipped", f"skipped: {reason}"
    except (openai.OpenAIError, cohere.core.ApiError, Refused) as error:
        code, message = _said(error)
        missing = code == NOT_INSTALLED
        model, outcome = "", "skipped" if missing else "failed"
        what = f"skipped: {message}" if missing else f"FAILED: {code or type(error).__name__} {message}"
    except (AssertionError, OSError, KeyError, ValueError) as error:
        model, outcome, what = "", "failed", f"FAILED: {type(error).__name__} {error}"[:300]
    return Row(surface, model, round(time.monotonic() - began, 1), outcome, what)


def _said(error: Exception) -> tuple[str, str]:
    """Code and message of an error, whichever client raised it."""
    if isinstance(error, Refused):
        return error.code, error.message
    body = getattr(error, "body", None)
    found = body if isinstance(body, dict) else {}
    return str(found.get("code") or ""), str(found.get("message") or error)[:300]


def _table(rows: list[Row]) -> str:
    table = Table("surface", "model", "seconds", "what came back")
    for row in rows:
        table.add_row(row.surface, row.model, f"{row.seconds:.1f}", row.what)
    console = Console(width=_WIDTH, force_terminal=False, color_system=None)
    with console.capture() as captured:
        console.print(table)
    count = {outcome: sum(row.outcome == outcome for row in rows) for outcome in ("ok", "skipped", "failed")}
    return captured.get() + ", ".join(f"{number} {outcome}" for outcome, number in count.items())


if __name__ == "__main__":
    sys.exit(main())
