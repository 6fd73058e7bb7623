"""Errors in Fish Audio's shape: ``{"status", "message"}`` (Fish Audio API reference, "Text to Speech", 401 and 402)."""

import msgspec

from openhearth.core.errors import Bug, GatewayError, UpstreamRejected

_ENCODER = msgspec.json.Encoder()


def body(error: GatewayError) -> bytes:
    """The error object as JSON. ``code`` and ``param`` are additions that its clients pass over."""
    message = "Internal error. Quote the request id when you report it." if isinstance(error, Bug) else error.message
    said = {"status": error.shown_status, "message": message, "code": error.code, "param": error.param}
    return _ENCODER.encode(said)


def shown(error: GatewayError) -> bytes:
    """What goes out as the body: an upstream's own words when they have this shape already, else our object."""
    return error.body if isinstance(error, UpstreamRejected) and _is_ours(error.body) else body(error)


def headers(error: GatewayError) -> list[tuple[bytes, bytes]]:
    """Content type, and when to come back."""
    found: list[tuple[bytes, bytes]] = [(b"content-type", b"application/json")]
    if error.wait_s is not None:
        found.append((b"retry-after", b"%d" % error.wait_s))
    return found


def event(error: GatewayError) -> bytes:
    """Nothing: a stream of sound has no place for an error."""
    return b""


def _is_ours(body: bytes) -> bool:
    """An object with a message, or the list of wrong fields that a 422 has."""
    try:
        said = msgspec.json.decode(body, type=dict[str, msgspec.Raw] | list[msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return isinstance(said, list) or "message" in said
