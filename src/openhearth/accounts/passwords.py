"""Passwords: argon2id, hashed in threads of their own so that no call ever waits for one.

Parameters: the second recommended option of RFC 9106, section 4 (64 MiB, three passes, four lanes).
"""

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from openhearth.core.errors import LimitError, RequestError

LEAST_CHARS = 8
MOST_CHARS = 256
_THREADS = 2
_MOST_WAITING = 64
_RANDOM_BYTES = 18


class Cost(msgspec.Struct, frozen=True):
    """How much one hash costs."""

    passes: int = RFC_9106_LOW_MEMORY.time_cost
    memory_kib: int = RFC_9106_LOW_MEMORY.memory_cost
    lanes: int = RFC_9106_LOW_MEMORY.parallelism


class Passwords:
    """Makes and checks hashes, two at a time; more than a few dozen waiting are turned away."""

    def __init__(self, cost: Cost = Cost()) -> None:  # noqa: B008 (a frozen value)
        self._hasher = PasswordHasher(cost.passes, cost.memory_kib, cost.lanes)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="passwords")
        self._waiting = 0
        self._nobody = ""

    async def hashed(self, password: str) -> str:
        """The text to store. Raises RequestError for a password too short or too long."""
        check(password)
        return await self._run(password, None)

    async def matches(self, password: str, stored: str) -> bool:
        """Whether ``stored`` was made of ``password``. An empty ``stored`` costs as much, and matches nothing."""
        if not self._nobody:
            self._nobody = await self._run(secrets.token_urlsafe(_RANDOM_BYTES), None)
        return bool(await self._run(password[: MOST_CHARS + 1], stored or self._nobody)) and bool(stored)

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, password: str, stored: str | None) -> str:
        if self._waiting >= _MOST_WAITING:
            raise LimitError("Too many people are signing in at once. Try again.", retry_after_s=2.0)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._work, password, stored)
        finally:
            self._waiting -= 1

    def _work(self, password: str, stored: str | None) -> str:
        """The hash of ``password``, or ``stored`` itself if that was made of it, or nothing."""
        if stored is None:
            return self._hasher.hash(password)
        try:
            self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return ""
        return stored


def check(password: str) -> None:
    """Raises RequestError for what is no password."""
    if not LEAST_CHARS <= len(password) <= MOST_CHARS:
        raise RequestError(
            f"A password has {LEAST_CHARS} to {MOST_CHARS} characters.", param="password", code="invalid_password"
        )


def random_password() -> str:
    """144 random bits that can be typed, and begin with a letter or digit."""
    return secrets.token_hex(_RANDOM_BYTES)
