"""Rows to records and back: the records are the schema's own field names, so no field is copied by hand."""

from typing import Any, TypeVar

import msgspec
from sqlalchemy import Row

_RECORD = TypeVar("_RECORD", bound=msgspec.Struct)


def record(kind: type[_RECORD], row: "Row[Any] | None") -> _RECORD | None:
    """The record in ``row``, ``None`` for no row."""
    return None if row is None else msgspec.convert(dict(row._mapping), kind)


def records(kind: type[_RECORD], rows: "list[Row[Any]]") -> list[_RECORD]:
    """One record per row."""
    return [msgspec.convert(dict(row._mapping), kind) for row in rows]


def values(item: msgspec.Struct) -> dict[str, Any]:
    """The columns of one record."""
    return msgspec.structs.asdict(item)
