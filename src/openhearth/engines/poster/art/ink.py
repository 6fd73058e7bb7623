"""Mountains in mist, as ink on paper."""

import math
from itertools import pairwise
from random import Random

from openhearth.engines.poster.art.abstract import ordered
from openhearth.engines.poster.colour import mixed, to_lch
from openhearth.engines.poster.palettes import Palette
from openhearth.engines.poster.scene import Area, Box, Item, Line, Linear, Point, Solid, Stop, below, circle


def ink(box: Box, palette: Palette, dice: Random) -> list[Item]:
    """Paper, a red sun, ranges that fade into mist, a few birds."""
    paper = palette.ground
    items: list[Item] = [Area(box.points, Solid(paper))]
    centre = box.at(dice.choice((0.24, 0.3, 0.4)), dice.uniform(0.18, 0.28))
    sun = max(palette.accents, key=lambda colour: to_lch(colour)[1])
    items.append(Area(circle(centre, box.short * dice.uniform(0.065, 0.09)), Solid(sun)))
    tones = ordered(palette)
    dark = palette.ink if not palette.is_dark else tones[-1]
    ranges = dice.randint(4, 5)
    for number in range(ranges):
        share = number / (ranges - 1)
        level = 0.5 + 0.36 * share
        crest = mountain_line(box, level, 0.19 - 0.07 * share, dice, rough=0.55)
        tone = mixed(paper, dark, 0.16 + 0.62 * share**1.4)
        top = min(y for _, y in crest)
        depth = box.height * (0.3 + 0.1 * share)
        stops = (Stop(0.0, tone, 1.0), Stop(0.35, mixed(tone, paper, 0.25), 0.95), Stop(1.0, paper, 0.0))
        items.append(Area(below(crest, min(box.bottom, top + depth + box.height * 0.2)),
                          Linear((0, top), (0, top + depth), stops)))  # fmt: skip
    return [*items, *flock(box, dark, dice, count=dice.randint(3, 5))]


def mountain_line(box: Box, level: float, height: float, dice: Random, *, rough: float) -> list[Point]:
    """A crest by halving and shifting (midpoint displacement), from the left to the right edge."""
    heights = [dice.uniform(0.1, 0.7), dice.uniform(0.1, 0.8)]
    shift = 0.55
    for _ in range(7):
        finer: list[float] = []
        for first, second in pairwise(heights):
            finer += [first, (first + second) / 2 + dice.uniform(-shift, shift)]
        heights = [*finer, heights[-1]]
        shift *= rough
    low, high = min(heights), max(heights)
    scale = max(1e-6, high - low)
    count = len(heights) - 1
    return [box.at(at / count, level - height * (one - low) / scale) for at, one in enumerate(heights)]


def flock(box: Box, colour: tuple[int, int, int], dice: Random, *, count: int) -> list[Item]:
    """Birds far away: two bent strokes each."""
    items: list[Item] = []
    x, y = dice.uniform(0.3, 0.6), dice.uniform(0.16, 0.3)
    for _ in range(count):
        centre = box.at(x + dice.uniform(-0.16, 0.16), y + dice.uniform(-0.05, 0.05))
        wing = box.short * dice.uniform(0.013, 0.024)
        points = tuple(
            (centre[0] + wing * at, centre[1] - wing * 0.55 * math.sin(min(1.0, abs(at)) * math.pi) ** 0.8 + wing * 0.1)
            for at in (step / 12 for step in range(-12, 13))
        )
        items.append(Line(points, max(1.0, box.short * 0.0028), Solid(colour)))
    return items
