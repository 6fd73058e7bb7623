"""Rerank in the form of Volcengine's VikingDB knowledge base (``/api/knowledge/service/rerank``, as its SDKs send it):
pairs of query and content in, scores in the same order out. At most 50 pairs go in one call."""

from collections.abc import Iterator, Sequence

import msgspec

from openhearth.core.errors import UpstreamBusy, UpstreamDown, UpstreamError, UpstreamRefusedUs, UpstreamRejected
from openhearth.core.rerank import Document, RerankRequest

PATH = "/api/knowledge/service/rerank"
_PAIRS_AT_ONCE = 50
_ENCODER = msgspec.json.Encoder()
_INSTRUCTION = "instruction"
_OUR_OWN = frozenset({"return_documents", "rank_fields"})
_REFUSED_US = frozenset({1000001, 1000002})  # unauthorised, no permission
_INTERNAL, _QUOTA = 1000028, 1000029


def dropped(request: RerankRequest) -> tuple[str, ...]:
    """Names of fields that this form does not have."""
    return tuple(name for name in request.options if name not in {_INSTRUCTION, *_OUR_OWN})


def encode(request: RerankRequest, model: str) -> Iterator[tuple[bytes, int]]:
    """The bodies, one call each, and how many documents are in each."""
    for start in range(0, len(request.documents), _PAIRS_AT_ONCE):
        some = request.documents[start : start + _PAIRS_AT_ONCE]
        yield _body(request, model, some), len(some)


def _body(request: RerankRequest, model: str, documents: Sequence[Document]) -> bytes:
    pairs = [{"query": request.query, "content": document.text} for document in documents]
    body: dict[str, object] = {"rerank_model": model, "datas": pairs}  # codespell:ignore datas
    if _INSTRUCTION in request.options:
        body["rerank_instruction"] = request.options[_INSTRUCTION]
    return _ENCODER.encode(body)


class _Data(msgspec.Struct):
    scores: list[float]
    token_usage: int | None = None


class _Answer(msgspec.Struct):
    code: int = 0
    message: str = ""
    data: _Data | None = None


_ANSWER = msgspec.json.Decoder(_Answer)


def decode(body: bytes, name: str) -> tuple[list[float], int]:
    """Scores and tokens of an answer. Raises the error it holds, msgspec.MsgspecError, UnicodeDecodeError and
    RecursionError."""
    answer = _ANSWER.decode(body)
    if answer.code:
        raise _error(answer, name)
    data = answer.data or _Data([])
    return data.scores, data.token_usage or 0


def _error(answer: _Answer, name: str) -> UpstreamError:
    if answer.code in _REFUSED_US:
        return UpstreamRefusedUs(f"{name} refused our credential ({answer.code}).", target=name)
    if answer.code == _QUOTA:
        return UpstreamBusy(f"{name} is busy.", target=name, retry_after_s=1.0)
    if answer.code == _INTERNAL:
        return UpstreamDown(f"{name} answered with its error {answer.code}.", target=name)
    return UpstreamRejected(f"{name}: {answer.message or answer.code}"[:2000], target=name, upstream_status=400)
