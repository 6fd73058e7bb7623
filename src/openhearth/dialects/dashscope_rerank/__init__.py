"""Rerank in the form of Alibaba Cloud Model Studio (DashScope API reference, "Text rerank"): all its models take it,
while its Jina-like form takes some of them only."""

from collections.abc import Iterable

import msgspec

from openhearth.core.rerank import Ranked, RerankRequest

PATH = "/api/v1/services/rerank/text-rerank/text-rerank"
_ENCODER = msgspec.json.Encoder()
_INSTRUCT = ("instruct", "instruction")
_OUR_OWN = frozenset({"return_documents", "rank_fields"})


def encode(request: RerankRequest, model: str) -> tuple[bytes, tuple[str, ...]]:
    """The body, and the names of fields that are not in it."""
    count = len(request.documents)
    parameters: dict[str, object] = {"top_n": min(request.top_n or count, count), "return_documents": False}
    instruct = next((name for name in _INSTRUCT if name in request.options), "")
    if instruct:
        parameters["instruct"] = request.options[instruct]
    body = {
        "model": model,
        "input": {"query": request.query, "documents": [document.text for document in request.documents]},
        "parameters": parameters,
    }
    return _ENCODER.encode(body), tuple(name for name in request.options if name not in {instruct, *_OUR_OWN})


class _Result(msgspec.Struct):
    index: int
    relevance_score: float


class _Output(msgspec.Struct):
    results: list[_Result]


class _Usage(msgspec.Struct):
    total_tokens: float | None = None


class _Answer(msgspec.Struct):
    output: _Output
    usage: _Usage | None = None


_ANSWER = msgspec.json.Decoder(_Answer)


def decode(body: bytes) -> tuple[Iterable[Ranked], int, int]:
    """Results, tokens and no search units of a 200 body. Raises msgspec.MsgspecError, UnicodeDecodeError and
    RecursionError."""
    answer = _ANSWER.decode(body)
    tokens = answer.usage.total_tokens if answer.usage else None
    return [Ranked(one.index, one.relevance_score) for one in answer.output.results], round(tokens or 0), 0
