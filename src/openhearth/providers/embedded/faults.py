"""What an engine says when it fails, as the platform's own errors: what it refuses, the caller asked wrongly."""

import msgspec

from openhearth.core.errors import (
    Bug,
    EngineNotInstalled,
    GatewayError,
    RequestError,
    TooLarge,
    UnsupportedMedia,
    UpstreamBusy,
    UpstreamDown,
    UpstreamGarbled,
    UpstreamTimeout,
)
from openhearth.transport.collect import Streamed
from openhearth.transport.post import retry_after_s

_MOST_ERROR_BYTES = 256 * 1024


class _Fault(msgspec.Struct, frozen=True):
    message: str
    code: str
    type: str = ""
    param: str | None = None
    status: int = 0


class _Body(msgspec.Struct, frozen=True):
    error: _Fault


_BODY = msgspec.json.Decoder(_Body)


async def refusal(answer: Streamed, name: str) -> GatewayError:
    """The error of an answer with a status other than 200."""
    body = bytearray()
    async for piece in answer:
        body += piece
        if len(body) > _MOST_ERROR_BYTES:
            raise UpstreamGarbled(f"{name}: the error is too large.", code="upstream_too_large", target=name)
    try:
        fault = _BODY.decode(bytes(body)).error
    except msgspec.DecodeError:
        return UpstreamGarbled(f"{name} answered {answer.status} without saying why.", target=name)
    return _error(fault, answer.status, name, retry_after_s(answer.headers))


def event_error(data: str, name: str) -> GatewayError:
    """The error of an ``error`` event. Raises msgspec.DecodeError."""
    return _error(_BODY.decode(data).error, 0, name, None)


def _error(fault: _Fault, status: int, name: str, retry_s: float | None) -> GatewayError:
    status = status or fault.status
    refused: dict[int, type[RequestError]] = {413: TooLarge, 415: UnsupportedMedia}
    if status == 429:
        return UpstreamBusy(fault.message, code=fault.code, retry_after_s=retry_s, target=name)
    if status == 504:
        return UpstreamTimeout(fault.message, code=fault.code, target=name)
    if fault.code == EngineNotInstalled.code:
        return EngineNotInstalled(fault.message)
    if 400 <= status < 500:
        return refused.get(status, RequestError)(fault.message, code=fault.code, param=fault.param)
    if status == 500:
        return Bug(fault.message)
    return UpstreamDown(fault.message, code=fault.code, target=name)
