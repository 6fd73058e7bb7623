"""Keeping results: links that cannot be guessed, lineage, deletion, and sources of every kind."""

import asyncio
import base64
from typing import Any

import pytest

from openhearth.core.errors import NotFound, RequestError, TooLarge, UnsupportedMedia
from openhearth.core.media import MadePicture
from openhearth.media.gallery import TO_THE_FIRST, Gallery, Made
from openhearth.media.links import Links, identity, parse
from openhearth.media.sources import Asker, Sources
from tests.fakes.media import Clock, MemoryBlobs, MemoryFiles, MemoryPictures, Web, png

HOME = "https://me.test"
ME = Asker("me", HOME, frozenset({"me.test"}))
PICTURE = MadePicture(png(), "image/png", 4, 3, ({"op": "flip"},), seed=1)


class Shelf:
    """A gallery and everything around it."""

    def __init__(self, keep_days: int = 30, most_bytes: int = 100_000) -> None:
        self.records = MemoryPictures()
        self.blobs = MemoryBlobs()
        self.clock = Clock()
        self.files = MemoryFiles()
        self.web = Web()
        self.gallery = Gallery(self.records, self.blobs, b"0123456789abcdef", keep_days=keep_days, now=self.clock)
        self.sources = Sources(self.gallery, self.files, self.web, most_bytes=most_bytes)

    async def kept(self, **origin: Any) -> str:
        record = await self.gallery.keep(PICTURE, Made(**{"owner": "me", **origin}))
        return record.id


def test_signatures_differ_by_secret_and_picture() -> None:
    one, two = Links(b"0123456789abcdef"), Links(b"fedcba9876543210")
    paths = {one.path("img_a", "image/png"), one.path("img_b", "image/png"), two.path("img_a", "image/png")}
    assert len(paths) == 3
    with pytest.raises(ValueError, match="16 bytes"):
        Links(b"short")


def test_a_link_is_recognised_under_any_host_and_prefix() -> None:
    path = Links(b"0123456789abcdef").path("img_" + "a" * 30, "image/jpeg")
    for url in (path, f"https://h{path}", f"http://127.0.0.1:8080/ai{path}?x=1"):
        found = parse(url)
        assert found is not None
        assert (found.picture_id, found.extension) == ("img_" + "a" * 30, "jpg")
        assert identity(url) == "img_" + "a" * 30
    assert parse("https://h/media/short/img_a.png") is None
    assert parse("https://[") is None
    assert identity("https://h/x.png") == "https://h/x.png"


async def test_lineage_follows_parents_of_the_same_owner() -> None:
    shelf = Shelf()
    first = await shelf.kept(parents=("https://x/p.png",), instruction="red")
    foreign = await shelf.kept(owner="other")
    second = await shelf.kept(parents=(first, foreign), instruction="brighter", model="m", target_id="t")
    chain = await shelf.gallery.lineage("me", second, HOME)
    assert [step.id for step in chain] == [second, first]
    assert chain[0].parents == (first, foreign)
    assert chain[0].url.startswith(f"{HOME}/media/")
    assert await shelf.gallery.step_back("me", second, 2) == "https://x/p.png"
    for steps, start in ((3, second), (1, foreign)):
        with pytest.raises(NotFound):
            await shelf.gallery.step_back("me", start, steps)


async def test_all_the_way_back_leads_to_what_no_edit_made() -> None:
    shelf = Shelf()
    given = await shelf.kept(parents=("https://x/p.png",))
    assert await shelf.gallery.step_back("me", await shelf.kept(parents=(given,)), TO_THE_FIRST) == "https://x/p.png"
    generated = await shelf.kept()
    assert await shelf.gallery.step_back("me", await shelf.kept(parents=(generated,)), TO_THE_FIRST) == generated
    for lost in (await shelf.kept(parents=("data",)), await shelf.kept(parents=("img_" + "0" * 26,))):
        with pytest.raises(NotFound) as caught:
            await shelf.gallery.step_back("me", lost, TO_THE_FIRST)
        assert caught.value.code == "nothing_to_undo"


async def test_a_circle_in_the_lineage_ends() -> None:
    shelf = Shelf()
    shelf.records.rows.clear()
    one = await shelf.kept()
    row = shelf.records.rows[one]
    shelf.records.rows[one] = type(row)(
        **{name: getattr(row, name) for name in row.__struct_fields__} | {"parents": (one,)}
    )
    assert len(await shelf.gallery.lineage("me", one, HOME)) == 1


async def test_zero_days_keep_for_ever() -> None:
    shelf = Shelf(keep_days=0)
    name = await shelf.kept()
    shelf.clock.now *= 10
    assert await shelf.gallery.sweep() == 0
    assert (await shelf.gallery.own("me", name)).expires_at is None


