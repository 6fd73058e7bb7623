"""What a call may use, taken before it and given back after it, so that nobody passes a limit."""

from collections.abc import Sequence

from openhearth.accounts.entries import Reservation
from openhearth.accounts.ledger import Ledger
from openhearth.core.allowance import MONEY, Bound, Limit
from openhearth.core.call import Call, Principal
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
        self._settled_by, self._written_by = self._book, ledger.settle  # bound once, not for every call
        if not counters.is_local:
            ledger.after_written = self._give_all
            ledger.after_death = counters.release

    @property
    def is_local(self) -> bool:
        """Whether ``reserve`` may be used for every call; else ask ``must_wait``."""
        return self._counters.is_local

    def must_wait(self, principal: Principal, model: str) -> bool:
        """Whether ``reserve_shared`` must be awaited: other processes count this call's limits as well."""
        return not self._counters.is_local and bool(principal.limits or model in self._model_limits)

    def bind_models(self, limits: dict[str, tuple[Limit, ...]]) -> None:
        """The limits of models, by name, from now on."""
        self._model_limits = limits

    def reserve(self, call: Call, nanos: int, tokens: int = 0) -> Reservation:
        """Take what ``call`` may use at most. Raises BudgetSpent, LimitError, and StorageFull when no call can be
        recorded."""
        take = None
        limits = self._limits_of(call) if self._model_limits else call.principal.limits
        if limits:
            take = self._take(call, limits, nanos, tokens)
            refused = self._counters.take_now(take)
            if refused is not None:
                raise refusal(refused, nanos, tokens)
        reservation = Reservation(call, nanos, take, self._settled_by, self._written_by)
        try:
            self._ledger.open(reservation)
        except Exception:
            if take is not None:
                self._counters.give_now(Given(take, 0, 0))
            raise
        return reservation

    async def reserve_shared(self, call: Call, nanos: int, tokens: int = 0) -> Reservation:
        """``reserve`` for counters that other processes use as well."""
        limits = self._limits_of(call)
        if self.is_local or not limits:
            return self.reserve(call, nanos, tokens)
        take = self._take(call, limits, nanos, tokens)
        refused = await self._counters.take(take)
        if refused is not None:
            raise refusal(refused, nanos, tokens)
        reservation = Reservation(call, nanos, take, self._settled_by, self._written_by)
        try:
            self._ledger.open(reservation)
        except Exception:
            await self._counters.give([Given(take, 0, 0)])
            raise
        return reservation

    def standing(self, call: Call) -> list[Standing]:
        """How the caller's limits per minute stand, for headers."""
        limits = call.principal.limits
        return self._counters.standing(limits, call.created_at) if limits else []

    def _limits_of(self, call: Call) -> tuple[Limit, ...]:
        limits = call.principal.limits
        if self._model_limits and call.model in self._model_limits:
            limits = (*limits, *self._model_limits[call.model])
        return limits

    def _take(self, call: Call, limits: tuple[Limit, ...], nanos: int, tokens: int) -> Take:
        scopes = (*call.principal.scopes, "model:" + call.model)
        return Take(call.id, self._ledger.boot_id, scopes, limits, nanos, tokens, call.created_at)

    def _book(self, reservation: Reservation) -> None:
        """Shared counters are told when the ledger has written the call; until then its hold stands for its charge."""
        counters = self._counters
        if not counters.is_local:
            return
        if reservation.take is None:
            call = reservation.call
            counters.charge_now(call.principal.scopes, call.model, reservation.charge_nanos, call.created_at)
        else:
            counters.give_now(self._given(reservation))

    async def _give_all(self, settled: Sequence[Reservation]) -> None:
        await self._counters.give([self._given(one) for one in settled])

    def _given(self, reservation: Reservation) -> Given:
        call = reservation.call
        take = reservation.take or self._take(call, (), reservation.nanos, 0)
        tokens = call.usage.input_tokens + call.usage.output_tokens
        return Given(take, reservation.charge_nanos, tokens, call.created_at + call.duration_s)


def refusal(refused: Refusal, nanos: int, tokens: int = 0) -> LimitError:
    """The error of a limit that did not let a call in. It says when to come back, unless that call never fits."""
    limit = refused.limit
    kind, _, name = limit.scope.partition(":")
    who = _WHO.get(kind, f"The model '{name[:100]}'")
    if limit.bound in MONEY:
        return BudgetSpent(
            f"{who}: the {_SPAN[limit.bound]} of {dollars(limit.most)} does not cover this call: "
            f"{dollars(refused.used)} is spent, {dollars(refused.held)} is held by open calls, "
            f"and this call may cost up to {dollars(nanos)}.",
            retry_after_s=refused.retry_after_s if nanos <= limit.most else None,
        )
    is_tokens = limit.bound is Bound.TPM
    what = {Bound.RPM: "make {} requests per minute", Bound.TPM: "use {} tokens per minute"}.get(
        limit.bound, "make {} calls at once"
    )
    needs = f", and this call may use {tokens}" if is_tokens and tokens else ""
    return LimitError(
        f"{who} may {what.format(limit.most)}; {refused.used} are counted now{needs}.",
        code="rate_limit_exceeded",
        retry_after_s=(refused.retry_after_s or _DEFAULT_RETRY_S)
        if (max(1, tokens) if is_tokens else 1) <= limit.most
        else None,
    )


def dollars(nanos: int) -> str:
    """Nanos as dollars, to the last digit that is not nought, at least two."""
    whole, rest = divmod(nanos, 10**9)
    digits = f"{rest:09d}".rstrip("0").ljust(2, "0")
    return f"${whole}.{digits}"
