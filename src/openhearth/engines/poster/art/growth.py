"""What grows: trees, flowers, leaves, bamboo."""

import math
from random import Random

from openhearth.engines.poster.art.abstract import ordered
from openhearth.engines.poster.colour import Rgb, mixed, shaded, to_lch
from openhearth.engines.poster.palettes import Palette
from openhearth.engines.poster.scene import Area, Box, Item, Line, Point, Solid, below, circle, smooth


def pines(box: Box, palette: Palette, dice: Random) -> list[Item]:
    """Three rows of conifers, the nearest darkest."""
    tones = ordered(palette)
    dark = shaded(palette.ground, 0.15) if palette.is_dark else mixed(palette.ink, tones[0], 0.4)
    items: list[Item] = []
    for row in range(3):
        share = row / 2
        tone = mixed(tones[1], dark, 0.35 + 0.65 * share)
        level = 0.8 + 0.13 * share
        line = smooth([box.at(at / 6, level + dice.uniform(-0.015, 0.02)) for at in range(-1, 8)], steps=6)
        x = -0.03 + dice.uniform(0, 0.04)
        while x < 1.03:
            tall = dice.uniform(0.14, 0.25) * (0.75 + 0.5 * share)
            foot = box.at(x, level + 0.02)
            items.append(Area(_pine(foot, tall * box.height, dice), Solid(tone)))
            x += dice.uniform(0.03, 0.07) * (0.8 + 0.5 * share)
        items.append(Area(below(line, box.bottom), Solid(tone)))
    return items


def _pine(foot: Point, tall: float, dice: Random) -> tuple[Point, ...]:
    x, y = foot
    half = tall * dice.uniform(0.17, 0.23)
    right: list[Point] = [(x, y - tall)]
    steps = 6
    for step in range(1, steps + 1):
        wide = half * step / steps
        level = y - tall * (1 - step / steps) * 0.98
        right += [(x + wide, level), (x + wide * 0.5, level - tall * 0.018)]
    left = [(2 * x - point_x, point_y) for point_x, point_y in right]
    return (*right, (x, y), *left[:0:-1])


def flowers(box: Box, palette: Palette, dice: Random) -> list[Item]:
    """A meadow of blossoms along the foot."""
    tones = ordered(palette)
    stem = mixed(tones[0], (60, 110, 70), 0.5)
    bright = palette.accents[:3]
    items: list[Item] = []
    for number in range(22):
        share = number / 21
        x = dice.uniform(0.0, 1.0)
        y = 0.78 + 0.16 * share + dice.uniform(-0.05, 0.02)
        size = box.short * dice.uniform(0.022, 0.04) * (0.7 + 0.7 * share)
        head = box.at(x, y)
        bend = dice.uniform(-0.03, 0.03) * box.width
        stalk = smooth([head, (head[0] + bend * 0.4, (head[1] + box.bottom) / 2), (head[0] + bend, box.bottom + 4)])
        items.append(Line(stalk, max(1.0, size * 0.11), Solid(stem)))
        middle = (head[0] + bend * 0.3, head[1] + (box.bottom - head[1]) * 0.5)
        items.append(Area(_leaf(middle, size * 1.5, dice.choice((-0.7, -2.4))), Solid(stem)))
        items += _blossom(head, size, dice.choice(bright), tones[-1], dice)
    return items


def _blossom(centre: Point, size: float, colour: Rgb, heart: Rgb, dice: Random) -> list[Item]:
    petals = dice.choice((5, 6, 8))
    start = dice.uniform(0, 1)
    items: list[Item] = []
    for petal in range(petals):
        angle = start + petal * math.tau / petals
        place = centre[0] + size * 0.6 * math.cos(angle), centre[1] + size * 0.6 * math.sin(angle)
        tone = shaded(colour, to_lch(colour)[0] + (0.04 if petal % 2 else -0.02))
        items.append(Area(circle(place, size * (0.5 if petals == 5 else 0.42)), Solid(tone)))
    return [*items, Area(circle(centre, size * 0.3), Solid(heart))]


def leaves(box: Box, palette: Palette, dice: Random) -> list[Item]:
    """Twigs that reach in from two corners."""
    tones = ordered(palette)
    items: list[Item] = []
    for corner, heading in (((0.0, 0.0), 0.75), ((1.0, 1.0), 0.75 + math.pi)):
        for twig in range(3):
            angle = heading + (twig - 1) * 0.42 + dice.uniform(-0.08, 0.08)
            start = box.at(*corner)
            long = box.short * dice.uniform(0.36, 0.5)
            bend = dice.uniform(-0.4, 0.4)
            points = [
                (start[0] + long * at * math.cos(angle + bend * at), start[1] + long * at * math.sin(angle + bend * at))
                for at in (step / 9 for step in range(10))
            ]
            tone = tones[twig % 3]
            items.append(Line(smooth(points), max(1.0, box.short * 0.004), Solid(tone)))
            for number, point in enumerate(points[2:], 2):
                size = box.short * 0.075 * (1.15 - number / 12)
                for side in (-1, 1):
                    turn = angle + bend * number / 9 + side * 0.8
                    shade = shaded(tone, to_lch(tone)[0] + (0.05 if side > 0 else 0))
                    items.append(Area(_leaf(point, size, turn), Solid(shade)))
    return items


def bamboo(box: Box, palette: Palette, dice: Random) -> list[Item]:
    """A few canes at one side, with leaves."""
    tones = ordered(palette)
    items: list[Item] = []
    side = dice.choice((0.06, 0.8))
    for cane in range(3):
        x = side + 0.055 * cane + dice.uniform(-0.01, 0.01)
        tone = mixed(tones[1], tones[0], cane / 3) if not palette.is_dark else mixed(tones[1], tones[2], cane / 3)
        wide = box.short * dice.uniform(0.013, 0.02)
        lean = dice.uniform(-0.03, 0.03)
        nodes = 7
        for node in range(nodes):
            low = box.at(x + lean * node / nodes, 1.02 - node / nodes * 1.08)
            high = box.at(x + lean * (node + 1) / nodes, 1.02 - (node + 1) / nodes * 1.08)
            top = high[1] + wide * 0.35
            cut = (low[0] - wide, low[1]), (low[0] + wide, low[1]), (high[0] + wide, top), (high[0] - wide, top)
            items.append(Area(cut, Solid(tone)))
            if dice.random() < 0.75:
                way = dice.choice((-1, 1))
                for leaf in range(3):
                    turn = (0.5 + 0.4 * leaf) if way > 0 else math.pi - (0.5 + 0.4 * leaf)
                    items.append(Area(_leaf(high, box.short * dice.uniform(0.09, 0.13), turn, slim=0.13), Solid(
                        mixed(tone, tones[0], 0.3))))  # fmt: skip
    return items


def _leaf(root: Point, long: float, angle: float, *, slim: float = 0.28) -> tuple[Point, ...]:
    """A pointed leaf from its root."""
    cos, sin = math.cos(angle), math.sin(angle)
    upper = [(at, slim * math.sin(at * math.pi) ** 0.9) for at in (step / 12 for step in range(13))]
    both = [*upper, *((at, -wide) for at, wide in reversed(upper))]
    return tuple((root[0] + long * (x * cos - y * sin), root[1] + long * (x * sin + y * cos)) for x, y in both)
