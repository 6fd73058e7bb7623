"""T6 for operations with drivers of their own: pictures, speech, transcripts, ranking, documents, at every point.

The dearer target is down in every case: it is asked first and never paid.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from tests.billing.crafts import CONFIG, PARTS, SPEAKS, Actor, Craft, Trouble, Turn, asked, replaced, routes, usage_of
from tests.billing.house import House, house, target
from tests.billing.policy import CRAFT, PRICES, Worth, unpaid, worth
from tests.billing.running import worth_of
from tests.fakes.asgi import Caller, calling

_ENDS = {Turn.DOWN: "failed", Turn.SLOW: "timeout", Turn.REFUSE: "rejected", Turn.BUG: "failed"}
_RATIOS = (1_000_000, 1_370_000, 500_000)
_PATIENCE_S = 60.0


class Case(msgspec.Struct, frozen=True):
    """One call: the actor does ``turn`` after ``parts`` parts. Where it waits, the client leaves; ``cancelled``: its
    task is."""

    craft: Craft
    turn: Turn
    parts: int
    reports: bool
    ratio_ppm: int
    cancelled: bool = False


class Stage(msgspec.Struct):
    """A house and the actor in it."""

    house: House
    actor: Actor


@asynccontextmanager
async def staged(folder: Path) -> AsyncIterator[Stage]:
    actor = Actor()
    targets = [
        target(CRAFT, PRICES["kinds"], "dear", speaks=SPEAKS),
        target(CRAFT, PRICES[CRAFT], "second", priority=1, speaks=SPEAKS),
    ]
    async with house(folder, targets, config=replaced(CONFIG), make=routes(actor, folder)) as made:
        yield Stage(made, actor)


def _cases() -> Iterator[Case]:
    ratios = itertools.cycle(_RATIOS)
    for craft, reports in itertools.product(Craft, (True, False)):
        yield Case(craft, Turn.ON, PARTS, reports, next(ratios))
        many = craft.is_streamed or craft is Craft.PICTURES
        for parts, turn in itertools.product(range(PARTS + 1 if many else 1), list(Turn)[1:]):
            yield Case(craft, turn, parts, reports, next(ratios))
        for parts in range(PARTS + 1 if many else 1):
            yield Case(craft, Turn.WAIT, parts, reports, next(ratios), cancelled=True)


def _expected(case: Case) -> Worth:
    if case.turn in _ENDS:
        # Before the first part the last target is not the only one that failed: then the call did, in whatever way.
        is_first = case.parts == 0 and case.turn is Turn.SLOW
        return unpaid("failed" if is_first else _ENDS[case.turn], "second")
    is_paid = case.parts > 0 and (case.craft.is_streamed or case.craft is Craft.PICTURES)
    is_whole = case.turn is Turn.ON
    if not is_whole and not is_paid:
        return unpaid("client_gone", "second")
    usage, source = usage_of(case.craft, case.parts, reported=case.reports, is_whole=is_whole)
    outcome = "ok" if is_whole else "client_gone"
    return worth(outcome, "second", usage, source, price=CRAFT, ratio_ppm=case.ratio_ppm)


async def _run(stage: Stage, case: Case) -> str:
    """The id of the call, ended."""
    count = len(stage.house.meter.calls) + 1
    stage.actor.plan(case.turn, case.parts, reports=case.reports, dead=("dear",))
    path, kind, body = asked(case.craft, CRAFT)
    headers = {"authorization": f"Bearer ratio-{case.ratio_ppm}", "content-type": kind}
    async with calling(stage.house.app, "POST", path, headers=headers, body=body) as caller:
        if case.turn is Turn.WAIT:
            await _until_there(stage, case, caller)
            assert caller.task is not None
            caller.task.cancel() if case.cancelled else caller.leave()
            await asyncio.gather(caller.task, return_exceptions=True)
        else:
            try:
                await caller.end()
            except Trouble:
                assert case.turn is Turn.BUG
    calls = stage.house.meter.calls
    assert len(calls) == count
    return calls[-1].id


async def _until_there(stage: Stage, case: Case, caller: Caller) -> None:
    """Until the actor waits, and the client has had all that was made so far; or a comment, where nothing was."""
    async with asyncio.timeout(_PATIENCE_S):
        await stage.actor.there.wait()
        if case.craft is Craft.PICTURE_STREAM and case.parts:
            return  # a finished picture goes out with the next event; it is paid for when it is made
        if case.parts == 0 and case.craft.has_comments:
            await caller.until(b": keep-alive")
        while case.craft.is_streamed and _parts(caller) < case.parts:
            await asyncio.sleep(0.001)


def _parts(caller: Caller) -> int:
    return sum(bool(piece) and not piece.startswith(b":") for piece in caller.answer.pieces)


@pytest.mark.parametrize("craft", Craft)
async def test_every_way_a_piece_of_work_can_end_costs_what_the_policy_says(tmp_path: Path, craft: Craft) -> None:
    cases = [case for case in _cases() if case.craft is craft]
    async with staged(tmp_path) as stage:
        ended = [(case, await _run(stage, case)) for case in cases]
        entries = await stage.house.entries()
        wrong = []
        for case, call_id in ended:
            wanted = _expected(case)
            said = worth_of(entries[call_id], wanted)
            if said != wanted:
                wrong.append((case, wanted, said))
        assert wrong == [], f"{len(wrong)} of {len(cases)} cases"
        await stage.house.check()


@pytest.mark.parametrize("craft", [craft for craft in Craft if craft.is_streamed])
async def test_parts_of_two_targets_are_never_mixed(tmp_path: Path, craft: Craft) -> None:
    """A part may still be on its way to the client when its target breaks: no other target begins anew then."""
    async with staged(tmp_path) as stage:
        stage.actor.plan(Turn.DOWN, 1)
        path, kind, body = asked(craft, CRAFT)
        headers = {"authorization": "Bearer ratio-1000000", "content-type": kind}
        async with calling(stage.house.app, "POST", path, headers=headers, body=body) as caller:
            answer = await caller.end()
        (call,) = stage.house.meter.calls
        assert (call.attempts, call.target_id, call.charge_nanos) == (1, "dear", 0)
        assert answer.status == 200 or craft is Craft.PICTURE_STREAM
        await stage.house.check()
