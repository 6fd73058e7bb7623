"""API keys: made once, kept only as an HMAC, and looked up in memory on every call.

The store is asked once a minute per key and once per unknown token, so that a key disabled elsewhere stops soon and a
store that is away does not stop the keys in use.
"""

import hmac
import secrets
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import msgspec

from openhearth.core.call import Principal
from openhearth.core.errors import AccessError, RequestError
from openhearth.core.ids import new_id
from openhearth.stores.ports import KeyRecord, KeyRecords

PREFIX = "sk-oh-"
MODERATE = ("off", "input", "output", "both")
_SECRET_BYTES = 32
_NAME_CHARS = 200
_DEFAULT_BOUNDS = (20_000, 10_000)


_MOST_DIGESTS = 4096


class CacheTimes(msgspec.Struct, frozen=True):
    """How long an answer of the store counts: for a key, for a key while the store is away, for an unknown token."""

    fresh_s: float = 60.0
    without_store_s: float = 600.0
    unknown_s: float = 5.0


class _Known(msgspec.Struct):
    principal: Principal
    disabled: bool
    checked_at: float
    asked_at: float


class Keys:
    """Every key of the platform. ``pepper`` is the secret that makes a stolen database useless for finding keys.

    ``bounds`` is the most keys and the most unknown tokens kept in memory.
    """

    def __init__(
        self,
        records: KeyRecords,
        pepper: bytes,
        *,
        now: Callable[[], float] = time.time,
        times: CacheTimes = CacheTimes(),  # noqa: B008 (a frozen value)
        bounds: tuple[int, int] = _DEFAULT_BOUNDS,
    ) -> None:
        self._records = records
        self._pepper = pepper
        self._now = now
        self._times = times
        self._most_known, self._most_unknown = bounds
        self._known: dict[bytes, _Known] = {}
        self._unknown: dict[bytes, float] = {}
        self._digest_of: dict[str, bytes] = {}
        self._digests: dict[bytes, bytes] = {}
        self._disabled_here: set[str] = set()

    def find_cached(self, token: bytes) -> Principal | None:
        """The principal of a token seen lately, ``None`` when the store must be asked.

        Raises AccessError for a token known to be unknown, disabled or expired.
        """
        digest = self._digests.get(token) or self._digest(token)
        known = self._known.get(digest)
        now = self._now()
        if known is None:
            if self._unknown.get(digest, 0.0) > now:
                raise _unknown_key()
            return None
        if now - known.asked_at > self._times.fresh_s:
            return None
        principal = known.principal
        if not known.disabled and principal.expires_at is None:  # nearly every key
            return principal
        return _usable(known, now)

    def _digest(self, token: bytes) -> bytes:
        """The digest of a token, kept for a while: computing it costs more than everything else on a warm look-up."""
        digest = hmac.digest(self._pepper, token, "sha256")
        if digest in self._known:
            if len(self._digests) >= _MOST_DIGESTS:
                self._digests.clear()
            self._digests[token] = digest
        return digest

    async def find(self, token: bytes) -> Principal:
        """The principal of a token, from the store. Raises AccessError, and what the store raises for a new token."""
        digest = hmac.digest(self._pepper, token, "sha256")
        known = self._known.get(digest)
        if known is not None:
            # Calls that come while the store is asked go on with what we know.
            known.asked_at = self._now()
        try:
            record = await self._records.key_by_digest(digest.hex())
        except Exception:
            # Whatever the store's trouble is, a key in use goes on for a while.
            if known is None or self._now() - known.checked_at > self._times.without_store_s:
                raise
            return _usable(known, self._now())
        if record is None:
            self._forget(digest)
            raise _unknown_key()
        return _usable(self._remember(digest, record), self._now())

    async def create(
        self,
        *,
        name: str,
        owner: str | None = None,
        is_admin: bool = False,
        quota_micros: int | None = None,
        expires_at: float | None = None,
        models: Sequence[str] = (),
        moderate: str = "off",
    ) -> tuple[KeyRecord, str]:
        """A new key and its text, which is shown this once and never again.

        ``owner`` scopes the key's objects; by default they are its own. ``moderate`` is ``off``, ``input``, ``output``
        or ``both``. Raises RequestError for a bad name, quota or ``moderate``.
        """
        if not name.strip() or len(name) > _NAME_CHARS or not name.isprintable():
            raise RequestError(f"A key's name is 1 to {_NAME_CHARS} printable characters.", param="name")
        if quota_micros is not None and quota_micros < 0:
            raise RequestError("A quota cannot be negative.", param="quota_micros")
        _check_moderate(moderate)
        text = PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
        digest = hmac.digest(self._pepper, text.encode(), "sha256")
        key_id = new_id("key")
        record = KeyRecord(
            id=key_id,
            digest=digest.hex(),
            hint=text[-4:],
            name=name,
            owner=owner or key_id,
            is_admin=is_admin,
            disabled=False,
            created_at=self._now(),
            expires_at=expires_at,
            quota_micros=quota_micros,
            models=tuple(models),
            moderate=moderate,
        )
        await self._records.add_key(record)
        self._remember(digest, record)
        return record, text

    async def disable(self, key_id: str) -> bool:
        """Stop a key, at once and for good; True if there was such a key."""
        found = await self._records.disable_key(key_id)
        if found:
            # A lookup that read the record before it was disabled may still be on its way back.
            self._disabled_here.add(key_id)
            known = self._known.get(self._digest_of.get(key_id, b""))
            if known is not None:
                known.disabled = True
        return found

    async def moderate(self, key_id: str, moderate: str) -> KeyRecord | None:
        """Change what is checked of a key, from its next call on; the key, or ``None`` if there is no such key.

        Raises RequestError for a bad ``moderate``.
        """
        _check_moderate(moderate)
        record = await self._records.moderate_key(key_id, moderate)
        if record is None:
            return None
        known = self._known.get(self._digest_of.get(key_id, b""))
        if known is not None:
            known.principal = _principal(record)
        return msgspec.structs.replace(record, digest="")

    async def list(self) -> Sequence[KeyRecord]:
        """All keys, oldest first, without anything a key could be made from."""
        return [msgspec.structs.replace(record, digest="") for record in await self._records.list_keys()]

    def _remember(self, digest: bytes, record: KeyRecord) -> _Known:
        now = self._now()
        known = _Known(_principal(record), record.disabled or record.id in self._disabled_here, now, now)
        self._unknown.pop(digest, None)
        if digest not in self._known and len(self._known) >= self._most_known:
            oldest = next(iter(self._known))
            self._digest_of.pop(self._known.pop(oldest).principal.key_id, None)
        self._known[digest] = known
        self._digest_of[record.id] = digest
        return known

    def _forget(self, digest: bytes) -> None:
        known = self._known.pop(digest, None)
        if known is not None:
            self._digest_of.pop(known.principal.key_id, None)
        if len(self._unknown) >= self._most_unknown:
            del self._unknown[next(iter(self._unknown))]
        self._unknown[digest] = self._now() + self._times.unknown_s


def _check_moderate(moderate: str) -> None:
    if moderate not in MODERATE:
        raise RequestError(f"'moderate' is one of {', '.join(MODERATE)}.", param="moderate", code="invalid_value")


def _principal(record: KeyRecord) -> Principal:
    return Principal(
        key_id=record.id,
        owner=record.owner,
        name=record.name,
        is_admin=record.is_admin,
        quota_micros=record.quota_micros,
        expires_at=record.expires_at,
        models=record.models,
        screens="" if record.moderate == "off" else record.moderate,
    )


def _usable(known: _Known, now: float) -> Principal:
    principal = known.principal
    if known.disabled:
        raise AccessError("This API key was disabled. Use another one.", code="key_disabled")
    if principal.expires_at is not None and principal.expires_at <= now:
        day = datetime.fromtimestamp(principal.expires_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
        raise AccessError(f"This API key expired on {day}. Use another one.", code="key_expired")
    return principal


def _unknown_key() -> AccessError:
    return AccessError("This API key is not known here. Check that it was copied whole, without quotes or spaces.")
