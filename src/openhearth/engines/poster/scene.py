"""What a poster is made of: a list of painted shapes and set words, which is drawn as pixels or written as SVG.

Everything is in pixels of the finished picture, x to the right, y down. Art and layouts only build these values.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

import msgspec

from openhearth.engines.poster.colour import Rgb, mixed

Point = tuple[float, float]
Points = tuple[Point, ...]


class Stop(msgspec.Struct, frozen=True):
    """A colour on the way of a gradient; ``at`` and ``alpha`` are 0 … 1."""

    at: float
    rgb: Rgb
    alpha: float = 1.0


class Solid(msgspec.Struct, frozen=True):
    """One colour everywhere."""

    rgb: Rgb
    alpha: float = 1.0


class Linear(msgspec.Struct, frozen=True):
    """From ``start`` to ``end`` in a straight line."""

    start: Point
    end: Point
    stops: tuple[Stop, ...]


class Radial(msgspec.Struct, frozen=True):
    """From ``centre`` outwards to ``radius``."""

    centre: Point
    radius: float
    stops: tuple[Stop, ...]


Paint = Solid | Linear | Radial


class Area(msgspec.Struct, frozen=True):
    """A filled polygon."""

    points: Points
    paint: Paint


class Line(msgspec.Struct, frozen=True):
    """A drawn line; ``closed`` joins its ends."""

    points: Points
    width: float
    paint: Solid
    closed: bool = False


class Words(msgspec.Struct, frozen=True):
    """One line of text. ``x`` is its left edge, ``y`` its baseline, ``length`` its width, ``spacing`` between letters.

    ``face`` is ``sans`` or ``serif``.
    """

    text: str
    x: float
    y: float
    size: float
    length: float
    face: str
    paint: Solid
    is_bold: bool = False
    spacing: float = 0.0


class Clipped(msgspec.Struct, frozen=True):
    """Items that show only inside a polygon."""

    points: Points
    items: "tuple[Item, ...]"


class Grain(msgspec.Struct, frozen=True):
    """Paper-like noise over what is drawn so far; ``amount`` in steps of 255. SVG leaves it out."""

    amount: float
    seed: int


Item = Area | Line | Words | Clipped | Grain


class Scene(msgspec.Struct, frozen=True):
    """A whole picture. Without ``ground`` it is transparent where nothing is drawn."""

    width: int
    height: int
    items: tuple[Item, ...]


class Box(msgspec.Struct, frozen=True):
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def centre(self) -> Point:
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def short(self) -> float:
        """The shorter side."""
        return min(self.width, self.height)

    @property
    def points(self) -> Points:
        return (self.x, self.y), (self.right, self.y), (self.right, self.bottom), (self.x, self.bottom)

    def inset(self, by: float) -> "Box":
        return Box(self.x + by, self.y + by, self.width - 2 * by, self.height - 2 * by)

    def at(self, x: float, y: float) -> Point:
        """The point at these shares of width and height."""
        return self.x + x * self.width, self.y + y * self.height


def circle(centre: Point, radius: float, *, begin: float = 0.0, end: float = math.tau) -> Points:
    """A circle, or the arc of it between two angles (clockwise from the right)."""
    steps = max(24, min(240, round(radius * abs(end - begin) / 4)))
    if abs(end - begin) < math.tau - 1e-6:
        angles = [begin + (end - begin) * step / steps for step in range(steps + 1)]
    else:
        angles = [begin + math.tau * step / steps for step in range(steps)]
    return tuple((centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle)) for angle in angles)


def sector(centre: Point, radius: float, begin: float, end: float) -> Points:
    """A slice of a pie."""
    return (centre, *circle(centre, radius, begin=begin, end=end))


def smooth(points: Sequence[Point], *, closed: bool = False, steps: int = 10) -> Points:
    """A soft curve through the points (Catmull-Rom)."""
    count = len(points)
    if count < 3:
        return tuple(points)
    found: list[Point] = []
    for number in range(count if closed else count - 1):
        before, start, end, after = (_around(points, number + shift, closed=closed) for shift in (-1, 0, 1, 2))
        for step in range(steps):
            at = step / steps
            found.append((_spline(before[0], start[0], end[0], after[0], at),
                          _spline(before[1], start[1], end[1], after[1], at)))  # fmt: skip
    return (*found, *(() if closed else (points[-1],)))


def _around(points: Sequence[Point], index: int, *, closed: bool) -> Point:
    return points[index % len(points)] if closed else points[min(len(points) - 1, max(0, index))]


def _spline(before: float, start: float, end: float, after: float, at: float) -> float:
    straight = 2 * start + (end - before) * at
    curve = (2 * before - 5 * start + 4 * end - after) * at**2 + (3 * start - before - 3 * end + after) * at**3
    return (straight + curve) / 2


def fade(first: Rgb, second: Rgb, alphas: tuple[float, float] = (1.0, 1.0), steps: int = 5) -> tuple[Stop, ...]:
    """Stops from one colour to another that look even to the eye."""
    shares = [step / (steps - 1) for step in range(steps)]
    return tuple(
        Stop(share, mixed(first, second, share), alphas[0] + (alphas[1] - alphas[0]) * share) for share in shares
    )


def sweep(colours: Sequence[Rgb]) -> tuple[Stop, ...]:
    """Stops through all colours at even distances."""
    pairs = list(pairwise(colours))
    found: list[Stop] = []
    for number, (first, second) in enumerate(pairs):
        part = [Stop((number + stop.at) / len(pairs), stop.rgb) for stop in fade(first, second, steps=4)]
        found += part if number == 0 else part[1:]
    return tuple(found)


def below(line: Iterable[Point], bottom: float) -> Points:
    """The area between a line from left to right and the level ``bottom``."""
    points = tuple(line)
    return (*points, (points[-1][0], bottom), (points[0][0], bottom))
