"""What users and keys have left and have used, in quota units, as of now."""

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from openhearth.accounts.quota_units import UNLIMITED_UNITS, left_units, used_units
from openhearth.accounts.usage import Usage
from openhearth.core.allowance import NANOS_PER_MICRO
from openhearth.stores.access_ports import UserRecord
from openhearth.stores.newapi_ports import NewApiRecords, Token
from openhearth.stores.usage_ports import Scope

_EVER = 10.0**11  # unix seconds that nothing of ours reaches


class Left(msgspec.Struct, frozen=True):
    """``left_nanos`` ``None``: without bound."""

    used_nanos: int
    left_nanos: int | None

    @property
    def units(self) -> int:
        """What is left, rounded down."""
        return UNLIMITED_UNITS if self.left_nanos is None else left_units(self.left_nanos)

    @property
    def used(self) -> int:
        """Rounded up."""
        return used_units(self.used_nanos)


class Standings:
    """Reads what was settled; ``flushed`` waits until all calls that ended are."""

    def __init__(self, records: NewApiRecords, usage: Usage, flushed: Callable[[], Awaitable[object]]) -> None:
        self._records = records
        self._usage = usage
        self._flushed = flushed

    async def settle(self) -> None:
        """Calls that ended before are in what is read after."""
        await self._flushed()

    async def user(self, user: UserRecord) -> Left:
        await self._flushed()
        return (await self.users([user]))[user.id]

    async def users(self, users: Sequence[UserRecord]) -> dict[str, Left]:
        """By id."""
        spent = await self._records.spent([f"user:{user.id}" for user in users])
        return {user.id: left_of(spent[f"user:{user.id}"], user.allowance.quota_micros) for user in users}

    async def calls(self, user_ids: Sequence[str]) -> dict[str, int]:
        """How many calls each user made."""
        if not user_ids:
            return {}
        found = await self._usage.totals(Scope(users=tuple(user_ids)), 0.0, _EVER, ("user",))
        return {one.names[0]: one.calls for one in found}


def left_of(spent_nanos: int, quota_micros: int | None) -> Left:
    """What ``quota_micros`` leave."""
    return Left(spent_nanos, None if quota_micros is None else quota_micros * NANOS_PER_MICRO - spent_nanos)


def left_of_token(token: Token) -> Left:
    return left_of(token.spent_nanos, token.key.allowance.quota_micros)
