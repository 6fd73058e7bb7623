"""What every keeper of held money must do. A new implementation is one more entry in ``STORES``."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from openhearth.stores.ports import Holds
from openhearth.stores.shared.memory import MemoryHolds

STORES: list[Callable[[], Holds]] = [MemoryHolds]


@pytest.fixture(params=STORES)
def holds(request: pytest.FixtureRequest) -> Holds:
    made: Holds = request.param()
    return made


def test_a_hold_fits_up_to_the_last_micro(holds: Holds) -> None:
    holds.load({"key": 40})
    assert holds.hold("key", 60, 100)
    assert not holds.hold("key", 1, 100)
    assert holds.hold("key", 0, 100)
    assert (holds.spent("key"), holds.held("key")) == (40, 60)


def test_settling_gives_back_the_hold_and_books_the_cost(holds: Holds) -> None:
    holds.hold("key", 60, 100)
    holds.settle("key", 60, 25)
    assert (holds.spent("key"), holds.held("key")) == (25, 0)
    assert holds.hold("key", 75, 100)


def test_keys_do_not_share(holds: Holds) -> None:
    holds.hold("one", 100, 100)
    assert holds.hold("two", 100, 100)


def test_a_negative_hold_is_refused(holds: Holds) -> None:
    with pytest.raises(ValueError, match="negative"):
        holds.hold("key", -1, 100)


def test_threads_at_once_never_overspend(holds: Holds) -> None:
    """T7: 64 threads race for a quota of 100 calls; exactly 100 get in, whatever the order."""
    barrier = Barrier(64)

    def spend(_: int) -> int:
        barrier.wait()
        granted = 0
        for _ in range(200):
            if holds.hold("key", 100, 10_000):
                granted += 1
                if granted % 2:
                    holds.settle("key", 100, 100)
        return granted

    with ThreadPoolExecutor(64) as pool:
        granted = sum(pool.map(spend, range(64)))
    assert granted == 100
    assert holds.spent("key") + holds.held("key") == 10_000
