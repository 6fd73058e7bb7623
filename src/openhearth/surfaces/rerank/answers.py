"""A ranking as the two families show it."""

from typing import Any

from openhearth.core.provider import Dialect
from openhearth.core.rerank import Document, RerankAnswer
from openhearth.surfaces.rerank.bodies import Order

_VERSIONS = {Dialect.JINA_RERANK: "1", Dialect.COHERE_RERANK: "2"}


def shown(order: Order, answer: RerankAnswer, *, call_id: str, input_tokens: int, search_units: int) -> dict[str, Any]:
    """The JSON of an answer. That of ``/v1/rerank`` has what clients of Jina and of Cohere look for; ``/v2/rerank`` is
    Cohere's own, which never holds documents."""
    form = order.request.form
    meta = {
        "api_version": {"version": _VERSIONS[form]},
        "billed_units": {"search_units": search_units},
        "tokens": {"input_tokens": input_tokens, "output_tokens": 0},
    }
    results: list[dict[str, Any]] = []
    for ranked in answer.results:
        result: dict[str, Any] = {"index": ranked.index, "relevance_score": ranked.score}
        if order.return_documents and form is Dialect.JINA_RERANK:
            result["document"] = _given_back(order.request.documents[ranked.index])
        results.append(result)
    if form is Dialect.COHERE_RERANK:
        return {"id": call_id, "results": results, "meta": meta}
    usage = {"prompt_tokens": input_tokens, "total_tokens": input_tokens}
    return {
        "id": call_id,
        "object": "list",
        "model": order.request.model,
        "results": results,
        "meta": meta,
        "usage": usage,
    }


def _given_back(document: Document) -> dict[str, object]:
    """The document as it came; a ``text`` is always there and is one, since clients read it."""
    given = document.given
    if not isinstance(given, dict):
        return {"text": given}
    text = given.get("text")
    return {**given, "text": text if isinstance(text, str) else document.text}
