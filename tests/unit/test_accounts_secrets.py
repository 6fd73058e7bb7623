"""Secrets: made closed, refused open, and never in a message."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhearth.accounts.secrets import Vault, guard_folder, open_secrets
from openhearth.config import ConfigError

VAULT = Vault(b"k" * 32)


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_secrets_are_made_once_and_for_their_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    first = open_secrets(folder)
    assert (mode_of(folder), mode_of(folder / "master-key"), mode_of(folder / "pepper")) == (0o700, 0o600, 0o600)
    assert open_secrets(folder) == first
    assert first.pepper != first.master_key
    assert len(first.pepper_bytes()) == 32
    assert sorted(path.name for path in folder.iterdir()) == ["master-key", "pepper"]


def test_secrets_do_not_print(tmp_path: Path) -> None:
    made = open_secrets(tmp_path / "data")
    assert made.master_key is not None
    assert made.pepper.reveal() not in repr(made)
    assert made.master_key.reveal() not in repr(made)


@pytest.mark.parametrize("name", ["master-key", "pepper"])
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_secret_others_can_read_is_refused_with_the_fix(tmp_path: Path, name: str, mode: int) -> None:
    folder = tmp_path / "data"
    open_secrets(folder)
    (folder / name).chmod(mode)
    with pytest.raises(ConfigError, match=f"chmod 600 {folder / name}"):
        open_secrets(folder)


@pytest.mark.parametrize("text", ["", "zz" * 32, "ab" * 31, "ab" * 33, "\xff"])
def test_a_damaged_secret_is_refused_and_not_replaced(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "data"
    open_secrets(folder)
    (folder / "pepper").write_text(text, encoding="latin-1")
    with pytest.raises(ConfigError, match="Restore it"):
        open_secrets(folder)
    assert (folder / "pepper").read_text(encoding="latin-1") == text


def test_an_open_folder_with_something_in_it_is_refused_with_the_fix(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    open_secrets(folder)
    folder.chmod(0o755)
    with pytest.raises(ConfigError, match=f"chmod 700 {folder}"):
        guard_folder(folder)


def test_an_open_folder_that_is_empty_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(0o755)
    guard_folder(folder)
    assert mode_of(folder) == 0o750


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="file/data"):
        guard_folder(tmp_path / "file" / "data")


@given(st.text(max_size=300))
def test_what_was_sealed_is_unsealed(value: str) -> None:
    if all(not 0xD800 <= ord(letter) <= 0xDFFF for letter in value):
        assert VAULT.unseal(VAULT.seal(value)).reveal() == value


def test_sealing_twice_gives_two_texts_without_the_secret() -> None:
    one, two = VAULT.seal("sk-upstream"), VAULT.seal("sk-upstream")
    assert one != two
    assert "sk-upstream" not in one
    assert one.startswith("v1:")
    assert one.split(":")[1] == two.split(":")[1]


def test_another_master_key_cannot_unseal() -> None:
    with pytest.raises(ConfigError, match="another master key"):
        Vault(b"x" * 32).unseal(VAULT.seal("sk-upstream"))


@given(st.data())
def test_no_changed_text_is_unsealed(data: st.DataObject) -> None:
    sealed = VAULT.seal("sk-upstream")
    place = data.draw(st.integers(len("v1:12345678:"), len(sealed) - 1))
    letter = data.draw(st.sampled_from("ABCxyz019+/="))
    changed = sealed[:place] + letter + sealed[place + 1 :]
    if changed != sealed:
        with pytest.raises(ConfigError) as caught:
            VAULT.unseal(changed)
        assert "sk-upstream" not in str(caught.value)


def test_every_kind_of_credential_is_resolved(tmp_path: Path) -> None:
    held = tmp_path / "credential"
    held.write_text("sk-from-file\n")
    asked = {"": None, "env:KEY": "sk-from-env", f"file:{held}": "sk-from-file", VAULT.seal("sk-sealed"): "sk-sealed"}
    for credential, expected in asked.items():
        found = VAULT.resolve(credential, {"KEY": " sk-from-env "})
        assert (found.reveal() if found else None) == expected


@pytest.mark.parametrize("credential", ["env:ABSENT", "env:EMPTY", "file:/nowhere/at/all", "sk-clear-secret", "v2:a:b"])
def test_what_cannot_be_resolved_is_an_error_without_the_secret(credential: str) -> None:
    with pytest.raises(ConfigError) as caught:
        VAULT.resolve(credential, {"EMPTY": " "})
    assert "sk-clear-secret" not in str(caught.value)
