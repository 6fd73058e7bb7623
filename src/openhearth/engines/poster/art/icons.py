"""Single things, drawn simply and large."""

import math
from collections.abc import Callable
from random import Random

from openhearth.engines.poster.art.abstract import ordered
from openhearth.engines.poster.colour import mixed, shaded, to_lch
from openhearth.engines.poster.palettes import Palette
from openhearth.engines.poster.scene import Area, Box, Item, Line, Point, Points, Solid, circle, sector, smooth

Icon = Callable[[Box, Palette, Random], list[Item]]


def draw(name: str, box: Box, palette: Palette, dice: Random) -> list[Item]:
    """The thing in the middle of the box, on a quiet disc."""
    side = box.short * 0.78
    place = Box(box.centre[0] - side / 2, box.centre[1] - side / 2, side, side)
    disc = mixed(palette.ground, palette.accents[0] if palette.is_dark else palette.accents[2], 0.45)
    items: list[Item] = [
        Area(box.points, Solid(palette.ground)),
        Area(circle(box.centre, side * 0.56), Solid(disc)),
    ]
    return [*items, *ICONS[name](place.inset(side * 0.14), palette, dice)]


def _heart(box: Box, palette: Palette, dice: Random) -> list[Item]:
    colour = max(palette.accents, key=lambda one: to_lch(one)[1])
    points = tuple(
        box.at(0.5 + 0.031 * 16 * math.sin(turn) ** 3, 0.47 - 0.029 * _heart_height(turn))
        for turn in (step * math.tau / 120 for step in range(120))
    )  # fmt: skip
    shine = smooth([box.at(0.16, 0.34), box.at(0.19, 0.24), box.at(0.27, 0.17)])
    return [Area(points, Solid(colour)), Line(shine, box.width * 0.035, Solid(mixed(colour, (255, 255, 255), 0.55)))]


def _heart_height(turn: float) -> float:
    return 13 * math.cos(turn) - 5 * math.cos(2 * turn) - 2 * math.cos(3 * turn) - math.cos(4 * turn)


def _cat(box: Box, palette: Palette, dice: Random) -> list[Item]:
    fur = dice.choice(palette.accents[1:3])
    dark, pale = shaded(fur, max(0.2, to_lch(fur)[0] - 0.28)), mixed(fur, (255, 255, 255), 0.55)
    items: list[Item] = []
    for side in (-1, 1):
        items.append(Area(_at(box, ((side * 0.4, -0.08), (side * 0.36, -0.44), (side * 0.06, -0.28))), Solid(fur)))
        items.append(Area(_at(box, ((side * 0.33, -0.14), (side * 0.32, -0.34), (side * 0.14, -0.25))), Solid(pale)))
    items.append(Area(_ellipse(box, 0, 0.06, 0.42, 0.36), Solid(fur)))
    items.append(Area(_ellipse(box, 0, 0.2, 0.19, 0.14), Solid(pale)))
    for side in (-1, 1):
        items.append(Area(_ellipse(box, side * 0.17, 0.0, 0.066, 0.08), Solid((252, 250, 240))))
        items.append(Area(_ellipse(box, side * 0.17, 0.005, 0.036, 0.068), Solid(dark)))
        items.append(Area(_ellipse(box, side * 0.155, -0.02, 0.012, 0.016), Solid((255, 255, 255))))
        for level in (0.14, 0.19, 0.24):
            whisker = _at(box, ((side * 0.2, level), (side * 0.5, level - 0.05 + (level - 0.19) * 1.1)))
            items.append(Line(whisker, max(1.0, box.width * 0.009), Solid(dark)))
    items.append(Area(_at(box, ((-0.05, 0.12), (0.05, 0.12), (0, 0.17))), Solid(dark)))
    for side in (-1, 1):
        mouth = smooth(_at(box, ((0, 0.17), (side * 0.03, 0.225), (side * 0.09, 0.22))))
        items.append(Line(mouth, max(1.0, box.width * 0.013), Solid(dark)))
    return items


def _fox(box: Box, palette: Palette, dice: Random) -> list[Item]:
    warm = max(palette.accents, key=lambda one: math.cos(to_lch(one)[2] - 0.9) * to_lch(one)[1])
    fur = shaded(warm, 0.66, 1.1)
    pale, dark = mixed(fur, (255, 250, 240), 0.82), shaded(fur, 0.28, 0.5)
    items: list[Item] = []
    for side in (-1, 1):
        items.append(Area(_at(box, ((side * 0.44, -0.46), (side * 0.1, -0.2), (side * 0.42, 0.02))), Solid(fur)))
        items.append(Area(_at(box, ((side * 0.4, -0.34), (side * 0.22, -0.18), (side * 0.39, -0.08))), Solid(dark)))
    items.append(Area(_at(box, ((-0.46, 0.02), (-0.16, -0.22), (0.16, -0.22), (0.46, 0.02), (0, 0.46))), Solid(fur)))
    for side in (-1, 1):
        cheek = _at(box, ((side * 0.46, 0.02), (side * 0.2, 0.04), (0, 0.2), (0, 0.46)))
        items.append(Area(cheek, Solid(pale)))
        items.append(Area(_ellipse(box, side * 0.17, 0.01, 0.03, 0.042), Solid(dark)))
    items.append(Area(_ellipse(box, 0, 0.42, 0.055, 0.045), Solid(dark)))
    return items


