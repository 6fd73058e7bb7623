"""Word documents, through mammoth: headings, lists, tables, links and pictures, not their looks."""

import io
from typing import Any

import mammoth

from openhearth.core.documents import Options
from openhearth.engines.read_document.files.archive import repacked, unpacked
from openhearth.engines.read_document.office.pictures import Collected
from openhearth.engines.read_document.office.web import html_markdown

_STYLES = "p[style-name='Title'] => h1:fresh"  # beside what mammoth knows by itself


def word_markdown(data: bytes, options: Options, pictures: Collected) -> str:
    """Markdown of a .docx."""

    def picture(image: Any) -> dict[str, str]:
        with image.open() as opened:
            name = pictures.add(opened.read(), 1)
        return {"src": name}

    package: io.BytesIO = repacked(unpacked(data))
    result = mammoth.convert_to_html(package, convert_image=mammoth.images.img_element(picture), style_map=_STYLES)
    return html_markdown(f"<body>{result.value}</body>", options.tables)
