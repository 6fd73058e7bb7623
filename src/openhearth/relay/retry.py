"""Which failure leads where: the next target, or the client. A table, so that nobody decides it in passing.

Classification reads the status, then a machine-readable code; never the words of a message.
"""

from collections.abc import Sequence
from enum import Enum
from typing import TypeVar

import msgspec

from openhearth.core.errors import (
    GatewayError,
    NoTargetLeft,
    UpstreamBusy,
    UpstreamDown,
    UpstreamError,
    UpstreamGarbled,
    UpstreamRefusedUs,
    UpstreamRejected,
    UpstreamTimeout,
)
from openhearth.core.provider import Secret
from openhearth.telemetry.log import redacted
from openhearth.transport.post import retry_after_s
from openhearth.transport.wire import Headers


class Next(Enum):
    """What to do after a failed attempt, as long as no byte has gone to the client."""

    STOP = "stop"
    NEXT_TARGET = "next_target"


TABLE: dict[type[UpstreamError], Next] = {
    UpstreamRejected: Next.STOP,
    UpstreamRefusedUs: Next.NEXT_TARGET,
    UpstreamBusy: Next.NEXT_TARGET,
    UpstreamDown: Next.NEXT_TARGET,
    UpstreamTimeout: Next.NEXT_TARGET,
    UpstreamGarbled: Next.NEXT_TARGET,
}

_MOST_SAID_CHARS = 500
_Want = TypeVar("_Want")

COOLS_DOWN = (UpstreamRefusedUs, UpstreamBusy, UpstreamDown, UpstreamTimeout)


def after(error: UpstreamError) -> Next:
    """The table's row for ``error``."""
    return TABLE.get(type(error), Next.STOP)


class _ErrorFields(msgspec.Struct):
    message: str | None = None
    code: str | int | None = None


class _Detail(msgspec.Struct):
    msg: str = ""
    loc: list[str | int] = []


class _ErrorBody(msgspec.Struct):
    error: msgspec.Raw = msgspec.Raw(b"")
    message: msgspec.Raw = msgspec.Raw(b"")
    detail: msgspec.Raw = msgspec.Raw(b"")


def classify(
    status: int, headers: Headers, body: bytes, name: str, *, is_ours: bool = False, secret: Secret | None = None
) -> UpstreamError:
    """The error class of an upstream's answer with ``status`` of 300 or more; ``name`` is who gave it.

    What the upstream says of its own trouble is passed on with its code, and with who said it unless it ``is_ours``
    (an embedded engine): cut short, and without anything that looks like a credential. ``secret``, the credential that
    was sent, is taken out of everything. What it says of our credential is nobody's business but the operator's.
    """
    wait = retry_after_s(headers)
    if status < 400:
        said = f"{name} answered {status}, which leads elsewhere and is not followed: its base URL may be wrong."
        return UpstreamGarbled(said, target=name, upstream_status=status)
    if status in (401, 402, 403):
        said = f"{name} answered {status}: it refused our credential."
        return UpstreamRefusedUs(said, target=name, upstream_status=status, retry_after_s=wait)
    if secret is not None:
        body = secret.out_of(body)
    message, code = said_by(body)
    if status not in (408, 429, 504, 529) and status < 500:
        said = message or f"{name} answered {status}."
        return UpstreamRejected(said, code=code, target=name, upstream_status=status, body=body)
    words = _safe(message) or ("it is busy." if status in (429, 529) else "")
    said = words if message and is_ours else f"{name} answered {status}{': ' + words if words else '.'}"
    if status in (429, 529):
        return UpstreamBusy(said, code=code, target=name, upstream_status=status, retry_after_s=wait or 1.0)
    if status in (408, 504):
        return UpstreamTimeout(said, code=code, target=name, upstream_status=status)
    return UpstreamDown(said, code=code, target=name, upstream_status=status, retry_after_s=wait)


def _safe(message: str) -> str:
    """``message`` in one line of at most 500 characters, without what looks like a credential."""
    line = " ".join(redacted(message[: 2 * _MOST_SAID_CHARS]).split())
    return line if len(line) <= _MOST_SAID_CHARS else line[: _MOST_SAID_CHARS - 1] + "…"


def said_by(body: bytes) -> tuple[str, str | None]:
    """Message and code of an error body; empty when it says nothing.

    The shape is OpenAI's, or one of those that servers with its routes have all the same: ``error`` as a text
    (Ollama), ``message`` (vLLM before 0.10) or ``detail`` (FastAPI) beside no ``error``.
    """
    said = _read(body, _ErrorBody)
    if said is None:
        return "", None
    fields = _read(said.error, _ErrorFields)
    if fields is not None:
        return (fields.message or "")[:2000], None if fields.code is None else str(fields.code)[:100]
    details = _read(said.detail, list[_Detail]) or []
    told = _read(said.error, str) or _read(said.message, str) or _read(said.detail, str)
    return (told or "; ".join(map(_told, details)))[:2000], None


def _read(raw: bytes | msgspec.Raw, want: type[_Want]) -> _Want | None:
    try:
        return msgspec.json.decode(raw, type=want)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _told(detail: _Detail) -> str:
    return f"{'.'.join(map(str, detail.loc))}: {detail.msg}" if detail.loc else detail.msg


def exhausted(errors: Sequence[UpstreamError]) -> GatewayError:
    """What the client is told when every target was tried: the one error, or the list of attempts."""
    if len(errors) == 1:
        return errors[0]
    tried = "; ".join(f"{error.target}: {error.code}" for error in errors)
    waits = [error.retry_after_s for error in errors if error.retry_after_s is not None]
    if all(isinstance(error, UpstreamBusy) for error in errors):
        return UpstreamBusy(f"Every target is busy ({tried}).", retry_after_s=min(waits, default=1.0))
    return NoTargetLeft(f"Every target failed ({tried}).", retry_after_s=min(waits, default=None))