def _cup(box: Box, palette: Palette, dice: Random) -> list[Item]:
    tones = ordered(palette)
    china = mixed(tones[-1], (255, 255, 255), 0.6)
    drink = (84, 50, 34)
    body = _at(box, ((-0.3, 0.0), (0.3, 0.0), (0.24, 0.3), (0.14, 0.38), (-0.14, 0.38), (-0.24, 0.3)))
    items: list[Item] = [
        Area(_ellipse(box, 0, 0.4, 0.44, 0.055), Solid(mixed(china, palette.ground, 0.3))),
        Line(circle(box.at(0.82, 0.64), box.width * 0.11), box.width * 0.05, Solid(china), closed=True),
        Area(body, Solid(china)),
        Area(_ellipse(box, 0, 0.0, 0.3, 0.06), Solid(mixed(china, palette.accents[1], 0.25))),
        Area(_ellipse(box, 0, 0.008, 0.26, 0.045), Solid(drink)),
    ]
    for place in (-0.13, 0.0, 0.13):
        steam = smooth(
            [(box.at(0.5 + place + 0.035 * (1 if step % 2 else -1), 0.38 - step * 0.09)) for step in range(5)]
        )
        items.append(Line(steam, box.width * 0.024, Solid(mixed(palette.ink, palette.ground, 0.35), 0.6)))
    return items


def _rocket(box: Box, palette: Palette, dice: Random) -> list[Item]:
    white = mixed(palette.accents[2], (255, 255, 255), 0.82)
    red = max(palette.accents, key=lambda one: to_lch(one)[1])
    body = smooth(_at(box, ((0, -0.46), (0.13, -0.28), (0.17, -0.02), (0.12, 0.24), (-0.12, 0.24), (-0.17, -0.02),
                            (-0.13, -0.28))), closed=True)  # fmt: skip
    items: list[Item] = []
    for side in (-1, 1):
        fin = _at(box, ((side * 0.13, 0.04), (side * 0.32, 0.26), (side * 0.27, 0.34), (side * 0.11, 0.24)))
        items.append(Area(fin, Solid(red)))
    flame = smooth(_at(box, ((-0.09, 0.24), (0.09, 0.24), (0.07, 0.36), (0.0, 0.5), (-0.07, 0.36))), closed=True)
    core = smooth(_at(box, ((-0.05, 0.24), (0.05, 0.24), (0.0, 0.39))), closed=True)
    return [
        *items,
        Area(flame, Solid((246, 140, 50))),
        Area(core, Solid((255, 224, 120))),
        Area(body, Solid(white)),
        Area(_at(box, ((0, -0.47), (0.105, -0.28), (-0.105, -0.28))), Solid(red)),
        Area(_ellipse(box, 0, -0.06, 0.085, 0.085), Solid(red)),
        Area(_ellipse(box, 0, -0.06, 0.06, 0.06), Solid(mixed(palette.accents[1], (200, 230, 250), 0.5))),
    ]


def _balloon(box: Box, palette: Palette, dice: Random) -> list[Item]:
    items: list[Item] = []
    places = ((-0.24, -0.06, 0.17), (0.22, -0.1, 0.18), (0.0, -0.22, 0.2))
    for (x, y, size), colour in zip(places, palette.accents[1:], strict=True):
        string = smooth(_at(box, ((x, y + size * 1.2), (x * 0.6 + 0.03, 0.25), (0.0, 0.48))))
        items.append(Line(string, max(1.0, box.width * 0.007), Solid(palette.ink, 0.8)))
        items.append(Area(_ellipse(box, x, y, size, size * 1.18), Solid(colour)))
        items.append(Area(_at(box, ((x, y + size * 1.14), (x + 0.03, y + size * 1.3), (x - 0.03, y + size * 1.3))),
                          Solid(colour)))  # fmt: skip
        items.append(Area(_ellipse(box, x - size * 0.36, y - size * 0.45, size * 0.16, size * 0.26),
                          Solid((255, 255, 255), 0.5)))  # fmt: skip
    return items


