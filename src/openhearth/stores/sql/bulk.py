"""Many rows at once, for the ledger: plain tuples, many to a statement.

SQLAlchemy's own way looks at every value of every row, which costs more than writing the row. SQLite's driver lets go
of the interpreter lock once per statement step, which beside a busy event loop costs as much again when each row is a
step of its own. PostgreSQL's reads a long statement anew each time, and sends many rows of a short one together. Only
for tables whose values the driver takes as they are (no JSON).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Column, Connection, Table, bindparam, delete, insert

_MOST_ROWS = 128
_FEW = 16
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


def insert_alike(connection: Connection, table: Table, rows: Sequence[msgspec.Struct], own: Sequence[str]) -> None:
    """``insert_many`` for rows that are mostly the same but for their ``own`` columns: SQLite's driver takes longer to
    bind a value than SQLite to store it, so values that many rows share are bound once for all of them."""
    if connection.dialect.paramstyle != "qmark" or len(rows) < _FEW:
        insert_many(connection, table, rows)
        return
    shared = [column.name for column in table.columns if column.name not in own]
    of_all, of_one = attrgetter(*shared), attrgetter(*own)
    names = connection.dialect.identifier_preparer
    columns = ", ".join(map(names.quote, (*shared, *own)))
    start = (
        f"INSERT INTO {names.format_table(table)} ({columns}) SELECT {', '.join('?' * len(shared))}, * FROM (VALUES "
    )
    one = f"({', '.join('?' * len(own))})"
    rest: list[msgspec.Struct] = []
    for same, kind in by_kind(of_all, rows).items():
        if len(kind) < _FEW:
            rest += kind
            continue
        for part in _blocks(kind):
            values = chain(same, chain.from_iterable(map(of_one, part)))
            connection.exec_driver_sql(f"{start}{', '.join([one] * len(part))})", tuple(values))
    insert_many(connection, table, rest)


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


def by_kind(key: Callable[[_ROW], Any], rows: Iterable[_ROW]) -> dict[Any, list[_ROW]]:
    """``rows`` in lists of those with the same ``key``."""
    kinds: dict[Any, list[_ROW]] = {}
    for row in rows:
        of_row = key(row)
        kind = kinds.get(of_row)
        if kind is None:
            kinds[of_row] = [row]
        else:
            kind.append(row)
    return kinds


def _blocks(rows: Sequence[_ROW]) -> Iterator[Sequence[_ROW]]:
    """Blocks whose sizes are powers of two, so that the driver's statement cache knows them all."""
    start = 0
    while start < len(rows):
        size = min(_MOST_ROWS, 1 << ((len(rows) - start).bit_length() - 1))
        yield rows[start : start + size]
        start += size
