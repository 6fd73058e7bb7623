"""Calls and sums as columns: one list for JSON, CSV and Parquet, so that a download holds what the answer held.

What the upstream costs and which target answered is shown to who operates the platform, and to nobody else: it is
their purchase price.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, Literal, TypeVar

import msgspec

from openhearth.stores.ports import LedgerEntry
from openhearth.stores.usage_ports import SUMMED, Dimension, Grain, UsageSum

Kind = Literal["text", "whole", "flag", "moment"]
_ROW = TypeVar("_ROW")
_INSIDE = frozenset({"target_id", "attempts", "reserved_nanos", "cost_nanos", "owner"})
_KINDS: dict[str, Kind] = {"stream": "flag", "created_at": "moment"}
_TEXTS = frozenset({
    "id", "key_id", "user_id", "project_id", "org_id", "owner", "group_name", "operation", "model", "target_id",
    "outcome", "usage_source", "error_code", "more",
})  # fmt: skip
_ID_FIELDS: dict[Dimension, str] = {
    "key": "key_id",
    "user": "user_id",
    "project": "project_id",
    "org": "org_id",
    "model": "model",
    "target": "target_id",
    "operation": "operation",
}


class Column(msgspec.Struct, frozen=True):
    """``moment`` is unix seconds."""

    name: str
    kind: Kind


class Sheet(msgspec.Struct, Generic[_ROW], frozen=True):
    """How rows become cells."""

    columns: tuple[Column, ...]
    cells: Callable[[_ROW], tuple[Any, ...]]

    def objects(self, kind: str, rows: Iterable[_ROW]) -> list[dict[str, Any]]:
        """Rows as JSON objects."""
        names = [column.name for column in self.columns]
        return [_object(kind, dict(zip(names, self.cells(row), strict=True))) for row in rows]


def _object(kind: str, row: dict[str, Any]) -> dict[str, Any]:
    """``more`` is text in a cell; in an object it is one itself."""
    if "more" in row:
        row["more"] = msgspec.json.decode(row["more"]) if row["more"] else {}
    return {"object": kind, **row}


def call_sheet(*, inside: bool) -> Sheet[LedgerEntry]:
    """Calls; with ``inside`` also what only operators see."""
    fields = [name for name in LedgerEntry.__struct_fields__ if inside or name not in _INSIDE]
    names = ["id" if name == "effect" else name for name in fields]

    def cells(entry: LedgerEntry) -> tuple[Any, ...]:
        return tuple(getattr(entry, name) for name in fields)

    return Sheet(tuple(Column(name, _kind(name)) for name in names), cells)


def sum_sheet(by: Sequence[Dimension], per: Grain, *, inside: bool) -> Sheet[UsageSum]:
    """Sums by ``by``, with their bucket's start unless they are of ``all`` time."""
    numbers = [name for name in SUMMED if inside or name not in _INSIDE]
    starts = () if per == "all" else (Column("start", "moment"),)
    names = tuple(Column(_ID_FIELDS[one], "text") for one in by)

    def cells(one: UsageSum) -> tuple[Any, ...]:
        start = () if per == "all" else (one.start,)
        return (*start, *one.names, *(getattr(one, name) for name in numbers))

    return Sheet((*starts, *names, *(Column(name, "whole") for name in numbers)), cells)


def _kind(name: str) -> Kind:
    return "text" if name in _TEXTS else _KINDS.get(name, "whole")
