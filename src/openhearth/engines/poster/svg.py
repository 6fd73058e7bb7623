"""A scene as SVG: the same shapes as vectors, text as text in fonts that the viewer has."""

from collections.abc import Callable
from xml.sax.saxutils import escape, quoteattr

from openhearth.engines.poster.colour import hex_of
from openhearth.engines.poster.raster import BOLD
from openhearth.engines.poster.scene import Area, Clipped, Grain, Item, Line, Linear, Paint, Points, Scene, Solid, Words

_FAMILIES = {
    "sans": "'Noto Sans SC','Noto Sans CJK SC','PingFang SC','Microsoft YaHei',sans-serif",
    "serif": "'Noto Serif SC','Noto Serif CJK SC','Songti SC',SimSun,serif",
}


def write(scene: Scene) -> bytes:
    """The scene as an SVG 1.1 file. Grain is left out: it is no shape."""
    writer = _Writer()
    body = writer.items(scene.items)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{scene.width}" height="{scene.height}" '
        f'viewBox="0 0 {scene.width} {scene.height}">'
    )
    return f"{head}<defs>{''.join(writer.definitions)}</defs>{body}</svg>\n".encode()


class _Writer:
    def __init__(self) -> None:
        self.definitions: list[str] = []

    def items(self, items: tuple[Item, ...]) -> str:
        return "".join(self._item(item) for item in items)

    def _item(self, item: Item) -> str:
        if isinstance(item, Area):
            return f'<path d="{_path(item.points)}Z" {self._fill(item.paint)}/>'
        if isinstance(item, Line):
            end = "Z" if item.closed else ""
            alpha = _opacity("stroke", item.paint.alpha)
            return (
                f'<path d="{_path(item.points)}{end}" fill="none" stroke="{hex_of(item.paint.rgb)}"{alpha} '
                f'stroke-width="{item.width:.2f}" stroke-linecap="round" stroke-linejoin="round"/>'
            )
        if isinstance(item, Words):
            return _words(item)
        return "" if isinstance(item, Grain) else self._clipped(item)

    def _clipped(self, group: Clipped) -> str:
        name = self._define(lambda name: f'<clipPath id="{name}"><path d="{_path(group.points)}Z"/></clipPath>')
        return f'<g clip-path="url(#{name})">{self.items(group.items)}</g>'

    def _fill(self, paint: Paint) -> str:
        if isinstance(paint, Solid):
            return f'fill="{hex_of(paint.rgb)}"{_opacity("fill", paint.alpha)}'
        stops = "".join(
            f'<stop offset="{stop.at:.3f}" stop-color="{hex_of(stop.rgb)}"{_opacity("stop", stop.alpha)}/>'
            for stop in paint.stops
        )
        if isinstance(paint, Linear):
            (x1, y1), (x2, y2) = paint.start, paint.end
            line = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
            name = self._define(
                lambda name: (
                    f'<linearGradient id="{name}" gradientUnits="userSpaceOnUse" {line}>{stops}</linearGradient>'
                )
            )
        else:
            place = f'cx="{paint.centre[0]:.1f}" cy="{paint.centre[1]:.1f}" r="{paint.radius:.1f}"'
            name = self._define(
                lambda name: (
                    f'<radialGradient id="{name}" gradientUnits="userSpaceOnUse" {place}>{stops}</radialGradient>'
                )
            )
        return f'fill="url(#{name})"'

    def _define(self, text: Callable[[str], str]) -> str:
        name = f"d{len(self.definitions)}"
        self.definitions.append(text(name))
        return name


def _path(points: Points) -> str:
    first, *rest = (f"{x:.1f} {y:.1f}" for x, y in points)
    return f"M{first}" + "".join(f"L{point}" for point in rest)


def _opacity(name: str, alpha: float) -> str:
    return "" if alpha >= 1 else f' {name}-opacity="{alpha:.3f}"'


def _words(words: Words) -> str:
    colour = hex_of(words.paint.rgb)
    bold = ""
    length = words.length
    if words.is_bold:
        bold = f' stroke="{colour}" stroke-width="{2 * words.size * BOLD:.2f}" stroke-linejoin="round"'
        length -= 2 * words.size * BOLD
    fit = f' textLength="{length:.1f}" lengthAdjust="spacingAndGlyphs"' if len(words.text) > 1 else ""
    family = quoteattr(_FAMILIES.get(words.face, _FAMILIES["sans"]))
    return (
        f'<text x="{words.x:.1f}" y="{words.y:.1f}" font-family={family} font-size="{words.size:.1f}" fill="{colour}"'
        f"{_opacity('fill', words.paint.alpha)}{bold}{fit}>{escape(words.text)}</text>"
    )
