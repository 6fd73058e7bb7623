"""GET /v1/models and /v1/models/{id}: every name there is, and what stands behind it.

One path for three families: a client that sends ``anthropic-version`` gets Anthropic's form, one with
``x-goog-api-key`` or ``?key=`` Gemini's, everybody else OpenAI's with our additions.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from openhearth.core.cards import About, EngineCard, ModelCard
from openhearth.core.errors import GatewayError, NotFound, RequestError
from openhearth.core.money import FREE
from openhearth.core.operations import Operation
from openhearth.core.permissions import Permission
from openhearth.dialects import openai_errors
from openhearth.engines.ports import EngineHost, EngineState
from openhearth.relay.gate import Gate
from openhearth.routing.catalog import Catalog, Model
from openhearth.surfaces.http import Json, Route, identified
from openhearth.surfaces.openai.model_forms import Form, form_of

_ALL = "all"
_SHOWN: Mapping[str, Callable[[ModelCard], bool]] = {
    "true": lambda card: card.is_installed,
    "false": lambda card: not card.is_installed,
    _ALL: lambda _: True,
}


class Upstreams(Protocol):
    """``routing.targets.Targets``: names that attached providers list themselves."""

    async def upstream_models(self) -> list[Model]: ...


class ModelList:
    """What every model is. ``about`` says it plainly of embedded ones, by target id."""

    def __init__(
        self,
        catalog: Catalog,
        upstreams: Upstreams,
        engines: EngineHost,
        *,
        created: int,
        about: Mapping[str, About],
    ) -> None:
        self._catalog = catalog
        self._upstreams = upstreams
        self._engines = engines
        self._created = created
        self._about = about

    async def all(self, *, installed: str = _ALL) -> list[ModelCard]:
        """Every model, or only those whose packs are installed (``true``) or are not (``false``). An image model M is
        there also as the chat model chat-M. Raises RequestError for another word."""
        if installed not in _SHOWN:
            raise RequestError("'installed' is true, false or all.", param="installed")
        known = {model.id: model for model in self._catalog.models(hidden=True)}
        for model in await self._upstreams.upstream_models():
            known.setdefault(model.id, model)
        states = self._states()
        cards = [card for model in known.values() for card in self._cards(model, states)]
        return [card for card in cards if _SHOWN[installed](card)]

    async def one(self, name: str) -> ModelCard:
        """Raises NotFound."""
        found = self._catalog.find(name)
        if found:
            operations = tuple(dict.fromkeys(operation for target in found for operation in target.provider.speaks))
            ids = tuple(target.id for target in found)
            model = Model(name, found[0].provider.name, operations, ids, self._catalog.alias_of(name))
            return self._card(model, self._states())
        for card in await self.all():
            if card.id == name:
                return card
        raise unknown(name)

    def _states(self) -> dict[str, EngineState]:
        return {state.name: state for state in self._engines.states()}

    def _cards(self, model: Model, states: Mapping[str, EngineState]) -> list[ModelCard]:
        card = self._card(model, states)
        if not model.chat_name:
            return [card]
        return [card, msgspec.structs.replace(card, id=model.chat_name, operations=(Operation.CHAT,))]

    def _card(self, model: Model, states: Mapping[str, EngineState]) -> ModelCard:
        targets = [target for name in model.target_ids if (target := self._catalog.target(name))]
        found = self._catalog.find(model.id)
        engine = next((states[target.engine] for target in targets[:1] if target.engine in states), None)
        return ModelCard(
            id=model.id,
            owned_by=model.owned_by,
            operations=model.operations,
            created=self._created,
            about=self._told(model),
            engine=_engine_card(engine) if engine else None,
            price=found[0].price if found else FREE,
            alias_of=model.alias_of,
        )

    def _told(self, model: Model) -> About:
        """What is known of the targets behind a name; of an alias of several, all of it."""
        known = list(dict.fromkeys(self._about[name] for name in model.target_ids if name in self._about))
        if len(known) < 2:
            return known[0] if known else About()
        return About(" ".join(about.en for about in known), "".join(about.zh for about in known))


def _engine_card(state: EngineState) -> EngineCard:
    missing = " ".join(state.missing_packs)
    return EngineCard(
        state=state.state,
        load_s=state.load_s,
        memory_bytes=state.memory_bytes,
        running=state.running,
        waiting=state.waiting,
        starts=state.starts,
        restarts=state.restarts,
        fetch=f"openhearth packs fetch {missing}" if missing else "",
        progress=state.progress,
    )


def unknown(name: str) -> NotFound:
    return NotFound(
        f"The model '{name[:100]}' does not exist. GET /v1/models lists what does.",
        param="model",
        code="model_not_found",
    )


def routes(models: ModelList, gate: Gate) -> list[BaseRoute]:
    """The two routes; a key sees only the models it may use."""

    async def many(request: Request, form: Form) -> object:
        principal = await identified(request, gate, form.key)
        cards = await models.all(installed=request.query_params.get("installed") or _ALL)
        return form.many([card for card in cards if gate.may_use(principal, card.id)])

    async def one(request: Request, form: Form) -> object:
        principal = await identified(request, gate, form.key)
        name = request.path_params["name"]
        if not gate.may_use(principal, name):
            raise unknown(name)
        return form.one(await models.one(name))

    return [
        Route("/v1/models", _answering(many), methods=["GET"], permission=Permission.CALL),
        Route("/v1/models/{name:path}", _answering(one), methods=["GET"], permission=Permission.CALL),
    ]


def _answering(
    work: Callable[[Request, Form], Awaitable[object]],
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        form = form_of(request)
        try:
            return Json(await work(request, form))
        except GatewayError as error:
            refused = Json(form.refusal(error), status_code=error.shown_status)
            for name, value in openai_errors.headers(error):
                refused.headers[name.decode()] = value.decode()
            return refused

    return answer
