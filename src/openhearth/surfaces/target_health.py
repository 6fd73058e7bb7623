"""GET /v1/targets/health: how every target is doing, for operators and their monitoring."""

from collections import Counter
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from openhearth.core.call import Principal
from openhearth.core.permissions import Permission
from openhearth.relay.services import Relay
from openhearth.routing.plan import Router
from openhearth.routing.report import report
from openhearth.surfaces.http import Json, Route, known_caller


def routes(relay: Relay, router: Router, *, catch_up: Callable[[], None] = lambda: None) -> list[BaseRoute]:
    """Who calls must be an operator: names and errors of upstreams are nobody else's business. ``catch_up`` counts the
    calls that finished a moment ago."""

    async def show(_: Request, __: Principal) -> Response:
        catch_up()
        return Json(report(router, Counter(exchange.unplaced_at for exchange in relay.open)))

    handler = known_caller(relay.gate, show)
    return [Route("/v1/targets/health", handler, methods=["GET"], permission=Permission.OPERATE)]
