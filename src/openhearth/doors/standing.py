"""The part of an answer's head that is the same for every answer, kept as bytes: joining it cost more than the rest."""


class StandingLines:
    """The header lines every answer has, joined once per list: the server makes a new list every second."""

    __slots__ = ("_lines", "_of")

    def __init__(self) -> None:
        self._of: list[tuple[bytes, bytes]] | None = None
        self._lines = b""

    def of(self, headers: list[tuple[bytes, bytes]]) -> bytes:
        """The lines of ``headers``, each ended by CRLF."""
        if headers is not self._of:
            self._of = headers
            self._lines = b"".join(b"%b: %b\r\n" % pair for pair in headers)
        return self._lines
