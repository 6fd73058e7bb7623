"""Users over HTTP, for administrators."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from openhearth.accounts.principals import DEFAULT_GROUP
from openhearth.accounts.users import NewUser as Wanted
from openhearth.accounts.users import Users
from openhearth.config import Limits
from openhearth.core.call import Principal
from openhearth.core.permissions import Permission, Role
from openhearth.relay.gate import Gate
from openhearth.stores.access_ports import UserRecord
from openhearth.surfaces import bounds
from openhearth.surfaces.admin.reading import Reader, listed, made, page_of
from openhearth.surfaces.http import Json, Route

_RoleName = Literal["member", "admin", "root"]
_Text = Annotated[str, msgspec.Meta(max_length=200)]
_Username = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
_Password = Annotated[str, msgspec.Meta(max_length=256)]
_NAMES = {"group": "group_name"}
_HIDDEN = ("password", "access_digest", "epoch", "allowance", "group_name")


class NewUser(bounds.Bounds, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of POST /admin/v1/users. Without a password one is made, and shown once."""

    username: _Username
    password: _Password = ""
    role: _RoleName = "member"
    org: _Text = ""
    email: _Text = ""
    display_name: _Text = ""
    group: _Text = DEFAULT_GROUP


class UserChange(bounds.Bounds, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of PATCH /admin/v1/users/{id}. What is absent stays."""

    username: _Username | UnsetType = UNSET
    role: _RoleName | UnsetType = UNSET
    email: _Text | UnsetType = UNSET
    display_name: _Text | UnsetType = UNSET
    group: _Text | UnsetType = UNSET
    disabled: bool | UnsetType = UNSET


class NewPassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /admin/v1/users/{id}/password. Empty: one is made, and shown once."""

    password: _Password = ""


class TopUp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /admin/v1/users/{id}/top-up. ``effect`` names the payment, so that it counts once."""

    micros: Annotated[int, msgspec.Meta(ge=-(10**12), le=10**12)]
    effect: Annotated[str, msgspec.Meta(max_length=100)] = ""


def routes(users: Users, gate: Gate, limits: Limits) -> list[Route]:
    """Everything under /admin/v1/users."""
    admin = _Users(users, limits)
    one = "/admin/v1/users/{id}"
    return made(
        gate,
        [
            ("/admin/v1/users", "GET", Permission.ADMIN, admin.listing),
            ("/admin/v1/users", "POST", Permission.ADMIN, admin.create),
            (one, "GET", Permission.ADMIN, admin.one),
            (one, "PATCH", Permission.ADMIN, admin.change),
            (one, "DELETE", Permission.ADMIN, admin.delete),
            (f"{one}/password", "POST", Permission.ADMIN, admin.password),
            (f"{one}/top-up", "POST", Permission.OPERATE, admin.top_up),
        ],
    )


class _Users:
    def __init__(self, users: Users, limits: Limits) -> None:
        self._users = users
        self._read = Reader(limits).body

    async def listing(self, request: Request, by: Principal) -> Response:
        page = page_of(request)
        rows, total = await self._users.list(
            by,
            search=page.search,
            offset=page.offset,
            limit=page.limit,
            org_id=request.query_params.get("org", ""),
        )
        return listed([shown_user(row) for row in rows], total, page.offset)

    async def create(self, request: Request, by: Principal) -> Response:
        new = await self._read(request, NewUser)
        user, password = await self._users.create(
            by,
            Wanted(
                username=new.username,
                password=new.password,
                role=Role(new.role),
                org_id=new.org,
                email=new.email,
                display_name=new.display_name,
                group_name=new.group,
                allowance=new.allowance(),
            ),
        )
        return Json({**shown_user(user), **_once(password)}, status_code=201)

    async def one(self, request: Request, by: Principal) -> Response:
        return Json(shown_user(await self._users.one(by, request.path_params["id"])))

    async def change(self, request: Request, by: Principal) -> Response:
        changes = bounds.changes(await self._read(request, UserChange), _NAMES)
        if "role" in changes:
            changes["role"] = Role(changes["role"])
        return Json(shown_user(await self._users.change(by, request.path_params["id"], changes)))

    async def delete(self, request: Request, by: Principal) -> Response:
        user = await self._users.delete(by, request.path_params["id"])
        return Json({"id": user.id, "object": "user", "deleted": True})

    async def password(self, request: Request, by: Principal) -> Response:
        body = await self._read(request, NewPassword)
        user, password = await self._users.set_password(by, request.path_params["id"], body.password)
        return Json({**shown_user(user), **_once(password)})

    async def top_up(self, request: Request, by: Principal) -> Response:
        body = await self._read(request, TopUp)
        # In a space of its own: an effect must not be taken for that of a call.
        effect = f"topup_{body.effect}" if body.effect else ""
        return Json(shown_user(await self._users.top_up(by, request.path_params["id"], body.micros, effect)))


def shown_user(user: UserRecord) -> dict[str, Any]:
    """A user as answers show them."""
    row = {name: value for name, value in msgspec.structs.asdict(user).items() if name not in _HIDDEN}
    return {"object": "user", **row, "group": user.group_name, **bounds.shown(user.allowance)}


def _once(password: str) -> dict[str, str]:
    return {"password": password} if password else {}
