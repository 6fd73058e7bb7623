"""Records of who may do what, and the port that keeps them.

Every write that changes something takes the ``Audit`` of it and adds it to the chain in the same transaction.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from openhearth.core.allowance import UNBOUNDED, Allowance
from openhearth.core.call import ONE_PPM
from openhearth.core.permissions import Role


class OrgRecord(msgspec.Struct, frozen=True):
    """A tenant. ``org_default`` is the operator's own."""

    id: str
    name: str
    created_at: float
    disabled: bool = False
    allowance: Allowance = UNBOUNDED


class UserRecord(msgspec.Struct, frozen=True):
    """Somebody who may sign in. ``number`` is the id that New API's forms use, given by the store (root has 1).

    ``password`` is an argon2 hash, empty for none; ``access_digest`` the HMAC of the access token, empty for none.
    ``allowance.quota_micros`` is what was ever paid in (``None``: needs not pay in); what is left is that less what the
    ledger charged. ``epoch`` changes when all sessions of the user must end.
    """

    id: str
    number: int
    org_id: str
    username: str
    created_at: float
    role: Role = Role.MEMBER
    email: str = ""
    display_name: str = ""
    group_name: str = "default"
    password: str = ""
    access_digest: str = ""
    disabled: bool = False
    epoch: int = 0
    allowance: Allowance = UNBOUNDED
    settings: dict[str, Any] = {}


class GroupRecord(msgspec.Struct, frozen=True):
    """A price class. ``ratio_ppm`` multiplies every cost (parts per million). ``models`` empty: all. ``allowance``
    binds each user of the group who has no bound of the kind of their own. ``open``: users may choose it themselves."""

    name: str
    ratio_ppm: int = ONE_PPM
    models: tuple[str, ...] = ()
    allowance: Allowance = UNBOUNDED
    description: str = ""
    open: bool = False


class ProjectRecord(msgspec.Struct, frozen=True):
    """A piece of work inside an organisation; its keys share files and other objects, and its budget."""

    id: str
    org_id: str
    name: str
    created_at: float
    archived: bool = False
    models: tuple[str, ...] = ()
    allowance: Allowance = UNBOUNDED


class SessionRecord(msgspec.Struct, frozen=True):
    """A signed-in browser. ``digest`` is the HMAC of the cookie's value."""

    digest: str
    user_id: str
    epoch: int
    created_at: float
    expires_at: float


class Audit(msgspec.Struct, frozen=True):
    """One administrative write, before it is chained. ``actor`` is a key or user id, or ``system``; ``change`` says
    what was set, without any secret: a secret shows as ``set``."""

    actor: str
    action: str
    object: str
    at: float
    org_id: str
    change: dict[str, Any] = {}


class AuditRecord(msgspec.Struct, frozen=True):
    """An entry of the chain. ``digest`` is SHA-256 over ``before`` (the last entry's digest) and the values here."""

    number: int
    actor: str
    action: str
    object: str
    at: float
    org_id: str
    change: dict[str, Any]
    before: str
    digest: str


class AccessRecords(Protocol):
    """Ids are unique in the whole database; whoever may only see one organisation gives its id."""

    async def add_org(self, org: OrgRecord, audit: Audit) -> None: ...

    async def org(self, org_id: str) -> OrgRecord | None: ...

    async def list_orgs(self) -> Sequence[OrgRecord]: ...

    async def change_org(self, org_id: str, changes: Mapping[str, Any], audit: Audit) -> OrgRecord | None: ...

    async def add_user(self, user: UserRecord, audit: Audit) -> UserRecord:
        """The record with its number. Raises Conflict (core.errors) for a username that is taken."""

    async def user(self, user_id: str) -> UserRecord | None: ...

    async def user_by_name(self, username: str) -> UserRecord | None: ...

    async def user_by_number(self, number: int) -> UserRecord | None: ...

    async def user_by_access_digest(self, digest: str) -> UserRecord | None: ...

    async def list_users(
        self, org_id: str | None, *, search: str = "", offset: int = 0, limit: int = 100
    ) -> tuple[Sequence[UserRecord], int]:
        """By number; and how many there are in all."""

    async def change_user(self, user_id: str, changes: Mapping[str, Any], audit: Audit) -> UserRecord | None: ...

    async def delete_user(self, user_id: str, audit: Audit) -> bool:
        """Their keys are disabled in the same transaction; what the ledger knows stays."""

    async def put_group(self, group: GroupRecord, audit: Audit) -> None: ...

    async def group(self, name: str) -> GroupRecord | None: ...

    async def list_groups(self) -> Sequence[GroupRecord]: ...

    async def delete_group(self, name: str, audit: Audit) -> bool:
        """Raises Conflict (core.errors, ``group_in_use``) while a user or a key is in it."""

    async def add_project(self, project: ProjectRecord, audit: Audit) -> None: ...

    async def project(self, project_id: str) -> ProjectRecord | None: ...

    async def list_projects(self, org_id: str | None) -> Sequence[ProjectRecord]: ...

    async def change_project(
        self, project_id: str, changes: Mapping[str, Any], audit: Audit
    ) -> ProjectRecord | None: ...

    async def put_model_allowance(self, model: str, allowance: Allowance, audit: Audit) -> None:
        """Bounds of one model for everybody together; an unbounded one is removed."""

    async def model_allowances(self) -> dict[str, Allowance]: ...

    async def top_up(self, user_id: str, effect: str, micros: int, audit: Audit) -> UserRecord | None:
        """Add to what the user paid in, with its postings (``user:ID`` plus, ``funding`` minus), once per ``effect``.

        A negative number takes back. ``None`` for no such user; a user without a quota gets one.
        """

    async def add_session(self, session: SessionRecord) -> None: ...

    async def session(self, digest: str) -> SessionRecord | None: ...

    async def end_session(self, digest: str) -> None: ...

    async def audit_entries(
        self, *, before: int | None = None, limit: int = 100, org_id: str = "", kinds: Sequence[str] = ()
    ) -> Sequence[AuditRecord]:
        """Newest first. ``org_id``: only this organisation's; ``kinds``: only actions that begin with one of them."""

    async def add_audit(self, audit: Audit) -> None:
        """For a write that is kept elsewhere (an option, a price)."""

    async def check_audit(self) -> int | None:
        """The number of the first entry that was tampered with or after which one is missing; ``None``: all is well."""
