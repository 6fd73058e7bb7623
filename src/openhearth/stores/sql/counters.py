"""Counters as rows of the database: one transaction reads what a batch of calls touches, decides and writes it back.

The row of a scope in ``holds`` is its lock. All rows of a batch are locked in the order of their names, and only then
is anything read: what another process spent before it gave back a hold is seen by whoever sees the hold gone. (One
guarded UPDATE would not do: PostgreSQL looks again at the row it waited for, but at other tables as they were before.)
"""

from collections.abc import Iterator, Sequence, Set
from typing import TypeVar

import msgspec
from sqlalchemy import Connection, bindparam, select, text, tuple_, update
from typing_extensions import override

from openhearth.core.allowance import MONEY, Bound, windows_at
from openhearth.core.errors import StoreAway
from openhearth.stores.counter_ports import Given, Take
from openhearth.stores.pace import Pace
from openhearth.stores.shared_ports import Applied, CounterRows, Truth, Verdict
from openhearth.stores.sql.bulk import delete_many, insert_many
from openhearth.stores.sql.counter_tables import HOLDS, PACES, TAKES
from openhearth.stores.sql.database import Database
from openhearth.stores.sql.tables import NODES, SPEND
from openhearth.stores.tally import Held, Tally, held_by

_CHUNK = 400
_MOST_TRIES = 5
_PACED = (Bound.RPM, Bound.TPM)
_ADD_HOLD = text("INSERT INTO holds (scope, nanos, calls) VALUES (:scope, 0, 0) ON CONFLICT (scope) DO NOTHING")
_SET_HOLD = (
    update(HOLDS).where(HOLDS.c.scope == bindparam("name")).values(nanos=bindparam("nanos"), calls=bindparam("calls"))
)
_SET_PACE = text(
    "INSERT INTO paces (scope, bound, minute, this_count, last_count) VALUES (:scope, :bound, :minute, :this, :last) "
    "ON CONFLICT (scope, bound) DO UPDATE SET "
    "minute = excluded.minute, this_count = excluded.this_count, last_count = excluded.last_count"
)
_Key = TypeVar("_Key")


class _Row(msgspec.Struct, frozen=True):
    """One row of ``takes``; ``held`` is JSON of ``stores.tally.Held``."""

    call_id: str
    boot_id: str
    held: str


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(list[Held])


class _Missing(Exception):
    """Scopes nobody has counted for yet: their rows are made in a transaction of their own."""

    def __init__(self, scopes: list[str]) -> None:
        super().__init__(scopes)
        self.scopes = scopes


class SqlCounterRows(CounterRows):
    """Counts in the tables ``takes``, ``holds`` and ``paces``; money spent is read from ``spend``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    @override
    def name(self) -> str:
        return "the database"

    @property
    @override
    def waits_s(self) -> float:
        return 0.0

    @override
    async def apply(self, gives: Sequence[Given], takes: Sequence[Take]) -> Applied:
        limited = [given for given in gives if given.take.limits]
        if not limited and not takes:
            return Applied([])
        for _ in range(_MOST_TRIES):
            try:
                return await self._database.write_aside(_apply, limited, takes)
            except _Missing as missing:
                await self._database.write_aside(_add_holds, missing.scopes)
        raise StoreAway("rows of the counters vanish")

    @override
    async def release(self, boot_ids: Sequence[str]) -> None:
        await self._database.write_aside(_release, boot_ids)

    @override
    async def tend(self) -> None:
        if lost := await self._database.read(_lost_boots):
            await self.release(lost)

    @override
    async def close(self) -> None:
        """The database is its opener's to close."""


