"""What a file is by its first bytes, and how large a picture is by its header: never by what a name or server claims.

Only headers are read; decoding pixels happens in an engine's own process and nowhere else.
"""

import binascii
import math
import re
from collections.abc import Collection
from typing import Protocol

from openhearth.core.errors import UpstreamGarbled
from openhearth.core.media import ImageRequest, MadePicture

EXTENSIONS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "image/gif": "gif",
    "image/bmp": "bmp",
    "image/tiff": "tiff",
    "image/avif": "avif",
    "image/heic": "heic",
    "image/svg+xml": "svg",
}

_PIXELS = re.compile(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})")
_NO_WISH: dict[str, object] = {
    "background": "auto", "quality": "auto", "size": "auto", "n": 1, "partial_images": 0, "negative_prompt": "",
    "style": "", "aspect_ratio": "",
}  # fmt: skip
_NO_WISH_RAW = frozenset({b"null", b'"auto"', b'""', b'"disabled"', b"{}"})
_ALWAYS_HEEDED = frozenset({"n", "model", "prompt", "image", "images", "stream", "response_format"})

_AVIF = frozenset({b"avif", b"avis"})
_HEIC = frozenset({b"heic", b"heix", b"hevc", b"mif1", b"msf1"})
_BEFORE_SVG = ((b"<?xml", b"?>"), (b"<!--", b"-->"), (b"<!DOCTYPE svg", b">"))
_SVG_SIDE = re.compile(rb'\s(width|height)\s*=\s*["\']([0-9]+(?:\.[0-9]+)?)(?:px)?["\']')
_SVG_BOX = re.compile(
    rb'\sviewBox\s*=\s*["\'][-0-9.]+[ ,]+[-0-9.]+[ ,]+([0-9]+(?:\.[0-9]+)?)[ ,]+([0-9]+(?:\.[0-9]+)?)["\']'
)


def kind_of(data: bytes) -> str | None:
    """The media type of a picture file, or ``None`` when ``data`` is no picture we know."""
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return "image/png"
    if data[:3] == b"\xff\xd8\xff":
        return "image/jpeg"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "image/gif"
    if data[4:8] == b"ftyp":
        return _boxed(data[8:12])
    if data[:4] in (b"II*\x00", b"MM\x00*"):
        return "image/tiff"
    if data[:2] == b"BM" and len(data) > 26:
        return "image/bmp"
    return "image/svg+xml" if _is_svg(data[:4096]) else None


def seems_html(data: bytes) -> bool:
    """True for a web page: what a share link answers in place of the picture."""
    start = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<script"))


