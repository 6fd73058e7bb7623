"""Keys and limits without a store: one good key, and a record of every reservation and settlement."""

from openhearth.core.call import Call, Principal
from openhearth.core.errors import AccessError, BudgetSpent
from openhearth.core.permissions import Role
from openhearth.stores.counter_ports import Standing

GOOD_KEY = "sk-oh-test"
SLOW_KEY = "sk-oh-slow"


class Keys:
    """``GOOD_KEY`` is cached, ``SLOW_KEY`` must be asked for, all others are unknown."""

    def __init__(self, principal: Principal | None = None) -> None:
        self.principal = principal or Principal("key_1", "owner_1", "test", role=Role.ROOT)

    def find_cached(self, token: bytes) -> Principal | None:
        return self.principal if token == GOOD_KEY.encode() else None

    async def find(self, token: bytes) -> Principal:
        if token in (GOOD_KEY.encode(), SLOW_KEY.encode()):
            return self.principal
        raise AccessError("This API key is not known.")


class Hold:
    """A reservation that remembers how often it was settled."""

    def __init__(self, limits: "Limits", nanos: int) -> None:
        self._limits = limits
        self.nanos = nanos

    def settle(self, call: Call) -> None:
        self._limits.open -= 1
        self._limits.settled.append(call)


class Limits:
    """Admits everything while there is ``budget_nanos``."""

    def __init__(self, budget_nanos: int = 10**15) -> None:
        self.budget_nanos = budget_nanos
        self.open = 0
        self.settled: list[Call] = []

    def standing(self, call: Call) -> list[Standing]:
        return []

    @property
    def is_local(self) -> bool:
        return True

    def must_wait(self, principal: Principal, model: str) -> bool:
        return False

    def reserve(self, call: Call, nanos: int, tokens: int = 0) -> Hold:
        if nanos > self.budget_nanos:
            raise BudgetSpent("The budget of this key is spent.")
        self.open += 1
        return Hold(self, nanos)

    async def reserve_shared(self, call: Call, nanos: int, tokens: int = 0) -> Hold:
        return self.reserve(call, nanos, tokens)
