"""When a target is shut, how it is probed, and how its speed is remembered."""

import pytest

from openhearth.config import Circuit
from openhearth.core.call import Call, Outcome, Principal
from openhearth.core.errors import UpstreamBusy, UpstreamDown, UpstreamRefusedUs, UpstreamTimeout
from openhearth.core.operations import Operation
from openhearth.routing.health import Health, State
from tests.fakes.media import Clock

REST_S = 10.0
DOWN = UpstreamDown("It fell.", code="fell")


def health(clock: Clock, **circuit: int) -> Health:
    return Health(REST_S, circuit=Circuit(**circuit), clock=clock)


def fail(watched: Health, times: int) -> None:
    for _ in range(times):
        watched.bad("t", DOWN)


def test_failures_in_a_row_open_the_circuit() -> None:
    watched = health(Clock(0.0), failures=3)
    fail(watched, 2)
    assert (watched.state("t"), watched.lets_in("t")) == (State.CLOSED, True)
    fail(watched, 1)
    assert (watched.state("t"), watched.lets_in("t")) == (State.OPEN, False)
    assert watched.opens_in_s("t") == REST_S
    assert watched.lets_in("other")


def test_a_success_between_failures_starts_the_count_again() -> None:
    watched = health(Clock(0.0), failures=3, calls=100)
    for _ in range(5):
        fail(watched, 2)
        watched.good("t")
    assert watched.state("t") is State.CLOSED


def test_failures_far_apart_are_no_row() -> None:
    clock = Clock(0.0)
    watched = health(clock, failures=3)
    for _ in range(10):
        fail(watched, 1)
        clock.now += 31.0
    assert watched.state("t") is State.CLOSED


def test_half_of_many_calls_failing_opens_the_circuit() -> None:
    watched = health(Clock(0.0), failures=100, calls=20, error_percent=50)
    fail(watched, 1)
    for _ in range(9):
        watched.good("t")
        fail(watched, 1)
    assert watched.state("t") is State.CLOSED
    fail(watched, 1)
    assert watched.state("t") is State.OPEN


def test_few_of_many_calls_failing_do_not() -> None:
    watched = health(Clock(0.0), failures=100, calls=20, error_percent=50)
    for _ in range(200):
        watched.good("t")
        watched.good("t")
        fail(watched, 1)
    assert watched.state("t") is State.CLOSED


def test_a_busy_target_rests_and_is_not_shut() -> None:
    watched = health(Clock(0.0), failures=1)
    for _ in range(50):
        watched.bad("t", UpstreamBusy("b", retry_after_s=3.0))
    assert watched.cooling("t")
    assert watched.state("t") is State.CLOSED


def test_a_failure_that_does_not_break_only_rests() -> None:
    watched = health(Clock(0.0), failures=1)
    watched.bad("t", DOWN, breaks=False)
    assert watched.cooling("t")
    assert watched.state("t") is State.CLOSED


@pytest.mark.parametrize("error", [DOWN, UpstreamTimeout("t"), UpstreamRefusedUs("r")])
def test_half_open_lets_one_probe_in_and_its_success_closes(error: UpstreamDown) -> None:
    clock = Clock(0.0)
    watched = health(clock, failures=1)
    heard: list[str] = []
    watched.listen(heard.append)
    watched.bad("t", error)
    clock.now = REST_S + 0.1
    assert (watched.state("t"), watched.lets_in("t")) == (State.HALF_OPEN, True)
    watched.probe("t", begins=True)
    assert not watched.lets_in("t")
    watched.good("t")
    watched.probe("t", begins=False)
    assert (watched.state("t"), watched.lets_in("t"), watched.cooling("t")) == (State.CLOSED, True, False)
    assert heard == ["t", "t"]


def test_probes_that_fail_keep_it_shut_up_to_four_times_as_long() -> None:
    clock = Clock(0.0)
    watched = health(clock, failures=1)
    for times in (1, 2, 4, 4, 4):
        watched.bad("t", DOWN)
        assert watched.opens_in_s("t") == pytest.approx(times * REST_S)
        clock.now += times * REST_S
        assert watched.state("t") is State.HALF_OPEN


