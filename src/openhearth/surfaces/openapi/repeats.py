"""What a request says to be answered again, and what the answer cache saved."""

from typing import Any

from openhearth.surfaces.openapi.operation import JSON, operation
from openhearth.surfaces.openapi.schema import Schema, many, ref, shape, text, whole

_READS = frozenset({"/admin/v1/targets/{id}/test"})
_CACHED = frozenset(
    (
        "/v1/chat/completions",
        "/v1/completions",
        "/v1/embeddings",
        "/v1/engines/{model}/embeddings",
        "/v1/rerank",
        "/v2/rerank",
        "/v1/moderations",
    )
)  # fmt: skip
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "A request sent again with the same key within 24 hours is not carried out again: it gets the "
    "first answer, with 'idempotent-replayed: true'.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
_CACHE = {
    "name": "x-openhearth-cache",
    "in": "header",
    "description": "'max-age=SECONDS' takes an answer that the very same request had, if it is younger than that, and "
    "keeps the new one; 'no-store' does neither.",
    "schema": {"type": "string", "pattern": "^(max-age=[0-9]{1,9}|no-store)$"},
}


def paths() -> dict[str, Any]:
    """Path → method → operation."""
    return {"/admin/v1/cache": {"get": operation("The answer cache and what it saved", {JSON: ref("CacheReport")})}}


def schemas() -> dict[str, Schema]:
    """Components."""
    saved = shape({"key_id": text(), "hits": whole(0), "saved_nanos": whole(0)})
    numbers = ("entries", "size_bytes", "most_bytes", "hits", "misses", "saved_nanos")
    return {
        "CacheReport": shape(
            {"object": text("cache"), "data": many(saved), **dict.fromkeys(numbers, whole(0))},
        )
    }


def parameters() -> dict[str, Any]:
    """Components that ``marked`` refers to."""
    return {"IdempotencyKey": _KEY, "AnswerCache": _CACHE}


def marked(path: str, method: str, described: dict[str, Any]) -> dict[str, Any]:
    """An operation with the headers that its route understands."""
    if method != "post" or described.get("security") == [] or path in _READS:
        return described
    names = ["IdempotencyKey", *(["AnswerCache"] if path in _CACHED else [])]
    added = [{"$ref": f"#/components/parameters/{name}"} for name in names]
    return {**described, "parameters": [*described.get("parameters", []), *added]}
