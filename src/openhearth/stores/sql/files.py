"""Queries on files; every one that serves a user names the owner."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, exists, insert, or_, select

from openhearth.core.errors import NotFound
from openhearth.stores.ports import FileRecord, Page
from openhearth.stores.sql.rows import record, records, values
from openhearth.stores.sql.tables import FILES, PICTURES


def add_file(connection: Connection, file: FileRecord) -> None:
    connection.execute(insert(FILES), values(file))


def file(connection: Connection, owner: str, file_id: str) -> FileRecord | None:
    asked = select(FILES).where(FILES.c.id == file_id, FILES.c.owner == owner)
    return record(FileRecord, connection.execute(asked).first())


def list_files(
    connection: Connection, owner: str, purpose: str | None, page: Page, now: float
) -> tuple[list[FileRecord], bool]:
    """One page by time and id. Raises NotFound for a cursor that names no file of this owner."""
    asked = select(FILES).where(FILES.c.owner == owner, or_(FILES.c.expires_at.is_(None), FILES.c.expires_at > now))
    if purpose is not None:
        asked = asked.where(FILES.c.purpose == purpose)
    rising = page.order == "asc"
    if page.after:
        asked = asked.where(_beyond(_cursor(connection, owner, page.after, "after"), later=rising))
    if page.before:
        asked = asked.where(_beyond(_cursor(connection, owner, page.before, "before"), later=not rising))
    from_the_end = bool(page.before) and not page.after
    found = list(connection.execute(_ordered(asked, rising=rising is not from_the_end).limit(page.limit + 1)))
    kept = found[: page.limit]
    if from_the_end:
        kept.reverse()
    return records(FileRecord, kept), len(found) > page.limit


def delete_file(connection: Connection, owner: str, file_id: str) -> FileRecord | None:
    gone = delete(FILES).where(FILES.c.id == file_id, FILES.c.owner == owner).returning(*FILES.c)
    return record(FileRecord, connection.execute(gone).first())


def expired_files(connection: Connection, now: float, limit: int) -> list[FileRecord]:
    asked = select(FILES).where(FILES.c.expires_at <= now).order_by(FILES.c.expires_at).limit(limit)
    return records(FileRecord, list(connection.execute(asked)))


def is_blob_used(connection: Connection, address: str) -> bool:
    file_uses = exists().where(FILES.c.blob == address)
    picture_uses = exists().where(PICTURES.c.blob == address)
    return bool(connection.execute(select(or_(file_uses, picture_uses))).scalar())


def _cursor(connection: Connection, owner: str, file_id: str, param: str) -> tuple[float, str]:
    place = select(FILES.c.created_at, FILES.c.id).where(FILES.c.id == file_id, FILES.c.owner == owner)
    row = connection.execute(place).first()
    if row is None:
        raise NotFound(f"'{param}' names no file of yours to list from.", param=param, code="file_not_found")
    return row[0], row[1]


def _beyond(place: tuple[float, str], *, later: bool) -> ColumnElement[bool]:
    at, file_id = place
    if later:
        return or_(FILES.c.created_at > at, and_(FILES.c.created_at == at, FILES.c.id > file_id))
    return or_(FILES.c.created_at < at, and_(FILES.c.created_at == at, FILES.c.id < file_id))


def _ordered(asked: Select[Any], *, rising: bool) -> Select[Any]:
    if rising:
        return asked.order_by(FILES.c.created_at, FILES.c.id)
    return asked.order_by(FILES.c.created_at.desc(), FILES.c.id.desc())
