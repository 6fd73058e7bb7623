"""API keys over HTTP, for administrators."""

import time
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from openhearth.accounts.key_desk import KeyDesk
from openhearth.accounts.key_desk import NewKey as Wanted
from openhearth.config import Limits
from openhearth.core.call import Principal
from openhearth.core.permissions import Permission
from openhearth.relay.gate import Gate
from openhearth.stores.ports import KeyRecord
from openhearth.surfaces import bounds
from openhearth.surfaces.admin.reading import Reader, listed, made, page_of
from openhearth.surfaces.http import Json, Route

Moderate = Literal["off", "input", "output", "both"]
_Seconds = Annotated[float, msgspec.Meta(ge=0, le=10.0**10)]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
_Id = Annotated[str, msgspec.Meta(max_length=200)]
_Names = Annotated[tuple[str, ...], msgspec.Meta(max_length=200)]
_CacheS = Annotated[int, msgspec.Meta(ge=0, le=366 * 86_400)]
_NAMES = {"project": "project_id", "group": "group_name"}
_HIDDEN = ("digest", "sealed", "allowance", "group_name")


class NewKey(bounds.Bounds, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of POST /admin/v1/keys. ``user`` is an id, a username or a number."""

    name: _Name
    user: _Id = ""
    owner: _Id | None = None
    project: _Id = ""
    group: _Id = ""
    is_admin: bool = False
    expires_in_s: _Seconds | None = None
    models: _Names = ()
    operations: _Names = ()
    ips: _Names = ()
    moderate: Moderate = "off"
    cache_s: _CacheS = 0


class KeyChange(bounds.Bounds, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of PATCH /admin/v1/keys/{id}. What is absent stays."""

    name: _Name | UnsetType = UNSET
    owner: _Id | UnsetType = UNSET
    project: _Id | UnsetType = UNSET
    group: _Id | UnsetType = UNSET
    is_admin: bool | UnsetType = UNSET
    disabled: bool | UnsetType = UNSET
    expires_in_s: _Seconds | UnsetType | None = UNSET
    models: _Names | UnsetType = UNSET
    operations: _Names | UnsetType = UNSET
    ips: _Names | UnsetType = UNSET
    moderate: Moderate | UnsetType = UNSET
    cache_s: _CacheS | UnsetType = UNSET


class Rotate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /admin/v1/keys/{id}/rotate: how long the old secret goes on."""

    overlap_s: Annotated[float, msgspec.Meta(ge=0, le=30 * 86_400.0)] = 0.0


def routes(desk: KeyDesk, gate: Gate, limits: Limits) -> list[Route]:
    """Everything under /admin/v1/keys."""
    admin = _Keys(desk, limits)
    one = "/admin/v1/keys/{id}"
    return made(
        gate,
        [
            ("/admin/v1/keys", "GET", Permission.ADMIN, admin.listing),
            ("/admin/v1/keys", "POST", Permission.ADMIN, admin.create),
            (one, "GET", Permission.ADMIN, admin.one),
            (one, "PATCH", Permission.ADMIN, admin.change),
            (one, "DELETE", Permission.ADMIN, admin.delete),
            (f"{one}/disable", "POST", Permission.ADMIN, admin.disable),
            (f"{one}/enable", "POST", Permission.ADMIN, admin.enable),
            (f"{one}/rotate", "POST", Permission.ADMIN, admin.rotate),
        ],
    )


class _Keys:
    def __init__(self, desk: KeyDesk, limits: Limits) -> None:
        self._desk = desk
        self._read = Reader(limits).body

    async def listing(self, request: Request, by: Principal) -> Response:
        page = page_of(request)
        rows, total = await self._desk.list(
            by,
            user_id=request.query_params.get("user", ""),
            search=page.search,
            offset=page.offset,
            limit=page.limit,
        )
        return listed([shown_key(row) for row in rows], total, page.offset)

    async def create(self, request: Request, by: Principal) -> Response:
        new = await self._read(request, NewKey)
        record, text = await self._desk.create(
            by,
            Wanted(
                name=new.name,
                user=new.user,
                owner=new.owner or "",
                is_admin=new.is_admin,
                expires_at=_until(new.expires_in_s),
                models=new.models,
                moderate=new.moderate,
                project_id=new.project,
                group_name=new.group,
                operations=new.operations,
                ips=new.ips,
                allowance=new.allowance(),
                cache_s=new.cache_s,
            ),
        )
        return Json({**shown_key(record), "key": text}, status_code=201)

    async def one(self, request: Request, by: Principal) -> Response:
        return Json(shown_key(await self._desk.one(by, request.path_params["id"])))

    async def change(self, request: Request, by: Principal) -> Response:
        changes = bounds.changes(await self._read(request, KeyChange), _NAMES)
        if "expires_in_s" in changes:
            changes["expires_at"] = _until(changes.pop("expires_in_s"))
        return Json(shown_key(await self._desk.change(by, request.path_params["id"], changes)))

    async def delete(self, request: Request, by: Principal) -> Response:
        """A key is never gone, since its calls are not: it is disabled."""
        await self._desk.disable(by, request.path_params["id"])
        return Json({"id": request.path_params["id"], "object": "key", "deleted": True})

    async def disable(self, request: Request, by: Principal) -> Response:
        await self._desk.disable(by, request.path_params["id"])
        return Json({"id": request.path_params["id"], "disabled": True})

    async def enable(self, request: Request, by: Principal) -> Response:
        await self._desk.enable(by, request.path_params["id"])
        return Json({"id": request.path_params["id"], "disabled": False})

    async def rotate(self, request: Request, by: Principal) -> Response:
        body = await self._read(request, Rotate)
        record, text = await self._desk.rotate(by, request.path_params["id"], body.overlap_s)
        return Json({**shown_key(record), "key": text})


def shown_key(key: KeyRecord) -> dict[str, Any]:
    """A key as answers show it."""
    row = {name: value for name, value in msgspec.structs.asdict(key).items() if name not in _HIDDEN}
    return {
        "object": "key",
        **row,
        "hint": f"…{key.hint}",
        "group": key.group_name,
        **bounds.shown(key.allowance),
    }


def _until(seconds: float | None) -> float | None:
    return None if seconds is None else time.time() + seconds
