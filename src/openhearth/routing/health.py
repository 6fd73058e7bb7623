"""How each target has been doing: rests after failures, a circuit that opens and is probed, times to the first byte.

Two things follow a failure. The target rests: it is asked last for a while. And when failures pile up, its circuit
opens: nothing is sent there until a time, then one call at a time, until one of them succeeds. A busy target only
rests: it is alive.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Iterable
from enum import StrEnum

import msgspec

from openhearth.config import Circuit
from openhearth.core.call import Call, Outcome
from openhearth.core.errors import UpstreamBusy, UpstreamError, UpstreamRefusedUs

_REMEMBERED = 256
_FORGETS_S = 30.0
_HEARD_S = 60.0
_MOST_DOUBLINGS = 4
_MOST_CIRCUIT_DOUBLINGS = 2


class State(StrEnum):
    """Of a circuit: calls go through, none does, or one at a time does."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Seen(msgspec.Struct, frozen=True):
    """What people are shown of one target. ``failures`` are those since the last success."""

    state: State
    failures: int
    successes: int
    failed: int
    resting_s: float
    last_error: str
    first_byte_s: tuple[float, ...]


class TargetHealth:
    """What is known of one target. Times are monotonic; before ``until_s`` it rests. Not a Struct: writing a Struct's
    field costs ten times as much, and one is written for every call."""

    __slots__ = (
        "broken", "ewma_s", "failed", "failures", "heard_s", "last_error", "open_until_s", "opened", "probing",
        "recent", "row", "row_since_s", "successes", "until_s", "window",
    )  # fmt: skip

    def __init__(self) -> None:
        self.successes = 0
        self.failures = 0
        self.failed = 0
        self.broken = 0
        self.until_s = 0.0
        self.last_error = ""
        self.row = 0
        self.row_since_s = -math.inf
        self.window = (-math.inf, 0, 0)  # since when, successes and broken then
        self.opened = 0
        self.open_until_s = 0.0
        self.probing = False
        self.recent: deque[float] = deque(maxlen=_REMEMBERED)
        self.ewma_s = 0.0
        self.heard_s = 0.0


