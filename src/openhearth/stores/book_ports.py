"""The port of whoever looks into the books as a whole: what every account stands at, and whether everything adds up."""

from collections.abc import Sequence
from typing import Protocol

import msgspec


class Balance(msgspec.Struct, frozen=True):
    """What an account of ``stores.ports.Posting`` stands at, in nanos."""

    account: str
    nanos: int


class Proof(msgspec.Struct, frozen=True):
    """The whole ledger added up. ``faults`` are in words, at most a few hundred; empty when everything adds up.

    ``sum_nanos`` is that of all postings: 0, or something is very wrong. ``open_calls`` are not settled yet.
    """

    faults: tuple[str, ...]
    calls: int
    postings: int
    accounts: int
    open_calls: int
    sum_nanos: int
    charged_nanos: int
    cost_nanos: int


class Books(Protocol):
    async def prove(self) -> Proof:
        """Add everything up, on one snapshot. Takes seconds for a million calls."""

    async def balances(self, beginning: str, offset: int, limit: int) -> tuple[Sequence[Balance], int]:
        """Accounts whose name begins so, by name, and how many there are."""
