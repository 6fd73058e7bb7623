"""Title and body set into a box together: how large each may be, where they stand, and whether something was cut."""

from collections.abc import Callable
from random import Random

import msgspec

from openhearth.engines.poster.colour import Rgb, contrast, mixed
from openhearth.engines.poster.palettes import Palette, readable
from openhearth.engines.poster.raster import bold_px
from openhearth.engines.poster.scene import Area, Box, Item, Solid, Words
from openhearth.engines.poster.typeset import Block, Setter, Style
from openhearth.engines.poster.words import Brief, is_chinese

_LEAST_TITLE = 0.03  # of the shorter side of the picture
_LEAST_BODY = 0.0135
_LEAST_PX = 7.0
_MOST_BODY = 0.036


class Sheet(msgspec.Struct):
    """What a layout works with. ``art`` draws the background into a box; ``is_clear`` leaves out the ground.

    ``is_cut`` is set when text had to be left out.
    """

    box: Box
    brief: Brief
    palette: Palette
    dice: Random
    setter: Setter
    face: str
    art: Callable[[Box, Palette], list[Item]]
    is_clear: bool = False
    is_cut: bool = False

    @property
    def margin(self) -> float:
        return self.box.short * 0.075

    def full(self, box: Box) -> list[Item]:
        """Art that fills the sheet or fades into its ground."""
        return self.art(box, self.palette)

    def window(self, box: Box) -> list[Item]:
        """Art with edges of its own, its ground set off from the sheet's."""
        palette = self.palette
        ground = mixed(palette.ground, palette.accents[0], 0.4)
        return self.art(box, msgspec.structs.replace(palette, ground=ground))

    def ground(self) -> list[Item]:
        """The ground colour everywhere, unless the picture is to be transparent."""
        return [] if self.is_clear else [Area(self.box.points, Solid(self.palette.ground))]


class Setting(msgspec.Struct, frozen=True):
    """How a text block stands in its box. ``across`` 0 is left, 0.5 centred, 1 right; ``down`` likewise from the top.

    ``most`` is the largest title in shares of the picture's shorter side.
    """

    across: float = 0.0
    down: float = 0.0
    most: float = 0.14
    is_bold: bool = True
    has_rule: bool = True
    tracking: float = 0.0


def set_text(sheet: Sheet, box: Box, setting: Setting, *, on: Rgb | None = None) -> list[Item]:
    """The brief's title and body in ``box``, readable on the colour ``on``."""
    ground = on or sheet.palette.ground
    ink = readable(sheet.palette.ink, ground)
    title, body = _blocks(sheet, box, setting)
    short = sheet.box.short
    rule = max(1.0, short * 0.006) if setting.has_rule and body.lines and title.lines else 0.0
    gap = short * 0.03 if body.lines and title.lines else 0.0
    whole = title.height + body.height + 2 * gap + rule if body.lines else title.height
    top = box.y + (box.height - whole) * setting.down
    items = lines(title, Box(box.x, top, box.width, title.height), setting.across, ink)
    if not body.lines:
        return items
    at = top + title.height + gap
    if rule:
        accent = readable(_strongest(sheet.palette, ground), ground, 2.2)
        wide = min(box.width, short * 0.12)
        items.append(Area(Box(box.x + (box.width - wide) * setting.across, at, wide, rule).points, Solid(accent)))
    quiet = readable(mixed(ink, ground, 0.18), ground)
    return items + lines(body, Box(box.x, at + rule + gap, box.width, body.height), setting.across, quiet)


def body_only(sheet: Sheet, box: Box) -> tuple[list[Item], float]:
    """The brief's body alone, at the bottom of the box, and where it begins."""
    short = sheet.box.short
    least = max(_LEAST_PX, short * _LEAST_BODY)
    style = title_styles(sheet, Setting())[1]
    block = sheet.setter.fit(
        sheet.brief.body, (box.width, box.height), style, most=max(least, short * _MOST_BODY), least=least
    )
    sheet.is_cut = sheet.is_cut or block.is_cut
    ink = readable(sheet.palette.ink, sheet.palette.ground)
    top = box.bottom - block.height
    return lines(block, Box(box.x, top, box.width, block.height), 0.0, ink), top


def _blocks(sheet: Sheet, box: Box, setting: Setting) -> tuple[Block, Block]:
    """Title and body as large as both fit; the body keeps what the title leaves."""
    short = sheet.box.short
    title_style, body_style = title_styles(sheet, setting)
    least = max(_LEAST_PX + 1, short * _LEAST_TITLE)
    has_body = bool(sheet.brief.body)
    share = 1.0 if not has_body else 0.62 if len(sheet.brief.body) < 160 else 0.42
    title = sheet.setter.fit(
        sheet.brief.title, (box.width, box.height * share), title_style, most=short * setting.most, least=least
    )
    body = Block((), (), 0.0, body_style)
    if has_body:
        room = box.height - title.height - short * 0.07
        least_body = max(_LEAST_PX, short * _LEAST_BODY)
        body = sheet.setter.fit(
            sheet.brief.body, (box.width, room), body_style, most=max(least_body, short * _MOST_BODY), least=least_body
        )
    sheet.is_cut = sheet.is_cut or title.is_cut or body.is_cut
    return title, body


def title_styles(sheet: Sheet, setting: Setting) -> tuple[Style, Style]:
    """Chinese stands wider apart than Latin, and a serif title needs less weight."""
    chinese = sheet.brief.is_chinese
    bold = setting.is_bold and not (sheet.face == "serif" and not chinese)
    title = Style(sheet.face, bold, leading=1.26 if chinese else 1.1, tracking=setting.tracking)
    return title, Style("sans", leading=1.62 if is_chinese(sheet.brief.body) else 1.46)


def lines(block: Block, box: Box, across: float, colour: Rgb) -> list[Item]:
    """The lines of a block, from the top of the box."""
    style, size = block.style, block.size
    bold = bold_px(size) if style.is_bold else 0
    items: list[Item] = []
    for number, (line, length) in enumerate(zip(block.lines, block.lengths, strict=True)):
        x = box.x + (box.width - length) * across + bold
        y = box.y + size * (0.86 + style.leading * number)
        items.append(Words(line, x, y, size, length, style.face, Solid(colour), style.is_bold, style.tracking * size))
    return items


def _strongest(palette: Palette, ground: Rgb) -> Rgb:
    """The accent that stands out most."""
    return max(palette.accents, key=lambda colour: contrast(colour, ground))
