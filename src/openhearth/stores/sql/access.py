"""The records of who may do what: each port method handed to its query, in the right thread."""

from collections.abc import Mapping, Sequence
from typing import Any

from typing_extensions import override

from openhearth.core.allowance import Allowance
from openhearth.stores.access_ports import (
    AccessRecords,
    Audit,
    AuditRecord,
    GroupRecord,
    OrgRecord,
    ProjectRecord,
    SessionRecord,
    UserRecord,
)
from openhearth.stores.key_ports import Founding, KeyAdminRecords, SealedRecords
from openhearth.stores.ports import KeyRecord
from openhearth.stores.sql import access_rows, access_users, audit, keys, targets
from openhearth.stores.sql.database import Database


class SqlAccess(AccessRecords, KeyAdminRecords, SealedRecords, Founding):
    """Organisations, users, groups, projects, sessions, keys by whose they are, and the audit log."""

    database: Database

    @override
    async def key(self, key_id: str) -> KeyRecord | None:
        return await self.database.read(keys.key, key_id)

    @override
    async def find_keys(
        self, org_id: str | None, user_id: str | None, *, search: str = "", offset: int = 0, limit: int = 100
    ) -> tuple[Sequence[KeyRecord], int]:
        return await self.database.read(keys.find_keys, org_id, user_id, search=search, offset=offset, limit=limit)

    @override
    async def note_uses(self, uses: Mapping[str, float]) -> None:
        await self.database.write(keys.note_uses, uses)

    @override
    async def rotate_key(self, new: KeyRecord, old_until: float, audit: Audit) -> KeyRecord | None:
        return await self.database.write(keys.rotate_key, new, old_until, audit)

    @override
    async def sealed(self) -> dict[str, str]:
        return await self.database.read(targets.sealed)

    @override
    async def found(self, root: UserRecord, org: OrgRecord, group: GroupRecord, audit: Audit) -> bool:
        return await self.database.write(access_users.found, root, org, group, audit)

    @override
    async def reseal(self, credentials: Mapping[str, str], audit: Audit) -> None:
        await self.database.write(targets.reseal, credentials, audit)

    @override
    async def add_org(self, org: OrgRecord, audit: Audit) -> None:
        await self.database.write(access_rows.add_org, org, audit)

    @override
    async def org(self, org_id: str) -> OrgRecord | None:
        return await self.database.read(access_rows.org, org_id)

    @override
    async def list_orgs(self) -> Sequence[OrgRecord]:
        return await self.database.read(access_rows.list_orgs)

    @override
    async def change_org(self, org_id: str, changes: Mapping[str, Any], audit: Audit) -> OrgRecord | None:
        return await self.database.write(access_rows.change_org, org_id, changes, audit)

    @override
    async def add_user(self, user: UserRecord, audit: Audit) -> UserRecord:
        return await self.database.write(access_users.add_user, user, audit)

    @override
    async def user(self, user_id: str) -> UserRecord | None:
        return await self.database.read(access_users.user, user_id)

    @override
    async def user_by_name(self, username: str) -> UserRecord | None:
        return await self.database.read(access_users.user_by_name, username)

    @override
    async def user_by_number(self, number: int) -> UserRecord | None:
        return await self.database.read(access_users.user_by_number, number)

    @override
    async def user_by_access_digest(self, digest: str) -> UserRecord | None:
        return await self.database.read(access_users.user_by_access_digest, digest)

    @override
    async def list_users(
        self, org_id: str | None, *, search: str = "", offset: int = 0, limit: int = 100
    ) -> tuple[Sequence[UserRecord], int]:
        return await self.database.read(access_users.list_users, org_id, search=search, offset=offset, limit=limit)

    @override
    async def change_user(self, user_id: str, changes: Mapping[str, Any], audit: Audit) -> UserRecord | None:
        return await self.database.write(access_users.change_user, user_id, changes, audit)

    @override
    async def delete_user(self, user_id: str, audit: Audit) -> bool:
        return await self.database.write(access_users.delete_user, user_id, audit)

    @override
    async def put_group(self, group: GroupRecord, audit: Audit) -> None:
        await self.database.write(access_rows.put_group, group, audit)

    @override
    async def group(self, name: str) -> GroupRecord | None:
        return await self.database.read(access_rows.group, name)

    @override
    async def list_groups(self) -> Sequence[GroupRecord]:
        return await self.database.read(access_rows.list_groups)

    @override
    async def delete_group(self, name: str, audit: Audit) -> bool:
        return await self.database.write(access_rows.delete_group, name, audit)

    @override
    async def add_project(self, project: ProjectRecord, audit: Audit) -> None:
        await self.database.write(access_rows.add_project, project, audit)

    @override
    async def project(self, project_id: str) -> ProjectRecord | None:
        return await self.database.read(access_rows.project, project_id)

    @override
    async def list_projects(self, org_id: str | None) -> Sequence[ProjectRecord]:
        return await self.database.read(access_rows.list_projects, org_id)

    @override
    async def change_project(self, project_id: str, changes: Mapping[str, Any], audit: Audit) -> ProjectRecord | None:
        return await self.database.write(access_rows.change_project, project_id, changes, audit)

    @override
    async def put_model_allowance(self, model: str, allowance: Allowance, audit: Audit) -> None:
        await self.database.write(access_rows.put_model_allowance, model, allowance, audit)

    @override
    async def model_allowances(self) -> dict[str, Allowance]:
        return await self.database.read(access_rows.model_allowances)

    @override
    async def top_up(self, user_id: str, effect: str, micros: int, audit: Audit) -> UserRecord | None:
        return await self.database.write(access_users.top_up, user_id, effect, micros, audit)

    @override
    async def add_session(self, session: SessionRecord) -> None:
        await self.database.write(access_rows.add_session, session)

    @override
    async def session(self, digest: str) -> SessionRecord | None:
        return await self.database.read(access_rows.session, digest)

    @override
    async def end_session(self, digest: str) -> None:
        await self.database.write(access_rows.end_session, digest)

    @override
    async def audit_entries(
        self, *, before: int | None = None, limit: int = 100, org_id: str = "", kinds: Sequence[str] = ()
    ) -> Sequence[AuditRecord]:
        return await self.database.read(audit.entries, before, limit, org_id=org_id, kinds=kinds)

    @override
    async def add_audit(self, audit: Audit) -> None:
        await self.database.write(_append, audit)

    @override
    async def check_audit(self) -> int | None:
        return await self.database.read(audit.check)


_append = audit.append
