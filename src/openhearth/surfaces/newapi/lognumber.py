"""Numbers of settled calls: made of their time and their id, so that no table of numbers grows with the ledger."""

from hashlib import sha256

from openhearth.stores.ports import LedgerEntry

_SINCE_MS = 1_700_000_000_000
_RANDOM_BITS = 12


def number_of(call: LedgerEntry) -> int:
    """Later calls have greater numbers. Below 2**53, so that every reader of JSON keeps it: 41 bits of milliseconds (to
    the year 2093) and 12 of the id's digest; two calls of one millisecond share a number once in four thousand times,
    which matters to nobody, as no request names one."""
    ms = max(0, int(call.created_at * 1000) - _SINCE_MS)
    return (ms << _RANDOM_BITS) | (int.from_bytes(sha256(call.effect.encode()).digest()[:2], "big") >> 4)
