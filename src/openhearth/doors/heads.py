"""What the fast door asks about a request's head."""

from openhearth.config import Limits
from openhearth.core.errors import RequestError
from openhearth.doors.refusals import head_too_large, too_large

_JSON_TYPES = frozenset({b"", b"application/json"})


def is_json(content_type: bytes) -> bool:
    """Whether a body of this type, or of none, is read as JSON."""
    if content_type in _JSON_TYPES:
        return True
    kind = content_type.partition(b";")[0].strip().lower()
    return kind == b"application/json" or kind.endswith(b"+json")


def fault_of_head(url: bytes, headers: list[tuple[bytes, bytes]], limits: Limits) -> RequestError | None:
    """What is wrong with the size of a head, counted exactly: the read may also hold a part of the body."""
    size = len(url) + sum(len(name) + len(value) + 4 for name, value in headers)
    return head_too_large(limits) if size > limits.header_bytes else None


def fault_of_length(headers: list[tuple[bytes, bytes]], limits: Limits) -> RequestError | None:
    """What is wrong with the body that the head announces, before it is asked for."""
    for name, value in headers:
        if name == b"content-length" and int(value) > limits.json_body_bytes:
            return too_large(limits)
    return None
