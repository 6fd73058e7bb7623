"""Landscapes of what a prompt names: a sky, what stands in it, what stands on the ground, what falls."""

import math
from random import Random

from openhearth.engines.poster.art.abstract import between, glow, ordered
from openhearth.engines.poster.art.growth import bamboo, flowers, leaves, pines
from openhearth.engines.poster.art.ink import flock, mountain_line
from openhearth.engines.poster.colour import Rgb, mixed, shaded, to_lch
from openhearth.engines.poster.palettes import Palette
from openhearth.engines.poster.scene import (
    Area,
    Box,
    Item,
    Line,
    Linear,
    Point,
    Solid,
    Stop,
    below,
    circle,
    smooth,
    sweep,
)

GROUND = frozenset({"mountains", "sea", "forest", "city", "dunes", "flowers", "leaves", "bamboo", "boat"})
SKY = frozenset({"sun", "moon", "stars", "clouds", "rain", "snow", "birds", "rainbow", "fireworks"})
KNOWN = GROUND | SKY


def scenery(
    box: Box, palette: Palette, dice: Random, motifs: tuple[str, ...], avoided: frozenset[str] = frozenset()
) -> list[Item]:
    """The landscape that holds all of ``motifs`` (names in ``KNOWN``), back to front; what it needs beside them is
    none of ``avoided``, unless a boat has to float."""
    named = set(motifs)
    grounds = [name for name in ("mountains", "sea", "dunes") if name not in avoided]
    if grounds and not named & (GROUND - {"bamboo", "leaves"}):
        named.add(dice.choice(grounds))
    if "boat" in named:
        named.add("sea")
    lights = ("moon", "sun") if "night" in palette.name or "space" in palette.name else ("sun", "moon")
    if not named & {"sun", "moon", "stars", "rain"}:
        named.update([name for name in lights if name not in avoided][:1])
    if palette.is_dark and "moon" in named and "stars" not in avoided:
        named.add("stars")
    horizon = 0.62 if "sea" in named or "dunes" in named else 0.7
    items = _sky(box, palette, horizon)
    items += _lights(box, palette, dice, named, horizon)
    items += _ground(box, palette, dice, named, horizon)
    return [*items, *_front(box, palette, dice, named)]


def _sky(box: Box, palette: Palette, horizon: float) -> list[Item]:
    tones = ordered(palette)
    if palette.is_dark:
        colours = [palette.ground, tones[0], tones[1], tones[2]]
    else:
        colours = [mixed(palette.ground, tones[1], 0.42), mixed(palette.ground, tones[2], 0.3), palette.ground]
    return [Area(box.points, Linear(box.at(0, 0), box.at(0, horizon + 0.08), sweep(colours)))]


def _lights(box: Box, palette: Palette, dice: Random, named: set[str], horizon: float) -> list[Item]:
    tones = ordered(palette)
    light = (
        tones[-1] if palette.is_dark else max(palette.accents, key=lambda one: to_lch(one)[1] + to_lch(one)[0] * 0.1)
    )
    items: list[Item] = []
    if "stars" in named:
        items += _stars(box, mixed(light, (255, 255, 255), 0.4), dice, horizon)
    if "fireworks" in named:
        items += _fireworks(box, palette, dice)
    if "rainbow" in named:
        items += _rainbow(box, dice)
    if "sun" in named:
        centre = box.at(dice.uniform(0.34, 0.66), horizon - dice.uniform(0.08, 0.2))
        radius = box.short * dice.uniform(0.12, 0.17)
        items.append(glow(box, centre, radius * 3.6, light, 0.55))
        items.append(Area(circle(centre, radius), Linear((0, centre[1] - radius), (0, centre[1] + radius),
                          (Stop(0, mixed(light, (255, 255, 255), 0.25)), Stop(1, light)))))  # fmt: skip
    if "moon" in named:
        items += _moon(box, mixed(light, (255, 255, 255), 0.35), palette, dice)
    if "clouds" in named:
        items += _clouds(box, palette, dice)
    if "birds" in named:
        items += flock(box, palette.ink, dice, count=dice.randint(5, 8))
    return items


