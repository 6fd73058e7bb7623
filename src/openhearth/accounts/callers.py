"""Who stands behind a token, looked up in memory on every call: a key, an access token or a session.

The store is asked once a minute per token and once per unknown one, so that what was disabled elsewhere stops soon and
a store that is away does not stop those in use. A change made here counts at once.
"""

import hmac
import time
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from openhearth.accounts.principals import Principals
from openhearth.core.call import Principal
from openhearth.core.errors import AccessError
from openhearth.stores.key_ports import AccountRecords

KEY_PREFIX = "sk-oh-"
ACCESS_PREFIX = "at-oh-"
SESSION_PREFIX = "ss-oh-"
_ACCESS = ACCESS_PREFIX.encode()
_SESSION = SESSION_PREFIX.encode()
_DEFAULT_BOUNDS = (20_000, 10_000)
_MOST_DIGESTS = 4096
_MOST_READS = 3
_UNKNOWN = "invalid_api_key"


class CacheTimes(msgspec.Struct, frozen=True):
    """How long an answer of the store counts: for a key, for a key while the store is away, for an unknown token."""

    fresh_s: float = 60.0
    without_store_s: float = 600.0
    unknown_s: float = 5.0


class _Known(msgspec.Struct):
    """``principal`` ``None``: known to be refused, with ``code`` and ``message``."""

    principal: Principal | None
    checked_at: float
    asked_at: float
    code: str = ""
    message: str = ""


