"""The exact-match cache: a caller that wants it is given the answer that the very same request had before.

The same is: of the same owner, by a key that may do the same, on the same path, with a body that says the same, while
the same targets are there at the same prices. A stream is another request than a whole answer, since its body says so.
Errors and answers that did not come to their end are never kept.
"""

import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from openhearth.config import Cache, Limits
from openhearth.core.call import Principal
from openhearth.core.operations import Operation
from openhearth.surfaces.http import WHEN_KNOWN
from openhearth.surfaces.repeats.answers import CALL_MARK, Answered, Head, head_of
from openhearth.surfaces.repeats.body import Body
from openhearth.surfaces.repeats.fingerprint import beside, canonical
from openhearth.surfaces.repeats.savings import Charge, Savings
from openhearth.surfaces.repeats.shelf import Shelf
from openhearth.surfaces.repeats.wish import HEADER, NO, Wish, wish_of
from openhearth.telemetry.log import Log

_EVENTS = b"text/event-stream"
_STREAM_END = b"data: [DONE]"
_STREAM_ERROR = re.compile(rb'^(?:event:\s*error|data:\s*\{\s*"error"\s*:)', re.MULTILINE)
# Headers by which clients ask for another form of the answer.
_ASKING = (b"accept", b"openai-", b"anthropic-", b"x-openhearth-")
_OF_ONE_CALL = frozenset((CALL_MARK, HEADER, b"openai-processing-ms"))
_RECEIPT = b"x-openhearth-receipt"
_ANSWERED_BY, _INSTEAD = b"x-openhearth-model", b"fallback-for="
# Of a caller, what does not change which answers it may see.
_WHO = frozenset(
    ("key_id", "name", "role", "user_id", "project_id", "ratio_ppm", "expires_at", "ips", "limits", "scopes", "cache_s")
)  # fmt: skip


class AnswerCache:
    """What all routes share. ``version`` changes whenever the targets or their prices do; ``relays`` says whether a
    model's answer to an operation is a relayed one (a picture made in a chat is not: it is an object)."""

    def __init__(
        self,
        settings: Cache,
        limits: Limits,
        *,
        shelf: Shelf,
        charge: Charge,
        version: Callable[[], int],
        relays: Callable[[Operation, str], bool],
    ) -> None:
        self.settings = settings
        self.limits = limits
        self.shelf = shelf
        self.savings = Savings(charge)
        self._version = version
        self._relays = relays

    def keeps(self, operation: Operation, body: bytes) -> bool:
        """Whether answers to such a request are kept at all."""
        return operation is not Operation.CHAT or self._relays(operation, _model(body))

    def name(self, scope: Scope, principal: Principal, body: bytes) -> bytes:
        """What the answer to this request is kept under."""
        caller = {name: value for name, value in msgspec.structs.asdict(principal).items() if name not in _WHO}
        asking = sorted(pair for pair in scope["headers"] if pair[0].startswith(_ASKING) and pair[0] != HEADER)
        parts = (
            msgspec.json.encode(caller, order="sorted"),
            scope["path"].encode(),
            scope["query_string"],
            msgspec.json.encode([(name.decode("latin-1"), value.decode("latin-1")) for name, value in asking]),
            b"%d" % self._version(),
            canonical(body) or b"\0" + body,
        )
        digest = hashlib.sha256()
        for part in parts:
            digest.update(b"%d:%b" % (len(part), part))
        return digest.digest()


class Cached:
    """A route's app whose answers may be kept. ``operation`` is what the route asks for."""

    def __init__(self, app: ASGIApp, cache: AnswerCache, operation: Operation) -> None:
        self._app = app
        self._cache = cache
        self._operation = operation

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        look = _Look(self._cache, self._operation, scope, Body(receive, self._cache.limits), send)
        look.follow()
        try:
            await self._app(scope, look.receive, look.send)
        except Answered as answered:
            if answered.by is not look:
                raise
            await answered.give(send)


