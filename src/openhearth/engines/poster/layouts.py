"""Ways to put art and words on a sheet, different enough that one prompt gives pictures one can choose from."""

import math
from collections.abc import Callable

from openhearth.engines.poster.colour import Rgb, mixed, to_lch
from openhearth.engines.poster.palettes import readable
from openhearth.engines.poster.scene import Area, Box, Clipped, Item, Line, Linear, Points, Solid, Stop, Words, circle
from openhearth.engines.poster.text import Setting, Sheet, body_only, set_text, title_styles
from openhearth.engines.poster.typeset import is_wide

Layout = Callable[[Sheet], list[Item]]

_CORNERED = frozenset("，。、")


def centred(sheet: Sheet) -> list[Item]:
    """Art to the edges, and a label in the middle."""
    box = sheet.box
    long = len(sheet.brief.title) + len(sheet.brief.body) > 140
    label = Box(*box.at(0.13, 0.16 if long else 0.27), box.width * 0.74, box.height * (0.68 if long else 0.46))
    thin = max(1.0, box.short * 0.003)
    frame = readable(sheet.palette.ink, sheet.palette.ground)
    return [
        *sheet.full(box),
        Area(label.points, Solid(sheet.palette.ground, 0.95)),
        Line(label.inset(box.short * 0.018).points, thin, Solid(frame), closed=True),
        *set_text(sheet, label.inset(box.short * 0.065), Setting(across=0.5, down=0.5, most=0.12)),
    ]


def editorial(sheet: Sheet) -> list[Item]:
    """Art to the edges, fading into the ground below, where a large title stands at the left."""
    box, ground = sheet.box, sheet.palette.ground
    long = len(sheet.brief.title) + len(sheet.brief.body) > 140
    start = 0.3 if long else 0.46
    place = Box(box.x + sheet.margin, box.y + box.height * (start + 0.12), box.width - 2 * sheet.margin,
                box.height * (0.88 - start) - sheet.margin)  # fmt: skip
    veil = Linear(
        box.at(0, start - 0.02),
        box.at(0, start + 0.15),
        (Stop(0, ground, 0), Stop(0.6, ground, 0.8), Stop(1, ground, 1)),
    )
    bar = Box(place.x, box.y + sheet.margin, box.short * 0.11, max(2.0, box.short * 0.012))
    return [
        *sheet.ground(),
        *sheet.full(Box(box.x, box.y, box.width, box.height * (start + 0.16))),
        Area(Box(box.x, box.y + box.height * (start - 0.12), box.width, box.height * (1.12 - start)).points, veil),
        Area(bar.points, Solid(readable(sheet.palette.accents[3], ground, 1.6))),
        *set_text(sheet, place, Setting(down=1.0, most=0.15)),
    ]


def split(sheet: Sheet) -> list[Item]:
    """Half art, half words."""
    box = sheet.box
    if box.width >= box.height * 0.95:
        share = 0.5 if len(sheet.brief.body) < 200 else 0.58
        words = Box(box.x, box.y, box.width * share, box.height)
        picture = Box(words.right, box.y, box.width - words.width, box.height)
        if sheet.dice.random() < 0.5:
            picture = Box(box.x, box.y, picture.width, box.height)
            words = Box(picture.right, box.y, words.width, box.height)
    else:
        share = 0.42 if len(sheet.brief.body) < 200 else 0.56
        picture = Box(box.x, box.y, box.width, box.height * (1 - share))
        words = Box(box.x, picture.bottom, box.width, box.height * share)
    mark = Box(words.x + sheet.margin, words.y + sheet.margin, box.short * 0.05, box.short * 0.05)
    inner = Box(words.x + sheet.margin, mark.bottom + sheet.margin * 0.5, words.width - 2 * sheet.margin,
                words.bottom - mark.bottom - sheet.margin * 1.5)  # fmt: skip
    return [
        *sheet.ground(),
        Clipped(picture.points, tuple(sheet.window(picture))),
        Area(circle(mark.centre, mark.width / 2), Solid(readable(sheet.palette.accents[1], sheet.palette.ground, 1.6))),
        *set_text(sheet, inner, Setting(down=1.0, most=0.13)),
    ]


