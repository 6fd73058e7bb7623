"""Art of soft and flowing forms."""

import math
from random import Random

from openhearth.engines.poster.colour import Rgb, mixed, shaded, to_lch
from openhearth.engines.poster.palettes import Palette
from openhearth.engines.poster.scene import (
    Area,
    Box,
    Item,
    Line,
    Linear,
    Point,
    Radial,
    Solid,
    Stop,
    below,
    circle,
    fade,
    sector,
    smooth,
)


def ground(box: Box, palette: Palette, dice: Random) -> Area:
    """A quiet gradient over the whole box."""
    lightness = to_lch(palette.ground)[0]
    other = mixed(shaded(palette.ground, lightness + (0.06 if palette.is_dark else -0.05)), palette.accents[0], 0.16)
    angle = dice.uniform(0.2, 1.3)
    reach = max(box.width, box.height)
    end = box.x + reach * math.cos(angle), box.y + reach * math.sin(angle)
    return Area(box.points, Linear((box.x, box.y), end, fade(palette.ground, other)))


def mesh(box: Box, palette: Palette, dice: Random) -> list[Item]:
    """Large glows that run into each other."""
    items: list[Item] = [Area(box.points, Solid(mixed(palette.ground, palette.accents[1], 0.35)))]
    colours = [*palette.accents, palette.ground, *dice.sample(palette.accents, 3)]
    spots = [(0.12, 0.1), (0.88, 0.2), (0.2, 0.85), (0.82, 0.8), (0.5, 0.5), (0.95, 0.55), (0.4, 0.05), (0.05, 0.5)]
    dice.shuffle(spots)
    for colour, (x, y) in zip(colours, spots, strict=False):
        centre = box.at(x + dice.uniform(-0.1, 0.1), y + dice.uniform(-0.1, 0.1))
        items.append(glow(box, centre, max(box.width, box.height) * dice.uniform(0.42, 0.68), colour, 0.95))
    return items


def glow(box: Box, centre: Point, radius: float, colour: Rgb, alpha: float) -> Area:
    """Light that fades outwards, over the box."""
    stops = tuple(Stop(at / 6, colour, alpha * (math.cos(at / 6 * math.pi) + 1) / 2) for at in range(7))
    left, right = max(box.x, centre[0] - radius), min(box.right, centre[0] + radius)
    top, bottom = max(box.y, centre[1] - radius), min(box.bottom, centre[1] + radius)
    return Area(Box(left, top, max(0, right - left), max(0, bottom - top)).points, Radial(centre, radius, stops))


def waves(box: Box, palette: Palette, dice: Random) -> list[Item]:
    """Layered waves from the far, pale one to the near, deep one."""
    items: list[Item] = [ground(box, palette, dice)]
    radius = box.short * dice.uniform(0.13, 0.2)
    centre = box.at(dice.uniform(0.25, 0.75), dice.uniform(0.22, 0.34))
    items.append(glow(box, centre, radius * 3, palette.accents[3], 0.5))
    items.append(Area(circle(centre, radius), Solid(palette.accents[3])))
    layers = dice.randint(5, 7)
    colours = ordered(palette)
    for layer in range(layers):
        share = layer / (layers - 1)
        colour = between(colours if palette.is_dark else colours[::-1], 1 - share if palette.is_dark else share)
        crest = _crest(box, 0.42 + 0.5 * share, 0.035 + 0.03 * share, dice)
        low, high = shaded(colour, to_lch(colour)[0] - 0.07), shaded(colour, to_lch(colour)[0] + 0.04)
        top = min(y for _, y in crest)
        items.append(Area(below(crest, box.bottom), Linear((0, top), (0, top + box.height * 0.3), fade(high, low))))
    return items


def _crest(box: Box, level: float, height: float, dice: Random) -> list[Point]:
    """A wavy line from the left to the right edge."""
    parts = [(dice.uniform(0.6, 1.6), dice.uniform(0, 7), 1.0), (dice.uniform(1.8, 3.4), dice.uniform(0, 7), 0.45)]
    steps = max(24, round(box.width / 8))
    points = []
    for step in range(steps + 1):
        at = step / steps
        rise = sum(weight * math.sin(at * math.tau * speed + shift) for speed, shift, weight in parts)
        points.append(box.at(at, level + height * rise))
    return points


def ribbons(box: Box, palette: Palette, dice: Random) -> list[Item]:
    """Bands that flow through the picture side by side."""
    items: list[Item] = [ground(box, palette, dice)]
    turn, shift, swing = dice.choice((-1, 1)), dice.uniform(0, 7), dice.uniform(0.12, 0.2)
    course = (swing, shift, turn)
    count = dice.randint(7, 10)
    colours = [palette.accents[number % 4] for number in range(count)]
    dice.shuffle(colours)
    width = dice.uniform(0.5, 0.62) / count
    for number, colour in enumerate(colours):
        offset = 0.32 + number * width
        upper = [_flow(box, at / 40, offset, course) for at in range(-4, 45)]
        lower = [_flow(box, at / 40, offset + width * 1.02, course) for at in range(-4, 45)]
        deep = shaded(colour, to_lch(colour)[0] * 0.82)
        paint = Linear(box.at(0, 0.2), box.at(1, 0.9), (*fade(colour, deep, steps=3)[:2], Stop(1.0, colour)))
        items.append(Area((*smooth(upper, steps=4), *smooth(lower, steps=4)[::-1]), paint))
    return items


