"""An answer on its way to be kept: what of it matters a second time, and how it is given again."""

from collections.abc import AsyncIterator

import msgspec
from starlette.types import Message, Send

from openhearth.transport.wire import Headers

CALL_MARK = b"x-request-id"
_CALL_IDS = b"call_"
# What belongs to one connection or one moment, or signs somebody in.
_PASSING = frozenset(
    (b"connection", b"keep-alive", b"transfer-encoding", b"date", b"server", b"set-cookie", b"age")
)  # fmt: skip
_PASSING_BEGIN = b"x-ratelimit-"


class Head(msgspec.Struct, frozen=True):
    """Status and headers of an answer."""

    status: int
    headers: Headers

    @property
    def call_id(self) -> str:
        """The id of the call that made the answer; empty when none was admitted."""
        found = next((value for name, value in self.headers if name == CALL_MARK), b"")
        return found.decode() if found.startswith(_CALL_IDS) else ""


class Answered(Exception):
    """Unwinds a handler whose request has its answer already; ``by`` is who gives it."""

    def __init__(self, by: object, head: Head, body: AsyncIterator[bytes]) -> None:
        super().__init__("answered")
        self.by = by
        self._head = head
        self._body = body

    async def give(self, send: Send) -> None:
        """Send the answer: its bytes in their order, as one piece when they are few."""
        await send({"type": "http.response.start", "status": self._head.status, "headers": self._head.headers})
        held = b""
        async for piece in self._body:
            if held:
                await send({"type": "http.response.body", "body": held, "more_body": True})
            held = piece
        await send({"type": "http.response.body", "body": held})


def head_of(message: Message) -> Head:
    """Of an ``http.response.start``, without what is not to be said again."""
    headers = [(bytes(name).lower(), bytes(value)) for name, value in message.get("headers", ())]
    kept = [pair for pair in headers if pair[0] not in _PASSING and not pair[0].startswith(_PASSING_BEGIN)]
    return Head(message["status"], kept)
