"""Hashes what a client sends and gets, while it passes, for calls that a receipt is wanted for.

A layer of ASGI around the application. Nothing of a request or an answer is kept but its digest, and a digest is in
the store before the answer ends: whoever has seen the end can fetch the receipt.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from hashlib import sha256

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from openhearth.core.errors import GatewayError, RequestError
from openhearth.dialects import openai_errors
from openhearth.stores.receipt_ports import DigestRecord, DigestRecords
from openhearth.surfaces.calls.model_names import ModelName

HEADER = b"x-openhearth-receipt"
_LOG = logging.getLogger(__name__)
_WANTED, _NOT_WANTED = frozenset({b"true", b"1", b"yes"}), frozenset({b"false", b"0", b"no", b""})
_KEEP_S = 5.0
_CALL = b"call_"


class Witness:
    """``app``, with digests kept of each call whose request asks for a receipt (``x-openhearth-receipt: true``)."""

    def __init__(self, app: ASGIApp, digests: DigestRecords, *, now: Callable[[], float] = time.time) -> None:
        self._app = app
        self._digests = digests
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            is_wanted = _is_wanted(scope)
        except RequestError as error:
            await _refuse(error, send)
            return
        if not is_wanted:
            await self._app(scope, receive, send)
            return
        passing = _Passing(receive, send, self._digests, self._now)
        try:
            await self._app(scope, passing.receive, passing.send)
        except asyncio.CancelledError:
            raise
        except Exception:
            await passing.end(complete=False)
            raise
        await passing.end(complete=False)


class _Passing:
    """One request and its answer on their way."""

    def __init__(self, receive: Receive, send: Send, digests: DigestRecords, now: Callable[[], float]) -> None:
        self._receive = receive
        self._send = send
        self._digests = digests
        self._now = now
        self._request, self._request_bytes = sha256(), 0
        self._answer, self._answer_bytes = sha256(), 0
        self._call_id = ""
        self._status = 0
        self._model = ModelName(b"")
        self._ended = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request" and not self._ended:
            body = message.get("body", b"")
            self._request.update(body)
            self._request_bytes += len(body)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            message = self._begin(message)
        elif message["type"] == "http.response.body":
            body, is_last = message.get("body", b""), not message.get("more_body", False)
            self._answer.update(body)
            self._answer_bytes += len(body)
            self._model.feed(body, is_last=is_last)
            if is_last:
                await self.end(complete=True)
        await self._send(message)

    def _begin(self, message: Message) -> Message:
        headers = list(message.get("headers", ()))
        named = dict(headers)
        self._status = message["status"]
        self._model = ModelName(named.get(b"content-type", b""))
        call_id = named.get(b"x-request-id", b"")
        if not call_id.startswith(_CALL):
            return message
        self._call_id = call_id.decode("latin-1")
        return {**message, "headers": [*headers, (HEADER, b"/v1/calls/%b/receipt" % call_id)]}

    async def end(self, *, complete: bool) -> None:
        """Keep the digests, once. The answer does not wait long for a store that is away: then there is no receipt."""
        if self._ended:
            return
        self._ended = True
        if not self._call_id:
            return
        try:
            async with asyncio.timeout(_KEEP_S):
                await self._digests.add_digests(self._record(complete))
        except Exception as error:
            # The store is a port: whatever it raises, the client's answer goes on.
            _LOG.warning("No receipt for %s, its digests cannot be kept: %s", self._call_id, type(error).__name__)

    def _record(self, complete: bool) -> DigestRecord:
        return DigestRecord(
            call_id=self._call_id,
            request_sha256=self._request.hexdigest(),
            request_bytes=self._request_bytes,
            answer_sha256=self._answer.hexdigest(),
            answer_bytes=self._answer_bytes,
            answer_complete=complete,
            status=self._status,
            model_returned=self._model.name,
            created_at=self._now(),
        )


def _is_wanted(scope: Scope) -> bool:
    """Raises RequestError for a value that is neither yes nor no."""
    for name, value in scope["headers"]:
        if name == HEADER:
            said = value.strip().lower()
            if said not in _WANTED | _NOT_WANTED:
                raise RequestError(
                    "'x-openhearth-receipt' is true or false.", param=HEADER.decode(), code="invalid_value"
                )
            return said in _WANTED
    return False


async def _refuse(error: GatewayError, send: Send) -> None:
    body = openai_errors.shown(error)
    headers = [*openai_errors.headers(error), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": error.shown_status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
