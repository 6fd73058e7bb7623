"""Word documents, through mammoth: headings, lists, tables, links and pictures, not their looks."""

import io
import re
from typing import Any

import mammoth
from lxml import etree

from openhearth.core.documents import Options
from openhearth.engines.read_document.files.archive import repacked, tree_of, unpacked
from openhearth.engines.read_document.office.formulas import plain
from openhearth.engines.read_document.office.pictures import Collected
from openhearth.engines.read_document.office.web import html_markdown

_STYLES = "p[style-name='Title'] => h1:fresh"  # beside what mammoth knows by itself
_BODY = re.compile(r"word/(document|footnotes|endnotes)\d*\.xml$")
_UNKNOWN = (b":ruby>", b":oMath>")  # to mammoth


def word_markdown(data: bytes, options: Options, pictures: Collected) -> str:
    """Markdown of a .docx."""

    def picture(image: Any) -> dict[str, str]:
        with image.open() as opened:
            name = pictures.add(opened.read(), 1)
        return {"src": name}

    package: io.BytesIO = repacked({name: _known(name, part) for name, part in unpacked(data).items()})
    result = mammoth.convert_to_html(package, convert_image=mammoth.images.img_element(picture), style_map=_STYLES)
    return html_markdown(f"<body>{result.value}</body>", options.tables)


def _known(name: str, part: bytes) -> bytes:
    if not _BODY.match(name) or not any(unknown in part for unknown in _UNKNOWN):
        return part
    tree = tree_of(part)
    plain(tree)
    known: bytes = etree.tostring(tree, encoding="UTF-8", xml_declaration=True)
    return known
