"""Price groups, and the allowances of models, over HTTP."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from openhearth.accounts.groups import Groups
from openhearth.config import Limits
from openhearth.core.allowance import UNBOUNDED, Allowance
from openhearth.core.call import ONE_PPM, Principal
from openhearth.core.permissions import Permission
from openhearth.relay.gate import Gate
from openhearth.stores.access_ports import GroupRecord
from openhearth.surfaces import bounds
from openhearth.surfaces.admin.reading import Reader, listed, made
from openhearth.surfaces.http import Json, Route

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
_Text = Annotated[str, msgspec.Meta(max_length=500)]
_Ppm = Annotated[int, msgspec.Meta(ge=0, le=10**9)]
_Names = Annotated[tuple[str, ...], msgspec.Meta(max_length=200)]


class NewGroup(bounds.Bounds, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of POST /admin/v1/groups. ``ratio_ppm`` multiplies every cost: 1000000 is once."""

    name: _Name
    ratio_ppm: _Ppm = ONE_PPM
    models: _Names = ()
    description: _Text = ""
    open: bool = False


class GroupChange(bounds.Bounds, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of PATCH /admin/v1/groups/{name}. What is absent stays."""

    ratio_ppm: _Ppm | UnsetType = UNSET
    models: _Names | UnsetType = UNSET
    description: _Text | UnsetType = UNSET
    open: bool | UnsetType = UNSET


class ModelBounds(bounds.Bounds, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of PUT /admin/v1/models/{name}/allowance: all bounds of the model; absent ones are lifted."""


def routes(groups: Groups, gate: Gate, limits: Limits) -> list[Route]:
    """Everything under /admin/v1/groups, and /admin/v1/models/…/allowance."""
    group, model = _Groups(groups, limits), _ModelBounds(groups, limits)
    one = "/admin/v1/models/{name:path}/allowance"
    return made(
        gate,
        [
            ("/admin/v1/groups", "GET", Permission.ADMIN, group.listing),
            ("/admin/v1/groups", "POST", Permission.OPERATE, group.create),
            ("/admin/v1/groups/{name}", "GET", Permission.ADMIN, group.one),
            ("/admin/v1/groups/{name}", "PATCH", Permission.OPERATE, group.change),
            ("/admin/v1/groups/{name}", "DELETE", Permission.OPERATE, group.delete),
            ("/admin/v1/models/allowances", "GET", Permission.OPERATE, model.listing),
            (one, "GET", Permission.OPERATE, model.one),
            (one, "PUT", Permission.OPERATE, model.put),
            (one, "DELETE", Permission.OPERATE, model.delete),
        ],
    )


class _Groups:
    def __init__(self, groups: Groups, limits: Limits) -> None:
        self._groups = groups
        self._read = Reader(limits).body

    async def listing(self, _: Request, by: Principal) -> Response:
        return listed([_shown(group) for group in await self._groups.seen(by)])

    async def create(self, request: Request, by: Principal) -> Response:
        new = await self._read(request, NewGroup)
        group = GroupRecord(new.name, new.ratio_ppm, new.models, new.allowance(), new.description, new.open)
        return Json(_shown(await self._groups.create(by, group)), status_code=201)

    async def one(self, request: Request, by: Principal) -> Response:
        return Json(_shown(await self._groups.one_seen(by, request.path_params["name"])))

    async def change(self, request: Request, by: Principal) -> Response:
        changes = bounds.changes(await self._read(request, GroupChange))
        return Json(_shown(await self._groups.change(by, request.path_params["name"], changes)))

    async def delete(self, request: Request, by: Principal) -> Response:
        await self._groups.delete(by, request.path_params["name"])
        return Json({"name": request.path_params["name"], "object": "group", "deleted": True})


class _ModelBounds:
    def __init__(self, groups: Groups, limits: Limits) -> None:
        self._groups = groups
        self._read = Reader(limits).body

    async def listing(self, _: Request, __: Principal) -> Response:
        found = await self._groups.model_allowances()
        return listed([_shown_model(model, allowance) for model, allowance in found.items()])

    async def one(self, request: Request, _: Principal) -> Response:
        model = request.path_params["name"]
        return Json(_shown_model(model, (await self._groups.model_allowances()).get(model, UNBOUNDED)))

    async def put(self, request: Request, by: Principal) -> Response:
        model, allowance = request.path_params["name"], (await self._read(request, ModelBounds)).allowance()
        await self._groups.put_model_allowance(by, model, allowance)
        return Json(_shown_model(model, allowance))

    async def delete(self, request: Request, by: Principal) -> Response:
        model = request.path_params["name"]
        await self._groups.put_model_allowance(by, model, UNBOUNDED)
        return Json(_shown_model(model, UNBOUNDED))


def _shown(group: GroupRecord) -> dict[str, Any]:
    row = {name: value for name, value in msgspec.structs.asdict(group).items() if name != "allowance"}
    return {"object": "group", **row, **bounds.shown(group.allowance)}


def _shown_model(model: str, allowance: Allowance) -> dict[str, Any]:
    return {"object": "model_allowance", "model": model, **bounds.shown(allowance)}
