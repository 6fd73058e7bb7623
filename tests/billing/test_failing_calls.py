"""T9: the n-th use of the store, or the n-th call upstream, fails during a chat, a stream and a picture.

The client hears of it in its own dialect or not at all; the money stands as it should; the next call works.
"""

import asyncio
import itertools
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path

import msgspec
import pytest
from starlette.routing import BaseRoute

from openhearth.accounts.keys import Keys
from openhearth.core.allowance import Allowance
from openhearth.core.call import Usage
from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect
from openhearth.media.gallery import Gallery
from openhearth.media.sources import Sources
from openhearth.providers.openai_images.images import OpenAIImagesDriver
from openhearth.relay.pictures import Pictures
from openhearth.relay.services import Relay
from openhearth.relay.work import Calls
from openhearth.stores.blobs.local import LocalBlobs
from openhearth.surfaces.openai.images import Images
from openhearth.transport.fetch import Fetcher
from openhearth.transport.wire import Deadlines
from tests.billing.answers import PLAIN, streams, wholes
from tests.billing.crafts import CONFIG, replaced
from tests.billing.failing import FailingRecords, When
from tests.billing.house import PATH, House, house, target
from tests.billing.policy import CRAFT, PRICES
from tests.billing.wires import Line
from tests.fakes.asgi import Answer, calling
from tests.fakes.media import MemoryFiles, Web, png

_MOST_USES = 60
_SPEAKS = {Operation.CHAT: Dialect.OPENAI_CHAT, Operation.IMAGE_GENERATE: Dialect.OPENAI_IMAGES}
_PICTURE = json.dumps(
    {"created": 1, "data": [{"b64_json": b64encode(png()).decode()}], "usage": {"input_tokens": 9, "output_tokens": 7}}
).encode()


class Flow(StrEnum):
    """What is asked, in the way clients ask most."""

    CHAT = "chat"
    STREAM = "stream"
    PICTURE = "picture"


class Bad(StrEnum):
    """What an upstream does instead of answering."""

    REFUSE = "takes no connection"
    HANG_UP = "hangs up"
    IN_HEAD = "hangs up inside the head"
    DOWN = "500"
    BUSY = "429"
    CREDENTIAL = "401"
    GARBLED = "garbled"


class Desk(msgspec.Struct):
    """A house with keys of its own, and what a client at it has."""

    house: House
    records: FailingRecords
    keys: Keys
    key_id: str
    key: str


@asynccontextmanager
async def desk(folder: Path) -> AsyncIterator[Desk]:
    """Two targets for everything, alike but for their prices."""
    records = FailingRecords(folder)
    keys = Keys(records, b"pepper")
    targets = [
        target("m", PRICES["kinds"], "first", speaks=_SPEAKS),
        target("m", PRICES[CRAFT], "second", priority=1, speaks=_SPEAKS),
    ]
    blobs = LocalBlobs(folder / "blobs")
    await blobs.open()

    def make(relay: Relay, _: Calls) -> list[BaseRoute]:
        gallery = Gallery(records, blobs, b"a secret of sixteen")
        fetcher = Fetcher(relay.client, relay.config.fetch)
        drivers = {Dialect.OPENAI_IMAGES: OpenAIImagesDriver(relay.client, fetcher, Deadlines())}
        pictures = Pictures(relay.gate, relay.router, drivers, relay.meter)
        sources = Sources(gallery, MemoryFiles(), Web(), most_bytes=1_000_000)
        return Images(relay.gate, pictures, gallery, sources, relay.config).routes()

    async with house(folder, targets, config=replaced(CONFIG), records=records, keys=keys, make=make) as made:
        key, text = await keys.create(name="client", allowance=Allowance(quota_micros=10**9, concurrency=5))
        yield Desk(made, records, keys, key.id, text)


async def ask(here: Desk, flow: Flow, upstream: "Callable[[], asyncio.Task[None]]") -> Answer:
    """One call with an upstream beside it, to its end."""
    body: dict[str, object] = {"model": "m"}
    body |= {"prompt": "red"} if flow is Flow.PICTURE else {"messages": [{"role": "user", "content": "hi"}]}
    if flow is Flow.STREAM:
        body["stream"] = True
    path = "/v1/images/generations" if flow is Flow.PICTURE else PATH
    headers = {"authorization": f"Bearer {here.key}", "content-type": "application/json"}
    for line in here.house.lines.open_:
        line.hang_up()
    await asyncio.sleep(0)
    answering = upstream()
    async with calling(here.house.app, "POST", path, headers=headers, body=json.dumps(body).encode()) as caller:
        answer = await caller.end()
    answering.cancel()
    await asyncio.gather(answering, return_exceptions=True)
    return answer


def good(here: Desk, flow: Flow, bad: Bad | None = None, failures: int = 0) -> Callable[[], "asyncio.Task[None]"]:
    """An upstream that answers well, after ``failures`` of kind ``bad``."""

    async def answer() -> None:
        for _ in range(failures):
            if bad is not Bad.REFUSE:
                _fail(await _asked(here), bad)
        _say(await _asked(here), flow)

    here.house.lines.refusals = failures if bad is Bad.REFUSE else 0
    return lambda: asyncio.create_task(answer())


