"""Kept answers are closed with a key that follows from the caller's own ``Idempotency-Key``, which is never stored.

So the database and the blobs tell nobody what was answered (a new API key among it), not even together with the
installation's secret. AES-256-GCM in frames, so that a long body is neither held whole nor cut short unnoticed.
"""

import hmac
from collections.abc import AsyncIterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FRAME_BYTES = 64 * 1024
_TAG_BYTES = 16
_HEAD_NONCE = b"\xff" * 12


class Damaged(Exception):
    """What was kept is not what was sealed."""


class Seal:
    """Of one run of one request: its key is used for no other bytes, so that frames can be numbered."""

    def __init__(self, secret: bytes, caller: str, key: str, claim: str) -> None:
        text = "\0".join(("openhearth kept answer", caller, key, claim))
        self._cipher = AESGCM(hmac.digest(secret, text.encode(), "sha256"))

    def close_head(self, data: bytes) -> bytes:
        return self._cipher.encrypt(_HEAD_NONCE, data, b"head")

    def open_head(self, data: bytes) -> bytes:
        """Raises Damaged."""
        return self._open(_HEAD_NONCE, data, b"head")

    def close(self, data: bytes, number: int, *, is_last: bool) -> bytes:
        """One frame; all but the last are of ``FRAME_BYTES``."""
        return self._cipher.encrypt(number.to_bytes(12, "big"), data, _place(is_last))

    async def opened(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The clear frames of what ``pieces`` bring together. Raises Damaged."""
        sealed, number, size = b"", 0, FRAME_BYTES + _TAG_BYTES
        async for piece in pieces:
            sealed += piece
            while len(sealed) > size:
                yield self._open(number.to_bytes(12, "big"), sealed[:size], _place(is_last=False))
                sealed, number = sealed[size:], number + 1
        yield self._open(number.to_bytes(12, "big"), sealed, _place(is_last=True))

    def _open(self, nonce: bytes, data: bytes, place: bytes) -> bytes:
        try:
            return self._cipher.decrypt(nonce, data, place)
        except (InvalidTag, ValueError) as error:
            raise Damaged("A kept answer is damaged.") from error


def _place(is_last: bool) -> bytes:
    return b"last" if is_last else b"more"
