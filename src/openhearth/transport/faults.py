"""What can be wrong with an answer on the wire, in words that name the upstream."""

from openhearth.core.errors import UpstreamDown, UpstreamError, UpstreamGarbled
from openhearth.transport.flight import Flight

MOST_QUIET_BYTES = 64 * 1024


class Refused(Exception):
    """Raised inside a callback of the parser to stop it."""


def garbled(flight: Flight, error: Exception) -> UpstreamError:
    """The error for an answer that the parser, or one of its callbacks, stopped at."""
    cause = error.__context__
    if isinstance(cause, UpstreamGarbled):
        return cause
    reason = cause if isinstance(cause, Refused) else error
    return UpstreamGarbled(f"{flight.name} sent an answer that is not valid HTTP: {reason}.")


def too_long(flight: Flight) -> UpstreamError:
    """The error for an answer whose head, or what stands between two pieces of its body, does not end."""
    return UpstreamGarbled(f"{flight.name} sent more than {MOST_QUIET_BYTES} bytes of headers.")


def lost(flight: Flight, heard: bool, reason: Exception | None) -> UpstreamError:
    """The error for a connection that ended before its answer did."""
    how = "reset" if isinstance(reason, ConnectionError) else "closed"
    when = "in the middle of its answer" if heard else "without an answer"
    return UpstreamDown(f"{flight.name} {how} the connection {when}.", code="upstream_disconnected")
