"""The embedded engines over HTTP, for operators."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from openhearth.core.call import Principal
from openhearth.core.permissions import Permission
from openhearth.engines.ports import EngineHost
from openhearth.relay.gate import Gate
from openhearth.surfaces.http import Json, Route, known_caller


def routes(engines: EngineHost, gate: Gate) -> list[BaseRoute]:
    """GET /admin/v1/engines: state, memory and queue of each."""

    async def listing(_: Request, __: Principal) -> Response:
        return Json({"object": "list", "data": engines.states()})

    handler = known_caller(gate, listing)
    return [Route("/admin/v1/engines", handler, methods=["GET"], permission=Permission.OPERATE)]
