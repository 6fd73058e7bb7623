"""The sentence encoder's HTTP face: forms, bounds, the line, leaving."""

import asyncio
import base64
import json
from typing import Any

import numpy as np
import pytest
from starlette.applications import Starlette
from typing_extensions import override

from openhearth.engines.embed.app import build
from openhearth.engines.embed.embedding import Vector, shown
from openhearth.engines.embed.settings import EmbedSettings
from tests.engines.scripted_graphs import WordGraphs
from tests.fakes.asgi import Answer, ask, calling

SETTINGS = EmbedSettings(encoder="", reranker="", threads=1)
LONG = " ".join(f"Sentence {number} is about bananas." for number in range(200))


def app(graphs: WordGraphs | None = None, **settings: Any) -> Starlette:
    return build(EmbedSettings(encoder="", reranker="", threads=1, **settings), graphs or WordGraphs())


async def embed(engine: Starlette, **body: Any) -> Answer:
    return await ask(engine, "POST", "/v1/embeddings", body=json.dumps(body).encode())


async def rerank(engine: Starlette, **body: Any) -> Answer:
    return await ask(engine, "POST", "/v1/rerank", body=json.dumps(body).encode())


def vectors(answer: Answer) -> list[Any]:
    assert answer.status == 200, answer.body
    return [np.array(one["embedding"]) for one in answer.json()["data"]]


async def test_each_text_gets_a_vector_in_order() -> None:
    answer = await embed(app(), input=["refund", "office", "refund"])
    first, second, third = vectors(answer)
    assert np.array_equal(first, third)
    assert not np.allclose(first, second)
    assert [one["index"] for one in answer.json()["data"]] == [0, 1, 2]
    assert answer.json()["usage"] == {"prompt_tokens": 3, "total_tokens": 3}


async def test_base64_is_the_same_vector_in_little_endian_float32() -> None:
    (plain,) = vectors(await embed(app(), input="refund"))
    coded = (await embed(app(), input="refund", encoding_format="base64")).json()["data"][0]["embedding"]
    assert np.array_equal(np.frombuffer(base64.b64decode(coded), "<f4"), plain.astype(np.float32))


def test_written_numbers_are_the_very_same_float32() -> None:
    """Also small ones, which a fixed number of decimals would round."""
    random = np.random.default_rng(1)
    numbers = np.concatenate([random.normal(size=4000) * size for size in (1, 1e-3, 1e-9, 1e-30)]).astype(np.float32)
    numbers = np.append(numbers, np.array([0, 1, -1, 0.1, 1e-45], np.float32))
    said = json.loads(json.dumps(shown(numbers, "float")))
    assert np.array_equal(np.array(said).astype(np.float32), numbers)
    assert max(len(json.dumps(number)) for number in shown(numbers[:4000], None)) <= 16


async def test_dimensions_are_cut_and_brought_to_length_one() -> None:
    (whole,) = vectors(await embed(app(), input="refund card"))
    (short,) = vectors(await embed(app(), input="refund card", dimensions=8))
    assert len(short) == 8
    assert np.linalg.norm(short) == pytest.approx(1.0)
    assert np.allclose(short, whole[:8] / np.linalg.norm(whole[:8]), atol=1e-6)


async def test_tokens_are_their_text() -> None:
    engine = app()
    (text,) = vectors(await embed(engine, input="hello world"))
    (tokens,) = vectors(await embed(engine, input=[15339, 1917]))
    listed = vectors(await embed(engine, input=[[15339, 1917], [15339]]))
    assert np.array_equal(text, tokens)
    assert np.array_equal(text, listed[0])
    assert len(listed) == 2


@pytest.mark.parametrize(
    "body",
    [
        {"input": ""}, {"input": []}, {"input": ["a", ""]}, {"input": ["a", 3]}, {"input": [["a"]]},
        {"input": [[1], []]}, {"input": [True]}, {"input": {"a": 1}}, {"input": 7}, {"input": None}, {},
        {"input": ["a"] * 2049},
        {"input": [1, 10**7]}, {"input": [[1], "a"]}, {"input": ["a b c d " * 80_000]}, {"input": [1] * 300_001},
    ],
)  # fmt: skip
async def test_a_wrong_input_is_refused_by_name(body: dict[str, Any]) -> None:
    answer = await embed(app(), **body)
    assert (answer.status, answer.json()["error"]["param"]) == (400, "input")


