"""The audit log: entries chained by SHA-256, so that none can be changed, taken out or put in without being found.

The digest of an entry is over the one before and the entry's canonical JSON: keys sorted, no blanks, times as text with
microseconds (a float must read back the same from every database).
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256

import msgspec
from sqlalchemy import Connection, insert, or_, select, text, update

from openhearth.stores.access_ports import Audit, AuditRecord
from openhearth.stores.sql.access_tables import AUDIT, AUDIT_HEAD
from openhearth.stores.sql.rows import records, values

FIRST = "0" * 64
_ENCODER = msgspec.json.Encoder(order="sorted")
_ROWS_AT_ONCE = 1000
# The same words for SQLite and PostgreSQL; of two that make it at once, the second waits and does nothing.
_MAKE_HEAD = text("INSERT INTO audit_head (id, number, digest) VALUES (1, 0, :first) ON CONFLICT (id) DO NOTHING")


def append(connection: Connection, audit: Audit | None) -> None:
    """Add ``audit`` to the chain, in the transaction of what it tells of. ``None``: nothing to tell."""
    if audit is None:
        return
    number, before = _taken_head(connection)
    digest = digest_of(before, number, audit)
    connection.execute(insert(AUDIT), {"number": number, **values(audit), "before": before, "digest": digest})
    connection.execute(update(AUDIT_HEAD).values(digest=digest))


def lock(connection: Connection) -> None:
    """Wait until no other transaction that writes to the log is under way: what is read after this is still so when it
    is written. SQLite has one writer in any case; elsewhere the row of the head is what all of them take."""
    if not connection.execute(update(AUDIT_HEAD).values(digest=AUDIT_HEAD.c.digest)).rowcount:
        connection.execute(_MAKE_HEAD, {"first": FIRST})


def entries(
    connection: Connection,
    before: int | None = None,
    limit: int = 100,
    *,
    org_id: str = "",
    kinds: Sequence[str] = (),
) -> list[AuditRecord]:
    """Newest first."""
    wanted = select(AUDIT).order_by(AUDIT.c.number.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(AUDIT.c.number < before)
    if org_id:
        wanted = wanted.where(AUDIT.c.org_id == org_id)
    if kinds:
        wanted = wanted.where(or_(*(AUDIT.c.action.startswith(kind, autoescape=True) for kind in kinds)))
    return records(AuditRecord, connection.execute(wanted))


def check(connection: Connection) -> int | None:
    """The first entry that is wrong, or after which one is missing; ``None``: the whole chain is as it was written."""
    number, digest = 0, FIRST
    while found := _page(connection, number):
        wrong, number, digest = _checked(found, number, digest)
        if wrong is not None:
            return wrong
    head = connection.execute(select(AUDIT_HEAD.c.number, AUDIT_HEAD.c.digest)).first()
    at_end = (0, FIRST) if head is None else tuple(head)
    return None if at_end == (number, digest) else number


def digest_of(before: str, number: int, audit: Audit | AuditRecord) -> str:
    """The digest of an entry that follows the one with the digest ``before``."""
    told = {
        "number": number,
        "actor": audit.actor,
        "action": audit.action,
        "object": audit.object,
        "at": f"{audit.at:.6f}",
        "org_id": audit.org_id,
        "change": audit.change,
    }
    return sha256(before.encode() + b"\n" + _ENCODER.encode(told)).hexdigest()


def _taken_head(connection: Connection) -> tuple[int, str]:
    """The number of the next entry and the digest of the last one. Others who append wait from here on."""
    moved = update(AUDIT_HEAD).values(number=AUDIT_HEAD.c.number + 1)
    lock(connection)
    taken = connection.execute(moved.returning(AUDIT_HEAD.c.number, AUDIT_HEAD.c.digest)).one()
    return taken.number, taken.digest


def _page(connection: Connection, after: int) -> list[AuditRecord]:
    wanted = select(AUDIT).where(AUDIT.c.number > after).order_by(AUDIT.c.number).limit(_ROWS_AT_ONCE)
    return records(AuditRecord, connection.execute(wanted))


def _checked(found: Iterable[AuditRecord], number: int, digest: str) -> tuple[int | None, int, str]:
    for entry in found:
        if entry.number != number + 1:
            return number, number, digest
        number += 1
        if entry.before != digest or entry.digest != digest_of(digest, number, entry):
            return number, number, digest
        digest = entry.digest
    return None, number, digest
