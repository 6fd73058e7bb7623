"""Which target is asked first: by weight, by the time it takes to begin, or always the same one for a session.

Whatever the strategy, lower priority numbers come first, and targets that rest come last.
"""

import math
from collections.abc import Callable
from hashlib import blake2b

from openhearth.core.provider import Target
from openhearth.routing.health import Health

_BITS = 52  # of a hash: as many as a float holds exactly
_UNMEASURED_S = 0.01


def by_weight(targets: list[Target], health: Health, draw: Callable[[], float]) -> list[Target]:
    """Weighted order without replacement: Efraimidis and Spirakis, "Weighted random sampling" (2006)."""
    if len(targets) < 2:
        return targets

    def rank(target: Target) -> tuple[bool, int, float]:
        key = draw() ** (1.0 / target.weight) if target.weight > 0 else 0.0
        return health.cooling(target.id), target.priority, -key

    return sorted(targets, key=rank)


def by_session(targets: list[Target], health: Health, session: bytes) -> list[Target]:
    """Rendezvous hashing (Thaler and Ravishankar, 1998), weighted: a target more or less moves only the sessions that
    it gets or had."""

    def rank(target: Target) -> tuple[bool, int, float]:
        drawn = int.from_bytes(blake2b(session + target.id.encode(), digest_size=8).digest(), "big") >> (64 - _BITS)
        score = -target.weight / math.log((drawn + 0.5) / 2**_BITS)
        return health.cooling(target.id), target.priority, -score

    return sorted(targets, key=rank)


def by_latency(
    targets: list[Target], health: Health, open_calls: Callable[[str], int], draw: Callable[[], float]
) -> list[Target]:
    """Of two targets drawn by weight, the one that is quicker to begin, counting the calls it works on already
    (Mitzenmacher, "The power of two choices", 2001): all calls never run to the same target."""
    ordered = by_weight(targets, health, draw)
    if len(ordered) < 2:
        return ordered
    first, second = ordered[:2]
    is_choice = first.priority == second.priority and health.cooling(first.id) is health.cooling(second.id)
    if is_choice and _cost(second, health, open_calls) < _cost(first, health, open_calls):
        ordered[:2] = second, first
    return ordered


def _cost(target: Target, health: Health, open_calls: Callable[[str], int]) -> float:
    return max(_UNMEASURED_S, health.cost_s(target.id)) * (1 + open_calls(target.id))
