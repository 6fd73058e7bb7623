"""The head of the last HTTP message on a connection: the next one often has the same, but for its length.

Reading a head with a parser, which calls back for every header, cost a tenth of a relayed call on either side. A head
that is the same byte for byte means the same, as long as the parser, too, stands where it stood before it.
"""

_LENGTH = b"\r\ncontent-length: "
_MOST_UNLIKE = 4


class LastHead:
    """One connection's last head, cut in two around the digits of its Content-Length. Nothing is kept at first.

    It is given up after a few heads in a row that came only once: then looking costs nothing any more.
    """

    __slots__ = ("_after", "_before", "_digits", "_fixed_bytes", "_unlike")

    def __init__(self) -> None:
        self._before = self._after = b""
        self._digits = self._fixed_bytes = self._unlike = 0

    @property
    def is_wanted(self) -> bool:
        """Whether it makes sense to ``keep`` one more head."""
        return self._unlike < _MOST_UNLIKE

    def keep(self, message: bytes) -> None:
        """Remember the head of ``message``, one whole message and no more, which the parser has accepted.

        Only of the plainest kind: one Content-Length, in plain digits, and no Transfer-Encoding.
        """
        self.forget()
        self._unlike += 1
        size = message.find(b"\r\n\r\n") + 4
        head = message[:size].lower()
        start = head.find(_LENGTH) + len(_LENGTH)
        digits = b"%d" % (len(message) - size)
        end = start + len(digits)
        is_plain = head.startswith(digits + b"\r", start) and b"transfer-encoding" not in head
        if is_plain and head.count(b"content-length") == head.count(_LENGTH) == 1:
            self._before, self._after = message[:start], message[end:size]
            self._digits = len(digits)
            self._fixed_bytes = size

    def forget(self) -> None:
        """The parser is about to read another message."""
        self._digits = 0

    def body_in(self, message: bytes) -> bytes | None:
        """The body, if ``message`` is one whole message with this head and a length of as many digits."""
        digits = b"%d" % (len(message) - self._fixed_bytes)
        if len(digits) != self._digits:
            return None
        body = message.removeprefix(b"".join((self._before, digits, self._after)))
        if body is message:
            return None
        self._unlike = 0
        return body
