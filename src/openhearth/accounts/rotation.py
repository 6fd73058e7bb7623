"""A new master key in place of the old one, so that nothing sealed is ever without a key that opens it.

First the new key is put beside the old one, durably; then all that is stored is sealed anew, in one transaction; then
the new key takes the old one's place. Wherever this stops, the next start finds both keys and goes on from there.
"""

import asyncio
import os
from pathlib import Path

import msgspec

from openhearth.accounts.audit import told
from openhearth.accounts.secrets import MASTER_KEY, NEXT_KEY, Secrets, Vault, secret_file
from openhearth.config import ConfigError
from openhearth.core.call import Principal
from openhearth.core.provider import Secret
from openhearth.stores.key_ports import SealedRecords

_MOST_ROUNDS = 5


class Rotated(msgspec.Struct, frozen=True):
    """``unreadable`` texts were sealed by a key that was not there before either; they were left as they are."""

    key_id: str
    resealed: int
    unreadable: int = 0


class Rotation:
    """Gives the vault a new master key."""

    def __init__(self, vault: Vault, records: SealedRecords, folder: Path) -> None:
        self._vault = vault
        self._records = records
        self._folder = folder
        self._running = asyncio.Lock()

    async def rotate(self, by: Principal | None = None) -> Rotated:
        """Seal everything with a new key; the old one is gone when this returns. Raises what the store raises: then
        both keys stay, and the next try or start goes on."""
        async with self._running:
            key = await asyncio.to_thread(_next_key, self._folder)
            self._vault.adopt(bytes.fromhex(key.reveal()))
            resealed, unreadable = 0, 0
            # A second round finds what was being stored, sealed by the old key, while the first one was read.
            for number in range(_MOST_ROUNDS):
                anew, unreadable = self._anew(dict(await self._records.sealed()))
                if number and not anew:
                    break
                change = {"key_id": self._vault.key_id, "resealed": len(anew)}
                await self._records.reseal(anew, told(by, "secrets.rotate", MASTER_KEY, change))
                resealed += len(anew)
            await asyncio.to_thread(_promote, self._folder)
            return Rotated(self._vault.key_id, resealed, unreadable)

    def _anew(self, sealed: dict[str, str]) -> tuple[dict[str, str], int]:
        anew, unreadable = {}, 0
        for name, text in sealed.items():
            if self._vault.is_current(text):
                continue
            try:
                anew[name] = self._vault.seal(self._vault.unseal(text).reveal())
            except ConfigError:
                unreadable += 1
        return anew, unreadable


async def open_vault(secrets: Secrets, records: SealedRecords) -> Vault:
    """The vault at the start, with a rotation that was interrupted brought to its end.

    Raises ConfigError when credentials are sealed and the master key is not there.
    """
    folder = secrets.folder
    if secrets.master_key is None:
        sealed = await records.sealed()
        if sealed:
            raise ConfigError(
                f"The database holds {len(sealed)} sealed credentials, and {folder / MASTER_KEY}, the key that opens "
                "them, is missing. Restore that file from a backup of the data folder. Without it they are lost: "
                "to start all the same, put an empty database in its place and attach the targets again."
            )
        key = await asyncio.to_thread(secret_file, folder / MASTER_KEY)
        secrets = msgspec.structs.replace(secrets, master_key=key)
    vault = secrets.vault()
    if await asyncio.to_thread((folder / NEXT_KEY).exists):
        await Rotation(vault, records, folder).rotate()
    return vault


def _next_key(folder: Path) -> Secret:
    """Made if absent; there for good before anything is sealed with it."""
    key = secret_file(folder / NEXT_KEY)
    _sync(folder)
    return key


def _promote(folder: Path) -> None:
    try:
        os.replace(folder / NEXT_KEY, folder / MASTER_KEY)
    except FileNotFoundError:
        return  # another process was rotating as well, with the same key, and was faster
    _sync(folder)


def _sync(folder: Path) -> None:
    """A name in a folder is durable when the folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
