"""Art of repeated and cut forms."""

import math
from random import Random

from openhearth.engines.poster.art.abstract import between, ordered
from openhearth.engines.poster.colour import Rgb, mixed, shaded, to_lch
from openhearth.engines.poster.palettes import Palette
from openhearth.engines.poster.scene import Area, Box, Item, Point, Solid, circle, sector

_QUARTER = math.pi / 2


def tiles(box: Box, palette: Palette, dice: Random) -> list[Item]:
    """Squares with quarter circles, halves, dots, stripes and leaves."""
    columns = dice.choice((4, 5, 6))
    side = box.width / columns
    rows = max(1, math.ceil(box.height / side - 0.02))
    items: list[Item] = [Area(box.points, Solid(palette.ground))]
    colours = [*palette.accents, palette.ground, palette.ink if not palette.is_dark else palette.accents[3]]
    for row in range(rows):
        for column in range(columns):
            cell = Box(box.x + column * side, box.y + row * side, side, min(side, box.bottom - box.y - row * side))
            if cell.height > 1:
                items += _tile(cell, colours, dice)
    return items


def _tile(cell: Box, colours: list[Rgb], dice: Random) -> list[Item]:
    back, front, third = dice.sample(colours, 3)
    grown = Box(cell.x - 0.4, cell.y - 0.4, cell.width + 0.8, cell.height + 0.8)
    fill = dice.choice((_quarters, _quarter, _target, _half, _corner_cut, _stripes, _dots, _petal))
    return [Area(grown.points, Solid(back)), *fill(cell, front, third, dice.randrange(4))]


def _quarters(cell: Box, front: Rgb, third: Rgb, turn: int) -> list[Item]:
    small = sector(cell.points[turn], cell.width / 2, turn * _QUARTER, (turn + 1) * _QUARTER)
    return [*_quarter(cell, front, third, turn), _in(cell, small, third)]


def _quarter(cell: Box, front: Rgb, third: Rgb, turn: int) -> list[Item]:
    return [_in(cell, sector(cell.points[turn], cell.width, turn * _QUARTER, (turn + 1) * _QUARTER), front)]


def _target(cell: Box, front: Rgb, third: Rgb, turn: int) -> list[Item]:
    centre = cell.centre
    return [_in(cell, circle(centre, cell.width * 0.5), front), _in(cell, circle(centre, cell.width * 0.22), third)]


def _half(cell: Box, front: Rgb, third: Rgb, turn: int) -> list[Item]:
    middle = cell.at((0, 0.5, 1, 0.5)[turn], (0.5, 0, 0.5, 1)[turn])
    return [_in(cell, sector(middle, cell.width * 0.5, (turn - 1) * _QUARTER, (turn + 1) * _QUARTER), front)]


def _corner_cut(cell: Box, front: Rgb, third: Rgb, turn: int) -> list[Item]:
    return [_in(cell, tuple(corner for number, corner in enumerate(cell.points) if number != turn), front)]


def _stripes(cell: Box, front: Rgb, third: Rgb, turn: int) -> list[Item]:
    wide = cell.width / 6
    starts = [(stripe * 2 + 0.5) * wide for stripe in range(3)]
    if turn % 2:
        parts = [Box(cell.x + start, cell.y, wide, cell.height) for start in starts]
    else:
        parts = [Box(cell.x, cell.y + start, cell.width, wide) for start in starts]
    return [_in(cell, part.points, front) for part in parts]


def _dots(cell: Box, front: Rgb, third: Rgb, turn: int) -> list[Item]:
    places = [cell.at((across + 0.5) / 3, (down + 0.5) / 3) for across in range(3) for down in range(3)]
    return [_in(cell, circle(place, cell.width * 0.085), front) for place in places]


def _petal(cell: Box, front: Rgb, third: Rgb, turn: int) -> list[Item]:
    return [_in(cell, _leaf(cell, turn), front)]


def _in(cell: Box, points: tuple[Point, ...], colour: Rgb) -> Area:
    """An area kept inside a cell that may be cut by the edge."""
    inside = tuple((min(max(x, cell.x), cell.right), min(max(y, cell.y), cell.bottom)) for x, y in points)
    return Area(inside, Solid(colour))


