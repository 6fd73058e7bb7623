"""The port of answers kept for repeated requests (``Idempotency-Key``): one record per caller and key.

What a record holds of an answer is sealed: the store cannot read it. ``claim`` names one run of the request; whoever
writes says which run it believes in, so that of two that race one wins.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

import msgspec


class RepeatState(StrEnum):
    """Where the first request stands. ``TOO_LARGE``: it was answered, and the answer is more than is kept."""

    RUNNING = "running"
    KEPT = "kept"
    TOO_LARGE = "too_large"


class RepeatRecord(msgspec.Struct, frozen=True):
    """One request that was sent with a key. ``id`` is a digest of caller and key.

    ``fingerprint`` is that of method, path and body, empty while it runs. ``head`` is the sealed status and headers;
    the sealed body is ``body``, or the blob at ``blob``. ``size_bytes`` is the body's clear size. Times: unix seconds.
    """

    id: str
    claim: str
    boot_id: str
    state: RepeatState
    fingerprint: str
    head: bytes
    body: bytes
    blob: str
    size_bytes: int
    created_at: float
    expires_at: float


class RepeatRecords(Protocol):
    """Every method is one durable transaction."""

    async def add_repeat(self, record: RepeatRecord) -> RepeatRecord | None:
        """``None``: added. Else the record that is there already, and nothing was written."""

    async def replace_repeat(self, claim: str, record: RepeatRecord) -> bool:
        """Write ``record`` over the one of its id, if that is still of the run ``claim``."""

    async def remove_repeat(self, repeat_id: str, claim: str) -> bool:
        """Remove a record, if it is still of the run ``claim``."""

    async def expired_repeats(self, now: float, limit: int) -> Sequence[RepeatRecord]:
        """Those whose time is over, oldest first."""