def _ground(box: Box, palette: Palette, dice: Random, named: set[str], horizon: float) -> list[Item]:
    items: list[Item] = []
    if "mountains" in named:
        items += _mountains(box, palette, dice, horizon, is_base="sea" not in named)
    if "city" in named:
        items += _city(box, palette, dice, horizon + (0.04 if "sea" in named else 0.2))
    if "sea" in named:
        items += _sea(box, palette, dice, horizon, has_light=bool(named & {"sun", "moon"}))
    if "dunes" in named:
        items += _dunes(box, palette, dice, horizon)
    if "forest" in named:
        items += pines(box, palette, dice)
    if "boat" in named:
        items += _boat(box, palette, dice, horizon)
    return items


def _front(box: Box, palette: Palette, dice: Random, named: set[str]) -> list[Item]:
    items: list[Item] = []
    if "flowers" in named:
        items += flowers(box, palette, dice)
    if "leaves" in named:
        items += leaves(box, palette, dice)
    if "bamboo" in named:
        items += bamboo(box, palette, dice)
    if "rain" in named:
        items += _rain(box, palette, dice)
    if "snow" in named:
        items += _snow(box, palette, dice)
    return items


def _stars(box: Box, colour: Rgb, dice: Random, horizon: float) -> list[Item]:
    items: list[Item] = []
    for _ in range(110):
        centre = box.at(dice.random(), dice.random() ** 1.3 * horizon)
        radius = box.short * dice.choice((0.0011, 0.0014, 0.0018, 0.0026))
        items.append(Area(circle(centre, max(0.6, radius)), Solid(colour, dice.uniform(0.4, 1.0))))
    for _ in range(4):
        centre = box.at(dice.uniform(0.05, 0.95), dice.uniform(0.04, horizon * 0.6))
        long = box.short * dice.uniform(0.012, 0.022)
        points = [
            (centre[0] + math.cos(turn * math.pi / 4) * (long if turn % 2 == 0 else long * 0.16),
             centre[1] + math.sin(turn * math.pi / 4) * (long if turn % 2 == 0 else long * 0.16))
            for turn in range(8)
        ]  # fmt: skip
        items.append(Area(tuple(points), Solid(colour)))
    return items


def _moon(box: Box, colour: Rgb, palette: Palette, dice: Random) -> list[Item]:
    centre = box.at(dice.uniform(0.25, 0.75), dice.uniform(0.2, 0.3))
    radius = box.short * dice.uniform(0.085, 0.12)
    items: list[Item] = [glow(box, centre, radius * 3.4, colour, 0.4), Area(circle(centre, radius), Solid(colour))]
    crater = mixed(colour, palette.accents[1], 0.16)
    for x, y, size in ((-0.3, -0.25, 0.24), (0.32, 0.1, 0.17), (-0.1, 0.42, 0.13)):
        items.append(Area(circle((centre[0] + x * radius, centre[1] + y * radius), size * radius), Solid(crater)))
    return items


def _clouds(box: Box, palette: Palette, dice: Random) -> list[Item]:
    pale = mixed(palette.ground, (255, 255, 255), 0.75 if not palette.is_dark else 0.32)
    items: list[Item] = []
    for number in range(dice.randint(3, 4)):
        x, y = box.at((number + dice.uniform(0.1, 0.7)) / 4, dice.uniform(0.1, 0.34))
        width = box.short * dice.uniform(0.13, 0.22)
        base = y + width * 0.16
        bumps = ((-0.62, 0.2), (-0.28, 0.32), (0.08, 0.4), (0.42, 0.28), (0.68, 0.17))
        for place, size in bumps:
            rounded = [point for point in circle((x + place * width, base), size * width) if point[1] <= base + 0.5]
            if len(rounded) > 2:
                items.append(Area(tuple(rounded), Solid(pale, 0.94)))
        bar = Box(x - 0.8 * width, base - width * 0.1, 1.62 * width, width * 0.1 + 0.5)
        items.append(Area(bar.points, Solid(pale, 0.94)))
    return items


def _mountains(box: Box, palette: Palette, dice: Random, horizon: float, *, is_base: bool) -> list[Item]:
    tones = ordered(palette)
    layers = 4
    items: list[Item] = []
    haze = tones[2] if palette.is_dark else palette.ground
    near = shaded(palette.ground, 0.16) if palette.is_dark else tones[0]
    for layer in range(layers):
        share = layer / (layers - 1)
        level = horizon - 0.02 + (0.3 * share if is_base else 0.03 * share)
        crest = mountain_line(box, level, 0.3 - 0.13 * share, dice, rough=0.5)
        tone = mixed(mixed(haze, near, 0.3), near, share**0.9)
        top = min(y for _, y in crest)
        foot = mixed(tone, haze, 0.34)
        items.append(Area(below(crest, box.bottom), Linear((0, top), (0, top + box.height * 0.42), (
            Stop(0, tone), Stop(1, foot)))))  # fmt: skip
    return items


