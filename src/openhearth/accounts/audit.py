"""What the audit log is told of a write: who did it, and what was set, never a secret."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from openhearth.core.call import Principal
from openhearth.core.permissions import DEFAULT_ORG
from openhearth.stores.access_ports import Audit, AuditRecord

SYSTEM = "system"
SET = "set"
_SECRETS = frozenset({"password", "access_digest", "digest", "sealed", "credential", "key", "hint"})
TENANTS_KINDS = ("key.", "user.", "project.", "org.", "redemption.redeem")
"""How actions on what belongs to an organisation begin. What was done to the platform is its operators' to read, also
if somebody of another organisation did it."""
_MOST_CHARS = 500
AuditOf = Callable[[str, Mapping[str, Any]], Audit]
"""Makes the entry of a write from its object's id and what was set."""


class AuditRecords(Protocol):
    """``stores.access_ports.AccessRecords``, as readers of the log see it."""

    async def audit_entries(
        self, *, before: int | None = None, limit: int = 100, org_id: str = "", kinds: Sequence[str] = ()
    ) -> Sequence[AuditRecord]: ...

    async def check_audit(self) -> int | None: ...


def told(
    by: Principal | None,
    action: str,
    object_id: str,
    change: Mapping[str, Any] | None = None,
    *,
    org_id: str = "",
    now: Callable[[], float] = time.time,
) -> Audit:
    """The entry of one write. ``by`` ``None``: the platform itself. Secrets in ``change`` show as ``set``."""
    return Audit(
        actor=SYSTEM if by is None else by.key_id or by.user_id,
        action=action,
        object=object_id[:_MOST_CHARS],
        at=round(now(), 6),
        org_id=org_id or (DEFAULT_ORG if by is None else by.org_id),
        change={name: _shown(name, value) for name, value in (change or {}).items()},
    )


def teller(by: Principal, action: str) -> AuditOf:
    """``told`` for whoever knows the object's id only later."""
    return lambda object_id, change: told(by, action, object_id, change)


def _shown(name: str, value: Any) -> Any:
    if name in _SECRETS and value:
        return SET
    return msgspec.to_builtins(value)
