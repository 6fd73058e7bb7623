"""/api/user: signing in and one's own account, as New API's clients know it."""

from decimal import Decimal
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from openhearth.accounts.groups import Groups
from openhearth.accounts.option_maps import plain
from openhearth.accounts.options import Options
from openhearth.accounts.passwords import check as check_password
from openhearth.accounts.quota_units import left_units
from openhearth.accounts.redemptions import Redemptions
from openhearth.accounts.sessions import Sessions, SignedIn
from openhearth.accounts.users import Users
from openhearth.config import Limits, Server
from openhearth.core.allowance import NANOS_PER_MICRO
from openhearth.core.call import ONE_PPM, Principal
from openhearth.relay.gate import Gate
from openhearth.routing.catalog import Catalog
from openhearth.stores.access_ports import UserRecord
from openhearth.surfaces.newapi.caller import Callers
from openhearth.surfaces.newapi.envelope import Said, ok, read
from openhearth.surfaces.newapi.standing import Left, Standings
from openhearth.surfaces.newapi.terms import ROLES, state
from openhearth.surfaces.signed_in import address_of, check_not_followed, check_own_page, keep, token_of


class Credentials(msgspec.Struct, frozen=True):
    """Body of login and register."""

    username: str
    password: str
    email: str = ""


class SelfBody(msgspec.Struct, frozen=True):
    """Body of PUT /api/user/self. ``password`` needs ``original_password``."""

    username: str = ""
    display_name: str | None = None
    email: str | None = None
    password: str = ""
    original_password: str = ""


class CodeBody(msgspec.Struct, frozen=True):
    """Body of POST /api/user/topup."""

    key: str


class Services(msgspec.Struct, frozen=True):
    """What the handlers of one's own account are made of."""

    sessions: Sessions
    users: Users
    groups: Groups
    redemptions: Redemptions
    options: Options
    standings: Standings
    catalog: Catalog
    gate: Gate
    server: Server
    limits: Limits


class OwnAccount:
    """The handlers."""

    def __init__(self, services: Services, callers: Callers) -> None:
        self._ours = services
        self._callers = callers

    async def register(self, request: Request, _: Principal | None) -> Response:
        check_own_page(request)
        body = await read(request, Credentials, self._ours.limits)
        await self._ours.options.check_registration()
        signed = await self._ours.sessions.register(body.username, body.password, address_of(request))
        return self._signed(signed)

    async def login(self, request: Request, _: Principal | None) -> Response:
        check_own_page(request)
        body = await read(request, Credentials, self._ours.limits)
        signed = await self._ours.sessions.login(
            body.username, body.password, address_of(request), before=token_of(request)
        )
        return self._signed(signed)

    async def logout(self, request: Request, _: Principal | None) -> Response:
        """A GET there and so here; another site's page cannot have it sent with the cookie but by a link."""
        check_not_followed(request)
        if token := token_of(request):
            await self._ours.sessions.logout(token)
        answer = ok()
        keep(answer, "", self._ours.server, 0.0)
        return answer

    async def me(self, _: Request, by: Principal) -> Response:
        user = await self._callers.user(by)
        left, calls = await self._ours.standings.user(user), await self._ours.standings.calls([user.id])
        return ok(shown(user, left, calls.get(user.id, 0)))

    async def change(self, request: Request, by: Principal) -> Response:
        """A new password ends all sessions and begins one."""
        body = await read(request, SelfBody, self._ours.limits)
        user = await self._callers.user(by)
        if body.password:
            check_password(body.password)
        changes: dict[str, Any] = {}
        if body.username and body.username != user.username:
            changes["username"] = body.username
        for name in ("display_name", "email"):
            value = getattr(body, name)
            if value is not None and value != getattr(user, name):
                changes[name] = value
        if changes:
            await self._ours.users.change(by, user.id, changes)
        if not body.password:
            return ok()
        signed = await self._ours.sessions.change_password(
            by, body.original_password, body.password, address_of(request)
        )
        return self._signed(signed)

    async def new_token(self, _: Request, by: Principal) -> Response:
        """A new access token; the one before stops."""
        return ok(await self._ours.users.new_access_token(by, by.user_id))

    async def models(self, _: Request, by: Principal) -> Response:
        names = [model.id for model in self._ours.catalog.models() if self._ours.gate.may_use(by, model.id)]
        return ok(names)

    async def groups(self, _: Request, by: Principal | None) -> Response:
        """Groups that users may choose, and the caller's own; a ratio of 1 is the price as it is."""
        own = by.group if by else "default"
        return ok(
            {
                group.name: {
                    "ratio": plain(Decimal(group.ratio_ppm) / ONE_PPM),
                    "desc": group.description or group.name,
                }
                for group in await self._ours.groups.list()
                if group.open or group.name == own
            }
        )

    async def own_groups(self, request: Request, by: Principal) -> Response:
        return await self.groups(request, by)

    async def group_names(self, _: Request, by: Principal) -> Response:
        """GET /api/group/: every name that the caller may know."""
        return ok([group.name for group in await self._ours.groups.seen(by)])

    async def top_up(self, request: Request, by: Principal) -> Response:
        """Redeem a code: what it paid, in quota units."""
        body = await read(request, CodeBody, self._ours.limits)
        return ok(left_units(await self._ours.redemptions.redeem(by, body.key) * NANOS_PER_MICRO))

    def _signed(self, signed: SignedIn) -> Said:
        user = signed.user
        answer = ok(
            {
                "id": user.number,
                "username": user.username,
                "display_name": user.display_name or user.username,
                "role": ROLES[user.role],
                "status": state(disabled=user.disabled),
                "group": user.group_name,
            }
        )
        keep(answer, signed.token, self._ours.server, signed.lasts_s)
        return answer


def shown(user: UserRecord, left: Left, calls: int) -> dict[str, Any]:
    """A user as New API tells of one; what it has and we do not is empty."""
    return {
        "id": user.number,
        "username": user.username,
        "display_name": user.display_name or user.username,
        "role": ROLES[user.role],
        "status": state(disabled=user.disabled),
        "email": user.email,
        "group": user.group_name,
        "quota": left.units,
        "used_quota": left.used,
        "request_count": calls,
        "unlimited_quota": left.left_nanos is None,
        "created_time": int(user.created_at),
        "aff_code": "",
        "aff_count": 0,
        "aff_quota": 0,
        "aff_history_quota": 0,
        "inviter_id": 0,
        "setting": "",
        "remark": "",
    }