def _lantern(box: Box, palette: Palette, dice: Random) -> list[Item]:
    red, gold = (206, 34, 38), (243, 186, 82)
    items: list[Item] = []
    for x, y, size in ((-0.27, 0.06, 0.15), (0.27, 0.0, 0.16), (0.0, -0.1, 0.23)):
        items.append(Line(_at(box, ((x, -0.5), (x, y - size))), max(1.0, box.width * 0.008), Solid(gold)))
        items.append(Area(_ellipse(box, x, y, size, size * 0.86), Solid(red)))
        for rib in (0.34, 0.7):
            outline = _ellipse(box, x, y, size * rib, size * 0.86)
            items.append(Line(outline, max(1.0, box.width * 0.006), Solid(gold, 0.75), closed=True))
        for level in (-0.86, 0.86):
            cap = Box(*box.at(0.5 + x - size * 0.42, 0.5 + y + size * level - 0.022), size * 0.84 * box.width,
                      0.044 * box.height)  # fmt: skip
            items.append(Area(cap.points, Solid(gold)))
        for tassel in (-0.02, 0.0, 0.02):
            line = _at(box, ((x + tassel, y + size * 0.9), (x + tassel * 1.3, y + size * 0.9 + 0.16)))
            items.append(Line(line, max(1.0, box.width * 0.008), Solid(gold)))
    return items


def _planet(box: Box, palette: Palette, dice: Random) -> list[Item]:
    ball, band = palette.accents[2], palette.accents[3]
    ring = _turned(_ellipse(box, 0, 0, 0.5, 0.13), box.centre, -0.35)
    half = len(ring) // 2
    items: list[Item] = [Line(ring[half:], box.width * 0.035, Solid(band)), Area(circle(box.centre, box.width * 0.29),
                         Solid(ball))]  # fmt: skip
    for level, wide in ((-0.12, 0.04), (0.02, 0.055), (0.14, 0.03)):
        reach = math.sqrt(max(0.0, 0.285**2 - level**2))
        stripe = _at(
            box, ((-reach, level), (reach, level), (reach * 0.96, level + wide), (-reach * 0.96, level + wide))
        )
        items.append(Area(_turned(stripe, box.centre, -0.35), Solid(mixed(ball, palette.accents[1], 0.5), 0.7)))
    items.append(Line((*ring[: half + 1],), box.width * 0.035, Solid(band)))
    for _ in range(14):
        spot = box.at(dice.uniform(-0.1, 1.1), dice.uniform(-0.1, 1.1))
        items.append(Area(circle(spot, box.width * dice.uniform(0.004, 0.009)), Solid(band)))
    return items


def _fish(box: Box, palette: Palette, dice: Random) -> list[Item]:
    red = max(palette.accents, key=lambda one: to_lch(one)[1])
    body = smooth(_at(box, ((-0.44, 0.0), (-0.25, -0.17), (0.05, -0.2), (0.28, -0.05), (0.28, 0.05), (0.05, 0.2),
                            (-0.25, 0.17))), closed=True)  # fmt: skip
    tail = smooth(_at(box, ((0.24, 0.0), (0.36, -0.16), (0.5, -0.22), (0.43, 0.0), (0.5, 0.22), (0.36, 0.16))),
                  closed=True)  # fmt: skip
    items: list[Item] = [Area(tail, Solid(mixed(red, (255, 255, 255), 0.2))), Area(body, Solid(red))]
    for column in range(4):
        for row in range(-1, 2):
            centre = box.at(0.42 + 0.085 * column, 0.5 + 0.09 * row + (0.045 if column % 2 else 0))
            scale = sector(centre, box.width * 0.05, -math.pi / 2, math.pi / 2)[1:]
            items.append(Line(scale, max(1.0, box.width * 0.008), Solid(mixed(red, (255, 255, 255), 0.6))))
    items.append(Area(circle(box.at(0.2, 0.45), box.width * 0.034), Solid((255, 255, 255))))
    items.append(Area(circle(box.at(0.195, 0.45), box.width * 0.018), Solid((20, 20, 20))))
    return items


def _at(box: Box, points: tuple[Point, ...]) -> Points:
    """Points given from the middle of the box in shares of its sides."""
    return tuple(box.at(0.5 + x, 0.5 + y) for x, y in points)


def _ellipse(box: Box, x: float, y: float, wide: float, tall: float) -> Points:
    steps = 72
    return tuple(
        box.at(0.5 + x + wide * math.cos(step * math.tau / steps), 0.5 + y + tall * math.sin(step * math.tau / steps))
        for step in range(steps)
    )


def _turned(points: Points, centre: Point, angle: float) -> Points:
    cos, sin = math.cos(angle), math.sin(angle)
    return tuple(
        (
            centre[0] + (x - centre[0]) * cos - (y - centre[1]) * sin,
            centre[1] + (x - centre[0]) * sin + (y - centre[1]) * cos,
        )
        for x, y in points
    )


ICONS: dict[str, Icon] = {
    "heart": _heart, "cat": _cat, "fox": _fox, "cup": _cup, "rocket": _rocket, "balloon": _balloon,
    "lantern": _lantern, "planet": _planet, "fish": _fish,
}  # fmt: skip
