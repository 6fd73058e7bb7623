"""The answer cache over HTTP: only for who wants it, only the very same request, only within one owner, whole or not
at all; and what it saved."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from openhearth.config import Cache
from openhearth.core.call import Principal
from openhearth.core.errors import RequestError
from openhearth.core.provider import OPENAI_COMPATIBLE, Target
from openhearth.surfaces.repeats.answers import Head
from openhearth.surfaces.repeats.savings import Savings
from openhearth.surfaces.repeats.shelf import Shelf
from openhearth.surfaces.repeats.showing import cache_lines
from openhearth.surfaces.repeats.wish import NO, Wish, wish_of
from tests.fakes import upstream_answers
from tests.fakes.gateway import target
from tests.fakes.http import Reply, ask, connect, request
from tests.fakes.upstream import Fault, Seen, Upstream
from tests.repeats.serving import Charges, Clock, Server, serving

CHAT = {"model": "mock", "messages": [{"role": "user", "content": "x"}]}
STREAM = {**CHAT, "stream": True}
PATH = "/v1/chat/completions"
EMBED = {"model": "mock", "input": "x"}
HEAD = Head(200, [])


def _vectors(seen: Seen) -> upstream_answers.Reply:
    data = [{"object": "embedding", "index": 0, "embedding": [0.6, 0.8]}]
    return upstream_answers.Reply(json.dumps({"object": "list", "data": data, "model": "m"}).encode())


def _speaking(port: int, name: str = "up") -> Target:
    made = target(port, name)
    return msgspec.structs.replace(made, provider=msgspec.structs.replace(made.provider, speaks=OPENAI_COMPATIBLE))


@pytest.fixture
async def up() -> AsyncIterator[Upstream]:
    async with Upstream() as upstream:
        upstream.add("/v1/embeddings", _vectors)
        yield upstream


@pytest.fixture
async def server(up: Upstream, tmp_path: Path) -> AsyncIterator[Server]:
    async with serving(tmp_path, _speaking(up.port)) as running:
        yield running


async def post(
    server: Server, body: object = CHAT, path: str = PATH, *, age: str = "max-age=60", caller: str = "", **headers: str
) -> Reply:
    """One request that wants the cache."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if age:
        named["x-openhearth-cache"] = age
    if caller:
        named["authorization"] = f"Bearer {caller}"
    return await ask(server.port, path, body, headers=named)


def _said(*replies: Reply) -> list[str]:
    return [reply.headers.get("x-openhearth-cache", "") for reply in replies]


# -- hits ----------------------------------------------------------------------------------------------------------


async def test_off_until_somebody_asks(server: Server, up: Upstream) -> None:
    assert _said(await post(server, age=""), await post(server, age="")) == ["", ""]
    assert len(up.seen) == 2
    assert len(server.cache.shelf) == 0


@pytest.mark.parametrize("body", [CHAT, STREAM], ids=["whole", "stream"])
async def test_the_same_request_is_answered_from_the_cache(server: Server, up: Upstream, body: object) -> None:
    first = await post(server, body)
    server.clock.now_s += 7
    again = await post(server, body)
    assert _said(first, again) == ["miss", "hit"]
    assert "age" not in first.headers
    assert again.headers["age"] == "7"
    assert again.body == first.body
    assert again.headers["content-type"] == first.headers["content-type"]
    assert again.headers["x-openhearth-cached-call"] == first.headers["x-request-id"]
    assert again.headers["x-request-id"].startswith("req_")
    assert len(up.seen) == 1
    assert len(server.limits.settled) == 1


async def test_a_stream_and_a_whole_answer_are_two(server: Server, up: Upstream) -> None:
    assert _said(await post(server), await post(server, STREAM)) == ["miss", "miss"]
    whole, stream = await post(server), await post(server, STREAM)
    assert _said(whole, stream) == ["hit", "hit"]
    assert whole.json()["object"] == "chat.completion"
    assert stream.events()[-1] == "[DONE]"
    assert len(up.seen) == 2


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/completions", {"model": "mock", "prompt": "x"}),
        ("/v1/embeddings", EMBED),
        ("/v1/engines/mock/embeddings", {"input": "x"}),
    ],
)
async def test_other_operations_are_cached_too(server: Server, up: Upstream, path: str, body: object) -> None:
    first, again = await post(server, body, path), await post(server, body, path)
    assert _said(first, again) == ["miss", "hit"]
    assert again.body == first.body
    assert len(up.seen) == 1


async def test_a_key_may_say_that_it_is_cached(server: Server, up: Upstream) -> None:
    replies = [await post(server, caller="sk-caching", age=age) for age in ("", "", "no-store", "max-age=0")]
    assert _said(*replies) == ["miss", "hit", "bypass", "miss"]
    server.clock.now_s += 3601
    assert _said(await post(server, caller="sk-caching", age="")) == ["miss"]


async def test_an_answer_older_than_wanted_is_made_anew(server: Server, up: Upstream) -> None:
    await post(server)
    server.clock.now_s += 61
    assert _said(await post(server), await post(server)) == ["miss", "hit"]
    assert len(up.seen) == 2


