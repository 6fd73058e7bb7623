"""Errors in the OpenAI family's shape: ``{"error": {"message", "type", "param", "code"}}``."""

import msgspec

from openhearth.core.errors import Bug, GatewayError, UpstreamRejected

_ENCODER = msgspec.json.Encoder()


def body(error: GatewayError) -> bytes:
    """The error object as JSON."""
    message = "Internal error. Quote the request id when you report it." if isinstance(error, Bug) else error.message
    return _ENCODER.encode(
        {"error": {"message": message, "type": error.type, "param": error.param, "code": error.code}}
    )


def passed_on(error: UpstreamRejected) -> bytes:
    """The upstream's own error body when it already has this shape, else ours."""
    try:
        shape = msgspec.json.decode(error.body, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return body(error)
    return error.body if bytes(shape.get("error", b"")).startswith(b"{") else body(error)


def shown(error: GatewayError) -> bytes:
    """What goes out as the body: an upstream's own words about the caller's fault, else our object."""
    return passed_on(error) if isinstance(error, UpstreamRejected) else body(error)


def event(error: GatewayError) -> bytes:
    """The error inside a stream that has begun, and the stream's end."""
    return b"data: " + body(error) + b"\n\ndata: [DONE]\n\n"


def headers(error: GatewayError) -> list[tuple[bytes, bytes]]:
    """Headers that belong to the error: type, when to try again, whether to try again."""
    found: list[tuple[bytes, bytes]] = [(b"content-type", b"application/json")]
    if error.wait_s is not None:
        found.append((b"retry-after", b"%d" % error.wait_s))
    if error.shown_status == 401:
        found.append((b"www-authenticate", b"Bearer"))
    return found
