"""What a file is, by its first bytes: a declared type is believed only where bytes cannot contradict it.

A page of HTML declared as a picture must not be served as one.
"""

import re

HEAD_BYTES = 64
UNKNOWN = "application/octet-stream"
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}")

_STARTS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"%PDF-", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"OggS", "audio/ogg"),
    (b"\x1aE\xdf\xa3", "video/webm"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_BRANDS = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"mif1": "image/heic",
    b"M4A ": "audio/mp4",
    b"qt  ": "video/quicktime",
}
_SEEN = frozenset({mime for _, mime in _STARTS} | set(_RIFF.values()) | set(_BRANDS.values()) | {"video/mp4"})
_SAME = {"audio/ogg": {"video/ogg", "application/ogg"}, "video/webm": {"audio/webm", "video/x-matroska"}}


def mime_of(head: bytes, declared: str) -> str:
    """The type of a file that begins with ``head`` (``HEAD_BYTES`` are enough) and was declared as ``declared``."""
    said = declared.partition(";")[0].strip().lower()
    seen = _seen(head)
    if seen:
        return said if said in _SAME.get(seen, ()) else seen
    if said in _SEEN or not _TYPE.fullmatch(said):
        return UNKNOWN
    return said


def _seen(head: bytes) -> str:
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12], "")
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    for start, mime in _STARTS:
        if head.startswith(start) and (mime != "image/bmp" or head[6:10] == b"\x00\x00\x00\x00"):
            return mime
    return _sound(head)


def _sound(head: bytes) -> str:
    """Bare frames of sound: ADTS (ISO 13818-7, 6.2), MPEG audio of layer II or III (ISO 11172-3, 2.4.1.3)."""
    if len(head) < 2 or head[0] != 0xFF:
        return ""
    if head[1] & 0xF6 == 0xF0:
        return "audio/aac"
    is_mpeg = head[1] & 0xE0 == 0xE0 and head[1] & 0x18 != 0x08 and head[1] & 0x06 in (0x02, 0x04)
    return "audio/mpeg" if is_mpeg else ""
