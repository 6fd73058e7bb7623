"""Organisations and their projects."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from openhearth.accounts import rules
from openhearth.accounts.audit import told
from openhearth.accounts.callers import Callers
from openhearth.accounts.keys import check_names
from openhearth.core.allowance import UNBOUNDED, Allowance
from openhearth.core.call import Principal
from openhearth.core.errors import Forbidden, RequestError
from openhearth.core.ids import new_id
from openhearth.core.permissions import DEFAULT_ORG
from openhearth.stores.access_ports import OrgRecord, ProjectRecord
from openhearth.stores.key_ports import AccountRecords

_NAME_CHARS = 200
_ORG_ID = re.compile(r"org_[a-z0-9_-]{1,60}")


class Orgs:
    """Tenants. Only operators make and change them; administrators see their own."""

    def __init__(self, records: AccountRecords, callers: Callers, *, now: Callable[[], float] = time.time) -> None:
        self._records = records
        self._callers = callers
        self._now = now

    async def list(self, by: Principal) -> Sequence[OrgRecord]:
        """Those that ``by`` may see, oldest first."""
        return [org for org in await self._records.list_orgs() if rules.sees_org(by, org.id)]

    async def one(self, by: Principal, org_id: str) -> OrgRecord:
        """Raises NotFound."""
        org = await self._records.org(org_id) if rules.sees_org(by, org_id) else None
        if org is None:
            raise rules.no_org(org_id)
        return org

    async def create(self, by: Principal, name: str, allowance: Allowance = UNBOUNDED, org_id: str = "") -> OrgRecord:
        """``org_id`` empty: one is made. Raises RequestError and Conflict."""
        if org_id and not _ORG_ID.fullmatch(org_id):
            raise RequestError("An organisation's id looks like org_acme.", param="id", code="invalid_value")
        check_name(name)
        org = OrgRecord(org_id or new_id("org"), name, self._now(), allowance=allowance)
        shown = {"name": name, "allowance": allowance}
        await self._records.add_org(org, told(by, "org.create", org.id, shown, org_id=org.id, now=self._now))
        self._callers.forget_org(org.id)
        return org

    async def change(self, by: Principal, org_id: str, changes: Mapping[str, Any]) -> OrgRecord:
        """Set ``name``, ``disabled``, and bounds of ``allowance`` (a mapping).

        Raises NotFound, Forbidden and RequestError.
        """
        if "name" in changes:
            check_name(changes["name"])
        if changes.get("disabled") and org_id in (DEFAULT_ORG, by.org_id):
            raise Forbidden("Neither the default organisation nor your own can be disabled.", code="not_permitted")
        audit = told(by, "org.change", org_id, changes, org_id=org_id, now=self._now)
        org = await self._records.change_org(org_id, changes, audit)
        if org is None:
            raise rules.no_org(org_id)
        self._callers.forget_org(org_id)
        return org


class Projects:
    """Projects of organisations."""

    def __init__(self, records: AccountRecords, callers: Callers, *, now: Callable[[], float] = time.time) -> None:
        self._records = records
        self._callers = callers
        self._now = now

    async def list(self, by: Principal, org_id: str = "") -> Sequence[ProjectRecord]:
        """Those that ``by`` may see, of one organisation or of all, oldest first."""
        scope = rules.scope_of(by)
        if org_id and scope not in (None, org_id):
            return ()
        return await self._records.list_projects(org_id or scope)

    async def one(self, by: Principal, project_id: str) -> ProjectRecord:
        """Raises NotFound."""
        project = await self._records.project(project_id)
        if project is None or not rules.sees_org(by, project.org_id):
            raise rules.no_project(project_id)
        return project

    async def create(self, by: Principal, new: ProjectRecord) -> ProjectRecord:
        """``new`` without id, and without organisation for the maker's own. Raises NotFound and RequestError."""
        org_id = new.org_id or by.org_id
        if not rules.sees_org(by, org_id) or await self._records.org(org_id) is None:
            raise rules.no_org(org_id)
        _check({"name": new.name, "models": new.models})
        project = msgspec.structs.replace(new, id=new_id("proj"), org_id=org_id, created_at=self._now())
        shown = {"name": new.name, "models": new.models, "allowance": new.allowance}
        audit = told(by, "project.create", project.id, shown, org_id=org_id, now=self._now)
        await self._records.add_project(project, audit)
        return project

    async def change(self, by: Principal, project_id: str, changes: Mapping[str, Any]) -> ProjectRecord:
        """Set ``name``, ``models``, ``archived``, and bounds of ``allowance`` (a mapping).

        Raises NotFound and RequestError.
        """
        project = await self.one(by, project_id)
        _check(changes)
        action = "project.archive" if changes.get("archived") else "project.change"
        audit = told(by, action, project.id, changes, org_id=project.org_id, now=self._now)
        after = await self._records.change_project(project.id, changes, audit)
        if after is None:
            raise rules.no_project(project_id)
        self._callers.forget_project(project.id)
        return after


def check_name(name: str) -> None:
    """Raises RequestError for what is no name."""
    if not name.strip() or len(name) > _NAME_CHARS or not name.isprintable():
        raise RequestError(f"A name is 1 to {_NAME_CHARS} printable characters.", param="name", code="invalid_value")


def _check(changes: Mapping[str, Any]) -> None:
    if "name" in changes:
        check_name(changes["name"])
    check_names("models", changes.get("models", ()))
