"""Users: made, changed, disabled, paid in for, deleted; and what every installation begins with."""

import re
import secrets
import time
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from openhearth.accounts import rules
from openhearth.accounts.audit import told
from openhearth.accounts.callers import ACCESS_PREFIX, Callers
from openhearth.accounts.passwords import Passwords, random_password
from openhearth.accounts.principals import DEFAULT_GROUP, GROUP, ORG, ROOT
from openhearth.core.allowance import UNBOUNDED, Allowance
from openhearth.core.call import Principal
from openhearth.core.errors import Conflict, RequestError
from openhearth.core.ids import new_id
from openhearth.core.permissions import DEFAULT_ORG, ROOT_USER, Permission, Role
from openhearth.stores.access_ports import UserRecord
from openhearth.stores.key_ports import AccountRecords

_NAME_CHARS = 64
_TEXT_CHARS = 200
_NO_NAME = re.compile(r"[\s/\\?#%\x00-\x1f]")


class NewUser(msgspec.Struct, frozen=True):
    """``org_id`` empty: the maker's organisation. ``password`` empty: a random one is made and told once."""

    username: str
    password: str = ""
    role: Role = Role.MEMBER
    org_id: str = ""
    email: str = ""
    display_name: str = ""
    group_name: str = DEFAULT_GROUP
    allowance: Allowance = UNBOUNDED


