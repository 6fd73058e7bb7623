"""The routes of every surface, made of the platform's parts. One module per surface; the tuple is the list of them."""

from collections.abc import Mapping

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
from openhearth.dialects import elevenlabs_errors, fish_errors
from openhearth.dialects.textin import errors as textin_errors
from openhearth.surfaces import openapi
from openhearth.surfaces.work_answers import Errors

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

FAMILIES: Mapping[str, Errors] = {
    "/elevenlabs/": elevenlabs_errors,
    "/fish/": fish_errors,
    "/textin/": textin_errors,
}
"""Beginnings of paths whose clients read errors in a shape of their own."""


def surface_routes(parts: Parts) -> list[BaseRoute]:
    """All routes that need the platform's parts."""
    return [*openapi.routes(), *(route for routes in _SURFACES for route in routes(parts))]
