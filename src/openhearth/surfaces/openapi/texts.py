"""Embeddings, rerank and moderations."""

from typing import Any

from openhearth.surfaces.openapi.operation import JSON, operation
from openhearth.surfaces.openapi.schema import (
    MODEL,
    Schema,
    any_of,
    anything,
    flag,
    many,
    maybe,
    media,
    number,
    passed,
    ref,
    said,
    shape,
    text,
    whole,
)

_TOKENS = many(whole(0), least=1, most=300_000)
_INPUT = any_of(
    text(least=1),
    many(text(least=1), least=1, most=2048),
    _TOKENS,
    many(_TOKENS, least=1, most=2048),
)
_ASKED: Schema = {**shape({"text": text(least=1)}), "additionalProperties": False}
_DOCUMENTS = many(any_of(text(least=1), shape({"text": text(least=1)}), anything()), least=1, most=10_000)
_RANKING: dict[str, Schema] = {
    "top_n": maybe(whole(1)),
    "return_documents": said(maybe(flag()), "True of /v1/rerank unless said otherwise; /v2/rerank has none."),
    "rank_fields": said(
        maybe(many(text(least=1), least=1, most=64)), "Fields of document objects to rank by; usually 'text'."
    ),
    "max_chunks_per_doc": maybe(whole(1)),
    "max_tokens_per_doc": maybe(whole(1)),
    "overlap_tokens": said(maybe(whole(0)), "At most 128 of the embedded model."),
    "truncation": maybe(flag()),
    "priority": maybe(whole(0, 999)),
}
_CATEGORIES = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)


def paths() -> dict[str, Any]:
    """Path → method → operation."""
    embeddings = {JSON: ref("Embeddings")}
    question: dict[str, Any] = {
        "model": "nano-rerank",
        "query": "How do I get my money back?",
        "documents": ["The cake needs three eggs.", "Refunds reach your card within 14 days."],
    }
    return {
        "/v1/embeddings": {
            "post": operation(
                "Texts as vectors",
                embeddings,
                body={JSON: shape({"input": _INPUT}, {"model": maybe(MODEL), **_embedding()})},
                example={"input": "如何退款？"},
            )
        },
        "/v1/engines/{model}/embeddings": {
            "post": operation(
                "Texts as vectors, the model in the path",
                embeddings,
                body={JSON: shape({"input": _INPUT}, _embedding())},
                example={"input": ["a text"]},
                path={"model": text(least=1)},
            )
        },
        "/v1/rerank": {
            "post": operation(
                "Documents in the order in which they answer a query (Jina's form and Cohere's first)",
                {JSON: ref("Ranking")},
                body={JSON: shape(_question(), {"model": maybe(MODEL), **_RANKING})},
                example=question,
                errors=("RankingError",),
            )
        },
        "/v2/rerank": {
            "post": operation(
                "Documents in the order in which they answer a query (Cohere's second form)",
                {JSON: ref("CohereRanking")},
                body={JSON: shape({"model": MODEL, **_question()}, {**_RANKING, "relevant_spans": passed()})},
                example=question,
                errors=("CohereError",),
            )
        },
        "/v1/moderations": {
            "post": operation(
                "What is harmful in a text or picture",
                {JSON: ref("Moderation")},
                body={JSON: shape({"input": _moderated()}, {"model": maybe(MODEL)})},
                example={"input": "I like cats."},
            )
        },
    }


def schemas() -> dict[str, Schema]:
    """Components."""
    meta = shape({"api_version": shape({"version": text()})}, {"billed_units": anything(), "tokens": anything()})
    ranked = {"index": whole(0), "relevance_score": said(number(), "From 0 to 1 of the embedded model.")}
    each = dict.fromkeys(_CATEGORIES)
    return {
        "Embeddings": shape(
            {
                "object": text("list"),
                "model": text(),
                "data": many(
                    shape({"object": text("embedding"), "index": whole(0), "embedding": any_of(many(number()), text())})
                ),
                "usage": shape({"prompt_tokens": whole(0), "total_tokens": whole(0)}),
            }
        ),
        "Ranking": shape(
            {
                "id": text(),
                "object": text("list"),
                "model": text(),
                "results": many(shape(ranked, {"document": shape({"text": text()})})),
                "meta": meta,
                "usage": shape({"prompt_tokens": whole(0), "total_tokens": whole(0)}),
            }
        ),
        "CohereRanking": shape({"id": text(), "results": many(shape(ranked)), "meta": meta}),
        "RankingError": shape({"error": ref("ErrorObject"), "message": text(), "detail": text()}),
        "CohereError": shape({"message": text()}, {"code": maybe(text()), "param": maybe(text())}),
        "Moderation": shape(
            {
                "id": text(),
                "model": text(),
                "results": many(
                    shape(
                        {
                            "flagged": flag(),
                            "categories": shape({name: maybe(flag()) for name in each}),
                            "category_scores": shape({name: maybe(number(0, 1)) for name in each}),
                            "category_applied_input_types": shape(
                                {name: many(text("text", "image"), most=2) for name in each}
                            ),
                        }
                    ),
                    least=1,
                ),
            }
        ),
    }


def _embedding() -> dict[str, Schema]:
    return {
        "encoding_format": maybe(text("float", "base64")),
        "dimensions": said(maybe(whole(1)), "At most what the model has: 512 of the embedded one."),
        "user": passed(text()),
    }


def _question() -> dict[str, Schema]:
    return {"query": any_of(text(least=1), _ASKED), "documents": _DOCUMENTS}


def _moderated() -> Schema:
    picture = shape({"type": text("image_url"), "image_url": shape({"url": media("picture")})})
    part = any_of(shape({"type": text("text"), "text": text()}), picture)
    return any_of(text(), many(text(), least=1, most=1024), many(part, least=1, most=1024))
