"""Books (EPUB): chapters in the order of the spine, each an HTML page (EPUB 3.3, section 5.7)."""

import posixpath
from urllib.parse import unquote

from openhearth.core.documents import Options
from openhearth.engines.read_document.faults import damaged, encrypted
from openhearth.engines.read_document.files.archive import tree_of, unpacked
from openhearth.engines.read_document.office.web import html_markdown

_CONTAINER = "META-INF/container.xml"
_RIGHTS = "META-INF/rights.xml"


class Book:
    """An open book. Raises RequestError (``document_damaged``, ``document_encrypted``)."""

    def __init__(self, data: bytes) -> None:
        self._members = unpacked(data)
        if _RIGHTS in self._members:
            raise encrypted()
        roots = tree_of(self._members[_CONTAINER]).xpath("//*[local-name()='rootfile']/@full-path")
        if not roots or roots[0] not in self._members:
            raise damaged("book")
        self._chapters = self._spine(str(roots[0]))

    def __len__(self) -> int:
        return len(self._chapters)

    def markdown(self, number: int, options: Options) -> str:
        """Chapter ``number``, counted from 0."""
        return html_markdown(self._members[self._chapters[number]], options.tables)

    def _spine(self, root: str) -> list[str]:
        package = tree_of(self._members[root])
        places = {
            item.get("id"): posixpath.normpath(posixpath.join(posixpath.dirname(root), unquote(item.get("href", ""))))
            for item in package.xpath("//*[local-name()='manifest']/*[local-name()='item']")
        }
        wanted = package.xpath("//*[local-name()='spine']/*[local-name()='itemref']/@idref")
        found = [places[name] for name in wanted if places.get(name) in self._members]
        if not found:
            raise damaged("book")
        return found
