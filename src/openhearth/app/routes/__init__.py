"""The routes of every surface, made of the platform's parts. One module per surface; the tuple is the list of them."""

from starlette.routing import BaseRoute

from openhearth.app.parts import Parts
from openhearth.app.routes import (
    documents,
    embeddings,
    files,
    moderations,
    picture_tools,
    pictures,
    rerank,
    speech,
    transcriptions,
)
from openhearth.surfaces import openapi

_SURFACES = (
    pictures.routes,
    picture_tools.routes,
    files.routes,
    embeddings.routes,
    rerank.routes,
    moderations.routes,
    speech.routes,
    transcriptions.routes,
    documents.routes,
)


def surface_routes(parts: Parts) -> list[BaseRoute]:
    """All routes that need the platform's parts."""
    return [*openapi.routes(), *(route for routes in _SURFACES for route in routes(parts))]
