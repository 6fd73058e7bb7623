"""Queries of the money: settled calls and open reservations. What follows from them is in ``sums``."""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, select, update

from openhearth.core.call import Outcome
from openhearth.stores.ports import LedgerEntry, NodeRecord, OpenReservation, Posting
from openhearth.stores.sql import sums
from openhearth.stores.sql.bulk import delete_many, insert_alike, insert_many
from openhearth.stores.sql.rows import record, records
from openhearth.stores.sql.tables import BALANCES, LEDGER, NODES, POSTINGS, RESERVATIONS

_CHUNK = 500
_OWN = (
    "effect", "created_at", "duration_ms", "first_byte_ms", "input_tokens", "output_tokens", "cached_tokens",
    "reserved_nanos", "cost_nanos", "charge_nanos",
)  # fmt: skip
_CHECKPOINT = (
    update(RESERVATIONS)
    .where(RESERVATIONS.c.call_id == bindparam("call"))
    .values({name: bindparam(f"new_{name}") for name in OpenReservation.__struct_fields__[12:]})
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
    last = sums.last_row(connection)
    insert_alike(connection, LEDGER, settled, _OWN)
    delete_many(connection, RESERVATIONS, RESERVATIONS.c.call_id, closed)
    sums.add(connection, settled, last)


def write_missing(connection: Connection, settled: Sequence[LedgerEntry], opened: Sequence[OpenReservation]) -> None:
    """The careful case: whatever of the batch is already there is left as it is."""
    calls = [item.call_id for item in opened]
    known = _existing_reservations(connection, calls) | _existing_effects(connection, calls)
    fresh = {item.call_id: item for item in opened if item.call_id not in known}
    done = _existing_effects(connection, [entry.effect for entry in settled])
    once = {entry.effect: entry for entry in reversed(settled) if entry.effect not in done}
    write_new(connection, list(once.values()), list(fresh.values()), [])
    delete_many(connection, RESERVATIONS, RESERVATIONS.c.call_id, [entry.effect for entry in settled])


def checkpoint(connection: Connection, open_calls: Sequence[OpenReservation]) -> None:
    """An update of what is there: a call that is settled by now has no row any more."""
    rows = [
        {
            "call": item.call_id,
            **{f"new_{name}": getattr(item, name) for name in OpenReservation.__struct_fields__[12:]},
        }
        for item in open_calls
    ]
    if rows:
        connection.execute(_CHECKPOINT, rows)


def beat(connection: Connection, node: NodeRecord) -> None:
    seen = update(NODES).where(NODES.c.boot_id == node.boot_id).values(seen_at=node.seen_at)
    if connection.execute(seen).rowcount == 0:
        insert_many(connection, NODES, [node])


def nodes(connection: Connection) -> list[NodeRecord]:
    return records(NodeRecord, connection.execute(select(NODES)))


def sweep(connection: Connection, dead: Sequence[NodeRecord], now: float) -> list[str]:
    """Settle what processes that are no more left open, from the last checkpoint.

    Who lives is looked up here, in the transaction: a process may have started since ``dead`` was found, or come back.
    """
    for node in dead:
        connection.execute(delete(NODES).where(NODES.c.boot_id == node.boot_id, NODES.c.seen_at == node.seen_at))
    lost = RESERVATIONS.c.boot_id.not_in(select(NODES.c.boot_id))
    left = records(OpenReservation, connection.execute(select(RESERVATIONS).where(lost)))
    write_missing(connection, [_interrupted(item, now) for item in left], [])
    return [item.call_id for item in left]


def entry(connection: Connection, effect: str) -> LedgerEntry | None:
    return record(LedgerEntry, connection.execute(select(LEDGER).where(LEDGER.c.effect == effect)).first())


def open_reservations(connection: Connection) -> list[OpenReservation]:
    found = connection.execute(select(RESERVATIONS).order_by(RESERVATIONS.c.created_at, RESERVATIONS.c.call_id))
    return records(OpenReservation, found)


def post(connection: Connection, postings: Sequence[Posting]) -> bool:
    """Raises ValueError when ``postings`` do not sum to zero."""
    if sum(posting.nanos for posting in postings):
        raise ValueError("postings of one effect sum to zero")
    if (
        not postings
        or connection.execute(select(POSTINGS.c.effect).where(POSTINGS.c.effect == postings[0].effect)).first()
    ):
        return False
    sums.post(connection, postings)
    return True


def postings(connection: Connection, effect: str) -> list[Posting]:
    asked = select(POSTINGS).where(POSTINGS.c.effect == effect).order_by(POSTINGS.c.account)
    return records(Posting, connection.execute(asked))


def balance(connection: Connection, account: str) -> int:
    return connection.execute(select(BALANCES.c.nanos).where(BALANCES.c.account == account)).scalar() or 0


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
        user_id=item.user_id,
        project_id=item.project_id,
        org_id=item.org_id,
        owner=item.owner,
        group_name=item.group_name,
        operation=item.operation,
        model=item.model,
        target_id=item.target_id,
        outcome=str(Outcome.INTERRUPTED),
        stream=bool(item.output_tokens),
        attempts=1 if item.target_id else 0,
        created_at=item.created_at,
        duration_ms=max(0, round((now - item.created_at) * 1000)),
        first_byte_ms=0,
        input_tokens=item.input_tokens,
        output_tokens=item.output_tokens,
        cached_tokens=item.cached_tokens,
        images=0,
        usage_source="checkpoint" if item.output_tokens else "none",
        reserved_nanos=item.reserved_nanos,
        cost_nanos=item.cost_nanos,
        charge_nanos=item.charge_nanos,
        ratio_ppm=item.ratio_ppm,
        price_version=item.price_version,
        error_code="interrupted",
    )
