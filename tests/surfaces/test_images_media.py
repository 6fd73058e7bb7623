"""Links to results: right bytes and headers for the holder, nothing for anybody else."""

import pytest

from openhearth.core.media import MadePicture
from openhearth.media.gallery import Made
from tests.fakes.media import png
from tests.fakes.picture_app import HOME, PictureApp

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="2" height="2"><script>alert(1)</script></svg>'


async def kept(app: PictureApp, data: bytes = b"", mime: str = "image/png", owner: str = "owner_a") -> str:
    record = await app.gallery.keep(MadePicture(data or png(), mime, 4, 3), Made(owner))
    return app.gallery.link(HOME, record)


async def test_a_link_gives_the_picture_with_its_headers() -> None:
    app = PictureApp()
    answer = await app.get(await kept(app))
    assert answer.status == 200
    assert answer.body == png()
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-length"] == str(len(png()))
    assert answer.headers["cache-control"] == f"private, max-age={30 * 86400}, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["accept-ranges"] == "bytes"


async def test_a_known_version_is_not_sent_again() -> None:
    app = PictureApp()
    link = await kept(app)
    etag = (await app.get(link)).headers["etag"]
    again = await app.get(link, if_none_match=f'"other", W/{etag}')
    assert (again.status, again.body) == (304, b"")
    assert (await app.get(link, if_none_match='"other"')).status == 200


@pytest.mark.parametrize(
    ("asked", "status", "start", "end"),
    [
        ("bytes=0-3", 206, 0, 3),
        ("bytes=5-", 206, 5, None),
        ("bytes=-4", 206, -4, None),
        ("bytes=2-9999999", 206, 2, None),
        ("bytes=0-1,4-5", 200, 0, None),
        ("bytes=9-3", 200, 0, None),
        ("chairs=0-3", 200, 0, None),
    ],
)
async def test_ranges(asked: str, status: int, start: int, end: int | None) -> None:
    app = PictureApp()
    answer = await app.get(await kept(app), range=asked)
    assert answer.status == status
    assert answer.body == png()[start : None if end is None else end + 1]
    if status == 206:
        first = start if start >= 0 else len(png()) + start
        assert answer.headers["content-range"] == f"bytes {first}-{first + len(answer.body) - 1}/{len(png())}"


async def test_a_range_beyond_the_end_is_416_and_an_old_version_gets_all() -> None:
    app = PictureApp()
    link = await kept(app)
    beyond = await app.get(link, range="bytes=99999-")
    assert (beyond.status, beyond.headers["content-range"]) == (416, f"bytes */{len(png())}")
    assert (await app.get(link, range="bytes=0-3", if_range='"old"')).status == 200


async def test_head_sends_headers_only() -> None:
    app = PictureApp()
    answer = await app.get(await kept(app), method="HEAD")
    assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"", str(len(png())))


async def test_a_drawing_is_put_in_a_sandbox() -> None:
    app = PictureApp()
    answer = await app.get(await kept(app, SVG, "image/svg+xml"))
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")


async def test_wrong_signature_ending_or_id_is_a_404_alike() -> None:
    app = PictureApp()
    link, other = await kept(app), await kept(app)
    signature, name = link.split("/")[-2:]
    other_signature = other.split("/")[-2]
    for path in (
        f"/media/{other_signature}/{name}",
        f"/media/{signature}/{name.replace('.png', '.jpg')}",
        f"/media/{signature[:-1]}/{name}",
        f"/media/{signature}/../{name}",
    ):
        assert (await app.get(path)).status == 404


async def test_an_owner_deletes_and_the_link_is_dead() -> None:
    app = PictureApp()
    link = await kept(app)
    twin = await kept(app)
    name = link.split("/")[-1].removesuffix(".png")
    assert (await app.get(f"/v1/images/{name}", method="DELETE", key="sk-b")).status == 404
    assert (await app.get(f"/v1/images/{name}", method="DELETE", key="sk-a")).json()["deleted"] is True
    assert (await app.get(link)).status == 404
    assert (await app.get(twin)).status == 200, "equal bytes of another picture must stay"


async def test_the_sample_is_a_picture_of_known_source() -> None:
    app = PictureApp()
    answer = await app.get("/samples/portrait.jpg")
    assert answer.status == 200
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.body.startswith(b"\xff\xd8\xff")
    assert (await app.get("/samples/SOURCES.md")).status == 404
    assert (await app.get("/samples/..%2fgallery.py")).status == 404