class Callers:
    """Everybody who may call. ``pepper`` is the secret that makes a stolen database useless for finding tokens.

    ``bounds`` is the most callers and the most unknown tokens kept in memory.
    """

    def __init__(
        self,
        records: AccountRecords,
        pepper: bytes,
        *,
        now: Callable[[], float] = time.time,
        times: CacheTimes = CacheTimes(),  # noqa: B008 (a frozen value)
        bounds: tuple[int, int] = _DEFAULT_BOUNDS,
    ) -> None:
        self.records = records
        self._pepper = pepper
        self._now = now
        self._times = times
        self._most_known, self._most_unknown = bounds
        self._principals = Principals(records)
        self._known: dict[bytes, _Known] = {}
        self._unknown: dict[bytes, float] = {}
        self._digests: dict[bytes, bytes] = {}
        self._changes = 0

    def find_cached(self, token: bytes) -> Principal | None:
        """The principal of a token seen lately, ``None`` when the store must be asked.

        Raises AccessError for a token known to be unknown, disabled or expired.
        """
        digest = self._digests.get(token) or self._digest(token)
        known = self._known.get(digest)
        now = self._now()
        if known is None:
            if self._unknown.get(digest, 0.0) > now:
                raise _unknown_token()
            return None
        if now - known.asked_at > self._times.fresh_s:
            return None
        principal = known.principal
        if principal is not None and principal.expires_at is None:  # nearly every key
            return principal
        return _usable(known, now)

    async def find(self, token: bytes) -> Principal:
        """The principal of a token, from the store. Raises AccessError, and what the store raises for a new token."""
        digest = hmac.digest(self._pepper, token, "sha256")
        known = self._known.get(digest)
        if known is not None:
            # Calls that come while the store is asked go on with what we know.
            known.asked_at = self._now()
        try:
            found = await self._read(token, digest)
        except AccessError:
            raise
        except Exception:
            # Whatever the store's trouble is, a token in use goes on for a while.
            if known is None or self._now() - known.checked_at > self._times.without_store_s:
                raise
            return _usable(known, self._now())
        return _usable(found, self._now())

    def digest_of(self, token: str) -> str:
        """What is stored of a token: HMAC-SHA-256 in hexadecimal."""
        return hmac.digest(self._pepper, token.encode(), "sha256").hex()

    def forget_key(self, key_id: str) -> None:
        """The key was changed: the next call reads it anew."""
        self._forget(lambda principal: principal.key_id == key_id)

    def forget_user(self, user_id: str) -> None:
        """The user was changed: all their keys, tokens and sessions are read anew."""
        self._forget(lambda principal: principal.user_id == user_id)

    def forget_org(self, org_id: str) -> None:
        self._forget(lambda principal: principal.org_id == org_id)

    def forget_project(self, project_id: str) -> None:
        self._forget(lambda principal: principal.project_id == project_id)

    def forget_all(self) -> None:
        """A group was changed: who is in it may also be who was not."""
        self._forget(lambda _: True)

    def forget_token(self, token: str) -> None:
        """A session was ended."""
        self._changes += 1
        self._known.pop(bytes.fromhex(self.digest_of(token)), None)

    def _forget(self, is_meant: Callable[[Principal], bool]) -> None:
        # A lookup that read the records before they were changed may still be on its way back: see _read.
        self._changes += 1
        for digest, known in list(self._known.items()):
            if known.principal is None or is_meant(known.principal):
                del self._known[digest]

    def _digest(self, token: bytes) -> bytes:
        """The digest of a token, kept for a while: computing it costs more than everything else on a warm look-up."""
        digest = hmac.digest(self._pepper, token, "sha256")
        if digest in self._known:
            if len(self._digests) >= _MOST_DIGESTS:
                self._digests.clear()
            self._digests[token] = digest
        return digest

    async def _read(self, token: bytes, digest: bytes) -> _Known:
        """Read and remember. Raises AccessError for an unknown token, and what the store raises."""
        found = None
        for _ in range(_MOST_READS):
            changes = self._changes
            found = await self._answer(token, digest)
            if changes == self._changes:
                self._remember(digest, found)
                break
        assert found is not None
        if found.code == _UNKNOWN:
            raise _unknown_token()
        return found

    async def _answer(self, token: bytes, digest: bytes) -> _Known:
        try:
            principal = await self._principal(token, digest.hex())
        except AccessError as error:
            return _Known(None, self._now(), self._now(), error.code, error.message)
        return _Known(principal, self._now(), self._now())

    async def _principal(self, token: bytes, digest: str) -> Principal:
        if token.startswith(_SESSION):
            return await self._of_session(digest)
        if token.startswith(_ACCESS):
            user = await self.records.user_by_access_digest(digest)
            if user is None:
                raise _unknown_token()
            return await self._principals.of_user(user)
        record = await self.records.key_by_digest(digest)
        if record is None:
            raise _unknown_token()
        return await self._principals.of_key(record)

    async def _of_session(self, digest: str) -> Principal:
        session = await self.records.session(digest)
        user = None if session is None else await self.records.user(session.user_id)
        if session is None or user is None or session.epoch != user.epoch:
            raise _ended()
        return await self._principals.of_user(user, session.expires_at)

    def _remember(self, digest: bytes, found: _Known) -> None:
        if found.code == _UNKNOWN:
            self._known.pop(digest, None)
            if len(self._unknown) >= self._most_unknown:
                del self._unknown[next(iter(self._unknown))]
            self._unknown[digest] = self._now() + self._times.unknown_s
            return
        self._unknown.pop(digest, None)
        if digest not in self._known and len(self._known) >= self._most_known:
            del self._known[next(iter(self._known))]
        self._known[digest] = found


def _usable(known: _Known, now: float) -> Principal:
    principal = known.principal
    if principal is None:
        raise AccessError(known.message, code=known.code)
    if principal.expires_at is not None and principal.expires_at <= now:
        if not principal.key_id:
            raise _ended()
        day = datetime.fromtimestamp(principal.expires_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
        raise AccessError(f"This API key expired on {day}. Use another one.", code="key_expired")
    return principal


def _unknown_token() -> AccessError:
    return AccessError("This API key is not known here. Check that it was copied whole, without quotes or spaces.")


def _ended() -> AccessError:
    return AccessError("This session has ended. Sign in again.", code="session_ended")
