"""The header lines of an answer, taken apart once: most come again with every answer of a connection.

A callback of the parser per header cost more than all else that is done with an answer.
"""

from openhearth.transport.wire import Headers

_MOST_KEPT = 64
# Hop-by-hop headers, and the one that says how the body is packed: they decide how the answer is read.
_NOTED = frozenset(
    (
        *(b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"),
        b"content-encoding",
    )
)
_NO_HEADER = (b"", b"")


class HeadLines:
    """The lines one connection has seen."""

    __slots__ = ("_known", "noted")

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[bytes, bytes]] = {}
        self.noted: Headers = []

    def read(self, raw: bytes) -> Headers:
        """The headers of ``raw``, which begins with a whole head that the parser has accepted. Names in lower case.

        Those that say how to read the answer are put into ``noted`` instead. The parser lets no line through that is
        folded, ends in anything but CRLF or has no name, so every line is one header.
        """
        lines = raw[: raw.find(b"\r\n\r\n")].split(b"\r\n")
        headers = [self._known.get(line) or self._take_apart(line) for line in lines[1:]]
        return [header for header in headers if header is not _NO_HEADER] if self.noted else headers

    def _take_apart(self, line: bytes) -> tuple[bytes, bytes]:
        name, _, value = line.partition(b":")
        header = (name.lower(), value.lstrip(b" \t"))
        if header[0] in _NOTED:
            self.noted.append(header)
            return _NO_HEADER
        if len(self._known) < _MOST_KEPT:
            self._known[line] = header
        return header
