"""Pages drawn with a real font, and what scanners and telephones do to them. All composed; nobody's document."""

import io
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from tests.pictures.packed import pack_file

Pixels = npt.NDArray[np.uint8]
INK = (25, 25, 30)


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """Noto Sans SC from the pack ``fonts-zh``."""
    return ImageFont.truetype(str(pack_file("fonts-zh", "NotoSansSC-Regular.otf")), size)


class Sheet:
    """White paper to write on, from the top down."""

    def __init__(self, width: int, height: int, *, margin: int = 80) -> None:
        self._page = Image.new("RGB", (width, height), "white")
        self._pen = ImageDraw.Draw(self._page)
        self._margin = margin
        self.y = margin

    def write(self, text: str, size: int = 26, *, x: int | None = None, gap: int = 14, weight: int = 0) -> None:
        """One line at ``x`` (the margin)."""
        place = (self._margin if x is None else x, self.y)
        self._pen.text(place, text, INK, font(size), stroke_width=weight, stroke_fill=INK)
        self.y += size + gap

    def centre(self, text: str, size: int = 26, *, gap: int = 14, weight: int = 0) -> None:
        width = self._pen.textlength(text, font(size))
        self.write(text, size, x=round((self._page.width - width) / 2), gap=gap, weight=weight)

    def row(self, *cells: tuple[int, str], size: int = 26, gap: int = 14) -> None:
        """Texts at their own ``x`` on one line."""
        for x, text in cells:
            self._pen.text((x, self.y), text, INK, font(size))
        self.y += size + gap

    def rule(self, x0: int, x1: int, *, width: int = 2, gap: int = 14) -> None:
        self._pen.line((x0, self.y, x1, self.y), INK, width)
        self.y += gap

    def line(self, *ends: tuple[float, float], width: int = 2) -> None:
        self._pen.line(ends, INK, width)

    def grid(
        self,
        columns: list[int],
        rows: list[list[str]],
        *,
        height: int = 46,
        size: int = 24,
        merged: tuple[tuple[int, int, int, int], ...] = (),
    ) -> None:
        """A ruled table; ``columns`` are x of vertical lines, ``merged`` row, column, rows and columns of cells."""
        top = self.y
        inside = {
            (row + down, column + right): (row, column)
            for row, column, tall, wide in merged
            for down in range(tall)
            for right in range(wide)
        }
        for row in range(len(rows)):
            for column in range(len(columns) - 1):
                x0, x1 = columns[column], columns[column + 1]
                y0, y1 = top + row * height, top + (row + 1) * height
                here = inside.get((row, column), (row, column))
                if inside.get((row - 1, column), (row - 1, column)) != here:
                    self.line((x0, y0), (x1, y0))
                if inside.get((row, column - 1), (row, column - 1)) != here:
                    self.line((x0, y0), (x0, y1))
                if here == (row, column):
                    self._pen.text((x0 + 12, y0 + 7), rows[row][column], INK, font(size))
        bottom = top + len(rows) * height
        self.line((columns[0], bottom), (columns[-1], bottom))
        self.line((columns[-1], top), (columns[-1], bottom))
        self.y = bottom + 24

    def paste(self, pixels: Pixels, x: int, y: int) -> None:
        self._page.paste(Image.fromarray(pixels), (x, y))

    def pixels(self) -> Pixels:
        return np.asarray(self._page, dtype=np.uint8).copy()


def turned(page: Pixels, degrees: float) -> Pixels:
    """Clockwise, on white, no corner lost."""
    height, width = page.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    wide, tall = round(height * sin + width * cos), round(height * cos + width * sin)
    matrix[:, 2] += ((wide - width) / 2, (tall - height) / 2)
    return np.asarray(cv2.warpAffine(page, matrix, (wide, tall), borderValue=(250, 250, 250)), dtype=np.uint8)


def noisy(page: Pixels, *, amount: float = 8.0, seed: int = 1) -> Pixels:
    """Grain of a sensor."""
    grain = np.random.default_rng(seed).normal(0, amount, page.shape)
    return np.clip(page + grain, 0, 255).astype(np.uint8)


def blurred(page: Pixels, sigma: float = 0.8) -> Pixels:
    return np.asarray(cv2.GaussianBlur(page, (0, 0), sigma), dtype=np.uint8)


def scanned(page: Pixels, *, degrees: float = 0.0, seed: int = 1) -> Pixels:
    """As from a cheap scanner: askew, a little soft, grainy, and not quite white."""
    return noisy(blurred((turned(page, degrees) * 0.94 + 8).astype(np.uint8)), seed=seed)


def jpeg(pixels: Pixels, quality: int = 70) -> bytes:
    return _file(pixels, "JPEG", quality=quality)


def png(pixels: Pixels) -> bytes:
    return _file(pixels, "PNG")


def read(data: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), dtype=np.uint8)


def _file(pixels: Pixels, kind: str, **options: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()
