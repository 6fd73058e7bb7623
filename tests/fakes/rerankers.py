"""Fake rerankers in the forms their vendors publish, each as strict as it is: Jina, SiliconFlow, Cohere,
DashScope and VikingDB.

Scores count the words that query and document share. ``bodies`` are the requests that had the right key.
"""

import hashlib
import json
from collections import deque
from collections.abc import Callable
from typing import Any

from tests.fakes.upstream import Reply, Seen, Upstream

KEY = "rr-key"
ACCESS = "AKLT1"
_JINA = {"model", "query", "documents", "top_n", "return_documents", "truncation"}
_SILICONFLOW = {
    "model", "query", "documents", "top_n", "return_documents", "max_chunks_per_doc", "overlap_tokens", "instruction",
}  # fmt: skip
_COHERE = {"model", "query", "documents", "top_n", "max_tokens_per_doc", "priority"}
_DASHSCOPE = {"model", "input", "parameters"}


class Rerankers(Upstream):
    """``planned`` replies come first, whatever is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.bodies: list[dict[str, Any]] = []
        self.planned: deque[Reply] = deque()
        self.add("/jina/v1/rerank", self._guarded(_JINA, {"detail": "unauthorized"}, _jina))
        self.add("/siliconflow/v1/rerank", self._guarded(_SILICONFLOW, "Invalid token", _siliconflow))
        self.add("/v2/rerank", self._guarded(_COHERE, {"message": "invalid api token"}, _cohere))
        self.add("/api/knowledge/service/rerank", self._viking)
        self.add(
            "/api/v1/services/rerank/text-rerank/text-rerank",
            self._guarded(_DASHSCOPE, {"code": "InvalidApiKey", "message": "Invalid API-key provided."}, _dashscope),
        )

    def plan(self, status: int, body: object, headers: dict[str, str] | None = None) -> None:
        """The next request is answered with this."""
        self.planned.append(
            Reply(json.dumps(body).encode(), status, {"content-type": "application/json"} | (headers or {}))
        )

    def _viking(self, seen: Seen) -> Reply:
        """Signed by an access key; positions in, scores out; at most 50 pairs."""
        signed = seen.headers.get("x-content-sha256") == hashlib.sha256(seen.body).hexdigest()
        if not signed or f"Credential={ACCESS}/" not in seen.headers.get("authorization", ""):
            return Reply(json.dumps({"code": 1000001, "message": "unauthorized"}).encode(), 401)
        body = seen.json()
        self.bodies.append(body)
        if self.planned:
            return self.planned.popleft()
        pairs = body["datas"]  # codespell:ignore datas
        if len(pairs) > 50 or body.keys() - {"rerank_model", "datas", "rerank_instruction"}:  # codespell:ignore datas
            return Reply(json.dumps({"code": 1000003, "message": "invalid request"}).encode(), 400)
        scores = [_score(pair["query"], pair["content"]) for pair in pairs]
        told = {"code": 0, "message": "success", "data": {"scores": scores, "token_usage": 11}}
        return Reply(json.dumps(told).encode())

    def _guarded(
        self, known: set[str], refused: object, answer: Callable[[dict[str, Any]], object]
    ) -> Callable[[Seen], Reply]:
        def reply(seen: Seen) -> Reply:
            if seen.headers.get("authorization") != f"Bearer {KEY}":
                return Reply(json.dumps(refused).encode(), 401)
            body = seen.json()
            self.bodies.append(body)
            if self.planned:
                return self.planned.popleft()
            unknown = body.keys() - known
            if unknown:
                return Reply(json.dumps({"detail": f"unknown field {sorted(unknown)}"}).encode(), 422)
            return Reply(json.dumps(answer(body)).encode())

        return reply


def _score(query: str, document: str) -> float:
    asked = set(query.split())
    return len(asked & set(document.split())) / max(len(asked), 1)


def _ranked(query: str, documents: list[str], top_n: int) -> list[dict[str, Any]]:
    scores = [_score(query, document) for document in documents]
    order = sorted(range(len(documents)), key=lambda at: -scores[at])
    return [{"index": at, "relevance_score": scores[at]} for at in order[:top_n]]


def _jina(body: dict[str, Any]) -> object:
    results = _ranked(body["query"], body["documents"], body["top_n"])
    return {"model": body["model"], "object": "list", "usage": {"total_tokens": 42}, "results": results}


def _siliconflow(body: dict[str, Any]) -> object:
    results = _ranked(body["query"], body["documents"], body["top_n"])
    return {"id": "0196", "results": results, "tokens": {"input_tokens": 33, "output_tokens": 0}}


def _cohere(body: dict[str, Any]) -> object:
    results = _ranked(body["query"], body["documents"], body["top_n"])
    meta = {"api_version": {"version": "2"}, "billed_units": {"search_units": 3}}
    return {"id": "07734bd2", "results": results, "meta": meta}


def _dashscope(body: dict[str, Any]) -> object:
    given = body["input"]
    results = _ranked(given["query"], given["documents"], body["parameters"]["top_n"])
    return {"output": {"results": results}, "usage": {"total_tokens": 21}, "request_id": "85ba"}
