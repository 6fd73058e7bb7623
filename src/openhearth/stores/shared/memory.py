"""Counters in this process: enough for one server, and the meaning every other implementation must copy."""

from collections.abc import Mapping, Sequence
from threading import Lock

from typing_extensions import override

from openhearth.core.allowance import Bound, Limit, Windows, window_of, windows_at
from openhearth.stores.counter_ports import Counters, Given, Refusal, Standing, Take
from openhearth.stores.pace import Pace
from openhearth.stores.tally import Tally

_DAY_S = 86_400
_KEPT_S = 2 * _DAY_S
_MOST_FRESH = 1000


class MemoryCounters(Counters):
    """Everything in dictionaries behind one lock, which makes a take one step, also across threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._tally = Tally()
        self._takes: dict[str, Take] = {}
        self._fresh: dict[tuple[tuple[str, ...], str], int] = {}  # charges of now, by scopes and model, to be counted
        self._windows = windows_at(0.0)

    @property
    @override
    def is_local(self) -> bool:
        return True

    @property
    @override
    def trouble(self) -> str:
        return ""

    @override
    async def load(self, spent: Mapping[str, int]) -> None:
        with self._lock:
            self._fresh.clear()
            self._tally.spent = dict(spent)

    @override
    def take_now(self, take: Take) -> Refusal | None:
        if take.nanos < 0 or take.tokens < 0:
            raise ValueError("A take cannot be negative.")
        if not take.limits:
            return None
        with self._lock:
            self._count_fresh()
            refused = self._tally.refusal(take, self._windows_at(take.now))
            if refused is None:
                self._takes[take.call_id] = take
                self._tally.note(take)
        return refused

    @override
    def give_now(self, given: Given) -> None:
        take = given.take
        with self._lock:
            if self._takes.pop(take.call_id, None) is not None:
                self._tally.give(given)
            elif take.limits:
                return
            if given.charge_nanos:
                self._count(self._windows_at(take.now), take.scopes, given.charge_nanos)

    @override
    def charge_now(self, scopes: tuple[str, ...], model: str, nanos: int, now: float) -> None:
        # Sixteen counters a call cost a twentieth of a relayed call: calls alike are counted when somebody looks.
        with self._lock:
            until_s = self._windows.until_s
            if until_s - _DAY_S <= now < until_s:
                kind = (scopes, model)
                self._fresh[kind] = self._fresh.get(kind, 0) + nanos
                if len(self._fresh) >= _MOST_FRESH:
                    self._count_fresh()
            else:
                self._count(self._windows_at(now), (*scopes, f"model:{model}"), nanos)

    @override
    async def take(self, take: Take) -> Refusal | None:
        return self.take_now(take)

    @override
    async def give(self, given: Sequence[Given]) -> None:
        for one in given:
            self.give_now(one)

    @override
    async def release(self, boot_ids: Sequence[str]) -> None:
        """What this process counts ends with it."""

    @override
    async def close(self) -> None:
        """Nothing is open."""

    @override
    def standing(self, limits: Sequence[Limit], now: float) -> list[Standing]:
        with self._lock:
            return standing(self._tally.paces, limits, now)

    def spent(self, counter: str) -> int:
        """In nanos, of one counter."""
        with self._lock:
            self._count_fresh()
            return self._tally.spent.get(counter, 0)

    def held(self, scope: str) -> int:
        """In nanos, of all open calls of a scope that has a money limit."""
        return self._tally.held.get(scope, 0)

    def _count(self, windows: Windows, scopes: tuple[str, ...], nanos: int) -> None:
        spent = self._tally.spent
        for counter in windows.counters(scopes):
            spent[counter] = spent.get(counter, 0) + nanos

    def _count_fresh(self) -> None:
        """Count what was gathered, all of it in the windows of now."""
        if self._fresh:
            for (scopes, model), nanos in self._fresh.items():
                self._count(self._windows, (*scopes, f"model:{model}"), nanos)
            self._fresh.clear()

    def _windows_at(self, now: float) -> Windows:
        """The windows of ``now``. On a new day those that are long over are forgotten; not at once, because calls that
        began in them still end, and a clock may be set back."""
        windows = self._windows
        if windows.until_s - _DAY_S <= now < windows.until_s:
            return windows
        if now < windows.until_s:
            return windows_at(now)
        self._count_fresh()
        self._windows = windows = windows_at(now)
        before = windows_at(max(0.0, now - _KEPT_S))
        kept = {"", windows.day, windows.week, windows.month, before.day, before.week, before.month}
        kept.add(windows_at(max(0.0, now - _DAY_S)).day)
        spent = self._tally.spent
        for counter in [counter for counter in spent if window_of(counter) not in kept]:
            del spent[counter]
        return windows


def standing(paces: Mapping[tuple[str, Bound], Pace], limits: Sequence[Limit], now: float) -> list[Standing]:
    """How the limits per minute among ``limits`` stand, by what ``paces`` say."""
    found = []
    for limit in limits:
        if limit.bound in (Bound.RPM, Bound.TPM):
            pace = paces.get((limit.scope, limit.bound))
            used = pace.used(now) if pace else 0
            reset_s = pace.wait_s(0, now) if pace and used else 0.0
            found.append(Standing(limit, max(0, limit.most - used), reset_s))
    return found
