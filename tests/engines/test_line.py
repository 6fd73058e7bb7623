"""Places in the line, and when one is free."""

import asyncio

import pytest

from openhearth.core.errors import LimitError
from openhearth.engines.line import FIRST_GUESS_S, Line


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_places_move_up_as_others_leave() -> None:
    line = Line(slots=1, queue=3)
    first, second, third = line.enter(), line.enter(), line.enter()
    assert [ticket.place for ticket in (first, second, third)] == [0, 1, 2]
    second.leave()
    assert third.place == 1
    first.leave()
    first.leave()
    assert third.place == 0
    assert (line.running, line.waiting) == (1, 0)


def test_full_line_says_when_a_place_is_likely_free() -> None:
    clock = Clock()
    line = Line(slots=1, queue=0, clock=clock)
    first = line.enter()
    with pytest.raises(LimitError) as caught:
        line.enter()
    assert caught.value.retry_after_s == FIRST_GUESS_S
    clock.now += 4
    first.leave()
    line.enter()
    clock.now += 1
    with pytest.raises(LimitError, match="1 requests run and 0 wait") as caught:
        line.enter()
    assert caught.value.retry_after_s == 3


def test_a_place_is_held_until_the_model_let_go() -> None:
    line = Line(slots=1, queue=1)
    first, second = line.enter(), line.enter()
    first.hold()
    first.leave()
    assert second.place == 1
    first.release()
    assert second.place == 0


async def test_waiting_ends_when_the_place_changes_or_time_is_up() -> None:
    line = Line(slots=1, queue=2)
    first, second = line.enter(), line.enter()
    assert await second.moved(0.01) == 1
    waiting = asyncio.create_task(second.moved(5.0))
    await asyncio.sleep(0)
    first.leave()
    assert await waiting == 0


def test_health_tells_how_long_the_oldest_work_has_run() -> None:
    now = [100.0]
    line = Line(1, 5, clock=lambda: now[0])
    assert line.health() == {"running": 0, "waiting": 0, "queue": 0, "oldest_s": 0.0}
    first, _ = line.enter(), line.enter()
    now[0] = 107.5
    assert line.health() == {"running": 1, "waiting": 1, "queue": 2, "oldest_s": 7.5}
    first.hold()
    first.leave()  # its client has left, its thread has not
    assert line.health()["oldest_s"] == 7.5
    first.release()
    assert line.health() == {"running": 1, "waiting": 0, "queue": 1, "oldest_s": 0.0}
