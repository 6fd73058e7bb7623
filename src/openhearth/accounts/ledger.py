"""The queue between calls, which must not wait, and the store, which must not lose a call.

Opening and settling are a few operations in memory. A task writes what has gathered as one transaction: settled
calls, and reservations of calls still open, so that a crash leaves a trace of each. A call that opens and settles
between two writes costs one row.

Writes are few and long, at most one per interval unless a whole batch waits: a transaction costs as much
processor time as a hundred rows.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import msgspec

from openhearth.accounts.entries import Reservation, entry_of, reservation_of
from openhearth.accounts.nodes import Nodes
from openhearth.accounts.spool import Spool, left_spools, spool_name
from openhearth.core.call import Outcome
from openhearth.core.errors import StorageFull
from openhearth.stores.ports import LedgerEntry, LedgerRecords
from openhearth.telemetry.call_lines import CallLines

_LOG = logging.getLogger(__name__)
_OK = str(Outcome.OK)


class Sizes(msgspec.Struct, frozen=True):
    """How much is written at once, kept in memory and waited for.

    Above ``memory_rows`` entries go to the spool file; above ``refuse_rows``, when neither store nor file takes
    them, no call is admitted any more. Every ``beat_s`` this process says that it lives, notes how far open calls have
    come, and settles those of processes that died.
    """

    batch_rows: int = 2_000
    memory_rows: int = 20_000
    refuse_rows: int = 100_000
    retry_s: float = 1.0
    close_s: float = 10.0
    beat_s: float = 5.0


class Ledger:
    """Settled calls on their way to the store, each written exactly once. Used from one event loop.

    ``after_written`` is awaited with calls that are durable now; ``after_death`` with the processes whose calls were
    settled for them.
    """

    def __init__(
        self,
        records: LedgerRecords,
        *,
        boot_id: str,
        folder: Path,
        flush_ms: int = 50,
        sizes: Sizes = Sizes(),  # noqa: B008 (a frozen value)
        nodes: Nodes | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.boot_id = boot_id
        self.after_written: Callable[[Sequence[Reservation]], Awaitable[None]] | None = None
        self.after_death: Callable[[Sequence[str]], Awaitable[None]] | None = None
        self._records = records
        self._folder = folder
        self._spool = Spool(folder / spool_name(boot_id))
        self._nodes = nodes or Nodes(records, boot_id, now=now)
        self._flush_s = flush_ms / 1000
        self._sizes = sizes
        self._batch_rows = sizes.batch_rows
        self._now = now
        self._settled: list[Reservation] = []
        self._opened: list[Reservation] = []
        self._recorded: dict[str, Reservation] = {}
        self._durable: list[Reservation] = []
        self._work = asyncio.Event()
        self._full = asyncio.Event()
        self._closing = asyncio.Event()
        self._rounds = asyncio.Condition()
        self._tasks: list[asyncio.Task[None]] = []
        self._count_settled = 0
        self._count_written = 0
        self._is_failing = False
        self._lines = CallLines()

    @property
    def waiting(self) -> int:
        """Settled calls that are not in the store yet."""
        return len(self._settled)

    async def alive(self) -> list[str]:
        """The boot ids of all processes that serve on this database now."""
        return await self._nodes.alive()

    async def start(self) -> None:
        """Bring in what earlier runs left, and begin to write.

        Spooled entries come first: a call settled there must not be swept as interrupted.
        """
        await self._nodes.beat()
        alive = await self._nodes.alive()
        for path in await asyncio.to_thread(left_spools, self._folder, alive):
            await self._replay(Spool(path))
        await self._sweep()
        self._tasks = [
            asyncio.create_task(self._write_on(), name="ledger"),
            asyncio.create_task(self._look_after(), name="open calls"),
        ]

    async def close(self) -> None:
        """Write everything; what the store does not take in time goes to the spool file.

        Calls still open are written as reservations, which the next start settles as interrupted.
        """
        self._closing.set()
        self._work.set()
        self._full.set()
        if self._tasks:
            writing, looking = self._tasks
            looking.cancel()
            await asyncio.wait([writing], timeout=self._sizes.close_s)
            writing.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._tasks = []
        if self._settled:
            await self._spill()

    async def flushed(self, within_s: float = 2.0) -> bool:
        """Wait until what is settled now is in the store; False when it is not within ``within_s``."""
        self._full.set()
        due = self._count_settled
        try:
            async with asyncio.timeout(within_s), self._rounds:
                await self._rounds.wait_for(lambda: self._count_written >= due)
        except TimeoutError:
            return False
        return True

    def open(self, call: Reservation) -> None:
        """A call was admitted. Raises StorageFull when calls can no longer be recorded."""
        if len(self._settled) >= self._sizes.refuse_rows:
            raise StorageFull("Calls cannot be recorded at the moment, so none is taken.", code="ledger_full")
        if not self._opened:
            self._work.set()
        self._opened.append(call)

    def settle(self, call: Reservation) -> None:
        """A call ended."""
        if not self._settled:
            self._work.set()
        self._settled.append(call)
        self._count_settled += 1
        if len(self._settled) >= self._batch_rows:
            self._full.set()

    async def _look_after(self) -> None:
        """Beat, note how far open calls have come, settle those of the dead."""
        while True:
            await asyncio.sleep(self._sizes.beat_s)
            try:
                await self._nodes.beat()
                await self._checkpoint()
                await self._sweep()
            except Exception as error:
                # The store is a port: whatever it raises, the next beat tries again.
                _LOG.error("Open calls cannot be looked after: %s", type(error).__name__)

    async def _checkpoint(self) -> None:
        under_way = [call for call in self._recorded.values() if call.call.so_far is not None and not call.is_settled]
        if under_way:
            await self._records.checkpoint([reservation_of(call, self.boot_id) for call in under_way])

    async def _sweep(self) -> None:
        dead = await self._nodes.dead()
        swept = await self._records.sweep(dead, self._now())
        if swept:
            _LOG.warning("%d calls were open when their process stopped; settled as far as they had come", len(swept))
        if dead and self.after_death is not None:
            back = {node.boot_id for node in await self._records.nodes()}
            await self.after_death([node.boot_id for node in dead if node.boot_id not in back])

    async def _write_on(self) -> None:
        while self._settled or self._opened or not self._closing.is_set():
            await self._work.wait()
            if not self._is_failing:
                await _within(self._full, self._flush_s)
            self._work.clear()
            self._full.clear()
            if await self._flush():
                if self._settled or self._opened:
                    self._work.set()
                continue
            if len(self._settled) > self._sizes.memory_rows:
                await self._spill()
            if self._closing.is_set():
                # One more try, since the failure may be older than the wish to close.
                await self._flush()
                return
            self._work.set()
            await _within(self._closing, self._sizes.retry_s)

    async def _flush(self) -> bool:
        """Write what is due; False when the store failed."""
        try:
            is_due = bool(self._settled or self._opened)
            while is_due:
                await self._write_batch()
                is_due = self._is_due()
            if self._is_failing:
                await self._replay(self._spool)
            await self._tell()
        except Exception as error:
            # The store is a port: whatever it raises, the entries stay ours until it takes them.
            if not self._is_failing:
                _LOG.error("The ledger cannot be written, entries are kept: %s", type(error).__name__)
            self._is_failing = True
            return False
        if self._is_failing:
            _LOG.warning("The ledger is written again")
        self._is_failing = False
        return True

    def _is_due(self) -> bool:
        """Whether what is left after a write cannot wait for the next interval."""
        if self._closing.is_set():
            return bool(self._settled or self._opened)
        return len(self._settled) >= self._batch_rows

    async def _write_batch(self) -> None:
        settled = self._settled[: self._batch_rows]
        del self._settled[: len(settled)]
        opened, self._opened = [call for call in self._opened if not call.is_settled], []
        for call in opened:
            call.is_recorded = True
        written = False
        try:
            entries = [entry_of(call) for call in settled]
            await self._records.write_batch(
                entries,
                [reservation_of(call, self.boot_id) for call in opened],
                [call.call.id for call in settled if call.is_recorded],
            )
            written = True
        finally:
            if not written:
                self._settled[:0] = settled
                self._opened[:0] = opened
        self._recorded.update((call.call.id, call) for call in opened if not call.is_settled)
        for call in settled:
            if call.is_recorded:
                self._recorded.pop(call.call.id, None)
        self._note_durable(settled)
        self._log_good(entries)
        self._count_written += len(settled)
        async with self._rounds:
            self._rounds.notify_all()

    def _note_durable(self, settled: list[Reservation]) -> None:
        if self.after_written is not None:
            self._durable += [call for call in settled if call.take is not None]

    async def _tell(self) -> None:
        """Tell of durable calls; those that nobody could be told of wait for the next time."""
        if self.after_written is None or not self._durable:
            return
        durable, self._durable = self._durable, []
        try:
            await self.after_written(durable)
        except Exception as error:
            # The counters are a port: whatever they raise, the calls are told again, which they allow.
            self._durable[:0] = durable
            _LOG.error("Counters cannot be reached, %d calls wait: %s", len(self._durable), type(error).__name__)

    async def _spill(self) -> None:
        """Move everything settled to the file, oldest first; it stays in memory when the file fails as well."""
        entries = [entry_of(call) for call in self._settled]
        try:
            await asyncio.to_thread(self._spool.append, entries)
        except OSError as error:
            _LOG.error("The ledger's spool file cannot be written: %s", error.strerror)
            return
        self._note_durable(self._settled[: len(entries)])
        del self._settled[: len(entries)]
        self._log_good(entries)

    def _log_good(self, entries: list[LedgerEntry]) -> None:
        """Calls that went well; the others had their line when they failed."""
        self._lines.write([entry for entry in entries if entry.outcome == _OK])

    async def _replay(self, spool: Spool) -> None:
        """Write what a spool holds. Safe to repeat: an effect that is already there is left as it is."""
        offset = 0
        while True:
            entries, offset = await asyncio.to_thread(spool.read, offset, self._sizes.batch_rows)
            if not entries:
                break
            await self._records.write_batch(entries, [])
        if offset:
            await asyncio.to_thread(spool.clear)


async def _within(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        pass
