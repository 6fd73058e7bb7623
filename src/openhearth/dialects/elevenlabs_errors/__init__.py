"""Errors in ElevenLabs' shape: ``{"detail": {"status", "message"}}``.

Source: https://help.elevenlabs.io/hc/en-us/articles/19572237925521 (examples of 400 and 401).
"""

import msgspec

from openhearth.core.errors import Bug, GatewayError, UpstreamRejected

_ENCODER = msgspec.json.Encoder()


def body(error: GatewayError) -> bytes:
    """The error object as JSON. ``param`` and ``type`` are additions that its clients pass over."""
    message = "Internal error. Quote the request id when you report it." if isinstance(error, Bug) else error.message
    detail = {"status": error.code, "message": message, "type": error.type, "param": error.param}
    return _ENCODER.encode({"detail": detail})


def shown(error: GatewayError) -> bytes:
    """What goes out as the body: an upstream's own words when they have this shape already, else our object."""
    if isinstance(error, UpstreamRejected):
        try:
            if "detail" in msgspec.json.decode(error.body, type=dict[str, msgspec.Raw]):
                return error.body
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            pass
    return body(error)


def headers(error: GatewayError) -> list[tuple[bytes, bytes]]:
    """Content type, and when to come back."""
    found: list[tuple[bytes, bytes]] = [(b"content-type", b"application/json")]
    if error.wait_s is not None:
        found.append((b"retry-after", b"%d" % error.wait_s))
    return found


def event(error: GatewayError) -> bytes:
    """Nothing: streams of this family are sound, or lines of JSON that know no error."""
    return b""