class SqlTruth(Truth):
    """What the ledger's tables say."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @override
    async def spent_of(self, counters: Sequence[str]) -> dict[str, int]:
        return await self._database.read(_spent_of, counters)

    @override
    async def boots(self) -> Set[str]:
        return await self._database.read(_boots)


def _apply(connection: Connection, gives: Sequence[Given], takes: Sequence[Take]) -> Applied:
    """One transaction. Raises _Missing when a scope has no row yet."""
    everyone = [*(given.take for given in gives), *takes]
    tally, before = _locked(connection, {limit.scope for take in everyone for limit in take.limits})
    _read_paces(connection, tally, everyone)
    tally.spent = _spent_of(connection, _counters_of(takes))
    there = _existing(connection, [given.take.call_id for given in gives])
    for given in gives:
        if given.take.call_id in there:
            there.discard(given.take.call_id)
            tally.give(given)
    verdicts: list[Verdict] = []
    for take in takes:
        refused = tally.refusal(take, windows_at(take.now))
        if refused is None:
            tally.note(take)
        verdicts.append(refused)
    taken = [take for take, refused in zip(takes, verdicts, strict=True) if refused is None]
    insert_many(
        connection, TAKES, [_Row(take.call_id, take.boot_id, _ENCODER.encode(held_by(take)).decode()) for take in taken]
    )
    delete_many(connection, TAKES, TAKES.c.call_id, [given.take.call_id for given in gives])
    _write_holds(connection, tally, before)
    _write_paces(connection, tally)
    return Applied(verdicts, tally.paces)


def _release(connection: Connection, boot_ids: Sequence[str]) -> None:
    """Read who holds what, lock that, and take back what is still held then."""
    asked = select(TAKES).where(TAKES.c.boot_id.in_(boot_ids))
    found = {row.call_id: _DECODER.decode(row.held) for row in connection.execute(asked)}
    if not found:
        return
    tally, before = _locked(connection, {held.scope for call in found.values() for held in call})
    for call_id in _existing(connection, list(found)):
        for held in found[call_id]:
            tally.held[held.scope] = max(0, tally.held.get(held.scope, 0) - held.nanos)
            tally.open[held.scope] = max(0, tally.open.get(held.scope, 0) - held.places)
    delete_many(connection, TAKES, TAKES.c.call_id, list(found))
    _write_holds(connection, tally, before)


def _lost_boots(connection: Connection) -> list[str]:
    """Processes that hold something and are in the ledger's list no more."""
    known = select(NODES.c.boot_id).where(NODES.c.boot_id == TAKES.c.boot_id).exists()
    return list(connection.execute(select(TAKES.c.boot_id).where(~known).distinct()).scalars())


def _boots(connection: Connection) -> set[str]:
    return set(connection.execute(select(NODES.c.boot_id)).scalars())


def _spent_of(connection: Connection, counters: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in _chunks(counters):
        asked = select(SPEND.c.counter, SPEND.c.nanos).where(SPEND.c.counter.in_(part))
        found.update((counter, nanos) for counter, nanos in connection.execute(asked))
    return found


def _counters_of(takes: Sequence[Take]) -> list[str]:
    found: set[str] = set()
    for take in takes:
        windows = windows_at(take.now)
        found.update(windows.counter(limit.scope, limit.bound) for limit in take.limits if limit.bound in MONEY)
    return sorted(found)


def _locked(connection: Connection, scopes: set[str]) -> tuple[Tally, dict[str, tuple[int, int]]]:
    """What the scopes hold, locked until the transaction ends."""
    tally = Tally()
    before: dict[str, tuple[int, int]] = {}
    for part in _chunks(sorted(scopes)):
        asked = select(HOLDS).where(HOLDS.c.scope.in_(part)).order_by(HOLDS.c.scope).with_for_update()
        for scope, nanos, calls in connection.execute(asked):
            before[scope] = (nanos, calls)
            tally.held[scope] = nanos
            tally.open[scope] = calls
    if missing := sorted(scopes - before.keys()):
        raise _Missing(missing)
    return tally, before


def _read_paces(connection: Connection, tally: Tally, takes: Sequence[Take]) -> None:
    wanted = sorted(
        {(limit.scope, str(limit.bound)) for take in takes for limit in take.limits if limit.bound in _PACED}
    )
    for part in _chunks(wanted):
        asked = select(PACES).where(tuple_(PACES.c.scope, PACES.c.bound).in_(part))
        for scope, bound, minute, this, last in connection.execute(asked):
            tally.paces[(scope, Bound(bound))] = Pace(minute, this, last)


def _existing(connection: Connection, calls: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for part in _chunks(calls):
        found.update(connection.execute(select(TAKES.c.call_id).where(TAKES.c.call_id.in_(part))).scalars())
    return found


def _write_holds(connection: Connection, tally: Tally, before: dict[str, tuple[int, int]]) -> None:
    after = {scope: (tally.held.get(scope, 0), tally.open.get(scope, 0)) for scope in before}
    changed = [
        {"name": scope, "nanos": nanos, "calls": calls}
        for scope, (nanos, calls) in after.items()
        if before[scope] != (nanos, calls)
    ]
    if changed:
        connection.execute(_SET_HOLD, changed)


def _write_paces(connection: Connection, tally: Tally) -> None:
    rows = [
        {"scope": scope, "bound": str(bound), "minute": pace.minute, "this": pace.this, "last": pace.last}
        for (scope, bound), pace in tally.paces.items()
    ]
    if rows:
        connection.execute(_SET_PACE, rows)


def _add_holds(connection: Connection, scopes: Sequence[str]) -> None:
    connection.execute(_ADD_HOLD, [{"scope": scope} for scope in scopes])


def _chunks(items: Sequence[_Key]) -> Iterator[Sequence[_Key]]:
    return (items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK))
