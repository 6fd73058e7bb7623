"""API keys: made once, kept only as an HMAC, changed, rotated and stopped at once."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import msgspec
from typing_extensions import override

from openhearth.accounts.audit import told
from openhearth.accounts.callers import KEY_PREFIX, CacheTimes, Callers
from openhearth.core.allowance import UNBOUNDED, Allowance
from openhearth.core.call import Principal
from openhearth.core.errors import RequestError
from openhearth.core.ids import new_id
from openhearth.core.networks import network_of
from openhearth.core.operations import Operation
from openhearth.core.patterns import matches
from openhearth.core.permissions import DEFAULT_ORG, ROOT_USER
from openhearth.stores.access_ports import Audit
from openhearth.stores.ports import KeyRecord

__all__ = ["MODERATE", "PREFIX", "CacheTimes", "Keys"]

PREFIX = KEY_PREFIX
MODERATE = ("off", "input", "output", "both")
_SECRET_BYTES = 32
_NAME_CHARS = 200
_MOST_LISTED = 200
_LISTED_CHARS = 256
_MOST_CACHE_S = 366 * 86_400


class Keys(Callers):
    """Every key of the platform; who may do this to whose key is the business of ``accounts.key_desk``.

    ``seal`` (``accounts.secrets.Vault.seal``), where it is set, keeps the text of new keys, to be shown again.
    """

    seal: Callable[[str], str] | None = None

    @cached_property
    def _uses(self) -> dict[str, float]:
        """Unix seconds of uses that are not written yet, by key."""
        return {}

    @override
    async def find(self, token: bytes) -> Principal:
        """As ``Callers.find``. Every key in use comes by here once a minute, so its last use is known to a minute."""
        principal = await super().find(token)
        if principal.key_id:
            self._uses[principal.key_id] = self._now()
        return principal

    def used_at(self, record: KeyRecord) -> float | None:
        """When the key was last used, as far as this process and the records know."""
        known = (record.used_at, self._uses.get(record.id))
        return max((at for at in known if at is not None), default=None)

    async def note_uses(self) -> None:
        """Write down when keys were last used. Raises what the store raises; then the next round writes it."""
        uses = dict(self._uses)
        if uses:
            await self.records.note_uses(uses)
        for key_id, at in uses.items():
            if self._uses.get(key_id) == at:
                del self._uses[key_id]

    async def create(
        self,
        *,
        name: str,
        owner: str | None = None,
        is_admin: bool = False,
        allowance: Allowance = UNBOUNDED,
        expires_at: float | None = None,
        models: Sequence[str] = (),
        moderate: str = "off",
        user_id: str = ROOT_USER,
        org_id: str = DEFAULT_ORG,
        project_id: str = "",
        group_name: str = "",
        operations: Sequence[str] = (),
        ips: Sequence[str] = (),
        cache_s: int = 0,
        by: Principal | None = None,
    ) -> tuple[KeyRecord, str]:
        """A new key and its text, which is shown this once and never again.

        ``owner`` scopes the key's objects; by default they are its own. ``moderate`` is ``off``, ``input``, ``output``
        or ``both``. Raises RequestError for a bad name, list, network or ``moderate``.
        """
        text, digest = self._new_secret()
        key_id = new_id("key")
        record = KeyRecord(
            id=key_id,
            digest=digest,
            hint=text[-4:],
            name=name,
            owner=owner or key_id,
            is_admin=is_admin,
            disabled=False,
            created_at=self._now(),
            expires_at=expires_at,
            models=tuple(models),
            moderate=moderate,
            user_id=user_id,
            org_id=org_id,
            project_id=project_id,
            group_name=group_name,
            operations=tuple(operations),
            ips=tuple(ips),
            allowance=allowance,
            cache_s=cache_s,
            sealed=self.seal(text) if self.seal else "",
        )
        check({field: getattr(record, field) for field in _CHECKED})
        shown = {field: value for field, value in msgspec.structs.asdict(record).items() if field != "id" and value}
        await self.records.add_key(record, told(by, "key.create", key_id, shown, org_id=org_id, now=self._now))
        found = await self._read(text.encode(), bytes.fromhex(digest))  # it may be used at once
        found.asked_at = 0.0  # and its first use is one to be noted
        return record, text

    async def change(
        self, key_id: str, changes: Mapping[str, Any], by: Principal | None = None, action: str = "key.change"
    ) -> KeyRecord | None:
        """Set fields of the key, from its next call on; the key, or ``None`` if there is no such key.

        ``allowance`` may be a mapping of the bounds to change. Raises RequestError for a bad value.
        """
        check(changes)
        record = await self.records.change_key(key_id, changes, await self._told(by, action, key_id, changes))
        self.forget_key(key_id)
        return None if record is None else self._shown(record)

    async def disable(self, key_id: str, by: Principal | None = None) -> bool:
        """Stop a key at once; True if there was such a key."""
        return await self.change(key_id, {"disabled": True}, by, "key.disable") is not None

    async def enable(self, key_id: str, by: Principal | None = None) -> bool:
        """Let a disabled key call again; True if there was such a key."""
        return await self.change(key_id, {"disabled": False}, by, "key.enable") is not None

    async def rotate(
        self, key_id: str, *, overlap_s: float = 0.0, by: Principal | None = None
    ) -> tuple[KeyRecord, str] | None:
        """A new secret for the same key; the old one stops at once, or after ``overlap_s``. ``None``: no such key."""
        record = await self.records.key(key_id)
        if record is None:
            return None
        text, digest = self._new_secret()
        new = msgspec.structs.replace(
            record, digest=digest, hint=text[-4:], sealed=self.seal(text) if self.seal else ""
        )
        audit = await self._told(by, "key.rotate", key_id, {"digest": digest, "overlap_s": overlap_s})
        rotated = await self.records.rotate_key(new, self._now() + overlap_s, audit)
        self.forget_key(key_id)
        return None if rotated is None else (self._shown(rotated), text)

    async def list(self) -> Sequence[KeyRecord]:
        """All keys, oldest first, without anything a key could be made from."""
        return [self._shown(record) for record in await self.records.list_keys()]

    async def one(self, key_id: str) -> KeyRecord | None:
        """One key, without anything it could be made from."""
        record = await self.records.key(key_id)
        return None if record is None else self._shown(record)

    def _shown(self, record: KeyRecord) -> KeyRecord:
        return msgspec.structs.replace(shown(record), used_at=self.used_at(record))

    def _new_secret(self) -> tuple[str, str]:
        text = PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
        return text, self.digest_of(text)

    async def _told(self, by: Principal | None, action: str, key_id: str, changes: Mapping[str, Any]) -> Audit:
        record = await self.records.key(key_id)
        return told(by, action, key_id, changes, org_id=record.org_id if record else "", now=self._now)


def shown(record: KeyRecord) -> KeyRecord:
    """The key without anything it could be made from."""
    return msgspec.structs.replace(record, digest="", sealed="")


_CHECKED = ("name", "moderate", "models", "operations", "ips", "cache_s")


def check(changes: Mapping[str, Any]) -> None:
    """Raises RequestError for a value that a key cannot have."""
    if "name" in changes:
        name = changes["name"]
        if not name.strip() or len(name) > _NAME_CHARS or not name.isprintable():
            raise RequestError(f"A key's name is 1 to {_NAME_CHARS} printable characters.", param="name")
    if changes.get("moderate", "off") not in MODERATE:
        raise RequestError(f"'moderate' is one of {', '.join(MODERATE)}.", param="moderate", code="invalid_value")
    for field in ("models", "operations"):
        check_names(field, changes.get(field, ()))
    _check_operations(changes.get("operations", ()))
    _check_networks(changes.get("ips", ()))
    if not 0 <= changes.get("cache_s", 0) <= _MOST_CACHE_S:
        raise RequestError(f"'cache_s' is 0 to {_MOST_CACHE_S}.", param="cache_s", code="invalid_value")


def check_names(field: str, names: Sequence[str]) -> None:
    """Raises RequestError unless these are names, or beginnings of names with a star at their end."""
    if len(names) > _MOST_LISTED:
        raise RequestError(f"'{field}' has at most {_MOST_LISTED} entries.", param=field, code="invalid_value")
    for name in names:
        if not 0 < len(name) <= _LISTED_CHARS or not name.isprintable() or "*" in name[:-1]:
            raise RequestError(
                f"'{field}' holds names of 1 to {_LISTED_CHARS} characters; a star may only end one (gpt-4*).",
                param=field,
                code="invalid_value",
            )


def _check_operations(names: Sequence[str]) -> None:
    for name in names:
        if not any(matches(operation, (name,)) for operation in Operation):
            raise RequestError(
                f"'operations': '{name}' is none of {', '.join(Operation)}, nor the beginning of one (image*).",
                param="operations",
                code="invalid_value",
            )


def _check_networks(ips: Sequence[str]) -> None:
    if len(ips) > _MOST_LISTED:
        raise RequestError(f"'ips' has at most {_MOST_LISTED} entries.", param="ips", code="invalid_value")
    for text in ips:
        try:
            network_of(text)
        except ValueError as error:
            raise RequestError(
                f"'ips': '{text[:60]}' is no address or network such as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32.",
                param="ips",
                code="invalid_value",
            ) from error
