"""New API's records of one database: each question handed to its query, in the right thread."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError
from typing_extensions import override

from openhearth.stores.access_ports import Audit, UserRecord
from openhearth.stores.newapi_ports import (
    AnnouncementRecord,
    ChannelRecord,
    Names,
    NewApiRecords,
    RedemptionRecord,
    Token,
)
from openhearth.stores.sql import newapi_numbers as numbers
from openhearth.stores.sql import newapi_redemptions as redemptions
from openhearth.stores.sql.database import Database

_P = ParamSpec("_P")
_R = TypeVar("_R")
_MOST_TRIES = 5


class SqlNewApi(NewApiRecords):
    """SQLite or PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @override
    async def add_redemptions(self, new: Sequence[RedemptionRecord], audit: Audit) -> Sequence[RedemptionRecord]:
        return await self._database.write(redemptions.add_redemptions, new, audit)

    @override
    async def redemption(self, number: int) -> RedemptionRecord | None:
        return await self._database.read(redemptions.redemption, number)

    @override
    async def redemption_by_digest(self, digest: str) -> RedemptionRecord | None:
        return await self._database.read(redemptions.redemption_by_digest, digest)

    @override
    async def list_redemptions(
        self, *, search: str = "", offset: int = 0, limit: int = 100
    ) -> tuple[Sequence[RedemptionRecord], int]:
        return await self._database.read(redemptions.list_redemptions, search=search, offset=offset, limit=limit)

    @override
    async def change_redemption(self, number: int, changes: Mapping[str, Any], audit: Audit) -> RedemptionRecord | None:
        return await self._database.write(redemptions.change_redemption, number, changes, audit)

    @override
    async def remove_redemptions(self, numbers: Sequence[int], audit: Audit) -> int:
        return await self._database.write(redemptions.remove_redemptions, numbers, audit)

    @override
    async def remove_invalid_redemptions(self, now: float, audit: Audit) -> int:
        return await self._database.write(redemptions.remove_invalid_redemptions, now, audit)

    @override
    async def redeem(self, digest: str, user_id: str, now: float, audit: Audit) -> UserRecord | None:
        return await self._database.write(redemptions.redeem, digest, user_id, now, audit)

    @override
    async def add_announcement(self, new: AnnouncementRecord, audit: Audit) -> AnnouncementRecord:
        return await self._database.write(redemptions.add_announcement, new, audit)

    @override
    async def announcement(self, number: int) -> AnnouncementRecord | None:
        return await self._database.read(redemptions.announcement, number)

    @override
    async def list_announcements(
        self, current_at: float | None = None, *, offset: int = 0, limit: int = 100
    ) -> tuple[Sequence[AnnouncementRecord], int]:
        return await self._database.read(redemptions.list_announcements, current_at, offset=offset, limit=limit)

    @override
    async def change_announcement(
        self, number: int, changes: Mapping[str, Any], audit: Audit
    ) -> AnnouncementRecord | None:
        return await self._database.write(redemptions.change_announcement, number, changes, audit)

    @override
    async def remove_announcement(self, number: int, audit: Audit) -> bool:
        return await self._database.write(redemptions.remove_announcement, number, audit)

    @override
    async def channels(self) -> Mapping[int, ChannelRecord]:
        return await self._database.read(numbers.channels)

    @override
    async def channel_of(self) -> Mapping[str, int]:
        return await self._database.read(numbers.channel_of)

    @override
    async def add_channel(
        self, new: ChannelRecord, target_ids: Iterable[str], audit: Audit | None = None
    ) -> ChannelRecord:
        return await self._write(numbers.add_channel, new, list(target_ids), audit)

    @override
    async def change_channel(self, number: int, changes: Mapping[str, Any], audit: Audit | None = None) -> None:
        await self._database.write(numbers.change_channel, number, changes, audit)

    @override
    async def join_channel(self, number: int, target_id: str) -> None:
        await self._write(numbers.join_channel, number, target_id)

    @override
    async def leave_channel(self, target_ids: Iterable[str]) -> None:
        await self._database.write(numbers.leave_channel, list(target_ids))

    @override
    async def options(self, prefix: str) -> dict[str, str]:
        return await self._database.read(numbers.options, prefix)

    @override
    async def tokens(
        self, user_id: str, *, search: str = "", digest: str = "", offset: int = 0, limit: int = 100
    ) -> tuple[Sequence[Token], int]:
        await self._number(user_id)
        asked = {"search": search, "digest": digest}
        return await self._database.read(numbers.tokens, user_id, **asked, offset=offset, limit=limit)

    @override
    async def token(self, number: int) -> Token | None:
        return await self._database.read(numbers.token, number)

    @override
    async def token_of(self, key_id: str) -> Token | None:
        await self._number(None, [key_id])
        return await self._database.read(numbers.token_of, key_id)

    @override
    async def drop_token(self, key_id: str, audit: Audit) -> None:
        await self._number(None, [key_id])
        await self._database.write(numbers.drop_token, key_id, audit)

    @override
    async def spent(self, counters: Iterable[str]) -> dict[str, int]:
        return await self._database.read(numbers.spent, list(counters))

    @override
    async def names(self, users: Iterable[str], keys: Iterable[str], targets: Iterable[str]) -> Names:
        key_ids = list(keys)
        await self._number(None, key_ids)
        return await self._database.read(numbers.names, list(users), key_ids, list(targets))

    @override
    async def keys_named(self, name: str, user_ids: Sequence[str]) -> Sequence[str]:
        return await self._database.read(numbers.keys_named, name, user_ids)

    async def _number(self, user_id: str | None, key_ids: Sequence[str] = ()) -> None:
        """Reading comes first: nearly always there is nothing to write."""
        if not await self._database.read(numbers.has_numbers, user_id, key_ids):
            await self._write(numbers.number_keys, user_id, key_ids)

    async def _write(self, work: Callable[Concatenate[Connection, _P], _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """Once more when another process was quicker to give the next number."""
        for left in range(_MOST_TRIES, 0, -1):
            try:
                return await self._database.write(work, *args, **kwargs)
            except IntegrityError:
                if left == 1:
                    raise
        raise AssertionError("the last try returns or raises")
