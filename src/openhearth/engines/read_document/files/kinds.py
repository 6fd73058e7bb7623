"""What a file is, by its content. Only among texts, which it cannot tell apart, name and declared type count."""

import io
import re
import zipfile
from enum import StrEnum

from openhearth.core.documents import Document
from openhearth.core.pictures import kind_of as picture_kind
from openhearth.core.pictures import seems_html
from openhearth.engines.read_document.faults import damaged, encrypted, unsupported
from openhearth.engines.read_document.limits import MOST_MEMBERS

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")  # MS-OFFCRYPTO 2.3.4.4
_UNREADABLE_PICTURES = frozenset({"image/svg+xml", "image/avif", "image/heic"})
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_LOOK_CHARS = 100_000
_LOOK_HEAD_BYTES = 64 * 1024  # beyond long scripts that stand before it
_PAIR = re.compile(rb"[\x81-\xfe][\x40-\xfe]")
_CHARSET = re.compile(
    rb"<(?:meta|\?xml)\s[^>]{0,200}?(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE
)
_ENCODINGS = {
    **dict.fromkeys(("iso-8859-1", "latin1", "ascii", "us-ascii"), "cp1252"),
    **dict.fromkeys(("gb2312", "gbk"), "gb18030"),
    **dict.fromkeys(("shift_jis", "shift-jis", "x-sjis"), "cp932"),
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987"), "cp949"),
}
_FOREIGN = (
    (b"{\\rtf", "This is RTF."),
    (b"Rar!", "This is a RAR archive."),
    (b"7z\xbc\xaf", "This is a 7z archive."),
    (b"\x1f\x8b", "This is a gzip archive."),
    (b"ID3", "This is sound."),
    (b"fLaC", "This is sound."),
    (b"OggS", "This is sound or film."),
    (b"RIFF", "This is sound or film."),
    (b"\x1aE\xdf\xa3", "This is a film."),
    (b"\x7fELF", "This is a program."),
    (b"MZ", "This is a program."),
)


class Kind(StrEnum):
    """The formats that are read."""

    PDF = "pdf"
    PICTURE = "picture"
    WORD = "docx"
    SLIDES = "pptx"
    SHEETS = "xlsx"
    BOOK = "epub"
    WEB = "html"
    CSV = "csv"
    MARKDOWN = "md"
    TEXT = "txt"


def kind_of(document: Document) -> Kind:
    """Raises RequestError (``document_damaged``, ``document_encrypted``) or UnsupportedMedia."""
    data = document.data
    if not data:
        raise damaged("file is empty: it")
    if b"%PDF-" in data[:1024]:
        return Kind.PDF
    mime = picture_kind(data)
    if mime in _UNREADABLE_PICTURES:
        raise unsupported(f"This is {mime.removeprefix('image/').removesuffix('+xml').upper()}.")
    if mime is not None:
        return Kind.PICTURE
    if data[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return _packed(data)
    if data.startswith(_OLE):
        raise encrypted_office() if _ENCRYPTED_PACKAGE in data else unsupported("This is an old Office file.")
    for start, why in _FOREIGN:
        if data.startswith(start):
            raise unsupported(why)
    return _text(document)


def encrypted_office() -> Exception:
    """Office encrypts whole packages in its own way, which we do not undo."""
    error = encrypted()
    error.message = "The Office file is encrypted; save it without a password first. Office 文件已加密，请先取消密码。"
    error.param = "file"
    return error


def text_of(data: bytes) -> str:
    """The characters of a text file. Raises UnsupportedMedia when it is none."""
    for start, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(start):
            return _decoded(data, (encoding,))
    return _decoded(data, ("utf-8", *_claimed(data), *_likely(data)))


def _claimed(data: bytes) -> tuple[str, ...]:
    """The encoding that the head of a web page names, by its usual name (https://encoding.spec.whatwg.org)."""
    found = _CHARSET.search(data[:_LOOK_HEAD_BYTES])
    if found is None:
        return ()
    name = found[1].decode("ascii").lower()
    return (_ENCODINGS.get(name, name),)


def _likely(data: bytes) -> tuple[str, ...]:
    """Chinese or Western: both fit most bytes, but of Chinese letters few have a second byte that is ASCII, and in
    Western text accents stand between ASCII."""
    sample = data[:_LOOK_CHARS]
    pairs = _PAIR.findall(sample)
    ascii_seconds = sum(pair[1] < 0x80 for pair in pairs)
    if 2 * ascii_seconds < len(pairs):
        return ("gb18030",)
    accents = sum(byte >= 0x80 for byte in sample)
    return ("cp1252",) if 4 * accents < len(sample) else ("gb18030",)


def _decoded(data: bytes, encodings: tuple[str, ...]) -> str:
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except (UnicodeError, LookupError):
            continue
        if not _CONTROLS.search(text[:_LOOK_CHARS]):
            return text
    raise unsupported("This is no file we know.")


def _packed(data: bytes) -> Kind:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()[:MOST_MEMBERS]
            if any(info.flag_bits & 1 for info in archive.infolist()[:MOST_MEMBERS]):
                raise encrypted_office()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise damaged() from error
    parts = {
        "word/document.xml": Kind.WORD,
        "ppt/presentation.xml": Kind.SLIDES,
        "xl/workbook.xml": Kind.SHEETS,
        "META-INF/container.xml": Kind.BOOK,
    }
    found = next((kind for name, kind in parts.items() if name in names), None)
    if found is None:
        raise unsupported("This is an archive.")
    return found


def _text(document: Document) -> Kind:
    text = text_of(document.data)
    ending = document.name.rpartition(".")[2].lower()
    if seems_html(document.data) or ending in ("html", "htm", "xhtml") or "html" in document.mime:
        return Kind.WEB
    if ending in ("csv", "tsv") or document.mime in ("text/csv", "text/tab-separated-values"):
        return Kind.CSV
    if ending in ("md", "markdown") or document.mime == "text/markdown":
        return Kind.MARKDOWN
    if not text.strip():
        raise damaged("file holds no text: it")
    return Kind.TEXT
