"""/api/user for administrators: the users of their organisation, or of all for who operates the platform."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from openhearth.accounts import rules
from openhearth.accounts.passwords import check as check_password
from openhearth.accounts.quota_units import MICROS_PER_UNIT, UNLIMITED_UNITS, micros_of
from openhearth.accounts.users import NewUser, Users
from openhearth.config import Limits
from openhearth.core.allowance import UNBOUNDED, Allowance
from openhearth.core.call import Principal
from openhearth.core.errors import Forbidden, NotFound, RequestError
from openhearth.core.permissions import ROOT_USER, Permission, Role
from openhearth.stores.access_ports import AccessRecords, UserRecord
from openhearth.surfaces.newapi.envelope import Page, listed, number_in, ok, page_of, read
from openhearth.surfaces.newapi.standing import Standings
from openhearth.surfaces.newapi.terms import DISABLED, ENABLED, ROLE_OF, ROLES, state
from openhearth.surfaces.newapi.users import shown

_MOST_UNITS = 2 * UNLIMITED_UNITS  # what is shown of an unbounded account may be sent back
_MOST_FILTERED = 1000
_Units = Annotated[int, msgspec.Meta(ge=-_MOST_UNITS, le=_MOST_UNITS)]


class UserBody(msgspec.Struct, frozen=True):
    """Body of POST and PUT /api/user/. What a change leaves out stays."""

    id: int = 0
    username: str = ""
    password: str = ""
    display_name: str | None = None
    email: str | None = None
    role: int = 0
    status: int = 0
    group: str = ""
    quota: _Units | None = None


class ManageBody(msgspec.Struct, frozen=True):
    """Body of POST /api/user/manage."""

    action: str
    id: int = 0
    username: str = ""
    value: _Units = 0
    mode: str = ""


class UserAdmin:
    """The handlers."""

    def __init__(
        self, users: Users, records: AccessRecords, standings: Standings, limits: Limits, starting_micros: int
    ) -> None:
        self._users = users
        self._records = records
        self._standings = standings
        self._limits = limits
        self._starting_micros = starting_micros

    async def listing(self, request: Request, by: Principal) -> Response:
        """The newest first."""
        return await self._page(by, page_of(request), "")

    async def search(self, request: Request, by: Principal) -> Response:
        """By a part of the name or address (``keyword``), and by ``group``."""
        asked, page = request.query_params, page_of(request)
        keyword, group = asked.get("keyword", ""), asked.get("group", "")
        if keyword.isascii() and keyword.isdigit() and len(keyword) < 10:
            found = await self._by_number(by, int(keyword))
            if found is not None and (not group or found.group_name == group):
                return await self._told([found], 1, page)
        if not group:
            return await self._page(by, page, keyword)
        found_in, total = await self._users.list(by, search=keyword, limit=_MOST_FILTERED)
        if total > _MOST_FILTERED:
            raise RequestError("Too many users: give a part of the name as well.", param="keyword")
        those = [user for user in reversed(found_in) if user.group_name == group]
        return await self._told(those[page.offset : page.offset + page.size], len(those), page)

    async def one(self, request: Request, by: Principal) -> Response:
        (row,) = await self._rows([await self._seen(by, number_in(request, "user"))])
        return ok(row)

    async def create(self, request: Request, by: Principal) -> Response:
        """They begin with as much as whoever registers (``access.starting_micros``)."""
        body = await read(request, UserBody, self._limits)
        if not body.password:
            raise RequestError("Give a password.", param="password", code="invalid_password")
        is_bound = self._starting_micros >= 0
        starting = Allowance(quota_micros=self._starting_micros) if is_bound else UNBOUNDED
        units = self._starting_micros // MICROS_PER_UNIT if is_bound else UNLIMITED_UNITS
        if body.quota and body.quota != units:
            self._check_money(by)
        new = NewUser(
            username=body.username,
            password=body.password,
            role=_role(body.role) if body.role else Role.MEMBER,
            email=body.email or "",
            display_name=body.display_name or "",
            group_name=body.group or "default",
            allowance=starting,
        )
        user, _ = await self._users.create(by, new)
        if body.quota:
            user = await self._set_quota(by, user, body.quota)
        (row,) = await self._rows([user])
        return ok(row)

    async def change(self, request: Request, by: Principal) -> Response:
        body = await read(request, UserBody, self._limits)
        user = await self._seen(by, body.id)
        changes = _changes(body, user)
        if body.quota is not None:
            await self._missing(by, user, body.quota)
        if body.password:
            check_password(body.password)
        if changes:
            user = await self._users.change(by, user.id, changes)
        if body.password:
            user, _ = await self._users.set_password(by, user.id, body.password)
        if body.quota is not None:
            user = await self._set_quota(by, user, body.quota)
        (row,) = await self._rows([user])
        return ok(row)

    async def delete(self, request: Request, by: Principal) -> Response:
        user = await self._seen(by, number_in(request, "user"))
        await self._users.delete(by, user.id)
        return ok()

    async def manage(self, request: Request, by: Principal) -> Response:
        """``enable``, ``disable``, ``delete``, ``promote``, ``demote``, ``add_quota``."""
        body = await read(request, ManageBody, self._limits)
        user = await self._seen(by, body.id) if body.id else await self._named(by, body.username)
        if body.action == "delete":
            await self._users.delete(by, user.id)
        elif body.action == "add_quota":
            user = await self._add_quota(by, user, body)
        elif body.action in _ACTIONS:
            user = await self._users.change(by, user.id, _ACTIONS[body.action])
        else:
            known = ", ".join((*_ACTIONS, "delete", "add_quota"))
            raise RequestError(f"'action' is one of {known}.", param="action", code="invalid_value")
        return ok({"role": ROLES[user.role], "status": state(disabled=user.disabled)})

    async def _add_quota(self, by: Principal, user: UserRecord, body: ManageBody) -> UserRecord:
        if body.mode == "override":
            return await self._set_quota(by, user, body.value)
        if body.value <= 0 or body.mode not in ("add", "subtract"):
            raise RequestError("'mode' is add, subtract or override, 'value' more than 0.", param="value")
        self._check_money(by)
        if user.allowance.quota_micros is None:
            raise RequestError(
                "This user has no quota to add to: they pay in arrears. Mode 'override' gives them one.", param="mode"
            )
        micros = micros_of(body.value)
        return await self._users.top_up(by, user.id, micros if body.mode == "add" else -micros)

    async def _set_quota(self, by: Principal, user: UserRecord, units: int) -> UserRecord:
        """Money is never set, only moved: the difference to what is left is paid in, or taken back."""
        micros = await self._missing(by, user, units)
        return await self._users.top_up(by, user.id, micros) if micros else user

    async def _missing(self, by: Principal, user: UserRecord, units: int) -> int:
        """The micros from what is left to ``units``. Raises Forbidden and RequestError where nobody may move them."""
        left = await self._standings.user(user)
        if units == left.units:
            return 0
        self._check_money(by)
        if user.id == ROOT_USER and left.left_nanos is None:
            raise RequestError(
                "The first user pays in arrears, so that nobody is locked out. 'openhearth user change root --quota' "
                "sets one all the same.",
                param="quota",
            )
        return micros_of(units + left.used if left.left_nanos is None else units - left.units)

    def _check_money(self, by: Principal) -> None:
        """Raises Forbidden: paying in is for who operates the platform, not for a tenant's administrators."""
        if not by.may(Permission.OPERATE):
            raise Forbidden("Only operators pay into accounts.", param="quota", code="not_permitted")

    async def _page(self, by: Principal, page: Page, search: str) -> Response:
        """Our records list the oldest first, this form the newest."""
        _, total = await self._users.list(by, search=search, limit=1)
        start = max(0, total - page.offset - page.size)
        size = max(0, total - page.offset - start)
        found: Sequence[UserRecord] = ()
        if size:
            found, _ = await self._users.list(by, search=search, offset=start, limit=size)
        return await self._told(list(reversed(found)), total, page)

    async def _told(self, users: Sequence[UserRecord], total: int, page: Page) -> Response:
        return listed(await self._rows(users), total, page)

    async def _rows(self, users: Sequence[UserRecord]) -> list[dict[str, Any]]:
        await self._standings.settle()
        left = await self._standings.users(users)
        calls = await self._standings.calls([user.id for user in users])
        return [shown(user, left[user.id], calls.get(user.id, 0)) for user in users]

    async def _seen(self, by: Principal, number: int) -> UserRecord:
        """Raises NotFound, for those of other organisations too."""
        found = await self._by_number(by, number)
        if found is None:
            raise NotFound(f"There is no user {number}.", code="not_found")
        return found

    async def _by_number(self, by: Principal, number: int) -> UserRecord | None:
        """A user that is there for ``by``."""
        found = await self._records.user_by_number(number) if 0 < number < 2**31 else None
        return found if found is not None and rules.sees_org(by, found.org_id) else None

    async def _named(self, by: Principal, username: str) -> UserRecord:
        """one-api names users where New API gives their numbers."""
        return await self._users.one(by, username)


_ACTIONS: dict[str, dict[str, Any]] = {
    "enable": {"disabled": False},
    "disable": {"disabled": True},
    "promote": {"role": Role.ADMIN},
    "demote": {"role": Role.MEMBER},
}


def _changes(body: UserBody, user: UserRecord) -> dict[str, Any]:
    """What the body says and is not so already: clients send back all that they read."""
    said: dict[str, Any] = {"username": body.username or None, "display_name": body.display_name, "email": body.email}
    said["group_name"] = body.group or None
    if body.role:
        said["role"] = _role(body.role)
    if body.status:
        said["disabled"] = _is_disabled(body.status)
    if body.display_name == user.username and not user.display_name:
        said["display_name"] = None
    return {name: value for name, value in said.items() if value is not None and value != getattr(user, name)}


def _role(number: int) -> Role:
    if number not in ROLE_OF:
        raise RequestError("'role' is 1 (user), 10 (admin) or 100 (root).", param="role", code="invalid_value")
    return ROLE_OF[number]


def _is_disabled(status: int) -> bool:
    if status not in (ENABLED, DISABLED):
        raise RequestError("'status' is 1 (enabled) or 2 (disabled).", param="status", code="invalid_value")
    return status == DISABLED
