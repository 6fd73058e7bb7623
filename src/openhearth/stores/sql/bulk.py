"""Many rows at once, for the ledger: plain tuples, many to a statement.

SQLAlchemy's own way looks at every value of every row, which costs more than writing the row. SQLite's driver lets go
of the interpreter lock once per statement step, which beside a busy event loop costs as much again when each row is a
step of its own. PostgreSQL's reads a long statement anew each time, and sends many rows of a short one together. Only
for tables whose values the driver takes as they are (no JSON).
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TypeVar

import msgspec
from sqlalchemy import Column, Connection, Table, bindparam, delete, insert

_MOST_ROWS = 128
_ROW = TypeVar("_ROW")


def insert_many(connection: Connection, table: Table, rows: Sequence[msgspec.Struct]) -> None:
    """Insert ``rows``, whose field names are the table's columns in the same order."""
    if not rows:
        return
    names = connection.dialect.identifier_preparer
    columns = ", ".join(names.format_column(column) for column in table.columns)
    start = f"INSERT INTO {names.format_table(table)} ({columns}) VALUES "
    match connection.dialect.paramstyle:
        case "qmark":
            one = f"({', '.join('?' * len(table.columns))})"
            for part in _blocks(rows):
                values = tuple(chain.from_iterable(map(msgspec.structs.astuple, part)))
                connection.exec_driver_sql(start + ", ".join([one] * len(part)), values)
        case "pyformat":
            one = f"({', '.join(['%s'] * len(table.columns))})"
            connection.exec_driver_sql(start + one, list(map(msgspec.structs.astuple, rows)))
        case _:
            connection.execute(insert(table), [msgspec.structs.asdict(row) for row in rows])


def delete_many(connection: Connection, table: Table, column: Column[str], keys: Sequence[str]) -> None:
    """Delete the rows of ``table`` whose ``column`` is one of ``keys``."""
    if not keys:
        return
    names = connection.dialect.identifier_preparer
    start = f"DELETE FROM {names.format_table(table)} WHERE {names.format_column(column)} "
    match connection.dialect.paramstyle:
        case "qmark":
            for part in _blocks(keys):
                connection.exec_driver_sql(f"{start} IN ({', '.join('?' * len(part))})", tuple(part))
        case "pyformat":
            connection.exec_driver_sql(f"{start} = ANY(%s)", (list(keys),))
        case _:
            gone = delete(table).where(column == bindparam("gone"))
            connection.execute(gone, [{"gone": key} for key in keys])


def _blocks(rows: Sequence[_ROW]) -> Iterator[Sequence[_ROW]]:
    """Blocks whose sizes are powers of two, so that the driver's statement cache knows them all."""
    start = 0
    while start < len(rows):
        size = min(_MOST_ROWS, 1 << ((len(rows) - start).bit_length() - 1))
        yield rows[start : start + size]
        start += size
