"""Writing on a picture, legible on any ground, in any script the font has."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from openhearth.core.errors import RequestError
from openhearth.engines.edit_image.pixels.layers import over
from openhearth.engines.edit_image.plan import AddText
from openhearth.engines.edit_image.ports import Pixels, Scene

_MARGIN = 0.035  # of the picture's shorter side
_LEAST_LETTER = 9  # pixels; smaller letters cannot be read
_MOST_CHARACTERS = 500
_INVISIBLE = frozenset("\ufe0e\ufe0f\u200b\u200d\u2060\ufeff")


class Lettering:
    """The operation: text in Noto Sans SC from the ``fonts-zh`` pack."""

    def __init__(self, font: Path) -> None:
        self._font = font

    def __call__(self, pixels: Pixels, step: AddText, scene: Scene, others: list[Pixels]) -> Pixels:
        """Lay the text on. Raises RequestError (``text_empty``, ``text_too_long``, ``glyph_missing``)."""
        text = "".join(letter for letter in step.text.strip() if letter not in _INVISIBLE)
        if not text or len(text) > _MOST_CHARACTERS:
            raise RequestError(
                f"The text to write must have 1 to {_MOST_CHARACTERS} characters; this one has {len(text)}. "
                "文字长度应为 1 到 500 个字符。",
                code="text_too_long" if text else "text_empty",
                param="prompt",
            )
        self._check_glyphs(text)
        tiled = step.position == "tiled"
        layer = self._tiled(text, step, pixels) if tiled else self._placed(text, step, pixels)
        above = np.asarray(layer, dtype=np.uint8).copy()
        above[..., 3] = (above[..., 3] * float(np.clip(step.opacity, 0.02, 1)) + 0.5).astype(np.uint8)
        return over(pixels, above)

    def _check_glyphs(self, text: str) -> None:
        font = ImageFont.truetype(str(self._font), 24)
        empty_box = bytes(font.getmask("\U0010ffff"))
        missing = [
            letter
            for letter in dict.fromkeys(text)
            if not letter.isspace() and (bytes(font.getmask(letter)) == empty_box)
        ]
        if missing:
            raise RequestError(
                f"The font has no sign for {' '.join(missing[:20])}. Leave it out: letters, digits and Chinese are "
                "written, emoji are not. 字体中没有这些字符。",
                code="glyph_missing",
                param="prompt",
            )

    def _placed(self, text: str, step: AddText, pixels: Pixels) -> Image.Image:
        height, width = pixels.shape[:2]
        margin = max(2, round(_MARGIN * min(height, width)))
        letter = max(_LEAST_LETTER, round(step.size * height))
        while True:
            font = ImageFont.truetype(str(self._font), letter)
            lines = _wrapped(text, font, width - 2 * margin)
            block = _Block(lines, font, letter, align=_align(step.position))
            if block.height <= height - 2 * margin and block.width <= width - margin:
                break
            if letter <= _LEAST_LETTER:
                raise RequestError(
                    "The text does not fit into the picture even in its smallest letters. 文字太长，放不进图片。",
                    code="text_too_long",
                    param="prompt",
                )
            letter = max(_LEAST_LETTER, int(letter * 0.9))
        layer = Image.new("RGBA", (width, height), (0, 0, 0, 0))
        block.draw(layer, _corner(step.position, (width, height), (block.width, block.height), margin), _rgb(step))
        return layer

    def _tiled(self, text: str, step: AddText, pixels: Pixels) -> Image.Image:
        """The text all over, rising by 30 degrees, each row shifted by half a step."""
        height, width = pixels.shape[:2]
        letter = max(_LEAST_LETTER, round(step.size * height))
        font = ImageFont.truetype(str(self._font), letter)
        block = _Block([text.replace("\n", " ")], font, letter, align="left")
        reach = int(np.hypot(width, height)) + 2
        sheet = Image.new("RGBA", (reach, reach), (0, 0, 0, 0))
        across, down = block.width + letter * 3, block.height + letter * 3
        for row, y in enumerate(range(0, reach, down)):
            for x in range(-(row % 2) * across // 2, reach, across):
                block.draw(sheet, (x, y), _rgb(step))
        turned = sheet.rotate(30, resample=Image.Resampling.BICUBIC)
        left, top = (reach - width) // 2, (reach - height) // 2
        return turned.crop((left, top, left + width, top + height))


class _Block:
    """Lines of one size as they will stand, with room for their outline."""

    def __init__(self, lines: list[str], font: ImageFont.FreeTypeFont, letter: int, *, align: str) -> None:
        self._text = "\n".join(lines)
        self._font = font
        self._align = align
        self._outline = max(1, round(letter / 20))
        self._gap = letter * 0.18
        probe = ImageDraw.Draw(Image.new("L", (1, 1)))
        self._box = probe.multiline_textbbox(
            (0, 0), self._text, font=font, spacing=self._gap, align=align, stroke_width=self._outline
        )
        self.width = int(self._box[2] - self._box[0]) + 2
        self.height = int(self._box[3] - self._box[1]) + 2

    def draw(self, layer: Image.Image, corner: tuple[int, int], rgb: tuple[int, int, int]) -> None:
        """Soft shadow, outline in the opposite tone, letters; ``corner`` is the block's upper left."""
        light = rgb[0] * 0.299 + rgb[1] * 0.587 + rgb[2] * 0.114
        edge = (0, 0, 0) if light > 110 else (255, 255, 255)
        pad = self._outline * 4
        tile = Image.new("RGBA", (self.width + 2 * pad, self.height + 2 * pad), (*edge, 0))
        place = (pad - self._box[0], pad - self._box[1])
        self._write(tile, place, (*edge, 150), (*edge, 150))
        tile = tile.filter(ImageFilter.GaussianBlur(self._outline * 1.2))
        letters = Image.new("RGBA", tile.size, (*edge, 0))
        self._write(letters, place, (*rgb, 255), (*edge, 215))
        tile.alpha_composite(letters)
        left, top = corner[0] - pad, corner[1] - pad
        layer.alpha_composite(tile, (max(0, left), max(0, top)), (max(0, -left), max(0, -top)))

    def _write(
        self,
        tile: Image.Image,
        place: tuple[float, float],
        fill: tuple[int, int, int, int],
        stroke: tuple[int, int, int, int],
    ) -> None:
        ImageDraw.Draw(tile).multiline_text(
            place,
            self._text,
            font=self._font,
            spacing=self._gap,
            align=self._align,
            fill=fill,
            stroke_width=self._outline,
            stroke_fill=stroke,
        )


