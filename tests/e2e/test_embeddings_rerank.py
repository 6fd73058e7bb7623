"""Embeddings and rerank of the running server through the official clients of OpenAI and Cohere."""

import struct
from collections.abc import Iterator

import cohere
import httpx
import openai
import pytest
from cohere.errors import BadRequestError

from tests.e2e.conftest import Running
from tests.pictures.packed import pack_file

DOCUMENTS = ["The shop opens at nine.", "退款将在14天内退回原支付卡。", "Bananas grow in the tropics."]


@pytest.fixture(scope="module", autouse=True)
def _pack() -> None:
    pack_file("use-multilingual", "encoder.onnx")


@pytest.fixture
def client(server: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key=server.key, max_retries=0, timeout=120) as made:
        yield made


@pytest.fixture
def first(server: Running) -> Iterator[cohere.Client]:
    with httpx.Client(timeout=120) as http:  # cohere's own is not closed with it
        yield cohere.Client(server.key, base_url=server.url, httpx_client=http, max_retries=0)


@pytest.fixture
def second(server: Running) -> Iterator[cohere.ClientV2]:
    with httpx.Client(timeout=120) as http:
        yield cohere.ClientV2(server.key, base_url=server.url, httpx_client=http, max_retries=0)


def test_openais_client_gets_vectors(client: openai.OpenAI) -> None:
    texts = ["How do I get my money back?", *DOCUMENTS]
    answer = client.embeddings.create(model="use-multilingual-embed", input=texts)
    asked, *told = [one.embedding for one in answer.data]
    scores = [_product(asked, one) for one in told]
    assert scores.index(max(scores)) == 1
    assert answer.usage.prompt_tokens == answer.usage.total_tokens > 10
    floats = client.embeddings.create(model="use-multilingual-embed", input=texts[0], encoding_format="float")
    assert [_float32(number) for number in floats.data[0].embedding] == asked


def test_a_usual_name_is_an_alias_of_the_embedded_model(client: openai.OpenAI) -> None:
    answer = client.embeddings.with_raw_response.create(model="text-embedding-3-small", input="hello", dimensions=64)
    assert answer.headers["x-openhearth-target"] == "use-multilingual-embed"
    assert len(answer.parse().data[0].embedding) == 64


def test_tokens_and_the_old_path_are_taken(client: openai.OpenAI, server: Running) -> None:
    text, tokens = (
        client.embeddings.create(model="use-multilingual-embed", input=given).data[0].embedding
        for given in ("hello world", [15339, 1917])
    )
    assert text == tokens
    old = server.post("/v1/engines/use-multilingual-embed/embeddings", {"input": "hello world"})
    assert isinstance(old["data"], list)
    assert old["data"][0]["embedding"] == pytest.approx(text, abs=1e-7)


@pytest.mark.parametrize(
    ("fields", "param"),
    [({"input": ""}, "input"), ({"input": "a", "dimensions": 2000}, "dimensions"), ({"input": []}, "input")],
)
def test_a_wrong_field_is_an_error_with_its_name(client: openai.OpenAI, fields: dict[str, object], param: str) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.embeddings.create(model="use-multilingual-embed", **fields)  # type: ignore[arg-type]
    assert caught.value.param == param


def test_coheres_first_client_ranks(first: cohere.Client) -> None:
    answer = first.rerank(query="如何退款？", documents=DOCUMENTS, return_documents=True, top_n=2)
    best = answer.results[0]
    assert (best.index, len(answer.results)) == (1, 2)
    assert best.document is not None
    assert best.document.text == DOCUMENTS[1]
    assert answer.meta is not None
    assert answer.meta.billed_units is not None
    assert answer.meta.billed_units.search_units == 1


def test_coheres_first_client_ranks_objects_by_their_fields(first: cohere.Client) -> None:
    documents = [{"title": "Opening hours", "text": "nine to six"}, {"title": "Refunds", "text": "two weeks"}]
    answer = first.rerank(model="nano-rerank", query="money back", documents=documents, rank_fields=["title"])
    assert answer.results[0].index == 1


def test_coheres_second_client_ranks(second: cohere.ClientV2) -> None:
    answer = second.rerank(model="nano-rerank", query="When does the shop open?", documents=DOCUMENTS, top_n=1)
    assert [one.index for one in answer.results] == [0]
    assert 0 < answer.results[0].relevance_score <= 1


def test_coheres_client_reads_our_errors(second: cohere.ClientV2) -> None:
    with pytest.raises(BadRequestError) as caught:
        second.rerank(model="nano-rerank", query="", documents=DOCUMENTS)
    assert "query" in str(caught.value.body)


def test_models_say_what_they_are(client: openai.OpenAI) -> None:
    models = {model.id: model for model in client.models.list()}
    assert "short texts" in str(models["use-multilingual-embed"].model_extra)
    assert "near ties" in str(models["nano-rerank"].model_extra)


def _float32(number: float) -> float:
    return float(struct.unpack("<f", struct.pack("<f", number))[0])


def _product(one: list[float], other: list[float]) -> float:
    return sum(left * right for left, right in zip(one, other, strict=True))