async def test_with_a_key_for_repetitions_both_hold(server: Server, up: Upstream) -> None:
    first = await post(server)
    hit = await post(server, idempotency_key="k")
    replayed = await post(server, idempotency_key="k")
    assert _said(hit, replayed) == ["hit", "hit"]
    assert "idempotent-replayed" not in hit.headers
    assert replayed.headers["idempotent-replayed"] == "true"
    assert first.body == hit.body == replayed.body
    assert len(up.seen) == 1


# -- what is not the same ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [{"temperature": 0}, {"user": "u"}, {"messages": [{"role": "user", "content": "x "}]}, {"n": 1.0}, {"n": None}],
    ids=["added", "user", "blank", "number", "null"],
)
async def test_any_difference_in_the_body_is_another_request(
    server: Server, up: Upstream, change: dict[str, object]
) -> None:
    base = {**CHAT, "n": 1}
    await post(server, base)
    assert _said(await post(server, {**base, **change}), await post(server, base)) == ["miss", "hit"]


async def test_a_field_named_twice_is_compared_by_its_bytes(server: Server) -> None:
    body = b'{"model":"mock","messages":[{"role":"user","content":"x"}],"n":1,"n":2}'
    await post(server, {**CHAT, "n": 2})
    assert _said(await post(server, body), await post(server, body)) == ["miss", "hit"]


async def test_another_owner_never_gets_it(server: Server, up: Upstream) -> None:
    await post(server)
    for caller in ("sk-other-owner", "sk-caching"):
        assert _said(await post(server, caller=caller)) == ["miss"]
    assert len(up.seen) == 3


async def test_keys_of_one_owner_share_only_what_both_may_do(server: Server, up: Upstream) -> None:
    await post(server)
    assert _said(await post(server, caller="sk-same-owner")) == ["hit"]
    assert _said(await post(server, caller="sk-chat-only")) == ["miss"]
    refused = await post(server, caller="sk-one-model")
    assert (refused.status, refused.error()["code"]) == (403, "model_not_allowed")


async def test_another_form_of_answer_asked_by_header_is_another(server: Server) -> None:
    await post(server)
    for name in ("accept", "openai_beta", "anthropic_version", "x_openhearth_usage"):
        assert _said(await post(server, **{name: "else"})) == ["miss"]
    assert _said(await post(server, user_agent="other")) == ["hit"]


async def test_after_a_change_of_targets_nothing_old_is_given(server: Server, up: Upstream) -> None:
    await post(server)
    server.catalog.reprice()
    assert _said(await post(server)) == ["miss"]
    server.catalog.add(_speaking(up.port, "second"))
    assert _said(await post(server)) == ["miss"]


async def test_with_a_receipt_wanted_the_call_is_made(server: Server, up: Upstream) -> None:
    for _ in range(2):
        assert _said(await post(server, x_openhearth_receipt="1")) == ["bypass"]
    assert len(up.seen) == 2


async def test_a_picture_made_in_a_chat_is_not_kept(server: Server) -> None:
    replies = [await post(server, {**CHAT, "model": "chat-nothing"}) for _ in range(2)]
    assert _said(*replies) == ["bypass", "bypass"]


@pytest.mark.parametrize("said", ["max-age", "max-age=-1", "max-age=1.5", "yes", "max-age=9999999999", ""])
async def test_a_header_that_says_nothing_known_is_refused(server: Server, up: Upstream, said: str) -> None:
    head = request(PATH, CHAT, headers={"x-openhearth-cache": said})
    async with connect(server.port) as connection:
        await connection.send(head)
        reply = await connection.reply()
    assert (reply.status, reply.error()["param"]) == (400, "x-openhearth-cache")
    assert up.seen == []


def test_wishes() -> None:
    assert wish_of([], 0) == NO
    assert wish_of([], 5) == Wish(takes_part=True, age_s=5)
    assert wish_of([b" Max-Age = 7 "], 5) == Wish(takes_part=True, age_s=7)
    assert wish_of([b"no-store"], 5) == NO
    with pytest.raises(RequestError):
        wish_of([b"max-age=1", b"no-store"], 5)


# -- what is never kept --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [Fault(status=500), Fault(status=429), Fault(status=400), Fault(body=b'{"error":{"message":"no"}}')],
    ids=["500", "429", "400", "error as 200"],
)
async def test_errors_are_not_kept(server: Server, up: Upstream, fault: Fault) -> None:
    up.script(fault)
    first, again = await post(server), await post(server)
    assert first.status >= 400
    assert (again.status, *_said(again)) == (200, "miss")


@pytest.mark.parametrize(
    "fault",
    [Fault(close_after=500), Fault(reset_after=500), Fault(body=b'data: {"error":{"message":"no"}}\n\n')],
    ids=["closed", "reset", "error in it"],
)
async def test_streams_that_broke_are_not_kept(server: Server, up: Upstream, fault: Fault) -> None:
    if fault.body is not None:
        fault.headers["content-type"] = "text/event-stream"
    up.script(fault)
    await post(server, STREAM)
    again = await post(server, STREAM)
    assert _said(again) == ["miss"]
    assert len(up.seen) == 2