async def _asked(here: Desk) -> Line:
    while True:
        for line in [line for line in here.house.lines.open_ if not line.wire.is_cut]:
            if line.asked():
                return line
        await asyncio.sleep(0.001)


def _fail(line: Line, bad: Bad | None) -> None:
    if bad is Bad.HANG_UP:
        line.say(b"HTTP/1.1 2")
        line.hang_up()
        return
    if bad is Bad.IN_HEAD:
        line.say(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")
        line.hang_up()
        return
    status = {Bad.DOWN: 500, Bad.BUSY: 429, Bad.CREDENTIAL: 401}.get(bad or Bad.DOWN, 200)
    body = b"<html>" if bad is Bad.GARBLED else b'{"error":{"message":"no"}}'
    line.say(b"HTTP/1.1 %d Said\r\ncontent-type: application/json\r\n" % status)
    line.say(b"content-length: %d\r\n\r\n%b" % (len(body), body))


def _say(line: Line, flow: Flow) -> None:
    if flow is Flow.PICTURE:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        line.say(head % len(_PICTURE) + _PICTURE)
        return
    answer = streams()[0] if flow is Flow.STREAM else wholes()[0]
    line.say(answer.head + answer.wire(0, len(answer.body)) + answer.tail)


def is_clean(answer: Answer, flow: Flow) -> bool:
    """Whether a client of OpenAI's understands it: a whole good answer, or an error of the right form."""
    assert answer.complete
    if answer.status == 200:
        if flow is Flow.STREAM:
            assert answer.events()[-1] == "[DONE]"
            assert "error" not in answer.events()[-2]
        else:
            assert answer.json()["data" if flow is Flow.PICTURE else "choices"]
        return True
    error = answer.json()["error"]
    assert answer.status >= 400
    assert error["message"]
    assert error["type"]
    assert error["code"] not in (None, "internal_error"), error
    return False


async def settle(here: Desk) -> None:
    """The store works again: everything is written, everything adds up, and one more call is like the first."""
    here.records.database.disarm()
    before = len(here.house.meter.calls)
    here.house.lines.refusals = 0
    for name in ("first", "second"):
        here.house.health.forget(name)
    answer = await ask(here, Flow.CHAT, good(here, Flow.CHAT))
    assert is_clean(answer, Flow.CHAT)
    await here.house.check()
    last = (await here.house.entries())[here.house.meter.calls[-1].id]
    assert len(here.house.meter.calls) == before + 1
    assert (last.outcome, last.target_id, last.cost_nanos) == ("ok", "first", PRICES["kinds"].cost(_usage()))


def _usage() -> Usage:
    return msgspec.convert(PLAIN.means, Usage)


@pytest.mark.parametrize("when", When)
@pytest.mark.parametrize("flow", Flow)
async def test_whichever_use_of_the_store_fails(tmp_path: Path, flow: Flow, when: When) -> None:
    async with desk(tmp_path) as here:
        for number in itertools.count(1):
            assert number < _MOST_USES
            here.keys.forget_key(here.key_id)
            here.records.database.arm(number, when)
            answer = await ask(here, flow, good(here, flow))
            await here.house.ledger.flushed(60.0)
            failed = here.records.database.failed
            is_good = is_clean(answer, flow)
            assert is_good or answer.json()["error"]["code"] == "store_unavailable"
            assert is_good or int(answer.headers["retry-after"]) >= 1
            await settle(here)
            if not failed:
                break
        assert number > 3


@pytest.mark.parametrize("flow", Flow)
async def test_a_store_that_stays_away_for_a_while(tmp_path: Path, flow: Flow) -> None:
    async with desk(tmp_path) as here:
        for number in (1, 2, 3, 5, 8):
            here.keys.forget_key(here.key_id)
            here.records.database.arm(number, When.BEFORE, many=30)
            is_clean(await ask(here, flow, good(here, flow)), flow)
            await settle(here)


@pytest.mark.parametrize("bad", Bad)
@pytest.mark.parametrize("flow", Flow)
async def test_whichever_call_upstream_fails(tmp_path: Path, flow: Flow, bad: Bad) -> None:
    async with desk(tmp_path) as here:
        for failures in (0, 1, 2):
            count = len(here.house.meter.calls)
            answer = await ask(here, flow, good(here, flow, bad, failures))
            (call,) = here.house.meter.calls[count:]
            is_good = is_clean(answer, flow)
            entry = (await here.house.entries())[call.id]
            if failures < 2 and is_good:
                assert (entry.outcome, entry.target_id) == ("ok", ("first", "second")[failures])
                assert entry.charge_nanos > 0
            else:
                assert (entry.outcome, entry.charge_nanos) == ("failed", 0)
                assert not is_good
                assert failures
            await settle(here)
