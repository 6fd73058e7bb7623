"""Errors in Textin's envelope: ``{"code", "message"}`` with its own numbers, and ours beside them.

Textin answers most errors with HTTP status 200; we keep the true status, which its clients pass over.
"""

import msgspec

from openhearth.core.errors import Bug, GatewayError, UpstreamRejected

_ENCODER = msgspec.json.Encoder()
SUCCESS = 200
_NUMBERS = {
    "missing_api_key": 40101,
    "invalid_api_key": 40102,
    "insufficient_quota": 40003,
    "rate_limit_exceeded": 40306,
    "engine_queue_full": 40306,
    "upstream_busy": 40306,
    "missing_file": 40305,
    "document_too_large": 40302,
    "request_too_large": 40302,
    "picture_too_large": 40304,
    "picture_too_small": 40304,
    "document_unsupported": 40303,
    "picture_format_unsupported": 40301,
    "document_damaged": 40422,
    "picture_damaged": 40422,
    "document_encrypted": 40423,
    "document_password_wrong": 40423,
    "page_out_of_range": 40424,
}
_BY_STATUS = {400: 40004, 401: 40102, 402: 40003, 403: 40103, 404: 40400, 413: 40302, 415: 40303, 429: 40306}


def number_of(error: GatewayError) -> int:
    """Textin's number for an error."""
    return (
        _NUMBERS.get(error.code) or _BY_STATUS.get(error.shown_status) or (500 if error.shown_status >= 500 else 40004)
    )


def shown(error: GatewayError) -> bytes:
    """The body of an error: Textin's own words when it was Textin that refused."""
    if isinstance(error, UpstreamRejected) and error.body.startswith(b'{"code"'):
        return error.body
    message = "Internal error. Quote the request id when you report it." if isinstance(error, Bug) else error.message
    return _ENCODER.encode(
        {"code": number_of(error), "message": message, "error": error.code, "param": error.param, "result": {}}
    )


def headers(error: GatewayError) -> list[tuple[bytes, bytes]]:
    """Content type, and when to come back."""
    found: list[tuple[bytes, bytes]] = [(b"content-type", b"application/json")]
    if error.wait_s is not None:
        found.append((b"retry-after", b"%d" % error.wait_s))
    return found


def event(error: GatewayError) -> bytes:
    """Nothing: this family has no streams."""
    return b""
