"""PDFs with known text, written by pdfium itself, and ones that no honest program would write."""

import ctypes
import hashlib
import io
from collections.abc import Callable

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as raw
from PIL import Image

from tests.papers.drawing import Pixels, jpeg

LEFT = (
    "Rivers carry more than water. Along the",
    "banks of the lower valley, farmers have",
    "measured the silt each spring since the",
    "year 1931, and their notes form one of",
    "the longest records of its kind. The ob-",
    "servations were made by hand until 1978.",
)
RIGHT = (
    "Since then a chain of gauges has taken",
    "over, and the two records were joined in",
    "a study that we summarise here. The main",
    "finding is simple: floods became rarer,",
    "but each of them now lasts for longer.",
)
RIVER_TABLE = [
    ["Decade", "Floods", "Mean days"],
    ["1950s", "14", "3.2"],
    ["1980s", "11", "4.1"],
    ["2010s", "7", "6.8"],
]


class Writer:
    """A PDF being written; y counts from the top in points."""

    def __init__(self) -> None:
        self.pdf = pdfium.PdfDocument.new()
        self._page: pdfium.PdfPage | None = None
        self._height = 0.0

    def page(self, width: float = 595, height: float = 842) -> None:
        self._close()
        self._page = self.pdf.new_page(width, height)
        self._height = height

    def text(
        self, x: float, y: float, text: str, size: float = 10, font: str = "Helvetica", *, up: bool = False
    ) -> None:
        """One line whose letters stand on ``y``, or that runs up along ``x``."""
        assert self._page is not None
        loaded = raw.FPDFText_LoadStandardFont(self.pdf, font.encode())
        item = raw.FPDFPageObj_CreateTextObj(self.pdf, loaded, size)
        units = ctypes.create_string_buffer((text + "\0").encode("utf-16-le"))
        raw.FPDFText_SetText(item, ctypes.cast(units, ctypes.POINTER(ctypes.c_ushort)))
        raw.FPDFPageObj_Transform(item, *((0, 1, -1, 0) if up else (1, 0, 0, 1)), x, self._height - y)
        raw.FPDFPage_InsertObject(self._page, item)

    def lines(self, x: float, y: float, lines: tuple[str, ...], size: float = 10, leading: float = 14) -> float:
        for line in lines:
            self.text(x, y, line, size)
            y += leading
        return y

    def stroke(self, x0: float, y0: float, x1: float, y1: float) -> None:
        assert self._page is not None
        path = raw.FPDFPageObj_CreateNewPath(x0, self._height - y0)
        raw.FPDFPath_LineTo(path, x1, self._height - y1)
        raw.FPDFPageObj_SetStrokeWidth(path, 0.8)
        raw.FPDFPath_SetDrawMode(path, raw.FPDF_FILLMODE_NONE, True)
        raw.FPDFPage_InsertObject(self._page, path)

    def grid(self, xs: list[float], y: float, rows: list[list[str]], *, height: float = 20) -> float:
        for number in range(len(rows) + 1):
            self.stroke(xs[0], y + number * height, xs[-1], y + number * height)
        for x in xs:
            self.stroke(x, y, x, y + len(rows) * height)
        for number, row in enumerate(rows):
            for x, cell in zip(xs, row, strict=False):
                self.text(x + 6, y + number * height + 14, cell)
        return y + len(rows) * height

    def picture(self, pixels: Pixels, x: float, y: float, width: float, height: float) -> None:
        assert self._page is not None
        item = pdfium.PdfImage.new(self.pdf)
        item.load_jpeg(io.BytesIO(jpeg(pixels, 85)), inline=True)
        item.set_matrix(pdfium.PdfMatrix(width, 0, 0, height, x, self._height - y - height))
        self._page.insert_obj(item)

    def data(self) -> bytes:
        self._close()
        file = io.BytesIO()
        self.pdf.save(file)
        self.pdf.close()
        return file.getvalue()

    def _close(self) -> None:
        if self._page is not None:
            self._page.gen_content()
            self._page.close()
            self._page = None


