"""What a call may use, taken before it and given back after it, so that nobody passes a limit."""

from collections.abc import Sequence

from openhearth.accounts.entries import Reservation
from openhearth.accounts.ledger import Ledger
from openhearth.core.allowance import MONEY, Bound, Limit
from openhearth.core.call import Call
from openhearth.core.errors import BudgetSpent, LimitError
from openhearth.stores.counter_ports import Counters, Given, Refusal, Standing, Take

_WHO = {"key": "This key", "project": "This key's project", "user": "This key's user", "org": "The organisation"}
_SPAN = {
    Bound.TOTAL: "quota",
    Bound.DAY: "budget per day",
    Bound.WEEK: "budget per week",
    Bound.MONTH: "budget per month",
}
_DEFAULT_RETRY_S = 1.0


class Limits:
    """Guards every limit of a call's key, project, user, organisation and model together.

    A call that turns out dearer than its hold is charged in full, so a limit can be passed by at most what open calls
    cost beyond their holds; the next call that costs anything is then refused.
    """

    def __init__(self, counters: Counters, ledger: Ledger) -> None:
        self._counters = counters
        self._ledger = ledger
        self._model_limits: dict[str, tuple[Limit, ...]] = {}
        if not counters.is_local:
            ledger.after_written = self._give_all
            ledger.after_death = counters.release

    @property
    def is_local(self) -> bool:
        """Whether ``reserve`` may be used; else ``reserve_shared`` is awaited for calls that have limits."""
        return self._counters.is_local

    def bind_models(self, limits: dict[str, tuple[Limit, ...]]) -> None:
        """The limits of models, by name, from now on."""
        self._model_limits = limits

    def reserve(self, call: Call, nanos: int, tokens: int = 0) -> Reservation:
        """Take what ``call`` may use at most. Raises BudgetSpent, LimitError, and StorageFull when no call can be
        recorded."""
        take = self._take(call, nanos, tokens)
        if take.limits:
            refused = self._counters.take_now(take)
            if refused is not None:
                raise refusal(refused, nanos)
        reservation = Reservation(
            call, take, self._give_now if self._counters.is_local else _later, self._ledger.settle
        )
        try:
            self._ledger.open(reservation)
        except Exception:
            if take.limits:
                self._counters.give_now(Given(take, 0, 0))
            raise
        return reservation

    async def reserve_shared(self, call: Call, nanos: int, tokens: int = 0) -> Reservation:
        """``reserve`` for counters that other processes use as well."""
        if self.is_local:
            return self.reserve(call, nanos, tokens)
        take = self._take(call, nanos, tokens)
        if take.limits:
            refused = await self._counters.take(take)
            if refused is not None:
                raise refusal(refused, nanos)
        reservation = Reservation(call, take, _later, self._ledger.settle)
        try:
            self._ledger.open(reservation)
        except Exception:
            if take.limits:
                await self._counters.give([Given(take, 0, 0)])
            raise
        return reservation

    def standing(self, call: Call) -> list[Standing]:
        """How the caller's limits per minute stand, for headers."""
        limits = call.principal.limits
        return self._counters.standing(limits, call.created_at) if limits else []

    def _take(self, call: Call, nanos: int, tokens: int) -> Take:
        principal = call.principal
        limits = principal.limits
        if self._model_limits and call.model in self._model_limits:
            limits = (*limits, *self._model_limits[call.model])
        scopes = (*principal.scopes, "model:" + call.model)
        return Take(call.id, self._ledger.boot_id, scopes, limits, nanos, tokens, call.created_at)

    def _give_now(self, reservation: Reservation) -> None:
        self._counters.give_now(_given(reservation))

    async def _give_all(self, settled: Sequence[Reservation]) -> None:
        """Other processes see a call's charge once it is durable; until then its hold stands for it."""
        await self._counters.give([_given(one) for one in settled])


def _later(_: Reservation) -> None:
    """Shared counters are told when the ledger has written the call."""


def _given(reservation: Reservation) -> Given:
    call = reservation.call
    tokens = call.usage.input_tokens + call.usage.output_tokens
    return Given(reservation.take, reservation.charge_nanos, tokens, call.created_at + call.duration_s)


def refusal(refused: Refusal, nanos: int) -> LimitError:
    """The error of a limit that did not let a call in."""
    limit = refused.limit
    kind, _, name = limit.scope.partition(":")
    who = _WHO.get(kind, f"The model '{name[:100]}'")
    if limit.bound in MONEY:
        return BudgetSpent(
            f"{who}: the {_SPAN[limit.bound]} of {dollars(limit.most)} does not cover this call: "
            f"{dollars(refused.used)} is spent, {dollars(refused.held)} is held by open calls, "
            f"and this call may cost up to {dollars(nanos)}.",
            retry_after_s=refused.retry_after_s,
        )
    what = {Bound.RPM: "requests per minute", Bound.TPM: "tokens per minute"}.get(limit.bound, "calls at once")
    return LimitError(
        f"{who} may make {limit.most} {what}; {refused.used} are counted now.",
        code="rate_limit_exceeded",
        retry_after_s=_DEFAULT_RETRY_S if refused.retry_after_s is None else refused.retry_after_s,
    )


def dollars(nanos: int) -> str:
    """Nanos as dollars, to the last digit that is not nought, at least two."""
    whole, rest = divmod(nanos, 10**9)
    digits = f"{rest:09d}".rstrip("0").ljust(2, "0")
    return f"${whole}.{digits}"
