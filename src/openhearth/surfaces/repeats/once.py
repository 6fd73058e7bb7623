"""``Idempotency-Key``: a request that is sent again is answered again, and carried out once.

The contract is Stripe's (https://docs.stripe.com/api/idempotent_requests): what the first request was answered is kept
once it began to run, errors of ours included; refusals before that are not. A key is claimed when the caller is known
and nothing has happened yet. From then on the client's leaving is hidden from the handler: it said that it would ask
again, so the call runs to its end and the whole answer waits for it.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from openhearth.config import Limits
from openhearth.core.call import Principal
from openhearth.core.errors import Bug, Conflict, GatewayError, Overloaded, RequestError
from openhearth.dialects import openai_errors
from openhearth.stores.repeats_ports import RepeatRecord, RepeatState
from openhearth.surfaces.http import WHEN_KNOWN
from openhearth.surfaces.repeats.answers import Answered, Head, head_of
from openhearth.surfaces.repeats.body import Body
from openhearth.surfaces.repeats.fingerprint import Fingerprint
from openhearth.surfaces.repeats.keeper import Claim, Keeper, Keeping
from openhearth.telemetry.log import Log

_HEADER = b"idempotency-key"
_KEY = re.compile(r"[ -~]{1,255}")
_NOTHING_RAN = frozenset({429, 503})
_RETRY_AFTER_S = 1.0


class Once:
    """A route's app whose requests may carry a key."""

    def __init__(self, app: ASGIApp, keeper: Keeper, limits: Limits) -> None:
        self._app = app
        self._keeper = keeper
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        keys = [value for name, value in scope["headers"] if name == _HEADER]
        if not keys:
            await self._app(scope, receive, send)
            return
        run = _Run(self._keeper, self._limits, scope, Body(receive, self._limits), send)
        run.follow(keys)
        try:
            await self._app(scope, run.receive, run.send)
        except Answered as answered:
            if answered.by is not run:
                raise
            await answered.give(send)
        except Exception as error:  # a bug: it ran, so its 500 is kept before the app tells the client
            await run.crashed(error)
            raise
        finally:
            await run.close()


