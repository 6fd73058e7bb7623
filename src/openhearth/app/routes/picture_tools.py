"""Picture tools."""

from starlette.routing import BaseRoute

from openhearth.app.parts import Parts
from openhearth.surfaces.aitools.pictures import PictureTools


def routes(parts: Parts) -> list[BaseRoute]:
    """By task, by model, in Recraft's form, by link."""
    tools = PictureTools(parts.relay.gate, parts.pictures, parts.gallery, parts.sources, parts.config)
    return tools.routes()
