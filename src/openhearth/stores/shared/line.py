"""Counters that several processes share: calls that come at once are asked for together, one round trip for many.

While the store is away calls with limits are refused at once instead of each waiting for it, and it is asked again and
again until it answers. What is to be given back then waits, and so does a take whose outcome is not known.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from itertools import islice

import msgspec
from typing_extensions import override

from openhearth.core.allowance import Bound, Limit
from openhearth.core.errors import StoreAway
from openhearth.stores.counter_ports import Counters, Given, Refusal, Standing, Take
from openhearth.stores.pace import Pace
from openhearth.stores.shared.memory import standing
from openhearth.stores.shared_ports import CounterRows, LedgerAway, Verdict

_LOG = logging.getLogger(__name__)
_MOST_AT_ONCE = 256
_MOST_WAITING = 10_000
_MOST_PACES = 100_000
_DAY_S = 86_400


class Times(msgspec.Struct, frozen=True):
    """How long a call waits for the counters, how often they are looked after, and asked again while they are away."""

    wait_s: float = 5.0
    tend_s: float = 5.0
    probe_s: float = 0.5


class _Waiting(msgspec.Struct, eq=False):
    take: Take
    answer: "asyncio.Future[Verdict]"


class SharedCounters(Counters):
    """Counters over ``rows``. Used from one event loop."""

    def __init__(self, rows: CounterRows, times: Times = Times()) -> None:  # noqa: B008 (a frozen value)
        self._rows = rows
        self._times = times
        self._waiting: list[_Waiting] = []
        self._owed: dict[object, Given] = {}
        self._paces: dict[tuple[str, Bound], Pace] = {}
        self._turn = asyncio.Lock()
        self._taking: asyncio.Task[None] | None = None
        self._tending: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self._answered_at = 0.0
        self._trouble = ""

    @property
    @override
    def is_local(self) -> bool:
        return False

    @property
    @override
    def trouble(self) -> str:
        if not self._trouble and self._rows.waits_s:
            return f"the shared counters ({self._rows.name}) are being filled again"
        return self._trouble

    @override
    async def load(self, spent: Mapping[str, int]) -> None:
        """Begin to look after the counters. What was spent they read from the ledger themselves when they need it."""
        if self._tending is None:
            await self._tend()
            self._tending = asyncio.create_task(self._tend_on(), name="shared counters")

    @override
    def take_now(self, take: Take) -> Refusal | None:
        raise TypeError("these counters are shared: await take")

    @override
    def give_now(self, given: Given) -> None:
        raise TypeError("these counters are shared: await give")

    @override
    def charge_now(self, scopes: tuple[str, ...], model: str, nanos: int, now: float) -> None:
        raise TypeError("these counters are shared: await give")

    @override
    async def take(self, take: Take) -> Refusal | None:
        if take.nanos < 0 or take.tokens < 0:
            raise ValueError("A take cannot be negative.")
        if not take.limits:
            return None
        if self._trouble or len(self._waiting) >= _MOST_WAITING:
            raise self._away()
        waiting = _Waiting(take, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._taking is None or self._taking.done():
            self._taking = asyncio.create_task(self._take_on(), name="takes")
        is_told = False
        try:
            async with asyncio.timeout(self._times.wait_s):
                verdict = await waiting.answer
            is_told = True
        except TimeoutError:
            if asyncio.get_running_loop().time() - self._answered_at > self._times.wait_s:
                self._note_trouble("no answer")
            raise self._away() from None
        finally:
            if not is_told:
                self._forgo(waiting)
        if isinstance(verdict, StoreAway):
            raise verdict
        return verdict

    @override
    async def give(self, given: Sequence[Given]) -> None:
        """Give back now if possible, else as soon as it is; never raises."""
        for one in given:
            self._owe(one)
        if not self._trouble:
            try:
                await self._give_owed()
            except StoreAway as error:
                self._note_trouble(error.message)

    @override
    async def release(self, boot_ids: Sequence[str]) -> None:
        """Now if possible; else ``tend`` finds these processes by itself later."""
        try:
            async with self._turn:
                await self._rows.release(boot_ids)
        except StoreAway as error:
            self._note_trouble(error.message)

    @override
    async def close(self) -> None:
        """What cannot be given back now is found by other processes, or at the next start."""
        self._closing.set()
        tasks = [task for task in (self._tending, self._taking) if task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=self._times.wait_s)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=self._times.wait_s)
        await self.give([])
        await self._rows.close()

    @override
    def standing(self, limits: Sequence[Limit], now: float) -> list[Standing]:
        return standing(self._paces, limits, now)

    async def _take_on(self) -> None:
        """Ask for all that wait, as long as there are any."""
        while self._waiting:
            asked, self._waiting = self._waiting[:_MOST_AT_ONCE], self._waiting[_MOST_AT_ONCE:]
            asked = [one for one in asked if not one.answer.done()]
            if asked:
                await self._ask(asked)

    async def _ask(self, asked: list[_Waiting]) -> None:
        verdicts: list[Verdict] = [self._away()] * len(asked)
        is_known = bool(self._trouble)
        try:
            if not self._trouble:
                verdicts = await self._apply([], [one.take for one in asked])
                is_known = True
        except StoreAway as error:
            self._note_trouble(error.message)
        finally:
            for one, verdict in zip(asked, verdicts, strict=True):
                is_wanted = not one.answer.done()
                if is_wanted:
                    one.answer.set_result(verdict)
                if not is_known or (verdict is None and not is_wanted):
                    self._owe(Given(one.take, 0, 0))

    def _forgo(self, waiting: _Waiting) -> None:
        """Whoever asked is gone. If the answer came in that very moment, nobody else gives back what it took."""
        answer = waiting.answer
        if answer.done() and not answer.cancelled() and answer.result() is None:
            self._owe(Given(waiting.take, 0, 0))

    def _owe(self, given: Given) -> None:
        """Of a call without limits only the counters of its charge matter: one stands for all of its kind."""
        take = given.take
        self._owed[take.call_id if take.limits else (take.scopes, take.now // _DAY_S)] = given

    async def _give_owed(self) -> None:
        while self._owed:
            some = dict(islice(self._owed.items(), _MOST_AT_ONCE))
            try:
                await self._apply(list(some.values()), [])
            except LedgerAway:
                return
            for name, given in some.items():
                if self._owed.get(name) is given:
                    del self._owed[name]

    async def _apply(self, gives: Sequence[Given], takes: Sequence[Take]) -> list[Verdict]:
        async with self._turn:
            applied = await self._rows.apply(gives, takes)
        self._answered_at = asyncio.get_running_loop().time()
        if len(self._paces) + len(applied.paces) > _MOST_PACES:
            self._paces.clear()
        self._paces.update(applied.paces)
        return applied.verdicts

    async def _tend_on(self) -> None:
        while not self._closing.is_set():
            try:
                async with asyncio.timeout(self._times.probe_s if self._trouble else self._times.tend_s):
                    await self._closing.wait()
            except TimeoutError:
                pass
            try:
                await self._tend()
            except Exception as error:
                # The rows are a port: whatever they raise, the next round tries again.
                self._note_trouble(type(error).__name__)

    async def _tend(self) -> None:
        try:
            async with self._turn:
                await self._rows.tend()
            await self._give_owed()
        except StoreAway as error:
            self._note_trouble(error.message)
            return
        if self._trouble:
            _LOG.warning("The shared counters answer again")
        self._trouble = ""

    def _note_trouble(self, what: str) -> None:
        if not self._trouble:
            _LOG.error(
                "Shared counters (%s): %s. Calls with limits are refused until they answer.", self._rows.name, what
            )
        self._trouble = f"the shared counters ({self._rows.name}) cannot be reached"

    def _away(self) -> StoreAway:
        return StoreAway(
            "Limits cannot be checked at the moment, so calls with limits wait: the shared counters cannot be reached.",
            code="counters_unavailable",
            retry_after_s=1.0,
        )
