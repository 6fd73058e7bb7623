"""Embeddings are relayed as they are: every field goes out, every byte comes back."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fnmatch import fnmatchcase
from typing import Any

import pytest
from starlette.routing import BaseRoute

from openhearth.core.call import Outcome
from openhearth.core.money import Price
from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect, Origin, Provider, Target
from openhearth.providers import builtin
from openhearth.relay.services import Relay
from openhearth.relay.work import Calls
from openhearth.surfaces.openai import embeddings
from tests.fakes.upstream import Fault, Reply, Seen, Upstream
from tests.surfaces.routed import Routed, routed

EMBED = {Operation.EMBED: Dialect.OPENAI_EMBEDDINGS}


def _vectors(seen: Seen) -> Reply:
    body = seen.json()
    listed = body["input"] if isinstance(body.get("input"), list) else [body.get("input")]
    data = [{"object": "embedding", "index": at, "embedding": [0.6, 0.8], "extra": 1} for at in range(len(listed))]
    usage = {"prompt_tokens": 7, "total_tokens": 7}
    return Reply(json.dumps({"object": "list", "data": data, "model": body["model"], "usage": usage}).encode())


def target(up: Upstream, name: str = "up", model: str = "text-embedding-3-small", **changes: Any) -> Target:
    provider = Provider(name, name, up.base_url, speaks=EMBED, auth="none")
    return Target(name, provider, Origin("http", "127.0.0.1", up.port), "/v1", model, **changes)


def make(relay: Relay, _: Calls) -> list[BaseRoute]:
    return embeddings.routes(relay, relay.config.limits)


@asynccontextmanager
async def serving(**changes: Any) -> AsyncIterator[tuple[Routed, Upstream]]:
    async with Upstream() as up:
        up.add("/v1/embeddings", _vectors)
        async with routed(make, [target(up, **changes)]) as app:
            yield app, up


async def test_every_field_goes_out_and_every_byte_comes_back() -> None:
    async with serving() as (app, up):
        body = {"input": ["a", "b"], "model": "text-embedding-3-small", "task": "query", "stream": True, "é": [1]}
        answer = await app.post("/v1/embeddings", body)
        assert up.seen[0].json() == body
        assert answer.status == 200
        assert answer.body == _vectors(up.seen[0]).body
        assert answer.headers["x-openhearth-target"] == "up"
        assert answer.headers["x-request-id"].startswith("call_")


async def test_usage_is_charged_once() -> None:
    async with serving(price=Price(input_micros_per_mtok=1_000_000)) as (app, _):
        await app.post("/v1/embeddings", {"input": "a", "model": "text-embedding-3-small"})
        (call,) = await app.finished.wait()
        assert (call.usage.input_tokens, call.usage.source, call.outcome) == (7, "upstream", Outcome.OK)
        assert call.charge_nanos == 7000
        assert (app.limits.open, len(app.limits.settled)) == (0, 1)


async def test_no_model_means_the_embedded_one() -> None:
    async with serving(model=embeddings.EMBEDDED) as (app, up):
        for body in ({"input": "a"}, {"input": "a", "model": None}):
            assert (await app.post("/v1/embeddings", body)).status == 200
        assert [seen.json()["model"] for seen in up.seen] == [embeddings.EMBEDDED] * 2


async def test_the_old_path_names_the_model() -> None:
    async with serving(model="BAAI/bge-m3") as (app, up):
        answer = await app.post("/v1/engines/BAAI/bge-m3/embeddings", {"input": "a"})
        assert answer.status == 200
        assert up.seen[0].json()["model"] == "BAAI/bge-m3"
        same = await app.post("/v1/engines/BAAI/bge-m3/embeddings", {"input": "a", "model": "BAAI/bge-m3"})
        assert same.status == 200
        other = await app.post("/v1/engines/BAAI/bge-m3/embeddings", {"input": "a", "model": "x"})
        assert (other.status, other.json()["error"]["param"]) == (400, "model")


async def test_a_public_name_becomes_the_upstream_one() -> None:
    async with serving(model="mine", upstream_model="theirs") as (app, up):
        await app.post("/v1/embeddings", {"input": "a", "model": "mine"})
        assert up.seen[0].json()["model"] == "theirs"


async def test_what_the_upstream_refuses_is_passed_on() -> None:
    said = {"error": {"message": "too long", "type": "invalid_request_error", "param": "input", "code": "x", "more": 1}}
    async with serving() as (app, up):
        up.add("/v1/embeddings", Reply(json.dumps(said).encode(), 400))
        answer = await app.post("/v1/embeddings", {"input": "a", "model": "text-embedding-3-small"})
        assert (answer.status, answer.json()) == (400, said)


async def test_the_next_target_answers_when_one_is_down() -> None:
    async with Upstream() as bad, Upstream() as good:
        bad.always = Fault(status=500)
        good.add("/v1/embeddings", _vectors)
        both = [target(bad, "bad"), target(good, "good", priority=1)]
        async with routed(make, both) as app:
            answer = await app.post("/v1/embeddings", {"input": "a", "model": "text-embedding-3-small"})
            assert answer.headers["x-openhearth-target"] == "good"


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        (b"[]", 400, None), (b"", 400, None), ({"model": "", "input": "a"}, 400, "model"),
        ({"model": 3, "input": "a"}, 400, "model"), ({"model": "unknown", "input": "a"}, 404, "model"),
        ({"model": "m" * 300, "input": "a"}, 400, "model"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_named(body: object, status: int, param: str | None) -> None:
    async with serving() as (app, up):
        answer = await app.post("/v1/embeddings", body)
        assert (answer.status, answer.json()["error"]["param"]) == (status, param)
        assert up.seen == []


async def test_a_key_is_needed() -> None:
    async with serving() as (app, _):
        assert (await app.post("/v1/embeddings", {"input": "a"}, key="sk-wrong")).status == 401


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("text-embedding-3-large", "openai"), ("text-embedding-v4", "dashscope"), ("embedding-3", "zhipu"),
        ("BAAI/bge-m3", "siliconflow"), ("jina-embeddings-v3", "jina"), ("mistral-embed", "mistral"),
        ("doubao-embedding-large-text-240915", "volcengine"), ("embed-multilingual-v3.0", "cohere"),
    ],
)  # fmt: skip
def test_names_lead_to_their_providers(model: str, provider: str) -> None:
    known = [
        name
        for name, row in builtin().items()
        if not name.endswith("-intl") and any(fnmatchcase(model, pattern) for pattern in row.models)
    ]
    assert known == [provider]
    assert builtin()[provider].speaks[Operation.EMBED] is Dialect.OPENAI_EMBEDDINGS
