"""/api/task and /api/mj: the platform has no jobs, and so no rows of them."""

from starlette.requests import Request
from starlette.responses import Response

from openhearth.core.call import Principal
from openhearth.surfaces.newapi.envelope import listed, page_of


async def no_tasks(request: Request, _: Principal) -> Response:
    """A page without rows."""
    return listed([], 0, page_of(request))
