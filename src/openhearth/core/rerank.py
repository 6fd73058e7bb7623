"""Canonical rerank: one request and one answer for every way in and every reranker behind."""

from typing import Protocol

import msgspec

from openhearth.core.provider import Dialect, Target

_TOKENS_PER_SEARCH_PART = 500
_PARTS_PER_SEARCH = 100


class Document(msgspec.Struct, frozen=True):
    """``text`` is what is compared with the query, ``given`` what the client wrote (a text or an object)."""

    text: str
    given: str | dict[str, object]


class RerankRequest(msgspec.Struct, frozen=True):
    """What is asked of a reranker.

    ``form`` is the wire form the client spoke; a target that speaks it gets every field. ``options`` are the fields
    beyond query, documents and top_n as the client wrote them, known to us or not.
    """

    model: str
    query: str
    documents: tuple[Document, ...]
    form: Dialect
    top_n: int | None = None
    options: dict[str, msgspec.Raw] = {}

    @property
    def search_units(self) -> int:
        """What is billed by search: a query with up to 100 documents, a long document counting once per 500 tokens
        (Cohere, pricing). A token is taken for four bytes."""
        parts = sum(1 + len(document.text.encode()) // (4 * _TOKENS_PER_SEARCH_PART) for document in self.documents)
        return -(-parts // _PARTS_PER_SEARCH)


class Ranked(msgspec.Struct, frozen=True):
    """One result: which document, and how well it answers."""

    index: int
    score: float


class RerankAnswer(msgspec.Struct, frozen=True):
    """Best first, at most ``top_n``. Counts are 0 where the provider does not report them."""

    results: tuple[Ranked, ...]
    total_tokens: int = 0
    search_units: int = 0
    dropped: tuple[str, ...] = ()


class RerankDriver(Protocol):
    """How a target is asked (``providers/<name>/rerank.py``). Raises GatewayErrors; cancelling aborts upstream."""

    async def rank(self, target: Target, request: RerankRequest) -> RerankAnswer: ...
