"""Ark's answers: whole, as stream events, and as errors classified by status, then by code, never by words."""

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

_REFUSED_CONTENT = ("InputTextSensitive", "InputImageSensitive", "OutputImageSensitive", "OutputTextSensitive")
_RISKY = ("SensitiveContentDetected", "InputTextRiskDetection", "InputImageRiskDetection", "OutputImageRiskDetection")
_OUR_FAULT = ("AuthenticationError", "AccessDenied", "AccountOverdue", "InvalidEndpointOrModel", "ModelNotOpen")
_BUSY = ("RateLimitExceeded", "QuotaExceeded", "SetLimitExceeded", "RequestBurstTooFast", "ServerOverloaded")


class Fault(msgspec.Struct):
    """``{"code": "InvalidParameter", "message": …}``; codes are CamelCase words joined by dots."""

    code: str = ""
    message: str = ""


class Item(msgspec.Struct):
    """One picture, or why there is none."""

    url: str = ""
    b64_json: str = ""
    size: str = ""
    error: Fault | None = None


class Usage(msgspec.Struct):
    """``output_tokens`` counts 256-pixel tiles of the results."""

    generated_images: int = 0
    output_tokens: int = 0
    total_tokens: int = 0


class Answer(msgspec.Struct):
    """A whole answer."""

    data: list[Item] = []
    usage: Usage | None = None
    error: Fault | None = None


class Event(msgspec.Struct):
    """One stream event: ``image_generation.partial_succeeded``, ``.partial_failed`` or ``.completed``."""

    type: str = ""
    image_index: int = 0
    url: str = ""
    b64_json: str = ""
    size: str = ""
    usage: Usage | None = None
    error: Fault | None = None


_ANSWER = msgspec.json.Decoder(Answer)
_EVENT = msgspec.json.Decoder(Event)


def read_answer(body: bytes, name: str) -> Answer:
    """A 200 body. Raises UpstreamGarbled, or the error it holds."""
    try:
        answer = _ANSWER.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UpstreamGarbled(f"{name} answered something that is not Ark's form.", target=name) from error
    if answer.error is not None:
        raise error_of(200, answer.error, name)
    return answer


def read_event(data: bytes, name: str) -> Event:
    """The JSON of one stream event. Raises UpstreamGarbled."""
    try:
        return _EVENT.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UpstreamGarbled(f"{name} sent an event that is not Ark's form.", target=name) from error


def refusal(status: int, body: bytes, name: str, retry_after_s: float | None) -> GatewayError:
    """The error of an answer with a status other than 200."""
    try:
        fault = _ANSWER.decode(body).error or Fault()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        fault = Fault()
    return error_of(status, fault, name, retry_after_s=retry_after_s, body=body)


def error_of(
    status: int, fault: Fault, name: str, *, retry_after_s: float | None = None, body: bytes = b""
) -> GatewayError:
    """Our error for Ark's. ``status`` 200 is an error inside an answer or a stream: the code alone decides."""
    code = fault.code
    if code.startswith(_REFUSED_CONTENT) or code.partition(".")[0].endswith(_RISKY):
        return Moderated(f"{name} refused the content ({code}): {fault.message}"[:2000])
    if status in (401, 402, 403) or code.startswith(_OUR_FAULT):
        return UpstreamRefusedUs(f"{name} refused our credential or model ({code or status}).", target=name,
                                 upstream_status=status)  # fmt: skip
    if status in (429, 529) or code.startswith(_BUSY):
        return UpstreamBusy(f"{name} is busy ({code or status}).", target=name, upstream_status=status,
                            retry_after_s=retry_after_s or 1.0)  # fmt: skip
    if status in (408, 504):
        return UpstreamTimeout(f"{name} answered {status}.", target=name, upstream_status=status)
    if status >= 500 or code.startswith("Internal"):
        return UpstreamDown(f"{name} failed ({code or status}).", target=name, upstream_status=status)
    if status == 200 and not code:
        return UpstreamGarbled(f"{name} answered an error without a code.", target=name)
    return UpstreamRejected(
        f"{name}: {fault.message or 'the request was refused'} ({code or status})"[:2000],
        target=name,
        upstream_status=status if status >= 400 else 400,
        body=body,
    )
