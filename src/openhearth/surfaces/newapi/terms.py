"""New API's numbers for what we have words for: roles, states, kinds of log rows, moments."""

from openhearth.core.permissions import Role

ENABLED, DISABLED, EXPIRED, EXHAUSTED = 1, 2, 3, 4
USED = 3
"""Of a redemption code."""
NEVER = -1
ROLES = {Role.MEMBER: 1, Role.ADMIN: 10, Role.ROOT: 100}
ROLE_OF = {number: role for role, number in ROLES.items()}
LOG_CONSUMED, LOG_FAILED = 2, 5


def moment(at: float | None, never: int = NEVER) -> int:
    """Whole unix seconds."""
    return never if at is None else int(at)


def state(*, disabled: bool) -> int:
    return DISABLED if disabled else ENABLED
