"""Redemption codes: made in batches by the operator, each pays into one account, once.

A code is an HMAC of its record's id under the installation's pepper: it can be shown again to whoever operates the
platform, and a stolen database holds none that could be used.
"""

import hmac
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from openhearth.accounts.audit import told
from openhearth.accounts.callers import Callers
from openhearth.core.call import Principal
from openhearth.core.errors import Conflict, NotFound, RequestError
from openhearth.core.ids import new_id
from openhearth.stores.access_ports import UserRecord
from openhearth.stores.newapi_ports import RedemptionRecord, RedemptionRecords

MOST_AT_ONCE = 100
_NAME_CHARS = 100
_MOST_MICROS = 10**12
_CODE_BYTES = 16
_CODE = re.compile(r"[0-9a-f]{32}")
_FOR_CODES = b"redemption code "
_FOR_DIGESTS = b"redemption digest "


class NewCodes(msgspec.Struct, frozen=True):
    """``count`` codes of ``micros`` each, good until ``expires_at`` (unix seconds; ``None``: for good)."""

    name: str
    micros: int
    count: int = 1
    expires_at: float | None = None


class Code(msgspec.Struct, frozen=True):
    """A record and the code that belongs to it."""

    record: RedemptionRecord
    text: str


class UserLookUp(Protocol):
    """``stores.access_ports.AccessRecords``."""

    async def user(self, user_id: str) -> UserRecord | None: ...


class Redemptions:
    """Makes, lists, changes and redeems codes. Whoever may do more than redeem operates the platform."""

    def __init__(
        self,
        records: RedemptionRecords,
        users: UserLookUp,
        callers: Callers,
        pepper: bytes,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._records = records
        self._users = users
        self._callers = callers
        self._pepper = pepper
        self._now = now

    async def create(self, by: Principal, new: NewCodes) -> Sequence[Code]:
        """Raises RequestError."""
        if not 1 <= new.count <= MOST_AT_ONCE:
            raise RequestError(f"'count' is 1 to {MOST_AT_ONCE} codes at once.", param="count", code="invalid_value")
        self._check({"name": new.name, "micros": new.micros, "expires_at": new.expires_at})
        made = [self._new(by, new) for _ in range(new.count)]
        change = {"name": new.name, "micros": new.micros, "count": new.count, "expires_at": new.expires_at}
        audit = told(by, "redemption.create", new.name, change, now=self._now)
        return [self._coded(one) for one in await self._records.add_redemptions(made, audit)]

    async def list(self, *, search: str = "", offset: int = 0, limit: int = 100) -> tuple[Sequence[Code], int]:
        """Newest first, and how many there are. ``search``: the beginning of a name, a number, or a whole code."""
        if _CODE.fullmatch(search):
            found = await self._records.redemption_by_digest(self._digest(search))
            return ([self._coded(found)], 1) if found else ([], 0)
        page, count = await self._records.list_redemptions(search=search, offset=offset, limit=limit)
        return [self._coded(one) for one in page], count

    async def one(self, number: int) -> Code:
        """Raises NotFound."""
        found = await self._records.redemption(number)
        if found is None:
            raise _missing(number)
        return self._coded(found)

    async def change(self, by: Principal, number: int, changes: Mapping[str, Any]) -> Code:
        """Set ``name``, ``micros``, ``expires_at``, ``disabled``. Raises NotFound, RequestError, and Conflict for a
        used code."""
        self._check(changes)
        before = (await self.one(number)).record
        audit = told(by, "redemption.change", before.id, changes, now=self._now)
        after = await self._records.change_redemption(number, changes, audit)
        if after is None:
            raise Conflict("This code was used: what it paid stays as it is told.", code="redemption_used")
        return self._coded(after)

    async def remove(self, by: Principal, number: int) -> None:
        """What it paid in stays. Raises NotFound."""
        before = (await self.one(number)).record
        change = {"name": before.name, "micros": before.micros, "used_by": before.used_by}
        if not await self._records.remove_redemptions([number], told(by, "redemption.delete", before.id, change)):
            raise _missing(number)

    async def remove_invalid(self, by: Principal) -> int:
        """Remove those that are used, disabled or expired; how many there were."""
        audit = told(by, "redemption.clean", "redemptions", now=self._now)
        return await self._records.remove_invalid_redemptions(self._now(), audit)

    async def redeem(self, by: Principal, text: str) -> int:
        """Pay into the caller's account; the micros. Raises NotFound for a code that cannot be used (any more), and
        Conflict for an account that needs no money."""
        text = text.strip().lower()
        digest = self._digest(text)
        found = await self._records.redemption_by_digest(digest) if _CODE.fullmatch(text) else None
        if found is None or found.used_by or found.disabled or (found.expires_at or self._now() + 1) <= self._now():
            raise _unusable()
        user = await self._users.user(by.user_id)
        if user is None or user.allowance.quota_micros is None:
            raise Conflict(
                "Your account has no quota: it pays in arrears and needs no code. The code is still good.",
                code="account_unbounded",
            )
        audit = told(by, "redemption.redeem", found.id, {"user": by.user_id}, now=self._now)
        if await self._records.redeem(digest, by.user_id, self._now(), audit) is None:
            raise _unusable()
        self._callers.forget_user(by.user_id)
        return found.micros

    def _new(self, by: Principal, new: NewCodes) -> RedemptionRecord:
        code_id = new_id("redeem")
        return RedemptionRecord(
            number=0,
            id=code_id,
            digest=self._digest(self._text(code_id)),
            name=new.name,
            micros=new.micros,
            made_by=by.user_id,
            created_at=self._now(),
            expires_at=new.expires_at,
        )

    def _check(self, changes: Mapping[str, Any]) -> None:
        name = changes.get("name", "code")
        if not name.strip() or len(name) > _NAME_CHARS or not name.isprintable():
            raise RequestError(f"'name' is 1 to {_NAME_CHARS} printable characters.", param="name")
        if not 0 < changes.get("micros", 1) <= _MOST_MICROS:
            raise RequestError("A code is worth more than nothing and at most a million dollars.", param="quota")
        expires_at = changes.get("expires_at")
        if expires_at is not None and expires_at <= self._now():
            raise RequestError("'expired_time' is past.", param="expired_time", code="invalid_value")

    def _coded(self, record: RedemptionRecord) -> Code:
        return Code(record, self._text(record.id))

    def _text(self, code_id: str) -> str:
        return hmac.digest(self._pepper, _FOR_CODES + code_id.encode(), "sha256")[:_CODE_BYTES].hex()

    def _digest(self, text: str) -> str:
        return hmac.digest(self._pepper, _FOR_DIGESTS + text.encode(), "sha256").hex()


def _missing(number: int) -> NotFound:
    return NotFound(f"There is no redemption code {number}.", code="not_found")


def _unusable() -> NotFound:
    return NotFound("This code is unknown, used, disabled or expired.", code="redemption_not_usable")
