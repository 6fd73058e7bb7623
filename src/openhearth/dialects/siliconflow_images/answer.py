"""SiliconFlow's answers, and its errors classified by status, then by code, never by words."""

import msgspec

from openhearth.core.errors import (
    GatewayError,
    Moderated,
    UpstreamBusy,
    UpstreamDown,
    UpstreamGarbled,
    UpstreamRefusedUs,
    UpstreamRejected,
    UpstreamTimeout,
)

_REFUSED_CONTENT = frozenset({451, 20041, 20042})
_BUSY = frozenset({50505})


class Item(msgspec.Struct):
    """One picture; the link lives for an hour."""

    url: str = ""


class Timings(msgspec.Struct):
    """Seconds."""

    inference: float = 0.0


class Answer(msgspec.Struct):
    """A whole answer. ``seed`` is the one that was used for the first picture."""

    images: list[Item] = []
    data: list[Item] | None = None
    timings: Timings | None = None
    seed: int | None = None


class Fault(msgspec.Struct):
    """``{"code": 20012, "message": …, "data": null}``; some answers are a bare text."""

    code: int | str | None = None
    message: str = ""


_ANSWER = msgspec.json.Decoder(Answer)
_FAULT = msgspec.json.Decoder(Fault | str)


def read_answer(body: bytes, name: str) -> Answer:
    """A 200 body. Raises UpstreamGarbled."""
    try:
        return _ANSWER.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UpstreamGarbled(f"{name} answered something that is not SiliconFlow's form.", target=name) from error


def refusal(status: int, body: bytes, name: str, retry_after_s: float | None) -> GatewayError:
    """The error of an answer with a status other than 200."""
    try:
        said = _FAULT.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        said = Fault()
    fault = Fault(message=said) if isinstance(said, str) else said
    if status == 451 or fault.code in _REFUSED_CONTENT:
        return Moderated(f"{name} refused the content ({fault.code or status}): {fault.message}"[:2000])
    if status in (401, 402, 403):
        return UpstreamRefusedUs(f"{name} refused our credential ({status}).", target=name, upstream_status=status)
    if status in (429, 529) or fault.code in _BUSY:
        return UpstreamBusy(
            f"{name} is busy ({fault.code or status}).",
            target=name,
            upstream_status=status,
            retry_after_s=retry_after_s or 1.0,
        )
    if status in (408, 504):
        return UpstreamTimeout(f"{name} answered {status}.", target=name, upstream_status=status)
    if status >= 500:
        return UpstreamDown(f"{name} failed ({status}).", target=name, upstream_status=status)
    return UpstreamRejected(
        f"{name}: {fault.message or 'the request was refused'} ({fault.code or status})"[:2000],
        target=name,
        upstream_status=status,
        body=body,
    )