async def test_an_answer_whose_client_left_is_not_kept(server: Server, up: Upstream) -> None:
    up.script(Fault(hold_chunks=asyncio.Event(), hold_after=2))
    async with connect(server.port) as connection:
        await connection.send(request(PATH, STREAM, headers={"x-openhearth-cache": "max-age=60"}))
        await connection.head()
        await anext(aiter(connection.chunks()))
    await server.finished.wait(1)
    assert _said(await post(server, STREAM)) == ["miss"]


async def test_the_answer_of_a_model_that_stood_in_is_not_kept(server: Server, up: Upstream) -> None:
    up.script(Fault(headers={"x-openhearth-model": "other; fallback-for=mock"}))
    first = await post(server)
    assert first.headers["x-openhearth-model"] == "other; fallback-for=mock"
    assert _said(await post(server), await post(server)) == ["miss", "hit"]


async def test_a_large_answer_is_not_kept(up: Upstream, tmp_path: Path) -> None:
    up.words = ("long " * 500,)
    async with serving(tmp_path, _speaking(up.port), cache=Cache(answer_bytes=1000)) as server:
        for body in (CHAT, STREAM):
            assert _said(await post(server, body), await post(server, body)) == ["miss", "miss"]
        assert server.cache.shelf.size_bytes == 0


# -- the shelf -----------------------------------------------------------------------------------------------------


def test_what_was_not_asked_for_longest_goes_first() -> None:
    shelf = Shelf(Cache(entries=2), clock=Clock())
    shelf.put(b"a", HEAD, b"1")
    shelf.put(b"b", HEAD, b"2")
    assert shelf.find(b"a", 60) is not None
    shelf.put(b"c", HEAD, b"3")
    assert [shelf.find(name, 60) is not None for name in (b"a", b"b", b"c")] == [True, False, True]


def test_the_shelf_stays_within_its_bytes_and_counts_them_right() -> None:
    shelf = Shelf(Cache(bytes=10_000), clock=Clock())
    for number in range(50):
        shelf.put(b"%d" % (number % 20), HEAD, b"x" * (100 * number % 3000))
        assert shelf.size_bytes <= 10_000
    assert len(shelf) > 1
    shelf.put(b"huge", HEAD, b"x" * 20_000)
    assert shelf.find(b"huge", 60) is None
    held = [found[0].size_bytes for number in range(20) if (found := shelf.find(b"%d" % number, 60))]
    assert shelf.size_bytes == sum(held)


def test_nothing_stays_longer_than_the_setting_says() -> None:
    clock = Clock()
    shelf = Shelf(Cache(age_s=10), clock=clock)
    shelf.put(b"a", HEAD, b"1")
    clock.now_s += 11
    assert shelf.find(b"a", 1000) is None
    assert len(shelf) == shelf.size_bytes == 0


# -- what was saved ------------------------------------------------------------------------------------------------


async def test_what_hits_saved_is_shown_per_key(server: Server) -> None:
    server.charges.nanos = 1500
    await post(server)
    for caller in ("", "", "sk-same-owner"):
        await post(server, caller=caller)
    shown = (await ask(server.port, "/admin/v1/cache", method="GET")).json()
    assert shown == {
        "object": "cache",
        "entries": 1,
        "size_bytes": server.cache.shelf.size_bytes,
        "most_bytes": 64 * 1024 * 1024,
        "hits": 3,
        "misses": 1,
        "saved_nanos": 4500,
        "data": [
            {"key_id": "key_1", "hits": 2, "saved_nanos": 3000},
            {"key_id": "key_2", "hits": 1, "saved_nanos": 1500},
        ],
    }
    assert len(server.charges.asked) == 1


async def test_only_operators_see_it(server: Server) -> None:
    refused = await ask(server.port, "/admin/v1/cache", method="GET", headers={"authorization": "Bearer sk-same-owner"})
    assert refused.status == 403


async def test_hits_that_are_quicker_than_the_ledger_are_counted_later() -> None:
    charges = Charges()
    savings = Savings(charges)
    for _ in range(3):
        await savings.hit(Principal("key_1", "o", ""), "call_1")
    assert [saved.saved_nanos for saved in await savings.all()] == [0]
    charges.nanos = 7
    assert [(saved.hits, saved.saved_nanos) for saved in await savings.all()] == [(3, 21)]
    await savings.hit(Principal("", "o", "", user_id="user_1"), "call_1")
    assert [(saved.key_id, saved.saved_nanos) for saved in await savings.all()] == [("key_1", 21), ("user_1", 7)]
    assert savings.saved_nanos == 28


async def test_metrics_read_as_prometheus_reads_them(server: Server) -> None:
    server.charges.nanos = 5
    for _ in range(3):
        await post(server)
    text = "\n".join(cache_lines(server.cache)) + "\n"
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert samples["openhearth_cache_answers_total", "hit"] == 2
    assert samples["openhearth_cache_answers_total", "miss"] == 1
    assert samples["openhearth_cache_saved_nanos_total",] == 10
    assert samples["openhearth_cache_entries",] == 1
