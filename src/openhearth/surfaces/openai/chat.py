"""POST /v1/chat/completions and /v1/completions: relayed, or a picture made in a chat."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from openhearth.config import Limits
from openhearth.core.call import Principal
from openhearth.core.envelope import Envelope
from openhearth.core.operations import Operation
from openhearth.core.permissions import Permission
from openhearth.relay.passthrough import read_ask
from openhearth.relay.services import Relay
from openhearth.surfaces.http import Route, body_bytes, check_json, principal_of
from openhearth.surfaces.relay_response import RelayResponse
from openhearth.surfaces.screening import Screening

PictureChat = Callable[[Request, Envelope, Principal], Awaitable[Response | None]]


def routes(
    relay: Relay, limits: Limits, picture_chat: PictureChat, screening: Screening | None = None
) -> list[BaseRoute]:
    """``picture_chat`` answers models ``chat-M`` whose ``M`` is an image model, and ``None`` for all others.
    ``screening`` moderates for the keys that are held to it."""

    async def chat(request: Request) -> Response:
        return await _answer(request, Operation.CHAT)

    async def completions(request: Request) -> Response:
        return await _answer(request, Operation.COMPLETE)

    async def _answer(request: Request, operation: Operation) -> Response:
        check_json(request)
        principal = await principal_of(request, relay.gate)
        body = await body_bytes(request, most=limits.json_body_bytes, within_s=limits.body_s)
        envelope = Envelope.decode(body, max_depth=limits.json_depth)
        ask = read_ask(envelope)
        if principal.screens and screening is not None:
            await screening.before(request, envelope, principal)
        if operation is Operation.CHAT and not relay.relays(operation, ask):
            made = await picture_chat(request, envelope, principal)
            if made is not None:
                return made
        if principal.screens and screening is not None:
            return screening.response(relay, operation, envelope, ask, len(body), principal=principal)
        return RelayResponse(relay, operation, envelope, ask, len(body))

    return [
        Route("/v1/chat/completions", chat, methods=["POST"], permission=Permission.CALL),
        Route("/v1/completions", completions, methods=["POST"], permission=Permission.CALL),
    ]