class Health:
    """Notes how attempts end. A rest doubles with each failure, up to 16 times the base; a circuit stays open for the
    base, and up to four times as long when probes fail."""

    def __init__(
        self,
        cooldown_s: float,
        *,
        circuit: Circuit | None = None,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """``jitter`` draws from 0 to 1: by up to a tenth of it a rest is longer, so that several processes do not come
        back at the same moment."""
        self._cooldown_s = cooldown_s
        self._circuit = circuit or Circuit()
        self._clock = clock
        self._jitter = jitter
        self._targets: dict[str, TargetHealth] = {}
        self._changed: Callable[[str], None] = lambda _: None

    def listen(self, changed: Callable[[str], None]) -> None:
        """``changed`` is told the id of a target whose circuit opened or closed."""
        self._changed = changed

    def good(self, target_id: str) -> None:
        """A success ends a rest at once, and closes the circuit."""
        health = self._targets.get(target_id)
        if health is None:
            self._targets[target_id] = health = TargetHealth()
        health.successes += 1
        if health.failures:
            self._recover(target_id, health)

    def bad(self, target_id: str, error: UpstreamError, *, breaks: bool = True) -> None:
        """A failure that is ours or the upstream's starts or prolongs a rest; unless not ``breaks``, it also counts for
        the circuit."""
        health = self._of(target_id)
        now_s = self._clock()
        health.failures += 1
        health.failed += 1
        health.last_error = error.code
        rest_s = self._cooldown_s * 2 ** min(health.failures - 1, _MOST_DOUBLINGS)
        if isinstance(error, UpstreamBusy):
            rest_s = error.retry_after_s if error.retry_after_s is not None else self._cooldown_s
        elif isinstance(error, UpstreamRefusedUs):
            rest_s = self._cooldown_s * 4
        health.until_s = max(health.until_s, now_s + rest_s * self._spread())
        if breaks and not isinstance(error, UpstreamBusy):
            self._count(health, now_s)
            if self._must_open(health, now_s):
                self._open(target_id, health, now_s)
            if health.opened:
                # A burst of failures doubles the rest to its most in a moment; probes must not wait for that.
                health.until_s = health.open_until_s

    def cooling(self, target_id: str) -> bool:
        """Whether it rests: other targets are asked first."""
        health = self._targets.get(target_id)
        return health is not None and health.until_s > self._clock()

    def state(self, target_id: str) -> State:
        health = self._targets.get(target_id)
        if health is None or not health.opened:
            return State.CLOSED
        return State.OPEN if self._clock() < health.open_until_s else State.HALF_OPEN

    def lets_in(self, target_id: str) -> bool:
        """Whether a call may go there now, a probe included."""
        health = self._targets.get(target_id)
        if health is None or not health.opened:
            return True
        return self._clock() >= health.open_until_s and not health.probing

    def opens_in_s(self, target_id: str) -> float:
        """How long nothing is sent there; 0 for a target that is not shut."""
        health = self._targets.get(target_id)
        if health is None or not health.opened:
            return 0.0
        left_s = health.open_until_s - self._clock()
        return left_s if left_s > 0 else (self._cooldown_s if health.probing else 0.0)

    def probe(self, target_id: str, *, begins: bool) -> None:
        """A call to a half-open target begins or has ended."""
        health = self._targets.get(target_id)
        if health is not None and health.opened:
            health.probing = begins

    def heard(self, target_id: str, took_s: float) -> None:
        """The first byte of an answer came after ``took_s``. Old figures fade; a slow one counts at once ("peak")."""
        health = self._of(target_id)
        health.recent.append(took_s)
        now_s = self._clock()
        kept = math.exp(-(now_s - health.heard_s) / _FORGETS_S) if health.ewma_s and took_s < health.ewma_s else 0.0
        health.ewma_s = took_s + (health.ewma_s - took_s) * min(kept, 0.9)
        health.heard_s = now_s

    def cost_s(self, target_id: str) -> float:
        """The mean time to the first byte, less the longer nobody asked: a target that was slow is tried again."""
        health = self._targets.get(target_id)
        if health is None or not health.ewma_s:
            return 0.0
        return health.ewma_s * math.exp(-(self._clock() - health.heard_s) / _FORGETS_S)

    def learn(self, calls: Iterable[Call]) -> None:
        """First bytes of finished calls that went straight to their target, many calls at once; of a target that is
        watched now, the attempts tell them (``heard``)."""
        of, now_s = self._targets.get, self._clock()
        for call in calls:
            if call.first_byte_s and call.attempts == 1 and call.outcome is _OK:
                health = of(call.target_id)
                if health is not None and (not health.ewma_s or now_s - health.heard_s > _HEARD_S):
                    health.recent.append(call.first_byte_s)

    def ended(self) -> int:
        """How many attempts ended so far, at all targets."""
        return sum(health.successes + health.failed for health in self._targets.values())

    def seen(self, target_id: str) -> Seen:
        """A copy for people to look at."""
        health = self._targets.get(target_id) or TargetHealth()
        until_s = max(health.until_s, health.open_until_s if health.opened else 0.0)
        return Seen(
            self.state(target_id), health.failures, health.successes, health.failed,
            max(0.0, until_s - self._clock()), health.last_error, tuple(health.recent),
        )  # fmt: skip

    def well(self, target_id: str) -> None:
        """Somebody tried it, and it works."""
        health = self._targets.get(target_id)
        if health is not None and health.failures:
            self._recover(target_id, health)

    def forget(self, target_id: str) -> None:
        """The target is gone."""
        health = self._targets.pop(target_id, None)
        if health is not None and health.opened:
            self._changed(target_id)

    def _of(self, target_id: str) -> TargetHealth:
        health = self._targets.get(target_id)
        if health is None:
            self._targets[target_id] = health = TargetHealth()
        return health

    def _recover(self, target_id: str, health: TargetHealth) -> None:
        health.failures = health.row = 0
        health.until_s = 0.0
        if health.opened:
            health.opened = 0
            health.probing = False
            self._changed(target_id)

    def _count(self, health: TargetHealth, now_s: float) -> None:
        window_s = self._circuit.window_s
        if now_s - health.window[0] > window_s:
            health.window = (now_s, health.successes, health.broken)
        if now_s - health.row_since_s > window_s:
            health.row, health.row_since_s = 0, now_s
        health.broken += 1
        health.row += 1

    def _must_open(self, health: TargetHealth, now_s: float) -> bool:
        circuit = self._circuit
        if health.opened:
            return now_s >= health.open_until_s  # a probe failed; calls sent before the circuit opened say nothing new
        if not circuit.failures:
            return False
        _, successes, broken = health.window
        failed = health.broken - broken
        calls = failed + health.successes - successes
        many = calls >= circuit.calls and failed * 100 >= calls * circuit.error_percent
        return many or health.row >= circuit.failures

    def _open(self, target_id: str, health: TargetHealth, now_s: float) -> None:
        rest_s = self._cooldown_s * 2 ** min(health.opened, _MOST_CIRCUIT_DOUBLINGS)
        health.opened += 1
        health.probing = False
        health.open_until_s = now_s + rest_s * self._spread()
        self._changed(target_id)

    def _spread(self) -> float:
        return 1.0 + 0.1 * self._jitter()


_OK = Outcome.OK  # an enumeration's members are slow to look up
