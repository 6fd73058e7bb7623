"""Taking off gzip and deflate from an answer as it arrives, without letting a small answer become a huge one.

We ask for ``identity``; some upstreams compress all the same. Anything but these two codings is refused.
"""

import zlib

import msgspec

from openhearth.core.errors import UpstreamGarbled

_GZIP_WINDOW = 16 + zlib.MAX_WBITS
_RATIO_APPLIES_FROM_BYTES = 1024 * 1024


class DecodeLimits(msgspec.Struct, frozen=True):
    """What an answer may grow to: ``most_bytes`` in all, and ``most_ratio`` × what came in beyond the first MiB."""

    most_bytes: int = 256 * 1024 * 1024
    most_ratio: int = 100


class Decoder:
    """Incremental decoder of one answer's body."""

    __slots__ = ("_coding", "_limits", "_read_bytes", "_start", "_stream", "_written_bytes")

    def __init__(self, coding: bytes, limits: DecodeLimits) -> None:
        self._coding = coding
        self._limits = limits
        self._stream = _gzip()
        self._start: bytes | None = None if coding == b"gzip" else b""
        self._read_bytes = 0
        self._written_bytes = 0

    def feed(self, data: bytes) -> bytes:
        """The plain bytes that ``data`` completes. Raises UpstreamGarbled on broken data and on a bomb."""
        self._read_bytes += len(data)
        if self._start is not None:
            data = self._start_deflate(self._start + data)
        parts = []
        try:
            while data:
                part, data = self._step(data)
                parts.append(part)
        except zlib.error as error:
            raise UpstreamGarbled("The answer's compressed body is damaged.", code="upstream_bad_encoding") from error
        return b"".join(parts)

    def finish(self) -> None:
        """Raises UpstreamGarbled when the body ended before its compressed data did."""
        if self._read_bytes and not self._stream.eof:
            raise UpstreamGarbled("The answer's compressed body is cut short.", code="upstream_bad_encoding")

    def _step(self, data: bytes) -> tuple[bytes, bytes]:
        if self._stream.eof:
            data = self._next_member(data)
            if not data:
                return b"", b""
        room = self._room_bytes()
        part = self._stream.decompress(data, room + 1)
        if len(part) > room:
            raise UpstreamGarbled("The answer grows too much when it is unpacked.", code="upstream_bomb")
        self._written_bytes += len(part)
        return part, self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail

    def _start_deflate(self, data: bytes) -> bytes:
        """Half of the servers that say "deflate" send it without the zlib wrapper (RFC 9110, 8.4.1.2): the first two
        bytes tell which it is (RFC 1950, 2.2), so wait for them.
        """
        if len(data) < 2:
            self._start = data
            return b""
        self._start = None
        is_wrapped = data[0] & 0x0F == zlib.DEFLATED and int.from_bytes(data[:2], "big") % 31 == 0
        self._stream = zlib.decompressobj(zlib.MAX_WBITS if is_wrapped else -zlib.MAX_WBITS)
        return data

    def _next_member(self, data: bytes) -> bytes:
        """A gzip body may hold several members, and zeros as padding between and after them."""
        data = data.lstrip(b"\0")
        if data:
            if self._coding != b"gzip":
                raise UpstreamGarbled("There is data after the compressed body.", code="upstream_bad_encoding")
            self._stream = _gzip()
        return data

    def _room_bytes(self) -> int:
        by_ratio = max(_RATIO_APPLIES_FROM_BYTES, self._limits.most_ratio * self._read_bytes)
        return min(self._limits.most_bytes, by_ratio) - self._written_bytes


def decoder_for(coding: bytes, limits: DecodeLimits) -> Decoder | None:
    """The decoder for a Content-Encoding value, ``None`` for identity. Raises UpstreamGarbled for other codings."""
    coding = coding.strip().lower()
    if coding in (b"", b"identity"):
        return None
    if coding in (b"gzip", b"x-gzip"):
        return Decoder(b"gzip", limits)
    if coding == b"deflate":
        return Decoder(b"deflate", limits)
    shown = coding[:40].decode("ascii", "replace")
    raise UpstreamGarbled(f"The answer is encoded as {shown!r}, which was not asked for.", code="upstream_bad_encoding")


def _gzip() -> "zlib._Decompress":
    return zlib.decompressobj(_GZIP_WINDOW)
