"""What the operator tells everybody: a title and Markdown, from one time to another, some of it pinned."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from openhearth.accounts.audit import told
from openhearth.core.call import Principal
from openhearth.core.errors import NotFound, RequestError
from openhearth.stores.newapi_ports import AnnouncementRecord, AnnouncementRecords

_TITLE_CHARS = 200
_CONTENT_CHARS = 50_000
_TAG_CHARS = 20
_MOST_SHOWN = 100


class NewAnnouncement(msgspec.Struct, frozen=True):
    """``content`` is Markdown. ``starts_at`` ``None``: now; ``ends_at`` ``None``: for good."""

    title: str
    content: str = ""
    description: str = ""
    tag: str = ""
    pinned: bool = False
    starts_at: float | None = None
    ends_at: float | None = None


class Announcements:
    """Everybody reads those of now; operators write them."""

    def __init__(self, records: AnnouncementRecords, *, now: Callable[[], float] = time.time) -> None:
        self._records = records
        self._now = now

    async def current(self, *, offset: int = 0, limit: int = _MOST_SHOWN) -> tuple[Sequence[AnnouncementRecord], int]:
        """Those that are told now: pinned ones first, then the newest; and how many there are."""
        return await self._records.list_announcements(self._now(), offset=offset, limit=limit)

    async def list(self, *, offset: int = 0, limit: int = 100) -> tuple[Sequence[AnnouncementRecord], int]:
        """All, also those that are over or still to come."""
        return await self._records.list_announcements(offset=offset, limit=limit)

    async def one(self, number: int, *, current: bool = False) -> AnnouncementRecord:
        """``current``: only if it is told now. Raises NotFound."""
        found = await self._records.announcement(number)
        if found is None or (current and not self._is_told(found)):
            raise _missing(number)
        return found

    async def create(self, by: Principal, new: NewAnnouncement) -> AnnouncementRecord:
        """Raises RequestError."""
        now = self._now()
        record = AnnouncementRecord(
            number=0,
            title=new.title,
            content=new.content,
            description=new.description,
            tag=new.tag,
            pinned=new.pinned,
            starts_at=now if new.starts_at is None else new.starts_at,
            ends_at=new.ends_at,
            created_at=now,
            created_by=by.key_id or by.user_id,
        )
        _check(record)
        audit = told(by, "announcement.create", "announcement", {"title": new.title, "tag": new.tag}, now=self._now)
        return await self._records.add_announcement(record, audit)

    async def change(self, by: Principal, number: int, changes: Mapping[str, Any]) -> AnnouncementRecord:
        """Set fields of ``NewAnnouncement``. Raises NotFound and RequestError."""
        before = await self.one(number)
        _check(msgspec.structs.replace(before, **changes))
        shown = {name: value for name, value in changes.items() if name not in ("content", "description")}
        audit = told(by, "announcement.change", f"announcement {number}", shown, now=self._now)
        after = await self._records.change_announcement(number, changes, audit)
        if after is None:
            raise _missing(number)
        return after

    async def remove(self, by: Principal, number: int) -> None:
        """Raises NotFound."""
        before = await self.one(number)
        audit = told(by, "announcement.delete", f"announcement {number}", {"title": before.title}, now=self._now)
        if not await self._records.remove_announcement(number, audit):
            raise _missing(number)

    def _is_told(self, one: AnnouncementRecord) -> bool:
        return one.starts_at <= self._now() and (one.ends_at is None or one.ends_at > self._now())


def _check(record: AnnouncementRecord) -> None:
    if not record.title.strip() or len(record.title) > _TITLE_CHARS or not record.title.isprintable():
        raise RequestError(f"'title' is 1 to {_TITLE_CHARS} printable characters.", param="title")
    if len(record.content) > _CONTENT_CHARS:
        raise RequestError(f"'content' is at most {_CONTENT_CHARS} characters.", param="content")
    if len(record.description) > _CONTENT_CHARS:
        raise RequestError(f"'description' is at most {_CONTENT_CHARS} characters.", param="description")
    if len(record.tag) > _TAG_CHARS or not record.tag.isprintable():
        raise RequestError(f"'tag' is at most {_TAG_CHARS} printable characters.", param="tag")
    if record.ends_at is not None and record.ends_at <= record.starts_at:
        raise RequestError("'end_time' lies before 'start_time'.", param="end_time", code="invalid_value")


def _missing(number: int) -> NotFound:
    return NotFound(f"There is no announcement {number}.", code="not_found")
