"""Queries that give our objects New API's numbers, and those over several tables that its lists need."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, select, update

from openhearth.stores.access_ports import Audit
from openhearth.stores.newapi_ports import ChannelRecord, Named, Names, Token
from openhearth.stores.ports import KeyRecord
from openhearth.stores.sql import audit as chain
from openhearth.stores.sql.access_tables import USERS
from openhearth.stores.sql.newapi_tables import CHANNEL_TARGETS, CHANNELS, NUMBERS
from openhearth.stores.sql.rows import record, records, values
from openhearth.stores.sql.tables import KEYS, SETTINGS, SPEND

_KEY = "key"
_CHUNK = 500
_MOST_KEYS = 1000
_MOST_NUMBER = 2**31 - 1
_OF_KEY = and_(NUMBERS.c.kind == _KEY, NUMBERS.c.id == KEYS.c.id)
_SHOWN = (NUMBERS.c.dropped.is_(None) | NUMBERS.c.dropped.is_(False),)


def number_keys(connection: Connection, user_id: str | None, key_ids: Sequence[str] = ()) -> None:
    """Give numbers to the user's keys that have none, or to all keys of the users of these; the oldest first."""
    whose = _whose(user_id, key_ids)
    missing = select(KEYS.c.id).outerjoin(NUMBERS, _OF_KEY).where(whose, NUMBERS.c.number.is_(None))
    found = connection.execute(missing.order_by(KEYS.c.created_at, KEYS.c.id)).scalars().all()
    if not found:
        return
    last = connection.execute(select(func.max(NUMBERS.c.number)).where(NUMBERS.c.kind == _KEY)).scalar() or 0
    rows = [
        {"kind": _KEY, "id": key_id, "number": last + at, "dropped": False} for at, key_id in enumerate(found, start=1)
    ]
    connection.execute(insert(NUMBERS), rows)


def has_numbers(connection: Connection, user_id: str | None, key_ids: Sequence[str] = ()) -> bool:
    """Whether ``number_keys`` would have nothing to do."""
    whose = KEYS.c.id.in_(key_ids) if user_id is None else _whose(user_id, key_ids)
    missing = select(KEYS.c.id).outerjoin(NUMBERS, _OF_KEY).where(whose, NUMBERS.c.number.is_(None)).limit(1)
    return connection.execute(missing).first() is None


def tokens(
    connection: Connection, user_id: str, *, search: str = "", digest: str = "", offset: int = 0, limit: int = 100
) -> tuple[list[Token], int]:
    wanted: list[ColumnElement[bool]] = [KEYS.c.user_id == user_id, *_SHOWN]
    if search:
        wanted.append(KEYS.c.name.icontains(search, autoescape=True))
    if digest:
        wanted.append(KEYS.c.digest == digest)
    counted = select(func.count()).select_from(KEYS.join(NUMBERS, _OF_KEY)).where(*wanted)
    return _tokens(connection, wanted, offset, limit), connection.execute(counted).scalar_one()


def token(connection: Connection, number: int) -> Token | None:
    if number > _MOST_NUMBER:
        return None
    return next(iter(_tokens(connection, [NUMBERS.c.number == number, *_SHOWN], 0, 1)), None)


def token_of(connection: Connection, key_id: str) -> Token | None:
    return next(iter(_tokens(connection, [KEYS.c.id == key_id], 0, 1)), None)


def drop_token(connection: Connection, key_id: str, audit: Audit) -> None:
    connection.execute(update(NUMBERS).where(NUMBERS.c.kind == _KEY, NUMBERS.c.id == key_id).values(dropped=True))
    chain.append(connection, audit)


def spent(connection: Connection, counters: Sequence[str]) -> dict[str, int]:
    found = dict.fromkeys(counters, 0)
    for part in _chunks(counters):
        asked = select(SPEND.c.counter, SPEND.c.nanos).where(SPEND.c.counter.in_(part))
        found.update((row[0], row[1]) for row in connection.execute(asked))
    return found


