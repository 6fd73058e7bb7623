"""Rerank in Cohere's own form, version 2 (Cohere API reference, "Rerank API (v2)")."""

from collections.abc import Iterable

import msgspec

from openhearth.core.provider import Dialect
from openhearth.core.rerank import Ranked, RerankRequest

PATH = "/v2/rerank"
_ENCODER = msgspec.json.Encoder()
_KNOWN = frozenset({"max_tokens_per_doc", "priority"})
_OUR_OWN = frozenset({"return_documents", "rank_fields"})


def encode(request: RerankRequest, model: str) -> tuple[bytes, tuple[str, ...]]:
    """The body, and the names of fields that are not in it."""
    carried = {
        name: value
        for name, value in request.options.items()
        if name not in _OUR_OWN and (request.form is Dialect.COHERE_RERANK or name in _KNOWN)
    }
    body = {
        **carried,
        "model": model,
        "query": request.query,
        "documents": [document.text for document in request.documents],
        "top_n": min(request.top_n or len(request.documents), len(request.documents)),
    }
    dropped = tuple(name for name in request.options if name not in carried and name not in _OUR_OWN)
    return _ENCODER.encode(body), dropped


class _Result(msgspec.Struct):
    index: int
    relevance_score: float


class _Units(msgspec.Struct):
    """The client's types allow ``null``."""

    search_units: float | None = None
    input_tokens: float | None = None


class _Meta(msgspec.Struct):
    billed_units: _Units | None = None
    tokens: _Units | None = None


class _Answer(msgspec.Struct):
    results: list[_Result]
    meta: _Meta | None = None


_ANSWER = msgspec.json.Decoder(_Answer)


def decode(body: bytes) -> tuple[Iterable[Ranked], int, int]:
    """Results, tokens and search units of a 200 body. Raises msgspec.MsgspecError, UnicodeDecodeError and
    RecursionError."""
    answer = _ANSWER.decode(body)
    meta = answer.meta or _Meta()
    tokens, units = meta.tokens or _Units(), meta.billed_units or _Units()
    results = [Ranked(one.index, one.relevance_score) for one in answer.results]
    return results, round(tokens.input_tokens or 0), round(units.search_units or 0)
