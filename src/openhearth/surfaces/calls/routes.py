"""GET /v1/generation and /v1/calls/{id}: what a call cost, why, and its receipt."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from openhearth.accounts.call_book import CallBook
from openhearth.accounts.explain import call_shown, explain
from openhearth.accounts.receipts import ReceiptKey, payload_of
from openhearth.core.call import Principal
from openhearth.core.errors import NotFound, RequestError
from openhearth.core.permissions import Permission
from openhearth.core.provider import Target
from openhearth.relay.gate import Gate
from openhearth.stores.ports import LedgerEntry
from openhearth.stores.receipt_ports import DigestRecords
from openhearth.surfaces.calls.generation import generation
from openhearth.surfaces.http import Handler, Json, Route, known_caller

_JWS = "application/jose"


def routes(
    book: CallBook,
    gate: Gate,
    target: Callable[[str], Target | None],
    digests: DigestRecords,
    key: ReceiptKey,
) -> list[BaseRoute]:
    """``target`` finds a target by its id, as long as it is attached."""
    calls = _Calls(book, target, digests, key)

    def for_callers(path: str, handler: Handler) -> Route:
        return Route(path, known_caller(gate, handler), methods=["GET"], permission=Permission.CALL)

    async def public_key(_: Request) -> Response:
        return Json(key.shown())

    return [
        for_callers("/v1/generation", calls.generation),
        for_callers("/v1/calls/{id}", calls.one),
        for_callers("/v1/calls/{id}/explain", calls.explain),
        for_callers("/v1/calls/{id}/receipt", calls.receipt),
        Route("/v1/receipts/key", public_key, methods=["GET"], permission=Permission.PUBLIC),
    ]


class _Calls:
    def __init__(
        self, book: CallBook, target: Callable[[str], Target | None], digests: DigestRecords, key: ReceiptKey
    ) -> None:
        self._book = book
        self._target = target
        self._digests = digests
        self._key = key

    async def generation(self, request: Request, principal: Principal) -> Response:
        call_id = request.query_params.get("id", "")
        if not call_id:
            raise RequestError("'id' is missing: the 'x-request-id' of the answer.", param="id", code="missing_field")
        entry = await self._book.find(principal, call_id)
        return Json({"data": generation(entry, self._provider(entry, titled=True))})

    async def one(self, request: Request, principal: Principal) -> Response:
        entry = await self._find(request, principal)
        return Json(call_shown(entry, self._provider(entry)))

    async def explain(self, request: Request, principal: Principal) -> Response:
        entry = await self._find(request, principal)
        return Json(explain(entry, await self._book.price(entry), self._provider(entry)))

    async def receipt(self, request: Request, principal: Principal) -> Response:
        """Its own bytes, which anybody can check; ``format=jws``: the compact form."""
        form = request.query_params.get("format", "json")
        if form not in ("json", "jws"):
            raise RequestError("'format' is json or jws.", param="format", code="invalid_value")
        entry = await self._find(request, principal)
        digests = await self._digests.digests(entry.effect)
        if digests is None:
            raise NotFound(
                "No receipt was asked for with this call: send 'x-openhearth-receipt: true' with the request.",
                code="receipt_not_found",
            )
        payload = payload_of(entry, digests)
        if form == "jws":
            return Response(self._key.jws(payload), media_type=_JWS)
        return Response(self._key.receipt(payload), media_type="application/json")

    async def _find(self, request: Request, principal: Principal) -> LedgerEntry:
        return await self._book.find(principal, request.path_params["id"])

    def _provider(self, entry: LedgerEntry, *, titled: bool = False) -> str:
        target = self._target(entry.target_id) if entry.target_id else None
        if target is None:
            return ""
        return target.provider.title if titled else target.provider.name
