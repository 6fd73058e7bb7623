"""Sending one body to a target off the hot path: the head with its credential, and when to come back."""

import time
from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime

from openhearth.core.provider import Target
from openhearth.transport.auth import auth_headers
from openhearth.transport.head import head, host_header
from openhearth.transport.wire import Deadlines, Headers, Outgoing


def outgoing(target: Target, path: str, content_type: str, body: bytes, deadlines: Deadlines) -> Outgoing:
    """A POST to ``path`` under the target's base path."""
    headers = [("content-type", content_type), ("user-agent", "openhearth"), *auth_headers(target)]
    line = head("POST", target.base_path + path, host_header(target.origin), headers)
    return Outgoing(target.origin, line, body, deadlines, target.id)


def retry_after_s(headers: Headers, *, now: Callable[[], float] = time.time) -> float | None:
    """The wait that a Retry-After header asks for, in seconds or until a date, at most an hour; ``None`` when absent or
    neither."""
    said = next((value.decode("latin-1") for name, value in headers if name == b"retry-after"), "")
    try:
        wait_s = float(said)
    except ValueError:
        try:
            until = parsedate_to_datetime(said)
            wait_s = until.replace(tzinfo=until.tzinfo or UTC).timestamp() - now()
        except ValueError:
            return None
    return min(3600.0, max(0.0, wait_s))
