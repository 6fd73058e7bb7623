"""Keeps the pictures we make: their bytes, their lineage and the signed links by which anyone may look at them."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Protocol, TypeVar

import msgspec

from openhearth.core.errors import NotFound
from openhearth.core.ids import new_id
from openhearth.core.media import MadePicture
from openhearth.core.pictures import EXTENSIONS
from openhearth.media.links import Links, OwnLink
from openhearth.stores.blob_ports import Blobs
from openhearth.stores.ports import PictureRecord, PictureRecords

_DONE = TypeVar("_DONE")
_LOG = logging.getLogger(__name__)
_DAY_S = 86_400.0
_SWEEP_ROWS = 500
_LONGEST_CHAIN = 200
TO_THE_FIRST = -1
_OPERATIONS = msgspec.json.Decoder(list[object])


class Records(PictureRecords, Protocol):
    """What the gallery needs of the records store; ``stores.ports.Records`` offers it."""

    async def is_blob_used(self, address: str) -> bool: ...


class Made(msgspec.Struct, frozen=True):
    """Where a result comes from. ``parents`` are ids of pictures (``img_…``), files (``file_…``), URLs or ``data``."""

    owner: str
    parents: tuple[str, ...] = ()
    instruction: str = ""
    model: str = ""
    target_id: str = ""


class Ancestor(msgspec.Struct, frozen=True):
    """One picture of a lineage, as shown to its owner. ``created`` and ``expires_at`` are unix seconds."""

    id: str
    parents: tuple[str, ...]
    instruction: str
    operations: list[object]
    model: str
    target: str
    seed: int | None
    created: int
    expires_at: int | None
    mime: str
    width: int
    height: int
    url: str


class Gallery:
    """Results of one server. ``keep_days`` 0 keeps them for ever.

    ``changes`` is the lock of ``files.library.Library``: files and pictures share blobs, and none may be deleted while
    the other is about to name it.
    """

    def __init__(
        self,
        records: Records,
        blobs: Blobs,
        secret: bytes,
        *,
        keep_days: int = 30,
        changes: asyncio.Lock | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._records = records
        self._blobs = blobs
        self._links = Links(secret)
        self._keep_days = keep_days
        self._changes = changes or asyncio.Lock()
        self._now = now

    async def keep(self, picture: MadePicture, made: Made) -> PictureRecord:
        """Store a result; its link works from now on. Raises StorageFull."""
        return await _to_its_end(self._keep(picture, made))

    def link(self, home: str, record: PictureRecord) -> str:
        """The signed URL under ``home`` (``https://host``, no slash at the end)."""
        return home + self._links.path(record.id, record.mime)

    async def own(self, owner: str, picture_id: str) -> PictureRecord:
        """A picture of this owner. Raises NotFound, also for another's and for an expired one."""
        return self._living(await self._records.picture(owner, picture_id), picture_id)

    async def linked(self, link: OwnLink) -> PictureRecord:
        """The picture of a link. Raises NotFound for a wrong signature or name and for an expired picture."""
        if not self.signed(link):
            raise _missing(link.picture_id)
        record = self._living(await self._records.picture(None, link.picture_id), link.picture_id)
        if link.extension != EXTENSIONS.get(record.mime, "bin"):
            raise _missing(link.picture_id)
        return record

    def signed(self, link: OwnLink) -> bool:
        """True when the link's signature is ours."""
        return self._links.valid(link.signature, link.picture_id)

    def read(self, record: PictureRecord, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """The picture's bytes in pieces. Raises FileNotFoundError."""
        return self._blobs.read(record.blob, start, length)

    async def data(self, record: PictureRecord) -> bytes:
        """All bytes of a picture. Raises NotFound when they were deleted meanwhile."""
        try:
            return b"".join([piece async for piece in self.read(record)])
        except FileNotFoundError as error:
            raise _missing(record.id) from error

    async def step_back(self, owner: str, picture_id: str, steps: int) -> str:
        """The source ``steps`` before a picture; ``TO_THE_FIRST`` leads to the one that no edit made.

        Raises NotFound when the lineage does not reach so far, or when that source was sent as bytes and not kept.
        """
        source = picture_id
        for _ in range(_LONGEST_CHAIN if steps == TO_THE_FIRST else steps):
            record = await self._records.picture(owner, source) if source.startswith("img_") else None
            is_first = not source.startswith("img_") or (record is not None and not record.parents)
            if steps == TO_THE_FIRST and is_first:
                break
            if record is None or not record.parents:
                raise NotFound("There is no earlier picture to go back to.", code="nothing_to_undo")
            source = record.parents[0]
        if source == "data":
            raise NotFound("The earlier picture came as bytes and is not kept: send it again.", code="nothing_to_undo")
        return source

    async def lineage(self, owner: str, picture_id: str, home: str) -> list[Ancestor]:
        """The picture and everything of the same owner it was made from, newest first.

        Raises NotFound for a missing picture, which another's is.
        """
        await self.own(owner, picture_id)
        waiting = [picture_id]
        found: dict[str, Ancestor] = {}
        while waiting and len(found) < _LONGEST_CHAIN:
            record = await self._records.picture(owner, waiting.pop(0))
            if record is not None and record.id not in found:
                found[record.id] = self._shown(record, home)
                waiting.extend(parent for parent in record.parents if parent.startswith("img_"))
        return list(found.values())

    async def delete(self, owner: str, picture_id: str) -> None:
        """Forget a picture at once; its link is dead. Raises NotFound."""
        if not await _to_its_end(self._remove(owner, picture_id)):
            raise _missing(picture_id)

    async def sweep(self) -> int:
        """Delete every expired picture; how many there were."""
        swept = 0
        while expired := await self._records.expired_pictures(self._now(), _SWEEP_ROWS):
            for record in expired:
                swept += await _to_its_end(self._remove(record.owner, record.id))
        return swept

    async def sweep_on(self, every_s: float) -> None:
        """Sweep now and every ``every_s`` seconds until cancelled."""
        while True:
            try:
                await self.sweep()
            except Exception as error:
                # The store is a port: whatever ails it, the next round tries again.
                _LOG.error("Expired pictures could not be removed: %s", type(error).__name__)
            await asyncio.sleep(every_s)

    async def _keep(self, picture: MadePicture, made: Made) -> PictureRecord:
        async with self._changes:
            record = self._record(picture, made, await self._blobs.put(picture.data))
            await self._records.add_picture(record)
        return record

    async def _remove(self, owner: str, picture_id: str) -> bool:
        async with self._changes:
            record = await self._records.delete_picture(owner, picture_id)
            if record is not None and not await self._records.is_blob_used(record.blob):
                await self._blobs.delete(record.blob)
        return record is not None

    def _record(self, picture: MadePicture, made: Made, blob: str) -> PictureRecord:
        now = self._now()
        return PictureRecord(
            id=new_id("img"),
            owner=made.owner,
            blob=blob,
            mime=picture.mime,
            width=picture.width,
            height=picture.height,
            size_bytes=len(picture.data),
            parents=made.parents,
            instruction=made.instruction,
            operations=msgspec.json.encode(picture.operations).decode(),
            model=made.model,
            target_id=made.target_id,
            seed=picture.seed,
            created_at=now,
            expires_at=now + self._keep_days * _DAY_S if self._keep_days else None,
        )

    def _living(self, record: PictureRecord | None, picture_id: str) -> PictureRecord:
        if record is None or (record.expires_at is not None and record.expires_at <= self._now()):
            raise _missing(picture_id)
        return record

    def _shown(self, record: PictureRecord, home: str) -> Ancestor:
        return Ancestor(
            id=record.id,
            parents=record.parents,
            instruction=record.instruction,
            operations=_OPERATIONS.decode(record.operations or "[]"),
            model=record.model,
            target=record.target_id,
            seed=record.seed,
            created=int(record.created_at),
            expires_at=None if record.expires_at is None else int(record.expires_at),
            mime=record.mime,
            width=record.width,
            height=record.height,
            url=self.link(home, record),
        )


async def _to_its_end(change: Coroutine[Any, Any, _DONE]) -> _DONE:
    """Bytes and record change together, even when the caller is cancelled in between."""
    task = asyncio.create_task(change)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


def _missing(picture_id: str) -> NotFound:
    return NotFound(f"There is no picture '{picture_id[:64]}', or it has expired.", code="picture_not_found")
