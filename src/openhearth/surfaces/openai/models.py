"""GET /v1/models and /v1/models/{id}: every name that can be asked for, and what stands behind it."""

from collections.abc import Mapping
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from openhearth.core.errors import NotFound
from openhearth.core.operations import Operation
from openhearth.relay.gate import Gate
from openhearth.routing.catalog import Catalog, Model
from openhearth.surfaces.http import Json, principal_of


class Upstreams(Protocol):
    """``routing.targets.Targets``: names that attached providers list themselves."""

    async def upstream_models(self) -> list[Model]: ...


class ModelList:
    """The list in OpenAI's shape. ``notes`` says plainly what an embedded model is, by target id."""

    def __init__(self, catalog: Catalog, upstreams: Upstreams, *, created: int, notes: Mapping[str, str]) -> None:
        self._catalog = catalog
        self._upstreams = upstreams
        self._created = created
        self._notes = notes

    async def all(self) -> list[dict[str, object]]:
        """Every model; an image model M also as the chat model chat-M."""
        known = {model.id: model for model in self._catalog.models()}
        for model in await self._upstreams.upstream_models():
            known.setdefault(model.id, model)
        values: list[dict[str, object]] = []
        for model in known.values():
            values.append(self._shown(model))
            if model.chat_name:
                values.append({**self._shown(model), "id": model.chat_name, "operations": [Operation.CHAT.value]})
        return values

    async def one(self, name: str) -> dict[str, object]:
        """Raises NotFound."""
        found = self._catalog.find(name)
        if found:
            operations = tuple(dict.fromkeys(operation for target in found for operation in target.provider.speaks))
            ids = tuple(target.id for target in found)
            return self._shown(Model(name, found[0].provider.name, operations, ids))
        for value in await self.all():
            if value["id"] == name:
                return value
        raise NotFound(
            f"The model '{name[:100]}' does not exist. GET /v1/models lists what does.",
            param="model",
            code="model_not_found",
        )

    def _shown(self, model: Model) -> dict[str, object]:
        value: dict[str, object] = {
            "id": model.id,
            "object": "model",
            "created": self._created,
            "owned_by": model.owned_by,
            "operations": [operation.value for operation in model.operations],
        }
        if model.alias_of:
            value["alias_of"] = model.alias_of
        note = next((self._notes[target] for target in model.target_ids if target in self._notes), "")
        if note:
            value["description"] = note
        return value


def routes(models: ModelList, gate: Gate) -> list[BaseRoute]:
    """The two routes; a key sees only the models it may use."""

    async def all_models(request: Request) -> Response:
        principal = await principal_of(request, gate)
        values = [value for value in await models.all() if gate.may_use(principal, str(value["id"]))]
        return Json({"object": "list", "data": values})

    async def one_model(request: Request) -> Response:
        principal = await principal_of(request, gate)
        name = request.path_params["name"]
        if not gate.may_use(principal, name):
            raise NotFound(f"The model '{name[:100]}' does not exist.", param="model", code="model_not_found")
        return Json(await models.one(name))

    return [
        Route("/v1/models", all_models, methods=["GET"]),
        Route("/v1/models/{name:path}", one_model, methods=["GET"]),
    ]
