"""Log lines: JSON for machines, plain for a terminal, and the one place where secrets are taken out of both.

The standard library's logging carries them, so that lines of the server and of libraries look and are cleaned like
our own. (structlog would do the same; importing it costs more than a tenth of the time a start may take.)
"""

import logging
import re
import sys
import time
from typing import TextIO

import msgspec
from typing_extensions import override

from openhearth.telemetry.call_lines import json_lines, plain_lines

_ENCODER = msgspec.json.Encoder(enc_hook=str)
_HIDDEN = "…"
_SECRETS = (
    # Authorization values, wherever they are quoted.
    (re.compile(r"(?i)\b(bearer|basic)(\s+)[\w.~+/=-]{6,}"), rf"\1\2{_HIDDEN}"),
    # Keys by their usual prefixes: sk-…, sk_…, pk-…, gsk_…, xai-…, AKIA….
    (re.compile(r"\b(sk|pk|rk|gsk|xai|hf|nvapi|ark)([-_])[A-Za-z0-9_-]{8,}"), rf"\1\2{_HIDDEN}"),
    (re.compile(r"\bAKIA[0-9A-Z]{12,}"), f"AKIA{_HIDDEN}"),
    # name=value and "name": "value" for names that hold secrets, in query strings, headers, JSON and reprs.
    (
        re.compile(
            r"(?i)((?:x-)?api[-_]?key|authorization|access[-_]?token|token|secret|password|passwd|pepper|signature|sig)"
            r"(\"?'?\s*[=:]\s*[\"']?)(?!(?:bearer|basic)\b)[^\s\"'&,;}\])]{4,}"
        ),
        rf"\1\2{_HIDDEN}",
    ),
    # The signature in links to our own pictures is their permission.
    (re.compile(r"(?<=/media/)[A-Za-z0-9_-]{24}(?=/)"), _HIDDEN),
    # user:password@ in addresses.
    (re.compile(r"(?<=://)[^/@\s\"']+(?=@)"), _HIDDEN),
)


class Log:
    """Lines of one part of the platform: an event in words and what belongs to it as fields."""

    __slots__ = ("_logger",)

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(f"openhearth.{name}")

    def debug(self, event: str, **fields: object) -> None:
        self._write(logging.DEBUG, event, fields)

    def info(self, event: str, **fields: object) -> None:
        self._write(logging.INFO, event, fields)

    def warning(self, event: str, **fields: object) -> None:
        self._write(logging.WARNING, event, fields)

    def error(self, event: str, **fields: object) -> None:
        self._write(logging.ERROR, event, fields)

    def crash(self, event: str, error: Exception, **fields: object) -> None:
        """An error of our own, with its traceback."""
        if self._logger.isEnabledFor(logging.ERROR):
            self._logger.error("%s", event, extra={"fields": fields}, exc_info=error)

    def _write(self, level: int, event: str, fields: dict[str, object]) -> None:
        if self._logger.isEnabledFor(level):
            self._logger.log(level, "%s", event, extra={"fields": fields})


def setup(level: str, stream: TextIO = sys.stderr) -> None:
    """Send every line of ``level`` and above to ``stream``: plain on a terminal, JSON otherwise.

    Raises ValueError for a level that does not exist.
    """
    sink = logging.StreamHandler(stream)
    sink.setFormatter(PlainLines() if stream.isatty() else JsonLines())
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(sink)
    root.setLevel(level.upper())


def redacted(text: str) -> str:
    """``text`` without keys, bearer tokens, passwords and the secrets of query strings."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


class JsonLines(logging.Formatter):
    """One JSON object a line: ``time``, ``level``, ``logger``, ``event``, then the fields."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": _utc(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if entries := getattr(record, "entries", None):
            return json_lines(line, entries)
        line["event"] = record.getMessage()
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return redacted(_ENCODER.encode(line).decode())


class PlainLines(logging.Formatter):
    """A line for eyes."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        fields = "".join(f"  {name}={value}" for name, value in getattr(record, "fields", {}).items())
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        if entries := getattr(record, "entries", None):
            return plain_lines(f"{clock} {record.levelname.lower():<7}", entries)
        line = f"{clock} {record.levelname.lower():<7} {record.getMessage()}{fields}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return redacted(line)


def _utc(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1000):03d}Z"
