"""Queries on pictures we made."""

from sqlalchemy import Connection, delete, insert, select

from openhearth.stores.ports import PictureRecord
from openhearth.stores.sql.rows import record, records, values
from openhearth.stores.sql.tables import PICTURES


def add_picture(connection: Connection, picture: PictureRecord) -> None:
    connection.execute(insert(PICTURES), values(picture))


def picture(connection: Connection, owner: str | None, picture_id: str) -> PictureRecord | None:
    asked = select(PICTURES).where(PICTURES.c.id == picture_id)
    if owner is not None:
        asked = asked.where(PICTURES.c.owner == owner)
    return record(PictureRecord, connection.execute(asked).first())


def delete_picture(connection: Connection, owner: str, picture_id: str) -> PictureRecord | None:
    gone = delete(PICTURES).where(PICTURES.c.id == picture_id, PICTURES.c.owner == owner).returning(*PICTURES.c)
    return record(PictureRecord, connection.execute(gone).first())


def expired_pictures(connection: Connection, now: float, limit: int) -> list[PictureRecord]:
    asked = select(PICTURES).where(PICTURES.c.expires_at <= now).order_by(PICTURES.c.expires_at).limit(limit)
    return records(PictureRecord, list(connection.execute(asked)))
