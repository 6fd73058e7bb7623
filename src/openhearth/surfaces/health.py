"""GET /health/live, /health/ready and /metrics: for probes and for Prometheus, without a key."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from openhearth.core.permissions import Permission
from openhearth.surfaces.http import Json, Route


def routes(*, is_ready: Callable[[], str], metrics: Callable[[], bytes]) -> list[BaseRoute]:
    """``is_ready`` returns an empty text, or the reason why not."""

    async def live(_: Request) -> Response:
        return Json({"status": "live"})

    async def ready(_: Request) -> Response:
        reason = is_ready()
        return Json({"status": "not ready", "reason": reason}, status_code=503) if reason else Json({"status": "ready"})

    async def exposed(_: Request) -> Response:
        return Response(metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return [
        Route("/health/live", live, methods=["GET"], permission=Permission.PUBLIC),
        Route("/health/ready", ready, methods=["GET"], permission=Permission.PUBLIC),
        Route("/metrics", exposed, methods=["GET"], permission=Permission.PUBLIC),
    ]
