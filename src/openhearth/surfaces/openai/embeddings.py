"""POST /v1/embeddings and its old form with the model in the path: relayed as they are, to whoever has the model."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from openhearth.config import Limits
from openhearth.core.envelope import Envelope
from openhearth.core.errors import RequestError
from openhearth.core.operations import Operation
from openhearth.core.permissions import Permission
from openhearth.relay.passthrough import Ask, read_ask
from openhearth.relay.services import Relay
from openhearth.surfaces.http import Route, body_bytes, check_json, principal_of
from openhearth.surfaces.relay_response import RelayResponse
from openhearth.surfaces.screening import Screening

EMBEDDED = "use-multilingual-embed"


def routes(relay: Relay, limits: Limits, screening: Screening | None = None) -> list[BaseRoute]:
    """The two routes. A body without a model is answered by the embedded one. ``screening`` moderates for the keys that
    are held to it."""

    async def embeddings(request: Request) -> Response:
        return await _answer(request, "")

    async def engine_embeddings(request: Request) -> Response:
        return await _answer(request, request.path_params["model"])

    async def _answer(request: Request, path_model: str) -> Response:
        check_json(request)
        principal = await principal_of(request, relay.gate)
        body = await body_bytes(request, most=limits.json_body_bytes, within_s=limits.body_s)
        envelope = Envelope.decode(body, max_depth=limits.json_depth)
        _name_model(envelope, path_model)
        ask = Ask(read_ask(envelope).model, stream=False, wants_usage=False)  # an answer of this kind never streams
        if principal.screens and screening is not None:
            await screening.before(request, envelope, principal)
        return RelayResponse(relay, Operation.EMBED, envelope, ask, len(body))

    return [
        Route("/v1/embeddings", embeddings, methods=["POST"], permission=Permission.CALL),
        Route("/v1/engines/{model:path}/embeddings", engine_embeddings, methods=["POST"], permission=Permission.CALL),
    ]


def _name_model(envelope: Envelope, path_model: str) -> None:
    """Put the model that is meant into the body. Raises RequestError when path and body name two."""
    if envelope.head is not None and envelope.head.model is not None and not path_model:
        return
    named = envelope.get("model", str)
    if path_model and named is not None and named != path_model:
        raise RequestError(
            f"The path names the model '{path_model[:100]}' and the body '{named[:100]}'. Name one.",
            param="model",
            code="invalid_value",
        )
    if named is None:
        envelope.set("model", path_model or EMBEDDED)
