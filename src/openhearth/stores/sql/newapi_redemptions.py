"""Queries on codes that pay in, and on announcements."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Table, delete, func, insert, or_, select, update

from openhearth.core.errors import NotFound
from openhearth.stores.access_ports import Audit, UserRecord
from openhearth.stores.newapi_ports import AnnouncementRecord, RedemptionRecord
from openhearth.stores.sql import access_users
from openhearth.stores.sql import audit as chain
from openhearth.stores.sql.newapi_tables import ANNOUNCEMENTS, REDEMPTIONS
from openhearth.stores.sql.rows import record, records, values

_MOST_NUMBER = 2**31 - 1


def add_redemptions(connection: Connection, new: Sequence[RedemptionRecord], audit: Audit) -> list[RedemptionRecord]:
    """In their order."""
    added = [msgspec.structs.replace(one, number=_inserted(connection, REDEMPTIONS, one)) for one in new]
    chain.append(connection, audit)
    return added


def redemption(connection: Connection, number: int) -> RedemptionRecord | None:
    return _one(connection, REDEMPTIONS.c.number == number) if number <= _MOST_NUMBER else None


def redemption_by_digest(connection: Connection, digest: str) -> RedemptionRecord | None:
    return _one(connection, REDEMPTIONS.c.digest == digest)


def list_redemptions(
    connection: Connection, *, search: str = "", offset: int = 0, limit: int = 100
) -> tuple[list[RedemptionRecord], int]:
    wanted: list[ColumnElement[bool]] = []
    if search:
        found = REDEMPTIONS.c.name.istartswith(search, autoescape=True)
        if search.isascii() and search.isdigit() and len(search) < 10:
            found = or_(found, REDEMPTIONS.c.number == int(search))
        wanted.append(found)
    count = connection.execute(select(func.count()).select_from(REDEMPTIONS).where(*wanted)).scalar_one()
    page = select(REDEMPTIONS).where(*wanted).order_by(REDEMPTIONS.c.number.desc()).offset(offset).limit(limit)
    return records(RedemptionRecord, connection.execute(page)), count


def change_redemption(
    connection: Connection, number: int, changes: Mapping[str, Any], audit: Audit
) -> RedemptionRecord | None:
    unused = (REDEMPTIONS.c.number == number, REDEMPTIONS.c.used_by == "")
    if not connection.execute(update(REDEMPTIONS).where(*unused).values(dict(changes))).rowcount:
        return None
    chain.append(connection, audit)
    return redemption(connection, number)


def remove_redemptions(connection: Connection, numbers: Sequence[int], audit: Audit) -> int:
    gone = connection.execute(delete(REDEMPTIONS).where(REDEMPTIONS.c.number.in_(numbers))).rowcount
    if gone:
        chain.append(connection, audit)
    return gone


def remove_invalid_redemptions(connection: Connection, now: float, audit: Audit) -> int:
    invalid = or_(REDEMPTIONS.c.used_by != "", REDEMPTIONS.c.disabled, REDEMPTIONS.c.expires_at <= now)
    gone = connection.execute(delete(REDEMPTIONS).where(invalid)).rowcount
    if gone:
        chain.append(connection, msgspec.structs.replace(audit, change={**audit.change, "removed": gone}))
    return gone


def redeem(connection: Connection, digest: str, user_id: str, now: float, audit: Audit) -> UserRecord | None:
    """One UPDATE decides who was first; the money follows in the same transaction. Raises NotFound for no user."""
    usable = (
        REDEMPTIONS.c.digest == digest,
        REDEMPTIONS.c.used_by == "",
        REDEMPTIONS.c.disabled.is_(False),
        or_(REDEMPTIONS.c.expires_at.is_(None), REDEMPTIONS.c.expires_at > now),
    )
    used = update(REDEMPTIONS).where(*usable).values(used_by=user_id, used_at=now)
    taken = connection.execute(used.returning(REDEMPTIONS.c.id, REDEMPTIONS.c.micros)).first()
    if taken is None:
        return None
    effect = f"redeem:{taken.id}"
    told = msgspec.structs.replace(audit, change={**audit.change, "effect": effect, "micros": taken.micros})
    paid = access_users.top_up(connection, user_id, effect, taken.micros, told)
    if paid is None:
        raise NotFound("There is no such user to pay in for.")  # and the code stays unused
    return paid


def add_announcement(connection: Connection, new: AnnouncementRecord, audit: Audit) -> AnnouncementRecord:
    number = _inserted(connection, ANNOUNCEMENTS, new)
    chain.append(connection, msgspec.structs.replace(audit, object=f"announcement {number}"))
    return msgspec.structs.replace(new, number=number)


def announcement(connection: Connection, number: int) -> AnnouncementRecord | None:
    if number > _MOST_NUMBER:
        return None
    found = connection.execute(select(ANNOUNCEMENTS).where(ANNOUNCEMENTS.c.number == number))
    return record(AnnouncementRecord, found.first())


def list_announcements(
    connection: Connection, current_at: float | None = None, *, offset: int = 0, limit: int = 100
) -> tuple[list[AnnouncementRecord], int]:
    wanted: list[ColumnElement[bool]] = []
    if current_at is not None:
        still = or_(ANNOUNCEMENTS.c.ends_at.is_(None), ANNOUNCEMENTS.c.ends_at > current_at)
        wanted += [ANNOUNCEMENTS.c.starts_at <= current_at, still]
    count = connection.execute(select(func.count()).select_from(ANNOUNCEMENTS).where(*wanted)).scalar_one()
    order = (ANNOUNCEMENTS.c.pinned.desc(), ANNOUNCEMENTS.c.starts_at.desc(), ANNOUNCEMENTS.c.number.desc())
    page = select(ANNOUNCEMENTS).where(*wanted).order_by(*order).offset(offset).limit(limit)
    return records(AnnouncementRecord, connection.execute(page)), count


def change_announcement(
    connection: Connection, number: int, changes: Mapping[str, Any], audit: Audit
) -> AnnouncementRecord | None:
    if number > _MOST_NUMBER:
        return None
    changed = update(ANNOUNCEMENTS).where(ANNOUNCEMENTS.c.number == number).values(dict(changes))
    if not connection.execute(changed).rowcount:
        return None
    chain.append(connection, audit)
    return announcement(connection, number)


def remove_announcement(connection: Connection, number: int, audit: Audit) -> bool:
    if number > _MOST_NUMBER:
        return False
    gone = connection.execute(delete(ANNOUNCEMENTS).where(ANNOUNCEMENTS.c.number == number)).rowcount > 0
    if gone:
        chain.append(connection, audit)
    return gone


def _one(connection: Connection, wanted: ColumnElement[bool]) -> RedemptionRecord | None:
    return record(RedemptionRecord, connection.execute(select(REDEMPTIONS).where(wanted)).first())


def _inserted(connection: Connection, table: Table, new: msgspec.Struct) -> int:
    row = values(new)
    del row["number"]
    number: int = connection.execute(insert(table).returning(table.c.number), row).scalar_one()
    return number
