"""Lines, rooms and minutes: whose turn it is, what fits, and how long those turned away are told to wait."""

import asyncio

import pytest

from openhearth.core.errors import LimitError, NoTargetLeft
from openhearth.core.provider import Target, TargetLimits
from openhearth.routing.entrance import Entrance, Wish, skip_model
from openhearth.routing.health import Health
from openhearth.routing.line import Line, Waiter
from openhearth.routing.rooms import Minute
from tests.fakes.gateway import target
from tests.fakes.media import Clock

ONE = TargetLimits(concurrency=1)


def entrance(clock: Clock, *, queue_calls: int = 100, queue_s: float = 30.0) -> Entrance:
    return Entrance(Health(10.0, clock=clock), queue_calls=queue_calls, queue_s=queue_s, clock=clock, draw=lambda: 0.0)


def only(**limits: int) -> list[Target]:
    return [target(9, limits=TargetLimits(**limits))]


async def waiting(line: Line[str], owner: str) -> Waiter[str]:
    waiter = Waiter[str](owner, 0, {}, asyncio.get_running_loop().create_future())
    line.add(waiter)
    return waiter


async def served(line: Line[str]) -> str:
    order = ""
    while (waiter := line.next()) is not None:
        waiter.leave()
        line.served(waiter.owner)
        order += waiter.owner
    return order


async def test_tenants_take_turns_and_a_newcomer_is_next() -> None:
    line = Line[str]()
    for owner in "aaaab":
        await waiting(line, owner)
    assert line.ahead_of("c") == 2
    assert line.ahead_of("b") == 3
    assert line.ahead_of("a") == 5
    assert await served(line) == "abaaa"
    for owner in "aaa":
        await waiting(line, owner)
    line.served("a")
    await waiting(line, "b")
    assert await served(line) == "baaa"


async def test_who_had_a_turn_is_not_a_newcomer_again() -> None:
    line = Line[str]()
    for owner in "aab":
        await waiting(line, owner)
    order = ""
    for _ in range(4):
        waiter = line.next()
        assert waiter is not None
        waiter.leave()
        line.served(waiter.owner)
        order += waiter.owner
        await waiting(line, "b")  # comes back at once, each time
    assert order == "abab"


async def test_the_greediest_gives_way_to_those_with_less_only() -> None:
    line = Line[str]()
    calls = [await waiting(line, owner) for owner in "aaab"]
    assert line.surplus("c") is calls[2]
    assert line.surplus("b") is calls[2]
    calls[2].leave()
    assert line.surplus("b") is None
    assert line.surplus("a") is None


def test_a_minute_never_lets_more_through_than_it_may_have() -> None:
    minute, let_through = Minute(), []
    for tick in range(4 * 180):
        now_s = tick / 4
        if minute.fits_in_s(now_s, 1, 5) == 0:
            minute.add(now_s, 1)
            let_through.append(now_s)
    assert len(let_through) >= 14
    for start in let_through:
        assert sum(start <= at < start + 60 for at in let_through) <= 5


def test_a_minute_says_when_the_next_fits() -> None:
    minute = Minute()
    minute.add(0.0, 3)
    minute.add(30.0, 2)
    wait_s = minute.fits_in_s(31.0, 1, 5)
    assert 0 < wait_s <= 31
    assert minute.fits_in_s(31.0 + wait_s, 1, 5) == 0
    assert minute.fits_in_s(200.0, 50, 5) == 0  # alone, more than a minute may have


def test_a_correction_belongs_to_the_time_of_what_it_corrects() -> None:
    minute = Minute()
    minute.add(0.0, 1000)
    minute.correct(50.0, 0.0, -900)
    assert minute.fits_in_s(50.0, 900, 1000) == 0
    assert minute.fits_in_s(50.0, 901, 1000) > 0
    minute.trim(62.0)
    assert minute.total == 0
    minute.correct(70.0, 0.0, 300)  # the call took longer than a minute: it used them now
    minute.correct(70.0, 1.0, -300)
    assert minute.total == 300


def test_who_is_waited_for_does_not_wait() -> None:
    way, targets = entrance(Clock(0.0)), only(concurrency=1)
    assert way.enter(targets, 0, Wish("a")) is not None
    assert way.enter(targets, 0, Wish("a")) is None
    guard = way.enter(targets, 0, Wish("a", overbooks=True))
    assert guard is not None
    guard.leave()
    assert way.enter(targets, 0, Wish("a")) is None