def names(connection: Connection, users: Sequence[str], keys: Sequence[str], targets: Sequence[str]) -> Names:
    found = Names({}, {}, {})
    for part in _chunks(users):
        people = select(USERS.c.id, USERS.c.number, USERS.c.username).where(USERS.c.id.in_(part))
        found.users.update({row[0]: Named(row[1], row[2]) for row in connection.execute(people)})
    for part in _chunks(keys):
        ours = select(KEYS.c.id, NUMBERS.c.number, KEYS.c.name).join(NUMBERS, _OF_KEY).where(KEYS.c.id.in_(part))
        found.keys.update({row[0]: Named(row[1], row[2]) for row in connection.execute(ours)})
    joined = CHANNEL_TARGETS.join(CHANNELS, CHANNELS.c.number == CHANNEL_TARGETS.c.number)
    for part in _chunks(targets):
        places = select(CHANNEL_TARGETS.c.target_id, CHANNELS.c.number, CHANNELS.c.name).select_from(joined)
        rows = connection.execute(places.where(CHANNEL_TARGETS.c.target_id.in_(part)))
        found.channels.update({row[0]: Named(row[1], row[2]) for row in rows})
    return found


def keys_named(connection: Connection, name: str, user_ids: Sequence[str]) -> list[str]:
    wanted: list[ColumnElement[bool]] = [KEYS.c.name == name]
    if user_ids:
        wanted.append(KEYS.c.user_id.in_(user_ids))
    return list(connection.execute(select(KEYS.c.id).where(*wanted).limit(_MOST_KEYS)).scalars())


def options(connection: Connection, prefix: str) -> dict[str, str]:
    asked = select(SETTINGS.c.name, SETTINGS.c.value).where(SETTINGS.c.name.startswith(prefix, autoescape=True))
    return {row[0][len(prefix) :]: row[1] for row in connection.execute(asked)}


def channels(connection: Connection) -> dict[int, ChannelRecord]:
    return {one.number: one for one in records(ChannelRecord, connection.execute(select(CHANNELS)))}


def channel_of(connection: Connection) -> dict[str, int]:
    return {row[0]: row[1] for row in connection.execute(select(CHANNEL_TARGETS))}


def add_channel(
    connection: Connection, new: ChannelRecord, target_ids: Sequence[str], audit: Audit | None = None
) -> ChannelRecord:
    row = values(new)
    del row["number"]
    number = connection.execute(insert(CHANNELS).returning(CHANNELS.c.number), row).scalar_one()
    for target_id in target_ids:
        join_channel(connection, number, target_id)
    chain.append(connection, audit and msgspec.structs.replace(audit, object=f"channel {number}"))
    return msgspec.structs.replace(new, number=number)


def change_channel(connection: Connection, number: int, changes: Mapping[str, Any], audit: Audit | None = None) -> None:
    connection.execute(update(CHANNELS).where(CHANNELS.c.number == number).values(dict(changes)))
    chain.append(connection, audit)


def join_channel(connection: Connection, number: int, target_id: str) -> None:
    there = select(CHANNEL_TARGETS.c.number).where(CHANNEL_TARGETS.c.target_id == target_id)
    if connection.execute(there).first() is None:
        connection.execute(insert(CHANNEL_TARGETS), {"target_id": target_id, "number": number})


def leave_channel(connection: Connection, target_ids: Sequence[str]) -> None:
    for part in _chunks(target_ids):
        connection.execute(delete(CHANNEL_TARGETS).where(CHANNEL_TARGETS.c.target_id.in_(part)))
    connection.execute(delete(CHANNELS).where(CHANNELS.c.number.not_in(select(CHANNEL_TARGETS.c.number))))


def _whose(user_id: str | None, key_ids: Sequence[str]) -> ColumnElement[bool]:
    if user_id is not None:
        return KEYS.c.user_id == user_id
    return KEYS.c.user_id.in_(select(KEYS.c.user_id).where(KEYS.c.id.in_(key_ids)))


def _tokens(connection: Connection, wanted: Iterable[ColumnElement[bool]], offset: int, limit: int) -> list[Token]:
    spend = SPEND.c.counter == "key:" + KEYS.c.id
    joined = KEYS.join(NUMBERS, _OF_KEY).outerjoin(SPEND, spend)
    asked = select(NUMBERS.c.number, func.coalesce(SPEND.c.nanos, 0), *KEYS.c).select_from(joined).where(*wanted)
    page = asked.order_by(NUMBERS.c.number.desc()).offset(offset).limit(limit)
    found = []
    for row in connection.execute(page):
        key = record(KeyRecord, row[2:])  # type: ignore[arg-type]
        assert key is not None
        found.append(Token(key, row[0], row[1]))
    return found


def _chunks(names: Sequence[str]) -> Iterable[Sequence[str]]:
    return (names[start : start + _CHUNK] for start in range(0, len(names), _CHUNK))
