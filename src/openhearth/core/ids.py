"""Prefixed, sortable-enough, unguessable ids: a wrong kind of id is seen at once."""

import os


def new_id(prefix: str) -> str:
    """``prefix``, ``_`` (unless it ends with ``-``) and 30 lower-case hex digits: 120 random bits."""
    joint = "" if prefix.endswith("-") else "_"
    return prefix + joint + os.urandom(15).hex()


class OrderedIds:
    """Ids like those of ``new_id`` whose later ones sort after earlier ones: 48 bits of time in ms, 72 random ones.

    For ids that index a table which only grows: there every random id touches another page of the index, which made
    writing the ledger ten times as slow at 200,000 rows. Random digits are drawn for many ids at once and the time is
    written once per ms, because every call has an id: made one by one they cost a twentieth of a relayed call.
    """

    __slots__ = ("_digits", "_from_s", "_prefix", "_stem", "_until_s")

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._stem = ""
        self._from_s = self._until_s = 0.0
        self._digits: list[str] = []

    def new(self, now_s: float) -> str:
        """An id made at ``now_s``, in unix seconds."""
        if not self._from_s <= now_s < self._until_s:
            ms = int(now_s * 1000)
            self._from_s, self._until_s = now_s, (ms + 1) / 1000
            self._stem = f"{self._prefix}_{ms:012x}"
        if not self._digits:
            self._digits = os.urandom(_RANDOM_BYTES * _DRAWN).hex(" ", _RANDOM_BYTES).split()
        return self._stem + self._digits.pop()


_RANDOM_BYTES = 9
_DRAWN = 256
