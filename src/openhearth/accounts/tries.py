"""How often somebody may guess: wrong passwords counted per username and per address, in this process and, where limits
are shared, in all of them together."""

import asyncio
import ipaddress
import time
from collections import deque
from collections.abc import Callable
from hashlib import sha256

from openhearth.core.allowance import Bound, Limit
from openhearth.core.errors import LimitError, StoreAway
from openhearth.core.ids import new_id
from openhearth.stores.counter_ports import Counters, Given, Take

_MOST_NAMES = 10_000
_ADDRESS_TIMES = 5
_NETWORK_BITS = 64
_BUCKET_DIGITS = 4


class Tries:
    """At most ``most`` tries of a username within ``within_s``, and five times as many of an address.

    A try counts from its start, so that many at once are not more than many in a row; a right password takes back the
    tries of its username and its own one of the address.
    """

    def __init__(self, most: int, within_s: float, *, now: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._within_s = within_s
        self._now = now
        self._seen: dict[str, deque[float]] = {}

    def begin(self, username: str, address: str) -> None:
        """Count a try. Raises LimitError, equally for names that exist and others."""
        now = self._now()
        asked = _asked(username, address, self._most)
        for name, most in asked:
            seen = self._kept(name, now)
            if len(seen) >= most:
                raise _too_many(max(1.0, seen[0] + self._within_s - now))
        for name, _ in asked:
            self._seen.setdefault(name, deque()).append(now)
        if len(self._seen) > _MOST_NAMES:
            self._clear(now)

    def succeeded(self, username: str, address: str) -> None:
        """The password was right."""
        (user, _), (place, _) = _asked(username, address, self._most)
        self._seen.pop(user, None)
        seen = self._seen.get(place)
        if seen:
            seen.pop()

    def _kept(self, name: str, now: float) -> deque[float]:
        seen = self._seen.get(name)
        if seen is None:
            return deque()
        while seen and seen[0] <= now - self._within_s:
            seen.popleft()
        return seen

    def _clear(self, now: float) -> None:
        """Forget what is over, and if that is not enough the older half."""
        for name in list(self._seen):
            if not self._kept(name, now):
                del self._seen[name]
        if len(self._seen) > _MOST_NAMES:
            for name in list(self._seen)[: _MOST_NAMES // 2]:
                del self._seen[name]


class SharedTries:
    """The same for all processes that share ``counters``. A try is a place among calls at once of its username and of
    its address, given back when its time is over; one of a process that died is given back like any call's.

    While the counters are away every process goes on counting for itself. A right password takes back the tries of its
    username that this process counted.
    """

    def __init__(self, counters: Counters, boot_id: str, most: int, within_s: float) -> None:
        self._counters = counters
        self._boot_id = boot_id
        self._most = most
        self._within_s = within_s
        self._open: dict[str, list[Take]] = {}
        self._giving: set[asyncio.Task[None]] = set()

    async def begin(self, username: str, address: str) -> None:
        """Count a try. Raises LimitError."""
        limits = tuple(
            Limit(_scope(name), Bound.CONCURRENCY, most) for name, most in _asked(username, address, self._most)
        )
        take = Take(new_id("try"), self._boot_id, (), limits, 0, 0, time.time())
        try:
            refused = await self._counters.take(take)
        except StoreAway:
            return
        if refused is not None:
            raise _too_many(self._within_s)
        self._open.setdefault(username, []).append(take)
        asyncio.get_running_loop().call_later(self._within_s, self._end, username, take)

    async def succeeded(self, username: str) -> None:
        """The password was right."""
        await self._counters.give([Given(take, 0, 0) for take in self._open.pop(username, ())])

    def _end(self, username: str, take: Take) -> None:
        there = self._open.get(username, [])
        if take not in there:
            return
        there.remove(take)
        if not there:
            del self._open[username]
        task = asyncio.create_task(self._counters.give([Given(take, 0, 0)]), name="a try is over")
        self._giving.add(task)
        task.add_done_callback(self._giving.discard)


def _asked(username: str, address: str, most: int) -> tuple[tuple[str, int], tuple[str, int]]:
    """What a try counts for, and how many each may have."""
    return (f"user {username}", most), (f"from {_place(address)}", most * _ADDRESS_TIMES)


def _place(address: str) -> str:
    """An address as a place to try from: of IPv6 its network, since everybody has as many addresses there as they
    like."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, _NETWORK_BITS), strict=False))


def _scope(name: str) -> str:
    """One of some ten thousand: names that nobody has must not fill the store with rows."""
    return f"tries:{sha256(name.encode(errors='replace')).hexdigest()[:_BUCKET_DIGITS]}"


def _too_many(wait_s: float) -> LimitError:
    return LimitError(
        "Too many wrong passwords. Wait before you try again.", code="too_many_tries", retry_after_s=wait_s
    )
