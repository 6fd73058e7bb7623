"""Which targets are cooling down after failures, so that the next calls go elsewhere first."""

import time
from collections.abc import Callable

import msgspec

from openhearth.core.errors import UpstreamBusy, UpstreamError, UpstreamRefusedUs


class TargetHealth(msgspec.Struct):
    """What is known of one target. ``until_s`` is monotonic: before it the target is cooling down."""

    failures: int = 0
    until_s: float = 0.0
    last_error: str = ""
    successes: int = 0


class Health:
    """Counts failures in a row; the cool-down doubles with each, up to 16 times the base."""

    def __init__(self, cooldown_s: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._cooldown_s = cooldown_s
        self._clock = clock
        self._targets: dict[str, TargetHealth] = {}

    def good(self, target_id: str) -> None:
        """A success ends a cool-down at once."""
        health = self._targets.get(target_id)
        if health is None:
            self._targets[target_id] = health = TargetHealth()
        health.successes += 1
        if health.failures:
            health.failures = 0
            health.until_s = 0.0

    def bad(self, target_id: str, error: UpstreamError) -> None:
        """A failure that is ours or the upstream's starts or prolongs a cool-down."""
        health = self._targets.setdefault(target_id, TargetHealth())
        health.failures += 1
        health.last_error = error.code
        wait = self._cooldown_s * 2 ** min(health.failures - 1, 4)
        if isinstance(error, UpstreamBusy):
            wait = error.retry_after_s if error.retry_after_s is not None else self._cooldown_s
        elif isinstance(error, UpstreamRefusedUs):
            wait = self._cooldown_s * 4
        health.until_s = max(health.until_s, self._clock() + wait)

    def cooling(self, target_id: str) -> bool:
        health = self._targets.get(target_id)
        return health is not None and health.until_s > self._clock()

    def seen(self, target_id: str) -> TargetHealth:
        """A copy for people to look at."""
        return msgspec.structs.replace(self._targets.get(target_id, TargetHealth()))

    def forget(self, target_id: str) -> None:
        self._targets.pop(target_id, None)