class Users:
    """Everybody who may sign in. A user of another organisation is missing, for whoever does not operate."""

    def __init__(
        self,
        records: AccountRecords,
        callers: Callers,
        passwords: Passwords,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._records = records
        self._callers = callers
        self._passwords = passwords
        self._now = now

    async def found(self) -> str:
        """Make the default organisation and group, and root, where they are missing. Root's password if it was made
        now: it is kept nowhere in clear. Empty otherwise."""
        there = (
            await self._records.user(ROOT_USER),
            await self._records.org(ORG.id),
            await self._records.group(GROUP.name),
        )
        if all(there):
            return ""
        password = random_password()
        now = self._now()
        stored = await self._passwords.hashed(password) if there[0] is None else ""
        made = await self._records.found(
            msgspec.structs.replace(ROOT, created_at=now, password=stored),
            msgspec.structs.replace(ORG, created_at=now),
            GROUP,
            told(None, "platform.found", DEFAULT_ORG, {"user": ROOT_USER, "password": stored}, now=self._now),
        )
        return password if made else ""

    async def create(self, by: Principal | None, new: NewUser) -> tuple[UserRecord, str]:
        """The new user, and the password that was made for them. ``by`` ``None``: they registered themselves.

        Raises RequestError, Conflict for a name that is taken, Forbidden, NotFound for the organisation.
        """
        org_id = new.org_id or (by.org_id if by else DEFAULT_ORG)
        if by is not None:
            await self._check_org(by, org_id)
            rules.check_role(by, None, new.role)
        await self.check_group(by, new.group_name)
        made = "" if new.password else random_password()
        user = UserRecord(
            id=new_id("user"),
            number=0,
            org_id=org_id,
            username=username_of(new.username),
            created_at=self._now(),
            role=new.role,
            email=_text("email", new.email),
            display_name=_text("display_name", new.display_name),
            group_name=new.group_name,
            password=await self._passwords.hashed(new.password or made),
            allowance=new.allowance,
        )
        shown = {name: value for name, value in msgspec.structs.asdict(user).items() if value and name != "id"}
        audit = told(by, "user.create", user.id, shown, org_id=org_id, now=self._now)
        return await self._records.add_user(user, audit), made

    async def one(self, by: Principal, user_id: str) -> UserRecord:
        """By id, username or number. Raises NotFound, and Conflict for what is one's name and another's number."""
        found = [await self._records.user(user_id)]
        if found[0] is None:
            found = [await self._records.user_by_name(user_id)]
            if user_id.isascii() and user_id.isdigit() and len(user_id) < 10:
                found.append(await self._records.user_by_number(int(user_id)))
        seen = {user.id: user for user in found if user is not None and self._sees(by, user)}
        if not seen:
            raise rules.no_user(user_id)
        if len(seen) > 1:  # anybody may be called '7': that must not turn what is meant for user number 7 to them
            raise Conflict(
                f"'{user_id}' is the name of one user and the number of another: give the id.", code="ambiguous_user"
            )
        return next(iter(seen.values()))

    async def list(
        self, by: Principal, *, search: str = "", offset: int = 0, limit: int = 100, org_id: str = ""
    ) -> tuple[Sequence[UserRecord], int]:
        """Users that ``by`` may see, by number, and how many there are."""
        scope = rules.scope_of(by)
        if org_id and scope not in (None, org_id):
            return (), 0
        return await self._records.list_users(org_id or scope, search=search, offset=offset, limit=limit)

    async def change(self, by: Principal, user_id: str, changes: Mapping[str, Any]) -> UserRecord:
        """Set ``role``, ``email``, ``display_name``, ``group_name``, ``disabled``, ``username``, ``settings``, and what
        ``allowance`` (a mapping) names. Raises NotFound, Forbidden, RequestError and Conflict."""
        user = await self.one(by, user_id)
        rules.check_user(by, user)
        rules.check_own(by, changes)
        wanted = dict(changes)
        if "role" in wanted:
            rules.check_role(by, user, wanted["role"])
        if wanted.get("disabled"):
            rules.check_leaving(by, user)
        if wanted.get("group_name", user.group_name) != user.group_name:
            await self.check_group(by, wanted["group_name"])
        if "username" in wanted:
            wanted["username"] = username_of(wanted["username"])
        for name in ("email", "display_name"):
            if name in wanted:
                wanted[name] = _text(name, wanted[name])
        return await self._change(by, user, wanted, "user.change")

    async def delete(self, by: Principal, user_id: str) -> UserRecord:
        """Their keys stop; what the ledger knows stays. Raises NotFound and Forbidden."""
        user = await self.one(by, user_id)
        rules.check_user(by, user)
        rules.check_leaving(by, user)
        audit = told(by, "user.delete", user.id, {"username": user.username}, org_id=user.org_id, now=self._now)
        if not await self._records.delete_user(user.id, audit):
            raise rules.no_user(user_id)
        self._callers.forget_user(user.id)
        return user

    async def set_password(self, by: Principal, user_id: str, password: str = "") -> tuple[UserRecord, str]:
        """A new password (a random one if none is given); all their sessions end. Returns what was made.

        Raises NotFound, Forbidden and RequestError.
        """
        user = await self.one(by, user_id)
        rules.check_user(by, user)
        made = "" if password else random_password()
        stored = await self._passwords.hashed(password or made)
        # Another number than now, and than somebody else's who changes it in this moment: theirs are other sessions.
        epoch = (user.epoch + 1 + secrets.randbelow(2**30)) % 2**31
        changes = {"password": stored, "epoch": epoch}
        return await self._change(by, user, changes, "user.password"), made

    async def new_access_token(self, by: Principal, user_id: str) -> str:
        """A new access token, shown this once; the one before stops. Raises NotFound and Forbidden."""
        user = await self.one(by, user_id)
        rules.check_user(by, user)
        text = ACCESS_PREFIX + random_password() + random_password()
        await self._change(by, user, {"access_digest": self._callers.digest_of(text)}, "user.token")
        return text

    async def drop_access_token(self, by: Principal, user_id: str) -> None:
        """Raises NotFound and Forbidden."""
        user = await self.one(by, user_id)
        rules.check_user(by, user)
        await self._change(by, user, {"access_digest": ""}, "user.token")

    async def top_up(self, by: Principal, user_id: str, micros: int, effect: str = "") -> UserRecord:
        """Add to what the user has paid in; ``effect`` makes it count once. Raises NotFound and RequestError."""
        user = await self.one(by, user_id)
        effect = effect or new_id("topup")
        audit = told(
            by, "user.top_up", user.id, {"micros": micros, "effect": effect}, org_id=user.org_id, now=self._now
        )
        after = await self._records.top_up(user.id, effect, micros, audit)
        if after is None:
            raise rules.no_user(user_id)
        self._callers.forget_user(user.id)
        return after

    async def check_group(self, by: Principal | None, name: str) -> None:
        """Raises RequestError for a group there is not, Forbidden for one that ``by`` may not give."""
        if name == DEFAULT_GROUP and (by is None or by.may(Permission.ADMIN) or not await self._is_held(by)):
            return
        group = await self._records.group(name)
        if group is None:
            raise RequestError(f"There is no group '{name[:100]}'.", param="group", code="group_not_found")
        if by is not None:
            rules.check_group(by, group)

    async def _is_held(self, by: Principal) -> bool:
        """Whether an operator put ``by`` into a group of their choice: nobody leaves that by themselves, not even for
        the one that all begin in."""
        user = await self._records.user(by.user_id)
        if user is None or user.group_name == DEFAULT_GROUP:
            return False
        group = await self._records.group(user.group_name)
        return group is not None and not group.open

    async def _change(self, by: Principal, user: UserRecord, changes: Mapping[str, Any], action: str) -> UserRecord:
        audit = told(by, action, user.id, changes, org_id=user.org_id, now=self._now)
        after = await self._records.change_user(user.id, changes, audit)
        if after is None:
            raise rules.no_user(user.id)
        self._callers.forget_user(user.id)
        return after

    async def _check_org(self, by: Principal, org_id: str) -> None:
        if not rules.sees_org(by, org_id) or await self._records.org(org_id) is None:
            raise rules.no_org(org_id)

    def _sees(self, by: Principal, user: UserRecord) -> bool:
        if not by.may(Permission.ADMIN):
            return user.id == by.user_id
        return rules.sees_org(by, user.org_id)


def username_of(text: str) -> str:
    """The one form of a username: no two differ by case or by the form of their letters. Raises RequestError."""
    name = unicodedata.normalize("NFKC", text).strip().casefold()
    if not 0 < len(name) <= _NAME_CHARS or not name.isprintable() or _NO_NAME.search(name):
        raise RequestError(
            f"A username is 1 to {_NAME_CHARS} letters, digits or signs, without blanks and slashes.",
            param="username",
            code="invalid_value",
        )
    return name


def _text(name: str, text: str) -> str:
    if len(text) > _TEXT_CHARS or not text.isprintable():
        raise RequestError(f"'{name}' is at most {_TEXT_CHARS} printable characters.", param=name, code="invalid_value")
    return text
