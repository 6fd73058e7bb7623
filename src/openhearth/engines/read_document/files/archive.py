"""Zip packages of Office files and books, opened only if they unpack to something reasonable.

Sizes in a zip's directory may lie, so members are unpacked here, once, against their own bound, and what parsers are
given is a new package of what was really there. XML that defines entities is refused, in Office files any document
type: none has one, and it is where entity bombs and references to other files live.

Office files of the strict kind (ISO/IEC 29500-1) differ in the names of their vocabularies alone, and are given those
of the usual kind, which is what parsers know.
"""

import io
import re
import zipfile
import zlib
from xml.parsers import expat

from lxml import etree

from openhearth.core.errors import TooLarge
from openhearth.engines.read_document.faults import damaged, refused, too_large
from openhearth.engines.read_document.limits import MOST_MEMBERS, MOST_UNPACKED_BYTES, MOST_XML_BYTES, MOST_XML_DEPTH

_XML = re.compile(r"\.(xml|rels|xhtml|html|htm|opf|ncx|svg|vml)$", re.IGNORECASE)
_WEB = re.compile(r"\.(xhtml|html|htm|opf|ncx|svg)$", re.IGNORECASE)
_STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/([A-Za-z]+)/")
_USUAL = rb"http://schemas.openxmlformats.org/\1/2006/"
_APPLE = "__MACOSX/"  # beside each part what macOS knows of it, under the same name and no XML
_BOOK = "META-INF/container.xml"
_PIECE_BYTES = 1024 * 1024


def unpacked(data: bytes) -> dict[str, bytes]:
    """All members by name. Raises RequestError (``document_damaged``) and TooLarge."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            if len(infos) > MOST_MEMBERS:
                raise too_large(f"The file is a package of {len(infos):,} parts.")
            if sum(info.file_size for info in infos) > MOST_UNPACKED_BYTES:
                raise _too_much()
            return _members(archive, infos)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, NotImplementedError) as error:
        raise damaged() from error


def repacked(members: dict[str, bytes]) -> io.BytesIO:
    """The same as a package, stored without compression."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    file.seek(0)
    return file


def tree_of(content: bytes) -> etree._Element:
    """XML as a tree, nothing outside it loaded or expanded. Raises RequestError (``document_damaged``)."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise damaged() from error


def check_xml(name: str, content: bytes, *, is_web: bool) -> None:
    """Raises RequestError for a bomb of entities or of nesting, and unless ``is_web`` for what is no XML."""
    try:
        _Watch(name, is_web=is_web).parser.Parse(content, True)
    except expat.ExpatError as error:
        if not is_web:  # pages of books are read by a parser that forgives
            raise damaged() from error


class _Watch:
    """An XML parser that builds nothing and stops at what no honest file has."""

    def __init__(self, name: str, *, is_web: bool) -> None:
        self._name = name[:60]
        self._is_web = is_web
        self._deep = 0
        self.parser = expat.ParserCreate()
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def _doctype(self, root: str, system_id: str | None, public_id: str | None, has_internal_subset: bool) -> None:
        if has_internal_subset or not self._is_web:
            raise refused(f"A part of the document, {self._name}, defines entities.")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._deep += 1
        if self._deep > MOST_XML_DEPTH:
            raise refused(f"A part of the document, {self._name}, nests deeper than {MOST_XML_DEPTH} levels.")

    def _end(self, tag: str) -> None:
        self._deep -= 1


def _members(archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo]) -> dict[str, bytes]:
    members: dict[str, bytes] = {}
    left = MOST_UNPACKED_BYTES
    is_book = any(info.filename == _BOOK for info in infos)
    for info in infos:
        if info.is_dir() or info.filename.startswith(_APPLE):
            continue
        is_xml = _XML.search(info.filename) is not None
        content = _content(archive, info, min(left, MOST_XML_BYTES) if is_xml else left)
        left -= len(content)
        if is_xml:
            check_xml(info.filename, content, is_web=is_book or _WEB.search(info.filename) is not None)
            content = _STRICT.sub(_USUAL, content)
        members[info.filename] = content
    return members


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most_bytes: int) -> bytes:
    pieces = bytearray()
    with archive.open(info) as member:
        while piece := member.read(_PIECE_BYTES):
            pieces += piece
            if len(pieces) > most_bytes:
                raise _too_much()
    return bytes(pieces)


def _too_much() -> TooLarge:
    return too_large(
        f"The document unpacks to more than {MOST_UNPACKED_BYTES / 1e6:,.0f} MB, or a part of it to more than "
        f"{MOST_XML_BYTES / 1e6:,.0f} MB of text."
    )
