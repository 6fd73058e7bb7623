"""The port of the live counters: money spent and held, requests and tokens per minute, calls at once.

One ``take`` guards every limit of a call in one step: all of them are taken or none is. Money truth is the ledger;
counters only keep callers from passing their limits, so an implementation may be lost and filled again from the ledger.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from openhearth.core.allowance import Limit


class Take(msgspec.Struct, eq=False):
    """What one call wants before it runs. ``scopes`` are all that its charge will count for, limited or not.

    ``nanos`` is the most it may cost, ``tokens`` the least it will surely count for. ``now`` is unix seconds.
    """

    call_id: str
    boot_id: str
    scopes: tuple[str, ...]
    limits: tuple[Limit, ...]
    nanos: int
    tokens: int
    now: float


class Refusal(msgspec.Struct, frozen=True):
    """The limit that did not let the call in. Money: ``used`` is spent, ``held`` is what open calls hold, in nanos.
    ``retry_after_s``: when it may fit, as far as time alone can help."""

    limit: Limit
    used: int
    held: int = 0
    retry_after_s: float | None = None


class Given(msgspec.Struct, frozen=True):
    """A taken call that ended at ``now`` (0: take it for the time it began): its charge, the tokens it really took."""

    take: Take
    charge_nanos: int
    tokens: int
    now: float = 0.0


class Standing(msgspec.Struct, frozen=True):
    """How a limit per minute stands now, for headers: what is left, and seconds until all of it is there again."""

    limit: Limit
    left: int
    reset_s: float


class Counters(Protocol):
    """Every method is atomic, also across threads (and processes, unless ``is_local``).

    Money of a scope never passes a limit by a hold: spent + held + nanos <= most at the moment of the take; only a call
    that costs more than it held can. Requests and tokens per minute are counted in a window that slides: the last
    minute's count weighs with the part of it that is still within sixty seconds.
    """

    @property
    def is_local(self) -> bool:
        """True: the methods ``…_now`` work and nobody else counts. False: only the awaited methods do."""

    @property
    def trouble(self) -> str:
        """Why calls with limits are refused at the moment, in words; empty when they are not."""

    async def load(self, spent: Mapping[str, int]) -> None:
        """Start from what the ledger says was spent: nanos by counter name (``core.allowance.Windows``)."""

    def take_now(self, take: Take) -> Refusal | None: ...

    def give_now(self, given: Given) -> None: ...

    def charge_now(self, scopes: tuple[str, ...], model: str, nanos: int, now: float) -> None:
        """Count the charge of a call that nothing limited, so that nothing was taken for it: for ``scopes`` and for the
        ``model``. Each time anew, unlike ``give_now``. ``now`` is when the call began."""

    async def take(self, take: Take) -> Refusal | None:
        """``None``: taken. Else the first limit that refuses, and nothing is taken. Raises StoreAway."""

    async def give(self, given: Sequence[Given]) -> None:
        """Give back holds and places, add charges and tokens. Safe to repeat: a call counts once. Raises StoreAway."""

    async def release(self, boot_ids: Sequence[str]) -> None:
        """Give back all that calls of processes that are no more still hold."""

    def standing(self, limits: Sequence[Limit], now: float) -> list[Standing]:
        """Of the limits per minute among ``limits``, as this process last saw them. Never waits."""

    async def close(self) -> None:
        """Let go of connections and tasks."""
