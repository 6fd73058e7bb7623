"""What accounts ask of the store beside ``stores.ports.KeyRecords`` and ``stores.access_ports.AccessRecords``."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from openhearth.stores.access_ports import AccessRecords, Audit, GroupRecord, OrgRecord, UserRecord
from openhearth.stores.ports import KeyRecord, KeyRecords


class KeyAdminRecords(Protocol):
    """Keys one by one and by whose they are. ``None`` as an organisation or user means all."""

    async def key(self, key_id: str) -> KeyRecord | None: ...

    async def find_keys(
        self, org_id: str | None, user_id: str | None, *, search: str = "", offset: int = 0, limit: int = 100
    ) -> tuple[Sequence[KeyRecord], int]:
        """Oldest first, by a part of the name or the whole id; and how many there are in all."""

    async def rotate_key(self, new: KeyRecord, old_until: float, audit: Audit) -> KeyRecord | None:
        """Give the key of ``new.id`` the digest, hint and sealed text of ``new``. Its old digest finds it until
        ``old_until`` (unix seconds); older ones do no longer."""

    async def note_uses(self, uses: Mapping[str, float]) -> None:
        """When keys were last used (unix seconds, by id), unless a later time is there."""


class SealedRecords(Protocol):
    """Texts that the vault sealed, wherever they are kept."""

    async def sealed(self) -> Mapping[str, str]:
        """By the id of the target or key that each belongs to."""

    async def reseal(self, credentials: Mapping[str, str], audit: Audit) -> None:
        """Replace those of the ids given, all of them or none."""


class Founding(Protocol):
    """The start of a database."""

    async def found(self, root: UserRecord, org: OrgRecord, group: GroupRecord, audit: Audit) -> bool:
        """Make these as far as they are not there, with one entry in the log; True if ``root`` was made now."""


class AccountRecords(KeyRecords, KeyAdminRecords, AccessRecords, Founding, Protocol):
    """All that keys, users and sessions are made of."""
