"""What an upstream of this form answers: whole, as stream events, and as errors by status, then by code."""

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

_REFUSED_CONTENT = frozenset(
    {"moderation_blocked", "content_policy_violation", "content_filter", "content_refused", "safety_violation"}
)


class Fault(msgspec.Struct):
    """The error object. Some servers write numbers as codes, or a bare text as the whole error."""

    message: str | None = None
    code: str | int | None = None
    type: str | None = None
    param: str | None = None


class Item(msgspec.Struct):
    """One result."""

    url: str | None = None
    b64_json: str | None = None
    revised_prompt: str | None = None


class Usage(msgspec.Struct):
    """Tokens, where they are counted."""

    input_tokens: int = 0
    output_tokens: int = 0


class Answer(msgspec.Struct):
    """A whole answer; ``images`` is how some servers name ``data``."""

    data: list[Item] = []
    images: list[Item] = []
    usage: Usage | None = None
    error: Fault | str | None = None


class Event(msgspec.Struct):
    """One stream event."""

    type: str = ""
    b64_json: str = ""
    partial_image_index: int = 0
    usage: Usage | None = None
    error: Fault | str | None = None


_ANSWER = msgspec.json.Decoder(Answer)
_EVENT = msgspec.json.Decoder(Event)


def read_answer(body: bytes, name: str) -> Answer:
    """A 200 body. Raises UpstreamGarbled, or the error it holds."""
    try:
        answer = _ANSWER.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UpstreamGarbled(f"{name} answered something that is not the images form.", target=name) from error
    if answer.error is not None:
        raise _error_of(200, _fault(answer.error), name, None, body)
    return answer


def read_event(data: bytes, name: str) -> Event:
    """The JSON of one stream event. Raises UpstreamGarbled, or the error it holds."""
    try:
        event = _EVENT.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UpstreamGarbled(f"{name} sent an event that is not the images form.", target=name) from error
    if event.error is not None:
        raise _error_of(200, _fault(event.error), name, None, data)
    return event


def refusal(status: int, body: bytes, name: str, retry_after_s: float | None) -> GatewayError:
    """The error of an answer with a status other than 200."""
    try:
        said = _ANSWER.decode(body).error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        said = None
    return _error_of(status, _fault(said), name, retry_after_s, body)


def _fault(said: Fault | str | None) -> Fault:
    return said if isinstance(said, Fault) else Fault(message=said)


def _error_of(status: int, fault: Fault, name: str, retry_after_s: float | None, body: bytes) -> GatewayError:
    code = str(fault.code or "")
    if code in _REFUSED_CONTENT or status == 451:
        return Moderated(f"{name} refused the content: {fault.message or code}"[:2000])
    if status in (401, 402, 403):
        return UpstreamRefusedUs(f"{name} refused our credential ({status}).", target=name, upstream_status=status)
    if status in (429, 529):
        return UpstreamBusy(f"{name} is busy ({status}).", target=name, upstream_status=status,
                            retry_after_s=retry_after_s or 1.0)  # fmt: skip
    if status in (408, 504):
        return UpstreamTimeout(f"{name} answered {status}.", target=name, upstream_status=status)
    if status >= 500:
        return UpstreamDown(f"{name} answered {status}.", target=name, upstream_status=status)
    if status < 400:
        return UpstreamGarbled(f"{name} answered {status} with an error: {fault.message or code}"[:2000], target=name)
    return UpstreamRejected(
        f"{name}: {fault.message or f'the request was refused ({status})'}"[:2000],
        param=fault.param,
        target=name,
        upstream_status=status,
        body=body,
    )
