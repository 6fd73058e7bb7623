"""Embeddings."""

from starlette.routing import BaseRoute

from openhearth.app.parts import Parts
from openhearth.surfaces.openai import embeddings
from openhearth.surfaces.screening import Screening


def routes(parts: Parts) -> list[BaseRoute]:
    """Both spellings of the path."""
    return embeddings.routes(parts.relay, parts.config.limits, Screening(parts.screen, parts.sources, parts.config))
