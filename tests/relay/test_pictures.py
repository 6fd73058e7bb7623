"""A picture call: which target is asked next, when not, and what each way of ending costs."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing

import pytest

from openhearth.core.call import Outcome, Principal
from openhearth.core.errors import (
    BudgetSpent,
    GatewayError,
    Moderated,
    NoTargetLeft,
    NotFound,
    RequestError,
    UpstreamBusy,
    UpstreamDown,
    UpstreamError,
    UpstreamGarbled,
    UpstreamRefusedUs,
    UpstreamRejected,
    UpstreamTimeout,
)
from openhearth.core.media import ImageEvent, ImageRequest, ImagesDone, MadePicture
from openhearth.core.money import Price
from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect, Target
from openhearth.relay.gate import Gate
from openhearth.relay.pictures import Pictures, PictureWork
from openhearth.routing.catalog import Catalog
from openhearth.routing.health import Health
from openhearth.routing.plan import Router
from tests.fakes.access import Keys, Limits
from tests.fakes.media import Editor
from tests.fakes.picture_app import Calls, target

ME = Principal("key_1", "owner_1", "me")
ASKED = ImageRequest(Operation.IMAGE_EDIT, "seededit", "red", n=2)
PAID = Price(request_micros=10, image_micros=100, output_micros_per_mtok=1_000_000)


class Bench:
    """Pictures over fakes. ``work`` opens one call for two pictures."""

    def __init__(self, *targets: Target, attempts: int = 3, total_s: float = 5.0) -> None:
        self.editor = Editor()
        self.limits = Limits()
        self.calls = Calls()
        self.health = Health(15.0)
        router = Router(Catalog(targets), self.health, draw=lambda: 0.5)
        self.pictures = Pictures(
            Gate(Keys(), self.limits), router, {Dialect.LOCAL_EDIT: self.editor}, self.calls, attempts=attempts,
            total_s=total_s,
        )  # fmt: skip

    async def work(self) -> PictureWork:
        return await self.pictures.open(ME, Operation.IMAGE_EDIT, "seededit", n=2, stream=True)


def three() -> Sequence[Target]:
    return [target(name, priority=number, price=PAID) for number, name in enumerate(("one", "two", "three"))]


async def run(work: PictureWork) -> list[ImageEvent]:
    with work:
        return [event async for event in work.events(ASKED)]


async def test_a_call_is_counted_priced_and_settled_once() -> None:
    bench = Bench(target(price=PAID))
    bench.editor.done = ImagesDone(input_tokens=3, output_tokens=40)
    events = await run(await bench.work())
    assert sum(isinstance(event, MadePicture) for event in events) == 2
    (call,) = bench.calls.all
    assert (call.outcome, call.usage.images, call.usage.output_tokens, call.usage.source) == (
        Outcome.OK, 2, 40, "upstream",
    )  # fmt: skip
    assert call.charge_nanos == 1000 * (10 + 2 * 100 + 40)
    assert call.first_byte_s >= 0
    assert bench.limits.open == 0
    assert len(bench.limits.settled) == 1


@pytest.mark.parametrize(
    "error",
    [UpstreamBusy("b"), UpstreamDown("d"), UpstreamTimeout("t"), UpstreamRefusedUs("r"), UpstreamGarbled("g")],
)
async def test_their_fault_or_ours_leads_to_the_next_target(error: UpstreamError) -> None:
    bench = Bench(*three())
    bench.editor.script["one"] = [error]
    await run(await bench.work())
    assert bench.editor.targets == ["one", "two"]
    (call,) = bench.calls.all
    assert (call.target_id, call.attempts, call.usage.images) == ("two", 2, 2)
    assert bench.health.cooling("one")
    assert not bench.health.cooling("two")


@pytest.mark.parametrize(
    "error", [UpstreamRejected("no", upstream_status=400), Moderated("no"), RequestError("no"), NotFound("no")]
)
async def test_the_callers_fault_stops_at_once(error: GatewayError) -> None:
    bench = Bench(*three())
    bench.editor.script["one"] = [error]
    with pytest.raises(type(error)):
        await run(await bench.work())
    assert bench.editor.targets == ["one"]
    assert bench.calls.all[0].charge_nanos == 0
    assert not bench.health.cooling("one")


async def test_when_all_fail_the_attempts_are_listed_and_nothing_is_charged() -> None:
    bench = Bench(*three(), attempts=2)
    bench.editor.script = {"one": [UpstreamDown("d")], "two": [UpstreamBusy("b", retry_after_s=4)]}
    with pytest.raises(NoTargetLeft, match="one: upstream_down; two: upstream_busy"):
        await run(await bench.work())
    assert bench.editor.targets == ["one", "two"]
    (call,) = bench.calls.all
    assert (call.outcome, call.charge_nanos) == (Outcome.FAILED, 0)


async def test_no_other_target_after_the_client_has_seen_something() -> None:
    bench = Bench(*three())
    bench.editor.script["one"] = [UpstreamDown("d")]
    work = await bench.work()
    work.commit()
    assert work.target_id == "one"
    with pytest.raises(UpstreamDown):
        await run(work)
    assert bench.editor.targets == ["one"]


async def test_no_other_target_after_a_picture_was_made() -> None:
    bench = Bench(*three())
    bench.editor.break_after_first = UpstreamDown("d")
    with pytest.raises(UpstreamDown):
        await run(await bench.work())
    assert bench.editor.targets == ["one"]
    assert bench.calls.all[0].charge_nanos == 0


async def test_a_driver_that_makes_nothing_is_an_error_not_an_empty_answer() -> None:
    bench = Bench(target())
    empty = ImageRequest(Operation.IMAGE_EDIT, "seededit", "red", n=0)
    with pytest.raises(UpstreamGarbled, match="without a picture"), await bench.work() as work:
        async for _ in work.events(empty):
            pass


async def test_a_target_that_never_answers_is_a_timeout() -> None:
    bench = Bench(target(), total_s=0.02)
    bench.editor.hold = asyncio.Event()
    with pytest.raises(UpstreamTimeout):
        await run(await bench.work())
    assert bench.editor.closed.is_set()
    assert bench.calls.all[0].outcome is Outcome.TIMEOUT


async def test_a_client_that_leaves_pays_for_finished_pictures_only() -> None:
    bench = Bench(target(price=PAID))
    work = await bench.work()
    with work:
        async with aclosing(work.events(ASKED)) as events:
            async for event in events:
                if isinstance(event, MadePicture):
                    break
        work.abandon()
    (call,) = bench.calls.all
    assert (call.outcome, call.charge_nanos) == (Outcome.CLIENT_GONE, 110_000)


async def test_cancelling_aborts_the_driver_and_costs_nothing_before_a_picture() -> None:
    bench = Bench(target(price=PAID))
    bench.editor.hold = asyncio.Event()
    running = asyncio.create_task(run(await bench.work()))
    await bench.editor.waiting.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert bench.editor.closed.is_set()
    assert [(call.outcome, call.charge_nanos) for call in bench.calls.all] == [(Outcome.CLIENT_GONE, 0)]


async def test_an_unforeseen_failure_is_settled_too() -> None:
    bench = Bench(target(price=PAID))
    bench.editor.script["editor"] = [ZeroDivisionError("boom")]
    with pytest.raises(ZeroDivisionError):
        await run(await bench.work())
    assert [(call.outcome, call.error_code) for call in bench.calls.all] == [(Outcome.FAILED, "internal_error")]
    assert bench.limits.open == 0


async def test_the_worst_case_of_the_dearest_target_is_held() -> None:
    bench = Bench(target("cheap"), target("dear", price=Price(image_micros=500)))
    bench.limits.budget_nanos = 999_999
    with pytest.raises(BudgetSpent):
        await bench.work()
    bench.limits.budget_nanos = 1_000_000
    (await bench.work()).fail(RequestError("unused"))
    assert bench.limits.open == 0


async def test_unknown_models_are_not_found() -> None:
    bench = Bench(target())
    assert bench.pictures.answers(ME, Operation.IMAGE_EDIT, "seededit")
    assert not bench.pictures.answers(ME, Operation.IMAGE_GENERATE, "seededit")
    with pytest.raises(NotFound):
        await bench.pictures.open(ME, Operation.IMAGE_EDIT, "nobody", n=1, stream=False)
