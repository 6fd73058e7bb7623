"""The same answer costs the same, streamed or whole, at either door, and the cost shown in it is the one charged."""

import asyncio
import itertools
import json
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.billing.answers import Answer, Block, Reported, chunk, event
from tests.billing.cases import RATIOS, Case, Door, End, Wish
from tests.billing.house import PATH, House
from tests.billing.policy import CRAFT, PRICES
from tests.billing.running import relayed
from tests.billing.wires import request_bytes
from tests.fakes.asgi import calling

_NANO = 10**9
_counts = st.none() | st.integers(-3, 10**7)
_KINDS = ("cached_tokens", "cache_write_tokens", "audio_tokens", "image_tokens", "reasoning_tokens")
_details = st.none() | st.fixed_dictionaries({}, optional=dict.fromkeys(_KINDS, _counts))
_usages: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"prompt_tokens": _counts, "completion_tokens": _counts},
    optional={"prompt_tokens_details": _details, "completion_tokens_details": _details},
)
_prices = st.sampled_from([name for name in PRICES if name != CRAFT])
_told = _usages.filter(lambda usage: any((usage[name] or 0) > 0 for name in ("prompt_tokens", "completion_tokens")))
_calls = st.tuples(_told, _prices, st.sampled_from(RATIOS), st.lists(st.integers(1, 700), max_size=6))


@settings(max_examples=12, deadline=None)
@given(st.lists(_calls, min_size=20, max_size=30))
def test_a_stream_costs_what_the_same_answer_costs_whole(
    calls: list[tuple[dict[str, Any], str, int, list[int]]],
) -> None:
    asyncio.run(_compare(calls))


async def _compare(calls: list[tuple[dict[str, Any], str, int, list[int]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with relayed(Path(folder)) as here:
            shown: list[list[int | None]] = []
            for usage, price, ratio_ppm, cuts in calls:
                both = [_case(usage, price, ratio_ppm, door, stream) for door, stream in _WAYS]
                shown.append([await _ask(here, case, cuts) for case in both])
            entries = await here.entries()
            ended = iter([entries[call.id] for call in here.meter.calls])
            for costs in shown:
                four = list(itertools.islice(ended, 4))
                assert len({(entry.cost_nanos, entry.charge_nanos, entry.more) for entry in four}) == 1
                assert {entry.usage_source for entry in four} == {"upstream"}
                assert set(costs) == {four[0].charge_nanos}
            await here.check()


_WAYS = tuple(itertools.product((Door.FAST, Door.ASGI), (True, False)))


def _case(usage: dict[str, Any], price: str, ratio_ppm: int, door: Door, stream: bool) -> Case:
    report = Reported(usage, None)
    if stream:
        last = Block(event({**chunk(), "choices": [], "usage": usage}), reported=report)
        stop = Block(event(chunk(finish="stop")))
        blocks: tuple[Block, ...] = (Block(event(chunk("hi"))), stop, last, Block(b"data: [DONE]\n\n", counts=False))
    else:
        choices = [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}]
        blocks = (Block(json.dumps({"choices": choices, "usage": usage}).encode(), reported=report),)
    answer = Answer("any", stream, blocks)
    return Case(answer, End.WHOLE, len(answer.body), door, price, ratio_ppm, Wish.COST)


async def _ask(here: House, case: Case, cuts: list[int]) -> int | None:
    """What the answer says that it costs, in nanos."""
    key, answer = f"ratio-{case.ratio_ppm}", case.answer
    edges = sorted({0, len(answer.body), *(cut for cut in cuts if cut < len(answer.body))})
    pieces = [answer.head, *(answer.wire(*part) for part in itertools.pairwise(edges)), answer.tail]
    if case.door is Door.FAST:
        client = here.client()
        client.send(request_bytes(case.request, key))
        line = await here.lines.asked()
        for piece in pieces:
            line.say(piece)
        heard = client.heard
        client.leave()
        return _shown(heard)
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    async with calling(here.app, "POST", PATH, headers=headers, body=json.dumps(case.request).encode()) as caller:
        line = await here.lines.asked()
        for piece in pieces:
            line.say(piece)
        return _shown((await caller.end()).body)


def _shown(heard: bytes) -> int | None:
    _, found, rest = heard.partition(b'"cost":')
    if not found:
        return None
    number = rest.replace(b",", b"}").partition(b"}")[0]
    nanos = Decimal(number.decode()) * _NANO
    assert nanos == int(nanos)
    return int(nanos)
