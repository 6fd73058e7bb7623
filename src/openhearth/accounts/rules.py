"""Who may do what to whom: the rules that routes cannot know, because they depend on the object.

What lies in another organisation is not there for whoever does not operate the platform; of what is there, an
administrator touches members, and root everybody.
"""

from collections.abc import Iterable

from openhearth.core.call import Principal
from openhearth.core.errors import Forbidden, NotFound
from openhearth.core.permissions import ROOT_USER, Permission, Role
from openhearth.stores.access_ports import GroupRecord, UserRecord
from openhearth.stores.ports import KeyRecord

_OWN = frozenset({"email", "display_name", "group_name", "settings"})


def scope_of(by: Principal) -> str | None:
    """The organisation that ``by`` may see; ``None`` for all of them."""
    return None if by.may(Permission.OPERATE) else by.org_id


def sees_org(by: Principal, org_id: str) -> bool:
    """Whether things of that organisation are there for ``by``."""
    return by.may(Permission.OPERATE) or by.org_id == org_id


def sees_key(by: Principal, key: KeyRecord) -> bool:
    """Administrators see the keys of their organisation, others their own."""
    if not sees_org(by, key.org_id):
        return False
    return by.may(Permission.ADMIN) or key.user_id == by.user_id


def check_user(by: Principal, user: UserRecord) -> None:
    """Raises Forbidden where ``by`` may see ``user`` and not change them."""
    if by.user_id == user.id or by.may(Permission.ROOT):
        return
    if user.role is not Role.MEMBER:
        raise Forbidden("Only root changes administrators, their keys and their passwords.", code="not_permitted")


def check_own(by: Principal, fields: Iterable[str]) -> None:
    """Raises Forbidden for what a member may not change of their own account."""
    for name in fields:
        if name not in _OWN and not by.may(Permission.ADMIN):
            raise Forbidden("An administrator changes that for you.", param=name, code="not_permitted")


def check_role(by: Principal, user: UserRecord | None, role: Role) -> None:
    """Raises Forbidden where ``by`` may not make somebody (``None``: a new user) a ``role``."""
    if role is Role.KEY:
        raise Forbidden("No user has that role.", param="role", code="not_permitted")
    if user is not None and user.id == ROOT_USER and role is not Role.ROOT:
        raise Forbidden("The first user always is root.", param="role", code="not_permitted")
    if user is not None and user.role is role:
        return
    if not by.may(Permission.ROOT) and (role is not Role.MEMBER or user is not None):
        raise Forbidden("Only root makes administrators.", param="role", code="not_permitted")


def check_group(by: Principal, group: GroupRecord) -> None:
    """Raises Forbidden where ``by`` may not put anybody into the group: prices are the operator's business."""
    if not group.open and not by.may(Permission.OPERATE):
        raise Forbidden(f"The group '{group.name}' is not open.", param="group", code="not_permitted")


def check_leaving(by: Principal, user: UserRecord) -> None:
    """Raises Forbidden where ``user`` must stay: the first user, and whoever asks."""
    if user.id == ROOT_USER:
        raise Forbidden("The first user can neither be disabled nor deleted.", code="not_permitted")
    if user.id == by.user_id:
        raise Forbidden("You can neither disable nor delete yourself.", code="not_permitted")


def no_key(name: str) -> NotFound:
    """A key that is not there, or not for whoever asks: the same words for both. So are those below."""
    return NotFound(f"There is no key '{name[:100]}'.", code="key_not_found")


def no_user(name: str) -> NotFound:
    return NotFound(f"There is no user '{name[:100]}'.", code="user_not_found")


def no_org(name: str) -> NotFound:
    return NotFound(f"There is no organisation '{name[:100]}'.", code="org_not_found")


def no_project(name: str) -> NotFound:
    return NotFound(f"There is no project '{name[:100]}'.", code="project_not_found")


def no_group(name: str) -> NotFound:
    return NotFound(f"There is no group '{name[:100]}'.", code="group_not_found")
