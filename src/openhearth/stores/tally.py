"""The rules of the counters, over numbers in memory: whether a call may go on, what it then takes and gives back.

One process counts with nothing else; a database's rows are read into one of these, changed and written back.
"""

from collections.abc import Sequence

import msgspec

from openhearth.core.allowance import MONEY, Bound, Limit, Windows
from openhearth.stores.counter_ports import Given, Refusal, Take
from openhearth.stores.pace import Pace, window_end

_MOST_PACES = 100_000


class Tally:
    """Nanos spent by counter and held by scope, open calls by scope, paces by scope and bound."""

    __slots__ = ("held", "open", "paces", "spent")

    def __init__(self) -> None:
        self.spent: dict[str, int] = {}
        self.held: dict[str, int] = {}
        self.open: dict[str, int] = {}
        self.paces: dict[tuple[str, Bound], Pace] = {}

    def refusal(self, take: Take, windows: Windows) -> Refusal | None:
        """The first limit that does not let the call in. ``windows`` are those of ``take.now``."""
        for limit in take.limits:
            refused = self._refused(limit, take, windows)
            if refused is not None:
                self._tell_time(take)
                return refused
        return None

    def note(self, take: Take) -> None:
        """Take what no limit refused."""
        for scope in money_scopes(take.limits):
            self.held[scope] = self.held.get(scope, 0) + take.nanos
        for limit in take.limits:
            if limit.bound is Bound.CONCURRENCY:
                self.open[limit.scope] = self.open.get(limit.scope, 0) + 1
            elif limit.bound is Bound.RPM:
                self._pace(limit).add(1, take.now)
            elif limit.bound is Bound.TPM:
                self._pace(limit).add(take.tokens, take.now)

    def give(self, given: Given) -> None:
        """Give back what the call took and count the tokens it took beyond that; its charge is not counted here."""
        take = given.take
        for scope in money_scopes(take.limits):
            _less(self.held, scope, take.nanos)
        for limit in take.limits:
            if limit.bound is Bound.CONCURRENCY:
                _less(self.open, limit.scope, 1)
            elif limit.bound is Bound.TPM and given.tokens > take.tokens:
                self._pace(limit).add_late(given.tokens - take.tokens, given.now or take.now)

    def _refused(self, limit: Limit, take: Take, windows: Windows) -> Refusal | None:
        scope, bound, most = limit.scope, limit.bound, limit.most
        if bound in MONEY:
            spent, held = self.spent.get(windows.counter(scope, bound), 0), self.held.get(scope, 0)
            if not take.nanos or spent + held + take.nanos <= most:
                return None
            return money_refusal(limit, take, spent, held)
        if bound is Bound.CONCURRENCY:
            count = self.open.get(scope, 0)
            return None if count < most else Refusal(limit, count)
        return pace_refusal(limit, take, self.paces.get((scope, bound)))

    def _tell_time(self, take: Take) -> None:
        """Every pace that the take asks about hears of its time, also those after the one that refused: a clock set
        back must not stop a caller for a minute by each of them in turn."""
        for limit in take.limits:
            pace = self.paces.get((limit.scope, limit.bound))
            if pace is not None:
                pace.used(take.now)

    def _pace(self, limit: Limit) -> Pace:
        key = (limit.scope, limit.bound)
        pace = self.paces.get(key)
        if pace is None:
            if len(self.paces) >= _MOST_PACES:
                del self.paces[next(iter(self.paces))]
            pace = self.paces[key] = Pace()
        return pace


def money_refusal(limit: Limit, take: Take, spent: int, held: int) -> Refusal:
    """A budget that does not cover the call; time helps unless it is one for good."""
    wait_s = None if limit.bound is Bound.TOTAL else window_end(limit.bound, take.now) - take.now
    return Refusal(limit, spent, held, wait_s)


def pace_refusal(limit: Limit, take: Take, pace: Pace | None) -> Refusal | None:
    """What a limit per minute says to one more call."""
    want = 1 if limit.bound is Bound.RPM else take.tokens
    used = pace.used(take.now) if pace else 0
    if used + want <= limit.most:
        return None
    wait_s = pace.wait_s(limit.most - want, take.now) if pace and used else None
    return Refusal(limit, used, retry_after_s=wait_s)


class Held(msgspec.Struct, frozen=True, array_like=True):
    """What a call holds of one scope: nanos, if money is limited there, and places, if calls at once are."""

    scope: str
    nanos: int
    places: int


def held_by(take: Take) -> list[Held]:
    """All that a taken call holds until it is given back, by scope."""
    money = money_scopes(take.limits)
    places: dict[str, int] = {}
    for limit in take.limits:
        if limit.bound is Bound.CONCURRENCY:
            places[limit.scope] = places.get(limit.scope, 0) + 1
    scopes = sorted(money | places.keys())
    return [Held(scope, take.nanos if scope in money else 0, places.get(scope, 0)) for scope in scopes]


def money_scopes(limits: Sequence[Limit]) -> set[str]:
    """The scopes that hold a call's money: those with a limit of money, each once."""
    return {limit.scope for limit in limits if limit.bound in MONEY}


def _less(counts: dict[str, int], name: str, by: int) -> None:
    left = counts.get(name, 0) - by
    if left > 0:
        counts[name] = left
    else:
        counts.pop(name, None)
