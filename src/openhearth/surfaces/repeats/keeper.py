"""The records behind ``Idempotency-Key``: who has the right to run, what was answered, and for how long it is kept."""

import asyncio
import hmac
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection

import msgspec

from openhearth.config import Idempotency
from openhearth.core.call import Principal
from openhearth.core.errors import Conflict
from openhearth.core.ids import new_id
from openhearth.stores.blob_ports import Blobs, BlobWriter
from openhearth.stores.repeats_ports import RepeatRecord, RepeatRecords, RepeatState
from openhearth.surfaces.repeats.answers import Answered, Head
from openhearth.surfaces.repeats.sealing import FRAME_BYTES, Damaged, Seal
from openhearth.telemetry.log import Log

_HEADS = msgspec.msgpack.Decoder(Head)
_SWEEP_ROWS = 200


class Place(msgspec.Struct, frozen=True):
    """Where the answer to a caller's key is. ``id`` can be stored: it tells neither caller nor key."""

    id: str
    caller: str
    key: str


class Claim(msgspec.Struct, frozen=True):
    """The right to run a request for the first time."""

    record: RepeatRecord
    seal: Seal


class Keeper:
    """``alive`` names the boots of all processes that work on the same records now."""

    def __init__(
        self,
        records: RepeatRecords,
        blobs: Blobs,
        settings: Idempotency,
        *,
        secret: bytes,
        boot_id: str,
        alive: Callable[[], Awaitable[Collection[str]]],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._records = records
        self._blobs = blobs
        self._settings = settings
        self._secret = secret
        self._boot_id = boot_id
        self._alive = alive
        self._now = now
        self._running: set[str] = set()
        self._log = Log("repeats")

    def place(self, principal: Principal, key: str) -> Place:
        """Of ``key``, as this caller uses it: one API key, or somebody signed in, among the owner's."""
        caller = "\0".join((principal.owner, principal.key_id, "" if principal.key_id else principal.user_id))
        named = "\0".join(("openhearth repeat", caller, key)).encode()
        return Place(hmac.digest(self._secret, named, "sha256").hex(), caller, key)

    async def claim(self, place: Place) -> Claim | RepeatRecord:
        """The right to run, or the record of the one who has or had it. Raises what the store raises."""
        new = self._fresh(place)
        while (there := await self._records.add_repeat(new)) is not None:
            if not await self._is_over(there):
                return there
            if await self._records.replace_repeat(there.claim, new):
                await self._drop(there)
                break
        self._running.add(new.claim)
        return Claim(new, self._seal(place, new))

    def keeping(self, claim: Claim) -> "Keeping":
        """Takes the answer of a run."""
        return Keeping(claim, self._records, self._blobs, self._settings)

    def ended(self, claim: Claim) -> None:
        """The run is over, whatever became of its record."""
        self._running.discard(claim.record.claim)

    async def release(self, claim: Claim) -> None:
        """The run had no effect, or its answer cannot be given again: a repetition may run. Never raises."""
        try:
            await self._records.remove_repeat(claim.record.id, claim.record.claim)
        except Exception as error:  # the store is a port; the record is released when its time is over
            self._log.error("a repeated request could not be released", error=type(error).__name__)

    async def again(self, by: object, place: Place, record: RepeatRecord) -> Answered:
        """The kept answer. Raises Conflict when it was too large to keep or is no longer there."""
        if record.state is RepeatState.TOO_LARGE:
            raise Conflict(
                "The first request with this Idempotency-Key was carried out; its answer was larger than "
                f"{self._settings.answer_bytes} bytes and was not kept. Use a new key to run the request again.",
                code="idempotency_answer_too_large",
            )
        seal = self._seal(place, record)
        try:
            head = _HEADS.decode(seal.open_head(record.head))
            body = await self._body(record, seal)
        except (Damaged, msgspec.MsgspecError, FileNotFoundError) as error:
            raise Conflict(
                "The first request with this Idempotency-Key was carried out, but its answer is no longer readable. "
                "Use a new key to run the request again.",
                code="idempotency_answer_lost",
            ) from error
        marked = msgspec.structs.replace(head, headers=[*head.headers, (b"idempotent-replayed", b"true")])
        return Answered(by, marked, body)

    async def sweep(self) -> int:
        """Forget what is kept for long enough; how many answers that were."""
        swept = 0
        while True:
            old = await self._records.expired_repeats(self._now(), _SWEEP_ROWS)
            for record in old:
                if await self._records.remove_repeat(record.id, record.claim):
                    await self._drop(record)
                    swept += 1
            if len(old) < _SWEEP_ROWS:
                return swept

    async def sweep_on(self, every_s: float) -> None:
        """Sweep until cancelled."""
        while True:
            try:
                await self.sweep()
            except Exception as error:  # the store is a port; the next round may find it well
                self._log.error("kept answers could not be swept", error=type(error).__name__)
            await asyncio.sleep(every_s)

    def _fresh(self, place: Place) -> RepeatRecord:
        now = self._now()
        return RepeatRecord(
            id=place.id,
            claim=new_id("run"),
            boot_id=self._boot_id,
            state=RepeatState.RUNNING,
            fingerprint="",
            head=b"",
            body=b"",
            blob="",
            size_bytes=0,
            created_at=now,
            expires_at=now + self._settings.keep_s,
        )

    async def _is_over(self, record: RepeatRecord) -> bool:
        """Its time has passed, or nobody runs it any more."""
        if record.state is not RepeatState.RUNNING:
            return record.expires_at <= self._now()
        if record.boot_id == self._boot_id:
            return record.claim not in self._running
        return record.boot_id not in await self._alive()

    async def _body(self, record: RepeatRecord, seal: Seal) -> AsyncIterator[bytes]:
        if not record.blob:
            return seal.opened(_one(record.body))
        if await self._blobs.size(record.blob) is None:
            raise FileNotFoundError(record.blob)
        return seal.opened(self._blobs.read(record.blob))

    def _seal(self, place: Place, record: RepeatRecord) -> Seal:
        return Seal(self._secret, place.caller, place.key, record.claim)

    async def _drop(self, record: RepeatRecord) -> None:
        if record.blob:
            await self._blobs.delete(record.blob)


class Keeping:
    """One answer being kept while it goes out: small ones in the record, others as a blob, nothing of the largest.

    What is sealed is like nothing else, so a blob of ours is never that of a file, and can be deleted unasked.
    """

    def __init__(
        self,
        claim: Claim,
        records: RepeatRecords,
        blobs: Blobs,
        settings: Idempotency,
    ) -> None:
        self._claim = claim
        self._records = records
        self._blobs = blobs
        self._settings = settings
        self._waiting = bytearray()
        self._size_bytes = 0
        self._frames = 0
        self._writer: BlobWriter | None = None

    async def write(self, data: bytes) -> None:
        """The next bytes of the answer. Raises StorageFull."""
        self._size_bytes += len(data)
        if self._size_bytes > self._settings.answer_bytes:
            self._waiting.clear()
            await self.abort()
            return
        self._waiting += data
        if self._writer is None and self._size_bytes <= self._settings.inline_bytes:
            return
        if self._writer is None:
            self._writer = await self._blobs.writer()
        while len(self._waiting) > FRAME_BYTES:
            await self._writer.write(self._frame(is_last=False))

    async def finish(self, head: Head, fingerprint: str) -> None:
        """Make the record durable. Raises what the stores raise."""
        record = msgspec.structs.replace(self._claim.record, fingerprint=fingerprint, size_bytes=self._size_bytes)
        if self._size_bytes > self._settings.answer_bytes:
            record = msgspec.structs.replace(record, state=RepeatState.TOO_LARGE)
        else:
            sealed = self._claim.seal.close_head(msgspec.msgpack.encode(head))
            body, blob = await self._stored()
            record = msgspec.structs.replace(record, state=RepeatState.KEPT, head=sealed, body=body, blob=blob)
        kept = await self._records.replace_repeat(record.claim, record)
        if not kept and record.blob:  # somebody took this process for dead and ran the request again
            await self._blobs.delete(record.blob)

    async def abort(self) -> None:
        """Forget what was written; after ``finish`` this does nothing."""
        writer, self._writer = self._writer, None
        if writer is not None:
            await writer.abort()

    async def _stored(self) -> tuple[bytes, str]:
        """What goes into the record, and the blob's address."""
        if self._writer is None:
            return self._whole(), ""
        await self._writer.write(self._frame(is_last=True))
        address, _ = await self._writer.commit()
        return b"", address

    def _whole(self) -> bytes:
        frames = []
        while len(self._waiting) > FRAME_BYTES:
            frames.append(self._frame(is_last=False))
        return b"".join([*frames, self._frame(is_last=True)])

    def _frame(self, *, is_last: bool) -> bytes:
        clear = bytes(self._waiting[:FRAME_BYTES])
        del self._waiting[:FRAME_BYTES]
        self._frames += 1
        return self._claim.seal.close(clear, self._frames - 1, is_last=is_last)


async def _one(data: bytes) -> AsyncIterator[bytes]:
    yield data
