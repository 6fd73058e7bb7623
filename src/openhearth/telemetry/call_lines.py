"""A log line for every call that went well, written for many calls at once.

A line of its own through the logging machinery costs as much as half a relayed call. The ledger's entries hold what a
line needs and come in batches: they are written as JSON in one go, for a tenth of that.
"""

import logging
from collections.abc import Sequence

import msgspec

_ENCODER = msgspec.json.Encoder()
_LOGGER = "openhearth.calls"
_AT_ONCE = 100  # longer texts are copied through fresh pages of memory, which takes longer than making them
_PLAIN = (
    "effect",
    "operation",
    "model",
    "target_id",
    "duration_ms",
    "input_tokens",
    "output_tokens",
    "charge_nanos",
    "key_id",
)


class CallLines:
    """Writes entries of the ledger at level info."""

    def __init__(self) -> None:
        self._logger = logging.getLogger(_LOGGER)

    def write(self, entries: Sequence[msgspec.Struct]) -> None:
        """One line for each of ``entries``. They must hold no text that was not cleaned for the ledger."""
        if entries and self._logger.isEnabledFor(logging.INFO):
            for start in range(0, len(entries), _AT_ONCE):
                self._logger.info("calls settled", extra={"entries": entries[start : start + _AT_ONCE]})


def json_lines(head: dict[str, object], entries: Sequence[msgspec.Struct]) -> str:
    """A JSON object a line: ``head``, and the entry as ``call``."""
    start = _ENCODER.encode(head | {"event": "call settled"})[:-1] + b',"call":'
    return (start + (b"}\n" + start).join(map(_ENCODER.encode, entries)) + b"}").decode()


def plain_lines(head: str, entries: Sequence[msgspec.Struct]) -> str:
    """A line for eyes for each of ``entries``."""
    lines = []
    for entry in entries:
        shown = "".join(f"  {name}={getattr(entry, name)}" for name in _PLAIN)
        lines.append(f"{head} call settled{shown}")
    return "\n".join(lines)