def _rgb(step: AddText) -> tuple[int, int, int]:
    return step.colour.rgb if step.colour is not None else (255, 255, 255)


def _align(position: str) -> str:
    return position.rpartition("_")[2] if "_" in position else "center"


def _corner(position: str, room: tuple[int, int], block: tuple[int, int], margin: int) -> tuple[int, int]:
    """Upper left of the block so that it stands at ``position``."""
    x = (room[0] - block[0]) // 2
    y = (room[1] - block[1]) // 2
    if position.endswith("_left"):
        x = margin
    elif position.endswith("_right"):
        x = room[0] - block[0] - margin
    if position.startswith("top"):
        y = margin
    elif position.startswith("bottom"):
        y = room[1] - block[1] - margin
    return max(0, x), max(0, y)


def _wrapped(text: str, font: ImageFont.FreeTypeFont, room: int) -> list[str]:
    """Lines no wider than ``room``: broken between words, and anywhere in Chinese or in a word that is too long."""
    lines: list[str] = []
    for paragraph in text.splitlines():
        line = ""
        for piece in _pieces(paragraph):
            if line and font.getlength((line + piece).rstrip()) > room:
                lines.append(line.rstrip())
                line = piece.lstrip()
            else:
                line += piece
            while len(line) > 1 and font.getlength(line.rstrip()) > room:
                cut = next(n for n in range(len(line) - 1, 0, -1) if n == 1 or font.getlength(line[:n]) <= room)
                lines.append(line[:cut])
                line = line[cut:]
        lines.append(line.rstrip())
    return lines


def _pieces(paragraph: str) -> list[str]:
    """Words with the space after them; each Chinese character by itself, closing punctuation kept to it."""
    pieces: list[str] = []
    for letter in paragraph:
        wide = ord(letter) >= 0x2E80
        joins = letter in "，。！？；：、）》」』”’" or (not wide and pieces and not _ends(pieces[-1]))
        if pieces and joins:
            pieces[-1] += letter
        else:
            pieces.append(letter)
    return pieces


def _ends(piece: str) -> bool:
    return piece[-1].isspace() or ord(piece[-1]) >= 0x2E80