def _leaf(cell: Box, turn: int) -> tuple[Point, ...]:
    """What two quarter circles of opposite corners have in common."""
    one = circle(cell.points[turn], cell.width, begin=turn * _QUARTER, end=(turn + 1) * _QUARTER)
    other = circle(cell.points[(turn + 2) % 4], cell.width, begin=(turn + 2) * _QUARTER, end=(turn + 3) * _QUARTER)
    return (*one, *other)


def halftone(box: Box, palette: Palette, dice: Random) -> list[Item]:
    """Dots that grow and shrink as light falls on a ball."""
    items: list[Item] = [Area(box.points, Solid(palette.ground))]
    colours = [dice.choice(palette.accents[1:3]), palette.accents[3] if palette.is_dark else palette.accents[1]]
    centre = box.at(dice.uniform(0.3, 0.7), dice.uniform(0.3, 0.5))
    disc = box.short * dice.uniform(0.3, 0.38)
    items.append(Area(circle(centre, disc), Solid(palette.accents[2])))
    step = box.short / dice.choice((26, 30, 34))
    light = box.at(dice.choice((0.1, 0.9)), 0.05)
    reach = math.hypot(box.width, box.height) * 0.85
    for row in range(math.ceil(box.height / step) + 1):
        for column in range(math.ceil(box.width / step) + 1):
            point = box.x + (column + 0.5 * (row % 2)) * step, box.y + row * step
            far = math.hypot(point[0] - light[0], point[1] - light[1]) / reach
            inside = math.hypot(point[0] - centre[0], point[1] - centre[1]) < disc
            size = step * 0.56 * max(0.0, (far - 0.2) if not inside else (1.05 - far))
            if size > step * 0.05:
                colour = palette.accents[0] if inside else colours[0]
                items.append(Area(circle(point, min(size, step * 0.5)), Solid(colour)))
    return items


def facets(box: Box, palette: Palette, dice: Random) -> list[Item]:
    """A surface of triangles, lit from one side."""
    columns = dice.randint(6, 8)
    rows = max(3, round(columns * box.height / box.width))
    points = [
        [_corner(box, (row, rows), (column, columns), dice) for column in range(columns + 1)] for row in range(rows + 1)
    ]
    colours = ordered(palette)
    tilt = dice.uniform(-0.6, 0.6)
    items: list[Item] = [Area(box.points, Solid(between(colours, 0.5)))]
    for row in range(rows):
        for column in range(columns):
            corners = (
                points[row][column], points[row][column + 1], points[row + 1][column + 1], points[row + 1][column],
            )  # fmt: skip
            halves = ((0, 1, 2), (0, 2, 3)) if dice.random() < 0.5 else ((0, 1, 3), (1, 2, 3))
            for half in halves:
                triangle = tuple(corners[index] for index in half)
                x = sum(point[0] for point in triangle) / 3
                y = sum(point[1] for point in triangle) / 3
                share = (y - box.y) / box.height + tilt * ((x - box.x) / box.width - 0.5)
                colour = between(colours, share * 0.9 + dice.uniform(-0.12, 0.12))
                colour = shaded(colour, to_lch(colour)[0] + dice.uniform(-0.035, 0.035))
                items.append(Area(_grown(triangle, (x, y)), Solid(mixed(colour, palette.ground, 0.08))))
    return items


def _corner(box: Box, down: tuple[int, int], across: tuple[int, int], dice: Random) -> Point:
    """A point of the net: number and count of its row and of its column, shaken a little inside the edges."""
    (row, rows), (column, columns) = down, across
    x, y = column / columns, row / rows
    if 0 < column < columns:
        x += dice.uniform(-0.36, 0.36) / columns
    if 0 < row < rows:
        y += dice.uniform(-0.36, 0.36) / rows
    return box.at(x, y)


def _grown(triangle: tuple[Point, ...], middle: Point) -> tuple[Point, ...]:
    """A little larger, so that no gap shows between neighbours."""
    return tuple((x + math.copysign(0.7, x - middle[0]), y + math.copysign(0.7, y - middle[1])) for x, y in triangle)