def _flow(box: Box, at: float, offset: float, course: tuple[float, float, int]) -> Point:
    swing, shift, turn = course
    y = offset + swing * math.sin(at * 4.4 + shift) + turn * (at - 0.5) * 0.42 + 0.05 * math.sin(at * 9 + shift * 2)
    return box.at(at, y + 0.16 * (offset - 0.6) * math.sin(at * 3 + 1))


def rings(box: Box, palette: Palette, dice: Random) -> list[Item]:
    """Circles in each other, cut into halves that are turned."""
    items: list[Item] = [ground(box, palette, dice)]
    centre = box.at(dice.choice((0.5, 0.62, 0.38, 1.0)), dice.choice((0.36, 0.42, 0.5)))
    count = dice.randint(6, 9)
    radius = box.short * dice.uniform(0.5, 0.66)
    for number in range(count):
        share = 1 - number / count
        colour = palette.accents[(number * 3 + 1) % 4] if number % 4 != 3 else palette.ground
        items.append(Area(circle(centre, radius * share), Solid(colour)))
        if dice.random() < 0.6:
            begin = dice.randrange(4) * math.pi / 2
            other = palette.accents[(number + 2) % 4]
            items.append(Area(sector(centre, radius * share, begin, begin + math.pi * dice.choice((0.5, 1.0))),
                              Solid(other)))  # fmt: skip
    return items


def rays(box: Box, palette: Palette, dice: Random) -> list[Item]:
    """A sun that sends its rays to the edges."""
    centre = box.at(dice.choice((0.5, 0.5, 0.25, 0.75)), dice.choice((0.62, 0.7, 0.46)))
    items: list[Item] = [Area(box.points, Solid(palette.ground))]
    count = dice.choice((14, 18, 22))
    reach = (box.width + box.height) * 1.2
    start = dice.uniform(0, 1)
    pale = mixed(palette.ground, palette.accents[1], 0.26)
    stops = fade(mixed(palette.ground, palette.accents[2], 0.6), pale)
    for number in range(count):
        begin = start + number * math.tau / count
        items.append(Area(_wedge(centre, reach, begin, begin + math.pi / count), Radial(centre, reach * 0.5, stops)))
    radius = box.short * dice.uniform(0.17, 0.23)
    for scale, colour in ((1.42, palette.accents[0]), (1.2, palette.accents[1]), (1.0, palette.accents[3])):
        items.append(Area(circle(centre, radius * scale), Solid(colour)))
    return items


def _wedge(centre: Point, reach: float, begin: float, end: float) -> tuple[Point, Point, Point]:
    return (
        centre,
        (centre[0] + reach * math.cos(begin), centre[1] + reach * math.sin(begin)),
        (centre[0] + reach * math.cos(end), centre[1] + reach * math.sin(end)),
    )


def ridges(box: Box, palette: Palette, dice: Random) -> list[Item]:
    """Lines like a recording of hills, each hiding what is behind it."""
    items: list[Item] = [Area(box.points, Solid(palette.ground))]
    count = dice.randint(34, 44)
    width = max(1.0, box.short * 0.0026)
    humps = [(dice.uniform(0.25, 0.75), dice.uniform(0.05, 0.13), dice.uniform(0.5, 1.0)) for _ in range(4)]
    far, near = palette.accents[1], palette.accents[3]
    if not palette.is_dark:
        far, near = palette.accents[2], palette.ink
    for row in range(count):
        share = row / (count - 1)
        points = _ridge(box, 0.14 + 0.66 * share, humps, dice)
        items.append(Area(below(points, min(box.bottom, points[0][1] + box.height * 0.2)), Solid(palette.ground)))
        items.append(Line(tuple(points), width, Solid(mixed(far, near, share))))
    return items


def _ridge(box: Box, level: float, humps: list[tuple[float, float, float]], dice: Random) -> list[Point]:
    shake = [(dice.uniform(14, 40), dice.uniform(0, 7), dice.uniform(0.2, 1)) for _ in range(3)]
    points = []
    for step in range(161):
        at = step / 160
        window = math.exp(-(((at - 0.5) / 0.27) ** 2))
        hump = sum(height * math.exp(-(((at - place) / wide) ** 2)) for place, wide, height in humps)
        rough = sum(weight * math.sin(at * speed + shift) for speed, shift, weight in shake) * 0.3
        points.append(box.at(at, level - 0.075 * window * max(0.0, hump + rough) + 0.001 * rough))
    return points


def ordered(palette: Palette) -> list[Rgb]:
    """The accents from dark to light."""
    return sorted(palette.accents, key=lambda colour: to_lch(colour)[0])


def between(colours: list[Rgb], share: float) -> Rgb:
    """A colour on the way through a list."""
    at = min(max(share, 0.0), 1.0) * (len(colours) - 1)
    index = min(int(at), len(colours) - 2)
    return mixed(colours[index], colours[index + 1], at - index)