def two_columns() -> bytes:
    """A paper: title over both columns, a heading and text in each, a ruled table, a list, a page number.

    The right column is written before the left one, as layout programs do.
    """
    writer = Writer()
    writer.page()
    writer.text(120, 80, "Floods of the Lower Valley", 22, "Helvetica-Bold")
    writer.text(330, 130, "2. Results", 14, "Helvetica-Bold")
    y = writer.lines(330, 152, RIGHT)
    y = writer.grid([330, 400, 460, 545], y + 6, RIVER_TABLE)
    writer.text(60, 130, "1. Introduction", 14, "Helvetica-Bold")
    y = writer.lines(60, 152, LEFT)
    y = writer.lines(60, y + 8, ("• Silt was weighed dry.", "• Depth was read at dawn.", "• Gaps were left as gaps."))
    writer.text(294, 815, "17")
    return writer.data()


def scan_pages(*pages: Pixels, dpi: int = 150) -> bytes:
    """Pictures of pages and nothing else."""
    writer = Writer()
    for pixels in pages:
        width, height = pixels.shape[1] * 72 / dpi, pixels.shape[0] * 72 / dpi
        writer.page(width, height)
        writer.picture(pixels, 0, 0, width, height)
    return writer.data()


def with_picture() -> bytes:
    """Text around a coloured picture."""
    writer = Writer()
    writer.page()
    writer.lines(60, 100, ("The harbour in the morning.", "A photograph follows this line."))
    rng = np.random.default_rng(4)
    small = rng.integers(0, 255, (6, 8, 3), dtype=np.uint8)
    writer.picture(np.asarray(Image.fromarray(small).resize((320, 240)), dtype=np.uint8), 60, 140, 320, 240)
    writer.lines(60, 410, ("It was taken from the old pier.",))
    return writer.data()


def numbered(count: int) -> bytes:
    """Pages that say which they are."""
    writer = Writer()
    for number in range(1, count + 1):
        writer.page(300, 200)
        writer.text(40, 100, f"This is page number {number}.", 14)
    return writer.data()


def encrypted(password: str = "secret") -> bytes:
    """One page under the standard security handler, revision 2 (ISO 32000-1, 7.6.3): RC4 with a 40-bit key."""
    user, permissions, file_id = _padded(password), -4, bytes(range(16))
    owner = _rc4(hashlib.md5(user).digest()[:5], user)
    seed = user + owner + permissions.to_bytes(4, "little", signed=True) + file_id
    key = hashlib.md5(seed).digest()[:5]

    def sealed(number: int, data: bytes) -> bytes:
        salted = key + number.to_bytes(3, "little") + b"\0\0"
        return _rc4(hashlib.md5(salted).digest()[:10], data)

    security = f"<< /Filter /Standard /V 1 /R 2 /P {permissions} /O <{owner.hex()}> /U <{_rc4(key, _PADDING).hex()}> >>"
    return _document(
        b"BT /F1 18 Tf 60 120 Td (The vault code is 4711.) Tj ET",
        trailer=f"/Encrypt {security} /ID [<{file_id.hex()}> <{file_id.hex()}>]",
        sealed=sealed,
    )


def filled_form() -> bytes:
    """A form in which somebody has written his name; the field draws itself, the page knows nothing of it."""
    shown = b"/Tx BMC BT /F1 14 Tf 2 6 Td (Zhang Wei) Tj ET EMC"
    return _file(
        [
            b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R] >> >>",
            b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 200] /Contents 4 0 R /Annots [6 0 R]"
            b" /Resources << /Font << /F1 5 0 R >> >> >>",
            _stream(b"BT /F1 14 Tf 40 150 Td (Your full name, please:) Tj ET"),
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
            b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (Zhang Wei) /Rect [40 90 240 114] /F 4"
            b" /AP << /N 7 0 R >> >>",
            _stream(shown, b"/Type /XObject /Subtype /Form /BBox [0 0 200 24] /Resources << /Font << /F1 5 0 R >> >>"),
        ]
    )


