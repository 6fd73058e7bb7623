"""Targets over HTTP, and what is said of models: how their targets are chosen, who may answer in their place."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from openhearth.accounts.audit import teller
from openhearth.config import Limits, Strategy
from openhearth.core.call import Principal
from openhearth.core.permissions import Permission
from openhearth.core.provider import Target
from openhearth.relay.gate import Gate
from openhearth.routing.plan import Router
from openhearth.routing.rules import ModelRule
from openhearth.routing.target_forms import NewTarget, TargetChange, limits_of
from openhearth.routing.targets import Targets
from openhearth.stores.ports import TargetRecord
from openhearth.surfaces.admin.reading import Reader, listed, made
from openhearth.surfaces.http import Json, Route


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of PUT /admin/v1/routing/{model}: all that is said of the model. ``strategy`` null: the one for all."""

    strategy: Strategy | None = None
    fallbacks: tuple[str, ...] = ()


def routes(targets: Targets, router: Router, gate: Gate, limits: Limits) -> list[Route]:
    """Everything under /admin/v1/targets and /admin/v1/routing."""
    one, rules = _Targets(targets, router, limits), _Rules(router, limits)
    rows = [
        ("/admin/v1/targets", "GET", one.listing),
        ("/admin/v1/targets", "POST", one.add),
        ("/admin/v1/targets/{id}", "PATCH", one.change),
        ("/admin/v1/targets/{id}", "DELETE", one.remove),
        ("/admin/v1/targets/{id}/test", "POST", one.probe),
        ("/admin/v1/routing", "GET", rules.listing),
        ("/admin/v1/routing/{model:path}", "PUT", rules.put),
        ("/admin/v1/routing/{model:path}", "DELETE", rules.remove),
    ]
    return made(gate, [(path, method, Permission.OPERATE, handler) for path, method, handler in rows])


class _Targets:
    def __init__(self, targets: Targets, router: Router, limits: Limits) -> None:
        self._targets = targets
        self._health = router.health
        self._read = Reader(limits).body

    async def listing(self, _: Request, __: Principal) -> Response:
        shown = [self._shown(target) for target in self._targets.all()]
        return listed([*shown, *map(_shown_record, await self._targets.off())])

    async def add(self, request: Request, by: Principal) -> Response:
        target = await self._targets.add(await self._read(request, NewTarget), teller(by, "target.create"))
        return Json(self._shown(target), status_code=201)

    async def change(self, request: Request, by: Principal) -> Response:
        change = await self._read(request, TargetChange)
        record = await self._targets.change(request.path_params["id"], change, teller(by, "target.change"))
        target = self._targets.one(record.id)
        return Json(_shown_record(record) if target is None else self._shown(target))

    async def remove(self, request: Request, by: Principal) -> Response:
        await self._targets.remove(request.path_params["id"], teller(by, "target.delete"))
        return Json({"id": request.path_params["id"], "deleted": True})

    async def probe(self, request: Request, _: Principal) -> Response:
        return Json(await self._targets.test(request.path_params["id"]))

    def _shown(self, target: Target) -> dict[str, object]:
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
            **msgspec.structs.asdict(target.limits),
            "enabled": True,
            "operations": [operation.value for operation in target.provider.speaks],
            "cooling_down": self._health.cooling(target.id),
            "failures": health.failures,
            "last_error": health.last_error,
        }


def _shown_record(record: TargetRecord) -> dict[str, object]:
    """A target that is not in use: disabled, or left out at the start."""
    return {
        "id": record.id,
        "provider": record.provider,
        "base_url": record.base_url,
        "model": record.model,
        "upstream_model": record.upstream_model,
        "key": "set" if record.credential else "",
        "weight": record.weight,
        "priority": record.priority,
        **msgspec.structs.asdict(limits_of(record)),
        "enabled": False,
        "operations": record.operations,
        "cooling_down": False,
        "failures": 0,
        "last_error": "",
    }


class _Rules:
    def __init__(self, router: Router, limits: Limits) -> None:
        self._rules = router.rules
        self._read = Reader(limits).body

    async def listing(self, _: Request, __: Principal) -> Response:
        rows = [_shown_rule(model, rule, is_kept=is_kept) for model, (rule, is_kept) in self._rules.all().items()]
        return listed(rows)

    async def put(self, request: Request, by: Principal) -> Response:
        model, said = request.path_params["model"], await self._read(request, Rule)
        rule = ModelRule(said.strategy, said.fallbacks)
        await self._rules.put(model, rule, teller(by, "routing.change"))
        return Json(_shown_rule(model, rule, is_kept=True))

    async def remove(self, request: Request, by: Principal) -> Response:
        model = request.path_params["model"]
        await self._rules.remove(model, teller(by, "routing.delete"))
        return Json({"model": model, "deleted": True})


def _shown_rule(model: str, rule: ModelRule, *, is_kept: bool) -> dict[str, object]:
    return {
        "model": model,
        "strategy": rule.strategy,
        "fallbacks": rule.fallbacks,
        "source": "data" if is_kept else "settings",
    }
