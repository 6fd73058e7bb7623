"""Packs from a model hub, against a small hub of our own that redirects, breaks off, lies and hangs."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from openhearth.config import Hubs
from openhearth.engines.catalogue import PackError, load_catalogue, parse_catalogue
from openhearth.engines.hub import Hub, Patience
from openhearth.engines.packs import Packs, Progress
from openhearth.engines.staging import Hopeless
from tests.engines.small_hub import COMMIT, DATA, SmallHub, small_hub

SHA256 = hashlib.sha256(DATA).hexdigest()
QUICK = Patience(wait_s=10.0, pause_s=0.01, tries=3)
PLACE = f'{{ repo = "org/model", file = "weights.bin", revision = "{COMMIT}" }}'
ENVIRON = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}


@pytest.fixture
def hub() -> Iterator[SmallHub]:
    with small_hub() as started:
        yield started


def catalogue(*places: str, sha256: str = SHA256, size_bytes: int = len(DATA)) -> str:
    return f"""
[pack.big]
version = "1"
title = "Big"
sets = []
code_licence = "MIT"
weights_licence = "MIT"
good_at = {{ en = "a", zh = "甲" }}
bad_at = {{ en = "b", zh = "乙" }}
[[pack.big.files]]
name = "model.bin"
sha256 = "{sha256}"
size_bytes = {size_bytes}
hub = [{", ".join(places or (PLACE,))}]
"""


def packs_of(tmp_path: Path, hubs: Hubs, text: str, patience: Patience = QUICK) -> Packs:
    return Packs(tmp_path / "packs", parse_catalogue(text), ENVIRON, sources=[Hub(hubs, ENVIRON, patience)])


def packs_at(tmp_path: Path, hub: SmallHub, text: str = "", patience: Patience = QUICK) -> Packs:
    return packs_of(tmp_path, Hubs(huggingface=hub.url, modelscope=""), text or catalogue(), patience)


def silent(_: Progress) -> None: ...


def test_follows_the_hub_to_its_content_network_and_says_how_far_it_is(tmp_path: Path, hub: SmallHub) -> None:
    seen: list[Progress] = []
    packs = packs_at(tmp_path, hub)
    assert packs.fetch("big", seen.append) == "model hub"
    assert packs.path("big", "model.bin").read_bytes() == DATA
    assert packs.verify("big") == ()
    assert packs.source("big") == "model hub"
    assert [path for path, _ in hub.asked] == [
        f"/org/model/resolve/{COMMIT}/weights.bin",
        "/cdn/org/model/weights.bin",
    ]
    assert seen[-1] == Progress("big", "done", len(DATA), len(DATA), "model hub")
    assert {step.total_bytes for step in seen} == {len(DATA)}
    assert sorted(path.name for path in packs.place("big").iterdir()) == ["model.bin", "pack.json"]


def test_modelscope_has_another_form_of_address(tmp_path: Path, hub: SmallHub) -> None:
    there = PLACE.replace("{ repo", '{ at = "modelscope", repo')
    packs = packs_of(tmp_path, Hubs(huggingface="", modelscope=hub.url), catalogue(there))
    packs.fetch("big", silent)
    assert hub.asked[0][0] == f"/models/org/model/resolve/{COMMIT}/weights.bin"
    assert packs.installed("big")


def test_a_broken_connection_is_resumed_where_it_broke(tmp_path: Path, hub: SmallHub) -> None:
    hub.faults = ["cut", "503", "cut"]
    packs = packs_at(tmp_path, hub)
    packs.fetch("big", silent)
    assert packs.path("big", "model.bin").read_bytes() == DATA
    ranges = [asked for path, asked in hub.asked if path.startswith("/cdn/")]
    half = len(DATA) // 2
    assert ranges == ["", f"bytes={half}-", f"bytes={half}-", f"bytes={half + (len(DATA) - half) // 2}-"]


def test_a_fetch_that_was_stopped_goes_on_in_the_next_one(tmp_path: Path, hub: SmallHub) -> None:
    class Told(Exception): ...

    def stop(progress: Progress) -> None:
        if progress.done_bytes:
            raise Told

    packs = packs_at(tmp_path, hub)
    with pytest.raises(Told):
        packs.fetch("big", stop)
    assert not packs.installed("big")
    packs.fetch("big", silent)
    assert packs.verify("big") == ()
    assert hub.asked[-1][1].startswith("bytes=")


def test_a_hub_that_ignores_the_range_is_read_from_the_beginning(tmp_path: Path, hub: SmallHub) -> None:
    hub.faults = ["cut", "whole"]
    packs = packs_at(tmp_path, hub)
    packs.fetch("big", silent)
    assert packs.path("big", "model.bin").read_bytes() == DATA


def test_a_slow_hub_is_asked_again(tmp_path: Path, hub: SmallHub) -> None:
    hub.faults = ["hang"]
    packs = packs_at(tmp_path, hub, patience=Patience(wait_s=0.5, pause_s=0.01, tries=20))
    packs.fetch("big", silent)
    assert packs.installed("big")


def test_a_hub_that_only_ever_breaks_off_is_given_up(tmp_path: Path, hub: SmallHub) -> None:
    hub.faults = ["503"] * 10
    with pytest.raises(PackError, match=r"broke off 3 times in a row: it answered 503"):
        packs_at(tmp_path, hub).fetch("big", silent)


def test_another_content_is_refused_and_deleted(tmp_path: Path, hub: SmallHub) -> None:
    hub.files["org/model/weights.bin"] = bytes(reversed(DATA))
    hub.redirects = ""
    packs = packs_at(tmp_path, hub)
    with pytest.raises(PackError, match=rf"expected {SHA256}\. It was deleted"):
        packs.fetch("big", silent)
    assert not [path for path in (tmp_path / "packs").rglob("*") if path.suffix in (".part", ".bin")]


def test_what_the_hub_says_of_a_file_is_heard_before_a_byte_is_taken(tmp_path: Path, hub: SmallHub) -> None:
    hub.said_hash = "f" * 64
    with pytest.raises(PackError, match=r"has another weights\.bin: it says SHA-256 ffff"):
        packs_at(tmp_path, hub).fetch("big", silent)
    with pytest.raises(PackError, match=rf"with {len(DATA)} bytes, expected 7"):
        packs_at(tmp_path, hub, catalogue(sha256="f" * 64, size_bytes=7)).fetch("big", silent)


def test_without_a_hash_in_the_list_the_hubs_own_is_checked(tmp_path: Path, hub: SmallHub) -> None:
    text = catalogue(PLACE.replace(COMMIT, "main"), sha256="", size_bytes=0)
    packs = packs_at(tmp_path, hub, text)
    packs.fetch("big", silent)
    assert packs.installed("big")
    assert packs.verify("big") == ()
    path = packs.path("big", "model.bin")
    path.write_bytes(b"x" * len(DATA))
    assert packs.verify("big") == ("model.bin",)
    hub.said_hash = "e" * 64
    with pytest.raises(PackError, match="expected eeee"):
        packs.fetch("big", silent)
    hub.said_hash = ""
    with pytest.raises(PackError, match="says nothing of the file's hash"):
        packs.fetch("big", silent)


def test_a_small_file_is_checked_by_gits_hash(tmp_path: Path, hub: SmallHub) -> None:
    hub.redirects = ""
    hub.said_hash = hashlib.sha1(b"blob %d\0" % len(DATA) + DATA).hexdigest()
    packs = packs_at(tmp_path, hub, catalogue(PLACE.replace(COMMIT, "main"), sha256="", size_bytes=0))
    packs.fetch("big", silent)
    assert packs.verify("big") == ()


def test_every_place_is_tried_and_every_reason_told(tmp_path: Path, hub: SmallHub) -> None:
    absent = PLACE.replace("org/model", "org/absent")
    gated = PLACE.replace("org/model", "org/gated")
    packs = packs_at(tmp_path, hub, catalogue(absent, gated))
    with pytest.raises(PackError, match=r"absent/resolve/.* answered 404.*gated.*private or asks for a login"):
        packs.fetch("big", silent)
    packs = packs_at(tmp_path, hub, catalogue(absent, PLACE))
    packs.fetch("big", silent)
    assert packs.installed("big")


def test_a_hub_that_is_not_there_is_asked_once_only(tmp_path: Path) -> None:
    with small_hub() as gone:
        address = gone.url
    source = Hub(Hubs(huggingface=address, modelscope=""), ENVIRON, QUICK)
    packs = Packs(tmp_path / "packs", parse_catalogue(catalogue(PLACE, PLACE)), ENVIRON, sources=[source])
    with pytest.raises(PackError, match=rf"{address} cannot be reached: Connection refused\."):
        packs.fetch("big", silent)
    assert source.reachable() == {address: "Connection refused"}


def test_a_redirect_to_something_else_than_http_is_refused(tmp_path: Path, hub: SmallHub) -> None:
    hub.redirects = "ftp://elsewhere.test/weights.bin"
    with pytest.raises(PackError, match="not safe"):
        packs_at(tmp_path, hub).fetch("big", silent)


def test_goes_through_the_proxy_of_the_environment_unless_told_not_to(tmp_path: Path, hub: SmallHub) -> None:
    with small_hub() as proxy:
        proxy.redirects = ""
        hubs = Hubs(huggingface="http://hub.test", modelscope="")
        environ = {"http_proxy": proxy.url}
        source = Hub(hubs, environ, QUICK)
        packs = Packs(tmp_path / "packs", parse_catalogue(catalogue()), environ, sources=[source])
        with pytest.raises(PackError, match="answered 404"):
            packs.fetch("big", silent)
        assert proxy.asked[0][0] == f"http://hub.test/org/model/resolve/{COMMIT}/weights.bin"
    assert (
        Hub(Hubs(huggingface=hub.url, modelscope=""), {"HTTP_PROXY": proxy.url, "NO_PROXY": "127.0.0.1"}).reachable()[
            hub.url
        ]
        == ""
    )


def test_a_disk_without_room_stops_before_other_sources_are_asked(tmp_path: Path, hub: SmallHub) -> None:
    packs = packs_at(tmp_path, hub, catalogue(size_bytes=10**16))
    with pytest.raises(Hopeless, match="MB free"):
        packs.fetch("big", silent)
    assert hub.asked == []


def test_the_larger_packs_of_the_list_are_pinned_and_only_fetched_by_name() -> None:
    larger = [pack for pack in load_catalogue().values() if pack.from_hub_alone]
    assert {pack.name for pack in larger} >= {"qwen3-4b", "bge-m3", "whisper-turbo"}
    for pack in larger:
        assert pack.sets == ()
        assert all(place.is_pinned for file in pack.files for place in file.hub)
        assert all(file.sha256 and file.size_bytes for file in pack.files)
