"""Answers in memory, found by what was asked: the ones not asked for longest go first when there is no more room."""

import time
from collections import OrderedDict
from collections.abc import Callable

import msgspec

from openhearth.config import Cache
from openhearth.surfaces.repeats.answers import Head

_ENTRY_BYTES = 1024


class Kept(msgspec.Struct, frozen=True):
    """An answer and when it was made, in monotonic seconds."""

    head: Head
    body: bytes
    made_s: float

    @property
    def size_bytes(self) -> int:
        """What it holds in memory, roughly."""
        return len(self.body) + sum(len(name) + len(value) for name, value in self.head.headers) + _ENTRY_BYTES


class Shelf:
    """Bounded in answers, bytes and age."""

    def __init__(self, settings: Cache, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._kept: OrderedDict[bytes, Kept] = OrderedDict()
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, name: bytes, age_s: float) -> tuple[Kept, int] | None:
        """An answer younger than ``age_s``, and its age in whole seconds."""
        kept = self._kept.get(name)
        if kept is None:
            return None
        age = self._clock() - kept.made_s
        if age > self._settings.age_s:
            self._drop(name)
            return None
        if age >= age_s:
            return None
        self._kept.move_to_end(name)
        return kept, int(age)

    def put(self, name: bytes, head: Head, body: bytes) -> None:
        """Keep an answer made now, if it fits at all."""
        kept = Kept(head, body, self._clock())
        self._drop(name)
        if kept.size_bytes > self._settings.bytes or self._settings.entries < 1:
            return
        self._kept[name] = kept
        self.size_bytes += kept.size_bytes
        while self.size_bytes > self._settings.bytes or len(self._kept) > self._settings.entries:
            self._drop(next(iter(self._kept)))

    def _drop(self, name: bytes) -> None:
        kept = self._kept.pop(name, None)
        if kept is not None:
            self.size_bytes -= kept.size_bytes