class _Look:
    """One request."""

    def __init__(self, cache: AnswerCache, operation: Operation, scope: Scope, body: Body, send: Send) -> None:
        self._cache = cache
        self._operation = operation
        self._scope = scope
        self._body = body
        self._send = send
        self._name: bytes | None = None
        self._mark = b""
        self._head: Head | None = None
        self._pieces: list[bytes] = []
        self._left_bytes = 0
        self.receive = body.receive

    def follow(self) -> None:
        """Have ``begin`` called when the caller is known."""
        before: Callable[[Principal], Awaitable[None]] | None = self._scope.get(WHEN_KNOWN)

        async def begin(principal: Principal) -> None:
            if before is not None:
                await before(principal)
            await self._begin(principal)

        self._scope[WHEN_KNOWN] = begin

    async def send(self, message: Message) -> None:
        """To the client, and kept when it is whole."""
        if self._mark and message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), (HEADER, self._mark)]}
        if self._name is not None:
            self._note(self._name, message)
        await self._send(message)

    async def _begin(self, principal: Principal) -> None:
        """Raises Answered when the answer is there; RequestError for a header that is not understood."""
        wish = self._wish(principal)
        if not wish.takes_part:
            return
        body = await self._body.whole()
        if not self._cache.keeps(self._operation, body):
            self._mark = b"bypass"
            return
        name = await beside(lambda: self._cache.name(self._scope, principal, body), len(body))
        self._name, self._mark = name, b"miss"
        found = self._cache.shelf.find(name, wish.age_s)
        if found is None:
            self._cache.savings.missed()
            return
        kept, age = found
        await self._count(principal, kept.head.call_id)
        raise Answered(self, _shown(kept.head, age), _one(kept.body))

    def _wish(self, principal: Principal) -> Wish:
        headers = self._scope["headers"]
        values = [value for name, value in headers if name == HEADER]
        wish = wish_of(values, principal.cache_s)
        if any(name == _RECEIPT for name, _ in headers):
            wish = NO  # a receipt is about one call: there is none for an answer that nobody was asked for
        if values and not wish.takes_part:
            self._mark = b"bypass"
        return wish

    async def _count(self, principal: Principal, call_id: str) -> None:
        try:
            await self._cache.savings.hit(principal, call_id)
        except Exception as error:  # the ledger's store is a port; the answer is here without it
            Log("cache").error("a charge could not be looked up", error=type(error).__name__)

    def _note(self, name: bytes, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._head = head_of(message) if message["status"] == 200 else None
            self._left_bytes = self._cache.settings.answer_bytes
        elif self._head is not None:
            body = message.get("body", b"")
            self._left_bytes -= len(body)
            self._pieces.append(body)
            if self._left_bytes < 0:
                self._head, self._pieces = None, []
            elif not message.get("more_body", False):
                self._keep(name, self._head)

    def _keep(self, name: bytes, head: Head) -> None:
        body = b"".join(self._pieces)
        if not _is_stand_in(head) and _is_whole(head, body):
            self._cache.shelf.put(name, head, body)


def _is_stand_in(head: Head) -> bool:
    """Whether another model answered because this one could not: soon it may."""
    return any(name == _ANSWERED_BY and _INSTEAD in value for name, value in head.headers)


def _is_whole(head: Head, body: bytes) -> bool:
    """Whether a stream came to its good end; a whole answer with status 200 has."""
    kind = next((value for name, value in head.headers if name == b"content-type"), b"")
    if not kind.startswith(_EVENTS):
        return True
    return body.rstrip().endswith(_STREAM_END) and _STREAM_ERROR.search(body) is None


def _shown(head: Head, age_s: int) -> Head:
    """The head of an answer from the cache: a request of its own, that says which call it came from."""
    headers = [pair for pair in head.headers if pair[0] not in _OF_ONE_CALL]
    headers += [(HEADER, b"hit"), (b"age", b"%d" % age_s)]
    if head.call_id:
        headers.append((b"x-openhearth-cached-call", head.call_id.encode()))
    return Head(head.status, headers)


def _model(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=_Model).model
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""  # the handler says what is wrong


class _Model(msgspec.Struct):
    model: str = ""


async def _one(data: bytes) -> AsyncIterator[bytes]:
    yield data
