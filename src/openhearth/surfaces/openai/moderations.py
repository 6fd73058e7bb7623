"""POST /v1/moderations: relayed as it is to whoever has the model; pictures only we can see are put into the body.

A remote moderation fetches public URLs by itself. Our own files and links it cannot see, and the embedded engine
fetches nothing: for them a picture becomes a data URI, got by the one safe way (``media.sources``).
"""

import base64

import msgspec
from msgspec import Raw
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from openhearth.config import Config
from openhearth.core.call import Principal
from openhearth.core.envelope import Envelope
from openhearth.core.errors import GatewayError, RequestError
from openhearth.core.media import Picture
from openhearth.core.operations import Operation
from openhearth.core.permissions import Permission
from openhearth.media.sources import Asker, Sources
from openhearth.relay.passthrough import Ask, read_ask
from openhearth.relay.services import Relay
from openhearth.surfaces.home import asker_of
from openhearth.surfaces.http import Route, body_bytes, check_json, principal_of
from openhearth.surfaces.relay_response import RelayResponse

EMBEDDED = "local-moderation"
MOST_PICTURES = 8


class Moderations:
    """The route."""

    def __init__(self, relay: Relay, sources: Sources, config: Config) -> None:
        self._relay = relay
        self._sources = sources
        self._config = config

    def routes(self) -> list[BaseRoute]:
        return [Route("/v1/moderations", self._moderate, methods=["POST"], permission=Permission.CALL)]

    async def _moderate(self, request: Request) -> Response:
        relay, limits = self._relay, self._config.limits
        check_json(request)
        principal = await principal_of(request, relay.gate)
        body = await body_bytes(request, most=limits.json_body_bytes, within_s=limits.body_s)
        envelope = Envelope.decode(body, max_depth=limits.json_depth)
        if envelope.get("model", str) is None:
            envelope.set("model", EMBEDDED)
        ask = Ask(read_ask(envelope).model, stream=False, wants_usage=False)  # an answer of this kind never streams
        size = len(body)
        if b"image_url" in body:
            asker = asker_of(request, principal, self._config.server.public_url)
            size += await self._put_pictures_in(envelope, asker, everything=self._is_ours(principal, ask.model))
        return RelayResponse(relay, Operation.MODERATE, envelope, ask, size)

    def _is_ours(self, principal: Principal, model: str) -> bool:
        """Whether an embedded engine may be asked, which fetches nothing by itself."""
        targets = self._relay.router.plan_relay(principal, Operation.MODERATE, model)
        return any(target.engine for target in targets)

    async def _put_pictures_in(self, envelope: Envelope, asker: Asker, *, everything: bool) -> int:
        """Replace the addresses of pictures in ``input`` by their bytes; how many bytes that adds."""
        parts = _parts(envelope)
        pictures = [(at, part) for at, part in enumerate(parts) if _kind(part) == "image_url"]
        if len(pictures) > MOST_PICTURES:
            raise RequestError(f"At most {MOST_PICTURES} pictures.", param="input", code="too_many_images")
        added = 0
        for at, part in pictures:
            url = _url(part, at)
            if _is_data(url) or not (everything or self._sources.is_own(url, asker)):
                continue
            uri = _data_uri(await self._picture(url, asker, at))
            fields = msgspec.json.decode(part, type=dict[str, Raw])
            address = msgspec.json.decode(fields["image_url"], type=dict[str, Raw])
            address["url"] = Raw(msgspec.json.encode(uri))
            fields["image_url"] = Raw(msgspec.json.encode(address))
            parts[at] = Raw(msgspec.json.encode(fields))
            added += len(uri)
        if added:
            envelope.set("input", parts)
        return added

    async def _picture(self, url: str, asker: Asker, at: int) -> Picture:
        try:
            return await self._sources.picture(url, asker)
        except GatewayError as error:
            error.param = f"input[{at}].image_url.url"
            raise


def _parts(envelope: Envelope) -> list[Raw]:
    """The entries of ``input``, empty when it is no list: then whoever moderates says what is wrong."""
    raw = envelope.fields.get("input")
    if raw is None or not bytes(raw).lstrip().startswith(b"["):
        return []
    return msgspec.json.decode(raw, type=list[Raw])


class _Part(msgspec.Struct):
    type: str = ""


def _kind(part: Raw) -> str:
    try:
        return msgspec.json.decode(part, type=_Part).type
    except msgspec.MsgspecError:
        return ""


class _Address(msgspec.Struct):
    url: str


class _Picture(msgspec.Struct):
    image_url: _Address


def _url(part: Raw, at: int) -> str:
    try:
        return msgspec.json.decode(part, type=_Picture).image_url.url
    except msgspec.MsgspecError as error:
        raise RequestError(
            f"'input[{at}].image_url' is an object with the picture's 'url'.",
            param=f"input[{at}].image_url",
            code="invalid_type",
        ) from error


def _is_data(url: str) -> bool:
    return url[:5].lower() == "data:"


def _data_uri(picture: Picture) -> str:
    return f"data:{picture.mime};base64,{base64.b64encode(picture.data).decode()}"
