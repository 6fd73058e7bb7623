"""Steps 2 and 3 of every call, identify and admit, and step 8, settle, for both doors and all surfaces."""

import time
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from openhearth.core.call import ONE_PPM, Call, Checkpoint, Outcome, Principal, Usage
from openhearth.core.errors import AccessError, Flagged, Forbidden, GatewayError, RequestError, UpstreamTimeout
from openhearth.core.ids import OrderedIds
from openhearth.core.money import Price
from openhearth.core.networks import is_within
from openhearth.core.operations import Operation
from openhearth.relay.estimates import estimate_part
from openhearth.stores.counter_ports import Standing

_OTHER_KEY_HEADERS = (b"x-api-key", b"api-key", b"xi-api-key")
KEY_HEADERS = (b"authorization", *_OTHER_KEY_HEADERS)


class Reservation(Protocol):
    """Held money of one call. ``accounts.limits`` makes it."""

    @property
    def nanos(self) -> int: ...

    def settle(self, call: Call) -> None:
        """Close the reservation and write the ledger entry; a second call does nothing."""


class Keys(Protocol):
    """``accounts.keys.Keys``."""

    def find_cached(self, token: bytes) -> Principal | None:
        """The principal if this token was seen lately, ``None`` if the store must be asked.

        Raises AccessError when the token is known to be bad, disabled or expired.
        """

    async def find(self, token: bytes) -> Principal:
        """Raises AccessError."""


class Limits(Protocol):
    """``accounts.limits.Limits``."""

    @property
    def is_local(self) -> bool: ...

    def must_wait(self, principal: Principal, model: str) -> bool: ...

    def standing(self, call: Call) -> Sequence[Standing]: ...

    def reserve(self, call: Call, nanos: int, tokens: int = 0) -> Reservation:
        """Take what ``call`` may use at most. Raises BudgetSpent and LimitError."""

    async def reserve_shared(self, call: Call, nanos: int, tokens: int = 0) -> Reservation:
        """The same, where other processes count as well."""


class Admission(msgspec.Struct, eq=False):
    """One admitted call. Settled exactly once, whoever asks first; ``with`` settles on every way out."""

    call: Call
    reservation: Reservation
    clock: Callable[[], float]
    settled: bool = False

    def settle(self, outcome: Outcome, error_code: str = "", price: Price | None = None) -> bool:
        """Close the call. ``price`` (of the target that answered) turns usage into cost; True the first time."""
        if self.settled:
            return False
        self.settled = True
        call = self.call
        call.duration_s = self.clock() - call.started_s
        if outcome is not _OK:
            call.outcome = outcome
            call.error_code = error_code
        if price is not None and (outcome in _CHARGED or error_code == Flagged.code):
            call.cost_nanos = call.charge_nanos = price.cost(call.usage)
            call.price_version = price.version
            if call.principal.ratio_ppm != ONE_PPM:
                call.charge_nanos = price.charge(call.usage, call.principal.ratio_ppm)
        self.reservation.settle(call)
        return True

    def __enter__(self) -> "Admission":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None:
            self.settle(Outcome.OK)
        elif isinstance(error, GatewayError):
            self.settle(outcome_of(error), error.code)
        elif isinstance(error, Exception):
            self.settle(Outcome.FAILED, "internal_error")
        else:
            self.settle(Outcome.CLIENT_GONE)


_OK = Outcome.OK  # an enumeration's members are slow to look up
_CHARGED = frozenset({Outcome.OK, Outcome.CLIENT_GONE})


def outcome_of(error: GatewayError) -> Outcome:
    """How a call that ended with ``error`` is counted."""
    if isinstance(error, UpstreamTimeout):
        return Outcome.TIMEOUT
    if isinstance(error, RequestError | AccessError):
        return Outcome.REJECTED
    return Outcome.FAILED


def charge_of(price: Price, ratio_ppm: int, usage: Usage) -> int:
    """What a usage is charged at ``price``, in nanos."""
    return price.charge(usage, ratio_ppm)


def note_progress(call: Call, price: Price, body_bytes: int, events: int) -> None:
    """Note in ``call.so_far`` what a stream would be settled with if its process died now."""
    usage = msgspec.structs.replace(call.usage)
    estimate_part(usage, body_bytes=body_bytes, events=events)
    cost, charge = price.cost(usage), price.charge(usage, call.principal.ratio_ppm)
    call.so_far = Checkpoint(usage.input_tokens, usage.output_tokens, usage.cached_tokens, cost, charge, price.version)