def stamped(page: Pixels, *, up: bool = False) -> bytes:
    """A scan with the name of the program that made it below, or ``up`` along its left rim."""
    writer = Writer()
    writer.page(page.shape[1] / 2, page.shape[0] / 2)
    writer.picture(page, 0, 0, page.shape[1] / 2, page.shape[0] / 2)
    writer.text(12 if up else 200, page.shape[0] / 2 - 12, "Scanned by Some Scanner", 8, up=up)
    return writer.data()


def beside() -> bytes:
    """Lines of text, a stamp that runs up along the left rim, and a word across all of it."""
    lines = b" ".join(
        b"BT /F1 12 Tf 80 %d Td (Line %d stands upright on this page.) Tj ET" % (700 - 20 * n, n) for n in range(20)
    )
    rim = b"BT /F1 16 Tf 0 1 -1 0 40 250 Tm (arXiv:2401.01234v1 [cs.CL]) Tj ET"
    across = b"BT /F1 60 Tf 0.7 0.7 -0.7 0.7 150 250 Tm (NOT FOR SALE) Tj ET"
    return _page(lines + b" " + rim + b" " + across)


def sideways() -> bytes:
    """A page whose every line runs up."""
    lines = (
        b"BT /F1 20 Tf 0 1 -1 0 %d 100 Tm (Sideways line number %d of five.) Tj ET" % (90 * n, n) for n in range(1, 6)
    )
    return _page(b" ".join(lines))


def _page(content: bytes) -> bytes:
    return _file(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
            b" /Resources << /Font << /F1 5 0 R >> >> >>",
            _stream(content),
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        ]
    )


def _stream(data: bytes, entries: bytes = b"") -> bytes:
    return b"<< /Length %d %s >> stream\n" % (len(data), entries) + data + b"\nendstream"


def endless(levels: int = 20) -> bytes:
    """A page tree whose every node holds the next one twice: 2 to the power of ``levels`` pages in a few kilobytes."""
    nodes = [
        f"<< /Type /Pages /Count {2 ** (levels - level)} /Kids [{level + 3} 0 R {level + 3} 0 R] >>".encode()
        for level in range(levels)
    ]
    leaf = b"<< /Type /Page /MediaBox [0 0 200 100] >>"
    return _file([b"<< /Type /Catalog /Pages 2 0 R >>", *nodes, leaf])


def huge_page() -> bytes:
    """A page of 200 by 200 inches."""
    writer = Writer()
    writer.page(14400, 14400)
    writer.text(200, 400, "A very large sheet indeed.", 300)
    return writer.data()


_PADDING = bytes.fromhex("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a")


def _padded(password: str) -> bytes:
    return (password.encode("latin-1") + _PADDING)[:32]


def _rc4(key: bytes, data: bytes) -> bytes:
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    out = bytearray()
    i = j = 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(out)


def _document(content: bytes, *, trailer: str, sealed: Callable[[int, bytes], bytes]) -> bytes:
    hidden = sealed(4, content)
    return _file(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 200] /Contents 4 0 R"
            b" /Resources << /Font << /F1 5 0 R >> >> >>",
            b"<< /Length %d >> stream\n" % len(hidden) + hidden + b"\nendstream",
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        ],
        trailer,
    )


def _file(objects: list[bytes], trailer: str = "") -> bytes:
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, item in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj " % number + item + b" endobj\n"
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for place in places:
        out += b"%010d 00000 n \n" % place
    out += f"trailer << /Size {len(objects) + 1} /Root 1 0 R {trailer} >>\nstartxref\n{table}\n%%EOF".encode()
    return bytes(out)
