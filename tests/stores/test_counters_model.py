"""Any order of takes, settlements, repeats and waiting, against a model that counts everything anew each time."""

import math
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import count as numbers
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openhearth.core.allowance import Bound, Limit
from openhearth.stores.counter_ports import Given, Take
from tests.stores.counting import KINDS, NOON, Counting, counting

_NAMES = {
    Bound.TOTAL: "",
    Bound.DAY: "%Y-%m-%d",
    Bound.WEEK: "%G-W%V",
    Bound.MONTH: "%Y-%m",
}
_EXAMPLE = numbers()


class Ask(msgspec.Struct, frozen=True):
    """A call that wants in; ``bounds`` are (scope's place, bound, most)."""

    bounds: tuple[tuple[int, Bound, int], ...]
    nanos: int
    tokens: int


class End(msgspec.Struct, frozen=True):
    """The open call at this place, from the newest, ends; ``again`` is how often its end is told."""

    place: int
    charge: int
    tokens: int
    again: int


class Pass(msgspec.Struct, frozen=True):
    seconds: float


Step = Ask | End | Pass
_bound = st.tuples(st.integers(0, 4), st.sampled_from(list(Bound)), st.integers(0, 60))
_ask = st.builds(
    Ask,
    st.lists(_bound, max_size=5, unique_by=lambda one: one[:2]).map(tuple),
    st.integers(0, 30),
    st.integers(0, 20),
)
_end = st.builds(End, st.integers(0, 3), st.integers(0, 40), st.integers(0, 40), st.integers(1, 3))
_pass = st.builds(Pass, st.sampled_from([0.25, 7.0, 31.0, 60.0, 95.0, 40_000.0, 90_000.0, 700_000.0]))
STEPS = st.lists(st.one_of(_ask, _ask, _end, _pass), max_size=40)


class Model:
    """What happened, and every count by its definition."""

    def __init__(self) -> None:
        self.now = NOON
        self.open: dict[str, Take] = {}
        self.charges: list[tuple[float, tuple[str, ...], int]] = []
        self.counted: dict[tuple[str, Bound], list[tuple[float, int]]] = {}

    def looks(self, limit: Limit) -> tuple[int, int]:
        if limit.bound in _NAMES:
            return self._spent(limit), sum(take.nanos for take in self.open.values() if _has_money(take, limit.scope))
        if limit.bound is Bound.CONCURRENCY:
            return sum(_has(take, limit.scope, Bound.CONCURRENCY) for take in self.open.values()), 0
        return self._pace(limit), 0

    def refuses(self, take: Take) -> tuple[Limit, int, int] | None:
        want = {Bound.CONCURRENCY: 1, Bound.RPM: 1, Bound.TPM: take.tokens}
        for limit in take.limits:
            used, held = self.looks(limit)
            more = want.get(limit.bound, take.nanos)
            if used + held + more > limit.most and not (limit.bound in _NAMES and not take.nanos):
                return limit, used, held
        return None

    def take(self, take: Take) -> None:
        if take.limits:
            self.open[take.call_id] = take
        for limit in take.limits:
            if limit.bound in (Bound.RPM, Bound.TPM):
                self._add(limit, 1 if limit.bound is Bound.RPM else take.tokens)

    def give(self, given: Given) -> None:
        take = given.take
        self.charges.append((take.now, take.scopes, given.charge_nanos))
        del self.open[take.call_id]
        for limit in take.limits:
            if limit.bound is Bound.TPM:
                self._add(limit, max(0, given.tokens - take.tokens))

    def _add(self, limit: Limit, count: int) -> None:
        self.counted.setdefault((limit.scope, limit.bound), []).append((self.now, count))

    def _spent(self, limit: Limit) -> int:
        form = _NAMES[limit.bound]
        return sum(
            nanos
            for when, scopes, nanos in self.charges
            if limit.scope in scopes and _moment(when).strftime(form) == _moment(self.now).strftime(form)
        )

    def _pace(self, limit: Limit) -> int:
        minutes: dict[float, int] = {}
        for when, number in self.counted.get((limit.scope, limit.bound), []):
            minutes[when // 60] = minutes.get(when // 60, 0) + number
        weight = 1.0 - self.now % 60.0 / 60.0
        return minutes.get(self.now // 60, 0) + math.ceil(minutes.get(self.now // 60 - 1, 0) * weight)


def _moment(when: float) -> datetime:
    return datetime.fromtimestamp(when, UTC)


def _has(take: Take, scope: str, bound: Bound) -> bool:
    return any(limit.scope == scope and limit.bound is bound for limit in take.limits)


def _has_money(take: Take, scope: str) -> bool:
    return any(_has(take, scope, bound) for bound in _NAMES)


@pytest.fixture(params=KINDS)
async def count(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Counting]:
    async with counting(request.param, tmp_path, request) as made:
        yield made


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_counters_count_as_the_model_does(count: Counting, steps: list[Step]) -> None:
    """Each example counts for a key, project, user, organisation and model of its own."""
    number = next(_EXAMPLE)
    count.scopes = tuple(f"{kind}:x{number}" for kind in ("key", "project", "user", "org", "model"))
    model = Model()
    open_takes: list[Take] = []
    for step in steps:
        match step:
            case Pass(seconds):
                model.now += seconds
            case Ask(bounds, nanos, tokens):
                limits = [Limit(count.scopes[place], bound, most) for place, bound, most in bounds]
                take = count.want(*limits, nanos=nanos, tokens=tokens, now=model.now)
                refused = await count.counters.take(take)
                said = None if refused is None else (refused.limit, refused.used, refused.held)
                assert said == model.refuses(take)
                if refused is None and limits:
                    model.take(take)
                    open_takes.append(take)
            case End(place, charge, tokens, again):
                if place < len(open_takes):
                    given_back = Given(open_takes.pop(-1 - place), charge, tokens, model.now)
                    model.give(given_back)
                    await count.write(given_back.take, charge)
                    for _ in range(again):
                        await count.counters.give([given_back])