def size_of(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels as the file's header says (before EXIF rotation), ``None`` when it does not say."""
    reader = {
        "image/png": _png,
        "image/jpeg": _jpeg,
        "image/webp": _webp,
        "image/gif": _gif,
        "image/svg+xml": _svg,
    }.get(kind_of(data) or "")
    return reader(data) if reader else None


class Fetched(Protocol):
    """What a fetch brought. ``url`` is the last of the redirects."""

    @property
    def data(self) -> bytes: ...

    @property
    def url(self) -> str: ...


class Fetcher(Protocol):
    """``transport.fetch.Fetcher``: the one safe way to a URL that others give us."""

    async def get(self, url: str) -> Fetched:
        """Raises RequestError for an address that may not be fetched, TooLarge, UpstreamError."""


def from_base64(text: str, name: str) -> bytes:
    """Bytes of an upstream's ``b64_json``. Raises UpstreamGarbled naming the upstream."""
    try:
        return binascii.a2b_base64(text.partition(",")[2] if text.startswith("data:") else text)
    except (binascii.Error, ValueError) as error:
        raise UpstreamGarbled(f"{name} sent a picture that is not base64.", target=name) from error


def wanted_box(size: str, aspect_ratio: str, *, multiple: int = 16, side: int = 1024) -> tuple[int, int] | None:
    """Width and height that a size and an aspect ratio ask for, None when they leave it open.

    ``1K``, ``2K`` and ``4K`` are the area of a square with that side; ``side`` is the one taken with a ratio alone.
    """
    match = _PIXELS.fullmatch(size)
    if match:
        return int(match[1]), int(match[2])
    if not aspect_ratio and size in ("auto", "adaptive", ""):
        return None
    side = {"1K": 1024, "2K": 2048, "4K": 4096}.get(size, side)
    wide, _, high = (aspect_ratio or "1:1").partition(":")
    root = math.sqrt(float(wide) / float(high))
    return max(multiple, round(side * root / multiple) * multiple), max(
        multiple, round(side / root / multiple) * multiple
    )


def nearest(box: tuple[int, int], sizes: Collection[tuple[int, int]]) -> tuple[int, int]:
    """That of ``sizes`` whose shape, then whose area is nearest to ``box``."""

    def far(size: tuple[int, int]) -> tuple[float, float]:
        shape = abs(math.log(size[0] / size[1]) - math.log(box[0] / box[1]))
        return round(shape, 3), abs(math.log(size[0] * size[1]) - math.log(box[0] * box[1]))

    return min(sizes, key=far)


def unheeded(request: ImageRequest, heeded: Collection[str]) -> tuple[str, ...]:
    """Names of fields the client sent that have no effect on a target which heeds only ``heeded``.

    A field that asks for what is done anyway is not named.
    """
    idle = {name for name, value in _NO_WISH.items() if getattr(request, name) == value}
    idle |= {name for name, raw in request.extras.items() if bytes(raw) in _NO_WISH_RAW}
    return tuple(sorted(request.asked - frozenset(heeded) - idle - _ALWAYS_HEEDED))


def made_from(data: bytes, name: str, *, seed: int | None = None, revised_prompt: str = "") -> MadePicture:
    """An upstream's result with the type and size its own header says. Raises UpstreamGarbled if it is no picture."""
    kind = kind_of(data)
    if kind is None:
        raise UpstreamGarbled(f"{name} sent something that is not a picture.", target=name)
    width, height = size_of(data) or (0, 0)
    return MadePicture(data, kind, width, height, seed=seed, revised_prompt=revised_prompt)


def _is_svg(start: bytes) -> bool:
    rest = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    for opening, closing in _BEFORE_SVG * 3:
        if rest.startswith(opening):
            rest = rest.partition(closing)[2].lstrip()
    return rest.startswith(b"<svg") and rest[4:5] in (b">", b" ", b"\t", b"\r", b"\n")


def _boxed(brand: bytes) -> str | None:
    if brand in _AVIF:
        return "image/avif"
    return "image/heic" if brand in _HEIC else None


def _png(data: bytes) -> tuple[int, int] | None:
    if len(data) < 24 or data[12:16] != b"IHDR":
        return None
    return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])


def _gif(data: bytes) -> tuple[int, int] | None:
    if len(data) < 10:
        return None
    return int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")


def _jpeg(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return int.from_bytes(data[at + 7 : at + 9]), int.from_bytes(data[at + 5 : at + 7])
        if marker == 0xFF:
            at += 1
        elif marker == 0x01 or 0xD0 <= marker <= 0xD8:
            at += 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return None


def _webp(data: bytes) -> tuple[int, int] | None:
    form = data[12:16]
    if form == b"VP8X" and len(data) >= 30:
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if form == b"VP8L" and len(data) >= 25:
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if form == b"VP8 " and len(data) >= 30:
        return int.from_bytes(data[26:28], "little") & 0x3FFF, int.from_bytes(data[28:30], "little") & 0x3FFF
    return None


def _svg(data: bytes) -> tuple[int, int] | None:
    start = data.find(b"<svg")
    tag = data[start : data.find(b">", start) + 1]
    sides = {name: float(value) for name, value in _SVG_SIDE.findall(tag)}
    if b"width" in sides and b"height" in sides:
        return round(sides[b"width"]), round(sides[b"height"])
    box = _SVG_BOX.search(tag)
    return (round(float(box[1])), round(float(box[2]))) if box else None
