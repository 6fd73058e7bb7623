"""One case of the relay carried out: the client's side and the upstream's, without sockets."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from openhearth.config import Config, Routing
from openhearth.core.call import Call
from openhearth.core.provider import Target
from openhearth.stores.ports import LedgerEntry
from tests.billing.cases import Case, Door, End, First, target_name
from tests.billing.house import PATH, House, house, target
from tests.billing.policy import PRICES, Worth
from tests.billing.wires import Line, request_bytes
from tests.fakes.asgi import Caller, calling

Leave = Callable[[], None]
_ERROR = b'{"error":{"message":"no","type":"server_error","code":"no"}}'
_WITH_USAGE = b'{"error":{"message":"no"},"usage":{"prompt_tokens":1000,"completion_tokens":1000}}'
_COUNTERS = (
    "input_tokens", "output_tokens", "cached_tokens", "images", "characters", "audio_ms", "video_ms", "pages",
    "searches", "cache_write_tokens", "audio_input_tokens", "image_input_tokens", "reasoning_tokens",
    "audio_output_tokens", "image_output_tokens",
)  # fmt: skip


@asynccontextmanager
async def relayed(folder: Path) -> AsyncIterator[House]:
    """A house with a target for each price, and a dear one before each in models that end in ``, second``."""
    targets: list[Target] = []
    for name, price in PRICES.items():
        targets.append(target(name, price, target_name(name)))
        second = f"{name}, second"
        targets.append(target(second, PRICES["kinds"], f"dear-{name}", priority=0))
        targets.append(target(second, price, target_name(second), priority=1))
    routing = Routing(retries_always=10**6, retry_percent=100)
    never = msgspec.structs.replace(routing.circuit, failures=0)
    config = Config(routing=msgspec.structs.replace(routing, circuit=never))
    async with house(folder, targets, config=config) as made:
        yield made


async def run(here: House, case: Case) -> Call:
    """The call, ended."""
    count = len(here.meter.calls) + 1
    if case.first is not First.NONE:
        here.health.forget(f"dear-{case.price}")  # it rests no more
    if case.first is First.REFUSED:
        await here.lines.refuse()
    key = f"ratio-{case.ratio_ppm}"
    if case.door is Door.FAST:
        client = here.client()
        client.send(request_bytes(case.request, key))
        await _answer(here, case, client.leave)
        call = await here.finished(count)
        if not client.wire.is_cut:
            client.leave()
        return call
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    async with calling(here.app, "POST", PATH, headers=headers, body=json.dumps(case.request).encode()) as caller:
        await _until_asked(here, caller)
        await _answer(here, case, lambda: _leave(caller, case.door))
        call = await here.finished(count)
        if case.end is End.WHOLE:
            await caller.end()
    return call


async def _until_asked(here: House, caller: Caller) -> None:
    """Until the call is admitted: a client that leaves before makes none."""
    assert caller.task is not None
    while not here.relay.open and not caller.task.done():
        await asyncio.sleep(0)


def _leave(caller: Caller, door: Door) -> None:
    assert caller.task is not None
    if door is Door.CANCELLED:
        caller.task.cancel()
    else:
        caller.leave()


async def _answer(here: House, case: Case, leave: Leave) -> None:
    """Play the upstream's part and the client's leaving."""
    answer, end = case.answer, case.end
    if end is End.BEFORE_CONNECT:
        leave()
        return
    await _first(here, case.first)
    line = await here.lines.asked()
    if end is End.BEFORE_HEAD:
        leave()
    elif case.status != 200:
        line.say(b"HTTP/1.1 %d No\r\ncontent-length: %d\r\n\r\n%b" % (case.status, len(_ERROR), _ERROR))
    elif end is End.IN_HEAD:
        line.say(answer.head[: len(answer.head) // 2])
        leave()
    else:
        _say(case, line, leave)


def _say(case: Case, line: Line, leave: Leave) -> None:
    answer = case.answer
    line.say(answer.head)
    for start, end in _reads(case):
        line.say(answer.wire(start, end))
    if case.end is End.CLIENT:
        leave()
    elif case.end is End.UPSTREAM:
        line.hang_up()
    else:
        line.say(answer.tail)
        if case.end is End.AFTER:
            leave()


def _reads(case: Case) -> Sequence[tuple[int, int]]:
    """The body up to the cut, as the network brings it: in one piece, block by block, or in odd pieces."""
    cut = case.cut
    way = (cut + case.ratio_ppm // 10_000 + len(case.price)) % 3
    if way == 0 or not cut:
        return [(0, cut)]
    if way == 1:
        edges, at = [0], 0
        for block in case.answer.blocks:
            at += len(block.data)
            edges.append(min(at, cut))
    else:
        edges = [*range(0, cut, 61), cut]
    return [(start, end) for start, end in itertools.pairwise(edges) if end > start]


async def _first(here: House, first: First) -> None:
    """What the dear target does that is asked first."""
    if first is First.NONE:
        return
    if first is First.REFUSED:
        return  # said before the call began
    line = await here.lines.asked()
    if first is First.RESET:
        line.say(b"HTTP/1.1 2")  # a used connection that dies without a byte is no failure: the request goes out again
        line.hang_up()
        return
    status = {First.BUSY: 429, First.DOWN: 503, First.SLOW: 504}.get(first, 200)
    body = {First.GARBLED: b"<html>", First.ERROR: _WITH_USAGE}.get(first, _ERROR)
    line.say(b"HTTP/1.1 %d Said\r\ncontent-type: application/json\r\n" % status)
    line.say(b"content-length: %d\r\n\r\n%b" % (len(body), body))


def worth_of(entry: LedgerEntry, wanted: Worth) -> Worth:
    """What the ledger says, in the policy's terms. Of a call that costs nothing its usage is not looked at."""
    said = {name: value for name in _COUNTERS[:4] if (value := getattr(entry, name))}
    more = msgspec.json.decode(entry.more) if entry.more else {}
    said |= {name: value for name, value in more.items() if name in _COUNTERS}
    if not wanted.source:
        said, source = {}, ""
    else:
        source = entry.usage_source
    return Worth(
        entry.outcome, entry.target_id, said, source, entry.cost_nanos, entry.charge_nanos, entry.price_version
    )
