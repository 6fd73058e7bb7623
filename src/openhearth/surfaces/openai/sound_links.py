"""GET /media/audio/…: sound by its signed link, with ranges, as players want it."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from openhearth.core.permissions import Permission
from openhearth.files.library import Library
from openhearth.media.sounds import Sounds
from openhearth.surfaces.http import Route
from openhearth.surfaces.openai.file_content import file_answer


def routes(library: Library, sounds: Sounds) -> list[BaseRoute]:
    """The one route; whoever has the link may listen."""

    async def sound(request: Request) -> Response:
        parts = request.path_params
        file = await sounds.linked(parts["owner"], parts["signature"], parts["name"])
        return await file_answer(request, library, file)

    return [
        Route("/media/audio/{owner}/{signature}/{name}", sound, methods=["GET", "HEAD"], permission=Permission.PUBLIC)
    ]