def _sea(box: Box, palette: Palette, dice: Random, horizon: float, *, has_light: bool) -> list[Item]:
    tones = ordered(palette)
    deep = mixed(tones[0], palette.ground, 0.35) if palette.is_dark else tones[1]
    shore = mixed(tones[1], tones[2], 0.5) if palette.is_dark else mixed(tones[2], palette.ground, 0.35)
    place = Box(box.x, box.y + horizon * box.height, box.width, (1 - horizon) * box.height)
    items: list[Item] = [Area(place.points, Linear(place.at(0, 0), place.at(0, 1), sweep([shore, deep])))]
    light = tones[-1]
    middle = 0.5
    for row in range(26):
        share = (row / 25) ** 1.5
        y = place.y + place.height * (0.03 + 0.95 * share)
        spread = 0.06 + 0.2 * share
        for _ in range(2 if has_light else 1):
            x = box.x + box.width * (middle + dice.gauss(0, spread) if has_light else dice.random())
            half = box.width * dice.uniform(0.012, 0.05) * (0.5 + share)
            items.append(Area(_lens((x, y), half, max(0.7, box.short * 0.0028 * (0.5 + share))), Solid(light, 0.62)))
        x = box.x + box.width * dice.random()
        half = box.width * dice.uniform(0.02, 0.07) * (0.5 + share)
        items.append(Area(_lens((x, y), half, max(0.6, box.short * 0.0022)), Solid(mixed(shore, light, 0.4), 0.5)))
    return items


def _lens(centre: Point, half: float, thick: float) -> tuple[Point, ...]:
    upper = [(centre[0] + half * at, centre[1] - thick * (1 - at * at)) for at in (step / 8 for step in range(-8, 9))]
    lower = [(x, 2 * centre[1] - y) for x, y in upper]
    return (*upper, *lower[::-1])


def _boat(box: Box, palette: Palette, dice: Random, horizon: float) -> list[Item]:
    centre = box.at(dice.choice((0.28, 0.7)), horizon + dice.uniform(0.06, 0.1))
    size = box.short * dice.uniform(0.075, 0.1)
    hull_colour = shaded(palette.ground, 0.2) if palette.is_dark else palette.ink
    sail = mixed(ordered(palette)[-1], (255, 255, 255), 0.5)
    x, y = centre
    hull = ((x - size, y), (x + size, y), (x + size * 0.66, y + size * 0.34), (x - size * 0.7, y + size * 0.34))
    left = ((x - size * 0.08, y - size * 1.9), (x - size * 0.08, y - size * 0.14), (x - size * 0.86, y - size * 0.14))
    right = ((x + size * 0.04, y - size * 2.2), (x + size * 0.92, y - size * 0.14), (x + size * 0.04, y - size * 0.14))
    return [
        Area(left, Solid(mixed(sail, palette.accents[2], 0.3))),
        Area(right, Solid(sail)),
        Area(hull, Solid(hull_colour)),
        Area(_lens((x, y + size * 0.42), size * 1.2, size * 0.05), Solid(sail, 0.5)),
    ]


def _dunes(box: Box, palette: Palette, dice: Random, horizon: float) -> list[Item]:
    tones = ordered(palette)
    items: list[Item] = []
    for layer in range(4):
        share = layer / 3
        knots = [box.at(at / 5, horizon - 0.02 + 0.3 * share + dice.uniform(-0.05, 0.05)) for at in range(-1, 7)]
        crest = smooth(knots, steps=16)
        tone = between(tones[::-1], 0.25 + 0.6 * share)
        top = min(y for _, y in crest)
        dark = shaded(tone, to_lch(tone)[0] - 0.12)
        items.append(Area(below(crest, box.bottom), Linear((box.x, top), (box.right, top + box.height * 0.3), (
            Stop(0, tone), Stop(1, dark)))))  # fmt: skip
    return items