async def test_a_sweep_keeps_bytes_that_another_picture_needs() -> None:
    shelf = Shelf(keep_days=1)
    await shelf.kept()
    shelf.clock.now += 80_000
    young = await shelf.kept()
    shelf.clock.now += 10_000
    assert await shelf.gallery.sweep() == 1
    assert await shelf.gallery.data(await shelf.gallery.own("me", young)) == png()


async def test_leaving_while_a_result_is_stored_leaves_no_bytes_without_a_record() -> None:
    shelf = Shelf()
    storing = asyncio.create_task(shelf.kept())
    await asyncio.sleep(0)
    storing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await storing
    assert {row.blob for row in shelf.records.rows.values()} == shelf.blobs.data.keys() != set()


async def test_the_sweeper_goes_on_until_cancelled_and_survives_trouble() -> None:
    shelf = Shelf(keep_days=1)
    await shelf.kept()
    shelf.clock.now += 90_000
    rounds = 0
    done = asyncio.Event()
    find = shelf.records.expired_pictures

    async def failing_once(now: float, limit: int) -> Any:
        nonlocal rounds
        rounds += 1
        if rounds == 1:
            raise OSError("disk")
        found = await find(now, limit)
        if not found:
            done.set()
        return found

    shelf.records.expired_pictures = failing_once  # type: ignore[method-assign]
    sweeping = asyncio.create_task(shelf.gallery.sweep_on(0.001))
    async with asyncio.timeout(30):
        await done.wait()
    sweeping.cancel()
    assert shelf.records.rows == {}


async def test_each_kind_of_source_is_found() -> None:
    shelf = Shelf()
    shelf.files.put("me", "file_0123456789abcdef", png(2, 2))
    shelf.web.pages["https://x/a.png"] = png(1, 1)
    made = await shelf.kept()
    link = shelf.gallery.link(HOME, await shelf.gallery.own("me", made))
    uri = "data:image/png;base64," + base64.b64encode(png(5, 5)).decode()
    expected = {
        made: (png(), made),
        link: (png(), made),
        link.removeprefix(HOME): (png(), made),
        "file_0123456789abcdef": (png(2, 2), "file_0123456789abcdef"),
        f"{HOME}/v1/files/file_0123456789abcdef/content": (png(2, 2), "file_0123456789abcdef"),
        "https://x/a.png": (png(1, 1), "https://x/a.png"),
        uri: (png(5, 5), "data"),
        uri.rstrip("="): (png(5, 5), "data"),
        uri.replace("+", "%2B").replace("=", "%3D"): (png(5, 5), "data"),
        f"{uri[:60]}\r\n {uri[60:]}\n": (png(5, 5), "data"),
    }
    for source, (data, named) in expected.items():
        picture = await shelf.sources.picture(source, ME)
        assert (picture.data, picture.source, picture.mime) == (data, named, "image/png")
    assert shelf.web.asked == ["https://x/a.png"]


async def test_a_signed_link_is_permission_an_id_is_not() -> None:
    shelf = Shelf()
    made = await shelf.kept(owner="other")
    link = shelf.gallery.link("https://elsewhere.test", await shelf.gallery.own("other", made))
    assert (await shelf.sources.picture(link, ME)).source == made
    with pytest.raises(NotFound):
        await shelf.sources.picture(made, ME)


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("gopher://x", RequestError),
        ("portrait.png", RequestError),
        ("data:image/png;base64", RequestError),
        ("data:image/png;base64,A", RequestError),
        ("data:image/png;base64,!!!!", RequestError),
        ("data:image/png;base64,iVBO<Rw0KGgo", RequestError),
        ("data:image/png,%89PNG", UnsupportedMedia),
        ("data:image/png;base64," + "A" * 200_000, TooLarge),
        (f"{HOME}/media/{'A' * 24}/img_{'a' * 30}.png", NotFound),
        (f"{HOME}/samples/nothing.png", NotFound),
        ("file_ffffffffffffffffffff", NotFound),
        ("https://[x/", RequestError),
        ("https://x/empty", UnsupportedMedia),
        ("https://x/big.png", TooLarge),
        ("https://x/page", UnsupportedMedia),
        ("https://x/drawing.svg", UnsupportedMedia),
    ],
)
async def test_what_is_no_picture_is_refused(source: str, error: type[Exception]) -> None:
    shelf = Shelf()
    shelf.web.pages = {
        "https://x/empty": b"",
        "https://x/big.png": png() + bytes(200_000),
        "https://x/page": b"\n <!doctype HTML><title>x",
        "https://x/drawing.svg": b"<?xml version='1.0'?><!-- x --><svg width='1'/>",
    }
    with pytest.raises(error):
        await shelf.sources.picture(source, ME)