class Gate:
    """Who is calling and whether the call may go on.

    ``is_local``: ``admit`` may be used for every call; else ``must_wait`` says for which it may not.
    """

    def __init__(
        self,
        keys: Keys,
        limits: Limits,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._keys = keys
        self._limits = limits
        self.is_local = limits.is_local
        self.clock = clock
        self._now = now
        self._ids = OrderedIds("call")

    def identify_cached(self, token: bytes | None) -> Principal | None:
        """The hot path's identify: no await. ``None`` means ``identify`` must be awaited. Raises AccessError."""
        if not token:
            raise AccessError(
                "No API key given. Send it as 'Authorization: Bearer KEY', 'x-api-key: KEY' or 'api-key: KEY'.",
                code="missing_api_key",
            )
        return self._keys.find_cached(token)

    async def identify(self, token: bytes | None) -> Principal:
        """Raises AccessError."""
        return self.identify_cached(token) or await self._keys.find(token or b"")

    def may_use(self, principal: Principal, model: str) -> bool:
        """Whether the key's list of models (empty: all; ``name*``: by beginning) holds ``model``."""
        return not principal.models or _allowed(model, principal.models)

    def check_model(self, principal: Principal, model: str) -> None:
        """Raises Forbidden when the model is not one of the key's. For those who look into a body before they admit."""
        if not self.may_use(principal, model):
            raise Forbidden(f"This key may not use the model '{model}'.", param="model", code="model_not_allowed")

    def check_address(self, principal: Principal, address: str) -> None:
        """Raises Forbidden when the key may not be used from ``address``."""
        if principal.ips and not is_within(address, principal.ips):
            raise Forbidden("This key may not be used from this address.", code="address_not_allowed")

    def standing(self, call: Call) -> Sequence[Standing]:
        """How the caller's limits per minute stand, for headers."""
        return self._limits.standing(call)

    def must_wait(self, principal: Principal, model: str) -> bool:
        """Whether ``admit_shared`` must be awaited for this call; never while ``is_local``."""
        return self._limits.must_wait(principal, model)

    def admit(
        self,
        principal: Principal,
        operation: Operation,
        model: str,
        *,
        stream: bool = False,
        worst_nanos: int = 0,
        tokens: int = 0,
    ) -> Admission:
        """Open a call and hold its worst case: ``worst_nanos`` before the group's ratio, ``tokens`` at least.

        Raises Forbidden (model or operation not allowed for this key), BudgetSpent and LimitError.
        """
        if principal.models or principal.operations:
            self._check(principal, operation, model)
        if worst_nanos and principal.ratio_ppm != ONE_PPM:
            worst_nanos = _hold(principal, worst_nanos)
        now, clock = self._now(), self.clock
        call = Call(self._ids.new(now), operation, model, principal, now, clock(), "", 0, stream)
        return Admission(call, self._limits.reserve(call, worst_nanos, tokens), clock)

    async def admit_shared(
        self,
        principal: Principal,
        operation: Operation,
        model: str,
        *,
        stream: bool = False,
        worst_nanos: int = 0,
        tokens: int = 0,
    ) -> Admission:
        """``admit``, also where other processes count the same limits."""
        self._check(principal, operation, model)
        now = self._now()
        call = Call(self._ids.new(now), operation, model, principal, now, self.clock(), stream=stream)
        hold = _hold(principal, worst_nanos)
        return Admission(call, await self._limits.reserve_shared(call, hold, tokens), self.clock)

    def _check(self, principal: Principal, operation: Operation, model: str) -> None:
        if principal.models:
            self.check_model(principal, model)
        if principal.operations and not _allowed(operation, principal.operations):
            raise Forbidden(f"This key may not be used for {operation}.", code="operation_not_allowed")


def _hold(principal: Principal, worst_nanos: int) -> int:
    ratio_ppm = principal.ratio_ppm
    return worst_nanos if ratio_ppm == ONE_PPM else -(-worst_nanos * ratio_ppm // ONE_PPM)


def _allowed(model: str, patterns: tuple[str, ...]) -> bool:
    return any(model == pattern or (pattern.endswith("*") and model.startswith(pattern[:-1])) for pattern in patterns)


def key_of(headers: list[tuple[bytes, bytes]]) -> bytes | None:
    """The API key among lower-case headers, whichever of the three ways it was sent; a bearer key wins."""
    other = None
    for name, value in headers:
        if name == b"authorization":
            token = value[7:] if value[:7].lower() == b"bearer " else value
            if token := token.strip():
                return token
        elif name in _OTHER_KEY_HEADERS:
            other = value.strip() or other
    return other
