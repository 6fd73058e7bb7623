"""Keys, targets and engines over HTTP, for administrators only."""

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Literal, Protocol, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from openhearth.config import Limits
from openhearth.core.call import Principal
from openhearth.core.errors import Forbidden, NotFound, RequestError
from openhearth.core.provider import Target
from openhearth.engines.ports import EngineHost
from openhearth.relay.gate import Gate
from openhearth.routing.health import Health
from openhearth.routing.targets import NewTarget, Targets
from openhearth.stores.ports import KeyRecord
from openhearth.surfaces.http import Json, principal_of, struct_body

_Body = TypeVar("_Body")
_MOST_MICROS = 10**15
_LONGEST_S = 10.0**10
Moderate = Literal["off", "input", "output", "both"]


class NewKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /admin/v1/keys."""

    name: str
    owner: str | None = None
    is_admin: bool = False
    quota_micros: Annotated[int, msgspec.Meta(ge=0, le=_MOST_MICROS)] | None = None
    expires_in_s: Annotated[float, msgspec.Meta(ge=0, le=_LONGEST_S)] | None = None
    models: tuple[str, ...] = ()
    moderate: Moderate = "off"


class KeyChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of PATCH /admin/v1/keys/{id}."""

    moderate: Moderate


class KeyMaker(Protocol):
    """``accounts.keys.Keys``, as administration sees it."""

    async def create(
        self,
        *,
        name: str,
        owner: str | None = None,
        is_admin: bool = False,
        quota_micros: int | None = None,
        expires_at: float | None = None,
        models: tuple[str, ...] = (),
        moderate: str = "off",
    ) -> tuple[KeyRecord, str]: ...

    async def disable(self, key_id: str) -> bool: ...

    async def moderate(self, key_id: str, moderate: str) -> KeyRecord | None: ...

    async def list(self) -> Sequence[KeyRecord]: ...


class Admin:
    """The handlers. Each is reached only by a key with ``is_admin``."""

    def __init__(
        self, gate: Gate, keys: KeyMaker, targets: Targets, health: Health, engines: EngineHost, limits: Limits
    ) -> None:
        self._gate = gate
        self._keys = keys
        self._targets = targets
        self._health = health
        self._engines = engines
        self._limits = limits

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/admin/v1/keys", self._for_admins(self.list_keys), methods=["GET"]),
            Route("/admin/v1/keys", self._for_admins(self.create_key), methods=["POST"]),
            Route("/admin/v1/keys/{id}", self._for_admins(self.change_key), methods=["PATCH"]),
            Route("/admin/v1/keys/{id}/disable", self._for_admins(self.disable_key), methods=["POST"]),
            Route("/admin/v1/targets", self._for_admins(self.list_targets), methods=["GET"]),
            Route("/admin/v1/targets", self._for_admins(self.add_target), methods=["POST"]),
            Route("/admin/v1/targets/{id}", self._for_admins(self.remove_target), methods=["DELETE"]),
            Route("/admin/v1/targets/{id}/test", self._for_admins(self.probe_target), methods=["POST"]),
            Route("/admin/v1/engines", self._for_admins(self.list_engines), methods=["GET"]),
        ]

    async def list_keys(self, _: Request, __: Principal) -> Response:
        return Json({"object": "list", "data": [_shown_key(key) for key in await self._keys.list()]})

    async def create_key(self, request: Request, _: Principal) -> Response:
        new = await self._read(request, NewKey)
        if not 0 < len(new.name) <= 200:
            raise RequestError("'name' must have 1 to 200 characters.", param="name")
        expires_at = None if new.expires_in_s is None else time.time() + new.expires_in_s
        record, key = await self._keys.create(
            name=new.name,
            owner=new.owner,
            is_admin=new.is_admin,
            quota_micros=new.quota_micros,
            expires_at=expires_at,
            models=new.models,
            moderate=new.moderate,
        )
        return Json({**_shown_key(record), "key": key}, status_code=201)

    async def change_key(self, request: Request, _: Principal) -> Response:
        key_id = request.path_params["id"]
        changed = await self._keys.moderate(key_id, (await self._read(request, KeyChange)).moderate)
        if changed is None:
            raise _no_key(key_id)
        return Json(_shown_key(changed))

    async def disable_key(self, request: Request, _: Principal) -> Response:
        key_id = request.path_params["id"]
        if not await self._keys.disable(key_id):
            raise _no_key(key_id)
        return Json({"id": key_id, "disabled": True})

    async def list_targets(self, _: Request, __: Principal) -> Response:
        return Json({"object": "list", "data": [self._shown_target(target) for target in self._targets.all()]})

    async def add_target(self, request: Request, _: Principal) -> Response:
        target = await self._targets.add(await self._read(request, NewTarget))
        return Json(self._shown_target(target), status_code=201)

    async def remove_target(self, request: Request, _: Principal) -> Response:
        await self._targets.remove(request.path_params["id"])
        return Json({"id": request.path_params["id"], "deleted": True})

    async def probe_target(self, request: Request, _: Principal) -> Response:
        return Json(await self._targets.test(request.path_params["id"]))

    async def list_engines(self, _: Request, __: Principal) -> Response:
        return Json({"object": "list", "data": self._engines.states()})

    def _for_admins(
        self, handler: Callable[[Request, Principal], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request) -> Response:
            principal = await principal_of(request, self._gate)
            if not principal.is_admin:
                raise Forbidden("This key may not administer the platform.", code="not_an_admin")
            return await handler(request, principal)

        return guarded

    async def _read(self, request: Request, want: type[_Body]) -> _Body:
        return await struct_body(request, want, most=self._limits.header_bytes, within_s=self._limits.body_s)

    def _shown_target(self, target: Target) -> dict[str, object]:
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
        }


def _no_key(key_id: str) -> NotFound:
    return NotFound(f"There is no key '{key_id[:100]}'.", code="key_not_found")


def _shown_key(key: KeyRecord) -> dict[str, object]:
    shown = msgspec.structs.asdict(key)
    del shown["digest"]
    shown["hint"] = f"…{key.hint}"
    return shown