def _city(box: Box, palette: Palette, dice: Random, foot: float) -> list[Item]:
    tones = ordered(palette)
    items: list[Item] = []
    for layer, (share, low, high) in enumerate(((0.35, 0.22, 0.46), (0.65, 0.16, 0.36), (1.0, 0.08, 0.24))):
        dark = shaded(palette.ground, 0.15) if palette.is_dark else palette.ink
        tone = mixed(tones[2] if palette.is_dark else mixed(palette.ground, tones[1], 0.6), dark, share)
        window = mixed(tones[-1], (255, 255, 255), 0.2)
        x = -0.02
        while x < 1.02:
            wide = dice.uniform(0.035, 0.085)
            tall = dice.uniform(low, high) * (1.25 if dice.random() < 0.15 else 1)
            house = Box(*box.at(x, foot - tall), wide * box.width + 0.6, (1 - foot + tall) * box.height)
            items.append(Area(house.points, Solid(tone)))
            if dice.random() < 0.2:
                top = house.at(0.5, 0)
                items.append(
                    Line((top, (top[0], top[1] - box.height * 0.045)), max(1.0, box.short * 0.003), Solid(tone))
                )
            if layer:
                items += _windows(house, window, box, dice)
            x += wide * dice.uniform(0.92, 1.1)
    return items


def _windows(house: Box, colour: Rgb, box: Box, dice: Random) -> list[Item]:
    step = max(4.0, box.short * 0.015)
    across, down = int(house.width / step) - 1, min(16, int(house.height / step) - 1)
    items: list[Item] = []
    for row in range(down):
        for column in range(across):
            if dice.random() < 0.32:
                x = house.x + (house.width - (across - 0.5) * step) / 2 + column * step
                spot = Box(x, house.y + (row + 0.7) * step, step * 0.5, step * 0.5)
                items.append(Area(spot.points, Solid(colour, dice.uniform(0.5, 1.0))))
    return items


def _rainbow(box: Box, dice: Random) -> list[Item]:
    centre = box.at(dice.uniform(0.46, 0.54), 0.8)
    outer, wide = min(box.width * 0.44, box.height * 0.6), box.short * 0.024
    colours: tuple[Rgb, ...] = ((226, 74, 74), (240, 146, 64), (246, 206, 84), (110, 186, 104), (76, 146, 214),
                                (134, 96, 190))  # fmt: skip
    items: list[Item] = []
    for number, colour in enumerate(colours):
        line = circle(centre, outer - number * wide, begin=math.pi, end=math.tau)
        items.append(Line(line, wide * 1.04, Solid(colour, 0.85)))
    return items


def _fireworks(box: Box, palette: Palette, dice: Random) -> list[Item]:
    items: list[Item] = []
    for colour in (*palette.accents[1:], palette.accents[3]):
        centre = box.at(dice.uniform(0.15, 0.85), dice.uniform(0.12, 0.42))
        radius = box.short * dice.uniform(0.08, 0.16)
        bright = shaded(colour, max(0.78, to_lch(colour)[0]))
        for ray in range(22):
            angle = ray * math.tau / 22 + dice.uniform(-0.04, 0.04)
            near, far = radius * 0.34, radius * dice.uniform(0.85, 1.05)
            line = tuple((centre[0] + at * math.cos(angle), centre[1] + at * math.sin(angle) + at * at / radius * 0.1)
                         for at in (near, (near + far) / 2, far))  # fmt: skip
            items.append(Line(line, max(1.0, box.short * 0.0028), Solid(bright, 0.9)))
            items.append(Area(circle(line[-1], max(1.0, box.short * 0.0036)), Solid(bright)))
    return items


def _rain(box: Box, palette: Palette, dice: Random) -> list[Item]:
    colour = mixed(palette.ink, palette.accents[2], 0.4)
    items: list[Item] = []
    for _ in range(90):
        x, y = box.at(dice.uniform(-0.05, 1.05), dice.random())
        long = box.height * dice.uniform(0.02, 0.055)
        items.append(Line(((x, y), (x - long * 0.22, y + long)), max(1.0, box.short * 0.0022), Solid(colour, 0.34)))
    return items


def _snow(box: Box, palette: Palette, dice: Random) -> list[Item]:
    white = (255, 255, 255) if palette.is_dark else mixed(palette.ground, (255, 255, 255), 0.9)
    return [
        Area(circle(box.at(dice.random(), dice.random()), box.short * dice.choice((0.002, 0.003, 0.005, 0.008))),
             Solid(white, dice.uniform(0.5, 0.95)))
        for _ in range(120)
    ]  # fmt: skip
