"""Counters in a Valkey or Redis server: one script per take and one per give, many to a round trip.

The server may be lost, flushed or restarted with old data at any time: its counts are filled again. Money spent is read
from the ledger, after it was written there, and only ever raised; what open calls hold each process knows of its own. A
life of the counts is an *era*; a new one begins when the server has none, or one of an earlier run of itself, and takes
begin when every process had the time to say what its calls hold.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

import msgspec
from typing_extensions import override

from openhearth.core.allowance import MONEY, Bound, Limit, windows_at
from openhearth.core.errors import StoreAway
from openhearth.core.ids import new_id
from openhearth.stores.counter_ports import Given, Refusal, Take
from openhearth.stores.pace import MINUTE_S, Pace
from openhearth.stores.shared.scripts import GIVE, HELLO, SPENT, TAKE
from openhearth.stores.shared.wire import Command, Wire
from openhearth.stores.shared_ports import Applied, CounterRows, LedgerAway, Truth, Verdict
from openhearth.stores.tally import Held, held_by, money_refusal, pace_refusal

_LOG = logging.getLogger(__name__)
_KEPT_S = 86_400
_MOST_TRIES = 4
_CHUNK = 200
_LOOK_EVERY = 5
_TRUTH_AGAIN_S = 5.0
_PACED = frozenset({Bound.RPM, Bound.TPM})
_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Take)
_Item = TypeVar("_Item")
_Paces = dict[tuple[str, Bound], Pace]


class ValkeyRows(CounterRows):
    """Counts behind ``wire``; ``truth`` is the ledger. ``settle_s``: how long takes wait in a new era, so that all
    processes have noticed it. ``truth_s``: how long they wait for the ledger; one that hangs must not hold up takes
    that do not need it, so it is left alone for a while then."""

    def __init__(
        self,
        wire: Wire,
        truth: Truth,
        *,
        settle_s: float = 3.0,
        truth_s: float = 3.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wire = wire
        self._truth = truth
        self._settle_s = settle_s
        self._truth_s = truth_s
        self._truth_at = 0.0
        self._clock = clock
        self._era = ""
        self._last_era = ""
        self._opens_at = 0.0
        self._mine: dict[str, Take] = {}
        self._tended = 0

    @property
    @override
    def name(self) -> str:
        return "Valkey"

    @property
    @override
    def waits_s(self) -> float:
        return max(0.0, self._opens_at - self._clock())

    @override
    async def apply(self, gives: Sequence[Given], takes: Sequence[Take]) -> Applied:
        await self._tell_spent({counter for given in gives if given.charge_nanos for counter in _charged(given.take)})
        await self._give(gives)
        if not takes:
            return Applied([])
        return await self._take(takes)

    @override
    async def release(self, boot_ids: Sequence[str]) -> None:
        for boot_id in boot_ids:
            [held] = await self._run(partial(_command, "HGETALL", "boot", boot_id))
            left = [Given(_DECODER.decode(text), 0, 0) for text in _values(held)]
            await self._tell_spent({counter for given in left for counter in _charged(given.take)})
            await self._give(left)
            await self._run(partial(_forget, boot_id))

    @override
    async def tend(self) -> None:
        await self._hello()
        boots = {take.boot_id for take in self._mine.values()}
        names = [("boots",), ("held",), ("open",), *(("boot", boot_id) for boot_id in boots)]
        await self._run(lambda era: [("EXPIRE", _key(era, *name), _KEPT_S) for name in names])
        self._tended += 1
        if self._tended % _LOOK_EVERY == 0:
            await self._release_lost()

    @override
    async def close(self) -> None:
        await self._wire.close()

    async def _release_lost(self) -> None:
        [holding] = await self._run(partial(_command, "SMEMBERS", "boots"))
        try:
            known = await self._told(self._truth.boots)
            lost = sorted(set(map(_text, holding)) - known)
            if lost:
                await self.release(lost)
        except LedgerAway as error:
            _LOG.debug("whose calls are lost is not known: %s", error.message)

    async def _take(self, takes: Sequence[Take]) -> Applied:
        paces: _Paces = {}
        verdicts: dict[str, Verdict] = {}
        open_takes = list(takes)
        for _ in range(_MOST_TRIES):
            answers = await self._run(partial(_takes, open_takes), waits=True)
            if not answers:
                break
            missing: set[str] = set()
            again = []
            for take, answer in zip(open_takes, answers, strict=True):
                unknown = _missing(take, answer)
                if unknown:
                    missing |= unknown
                    again.append(take)
                else:
                    verdicts[take.call_id] = self._verdict(take, answer, paces)
            if not again:
                break
            open_takes = again
            try:
                await self._tell_spent(missing)
            except LedgerAway as error:
                verdicts.update((take.call_id, error) for take in again)
                break
        return Applied([verdicts.get(take.call_id, self._not_yet()) for take in takes], paces)

    def _not_yet(self) -> StoreAway:
        return StoreAway(
            "Limits cannot be checked at the moment: the shared counters are being filled again.",
            code="counters_unavailable",
            retry_after_s=max(1.0, self.waits_s),
        )

    def _verdict(self, take: Take, answer: Any, paces: _Paces) -> Verdict:
        said, *looked = answer
        for index, minute, this, last in looked:
            limit = take.limits[index - 1]
            paces[(limit.scope, limit.bound)] = Pace(minute, this, last)
        if said[0] == b"ok":
            self._mine[take.call_id] = take
            return None
        limit = take.limits[said[1] - 1]
        return _refusal(limit, take, int(said[2]), int(said[3]), paces)

    async def _give(self, gives: Sequence[Given]) -> None:
        limited = [given for given in gives if given.take.limits]
        for part in _chunks(limited):
            await self._run(partial(_gives, part))
            for given in part:
                self._mine.pop(given.take.call_id, None)

    async def _tell_spent(self, counters: set[str]) -> None:
        """Raise counters to what the ledger says now. Raises LedgerAway."""
        for part in _chunks(sorted(counters)):
            spent = await self._told(partial(self._truth.spent_of, part))
            await self._run(partial(_spent, part, spent))

    async def _told(self, ask: Callable[[], Awaitable[_Item]]) -> _Item:
        """What the ledger says. Raises LedgerAway, also when it does not say it in time, or did not a moment ago."""
        if self._clock() < self._truth_at:
            raise _ledger_away("The ledger does not answer.", _TRUTH_AGAIN_S)
        try:
            async with asyncio.timeout(self._truth_s):
                return await ask()
        except TimeoutError as error:
            self._truth_at = self._clock() + _TRUTH_AGAIN_S
            raise _ledger_away("The ledger does not answer.", _TRUTH_AGAIN_S) from error
        except StoreAway as error:
            raise _ledger_away(error.message, error.retry_after_s) from error

    async def _run(self, commands: Callable[[str], Sequence[Command]], *, waits: bool = False) -> list[Any]:
        """Run commands in one round trip and in one era. Raises StoreAway.

        With ``waits`` they are not run, and nothing is returned, while the era is too new.
        """
        for _ in range(_MOST_TRIES):
            era = await self._hello_if_new()
            if waits and self.waits_s:
                return []
            answers = await self._wire.send(commands(era))
            if not any(map(_is_of_another_era, answers)):
                return answers
            self._era = ""
        raise StoreAway("the server is flushed again and again", code="counters_unavailable", retry_after_s=1.0)

    async def _hello_if_new(self) -> str:
        return self._era or await self._hello()

    async def _hello(self) -> str:
        """Learn the era, or begin one; say what our calls hold if it is a new one to us."""
        new = f"{await self._wire.run_id()}:{new_id('era')}"
        [(era, age_ms)] = await self._wire.send([(HELLO, [_ERA], [new, _KEPT_S, "none"])])
        if not era:
            how = "open" if await self._is_alone() else "begin"
            [(era, age_ms)] = await self._wire.send([(HELLO, [_ERA], [new, _KEPT_S, how])])
        self._era = era = _text(era)
        if era == self._last_era:
            return era
        self._opens_at = self._clock() + self._settle_s - age_ms / 1000
        for part in _chunks(list(self._mine.values())):
            await self._wire.send([_take(take, era, checks=()) for take in part])
        self._last_era = era
        return era

    async def _is_alone(self) -> bool:
        """Whether no other process can have open calls."""
        try:
            return len(await self._told(self._truth.boots)) <= 1
        except LedgerAway:
            return False


_ERA = "{openhearth}:era"


def _ledger_away(message: str, retry_after_s: float | None) -> LedgerAway:
    return LedgerAway(message, code="counters_unavailable", retry_after_s=retry_after_s)


def _key(era: str, *name: str) -> str:
    """The name of one of our keys; those of an era that is over expire by themselves."""
    return ":".join(("{openhearth}", era, *name))


def _pace_key(era: str, limit: Limit) -> str:
    return _key(era, "pace", limit.bound, limit.scope)


def _command(word: str, *name: str) -> list[Command]:
    """A plain command on one of our keys; the era comes last."""
    *inside, era = name
    return [(word, _key(era, *inside))]


def _forget(boot_id: str, era: str) -> list[Command]:
    return [("SREM", _key(era, "boots"), boot_id)]


def _takes(takes: Sequence[Take], era: str) -> list[Command]:
    return [_take(take, era) for take in takes]


def _take(take: Take, era: str, checks: Sequence[Limit] | None = None) -> Command:
    """The script of one take; without ``checks`` it holds whatever the limits say."""
    checks = take.limits if checks is None else checks
    windows = windows_at(take.now)
    keys = [_ERA, _key(era, "boots"), _key(era, "boot", take.boot_id), _key(era, "held"), _key(era, "open")]
    args: list[str | int] = [era, _KEPT_S, take.boot_id, take.call_id, _ENCODER.encode(take).decode()]
    args += _holds(held_by(take))
    minute, weight = int(take.now // MINUTE_S), repr(1.0 - take.now % MINUTE_S / MINUTE_S)
    for limit in checks:
        if limit.bound in MONEY:
            keys.append(_key(era, "spent", windows.counter(limit.scope, limit.bound)))
            args += ["money", limit.scope, limit.most, take.nanos, 0, 0]
        elif limit.bound is Bound.CONCURRENCY:
            keys.append(_ERA)
            args += ["calls", limit.scope, limit.most, 1, 0, 0]
        else:
            keys.append(_pace_key(era, limit))
            want = 1 if limit.bound is Bound.RPM else take.tokens
            args += ["pace", limit.scope, limit.most, want, minute, weight]
    return (TAKE, keys, args)


def _gives(gives: Sequence[Given], era: str) -> list[Command]:
    return [_give(given, era) for given in gives]


def _give(given: Given, era: str) -> Command:
    take = given.take
    keys = [_ERA, _key(era, "boot", take.boot_id), _key(era, "held"), _key(era, "open")]
    args: list[str | int] = [era, take.call_id, *_holds(held_by(take))]
    more = given.tokens - take.tokens
    if more > 0:
        for limit in take.limits:
            if limit.bound is Bound.TPM:
                keys.append(_pace_key(era, limit))
                args += [more, int((given.now or take.now) // MINUTE_S)]
    return (GIVE, keys, args)


def _spent(counters: Sequence[str], spent: dict[str, int], era: str) -> list[Command]:
    keys = [_ERA, *(_key(era, "spent", counter) for counter in counters)]
    return [(SPENT, keys, [era, _KEPT_S, *(spent.get(counter, 0) for counter in counters)])]


def _holds(held: Sequence[Held]) -> Iterator[str | int]:
    yield len(held)
    for one in held:
        yield from (one.scope, one.nanos, one.places)


def _charged(take: Take) -> tuple[str, ...]:
    return windows_at(take.now).counters(take.scopes)


def _missing(take: Take, answer: Any) -> set[str]:
    """The counters that the server has to be told of first."""
    said = answer[0]
    if said[0] != b"missing":
        return set()
    windows = windows_at(take.now)
    limits = [take.limits[index - 1] for index in said[1:]]
    return {windows.counter(limit.scope, limit.bound) for limit in limits}


def _refusal(limit: Limit, take: Take, used: int, held: int, paces: _Paces) -> Verdict:
    if limit.bound in MONEY:
        return money_refusal(limit, take, used, held)
    if limit.bound in _PACED:
        return pace_refusal(limit, take, paces[(limit.scope, limit.bound)])
    return Refusal(limit, used)


def _is_of_another_era(answer: Any) -> bool:
    return answer == -1 or (isinstance(answer, list) and bool(answer) and answer[0] == [b"era"])


def _values(answer: Any) -> Iterable[bytes]:
    return answer.values() if isinstance(answer, dict) else answer[1::2]


def _text(data: bytes | str) -> str:
    return data.decode() if isinstance(data, bytes) else data


def _chunks(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    return (items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK))
