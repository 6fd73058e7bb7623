"""What a surface does for keys whose traffic is moderated: look into the request before, let answers through after."""

from starlette.requests import Request
from starlette.responses import Response

from openhearth.config import Config
from openhearth.core.call import Principal
from openhearth.core.envelope import Envelope
from openhearth.core.operations import Operation
from openhearth.media.sources import Sources
from openhearth.relay.passthrough import Ask
from openhearth.relay.screen import Screen, checks_input, checks_output
from openhearth.relay.services import Relay
from openhearth.surfaces.chat_texts import Asked, asked
from openhearth.surfaces.home import asker_of
from openhearth.surfaces.relay_response import RelayResponse
from openhearth.surfaces.screened_response import Guard, ScreenedResponse
from openhearth.surfaces.work_answers import while_there


class Screening:
    """Handed to surfaces that relay. Does nothing for keys that are not moderated."""

    def __init__(self, screen: Screen, sources: Sources, config: Config) -> None:
        self._screen = screen
        self._sources = sources
        self._config = config

    async def before(self, request: Request, envelope: Envelope, principal: Principal) -> None:
        """Check texts and pictures of a request.

        Raises RequestError (``content_flagged``, ``unsupported_content``), what the check's failure raises, and
        ClientDisconnect: a long request takes many checks, and nobody waits for them any more.
        """
        if not checks_input(principal):
            return
        await while_there(request, self._checked(request, asked(envelope), principal))

    async def _checked(self, request: Request, found: Asked, principal: Principal) -> None:
        asker = asker_of(request, principal, self._config.server.public_url)
        pictures = [await self._sources.picture(source, asker) for source in found.pictures]
        await self._screen.check(principal, found.texts, pictures)

    def response(
        self, relay: Relay, operation: Operation, envelope: Envelope, ask: Ask, body_bytes: int, *, principal: Principal
    ) -> Response:
        """The answer, held back until it has been checked where the key says so."""
        if not checks_output(principal):
            return RelayResponse(relay, operation, envelope, ask, body_bytes)
        guard = Guard(self._screen, principal, self._config.moderation)
        return ScreenedResponse(relay, operation, envelope, ask, body_bytes, guard=guard)
