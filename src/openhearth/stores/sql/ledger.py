"""Queries of the money: settled calls, open reservations and what each key has spent.

``spend`` is the running sum of the ledger, kept in the same transaction, so that a start with millions of entries
does not have to add them up.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, insert, select, update

from openhearth.core.call import Outcome
from openhearth.stores.ports import LedgerEntry, OpenReservation
from openhearth.stores.sql.bulk import delete_many, insert_many
from openhearth.stores.sql.rows import record, records
from openhearth.stores.sql.tables import LEDGER, RESERVATIONS, SPEND

_CHUNK = 500
# One value for good: making the statement anew costs three times as much as running it.
_SPEND_MORE = (
    update(SPEND)
    .where(SPEND.c.key_id == bindparam("key"))
    .values(spent_micros=SPEND.c.spent_micros + bindparam("more"))
)


def write_new(
    connection: Connection,
    settled: Sequence[LedgerEntry],
    opened: Sequence[OpenReservation],
    closed: Sequence[str] | None = None,
) -> None:
    """The common case: nothing of the batch was written before. An IntegrityError says otherwise."""
    if closed is None:
        closed = [entry.effect for entry in settled]
    insert_many(connection, RESERVATIONS, opened)
    insert_many(connection, LEDGER, settled)
    delete_many(connection, RESERVATIONS, RESERVATIONS.c.call_id, closed)
    spent: dict[str, int] = {}
    for item in settled:
        if item.cost_micros:
            spent[item.key_id] = spent.get(item.key_id, 0) + item.cost_micros
    for key_id, micros in spent.items():
        _spend(connection, key_id, micros)


def write_missing(connection: Connection, settled: Sequence[LedgerEntry], opened: Sequence[OpenReservation]) -> None:
    """The careful case: whatever of the batch is already there is left as it is."""
    calls = [item.call_id for item in opened]
    known = _existing_reservations(connection, calls) | _existing_effects(connection, calls)
    fresh = {item.call_id: item for item in opened if item.call_id not in known}
    done = _existing_effects(connection, [entry.effect for entry in settled])
    once = {entry.effect: entry for entry in reversed(settled) if entry.effect not in done}
    write_new(connection, list(once.values()), list(fresh.values()), [])
    delete_many(connection, RESERVATIONS, RESERVATIONS.c.call_id, [entry.effect for entry in settled])


def sweep(connection: Connection, boot_id: str, now: float) -> int:
    """Settle what earlier boots left open: interrupted, free."""
    left = records(
        OpenReservation, list(connection.execute(select(RESERVATIONS).where(RESERVATIONS.c.boot_id != boot_id)))
    )
    write_missing(connection, [_interrupted(item, now) for item in left], [])
    return len(left)


def spent_by_key(connection: Connection) -> dict[str, int]:
    return {row[0]: row[1] for row in connection.execute(select(SPEND.c.key_id, SPEND.c.spent_micros))}


def entry(connection: Connection, effect: str) -> LedgerEntry | None:
    return record(LedgerEntry, connection.execute(select(LEDGER).where(LEDGER.c.effect == effect)).first())


def open_reservations(connection: Connection) -> list[OpenReservation]:
    found = connection.execute(select(RESERVATIONS).order_by(RESERVATIONS.c.created_at, RESERVATIONS.c.call_id))
    return records(OpenReservation, list(found))


def _spend(connection: Connection, key_id: str, micros: int) -> None:
    if connection.execute(_SPEND_MORE, {"key": key_id, "more": micros}).rowcount == 0:
        connection.execute(insert(SPEND), {"key_id": key_id, "spent_micros": micros})


def _existing_effects(connection: Connection, effects: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(effects), _CHUNK):
        part = effects[start : start + _CHUNK]
        found.update(connection.execute(select(LEDGER.c.effect).where(LEDGER.c.effect.in_(part))).scalars())
    return found


def _existing_reservations(connection: Connection, calls: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(calls), _CHUNK):
        asked = select(RESERVATIONS.c.call_id).where(RESERVATIONS.c.call_id.in_(calls[start : start + _CHUNK]))
        found.update(connection.execute(asked).scalars())
    return found


def _interrupted(item: OpenReservation, now: float) -> LedgerEntry:
    return LedgerEntry(
        effect=item.call_id,
        key_id=item.key_id,
        owner=item.owner,
        operation=item.operation,
        model=item.model,
        target_id="",
        outcome=Outcome.INTERRUPTED,
        created_at=item.created_at,
        duration_ms=max(0, round((now - item.created_at) * 1000)),
        first_byte_ms=0,
        input_tokens=0,
        output_tokens=0,
        cached_tokens=0,
        images=0,
        usage_source="none",
        reserved_micros=item.reserved_micros,
        cost_micros=0,
        error_code="interrupted",
    )
