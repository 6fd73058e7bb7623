"""Presentations: slide by slide, title first, then what stands on it from the top, then the speaker's notes."""

from collections.abc import Iterator
from typing import Any

from pptx import Presentation

from openhearth.core.documents import Options
from openhearth.engines.read_document.files.archive import repacked, tree_of, unpacked
from openhearth.engines.read_document.layout.pieces import Place
from openhearth.engines.read_document.office.charts import chart_markdown
from openhearth.engines.read_document.office.pictures import Collected
from openhearth.engines.read_document.tables.grids import Grid, GridCell, written

_NOWHERE = Place(0, 0, 0, 0)
_MOST_DEPTH = 8


class Slides:
    """An open presentation."""

    def __init__(self, data: bytes) -> None:
        self._slides = list(Presentation(repacked(unpacked(data))).slides)

    def __len__(self) -> int:
        return len(self._slides)

    def markdown(self, number: int, options: Options, pictures: Collected) -> str:
        """Slide ``number``, counted from 0."""
        slide = self._slides[number]
        title = slide.shapes.title
        parts = (
            [f"## {' '.join(title.text_frame.text.split())}"]
            if title is not None and title.text_frame.text.strip()
            else []
        )
        for shape in sorted(_shapes(slide.shapes), key=lambda one: (one.top or 0, one.left or 0)):
            if title is None or shape.shape_id != title.shape_id:
                parts += _written(shape, number + 1, options, pictures)
        if slide.has_notes_slide and (said := slide.notes_slide.notes_text_frame):
            parts += [f"> {line}" for line in said.text.splitlines() if line.strip()]
        return "\n\n".join(parts)


def _shapes(shapes: Any, depth: int = 0) -> Iterator[Any]:
    """All shapes, those of groups too."""
    for shape in shapes:
        if hasattr(shape, "shapes") and depth < _MOST_DEPTH:
            yield from _shapes(shape.shapes, depth + 1)
        else:
            yield shape


def _written(shape: Any, page: int, options: Options, pictures: Collected) -> list[str]:
    if getattr(shape, "has_table", False):
        return [_table(shape.table, options)]
    if getattr(shape, "has_chart", False):
        return chart_markdown(shape.chart._chartSpace, options)
    if getattr(shape, "has_text_frame", False):
        return _paragraphs(shape.text_frame.paragraphs)
    if diagram := _diagram(shape):
        return diagram
    data = _picture(shape)
    name = pictures.add(data, page) if data else ""
    return [f"![]({name})"] if name else []


def _picture(shape: Any) -> bytes:
    """The picture of a shape that holds one; a linked one lies outside of the file."""
    try:
        return bytes(shape.image.blob)
    except (AttributeError, ValueError, KeyError):
        return b""


def _paragraphs(paragraphs: Any) -> list[str]:
    """Several paragraphs of a box are a list, one alone is text."""
    texts = [("  " * paragraph.level, " ".join(paragraph.text.split())) for paragraph in paragraphs]
    texts = [(indent, text) for indent, text in texts if text]
    if len(texts) == 1:
        return [texts[0][1]]
    return ["\n".join(f"{indent}- {text}" for indent, text in texts)] if texts else []


def _diagram(shape: Any) -> list[str]:
    """The texts of a diagram (SmartArt), which lie in a part of their own."""
    places = shape._element.xpath(".//*[local-name()='relIds']/@*[local-name()='dm']")
    if not places or places[0] not in shape.part.rels:
        return []
    tree = tree_of(shape.part.related_part(places[0]).blob)
    paragraphs = tree.xpath("//*[local-name()='ptLst']/*[local-name()='pt']/*[local-name()='t']/*[local-name()='p']")
    texts = ["".join(paragraph.xpath(".//*[local-name()='t']/text()")) for paragraph in paragraphs]
    lines = [" ".join(text.split()) for text in texts if text.strip()]
    return ["\n".join(f"- {line}" for line in lines)] if lines else []


def _table(table: Any, options: Options) -> str:
    cells = []
    rows, columns = len(table.rows), len(table.columns)
    for row in range(rows):
        for column in range(columns):
            cell = table.cell(row, column)
            if not cell.is_spanned:
                tall, wide = (cell.span_height, cell.span_width) if cell.is_merge_origin else (1, 1)
                cells.append(GridCell(row, column, tall, wide, _NOWHERE, " ".join(cell.text.split())))
    return written(Grid(rows, columns, tuple(cells), _NOWHERE, is_ruled=True), options.tables)