def grid(sheet: Sheet) -> list[Item]:
    """Three columns: the title over two of them, art in a field below, hairlines between."""
    box, palette = sheet.box, sheet.palette
    place = box.inset(sheet.margin)
    thin = max(1.0, box.short * 0.0026)
    line = Solid(readable(mixed(palette.ink, palette.ground, 0.3), palette.ground, 2.0))
    share = 0.36 if len(sheet.brief.body) < 200 else 0.55
    middle = place.y + place.height * share
    gap = box.short * 0.022
    field = Box(place.x + place.width / 3 + gap / 2, middle + gap, place.width * 2 / 3 - gap / 2,
                place.bottom - middle - gap)  # fmt: skip
    stripe = Box(place.x, middle + gap, place.width / 3 - gap / 2, place.bottom - middle - gap)
    blocks: list[Item] = []
    rows = 3
    colours = [palette.accents[1], palette.accents[2], palette.accents[0]]
    for row in range(rows):
        high = (stripe.height - gap * (rows - 1)) / rows
        cell = Box(stripe.x, stripe.y + row * (high + gap), stripe.width, high)
        blocks.append(Area(cell.points, Solid(colours[row])))
    disc = Box(stripe.x, stripe.y, stripe.width, (stripe.height - 2 * gap) / 3)
    blocks.append(Area(circle(disc.centre, disc.short * 0.34), Solid(palette.accents[3])))
    words = Box(place.x, place.y + gap, place.width, middle - place.y - gap * 2)
    return [
        *sheet.ground(),
        Line(((place.x, place.y), (place.right, place.y)), max(2.0, thin * 3), line),
        *set_text(sheet, words, Setting(most=0.15)),
        Line(((place.x, middle), (place.right, middle)), thin, line),
        *blocks,
        Clipped(field.points, tuple(sheet.window(field))),
    ]


def bigtype(sheet: Sheet) -> list[Item]:
    """The words themselves as the picture, over a strip of art."""
    box = sheet.box
    place = box.inset(sheet.margin * 0.8)
    strip = Box(box.x, box.y, box.width, box.height * 0.24)
    if sheet.dice.random() < 0.5:
        strip = Box(box.x, box.bottom - strip.height, box.width, strip.height)
    top = strip.bottom + sheet.margin * 0.8 if strip.y == box.y else place.y
    bottom = place.bottom if strip.y == box.y else strip.y - sheet.margin * 0.8
    words = Box(place.x, top, place.width, bottom - top)
    return [
        *sheet.ground(),
        Clipped(strip.points, tuple(sheet.window(strip))),
        *set_text(sheet, words, Setting(down=0.0 if strip.y != box.y else 1.0, most=0.34, tracking=-0.012)),
    ]


def medallion(sheet: Sheet) -> list[Item]:
    """Art in a circle, words under it."""
    box, palette = sheet.box, sheet.palette
    share = _art_share(sheet)
    radius = min(box.width * 0.4, box.height * share * 0.5)
    centre = box.at(0.5, 0)[0], box.y + sheet.margin + radius
    window = Box(centre[0] - radius, centre[1] - radius, 2 * radius, 2 * radius)
    ring = readable(palette.accents[2], palette.ground, 1.5)
    words = _under(sheet, window.bottom + sheet.margin * 0.7)
    return [
        *sheet.ground(),
        Clipped(circle(centre, radius), tuple(sheet.window(window))),
        Line(circle(centre, radius + box.short * 0.016), max(1.0, box.short * 0.004), Solid(ring), closed=True),
        *set_text(sheet, words, Setting(across=0.5, down=0.4, most=0.12)),
    ]


def arch(sheet: Sheet) -> list[Item]:
    """Art in an arched window, words under it."""
    box = sheet.box
    share = _art_share(sheet)
    high = box.height * share
    wide = min(box.width * 0.72, high * 0.92)
    window = Box(box.centre[0] - wide / 2, box.y + sheet.margin, wide, high)
    radius = wide / 2
    outline: Points = (
        *circle((window.centre[0], window.y + radius), radius, begin=math.pi, end=math.tau),
        (window.right, window.bottom),
        (window.x, window.bottom),
    )
    return [
        *sheet.ground(),
        Clipped(outline, tuple(sheet.window(window))),
        *set_text(sheet, _under(sheet, window.bottom + sheet.margin * 0.6), Setting(across=0.5, down=0.4, most=0.12)),
    ]


def gallery(sheet: Sheet) -> list[Item]:
    """Paper with a window of art and a caption, as museums print it."""
    box = sheet.box
    share = _art_share(sheet)
    window = Box(box.x + sheet.margin, box.y + sheet.margin, box.width - 2 * sheet.margin, box.height * share)
    words = Box(window.x, window.bottom + sheet.margin * 0.5, window.width,
                box.bottom - window.bottom - sheet.margin * 1.2)  # fmt: skip
    return [
        *sheet.ground(),
        Clipped(window.points, tuple(sheet.window(window))),
        *set_text(sheet, words, Setting(down=0.5, most=0.085, is_bold=False)),
    ]


def band(sheet: Sheet) -> list[Item]:
    """Art to the edges and a band across it."""
    box, palette = sheet.box, sheet.palette
    long = len(sheet.brief.title) + len(sheet.brief.body) > 120
    high = box.height * (0.56 if long else 0.34)
    stripe = Box(box.x, box.y + (box.height - high) * sheet.dice.choice((0.5, 0.62, 0.84)), box.width, high)
    colour = palette.ground
    edge = readable(palette.accents[2], colour, 1.4)
    thick = max(2.0, box.short * 0.01)
    words = Box(stripe.x + sheet.margin, stripe.y + sheet.margin * 0.7, stripe.width - 2 * sheet.margin,
                stripe.height - sheet.margin * 1.4)  # fmt: skip
    return [
        *sheet.full(box),
        Area(stripe.points, Solid(colour, 0.97)),
        Area(Box(stripe.x, stripe.y, stripe.width, thick).points, Solid(edge)),
        Area(Box(stripe.x, stripe.bottom - thick, stripe.width, thick).points, Solid(edge)),
        *set_text(sheet, words, Setting(across=0.5, down=0.5, most=0.14)),
    ]


