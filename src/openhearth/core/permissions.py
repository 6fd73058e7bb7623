"""What a caller may do, in six words. Every route declares one of them; roles are sets of them.

Wider roles hold all that narrower ones hold, so that a question has one answer: does the caller's set have the word?
"""

from enum import StrEnum


class Permission(StrEnum):
    """What a route asks of its caller.

    ``PUBLIC`` nothing; ``CALL`` model calls and the caller's own objects; ``ACCOUNT`` the caller's own account, keys
    and usage; ``ADMIN`` users, projects, keys and usage of the caller's organisation; ``OPERATE`` what all
    organisations share (targets, prices, groups, engines, the organisations themselves); ``ROOT`` secrets, options,
    other admins.
    """

    PUBLIC = "public"
    CALL = "call"
    ACCOUNT = "account"
    ADMIN = "admin"
    OPERATE = "operate"
    ROOT = "root"


class Role(StrEnum):
    """Who somebody is in an organisation. ``KEY`` is a key that administers nothing, whoever owns it."""

    KEY = "key"
    MEMBER = "member"
    ADMIN = "admin"
    ROOT = "root"


DEFAULT_ORG = "org_default"
ROOT_USER = "user_root"

_KEY = frozenset({Permission.PUBLIC, Permission.CALL})
_MEMBER = _KEY | {Permission.ACCOUNT}
_ADMIN = _MEMBER | {Permission.ADMIN}
_OPERATOR = _ADMIN | {Permission.OPERATE}
_ROOT = _OPERATOR | {Permission.ROOT}


def permissions(role: Role, org_id: str) -> frozenset[Permission]:
    """All that ``role`` holds in the organisation ``org_id``; the default organisation is the operator's own."""
    if role is Role.ADMIN and org_id == DEFAULT_ORG:
        return _OPERATOR
    return {Role.KEY: _KEY, Role.MEMBER: _MEMBER, Role.ADMIN: _ADMIN, Role.ROOT: _ROOT}[role]
