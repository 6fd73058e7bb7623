"""What New API's forms need beside our own records: codes that pay in, announcements, numbers in place of our ids, and
the channels that several targets make up.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from openhearth.stores.access_ports import Audit, UserRecord
from openhearth.stores.ports import KeyRecord

Numbered = Literal["key"]


class RedemptionRecord(msgspec.Struct, frozen=True):
    """A code that pays ``micros`` into one account, once. The code itself is not kept: ``digest`` finds it, and whoever
    has the pepper can make it again from ``id``. ``used_by`` is a user's id, empty while it is unused."""

    number: int
    id: str
    digest: str
    name: str
    micros: int
    made_by: str
    created_at: float
    expires_at: float | None = None
    disabled: bool = False
    used_by: str = ""
    used_at: float | None = None


class AnnouncementRecord(msgspec.Struct, frozen=True):
    """Something the operator tells everybody from ``starts_at`` to ``ends_at`` (``None``: for good), in Markdown."""

    number: int
    title: str
    content: str
    description: str
    tag: str
    pinned: bool
    starts_at: float
    ends_at: float | None
    created_at: float
    created_by: str


class ChannelRecord(msgspec.Struct, frozen=True):
    """One channel of New API's: the name and marks of several targets. ``kind`` is New API's number of the provider."""

    number: int
    name: str
    kind: int
    tag: str
    remark: str
    test_model: str
    created_at: float
    tested_at: float = 0.0
    test_ms: int = 0


class Token(msgspec.Struct, frozen=True):
    """A key with its number, and what it spent in all."""

    key: KeyRecord
    number: int
    spent_nanos: int


class Named(msgspec.Struct, frozen=True):
    """The number and the name that New API's forms show for something of ours."""

    number: int
    name: str


class Names(msgspec.Struct, frozen=True):
    """By our ids. What is gone is missing here."""

    users: dict[str, Named]
    keys: dict[str, Named]
    channels: dict[str, Named]


class RedemptionRecords(Protocol):
    async def add_redemptions(self, new: Sequence[RedemptionRecord], audit: Audit) -> Sequence[RedemptionRecord]:
        """All or none; with the numbers that the store gives."""

    async def redemption(self, number: int) -> RedemptionRecord | None: ...

    async def redemption_by_digest(self, digest: str) -> RedemptionRecord | None: ...

    async def list_redemptions(
        self, *, search: str = "", offset: int = 0, limit: int = 100
    ) -> tuple[Sequence[RedemptionRecord], int]:
        """Newest first, by the beginning of the name or the number; and how many there are in all."""

    async def change_redemption(self, number: int, changes: Mapping[str, Any], audit: Audit) -> RedemptionRecord | None:
        """``None`` also for a code that is used: what was paid stays as it is told."""

    async def remove_redemptions(self, numbers: Sequence[int], audit: Audit) -> int: ...

    async def remove_invalid_redemptions(self, now: float, audit: Audit) -> int:
        """Those that are used, disabled or expired. How many there were."""

    async def redeem(self, digest: str, user_id: str, now: float, audit: Audit) -> UserRecord | None:
        """Use the code and pay in, in one transaction: of two who try at once, one gets ``None``. So does whoever tries
        a code that is unknown, used, disabled or expired, or pays in for no user."""


class AnnouncementRecords(Protocol):
    async def add_announcement(self, new: AnnouncementRecord, audit: Audit) -> AnnouncementRecord:
        """With the number that the store gives."""

    async def announcement(self, number: int) -> AnnouncementRecord | None: ...

    async def list_announcements(
        self, current_at: float | None = None, *, offset: int = 0, limit: int = 100
    ) -> tuple[Sequence[AnnouncementRecord], int]:
        """Pinned ones first, then newest first; with ``current_at`` those that are told then. And how many in all."""

    async def change_announcement(
        self, number: int, changes: Mapping[str, Any], audit: Audit
    ) -> AnnouncementRecord | None: ...

    async def remove_announcement(self, number: int, audit: Audit) -> bool: ...


class ChannelRecords(Protocol):
    async def channels(self) -> Mapping[int, ChannelRecord]: ...

    async def channel_of(self) -> Mapping[str, int]:
        """The number of the channel that each target belongs to."""

    async def add_channel(
        self, new: ChannelRecord, target_ids: Iterable[str], audit: Audit | None = None
    ) -> ChannelRecord:
        """With the number that the store gives. A target that belongs to a channel already stays there. ``audit`` is
        told for what somebody made, and not for a target that is numbered when it is first seen."""

    async def change_channel(self, number: int, changes: Mapping[str, Any], audit: Audit | None = None) -> None:
        """Without ``audit`` for what a test found."""

    async def join_channel(self, number: int, target_id: str) -> None: ...

    async def leave_channel(self, target_ids: Iterable[str]) -> None:
        """A channel without targets is removed with them; its number is never given again."""


class NewApiRecords(RedemptionRecords, AnnouncementRecords, ChannelRecords, Protocol):
    """All of it, and questions that New API's forms put over several of our tables."""

    async def options(self, prefix: str) -> dict[str, str]:
        """Every setting whose name begins with ``prefix``, without it."""

    async def tokens(
        self, user_id: str, *, search: str = "", digest: str = "", offset: int = 0, limit: int = 100
    ) -> tuple[Sequence[Token], int]:
        """Keys of a user that were not dropped, newest first, numbered; by a part of the name, or by digest."""

    async def token(self, number: int) -> Token | None: ...

    async def token_of(self, key_id: str) -> Token | None: ...

    async def drop_token(self, key_id: str, audit: Audit) -> None:
        """Show this key in New API's form no longer; its number is never given again."""

    async def spent(self, counters: Iterable[str]) -> dict[str, int]:
        """Nanos charged in all, by counter (``user:ID``, ``key:ID``); 0 for one that never was."""

    async def names(self, users: Iterable[str], keys: Iterable[str], targets: Iterable[str]) -> Names: ...

    async def keys_named(self, name: str, user_ids: Sequence[str]) -> Sequence[str]:
        """Ids of keys with exactly this name, of these users (none: of all); at most a thousand."""
