"""Type and size by the file's own first bytes."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhearth.core.errors import UpstreamGarbled
from openhearth.core.pictures import from_base64, kind_of, made_from, seems_html, size_of
from tests.fakes.media import png

JPEG = (
    b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(10) + b"\xff\xff\xdb\x00\x04ab" + b"\xff\xc0\x00\x0b\x08"
    + struct.pack(">HH", 600, 512) + b"\x01"
)  # fmt: skip
GIF = b"GIF89a" + struct.pack("<HH", 7, 9) + bytes(3)
WEBP_X = b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + (99).to_bytes(3, "little") + (49).to_bytes(3, "little")
WEBP_L = b"RIFF\0\0\0\0WEBPVP8L" + bytes(4) + b"\x2f" + (99 | 49 << 14).to_bytes(4, "little")
WEBP = b"RIFF\0\0\0\0WEBPVP8 " + bytes(10) + struct.pack("<HH", 100, 50)


@pytest.mark.parametrize(
    ("data", "kind", "size"),
    [
        (png(5, 6), "image/png", (5, 6)),
        (JPEG, "image/jpeg", (512, 600)),
        (GIF, "image/gif", (7, 9)),
        (WEBP_X, "image/webp", (100, 50)),
        (WEBP_L, "image/webp", (100, 50)),
        (WEBP, "image/webp", (100, 50)),
        (b"\0\0\0\x1cftypavif", "image/avif", None),
        (b"\0\0\0\x1cftypheic", "image/heic", None),
        (b"\0\0\0\x1cftypmp42", None, None),
        (b"II*\0" + bytes(8), "image/tiff", None),
        (b"BM" + bytes(30), "image/bmp", None),
        (b'<svg width="10" height="20px">', "image/svg+xml", (10, 20)),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- a --><svg viewBox='0 0 3.6 4'>", "image/svg+xml", (4, 4)),
        (b"<svg>", "image/svg+xml", None),
        (b"<svgx>", None, None),
        (b"", None, None),
        (b"hello", None, None),
    ],
)
def test_kind_and_size(data: bytes, kind: str | None, size: tuple[int, int] | None) -> None:
    assert (kind_of(data), size_of(data)) == (kind, size)


@given(st.binary(max_size=64), st.sampled_from([png(), JPEG, GIF, WEBP, WEBP_L, WEBP_X, b"<svg width='1.5.2'"]))
def test_a_damaged_header_never_raises(noise: bytes, start: bytes) -> None:
    for data in (noise, start[: len(noise)] + noise, start + noise):
        kind_of(data)
        size_of(data)
        seems_html(data)


def test_results_that_are_no_pictures_are_garbled() -> None:
    with pytest.raises(UpstreamGarbled):
        made_from(b"text", "up")
    with pytest.raises(UpstreamGarbled):
        from_base64("a", "up")
    assert from_base64("data:image/png;base64,Zm9v", "up") == b"foo"
    assert (made_from(png(2, 3), "up").width, made_from(png(2, 3), "up").height) == (2, 3)
