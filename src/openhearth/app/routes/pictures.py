"""Chat (with pictures made in it), images and the pages of results."""

from starlette.routing import BaseRoute

from openhearth.app.parts import Parts
from openhearth.relay.picture_chat import PictureChat
from openhearth.surfaces.media import MediaPages
from openhearth.surfaces.openai import chat
from openhearth.surfaces.openai.images import Images
from openhearth.surfaces.openai.picture_chat import PictureChatAnswers
from openhearth.surfaces.screening import Screening


def routes(parts: Parts) -> list[BaseRoute]:
    """Chat is here because any image model M also answers as the chat model chat-M."""
    config, gate = parts.config, parts.relay.gate
    talks = PictureChat(parts.pictures, parts.gallery, parts.sources)
    return [
        *chat.routes(
            parts.relay,
            config.limits,
            PictureChatAnswers(talks, parts.pictures, config).answer,
            Screening(parts.screen, parts.sources, config),
        ),
        *Images(gate, parts.pictures, parts.gallery, parts.sources, config).routes(),
        *MediaPages(gate, parts.gallery, public_url=config.server.public_url).routes(),
    ]
