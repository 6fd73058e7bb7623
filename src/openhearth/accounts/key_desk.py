"""Keys as somebody signed in, or an administrator, makes and changes them: whose, for what, and by what right."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from openhearth.accounts import rules
from openhearth.accounts.keys import Keys, shown
from openhearth.accounts.principals import ROOT
from openhearth.accounts.users import Users
from openhearth.core.allowance import UNBOUNDED, Allowance
from openhearth.core.call import Principal
from openhearth.core.errors import Conflict, Forbidden, NotFound
from openhearth.core.permissions import ROOT_USER, Permission
from openhearth.stores.access_ports import UserRecord
from openhearth.stores.key_ports import AccountRecords
from openhearth.stores.ports import KeyRecord

_MOST_OVERLAP_S = 30 * 86_400.0


class NewKey(msgspec.Struct, frozen=True):
    """``user``: whose key it is (id, username or number; empty: the maker's own). ``owner``: who owns what it makes
    (empty: its project, or the key itself); only operators may say so, since it opens what others own."""

    name: str
    user: str = ""
    owner: str = ""
    is_admin: bool = False
    expires_at: float | None = None
    models: tuple[str, ...] = ()
    moderate: str = "off"
    project_id: str = ""
    group_name: str = ""
    operations: tuple[str, ...] = ()
    ips: tuple[str, ...] = ()
    allowance: Allowance = UNBOUNDED
    cache_s: int = 0


class KeyDesk:
    """Members handle their own keys, administrators those of their organisation, operators all."""

    def __init__(self, keys: Keys, users: Users, records: AccountRecords) -> None:
        self._keys = keys
        self._users = users
        self._records = records

    async def create(self, by: Principal, new: NewKey) -> tuple[KeyRecord, str]:
        """The key and its text, shown this once. Raises Forbidden, NotFound and RequestError."""
        user = await self._user(by, new.user or by.user_id)
        await self._check(by, user.org_id, msgspec.structs.asdict(new))
        fields = {name: getattr(new, name) for name in NewKey.__struct_fields__ if name not in ("user", "owner")}
        record, text = await self._keys.create(
            **fields, owner=new.owner or None, user_id=user.id, org_id=user.org_id, by=by
        )
        return shown(record), text

    async def one(self, by: Principal, key_id: str) -> KeyRecord:
        """Raises NotFound."""
        record = await self._keys.one(key_id)
        if record is None or not rules.sees_key(by, record):
            raise rules.no_key(key_id)
        return record

    async def list(
        self, by: Principal, *, user_id: str = "", search: str = "", offset: int = 0, limit: int = 100
    ) -> tuple[Sequence[KeyRecord], int]:
        """Keys that ``by`` may see, of one user (id, username or number) or of all, oldest first, and how many there
        are. Raises Conflict as ``Users.one``."""
        if not by.may(Permission.ADMIN):
            user_id = by.user_id
        elif user_id:
            user_id = await self._id_of(by, user_id)
        found, count = await self._records.find_keys(
            rules.scope_of(by), user_id or None, search=search, offset=offset, limit=limit
        )
        return [msgspec.structs.replace(shown(record), used_at=self.used_at(record)) for record in found], count

    def used_at(self, record: KeyRecord) -> float | None:
        """When the key was last used, to a minute; ``None``: never."""
        return self._keys.used_at(record)

    async def change(self, by: Principal, key_id: str, changes: Mapping[str, Any]) -> KeyRecord:
        """Set fields of ``NewKey`` but ``user``, and ``disabled``; ``allowance`` is a mapping of bounds to change.

        Raises Forbidden, NotFound and RequestError.
        """
        record = await self._mine(by, key_id)
        if changes.get("disabled") or changes.get("is_admin") is False:
            _check_other(by, record)
        group = changes.get("group_name")  # the one that it is in is not asked for anew
        asked = changes if group != record.group_name else {**changes, "group_name": ""}
        await self._check(by, record.org_id, asked)
        changes = {name: value or record.id if name == "owner" else value for name, value in changes.items()}
        return self._found(key_id, await self._keys.change(key_id, changes, by))

    async def disable(self, by: Principal, key_id: str) -> None:
        """Raises Forbidden and NotFound."""
        _check_other(by, await self._mine(by, key_id))
        if not await self._keys.disable(key_id, by):
            raise rules.no_key(key_id)

    async def enable(self, by: Principal, key_id: str) -> None:
        """Raises Forbidden and NotFound."""
        await self._mine(by, key_id)
        if not await self._keys.enable(key_id, by):
            raise rules.no_key(key_id)

    async def rotate(self, by: Principal, key_id: str, overlap_s: float = 0.0) -> tuple[KeyRecord, str]:
        """A new secret for the same key. Raises Forbidden and NotFound."""
        await self._mine(by, key_id)
        rotated = await self._keys.rotate(key_id, overlap_s=min(overlap_s, _MOST_OVERLAP_S), by=by)
        if rotated is None:
            raise rules.no_key(key_id)
        return rotated

    async def _mine(self, by: Principal, key_id: str) -> KeyRecord:
        """A key that ``by`` may change."""
        record = await self.one(by, key_id)
        user = await self._records.user(record.user_id) or (ROOT if record.user_id == ROOT_USER else None)
        if user is not None:
            rules.check_user(by, user)
        return record

    async def _user(self, by: Principal, name: str) -> UserRecord:
        """Whose key it is to be. Root always is there."""
        if name == by.user_id == ROOT_USER:
            return await self._records.user(ROOT_USER) or ROOT
        user = await self._users.one(by, name)
        rules.check_user(by, user)
        return user

    async def _id_of(self, by: Principal, name: str) -> str:
        """The user's id; that of somebody deleted is known by their keys alone."""
        try:
            return (await self._users.one(by, name)).id
        except NotFound:
            return name

    async def _check(self, by: Principal, org_id: str, changes: Mapping[str, Any]) -> None:
        if changes.get("owner") and not by.may(Permission.OPERATE):
            raise Forbidden("Only operators say whose objects a key opens.", param="owner", code="not_permitted")
        if changes.get("group_name"):
            await self._users.check_group(by, changes["group_name"])
        if changes.get("project_id"):
            await self._check_project(by, org_id, changes["project_id"])

    async def _check_project(self, by: Principal, org_id: str, project_id: str) -> None:
        if not by.may(Permission.ADMIN):
            raise Forbidden("An administrator puts keys into projects.", param="project", code="not_permitted")
        project = await self._records.project(project_id)
        if project is None or project.org_id != org_id:
            raise rules.no_project(project_id)

    def _found(self, key_id: str, record: KeyRecord | None) -> KeyRecord:
        if record is None:
            raise rules.no_key(key_id)
        return record


def _check_other(by: Principal, record: KeyRecord) -> None:
    """Raises Conflict for the very key that asks: the command line, for one, would have no other way back."""
    if record.id == by.key_id:
        raise Conflict(
            "This is the key you are calling with: sign in or use another one to stop it, or rotate it.", code="own_key"
        )
