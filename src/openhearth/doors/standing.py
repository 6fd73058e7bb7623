"""The part of an answer's head that is the same for every answer, kept as bytes: joining it cost more than the rest."""


class StandingLines:
    """The header lines every answer has, joined once per list: the server makes a new list every second.

    ``lines`` belong to ``headers``; whoever holds another list calls ``renew`` first.
    """

    __slots__ = ("headers", "lines")

    def __init__(self) -> None:
        self.headers: list[tuple[bytes, bytes]] | None = None
        self.lines = b""

    def renew(self, headers: list[tuple[bytes, bytes]]) -> None:
        """Join ``headers``, each line ended by CRLF."""
        self.headers = headers
        self.lines = b"".join(b"%b: %b\r\n" % pair for pair in headers)
