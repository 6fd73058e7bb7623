"""Queries on users, and on what they paid in."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update

from openhearth.core.allowance import NANOS_PER_MICRO
from openhearth.core.errors import Conflict, RequestError
from openhearth.stores.access_ports import Audit, GroupRecord, OrgRecord, UserRecord
from openhearth.stores.ports import Posting
from openhearth.stores.sql import access_rows, ledger
from openhearth.stores.sql import audit as chain
from openhearth.stores.sql.access_tables import GROUPS, ORGS, SESSIONS, USERS
from openhearth.stores.sql.rows import record, records, values
from openhearth.stores.sql.sums import FUNDING
from openhearth.stores.sql.tables import KEYS

_MOST_MICROS = 10**12


def add_user(connection: Connection, user: UserRecord, audit: Audit) -> UserRecord:
    """Raises Conflict."""
    chain.lock(connection)
    if user_by_name(connection, user.username) is not None:
        raise Conflict(
            f"The username '{user.username}' is taken. Choose another one.", code="username_taken", param="username"
        )
    row = values(user)
    del row["number"]
    number = connection.execute(insert(USERS).returning(USERS.c.number), row).scalar_one()
    chain.append(connection, audit)
    return msgspec.structs.replace(user, number=number)


def found(connection: Connection, root: UserRecord, org: OrgRecord, group: GroupRecord, audit: Audit) -> bool:
    """Make what always is there, as far as it is not; True if ``root`` was made now. One entry tells of all of it."""
    chain.lock(connection)
    made = False
    if access_rows.org(connection, org.id) is None:
        connection.execute(insert(ORGS), values(org))
        made = True
    if access_rows.group(connection, group.name) is None:
        connection.execute(insert(GROUPS), values(group))
        made = True
    is_first = user(connection, root.id) is None
    if is_first:
        connection.execute(insert(USERS), values(root))
    if made or is_first:
        chain.append(connection, audit)
    return is_first


def user(connection: Connection, user_id: str) -> UserRecord | None:
    return access_rows.by_id(connection, USERS, UserRecord, user_id)


def user_by_name(connection: Connection, username: str) -> UserRecord | None:
    return record(UserRecord, connection.execute(select(USERS).where(USERS.c.username == username)).first())


def user_by_number(connection: Connection, number: int) -> UserRecord | None:
    return record(UserRecord, connection.execute(select(USERS).where(USERS.c.number == number)).first())


def user_by_access_digest(connection: Connection, digest: str) -> UserRecord | None:
    if not digest:
        return None
    return record(UserRecord, connection.execute(select(USERS).where(USERS.c.access_digest == digest)).first())


def list_users(
    connection: Connection, org_id: str | None, *, search: str = "", offset: int = 0, limit: int = 100
) -> tuple[list[UserRecord], int]:
    wanted = []
    if org_id is not None:
        wanted.append(USERS.c.org_id == org_id)
    if search:
        columns = (USERS.c.username, USERS.c.display_name, USERS.c.email)
        found = USERS.c.id == search
        for column in columns:
            found |= column.icontains(search, autoescape=True)
        wanted.append(found)
    count = connection.execute(select(func.count()).select_from(USERS).where(*wanted)).scalar_one()
    page = select(USERS).where(*wanted).order_by(USERS.c.number).offset(offset).limit(limit)
    return records(UserRecord, connection.execute(page)), count


def change_user(connection: Connection, user_id: str, changes: Mapping[str, Any], audit: Audit) -> UserRecord | None:
    """Raises Conflict for a username that is taken."""
    chain.lock(connection)
    name = changes.get("username")
    other = user_by_name(connection, name) if name else None
    if other is not None and other.id != user_id:
        raise Conflict(f"The username '{name}' is taken. Choose another one.", code="username_taken", param="username")
    return access_rows.change(connection, USERS, UserRecord, (user_id, changes), audit)


def delete_user(connection: Connection, user_id: str, audit: Audit) -> bool:
    chain.lock(connection)  # before the user's row, as all who change one: two that wait for each other never end
    gone = connection.execute(delete(USERS).where(USERS.c.id == user_id)).rowcount > 0
    if gone:
        connection.execute(update(KEYS).where(KEYS.c.user_id == user_id).values(disabled=True))
        connection.execute(delete(SESSIONS).where(SESSIONS.c.user_id == user_id))
        chain.append(connection, audit)
    return gone


def top_up(connection: Connection, user_id: str, effect: str, micros: int, audit: Audit) -> UserRecord | None:
    """Raises RequestError when more would be taken back than was paid in, or the sum is beyond what can be kept."""
    chain.lock(connection)
    found = user(connection, user_id)
    if found is None:
        return None
    paid = (found.allowance.quota_micros or 0) + micros
    if not 0 <= paid <= _MOST_MICROS:
        raise RequestError(
            f"What a user has paid in is 0 to {_MOST_MICROS} micros; this would make it {paid}.",
            param="micros",
            code="invalid_value",
        )
    nanos = micros * NANOS_PER_MICRO
    at = audit.at
    if not ledger.post(
        connection, [Posting(effect, f"user:{user_id}", nanos, at), Posting(effect, FUNDING, -nanos, at)]
    ):
        return found
    return change_user(connection, user_id, {"allowance": {"quota_micros": paid}}, audit)
