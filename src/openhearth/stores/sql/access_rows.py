"""Queries on organisations, groups, projects, sessions and the allowances of models."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, Table, delete, insert, select, update

from openhearth.core.allowance import UNBOUNDED, Allowance
from openhearth.core.errors import Conflict
from openhearth.stores.access_ports import Audit, GroupRecord, OrgRecord, ProjectRecord, SessionRecord
from openhearth.stores.sql import audit as chain
from openhearth.stores.sql.access_tables import GROUPS, MODEL_ALLOWANCES, ORGS, PROJECTS, SESSIONS, USERS
from openhearth.stores.sql.rows import record, records, values
from openhearth.stores.sql.tables import KEYS

_RECORD = TypeVar("_RECORD", bound=msgspec.Struct)


def add_org(connection: Connection, org: OrgRecord, audit: Audit) -> None:
    """Raises Conflict for an id that is taken."""
    chain.lock(connection)
    if by_id(connection, ORGS, OrgRecord, org.id) is not None:
        raise Conflict(f"There is an organisation '{org.id}' already.", code="id_taken")
    connection.execute(insert(ORGS), values(org))
    chain.append(connection, audit)


def org(connection: Connection, org_id: str) -> OrgRecord | None:
    return by_id(connection, ORGS, OrgRecord, org_id)


def list_orgs(connection: Connection) -> list[OrgRecord]:
    return records(OrgRecord, connection.execute(select(ORGS).order_by(ORGS.c.created_at, ORGS.c.id)))


def change_org(connection: Connection, org_id: str, changes: Mapping[str, Any], audit: Audit) -> OrgRecord | None:
    return change(connection, ORGS, OrgRecord, (org_id, changes), audit)


def put_group(connection: Connection, group: GroupRecord, audit: Audit) -> None:
    chain.lock(connection)
    row = values(group)
    if not connection.execute(update(GROUPS).where(GROUPS.c.name == group.name).values(row)).rowcount:
        connection.execute(insert(GROUPS), row)
    chain.append(connection, audit)


def group(connection: Connection, name: str) -> GroupRecord | None:
    return record(GroupRecord, connection.execute(select(GROUPS).where(GROUPS.c.name == name)).first())


def list_groups(connection: Connection) -> list[GroupRecord]:
    return records(GroupRecord, connection.execute(select(GROUPS).order_by(GROUPS.c.name)))


def delete_group(connection: Connection, name: str, audit: Audit) -> bool:
    chain.lock(connection)
    for table in (USERS, KEYS):
        if connection.execute(select(table.c.id).where(table.c.group_name == name).limit(1)).first():
            raise Conflict(
                f"Somebody is in the group '{name[:100]}'. Put its users and keys into another one first.",
                code="group_in_use",
            )
    gone = connection.execute(delete(GROUPS).where(GROUPS.c.name == name)).rowcount > 0
    if gone:
        chain.append(connection, audit)
    return gone


def add_project(connection: Connection, project: ProjectRecord, audit: Audit) -> None:
    connection.execute(insert(PROJECTS), values(project))
    chain.append(connection, audit)


def project(connection: Connection, project_id: str) -> ProjectRecord | None:
    return by_id(connection, PROJECTS, ProjectRecord, project_id)


def list_projects(connection: Connection, org_id: str | None) -> list[ProjectRecord]:
    wanted = select(PROJECTS).order_by(PROJECTS.c.created_at, PROJECTS.c.id)
    if org_id is not None:
        wanted = wanted.where(PROJECTS.c.org_id == org_id)
    return records(ProjectRecord, connection.execute(wanted))


def change_project(
    connection: Connection, project_id: str, changes: Mapping[str, Any], audit: Audit
) -> ProjectRecord | None:
    return change(connection, PROJECTS, ProjectRecord, (project_id, changes), audit)


def put_model_allowance(connection: Connection, model: str, allowance: Allowance, audit: Audit) -> None:
    chain.lock(connection)
    connection.execute(delete(MODEL_ALLOWANCES).where(MODEL_ALLOWANCES.c.model == model))
    if allowance != UNBOUNDED:
        connection.execute(insert(MODEL_ALLOWANCES), {"model": model, "allowance": msgspec.to_builtins(allowance)})
    chain.append(connection, audit)


def model_allowances(connection: Connection) -> dict[str, Allowance]:
    found = connection.execute(select(MODEL_ALLOWANCES).order_by(MODEL_ALLOWANCES.c.model))
    return {model: msgspec.convert(allowance, Allowance) for model, allowance in found}


def add_session(connection: Connection, session: SessionRecord) -> None:
    """Those that are over are cleared away with it."""
    connection.execute(delete(SESSIONS).where(SESSIONS.c.expires_at <= session.created_at))
    connection.execute(insert(SESSIONS), values(session))


def session(connection: Connection, digest: str) -> SessionRecord | None:
    return record(SessionRecord, connection.execute(select(SESSIONS).where(SESSIONS.c.digest == digest)).first())


def end_session(connection: Connection, digest: str) -> None:
    connection.execute(delete(SESSIONS).where(SESSIONS.c.digest == digest))


def by_id(connection: Connection, table: Table, kind: type[_RECORD], name: str) -> _RECORD | None:
    """The record of ``table`` with this id."""
    return record(kind, connection.execute(select(table).where(table.c.id == name)).first())


def change(
    connection: Connection, table: Table, kind: type[_RECORD], what: tuple[str, Mapping[str, Any]], audit: Audit
) -> _RECORD | None:
    """Set fields of the record with this id, and tell of it; ``None`` if there is none."""
    name, changes = what
    chain.lock(connection)
    found = by_id(connection, table, kind, name)
    if found is None:
        return None
    if changes:
        connection.execute(update(table).where(table.c.id == name).values(columns_of(changes, found)))
    chain.append(connection, audit)
    return by_id(connection, table, kind, name)


def columns_of(changes: Mapping[str, Any], found: msgspec.Struct) -> dict[str, Any]:
    """Columns to set. An ``allowance`` given as a mapping changes those bounds only; ``None`` lifts one."""
    columns: dict[str, Any] = msgspec.to_builtins(dict(changes))
    if isinstance(changes.get("allowance"), Mapping):
        there: Allowance = found.allowance  # type: ignore[attr-defined]
        columns["allowance"] = msgspec.to_builtins(msgspec.structs.replace(there, **changes["allowance"]))
    return columns
