"""Moderations."""

from starlette.routing import BaseRoute

from openhearth.app.parts import Parts
from openhearth.surfaces.openai.moderations import Moderations


def routes(parts: Parts) -> list[BaseRoute]:
    """One path."""
    return Moderations(parts.relay, parts.sources, parts.config).routes()
