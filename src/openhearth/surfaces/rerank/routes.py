"""POST /v1/rerank, /rerank and /v2/rerank: documents in the order in which they answer a query."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from openhearth.config import Limits
from openhearth.core.call import Usage
from openhearth.core.errors import GatewayError
from openhearth.core.operations import Operation
from openhearth.core.permissions import Permission
from openhearth.core.provider import Dialect, Target
from openhearth.core.rerank import RerankAnswer, RerankDriver
from openhearth.relay.gate import Gate
from openhearth.relay.screen import Screen, checks_input
from openhearth.relay.work import Calls, Work
from openhearth.surfaces.http import Json, Route, json_body, principal_of
from openhearth.surfaces.rerank.answers import shown
from openhearth.surfaces.rerank.bodies import Order, looked_into, read_order
from openhearth.surfaces.rerank.errors import CohereForm, EveryForm
from openhearth.surfaces.work_answers import whole

_BYTES_PER_TOKEN = 4


class Rerank:
    """The routes. ``drivers`` do the asking, each in the forms it is listed for. ``screen`` moderates for the keys that
    are held to it; nothing is looked at afterwards, since scores and the caller's own documents are all there is."""

    def __init__(
        self,
        gate: Gate,
        calls: Calls,
        drivers: Mapping[Dialect, RerankDriver],
        limits: Limits,
        *,
        screen: Screen | None = None,
    ) -> None:
        self._screen = screen
        self._gate = gate
        self._calls = calls
        self._drivers = drivers
        self._limits = limits

    def routes(self) -> list[BaseRoute]:
        first = self._route(Dialect.JINA_RERANK, EveryForm())
        second = self._route(Dialect.COHERE_RERANK, CohereForm())
        return [
            Route("/v1/rerank", first, methods=["POST"], permission=Permission.CALL),
            Route("/v2/rerank", second, methods=["POST"], permission=Permission.CALL),
            # Cohere's client given a base address that ends in /v1
            Route("/v1/v2/rerank", second, methods=["POST"], permission=Permission.CALL),
        ]

    def _route(self, form: Dialect, errors: EveryForm) -> Callable[[Request], Awaitable[Response]]:
        async def rerank(request: Request) -> Response:
            try:
                return await self._answer(request, form, errors)
            except GatewayError as error:
                answer = Response(errors.shown(error), error.shown_status)
                for name, value in errors.headers(error):
                    answer.headers[name.decode()] = value.decode()
                return answer

        return rerank

    async def _answer(self, request: Request, form: Dialect, errors: EveryForm) -> Response:
        principal = await principal_of(request, self._gate)
        order = read_order(await json_body(request, self._limits), form)
        asked = order.request
        worst = Usage(input_tokens=_bytes(order), searches=asked.search_units)
        work = await self._calls.open(principal, Operation.RERANK, asked.model, dialects=self._drivers, worst=worst)
        return await whole(request, work, self._rank(work, order), errors)

    async def _rank(self, work: Work, order: Order) -> Response:
        principal = work.call.principal
        if self._screen is not None and checks_input(principal):
            order, texts = looked_into(order)
            await self._screen.check(principal, texts)

        async def asked(target: Target) -> RerankAnswer:
            return await self._drivers[target.provider.speaks[Operation.RERANK]].rank(target, order.request)

        answer = await work.one(asked)
        usage = work.call.usage
        usage.searches = answer.search_units or order.request.search_units
        usage.input_tokens = answer.total_tokens or _bytes(order) // _BYTES_PER_TOKEN
        usage.source = "upstream" if answer.total_tokens or answer.search_units else "estimate"
        body = shown(order, answer, call_id=work.call.id, input_tokens=usage.input_tokens, search_units=usage.searches)
        return Json(body, headers=work.headers(answer.dropped))


def _bytes(order: Order) -> int:
    """All that is compared: the query goes with every document."""
    request = order.request
    query = len(request.query.encode())
    return sum(query + len(document.text.encode()) for document in request.documents)