def vertical(sheet: Sheet) -> list[Item]:
    """Columns from right to left, as Chinese was written, beside art; for a short Chinese title."""
    box, palette = sheet.box, sheet.palette
    letters = [letter for letter in sheet.brief.title if not letter.isspace()]
    rows = max(1, math.ceil(len(letters) / max(1, math.ceil(len(letters) / 8))))
    size = min(box.short * 0.13, box.height * 0.62 / (rows * 1.14))
    columns = [letters[start : start + rows] for start in range(0, len(letters), rows)]
    wide = size * 1.32 * len(columns)
    right = box.right - sheet.margin * 1.2
    veil_left = right - wide - sheet.margin * 1.6
    veil = Linear(
        (veil_left - box.width * 0.16, 0), (veil_left + sheet.margin, 0),
        (Stop(0, palette.ground, 0), Stop(1, palette.ground, 0.94)),
    )  # fmt: skip
    ink = readable(palette.ink, palette.ground)
    fog = Box(veil_left - box.width * 0.16, box.y, box.right - veil_left + box.width * 0.16, box.height)
    items: list[Item] = [*sheet.full(box), Area(fog.points, veil)]
    for number, column in enumerate(columns):
        x = right - size * (1.0 + 1.32 * number)
        top = box.y + sheet.margin * 1.3
        items += [_stood(sheet, letter, (x, top + row * size * 1.14), size, ink) for row, letter in enumerate(column)]
    if sheet.brief.body:
        left = right - wide - sheet.margin * 0.2
        high = box.height * 0.2
        foot = box.bottom - sheet.margin * 1.1
        words = Box(box.x + sheet.margin, foot - high, left - box.x - sheet.margin, high)
        body, top = body_only(sheet, words)
        plate = Box(words.x, top, words.width, words.bottom - top).inset(-box.short * 0.02)
        items += [Area(plate.points, Solid(palette.ground, 0.86)), *body]
    return [*items, *_seal(sheet, (right - size * 0.5, box.bottom - sheet.margin * 1.4))]


def _stood(sheet: Sheet, letter: str, place: tuple[float, float], size: float, colour: Rgb) -> Words:
    """One letter in the middle of its square; a comma or stop, which the font has at the lower left, in the upper
    right corner, as columns have it."""
    style = title_styles(sheet, Setting(is_bold=False))[0]
    length = sheet.setter.length(letter, size, style)
    x, y = place[0] + (size - length) / 2, place[1] + size * 0.86
    if letter in _CORNERED:
        x, y = x + size * 0.56, y - size * 0.6
    return Words(letter, x, y, size, length, style.face, Solid(colour))


def _seal(sheet: Sheet, centre: tuple[float, float]) -> list[Item]:
    """A red square with a ring: an ornament, no signature."""
    side = sheet.box.short * 0.05
    red = max(sheet.palette.accents, key=lambda colour: to_lch(colour)[1])
    square = Box(centre[0] - side / 2, centre[1] - side / 2, side, side)
    paper = readable(sheet.palette.ground, red, 1.5)
    return [
        Area(square.points, Solid(red)),
        Line(circle(centre, side * 0.28), max(1.0, side * 0.07), Solid(paper), closed=True),
    ]


def _art_share(sheet: Sheet) -> float:
    """How much of the height art takes, when the words stand below it."""
    length = len(sheet.brief.title) * (2 if sheet.brief.is_chinese else 1) + len(sheet.brief.body)
    tall = 0.04 if sheet.box.height > sheet.box.width * 1.2 else 0.0
    return (0.62 if length < 70 else 0.54 if length < 200 else 0.4 if length < 600 else 0.24) + tall


def _under(sheet: Sheet, top: float) -> Box:
    return Box(
        sheet.box.x + sheet.margin, top, sheet.box.width - 2 * sheet.margin, sheet.box.bottom - sheet.margin * 0.8 - top
    )


LAYOUTS: dict[str, Layout] = {
    "editorial": editorial,
    "medallion": medallion,
    "split": split,
    "bigtype": bigtype,
    "gallery": gallery,
    "arch": arch,
    "band": band,
    "grid": grid,
    "centred": centred,
    "vertical": vertical,
}
WINDOWED = ("medallion", "arch", "gallery", "split", "grid")
"""Layouts whose art has a place of its own, so that a single thing in it is not written over."""
CLEAR = ("medallion", "arch", "bigtype")
"""Layouts that make sense without a ground."""


def suits_vertical(title: str) -> bool:
    """Columns are for 1 to 24 letters, all of them wide."""
    letters = [letter for letter in title if not letter.isspace()]
    return 1 <= len(letters) <= 24 and all(is_wide(letter) for letter in letters)
