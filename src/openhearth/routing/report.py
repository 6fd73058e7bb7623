"""How every target is doing, for operators: no secrets, nothing of callers."""

import time
from collections.abc import Callable, Mapping

import msgspec

from openhearth.core.provider import Target, TargetLimits
from openhearth.routing.health import State
from openhearth.routing.plan import Router


class FirstByte(msgspec.Struct, frozen=True):
    """Milliseconds to the first byte, of the last 256 answers at most; 0 before the first."""

    p50: int
    p95: int
    samples: int


class TargetReport(msgspec.Struct, frozen=True):
    """One target. ``failures`` are those since its last success, ``failed`` all; ``until`` (unix seconds) is how long
    it rests or is shut, ``None`` when it is not."""

    id: str
    provider: str
    model: str
    state: State
    priority: int
    weight: int
    open: int
    waiting: int
    successes: int
    failed: int
    failures: int
    last_error: str
    until: float | None
    first_byte_ms: FirstByte
    limits: TargetLimits


class RoutingReport(msgspec.Struct, frozen=True):
    """All targets, and how many calls were tried again in the last ten seconds."""

    data: list[TargetReport]
    retries: int
    object: str = "list"


def report(router: Router, open_calls: Mapping[str, int], *, now: Callable[[], float] = time.time) -> RoutingReport:
    """``open_calls``: by target id, those that hold no place with the router."""
    data = [_of(router, target, open_calls.get(target.id, 0), now()) for target in router.catalog.targets()]
    return RoutingReport(data, router.retries.granted())


def _of(router: Router, target: Target, open_calls: int, now: float) -> TargetReport:
    seen = router.health.seen(target.id)
    placed, waiting = router.entrance.looked_at(target.id)
    return TargetReport(
        id=target.id,
        provider=target.provider.name,
        model=target.model,
        state=seen.state,
        priority=target.priority,
        weight=target.weight,
        open=placed + open_calls,
        waiting=waiting,
        successes=seen.successes,
        failed=seen.failed,
        failures=seen.failures,
        last_error=seen.last_error,
        until=now + seen.resting_s if seen.resting_s else None,
        first_byte_ms=_first_byte(seen.first_byte_s),
        limits=target.limits,
    )


def _first_byte(took_s: tuple[float, ...]) -> FirstByte:
    ordered = sorted(took_s)
    if not ordered:
        return FirstByte(0, 0, 0)
    last = len(ordered) - 1
    return FirstByte(round(ordered[last // 2] * 1000), round(ordered[round(last * 0.95)] * 1000), len(ordered))
