"""``openhearth packs`` as an operator sees it: what it lists, what it says before and after a fetch."""

import json
import os
from pathlib import Path

import pytest

from openhearth.cli import main
from tests.engines.small_hub import small_hub


def test_packs_are_listed_with_the_larger_ones_when_a_hub_can_be_reached(
    packs_at: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["packs", "list"]) == 0
    out = capsys.readouterr().out
    assert "smollm2-135m-instruct" in out
    assert "qwen3-4b" not in out
    assert "Larger packs are listed when a model hub can be reached" in out
    with small_hub() as hub:
        monkeypatch.setenv("OPENHEARTH__PACKS__HUBS__HUGGINGFACE", hub.url)
        assert main(["packs", "list"]) == 0
        out = capsys.readouterr().out
        assert "Larger packs, from a model hub; not run here:" in out
        assert "qwen3-4b" in out
        assert main(["packs", "list", "--json"]) == 0
        rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
        assert (rows["qwen3-4b"]["not_run_here"], rows["qwen3-4b"]["offered"]) == (True, True)
        assert rows["smollm2-135m-instruct"]["good_at_zh"]


def test_a_fetch_says_the_sizes_first_and_every_reason_when_nothing_has_it(
    packs_at: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    brought = packs_at / "brought"
    brought.mkdir()
    assert main(["packs", "fetch", "fonts-zh", "--from", str(brought)]) == 1
    said = capsys.readouterr()
    assert said.out.startswith("Fetching 1 of 1 packs, 17 MB, into ")
    assert "  fonts-zh, 17 MB: Noto Sans SC" in said.out
    assert f"fonts-zh: folder {brought}: does not hold NotoSansSC-Regular.otf." in said.err
    assert "package index: pip could not fetch pylopdf-fonts-zh-cn==0.1.1" in said.err
    assert "Off without fonts-zh" in said.err
    assert main(["packs", "verify", "fonts-zh"]) == 1
    assert main(["packs", "remove", "fonts-zh"]) == 0
    assert main(["packs", "fetch", "--set", "huge"]) == 2
    assert "Sets: full, minimal, starter" in capsys.readouterr().err


def test_verify_without_names_finds_every_damaged_pack(packs_at: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["packs", "verify"]) == 0
    assert "There are no packs in" in capsys.readouterr().out
    place = packs_at / "packs" / "fonts-zh" / "0.1.1"
    place.mkdir(parents=True)
    (place / "NotoSansSC-Regular.otf").write_bytes(b"cut off")
    for _ in range(2):
        assert main(["packs", "verify"]) == 1
        assert capsys.readouterr().out == "FAIL  fonts-zh: missing or damaged: NotoSansSC-Regular.otf\n"


def test_a_folder_that_is_not_there_is_a_wrong_use(packs_at: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["packs", "fetch", "fonts-zh", "--from", str(packs_at / "nowhere")]) == 2
    assert "There is no folder" in capsys.readouterr().err


def test_what_the_disk_refuses_is_told_and_fails(packs_at: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (packs_at / "packs").write_text("a file, not a folder", encoding="utf-8")
    assert main(["packs", "remove", "fonts-zh"]) == 1
    assert "Cannot write to the packs folder" in capsys.readouterr().err


def test_the_settings_file_of_the_server_names_the_folder(
    packs_at: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENHEARTH__PACKS__FOLDER")
    settings = packs_at / "server.toml"
    settings.write_text(f'[packs]\nfolder = "{packs_at / "elsewhere"}"\n', encoding="utf-8")
    assert main(["packs", "list", "--config", str(settings)]) == 0
    assert f"Folder: {packs_at / 'elsewhere'}" in capsys.readouterr().out


@pytest.fixture
def packs_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty packs folder, no hub, and a pip that knows no index."""
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "OPENHEARTH__PACKS__FOLDER": str(tmp_path / "packs"),
        "OPENHEARTH__PACKS__HUBS__HUGGINGFACE": "http://127.0.0.1:9",
        "OPENHEARTH__PACKS__HUBS__MODELSCOPE": "",
        "PIP_NO_INDEX": "1",
        "PIP_CONFIG_FILE": os.devnull,
        "NO_PROXY": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)
    return tmp_path
