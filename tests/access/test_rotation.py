"""A new master key: everything sealed can be opened at every moment, wherever the rotation stops."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import msgspec
import pytest
from typing_extensions import override

from openhearth.accounts.rotation import Rotation, open_vault
from openhearth.accounts.secrets import MASTER_KEY, NEXT_KEY, Secrets, Vault, open_secrets
from openhearth.config import ConfigError
from openhearth.stores.access_ports import Audit
from openhearth.stores.ports import KeyRecord, TargetRecord
from openhearth.stores.sql import SqlRecords

TARGET = TargetRecord("target_", "openai", "https://a.test/v1", "m", "", "", 1, 0, True, 1.0)
KEY = KeyRecord("key_a", "d", "h", "n", "o", False, False, 1.0)


class Stopping(SqlRecords):
    """Stops before or after the transaction that seals everything anew."""

    stops = ""

    @override
    async def reseal(self, credentials: Mapping[str, str], audit: Audit) -> None:
        if self.stops == "before":
            raise OSError("stopped")
        await super().reseal(credentials, audit)
        if self.stops == "after":
            raise OSError("stopped")


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[Stopping]:
    made = Stopping(f"sqlite:///{tmp_path / 'records.db'}")
    await made.open()
    yield made
    await made.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


async def kept(records: SqlRecords, vault: Vault) -> None:
    """Two targets with sealed credentials, one with a reference, and a key that can be shown again."""
    for number, credential in enumerate((vault.seal("sk-up-0"), vault.seal("sk-up-1"), "env:KEY", "")):
        await records.add_target(msgspec.structs.replace(TARGET, id=f"target_{number}", credential=credential))
    await records.add_key(msgspec.structs.replace(KEY, sealed=vault.seal("sk-oh-shown")))


async def opened(records: SqlRecords, vault: Vault) -> dict[str, str]:
    return {name: vault.unseal(text).reveal() for name, text in (await records.sealed()).items()}


CLEAR = {"target_0": "sk-up-0", "target_1": "sk-up-1", "key_a": "sk-oh-shown"}


def again(folder: Path) -> Secrets:
    """The secrets as the next start finds them."""
    return open_secrets(folder)


async def test_everything_is_sealed_by_the_new_key_and_the_old_one_is_gone(records: Stopping, folder: Path) -> None:
    vault = await open_vault(open_secrets(folder), records)
    await kept(records, vault)
    before = (folder / MASTER_KEY).read_text()
    done = await Rotation(vault, records, folder).rotate()
    assert (done.resealed, done.unreadable) == (3, 0)
    assert (folder / MASTER_KEY).read_text() != before
    assert (folder / MASTER_KEY).stat().st_mode & 0o777 == 0o600
    assert not (folder / NEXT_KEY).exists()
    assert all(done.key_id in text for text in (await records.sealed()).values())
    assert await opened(records, vault) == CLEAR
    assert await opened(records, await open_vault(again(folder), records)) == CLEAR
    with pytest.raises(ConfigError):
        await opened(records, Vault(bytes.fromhex(before)))
    assert [entry.action for entry in await records.audit_entries()] == ["secrets.rotate"]


@pytest.mark.parametrize("stops", ["before", "after"])
async def test_a_rotation_that_stops_half_way_loses_nothing(records: Stopping, folder: Path, stops: str) -> None:
    vault = await open_vault(open_secrets(folder), records)
    await kept(records, vault)
    records.stops = stops
    with pytest.raises(OSError, match="stopped"):
        await Rotation(vault, records, folder).rotate()
    assert (folder / NEXT_KEY).exists()
    assert await opened(records, vault) == CLEAR
    new = vault.seal("sealed meanwhile")
    await records.add_target(msgspec.structs.replace(TARGET, id="target_9", credential=new))
    records.stops = ""
    later = await open_vault(again(folder), records)
    assert await opened(records, later) == {**CLEAR, "target_9": "sealed meanwhile"}
    assert not (folder / NEXT_KEY).exists()
    assert await opened(records, await open_vault(again(folder), records)) == {**CLEAR, "target_9": "sealed meanwhile"}


async def test_a_try_again_in_the_same_process_goes_on(records: Stopping, folder: Path) -> None:
    vault = await open_vault(open_secrets(folder), records)
    await kept(records, vault)
    rotation = Rotation(vault, records, folder)
    records.stops = "before"
    with pytest.raises(OSError, match="stopped"):
        await rotation.rotate()
    records.stops = ""
    assert (await rotation.rotate()).resealed == 3
    assert await opened(records, await open_vault(again(folder), records)) == CLEAR


async def test_another_process_learns_of_the_new_key(records: Stopping, folder: Path) -> None:
    ours = await open_vault(open_secrets(folder), records)
    other = await open_vault(open_secrets(folder), records)
    await kept(records, ours)
    await Rotation(ours, records, folder).rotate()
    assert await opened(records, other) == CLEAR
    assert ours.is_current(other.seal("sealed there"))


async def test_what_no_key_opens_is_left_and_told(records: Stopping, folder: Path) -> None:
    vault = await open_vault(open_secrets(folder), records)
    foreign = Vault(b"x" * 32).seal("lost")
    await records.add_target(msgspec.structs.replace(TARGET, credential=foreign))
    done = await Rotation(vault, records, folder).rotate()
    assert (done.resealed, done.unreadable) == (0, 1)
    assert await records.sealed() == {"target_": foreign}


async def test_without_its_master_key_a_database_with_credentials_does_not_start(
    records: Stopping, folder: Path
) -> None:
    vault = await open_vault(open_secrets(folder), records)
    await kept(records, vault)
    key = (folder / MASTER_KEY).read_bytes()
    (folder / MASTER_KEY).unlink()
    for _ in range(2):
        with pytest.raises(ConfigError, match=r"3 sealed credentials.*master-key"):
            await open_vault(again(folder), records)
        assert not (folder / MASTER_KEY).exists()
    (folder / MASTER_KEY).write_bytes(key)
    (folder / MASTER_KEY).chmod(0o600)
    assert await opened(records, await open_vault(again(folder), records)) == CLEAR


async def test_without_anything_sealed_a_lost_master_key_is_made_anew(records: Stopping, folder: Path) -> None:
    await open_vault(open_secrets(folder), records)
    (folder / MASTER_KEY).unlink()
    vault = await open_vault(again(folder), records)
    assert vault.unseal((await open_vault(again(folder), records)).seal("x")).reveal() == "x"
