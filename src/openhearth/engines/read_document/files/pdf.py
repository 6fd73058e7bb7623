"""PDF pages through pdfium: their own text with places and sizes, the places of their pictures, and their pixels.

Of pdfium only what reads is used; forms, scripts and attachments are never started.
"""

import contextlib
from collections.abc import Iterator

import msgspec
import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as raw

from openhearth.engines.read_document.faults import damaged, encrypted, unsupported, wrong_password
from openhearth.engines.read_document.files.glyphs import Glyph, glyphs_of, runs_of
from openhearth.engines.read_document.files.picture import Pixels
from openhearth.engines.read_document.layout.pieces import Gap, Piece, Place

_POINTS_PER_INCH = 72
_ERR_PASSWORD, _ERR_SECURITY = 4, 5  # fpdfview.h
_LEAST_LETTERS = 8
_MOST_BAD = 0.25
_LEAST_FIGURE = 0.0025  # of the page: smaller pictures are bullets and lines
_MOST_FIGURE = 0.9  # larger ones are the page's own scan or its background
_LEAST_SCAN = 0.75  # of the page: so much is covered by its scan, be it in strips
_RIM = 0.08
_WIDE_GAP = 0.7  # of the letters' size
_MOST_OBJECTS = 20_000


class PdfFile:
    """An open PDF. Raises RequestError: ``document_encrypted``, ``document_password_wrong``, ``document_damaged``."""

    def __init__(self, data: bytes, password: str, *, most_pixels: int) -> None:
        self._most_pixels = most_pixels
        try:
            self._pdf = pdfium.PdfDocument(data, password=password or None)
        except pdfium.PdfiumError as error:
            if error.err_code == _ERR_PASSWORD and b"/Encrypt" in data:  # else it is what an earlier file left behind
                raise (wrong_password() if password else encrypted()) from error
            if error.err_code == _ERR_SECURITY:
                raise unsupported("This PDF is protected in a way that is not supported.") from error
            raise damaged("PDF") from error
        self.pages = len(self._pdf)

    @contextlib.contextmanager
    def page(self, number: int, dpi: int) -> Iterator["PdfPage"]:
        """Page ``number``, counted from 0. Raises RequestError when it is damaged."""
        try:
            page = self._with_fields(number)
        except pdfium.PdfiumError as error:
            raise damaged(f"PDF's page {number + 1}") from error
        try:
            yield PdfPage(page, dpi, most_pixels=self._most_pixels)
        finally:
            page.close()

    def _with_fields(self, number: int) -> pdfium.PdfPage:
        """The page, what was filled into its form a part of it: else neither its text nor its picture would hold it."""
        page = self._pdf[number]
        if raw.FPDFPage_GetAnnotCount(page) == 0:
            return page
        is_new = raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY) == raw.FLATTEN_SUCCESS
        if not is_new:
            return page
        page.close()
        return self._pdf[number]

    def close(self) -> None:
        self._pdf.close()


class PdfPage:
    """One page as it is drawn at ``dpi``, less where that would be too many pixels (``is_reduced``)."""

    def __init__(self, page: pdfium.PdfPage, dpi: int, *, most_pixels: int) -> None:
        self._page = page
        width, height = page.get_size()
        if not (width > 0 and height > 0):
            raise damaged("PDF's page")
        wanted = dpi / _POINTS_PER_INCH
        most = (most_pixels / (width * height)) ** 0.5
        self.is_reduced = wanted > most
        self.scale = min(wanted, most)
        self.width, self.height = max(1, round(width * self.scale)), max(1, round(height * self.scale))
        self._frame = _Frame.of(page, self.scale)

    def pixels(self) -> Pixels:
        """The page as a picture on white."""
        try:
            bitmap = self._page.render(scale=self.scale, rev_byteorder=True, may_draw_forms=False)
            drawn = np.asarray(bitmap.to_numpy())
        except (pdfium.PdfiumError, ValueError) as error:
            raise damaged("PDF's page") from error
        colours = drawn[..., :3] if drawn.ndim == 3 and drawn.shape[2] >= 3 else np.dstack([drawn.squeeze()] * 3)
        return np.ascontiguousarray(colours, dtype=np.uint8)

    def text(self, turn: int = 0) -> list[Piece]:
        """The page's own text. Empty when it has none that can be used (a scan, letters without meaning). ``turn``:
        its places are those of the page turned back by so many degrees, counter-clockwise, in quarters."""
        frame = self._turned(turn)
        text = self._page.get_textpage()
        try:
            glyphs = glyphs_of(text)
        finally:
            text.close()
        return [_piece(run, frame) for run in runs_of(glyphs)] if _is_usable(glyphs) else []

    def pictures(self, turn: int = 0) -> list[Place]:
        """Where pictures stand, the largest first; ``turn`` as in ``text``."""
        found = []
        frame = self._turned(turn)
        within = (self.height, self.width) if turn % 180 else (self.width, self.height)
        for number, item in enumerate(self._page.get_objects(filter=(raw.FPDF_PAGEOBJ_IMAGE,), max_depth=4)):
            if number >= _MOST_OBJECTS:
                break
            with contextlib.suppress(pdfium.PdfiumError):
                left, bottom, right, top = item.get_bounds()
                found.append(frame.place((left, bottom, right, top), within=within))
        return sorted(found, key=lambda place: -place.width * place.height)

    def figures(self, pictures: list[Place]) -> list[Place]:
        """Those of ``pictures`` that illustrate the page: not its ornaments, and not its background."""
        return [one for one in pictures if _LEAST_FIGURE < self._share(one) < _MOST_FIGURE]

    def is_stamped_scan(self, text: list[Piece], pictures: list[Place]) -> bool:
        """Whether the page is a scan and all its own text a stamp at its rim: a page number, the scanner's name."""
        if not self.is_covered(pictures):
            return False
        low, high = _RIM * self.height, (1 - _RIM) * self.height
        return all(piece.place.y1 < low or piece.place.y0 > high for piece in text)

    def is_covered(self, pictures: list[Place]) -> bool:
        """Whether pictures take nearly all of the page, as those of a scan do."""
        return sum(self._share(one) for one in pictures) >= _LEAST_SCAN

    def _turned(self, turn: int) -> "_Frame":
        return msgspec.structs.replace(self._frame, turn=(self._frame.turn - turn) % 360)

    def _share(self, place: Place) -> float:
        return float(place.width * place.height / (self.width * self.height))