@pytest.mark.parametrize(
    ("field", "value"),
    [("dimensions", 513), ("dimensions", 0), ("dimensions", "8"), ("encoding_format", "int8"), ("model", 3)],
)
async def test_another_wrong_field_is_refused_by_name(field: str, value: object) -> None:
    answer = await embed(app(), **{"input": "a", field: value})
    assert (answer.status, answer.json()["error"]["param"]) == (400, field)


async def test_2048_inputs_are_taken() -> None:
    answer = await embed(app(), input=["a"] * 2048, dimensions=1)
    assert len(answer.json()["data"]) == 2048


async def test_a_long_text_is_the_mean_of_its_pieces() -> None:
    graphs = WordGraphs()
    (pooled,) = vectors(await embed(app(graphs), input=f"{LONG} refund"))
    assert "".join(graphs.seen) == f"{LONG} refund"
    assert len(graphs.seen) > 3
    assert np.linalg.norm(pooled) == pytest.approx(1.0)
    assert pooled[0] > 0.001  # the refund at its end is not lost


async def test_a_long_text_is_refused_where_that_is_set() -> None:
    answer = await embed(app(long="refuse"), input=["short", LONG])
    assert (answer.status, answer.json()["error"]["code"]) == (400, "input_too_long")
    assert "input[1]" in answer.json()["error"]["message"]


async def test_unknown_fields_are_named_or_refused() -> None:
    answer = await embed(app(), input="a", user="me", task="x\r\nsecret: 1", zz=None)
    assert answer.headers["x-openhearth-dropped"] == "task"
    strict = await embed(app(strict=True), input="a", task="x")
    assert (strict.status, strict.json()["error"]["param"]) == (422, "task")


async def test_a_field_name_cannot_end_the_header() -> None:
    answer = await embed(app(), input="a", **{"a\r\nset-cookie: b": 1})
    assert answer.headers["x-openhearth-dropped"] == "a??set-cookie:?b"


async def test_a_full_line_says_when_to_come_back() -> None:
    graphs = WordGraphs()
    graphs.go_on.clear()
    engine = app(graphs, slots=1, queue=0)
    body = json.dumps({"input": "a"}).encode()
    async with calling(engine, "POST", "/v1/embeddings", body=body) as running:
        await _until(lambda: len(graphs.seen) == 1)
        refused = await embed(engine, input="b")
        graphs.go_on.set()
        assert (await running.end()).status == 200
    assert (refused.status, refused.json()["error"]["code"]) == (429, "engine_queue_full")
    assert int(refused.headers["retry-after"]) >= 1
    health = await ask(engine, "GET", "/health")
    assert health.json() == {"model": "use-multilingual-embed", "running": 0, "waiting": 0, "queue": 0, "oldest_s": 0.0}


async def test_leaving_stops_a_batch_and_frees_the_place() -> None:
    graphs = WordGraphs()
    graphs.slow_s = 0.01
    engine = app(graphs, slots=1, queue=0)
    body = json.dumps({"input": ["a"] * 2048}).encode()
    async with calling(engine, "POST", "/v1/embeddings", body=body) as running:
        await _until(lambda: len(graphs.seen) > 20)
        running.leave()
        await running.end()
    left = len(graphs.seen)
    await _until(lambda: _is_free(engine))
    assert (await embed(engine, input="b")).status == 200
    assert len(graphs.seen) < left + 20


async def test_requests_take_turns() -> None:
    graphs = WordGraphs()
    graphs.slow_s = 0.002
    engine = app(graphs)
    body = json.dumps({"input": ["big"] * 1000}).encode()
    async with calling(engine, "POST", "/v1/embeddings", body=body):
        await _until(lambda: len(graphs.seen) > 20)
        assert (await embed(engine, input="small")).status == 200
        assert graphs.seen.count("big") < 900