class _Run:
    """One request with a key."""

    def __init__(self, keeper: Keeper, limits: Limits, scope: Scope, body: Body, send: Send) -> None:
        self._keeper = keeper
        self._limits = limits
        self._scope = scope
        self._body = body
        self._send = send
        self._claim: Claim | None = None
        self._keeping: Keeping | None = None
        self._fingerprint = _fingerprint(scope, limits)
        self._head: Head | None = None
        self._settled = False
        self._client_left = False
        body.tell(self._fingerprint.feed)

    def follow(self, keys: list[bytes]) -> None:
        """Have ``begin`` called when the caller is known."""
        before: Callable[[Principal], Awaitable[None]] | None = self._scope.get(WHEN_KNOWN)

        async def begin(principal: Principal) -> None:
            if before is not None:
                await before(principal)
            await self._begin(principal, _checked(keys))

        self._scope[WHEN_KNOWN] = begin

    async def receive(self) -> Message:
        """The body; after it the client's leaving, unless the run has been claimed."""
        if self._claim is not None and self._body.ended:
            await asyncio.Event().wait()
        return await self._body.receive()

    async def send(self, message: Message) -> None:
        """To the client, and kept. The last piece goes out when all of it is kept."""
        if self._claim is not None and not self._settled:
            await self._note(self._claim, message)
        if self._client_left:
            return
        try:
            await self._send(message)
        except OSError:  # how servers may say that the client is gone (ASGI HTTP spec, "Disconnected Client")
            self._client_left = True

    async def crashed(self, error: Exception) -> None:
        """A bug ended the run."""
        claim = self._claim
        if claim is None or self._settled or self._head is not None or isinstance(error, GatewayError):
            return
        told = Bug(type(error).__name__)
        self._keeping = self._keeper.keeping(claim)
        self._head = Head(told.shown_status, openai_errors.headers(told))
        await self._keeping.write(openai_errors.shown(told))
        await self._settle(claim)

    async def close(self) -> None:
        """The request is over. An answer that did not come to its end is not kept."""
        claim = self._claim
        if claim is None:
            return
        try:
            if self._keeping is not None:
                await self._keeping.abort()
            if not self._settled:
                await self._keeper.release(claim)
        finally:
            self._keeper.ended(claim)

    # -- the first request and those after it --------------------------------------------------------------------

    async def _begin(self, principal: Principal, key: str) -> None:
        """Claim the key. Raises Answered for a repetition, Conflict for a twin, RequestError for another request."""
        place = self._keeper.place(principal, key)
        try:
            found = await self._keeper.claim(place)
        except Exception as error:  # the store is a port: without it nothing can be promised
            Log("repeats").error("an Idempotency-Key could not be claimed", error=type(error).__name__)
            raise Overloaded(
                "The request cannot be remembered at the moment, so it was not carried out; try again.",
                code="idempotency_unavailable",
                retry_after_s=_RETRY_AFTER_S,
            ) from error
        if isinstance(found, Claim):
            self._claim = found
            return
        if found.state is RepeatState.RUNNING:
            raise Conflict(
                "Another request with this Idempotency-Key is being carried out; try again when it is answered.",
                code="idempotency_in_progress",
                retry_after_s=_RETRY_AFTER_S,
            )
        await self._check_same(found)
        raise await self._keeper.again(self, place, found)

    async def _check_same(self, found: RepeatRecord) -> None:
        await self._body.drain()
        if await self._fingerprint.hex() != found.fingerprint:
            raise RequestError(
                "This Idempotency-Key was used for another request: another path or another body. "
                "Use a new key for a new request.",
                code="idempotency_key_reused",
            )

    # -- the answer ----------------------------------------------------------------------------------------------

    async def _note(self, claim: Claim, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._head = head_of(message)
            if _is_kept(self._head):
                self._keeping = self._keeper.keeping(claim)
            return
        if self._keeping is not None:
            await self._keep(self._keeping, message.get("body", b""))
        if not message.get("more_body", False):
            await self._settle(claim)

    async def _keep(self, keeping: Keeping, data: bytes) -> None:
        try:
            await keeping.write(data)
        except Exception as error:  # a full disk, say: what cannot be kept is answered all the same
            Log("repeats").error("an answer could not be kept", error=type(error).__name__)
            self._keeping = None
            await keeping.abort()

    async def _settle(self, claim: Claim) -> None:
        """Keep the answer or let the key go. What the stores cannot keep is answered all the same, once."""
        self._settled = True
        if self._keeping is None or self._head is None:
            await self._keeper.release(claim)
            return
        try:
            await self._body.drain()
            await self._keeping.finish(self._head, await self._fingerprint.hex())
        except Exception as error:  # the stores are ports; the client still gets its answer
            Log("repeats").error("an answer could not be kept", error=type(error).__name__)


def _is_kept(head: Head) -> bool:
    """Whether something ran: it went well, or a call was admitted and failed at more than a full or closed door."""
    if head.status < 400 or head.status == Bug.status:
        return True
    return bool(head.call_id) and head.status not in _NOTHING_RAN


def _checked(keys: list[bytes]) -> str:
    """The one key. Raises RequestError."""
    key = keys[0].decode("latin-1").strip()
    if len(keys) > 1 or not _KEY.fullmatch(key):
        raise RequestError(
            "An Idempotency-Key is one header of 1 to 255 printable ASCII characters, such as a UUID.",
            param="Idempotency-Key",
            code="invalid_idempotency_key",
        )
    return key


def _fingerprint(scope: Scope, limits: Limits) -> Fingerprint:
    kind = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    return Fingerprint(
        scope["method"],
        scope["path"],
        scope["query_string"],
        kind.decode("latin-1"),
        most_json_bytes=limits.json_body_bytes,
    )
