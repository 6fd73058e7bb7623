"""Rows to records and back: a table has its record's fields in the same order, so that no field is copied by hand."""

from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Row

_RECORD = TypeVar("_RECORD", bound=msgspec.Struct)


def record(kind: type[_RECORD], row: "Row[Any] | None") -> _RECORD | None:
    """The record in ``row``, ``None`` for no row."""
    return None if row is None else _convert(kind, row)


def records(kind: type[_RECORD], rows: "Iterable[Row[Any]]") -> list[_RECORD]:
    """One record per row."""
    return [_convert(kind, row) for row in rows]


def values(item: msgspec.Struct) -> dict[str, Any]:
    """The columns of one record; what is nested in it as values of JSON."""
    columns: dict[str, Any] = msgspec.to_builtins(item)
    return columns


def _convert(kind: type[_RECORD], row: "Row[Any]") -> _RECORD:
    return msgspec.convert(dict(zip(kind.__struct_fields__, row, strict=True)), kind)
