"""Rows as CSV (RFC 4180) that no spreadsheet takes for a program.

A cell of text that begins like a formula gets an apostrophe before it, as OWASP advises ("CSV Injection"): names of
models come from callers, and the file is opened by whoever pays.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


def lines(rows: Iterable[Sequence[Any]]) -> bytes:
    """``rows`` of cells that ``cell`` made, as UTF-8."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def cells(values: Iterable[Any], moments: Sequence[bool]) -> Iterator[Any]:
    """Values as cells; those at a place marked in ``moments`` are unix seconds, written in UTC (ISO 8601)."""
    for value, is_moment in zip(values, moments, strict=True):
        if is_moment:
            yield datetime.fromtimestamp(value, UTC).isoformat()
        elif isinstance(value, bool):
            yield "true" if value else "false"
        else:
            yield guarded(value) if isinstance(value, str) else value


def guarded(text: str) -> str:
    """``text`` as a cell that stays text."""
    return f"'{text}" if text.startswith(_FORMULA) else text
