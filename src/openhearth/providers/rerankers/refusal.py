"""What a reranker's error answer means: our own engine's words are kept, others are sorted by status."""

import msgspec

from openhearth.core.errors import (
    GatewayError,
    NotTranslatable,
    RequestError,
    TooLarge,
    UpstreamBusy,
    UpstreamDown,
    UpstreamRefusedUs,
    UpstreamRejected,
    UpstreamTimeout,
)
from openhearth.core.provider import Target
from openhearth.transport.post import retry_after_s
from openhearth.transport.wire import Answer

_LONGEST_WORDS = 2000
_OURS: dict[int, type[RequestError]] = {413: TooLarge, 422: NotTranslatable}


class _Fault(msgspec.Struct):
    message: str | None = None
    code: str | int | None = None
    param: str | None = None


class _Body(msgspec.Struct):
    """``error`` is OpenAI's place for it, ``message`` Cohere's and DashScope's, ``detail`` Jina's."""

    error: _Fault | str | None = None
    message: str | None = None
    detail: str | list[object] | None = None
    code: str | int | None = None


def refusal(answer: Answer, target: Target) -> GatewayError:
    """The error of an answer with a status other than 200."""
    fault = _said(answer.body)
    status, wait_s = answer.status, retry_after_s(answer.headers)
    code = None if fault.code is None else str(fault.code)[:100]
    words = (fault.message or f"the request was refused ({status})")[:_LONGEST_WORDS]
    if target.engine and 400 <= status < 500 and status != 429:
        return _OURS.get(status, RequestError)(words, code=code, param=fault.param)
    if status in (401, 402, 403):
        return UpstreamRefusedUs(f"{target.id} refused our credential.", target=target.id, upstream_status=status)
    if status in (429, 529):
        said = words if target.engine else f"{target.id} is busy."
        code = code if target.engine else None
        return UpstreamBusy(said, code=code, target=target.id, upstream_status=status, retry_after_s=wait_s or 1.0)
    if status in (408, 504):
        return UpstreamTimeout(f"{target.id} answered {status}.", target=target.id, upstream_status=status)
    if status >= 500 or status < 400:
        return UpstreamDown(f"{target.id} answered {status}.", target=target.id, upstream_status=status)
    return UpstreamRejected(
        f"{target.id}: {words}", param=fault.param, target=target.id, upstream_status=status, body=answer.body
    )


def _said(body: bytes) -> _Fault:
    try:
        said = msgspec.json.decode(body, type=_Body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _Fault()
    if isinstance(said.error, _Fault):
        return said.error
    detail = said.detail if isinstance(said.detail, str) else None
    if isinstance(said.detail, list):  # a list of wrong fields, as FastAPI servers write it
        detail = msgspec.json.encode(said.detail).decode()
    return _Fault(said.error or said.message or detail, said.code)
