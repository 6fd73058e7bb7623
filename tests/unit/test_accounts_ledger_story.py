"""Any story of opening, settling, failing, dying and starting again ends with every settlement written exactly once."""

import asyncio
import tempfile
from pathlib import Path

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openhearth.accounts.ledger import Sizes
from openhearth.stores.sql import SqlRecords
from tests.fakes.ledger import Boot, Flaky, cost_of


class Story(msgspec.Struct):
    """What the store must hold at the end: costs that are certain, and costs that a kill may have cut off."""

    certain: dict[int, int] = {}
    doubtful: dict[int, int] = {}
    settled_now: dict[int, int] = {}
    opened: int = 0

    def end_of_boot(self, *, killed: bool) -> None:
        (self.doubtful if killed else self.certain).update(self.settled_now)
        self.settled_now = {}


STEPS = st.lists(
    st.one_of(
        st.just(("open", 0)),
        st.tuples(st.sampled_from(["settle", "twice"]), st.integers(0, 30)),
        st.sampled_from([("wait", 0), ("wait", 0), ("kill", 0), ("restart", 0)]),
    ),
    max_size=25,
)
SCRIPTS = st.lists(st.sampled_from(["ok", "before", "after"]), max_size=15)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS, SCRIPTS, st.integers(1, 4))
def test_every_settlement_is_written_exactly_once(steps: list[tuple[str, int]], script: list[str], rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(tell(Path(folder), steps, script, Sizes(batch_rows=rows, memory_rows=rows * 2, retry_s=0.001)))


async def tell(folder: Path, steps: list[tuple[str, int]], script: list[str], sizes: Sizes) -> None:
    inner = SqlRecords(f"sqlite:///{folder / 'records.db'}")
    await inner.open()
    store, story = Flaky(inner, script), Story()
    boot = await Boot(store, folder, "boot_0", sizes).start()
    for number, (action, which) in enumerate(steps):
        if action in ("kill", "restart"):
            await (boot.kill() if action == "kill" else boot.ledger.close())
            story.end_of_boot(killed=action == "kill")
            store.script = []
            boot = await Boot(store, folder, f"boot_{number + 1}", sizes).start()
            assert list(await store.open_reservations()) == []
        else:
            await act(boot, story, action, which)
    for number in boot.calls:
        finish(boot, story, number)
    assert boot.counters.held("key:key_anna") == 0
    await boot.ledger.close()
    story.end_of_boot(killed=False)
    store.script = []
    last = await Boot(store, folder, "boot_last", sizes).start()
    await last.ledger.close()
    await check(store, story, last)
    await inner.close()


async def act(boot: Boot, story: Story, action: str, which: int) -> None:
    if action == "wait":
        if boot.ledger.waiting:
            boot.store.tried.clear()
            await boot.store.tried.wait()
        return
    if action == "open":
        boot.open(story.opened)
        story.opened += 1
        return
    number = sorted(boot.calls)[which % len(boot.calls)] if boot.calls else None
    if number is not None:
        finish(boot, story, number)
        if action == "twice":
            boot.settle(number, nanos=10**6)


def finish(boot: Boot, story: Story, number: int) -> None:
    cost = 10 + number
    boot.settle(number, cost)
    story.settled_now[number] = cost


async def check(store: Flaky, story: Story, last: Boot) -> None:
    booked = 0
    for number in range(story.opened):
        cost = await cost_of(store, number)
        booked += cost or 0
        if number in story.certain:
            assert cost == story.certain[number]
        else:
            assert cost in (None, 0, story.doubtful.get(number))
    assert (await store.spent()).get("key:key_anna", 0) == booked
    assert list(await store.open_reservations()) == []
    assert await store.check_ledger() == []
    assert not last.spool.exists()
