"""Files."""

from starlette.routing import BaseRoute

from openhearth.app.parts import Parts
from openhearth.surfaces.openai import files


def routes(parts: Parts) -> list[BaseRoute]:
    """Upload, list, read, delete."""
    return list(files.routes(parts.library, parts.relay.gate, parts.config.limits))
