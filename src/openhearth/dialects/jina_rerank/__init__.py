"""Rerank in Jina's form, which many have copied: SiliconFlow, Together, Zhipu, vLLM, Xinference, llama.cpp, and the
embedded reranker (Jina reranker API; SiliconFlow API reference, "Create rerank")."""

from collections.abc import Iterable

import msgspec

from openhearth.core.provider import Dialect
from openhearth.core.rerank import Ranked, RerankRequest

PATH = "/rerank"
_ENCODER = msgspec.json.Encoder()
_ALSO_KNOWN = frozenset({"truncation", "max_chunks_per_doc", "overlap_tokens", "instruction"})
_OUR_OWN = frozenset({"return_documents", "rank_fields"})


def encode(request: RerankRequest, model: str, *, everything: bool) -> tuple[bytes, tuple[str, ...]]:
    """The body, and the names of fields that are not in it. ``everything``: the target takes whatever was asked.

    Documents are not asked back: whoever answers the client has them.
    """
    carried = {
        name: value
        for name, value in request.options.items()
        if name not in _OUR_OWN and (everything or request.form is Dialect.JINA_RERANK or name in _ALSO_KNOWN)
    }
    body = {
        **carried,
        "model": model,
        "query": request.query,
        "documents": [document.text for document in request.documents],
        "top_n": min(request.top_n or len(request.documents), len(request.documents)),
        "return_documents": False,
    }
    dropped = tuple(name for name in request.options if name not in carried and name not in _OUR_OWN)
    return _ENCODER.encode(body), dropped


class _Result(msgspec.Struct):
    index: int
    relevance_score: float


class _Usage(msgspec.Struct):
    total_tokens: float | None = None


class _Units(msgspec.Struct):
    """Some write ``null`` for what they do not count, and whole numbers with a point."""

    search_units: float | None = None
    input_tokens: float | None = None


class _Meta(msgspec.Struct):
    billed_units: _Units | None = None
    tokens: _Units | None = None


class _Answer(msgspec.Struct):
    results: list[_Result]
    usage: _Usage | None = None
    tokens: _Units | None = None
    meta: _Meta | None = None


_ANSWER = msgspec.json.Decoder(_Answer)


def decode(body: bytes) -> tuple[Iterable[Ranked], int, int]:
    """Results, tokens and search units of a 200 body. Raises msgspec.MsgspecError, UnicodeDecodeError and
    RecursionError."""
    answer = _ANSWER.decode(body)
    meta = answer.meta or _Meta()
    counted = answer.tokens or meta.tokens or _Units()
    tokens = answer.usage.total_tokens if answer.usage else counted.input_tokens
    units = meta.billed_units or _Units()
    results = [Ranked(one.index, one.relevance_score) for one in answer.results]
    return results, round(tokens or 0), round(units.search_units or 0)
