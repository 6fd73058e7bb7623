"""Targets and engines over HTTP, for operators."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from openhearth.accounts.audit import teller
from openhearth.accounts.key_desk import KeyDesk
from openhearth.accounts.keys import Keys
from openhearth.accounts.passwords import Passwords
from openhearth.accounts.users import Users
from openhearth.config import Limits
from openhearth.core.call import Principal
from openhearth.core.permissions import Permission
from openhearth.core.provider import Target
from openhearth.engines.ports import EngineHost
from openhearth.relay.gate import Gate
from openhearth.routing.health import Health
from openhearth.routing.target_forms import LIMITS, NewTarget, TargetChange
from openhearth.routing.targets import Targets
from openhearth.stores.ports import TargetRecord
from openhearth.surfaces.admin.keys import routes as key_routes
from openhearth.surfaces.admin.reading import Reader, listed
from openhearth.surfaces.http import Handler, Json, Route, known_caller


class Admin:
    """The handlers."""

    def __init__(
        self, gate: Gate, keys: Keys, targets: Targets, health: Health, engines: EngineHost, limits: Limits
    ) -> None:
        self._gate = gate
        self._desk = KeyDesk(keys, Users(keys.records, keys, Passwords()), keys.records)
        self._targets = targets
        self._health = health
        self._engines = engines
        self._limits = limits
        self._read = Reader(limits).body

    def routes(self) -> list[BaseRoute]:
        return [
            *key_routes(self._desk, self._gate, self._limits),
            self._operators_route("/admin/v1/targets", "GET", self.list_targets),
            self._operators_route("/admin/v1/targets", "POST", self.add_target),
            self._operators_route("/admin/v1/targets/{id}", "PATCH", self.change_target),
            self._operators_route("/admin/v1/targets/{id}", "DELETE", self.remove_target),
            self._operators_route("/admin/v1/targets/{id}/test", "POST", self.probe_target),
            self._operators_route("/admin/v1/engines", "GET", self.list_engines),
        ]

    def _operators_route(self, path: str, method: str, handler: Handler) -> Route:
        return Route(path, known_caller(self._gate, handler), methods=[method], permission=Permission.OPERATE)

    async def list_targets(self, _: Request, __: Principal) -> Response:
        """Those in use, then those that are not."""
        used = [self._shown_target(target) for target in self._targets.all()]
        return listed([*used, *(_shown_off(record) for record in await self._targets.off())])

    async def add_target(self, request: Request, by: Principal) -> Response:
        target = await self._targets.add(await self._read(request, NewTarget), teller(by, "target.create"))
        return Json(self._shown_target(target), status_code=201)

    async def change_target(self, request: Request, by: Principal) -> Response:
        change = await self._read(request, TargetChange)
        record = await self._targets.change(request.path_params["id"], change, teller(by, "target.change"))
        target = next((one for one in self._targets.all() if one.id == record.id), None)
        return Json(_shown_off(record) if target is None else self._shown_target(target))

    async def remove_target(self, request: Request, by: Principal) -> Response:
        await self._targets.remove(request.path_params["id"], teller(by, "target.delete"))
        return Json({"id": request.path_params["id"], "deleted": True})

    async def probe_target(self, request: Request, _: Principal) -> Response:
        return Json(await self._targets.test(request.path_params["id"]))

    async def list_engines(self, _: Request, __: Principal) -> Response:
        return Json({"object": "list", "data": self._engines.states()})

    def _shown_target(self, target: Target) -> dict[str, Any]:
        health = self._health.seen(target.id)
        scheme, host, port = target.origin.scheme, target.origin.host, target.origin.port
        return {
            "id": target.id,
            "provider": target.provider.name,
            "base_url": "embedded" if scheme == "unix" else f"{scheme}://{host}:{port}{target.base_path}",
            "model": target.model,
            "upstream_model": target.upstream_model,
            "key": "set" if target.secret else "",
            "weight": target.weight,
            "priority": target.priority,
            "operations": [operation.value for operation in target.provider.speaks],
            "cooling_down": self._health.cooling(target.id),
            "failures": health.failures,
            "last_error": health.last_error,
            "enabled": True,
            "limits": {name: getattr(target.limits, name) for name in LIMITS},
        }


def _shown_off(record: TargetRecord) -> dict[str, Any]:
    """A target that gets no calls: it was disabled, or could not be used when the server started."""
    return {
        "id": record.id,
        "provider": record.provider,
        "base_url": record.base_url,
        "model": record.model,
        "upstream_model": record.upstream_model,
        "key": "set" if record.credential else "",
        "weight": record.weight,
        "priority": record.priority,
        "operations": list(record.operations),
        "cooling_down": False,
        "failures": 0,
        "last_error": "",
        "enabled": record.enabled,
        "limits": {name: record.limits.get(name, 0) for name in LIMITS},
    }