async def test_documents_come_best_first() -> None:
    answer = await rerank(app(), query="refund money", documents=["office", "refund card", "refund money"], top_n=2)
    found = answer.json()
    assert [one["index"] for one in found["results"]] == [2, 1]
    assert found["results"][0]["document"] == {"text": "refund money"}
    assert 0 <= found["results"][1]["relevance_score"] < found["results"][0]["relevance_score"] <= 1
    assert found["usage"]["total_tokens"] > 0
    assert found["model"] == "nano-rerank"


async def test_the_best_piece_of_a_long_document_counts() -> None:
    engine = app()
    documents = ["weather train", f"{LONG} refund money."]
    best = (await rerank(engine, query="refund money", documents=documents)).json()["results"][0]
    assert best["index"] == 1
    cut = await rerank(engine, query="refund money", documents=documents, max_chunks_per_doc=1)
    assert {one["index"]: one for one in cut.json()["results"]}[1]["relevance_score"] < best["relevance_score"]
    short = await rerank(engine, query="refund money", documents=documents, max_tokens_per_doc=50)
    assert {one["index"]: one for one in short.json()["results"]}[1]["relevance_score"] < best["relevance_score"]
    assert short.json()["usage"]["total_tokens"] < 80


async def test_equal_documents_keep_their_order() -> None:
    """The network sees each in another row of its batch, which moves the last digits."""

    class Wavering(WordGraphs):
        @override
        def judge(self, query: Vector, documents: list[Vector]) -> list[float]:
            return [0.5 + 1e-7 * at for at in range(len(documents))]

    found = (await rerank(app(Wavering()), query="refund", documents=["card"] * 3)).json()["results"]
    assert [one["index"] for one in found] == [0, 1, 2]


async def test_a_query_alone_may_be_too_long() -> None:
    answer = await rerank(app(), query="a b c d " * 80_000, documents=["a"])
    assert (answer.status, answer.json()["error"]["param"]) == (400, "query")


async def test_another_encoder_is_ranked_by_without_the_network() -> None:
    graphs = WordGraphs()
    with_network = (await rerank(app(graphs), query="refund", documents=["refund"])).json()["results"][0]
    graphs.judges = False
    alone = (await rerank(app(graphs), query="refund", documents=["refund"])).json()["results"][0]
    assert alone["relevance_score"] == pytest.approx(1.0, abs=1e-5)
    assert with_network["relevance_score"] == pytest.approx(0.975, abs=1e-5)


async def test_documents_are_given_back_unless_refused() -> None:
    answer = await rerank(app(), query="a", documents=["b"], return_documents=False)
    assert "document" not in answer.json()["results"][0]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("query", ""), ("query", 3), ("documents", []), ("documents", "a"), ("documents", [1]), ("top_n", 0),
        ("documents", ["a"] * 1001), ("documents", ["a b c d " * 80_000]), ("max_chunks_per_doc", 0),
        ("max_tokens_per_doc", "1"), ("overlap_tokens", 129), ("return_documents", 1), ("truncation", "no"),
    ],
)  # fmt: skip
async def test_a_wrong_field_of_rerank_is_refused_by_name(field: str, value: object) -> None:
    answer = await rerank(app(), **{"query": "a", "documents": ["b"], field: value})
    assert (answer.status, answer.json()["error"]["param"]) == (400, field)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"input": "\\ud800"}', b"\xff"])
async def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    answer = await ask(app(), "POST", "/v1/embeddings", body=body)
    assert (answer.status, answer.json()["error"]["type"]) == (400, "invalid_request_error")


async def test_other_paths_are_not_there() -> None:
    assert (await ask(app(), "POST", "/v1/chat/completions")).status == 404


async def _is_free(engine: Starlette) -> bool:
    health = await ask(engine, "GET", "/health")
    return bool(health.json()["queue"] == 0)


async def _until(true: Any) -> None:
    async with asyncio.timeout(30):
        while not (await found if asyncio.iscoroutine(found := true()) else found):
            await asyncio.sleep(0.01)
