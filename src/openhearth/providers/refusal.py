"""What an upstream's error answer means, in whichever of the usual shapes it is written. Our own engines' words and
codes are kept; of others the status decides.
"""

import msgspec

from openhearth.core.errors import (
    GatewayError,
    NotTranslatable,
    RequestError,
    TooLarge,
    UnsupportedMedia,
    UpstreamBusy,
    UpstreamDown,
    UpstreamRefusedUs,
    UpstreamRejected,
    UpstreamTimeout,
)
from openhearth.core.provider import Target
from openhearth.transport.collect import Streamed
from openhearth.transport.post import retry_after_s

_MOST_BYTES = 256 * 1024
_MOST_WORDS = 2000
_OURS: dict[int, type[RequestError]] = {413: TooLarge, 415: UnsupportedMedia, 422: NotTranslatable}


class _Fault(msgspec.Struct):
    message: str | None = None
    code: str | int | None = None
    status: str | int | None = None
    param: str | None = None


class _Body(msgspec.Struct):
    """``error`` is OpenAI's place for it, ``detail`` FastAPI's and ElevenLabs', ``message`` other servers'."""

    error: _Fault | str | None = None
    detail: msgspec.Raw = msgspec.Raw(b"null")
    message: str | None = None
    code: str | int | None = None


async def refused(answer: Streamed, target: Target) -> GatewayError:
    """The error of an open answer with a status other than 200; reads its body."""
    body = bytearray()
    async for piece in answer:
        body += piece
        if len(body) > _MOST_BYTES:
            break
    return refusal(answer.status, bytes(body), target, retry_after_s(answer.headers))


def refusal(status: int, body: bytes, target: Target, wait_s: float | None) -> GatewayError:
    """The error of an answer with ``status`` and ``body``."""
    if target.secret is not None:
        body = target.secret.out_of(body)  # some repeat our credential
    fault, name = _said(body), target.id
    words = (fault.message or f"the request was refused ({status})")[:_MOST_WORDS]
    code = None if fault.code is None else str(fault.code)[:100]
    if target.engine:
        return _of_engine(status, _Fault(words, code, param=fault.param), target, wait_s)
    if status in (401, 402, 403):
        return UpstreamRefusedUs(f"{name} refused our credential ({status}).", target=name, upstream_status=status)
    if status in (429, 529):
        return UpstreamBusy(f"{name} is busy.", target=name, upstream_status=status, retry_after_s=wait_s or 1.0)
    if status in (408, 504):
        return UpstreamTimeout(f"{name} answered {status}.", target=name, upstream_status=status)
    if status >= 500 or status < 400:
        return UpstreamDown(f"{name} answered {status}.", target=name, upstream_status=status)
    return UpstreamRejected(
        f"{name}: {words}", code=code, param=fault.param, target=name, upstream_status=status, body=body
    )


def told(body: bytes, target: Target) -> GatewayError:
    """The error of an event inside a stream: our engines put the status into it."""
    status = _said(body).status
    return refusal(status if isinstance(status, int) and status >= 400 else 502, body, target, None)


def _of_engine(status: int, fault: _Fault, target: Target, wait_s: float | None) -> GatewayError:
    words, code = fault.message or "", None if fault.code is None else str(fault.code)
    if status == 429:
        return UpstreamBusy(words, code=code, target=target.id, upstream_status=status, retry_after_s=wait_s or 1.0)
    if status == 504:
        return UpstreamTimeout(words, code=code, target=target.id)
    if 400 <= status < 500:
        return _OURS.get(status, RequestError)(words, code=code, param=fault.param)
    return UpstreamDown(words, code=code, target=target.id, upstream_status=status)


def _said(body: bytes) -> _Fault:
    try:
        said = msgspec.json.decode(body, type=_Body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _Fault()
    if isinstance(said.error, _Fault):
        return said.error
    detail = _detail(bytes(said.detail))
    return _Fault(said.error or detail.message or said.message, said.code if detail.code is None else detail.code)


def _detail(raw: bytes) -> _Fault:
    """A text, an object with status and message, or a list of wrong fields."""
    try:
        said = msgspec.json.decode(raw, type=_Fault | str | list[object] | None)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _Fault()
    if isinstance(said, _Fault):
        return _Fault(said.message, said.code if said.status is None else said.status)
    if isinstance(said, list):
        return _Fault(msgspec.json.encode(said).decode())
    return _Fault(said)
