"""Rerank in every client's form, to every form of upstream."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.routing import BaseRoute

from openhearth.config import Config
from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect, Origin, Provider, Secret, Target
from openhearth.core.rerank import RerankDriver as Driver
from openhearth.providers.rerankers.rerank import DIALECTS, RerankDriver
from openhearth.providers.volcengine.rerank import VikingRerankDriver
from openhearth.relay.services import Relay
from openhearth.relay.work import Calls
from openhearth.surfaces.rerank.routes import Rerank
from openhearth.transport.wire import Deadlines
from tests.fakes.access import GOOD_KEY
from tests.fakes.asgi import calling
from tests.fakes.rerankers import ACCESS, KEY, Rerankers
from tests.fakes.upstream import Fault
from tests.surfaces.routed import Routed, routed

QUERY = "refund to card"
DOCUMENTS = ["the weather is nice", "a refund goes to the card", "card"]
ORDER = [1, 2, 0]
FORMS = {
    "jina": (Dialect.JINA_RERANK, "/jina/v1"),
    "siliconflow": (Dialect.JINA_RERANK, "/siliconflow/v1"),
    "cohere": (Dialect.COHERE_RERANK, "/compatibility/v1"),
    "dashscope": (Dialect.DASHSCOPE_RERANK, "/compatible-mode/v1"),
    "viking": (Dialect.VIKING_RERANK, ""),
}


def target(up: Rerankers, form: str, model: str = "ranker", *, key: str = "", **changes: Any) -> Target:
    dialect, base = FORMS[form]
    auth, usual = ("none", f"{ACCESS}:secret") if form == "viking" else ("bearer", KEY)
    provider = Provider(form, form, up.url + base, speaks={Operation.RERANK: dialect}, auth=auth)
    origin = Origin("http", "127.0.0.1", up.port)
    return Target(changes.pop("id", form), provider, origin, base, model, secret=Secret(key or usual), **changes)


def make(relay: Relay, calls: Calls) -> list[BaseRoute]:
    strict = relay.config.strict_fields
    usual = RerankDriver(relay.client, relay.engines, Deadlines(), strict=strict)
    drivers: dict[Dialect, Driver] = dict.fromkeys(DIALECTS, usual)
    drivers[Dialect.VIKING_RERANK] = VikingRerankDriver(relay.client, Deadlines(), strict=strict)
    return Rerank(relay.gate, calls, drivers, relay.config.limits).routes()


@asynccontextmanager
async def serving(form: str, config: Config | None = None, **changes: Any) -> AsyncIterator[tuple[Routed, Rerankers]]:
    async with Rerankers() as up, routed(make, [target(up, form, **changes)], config=config) as app:
        yield app, up


def ask(**fields: Any) -> dict[str, Any]:
    return {"model": "ranker", "query": QUERY, "documents": DOCUMENTS, **fields}


@pytest.mark.parametrize("form", list(FORMS))
@pytest.mark.parametrize("path", ["/v1/rerank", "/rerank", "/v2/rerank"])
async def test_every_form_leads_to_every_upstream(form: str, path: str) -> None:
    async with serving(form) as (app, up):
        answer = await app.post(path, ask(top_n=2))
        assert answer.status == 200, answer.body
        assert [one["index"] for one in answer.json()["results"]] == ORDER[:2]
        assert answer.json()["results"][0]["relevance_score"] == 1.0
        assert answer.headers["x-openhearth-target"] == form
        assert "ranker" in (up.bodies[0].get("model"), up.bodies[0].get("rerank_model"))


async def test_one_answer_has_what_clients_of_both_families_read() -> None:
    async with serving("jina") as (app, _):
        found = (await app.post("/v1/rerank", ask())).json()
        assert found.keys() == {"id", "object", "model", "results", "meta", "usage"}
        assert (found["model"], found["usage"]["total_tokens"]) == ("ranker", 42)
        assert found["meta"] == {
            "api_version": {"version": "1"},
            "billed_units": {"search_units": 1},
            "tokens": {"input_tokens": 42, "output_tokens": 0},
        }
        assert found["results"][0].keys() == {"index", "relevance_score", "document"}  # Jina's default
        without = (await app.post("/v1/rerank", ask(return_documents=False))).json()
        assert without["results"][0].keys() == {"index", "relevance_score"}


async def test_the_second_version_is_coheres_own() -> None:
    async with serving("cohere") as (app, up):
        answer = await app.post("/v2/rerank", ask(return_documents=True, max_tokens_per_doc=9, priority=1))
        assert answer.json().keys() == {"id", "results", "meta"}
        assert answer.json()["meta"]["billed_units"] == {"search_units": 3}
        assert answer.json()["results"][0].keys() == {"index", "relevance_score"}
        assert (up.bodies[0]["max_tokens_per_doc"], up.bodies[0]["priority"]) == (9, 1)


async def test_documents_come_back_as_they_were_given() -> None:
    documents = ["refund to card", {"text": "refund", "id": 7}]
    async with serving("jina") as (app, up):
        answer = await app.post("/v1/rerank", ask(documents=documents, return_documents=True))
        assert [one["document"] for one in answer.json()["results"]] == [
            {"text": "refund to card"},
            {"text": "refund", "id": 7},
        ]
        assert up.bodies[0]["documents"] == ["refund to card", "refund"]
        assert up.bodies[0]["return_documents"] is False


async def test_the_text_of_a_document_given_back_is_a_text() -> None:
    async with serving("jina") as (app, _):
        answer = await app.post("/v1/rerank", ask(documents=[{"text": ["refund", "card"], "id": 7}]))
        assert answer.json()["results"][0]["document"] == {"text": '["refund","card"]', "id": 7}


async def test_fields_are_ranked_in_their_order() -> None:
    documents = [{"title": "card", "n": 3, "text": "x"}, {"n": 1}]
    async with serving("jina") as (app, up):
        answer = await app.post(
            "/v1/rerank", ask(documents=documents, rank_fields=["n", "title"], return_documents=True)
        )
        assert up.bodies[0]["documents"] == ["n: 3\ntitle: card", "1"]
        assert answer.json()["results"][1]["document"] == {"n": 1, "text": "1"}
        assert "x-openhearth-dropped" not in answer.headers


async def test_a_query_may_be_an_object() -> None:
    async with serving("jina") as (app, up):
        await app.post("/v1/rerank", ask(query={"text": QUERY}))
        assert up.bodies[0]["query"] == QUERY


async def test_fields_of_the_family_are_passed_on() -> None:
    async with serving("siliconflow") as (app, up):
        answer = await app.post("/v1/rerank", ask(max_chunks_per_doc=3, overlap_tokens=8, instruction="find"))
        assert answer.status == 200
        assert (up.bodies[0]["max_chunks_per_doc"], up.bodies[0]["overlap_tokens"]) == (3, 8)
        assert up.bodies[0]["instruction"] == "find"


@pytest.mark.parametrize(
    ("form", "path", "fields", "dropped"),
    [
        ("cohere", "/v1/rerank", {"max_chunks_per_doc": 3, "truncation": True}, "max_chunks_per_doc, truncation"),
        ("jina", "/v2/rerank", {"max_tokens_per_doc": 3, "priority": 2}, "max_tokens_per_doc, priority"),
        ("viking", "/v1/rerank", {"truncation": True, "instruction": "find"}, "truncation"),
        ("dashscope", "/v1/rerank", {"overlap_tokens": 3, "instruction": "find"}, "overlap_tokens"),
    ],
)
async def test_what_cannot_be_carried_over_is_told_or_refused(
    form: str, path: str, fields: dict[str, Any], dropped: str
) -> None:
    async with serving(form) as (app, _):
        answer = await app.post(path, ask(**fields))
        assert (answer.status, answer.headers["x-openhearth-dropped"]) == (200, dropped)
    async with serving(form, Config(strict_fields=True)) as (app, up):
        answer = await app.post(path, ask(**fields))
        assert answer.status == 422
        assert up.seen == []


async def test_usage_is_what_the_upstream_says_or_an_estimate() -> None:
    async with serving("siliconflow") as (app, _):
        await app.post("/v1/rerank", ask())
        (call,) = await app.finished.wait()
        assert (call.usage.input_tokens, call.usage.searches, call.usage.source) == (33, 1, "upstream")
        assert (app.limits.open, len(app.limits.settled)) == (0, 1)
    async with serving("jina") as (app, up):
        up.plan(200, {"results": [{"index": 0, "relevance_score": 0.5}]})
        answer = await app.post("/v1/rerank", ask())
        (call,) = await app.finished.wait()
        assert call.usage.source == "estimate"
        assert 0 < call.usage.input_tokens == answer.json()["usage"]["total_tokens"] < 40


@pytest.mark.parametrize(
    ("form", "counts", "tokens", "searches"),
    [
        ("jina", {"usage": {"total_tokens": None}}, 0, 0),
        ("jina", {"usage": {"total_tokens": 12.0}}, 12, 0),
        ("jina", {"meta": {"billed_units": {"search_units": 2.0}, "tokens": {"input_tokens": 9.0}}}, 9, 2),
        ("jina", {"meta": {"billed_units": None, "tokens": None, "api_version": None}}, 0, 0),
        ("cohere", {"meta": {"billed_units": {"search_units": None}, "tokens": {"input_tokens": None}}}, 0, 0),
    ],
)
async def test_counts_come_in_every_way_of_writing(
    form: str, counts: dict[str, Any], tokens: int, searches: int
) -> None:
    async with serving(form) as (app, up):
        up.plan(200, {"results": [{"index": 0, "relevance_score": 0.5}], **counts})
        assert (await app.post("/v1/rerank", ask())).status == 200
        (call,) = await app.finished.wait()
        assert call.usage.source == ("upstream" if tokens or searches else "estimate")
        assert not tokens or call.usage.input_tokens == tokens
        assert not searches or call.usage.searches == searches


@pytest.mark.parametrize(
    ("status", "said", "shown", "words"),
    [
        (400, {"message": "top_n is odd"}, 400, "top_n is odd"),
        (422, {"detail": [{"loc": ["body", "query"], "msg": "bad"}]}, 422, "bad"),
        (422, {"detail": "bad field"}, 422, "bad field"),
        (400, {"error": {"message": "wrong", "param": "query"}}, 400, "wrong"),
        (400, {"code": "InvalidParameter", "message": "odd"}, 400, "odd"),
        (429, {"message": "slow down"}, 429, "busy"),
        (500, {"message": "secret stack"}, 502, "answered 500"),
        (400, "text", 400, "refused"),
    ],
)
async def test_errors_are_where_every_client_looks(status: int, said: object, shown: int, words: str) -> None:
    async with serving("jina") as (app, up):
        up.plan(status, said, {"retry-after": "7"})
        answer = await app.post("/v1/rerank", ask())
        found = answer.json()
        assert answer.status == shown
        assert words in found["message"]
        assert found["message"] == found["detail"] == found["error"]["message"]
        assert answer.headers["x-openhearth-target"] == "jina"
        up.plan(status, said)
        second = await app.post("/v2/rerank", ask())
        assert second.status == shown
        assert second.json().keys() == {"message", "code", "param"}
        if status == 429:
            assert answer.headers["retry-after"] == "7"


async def test_our_own_credential_is_never_the_callers_fault() -> None:
    async with serving("cohere", key="old") as (app, _):
        answer = await app.post("/v1/rerank", ask())
        assert (answer.status, answer.json()["error"]["code"]) == (502, "upstream_refused_credential")


@pytest.mark.parametrize(
    "said",
    [
        {"results": [{"index": 9, "relevance_score": 1}]},
        {"results": [{"index": 0, "relevance_score": 1}, {"index": 0, "relevance_score": 0.5}]},
        {"results": [{"index": 0, "relevance_score": None}]},
        {"results": "no"},
        [],
    ],
)
async def test_an_answer_that_is_no_ranking_is_garbled(said: object) -> None:
    async with serving("jina") as (app, up):
        up.plan(200, said)
        answer = await app.post("/v1/rerank", ask())
        assert (answer.status, answer.json()["error"]["code"]) == (502, "upstream_garbled")


async def test_the_next_target_ranks_when_one_is_down() -> None:
    async with Rerankers() as bad, Rerankers() as good:
        bad.always = Fault(reset_after=0)
        both = [target(bad, "jina"), target(good, "cohere", priority=1)]
        async with routed(make, both) as app:
            answer = await app.post("/v1/rerank", ask())
            assert [one["index"] for one in answer.json()["results"]] == ORDER
            (call,) = await app.finished.wait()
            assert (call.attempts, call.target_id) == (2, "cohere")


async def test_no_model_means_the_embedded_one_where_the_form_allows_it() -> None:
    async with serving("jina", model="nano-rerank") as (app, up):
        answer = await app.post("/v1/rerank", {"query": QUERY, "documents": DOCUMENTS})
        assert answer.json()["model"] == up.bodies[0]["model"] == "nano-rerank"
        refused = await app.post("/v2/rerank", {"query": QUERY, "documents": DOCUMENTS})
        assert (refused.status, refused.json()["param"]) == (400, "model")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("query", ""), ("query", " "), ("query", 3), ("query", {"image": "x"}),
        ("query", {"text": "a", "image": "x"}), ("query", None), ("documents", []),
        ("documents", "a"), ("documents", [1]), ("documents", [""]), ("documents", [{"title": "a"}]),
        ("documents", ["a"] * 10_001), ("documents", None), ("top_n", 0), ("top_n", "2"), ("top_n", 1.5),
        ("top_n", True), ("return_documents", "yes"), ("rank_fields", "text"), ("rank_fields", []),
        ("max_chunks_per_doc", 0), ("max_tokens_per_doc", -1), ("overlap_tokens", -1), ("truncation", 1),
        ("priority", 1000), ("model", ""), ("model", 3), ("model", "m" * 257),
    ],
)  # fmt: skip
async def test_a_wrong_field_is_refused_by_name(field: str, value: object) -> None:
    async with serving("jina") as (app, up):
        answer = await app.post("/v1/rerank", ask(**{field: value}))
        assert (answer.status, answer.json()["error"]["param"]) == (400, field)
        assert up.seen == []


@pytest.mark.parametrize(("body", "status"), [(b"[]", 400), (b"{", 400), (b"", 400), (b'{"model": "ranker"}', 400)])
async def test_a_wrong_body_is_refused_in_the_familys_form(body: bytes, status: int) -> None:
    async with serving("jina") as (app, _):
        for path in ("/v1/rerank", "/v2/rerank"):
            answer = await app.post(path, body)
            assert (answer.status, bool(answer.json()["message"])) == (status, True)


async def test_a_key_is_needed_and_a_model_must_be_known() -> None:
    async with serving("jina") as (app, _):
        assert (await app.post("/v1/rerank", ask(), key="sk-wrong")).status == 401
        unknown = await app.post("/v1/rerank", ask(model="other"))
        assert (unknown.status, unknown.json()["error"]["code"]) == (404, "model_not_found")


async def test_many_documents_go_to_viking_in_several_calls() -> None:
    documents = [*["weather"] * 70, QUERY, *["card"] * 50]
    async with serving("viking") as (app, up):
        answer = await app.post("/v1/rerank", ask(documents=documents, top_n=3))
        assert [len(body["datas"]) for body in up.bodies] == [50, 50, 21]  # codespell:ignore datas
        assert [one["index"] for one in answer.json()["results"]] == [70, 71, 72]
        assert answer.json()["usage"]["total_tokens"] == 33


@pytest.mark.parametrize(
    ("status", "said", "shown", "code"),
    [
        (200, {"code": 1000002, "message": "no"}, 502, "upstream_refused_credential"),
        (200, {"code": 1000029, "message": "slow"}, 429, "upstream_busy"),
        (200, {"code": 1000028, "message": "oops"}, 502, "upstream_down"),
        (400, {"code": 1000003, "message": "odd"}, 400, "upstream_rejected"),
        (200, {"code": 0, "data": {"scores": [1]}}, 502, "upstream_garbled"),
        (200, [], 502, "upstream_garbled"),
        (503, "no", 502, "upstream_down"),
    ],
)
async def test_vikings_codes_are_understood(status: int, said: object, shown: int, code: str) -> None:
    async with serving("viking") as (app, up):
        up.plan(status, said)
        answer = await app.post("/v1/rerank", ask())
        assert (answer.status, answer.json()["error"]["code"]) == (shown, code)


async def test_a_client_that_leaves_is_noted() -> None:
    async with serving("jina") as (app, up):
        up.always = Fault(silent=True)
        headers = {"authorization": f"Bearer {GOOD_KEY}"}
        async with calling(app.app, "POST", "/v1/rerank", headers=headers, body=json.dumps(ask()).encode()) as caller:
            seen = await up.saw(1)
            caller.leave()
            await seen.aborted()
        (call,) = await app.finished.wait()
        assert call.outcome == "client_gone"
