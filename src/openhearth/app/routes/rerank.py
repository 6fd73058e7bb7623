"""Rerank, in Jina's form and in both of Cohere's."""

from starlette.routing import BaseRoute

from openhearth.app.parts import Parts
from openhearth.core.provider import Dialect
from openhearth.core.rerank import RerankDriver as Driver
from openhearth.providers.rerankers.rerank import DIALECTS, RerankDriver
from openhearth.providers.volcengine.rerank import VikingRerankDriver
from openhearth.surfaces.rerank.routes import Rerank


def routes(parts: Parts) -> list[BaseRoute]:
    """The drivers by wire form."""
    relay, config, strict = parts.relay, parts.config, parts.config.strict_fields
    usual = RerankDriver(relay.client, relay.engines, parts.deadlines, strict=strict)
    viking = VikingRerankDriver(relay.client, parts.deadlines, strict=strict)
    drivers: dict[Dialect, Driver] = {**dict.fromkeys(DIALECTS, usual), Dialect.VIKING_RERANK: viking}
    return Rerank(relay.gate, parts.calls, drivers, config.limits, screen=parts.screen).routes()
