"""The routes of every surface, made of the platform's parts. One module per surface; the tuple is the list of them."""

from starlette.routing import BaseRoute

from openhearth.app.parts import Parts
from openhearth.app.routes import files, pictures

_SURFACES = (pictures.routes, files.routes)


def surface_routes(parts: Parts) -> list[BaseRoute]:
    """All routes that need the platform's parts."""
    return [route for routes in _SURFACES for route in routes(parts)]