def test_tokens_are_put_right_when_the_answer_is_there() -> None:
    clock = Clock(0.0)
    way, targets = entrance(clock), only(tpm=1000)
    place = way.enter(targets, 0, Wish("a", tokens=100))
    assert place is not None
    place.leave(950)
    assert way.enter(targets, 0, Wish("a", tokens=100)) is None
    assert way.enter(targets, 0, Wish("a", tokens=50)) is not None
    clock.now = 62.0
    assert way.enter(targets, 0, Wish("a", tokens=100)) is not None


async def test_the_wait_told_is_what_places_were_measured_to_take() -> None:
    clock = Clock(0.0)
    way, targets = entrance(clock, queue_calls=3), only(concurrency=2)
    for _ in range(30):
        place = way.enter(targets, 0, Wish("a"))
        assert place is not None
        clock.now += 4.0
        place.leave()
    held = [way.enter(targets, 0, Wish("a")) for _ in range(2)]
    waiters = [asyncio.create_task(way.wait(list(targets), 0, Wish("a"))) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(LimitError) as caught:
        await way.wait(list(targets), 0, Wish("a"))
    assert caught.value.code == "queue_full"
    assert caught.value.retry_after_s == pytest.approx(4 * 4.0 / 2)  # three ahead, two places, four seconds each
    for waiter in waiters:
        waiter.cancel()
    await asyncio.gather(*waiters, return_exceptions=True)
    for place in held:
        assert place is not None
        place.leave()
    assert way.looked_at("up") == (0, 0)


async def test_a_minute_that_is_full_for_longer_than_anybody_waits_is_told_at_once() -> None:
    clock = Clock(0.0)
    way, targets = entrance(clock, queue_s=30.0), only(rpm=1)
    place = way.enter(targets, 0, Wish("a"))
    assert place is not None
    place.leave()
    assert way.enter(targets, 0, Wish("a")) is None
    with pytest.raises(LimitError) as caught:
        await way.wait(targets, 0, Wish("a"))
    assert caught.value.code == "queue_timeout"
    assert 60 <= (caught.value.retry_after_s or 0) <= 62


async def test_a_cancelled_call_gives_back_a_place_it_was_just_given() -> None:
    way, targets = entrance(Clock(0.0)), only(concurrency=1)
    place = way.enter(targets, 0, Wish("a"))
    assert place is not None
    waiter = asyncio.create_task(way.wait(list(targets), 0, Wish("a")))
    await asyncio.sleep(0)
    place.leave()
    assert way.looked_at("up") == (1, 0)
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    assert way.looked_at("up") == (0, 0)


async def test_a_place_goes_to_nobody_who_has_left_in_this_moment() -> None:
    way, targets = entrance(Clock(0.0)), only(concurrency=1)
    place = way.enter(targets, 0, Wish("a"))
    assert place is not None
    waiters = [asyncio.create_task(way.wait(list(targets), 0, Wish("a"))) for _ in range(2)]
    await asyncio.sleep(0)
    waiters[0].cancel()
    place.leave()
    (await waiters[1]).leave()
    assert way.looked_at("up") == (0, 0)
    assert waiters[0].cancelled()


async def test_a_target_that_is_taken_away_sends_its_line_home() -> None:
    way, targets = entrance(Clock(0.0)), only(concurrency=1)
    place = way.enter(targets, 0, Wish("a"))
    assert place is not None
    waiter = asyncio.create_task(way.wait(list(targets), 0, Wish("a")))
    await asyncio.sleep(0)
    way.forget("up")
    with pytest.raises(NoTargetLeft, match="taken out of use"):
        await waiter
    place.leave()
    assert way.looked_at("up") == (0, 0)


def test_each_model_is_tried_as_often_as_it_may_be_and_those_that_stand_in_once() -> None:
    way = entrance(Clock(0.0))
    names = ["a", "b", "c", "d"]
    targets = [target(9, name) for name in names] + [target(9, name, fallback="small") for name in ("e", "f")]
    asked = []
    for tried in range(3):
        place = way.enter(targets, tried, Wish("me", attempts=2))
        assert place is not None
        asked.append(place.target.id)
    assert asked == ["a", "b", "e"]
    with pytest.raises(NoTargetLeft):
        way.enter(targets, 3, Wish("me", attempts=2))


def test_a_model_can_be_skipped_for_the_next() -> None:
    targets = [target(9, "a"), target(9, "b"), target(9, "c", fallback="small")]
    assert skip_model(targets, 1)
    assert [one.id for one in targets] == ["a", "c"]
    assert not skip_model(targets, 1)
