"""From records to the Principal of a call: what a key, its user, organisation, project and group allow together."""

from typing import Protocol

import msgspec

from openhearth.core.allowance import UNBOUNDED, Allowance, limits_of
from openhearth.core.call import Principal
from openhearth.core.errors import AccessError
from openhearth.core.patterns import common
from openhearth.core.permissions import DEFAULT_ORG, ROOT_USER, Role
from openhearth.stores.access_ports import GroupRecord, OrgRecord, ProjectRecord, UserRecord
from openhearth.stores.ports import KeyRecord

DEFAULT_GROUP = "default"
ROOT = UserRecord(ROOT_USER, 1, DEFAULT_ORG, "root", 0.0, role=Role.ROOT)
ORG = OrgRecord(DEFAULT_ORG, "Default", 0.0)
GROUP = GroupRecord(DEFAULT_GROUP)


class Standing(Protocol):
    """``stores.access_ports.AccessRecords``, as far as a Principal is made of them."""

    async def user(self, user_id: str) -> UserRecord | None: ...

    async def org(self, org_id: str) -> OrgRecord | None: ...

    async def group(self, name: str) -> GroupRecord | None: ...

    async def project(self, project_id: str) -> ProjectRecord | None: ...


class Principals:
    """Makes Principals. Root, the default organisation and the default group count as there, found or not."""

    def __init__(self, records: Standing) -> None:
        self._records = records

    async def of_key(self, key: KeyRecord) -> Principal:
        """Who calls with ``key``. Raises AccessError: key, user or organisation disabled, project archived."""
        if key.disabled:
            raise AccessError("This API key was disabled. Use another one.", code="key_disabled")
        user, org = await self._user(key.user_id), await self._org(key.org_id)
        project = await self._project(key.project_id) if key.project_id else None
        own = await self._group(user.group_name)
        group = await self._group(key.group_name, own) if key.group_name else own
        scope = f"key:{key.id}"
        in_project = f"project:{project.id}" if project else ""
        return Principal(
            key_id=key.id,
            owner=key.project_id or key.owner,
            name=key.name,
            role=user.role if key.is_admin else Role.KEY,
            user_id=user.id,
            org_id=org.id,
            project_id=key.project_id,
            group=group.name,
            ratio_ppm=group.ratio_ppm,
            expires_at=key.expires_at,
            models=common(key.models, group.models, project.models if project else ()),
            operations=key.operations,
            ips=key.ips,
            limits=(
                *limits_of(scope, key.allowance),
                *(limits_of(in_project, project.allowance) if project else ()),
                *limits_of(f"user:{user.id}", filled(user.allowance, own.allowance)),
                *limits_of(f"org:{org.id}", org.allowance),
            ),
            scopes=(scope, *((in_project,) if project else ()), f"user:{user.id}", f"org:{org.id}"),
            screens="" if key.moderate == "off" else key.moderate,
            cache_s=key.cache_s,
        )

    async def of_user(self, user: UserRecord, expires_at: float | None = None) -> Principal:
        """Somebody signed in, until ``expires_at``. What they make belongs to ``user:ID``. Raises AccessError."""
        _check_user(user)
        org = await self._org(user.org_id)
        group = await self._group(user.group_name)
        scope = f"user:{user.id}"
        return Principal(
            key_id="",
            owner=scope,
            name=user.username,
            role=user.role,
            user_id=user.id,
            org_id=org.id,
            group=group.name,
            ratio_ppm=group.ratio_ppm,
            expires_at=expires_at,
            models=group.models,
            limits=(
                *limits_of(scope, filled(user.allowance, group.allowance)),
                *limits_of(f"org:{org.id}", org.allowance),
            ),
            scopes=(scope, f"org:{org.id}"),
        )

    async def _user(self, user_id: str) -> UserRecord:
        user = await self._records.user(user_id) or (ROOT if user_id == ROOT_USER else None)
        if user is None:
            raise _no_user()
        _check_user(user)
        return user

    async def _org(self, org_id: str) -> OrgRecord:
        org = await self._records.org(org_id) or (ORG if org_id == DEFAULT_ORG else None)
        if org is None or org.disabled:
            raise AccessError("Your organisation was disabled here. Ask the operator.", code="org_disabled")
        return org

    async def _group(self, name: str, instead: GroupRecord = GROUP) -> GroupRecord:
        """A group that was deleted leaves its members to ``instead``, or to the default group."""
        found = await self._records.group(name)
        if found is None and name != DEFAULT_GROUP and instead is GROUP:
            found = await self._records.group(DEFAULT_GROUP)
        return found or instead

    async def _project(self, project_id: str) -> ProjectRecord:
        project = await self._records.project(project_id)
        if project is None or project.archived:
            raise AccessError("The project of this API key was archived. Use another key.", code="project_archived")
        return project


def filled(own: Allowance, group: Allowance) -> Allowance:
    """``own``, with the group's bounds where it has none of the kind."""
    if group == UNBOUNDED:
        return own
    names = (name for name in Allowance.__struct_fields__ if getattr(own, name) is None)
    return msgspec.structs.replace(own, **{name: getattr(group, name) for name in names})


def _check_user(user: UserRecord) -> None:
    if user.disabled:
        raise _no_user()


def _no_user() -> AccessError:
    return AccessError("The account behind this was disabled. Ask your administrator.", code="user_disabled")