def test_calls_sent_before_it_was_shut_do_not_prolong_it() -> None:
    clock = Clock(0.0)
    watched = health(clock, failures=1)
    fail(watched, 1)
    clock.now = 5.0
    fail(watched, 3)
    assert watched.opens_in_s("t") == pytest.approx(5.0)


def test_a_burst_of_failures_keeps_no_probe_away() -> None:
    clock = Clock(0.0)
    watched = health(clock, failures=5)
    fail(watched, 30)
    assert watched.cooling("t")
    assert watched.seen("t").resting_s == pytest.approx(REST_S)
    clock.now = REST_S
    assert (watched.state("t"), watched.cooling("t")) == (State.HALF_OPEN, False)


def test_a_probe_told_to_wait_is_followed_by_that_rest() -> None:
    clock = Clock(0.0)
    watched = health(clock, failures=1)
    fail(watched, 1)
    clock.now = REST_S
    watched.bad("t", UpstreamBusy("b", retry_after_s=100.0))
    clock.now += 99.0
    assert (watched.state("t"), watched.cooling("t")) == (State.HALF_OPEN, True)


def test_no_failures_allowed_for_means_never_shut() -> None:
    watched = health(Clock(0.0), failures=0)
    fail(watched, 100)
    assert watched.state("t") is State.CLOSED


def test_rests_are_spread_by_a_tenth() -> None:
    clock = Clock(0.0)
    watched = Health(REST_S, circuit=Circuit(failures=1), clock=clock, jitter=lambda: 1.0)
    fail(watched, 1)
    assert watched.opens_in_s("t") == pytest.approx(1.1 * REST_S)


def test_somebody_who_found_it_well_ends_everything() -> None:
    watched = health(Clock(0.0), failures=1)
    fail(watched, 1)
    watched.good("u")
    watched.well("t")
    assert (watched.state("t"), watched.cooling("t"), watched.seen("t").failed) == (State.CLOSED, False, 1)


def test_the_mean_time_follows_and_a_slow_answer_counts_at_once() -> None:
    clock = Clock(0.0)
    watched = health(clock)
    assert watched.cost_s("t") == 0
    for _ in range(3):
        watched.heard("t", 0.1)
        clock.now += 0.1
    assert watched.cost_s("t") == pytest.approx(0.1, rel=0.1)
    watched.heard("t", 2.0)
    assert watched.cost_s("t") == 2.0
    for _ in range(60):
        clock.now += 0.1
        watched.heard("t", 0.1)
    assert watched.cost_s("t") < 0.2


def test_a_slow_target_that_nobody_asks_is_tried_again_some_time() -> None:
    clock = Clock(0.0)
    watched = health(clock)
    watched.heard("t", 2.0)
    clock.now = 120.0
    assert watched.cost_s("t") < 0.1


def test_first_bytes_of_finished_calls_are_learned_and_those_of_retried_ones_not() -> None:
    watched = health(Clock(0.0))
    watched.good("t")
    me = Principal("k", "o", "n")
    calls = [Call(f"c{n}", Operation.CHAT, "m", me, 0.0, 0.0, target_id="t", attempts=1) for n in range(4)]
    for number, call in enumerate(calls):
        call.first_byte_s = number / 10
    calls[2].attempts = 2
    calls[3].outcome = Outcome.FAILED
    watched.learn([*calls, Call("x", Operation.CHAT, "m", me, 0.0, 0.0, target_id="gone", attempts=1)])
    assert watched.seen("t").first_byte_s == (0.1,)
    assert watched.ended() == 1


def test_a_target_that_is_heard_itself_is_not_learned_twice_until_it_is_not_any_more() -> None:
    clock = Clock(0.0)
    watched = health(clock)
    watched.heard("t", 0.2)
    call = Call("c", Operation.CHAT, "m", Principal("k", "o", "n"), 0.0, 0.0, target_id="t", attempts=1)
    call.first_byte_s = 0.3
    watched.learn([call])
    clock.now = 61.0
    watched.learn([call])
    assert watched.seen("t").first_byte_s == (0.2, 0.3)
