"""POST /v1/auth/…, GET and PATCH /v1/me."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from openhearth.accounts.sessions import Sessions, SignedIn
from openhearth.accounts.users import Users
from openhearth.config import Limits, Server
from openhearth.core.call import Principal
from openhearth.core.permissions import Permission, permissions
from openhearth.relay.gate import Gate
from openhearth.stores.access_ports import UserRecord
from openhearth.surfaces import bounds
from openhearth.surfaces.http import Json, Route, known_caller, struct_body
from openhearth.surfaces.signed_in import address_of, check_own_page, keep, token_of

_Username = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
_Password = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
_Text = Annotated[str, msgspec.Meta(max_length=200)]
_HIDDEN = ("password", "access_digest", "epoch", "allowance", "group_name")


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /v1/auth/login and /v1/auth/register."""

    username: _Username
    password: _Password


class PasswordChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /v1/auth/password."""

    old_password: _Password
    new_password: _Password


class OwnChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of PATCH /v1/me. What is absent stays; ``group`` is one that is open."""

    email: _Text | UnsetType = UNSET
    display_name: _Text | UnsetType = UNSET
    group: _Text | UnsetType = UNSET


def routes(sessions: Sessions, users: Users, gate: Gate, server: Server, limits: Limits) -> list[Route]:
    """Everything about the caller's own account."""
    own = _Account(sessions, users, server, limits)
    asked = (
        ("/v1/auth/password", "POST", own.password),
        ("/v1/auth/token", "POST", own.new_token),
        ("/v1/auth/token", "DELETE", own.drop_token),
        ("/v1/me", "GET", own.me),
        ("/v1/me", "PATCH", own.change),
    )
    return [
        Route("/v1/auth/login", own.login, methods=["POST"], permission=Permission.PUBLIC),
        Route("/v1/auth/logout", own.logout, methods=["POST"], permission=Permission.PUBLIC),
        Route("/v1/auth/register", own.register, methods=["POST"], permission=Permission.PUBLIC),
        *(
            Route(path, known_caller(gate, handler), methods=[method], permission=Permission.ACCOUNT)
            for path, method, handler in asked
        ),
    ]


class _Account:
    def __init__(self, sessions: Sessions, users: Users, server: Server, limits: Limits) -> None:
        self._sessions = sessions
        self._users = users
        self._server = server
        self._limits = limits

    async def login(self, request: Request) -> Response:
        check_own_page(request)
        body = await self._read(request, Credentials)
        signed = await self._sessions.login(body.username, body.password, address_of(request), before=token_of(request))
        return self._answer(signed)

    async def logout(self, request: Request) -> Response:
        """Ends the session of the cookie, or nothing."""
        check_own_page(request)
        if token := token_of(request):
            await self._sessions.logout(token)
        answer = Json({"object": "session", "ended": True})
        keep(answer, "", self._server, 0.0)
        return answer

    async def register(self, request: Request) -> Response:
        check_own_page(request)
        body = await self._read(request, Credentials)
        signed = await self._sessions.register(body.username, body.password, address_of(request))
        return self._answer(signed, status=201)

    async def password(self, request: Request, by: Principal) -> Response:
        body = await self._read(request, PasswordChange)
        signed = await self._sessions.change_password(by, body.old_password, body.new_password, address_of(request))
        return self._answer(signed)

    async def new_token(self, _: Request, by: Principal) -> Response:
        return Json({"object": "access_token", "token": await self._users.new_access_token(by, by.user_id)})

    async def drop_token(self, _: Request, by: Principal) -> Response:
        await self._users.drop_access_token(by, by.user_id)
        return Json({"object": "access_token", "deleted": True})

    async def me(self, _: Request, by: Principal) -> Response:
        """``key_id``: which key asks, empty for somebody signed in."""
        return Json({**_shown(await self._users.one(by, by.user_id)), "key_id": by.key_id})

    async def change(self, request: Request, by: Principal) -> Response:
        body = await self._read(request, OwnChange)
        changes = bounds.changed(body, OwnChange.__struct_fields__)
        if "group" in changes:
            changes["group_name"] = changes.pop("group")
        return Json(_shown(await self._users.change(by, by.user_id, changes)))

    async def _read(self, request: Request, want: type[Any]) -> Any:
        return await struct_body(request, want, most=self._limits.header_bytes, within_s=self._limits.body_s)

    def _answer(self, signed: SignedIn, status: int = 200) -> Response:
        """The session's value goes into the cookie and nowhere else."""
        shown = {"object": "session", "user": _shown(signed.user), "expires_at": signed.expires_at}
        answer = Json(shown, status_code=status)
        keep(answer, signed.token, self._server, signed.lasts_s)
        return answer


def _shown(user: UserRecord) -> dict[str, Any]:
    row = {name: value for name, value in msgspec.structs.asdict(user).items() if name not in _HIDDEN}
    return {
        "object": "user",
        **row,
        "group": user.group_name,
        "permissions": sorted(permissions(user.role, user.org_id)),
        **bounds.shown(user.allowance),
    }