class _Frame(msgspec.Struct, frozen=True):
    """From a page's own points (y upwards, before it is turned) to pixels of the page as shown."""

    box: tuple[float, float, float, float]
    turn: int
    scale: float

    @classmethod
    def of(cls, page: pdfium.PdfPage, scale: float) -> "_Frame":
        return cls(page.get_bbox(), page.get_rotation(), scale)

    def place(self, box: tuple[float, float, float, float], *, within: tuple[float, float] | None = None) -> Place:
        """A box of left, bottom, right and top, cut to a page of the size ``within``."""
        ax, ay = self._point(box[0], box[1])
        bx, by = self._point(box[2], box[3])
        x0, x1, y0, y1 = min(ax, bx), max(ax, bx), min(ay, by), max(ay, by)
        if within is not None:
            x0, x1 = max(0.0, min(x0, within[0])), max(0.0, min(x1, within[0]))
            y0, y1 = max(0.0, min(y0, within[1])), max(0.0, min(y1, within[1]))
        return Place(x0, y0, x1, y1)

    def _point(self, x: float, y: float) -> tuple[float, float]:
        left, bottom, right, top = self.box
        across, down = {
            0: (x - left, top - y),
            90: (y - bottom, x - left),
            180: (right - x, y - bottom),
            270: (top - y, right - x),
        }[self.turn % 360]
        return across * self.scale, down * self.scale


def _piece(run: list[Glyph], frame: _Frame) -> Piece:
    places = [frame.place(glyph.box) for glyph in run if glyph.text.strip()]
    place = Place(
        min(one.x0 for one in places),
        min(one.y0 for one in places),
        max(one.x1 for one in places),
        max(one.y1 for one in places),
    )
    sizes = sorted(glyph.size for glyph in run)
    bold = sum(glyph.is_bold for glyph in run) * 2 > len(run)
    text = "".join(glyph.text for glyph in run).strip()
    turn = (run[0].turn + frame.turn) % 360
    gaps = () if turn else _gaps(run, frame)
    return Piece(text, place, sizes[len(sizes) // 2] * frame.scale, bold, turn=turn, gaps=gaps)


def _gaps(run: list[Glyph], frame: _Frame) -> tuple[Gap, ...]:
    """Spaces so wide that they may part the columns of a table; counted in letters from the first that is seen."""
    found = []
    count = 0
    before: Glyph | None = None
    for glyph in run:
        if glyph.text.strip():
            if before is not None and glyph.upright[0] - before.upright[2] > _WIDE_GAP * glyph.size:
                ends = (frame.place(before.box).x1, frame.place(glyph.box).x0)
                found.append(Gap(count, min(ends), max(ends)))
            before = glyph
        elif before is None:
            continue
        count += len(glyph.text)
    return tuple(found)


def _is_usable(glyphs: list[Glyph]) -> bool:
    letters = [glyph for glyph in glyphs if glyph.text.strip()]
    if len(letters) < _LEAST_LETTERS:
        return False
    return sum(glyph.is_bad for glyph in letters) < _MOST_BAD * len(letters)
