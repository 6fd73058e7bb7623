"""Charts of Office files as tables: the numbers that the file keeps of what was last drawn, for every kind of chart.

ECMA-376, part 1, section 21.2: a series has a name, categories or places across (``cat``, ``xVal``), values (``val``,
``yVal``) and sizes of bubbles; each is a list of numbered points, categories of several levels one list a level.
"""

import datetime
import re

from lxml import etree

from openhearth.core.documents import Options
from openhearth.engines.read_document.faults import too_large
from openhearth.engines.read_document.layout.pieces import Place
from openhearth.engines.read_document.limits import MOST_CELLS
from openhearth.engines.read_document.office.sheets import shown
from openhearth.engines.read_document.tables.grids import Grid, GridCell, written

_CHART = {"c": "http://schemas.openxmlformats.org/drawingml/2006/chart"}
_TEXT = {"a": "http://schemas.openxmlformats.org/drawingml/2006/main", **_CHART}
_NOWHERE = Place(0, 0, 0, 0)
_DAY = re.compile(r"[dy]", re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"|\[.*?\]|\\.')
_FIRST_DAY = datetime.date(1899, 12, 30)

Points = dict[int, str]


def chart_markdown(chart: etree._Element, options: Options) -> list[str]:
    """A chart's title, and its numbers: points down and series across. Raises TooLarge."""
    columns: list[tuple[str, Points]] = []
    for series in chart.iterfind(".//c:ser", _CHART):
        across = _points(series, "cat") or _points(series, "xVal")
        if across and (not columns or across != _last_across(columns)):
            columns.append(("", across))
        name = " ".join(_points(series, "tx").values()) or (series.findtext("c:tx/c:v", "", _CHART))
        columns += [(name, points) for kind in ("val", "yVal", "bubbleSize") if (points := _points(series, kind))]
    titles = chart.iterfind("c:chart/c:title//a:t", _TEXT)
    title = " ".join("".join(one.text or "" for one in titles).split())
    table = _table(columns, options)
    return [*([f"**{title}**"] if title else []), *([table] if table else [])]


def _last_across(columns: list[tuple[str, Points]]) -> Points:
    return next((points for name, points in reversed(columns) if not name), {})


def _points(series: etree._Element, kind: str) -> Points:
    """The points of one of a series' lists by their numbers; of several levels the outer before the inner ones."""
    holder = series.find(f"c:{kind}", _CHART)
    if holder is None:
        return {}
    levels = holder.findall(".//c:lvl", _CHART)
    if not levels:
        return _level(holder)
    inner, *outer = (_level(level) for level in levels)
    found = {}
    above = [""] * len(outer)
    for index, text in inner.items():
        above = [level.get(index, before) for level, before in zip(outer, above, strict=True)]
        found[index] = " ".join([*(one for one in reversed(above) if one), text])
    return found


def _level(holder: etree._Element) -> Points:
    code = holder.findtext(".//c:formatCode", "", _CHART)
    found: Points = {}
    for point in holder.iterfind(".//c:pt", _CHART):
        index = point.get("idx", "")
        if index.isascii() and index.isdigit() and len(index) < 8:
            found[int(index)] = _shown(point.findtext("c:v", "", _CHART), code)
    return found


def _shown(text: str, code: str) -> str:
    """A number as a person writes it, a day where its format is one."""
    try:
        number = float(text)
    except ValueError:
        return " ".join(text.split())
    if _DAY.search(_QUOTED.sub("", code)) and 1 <= number < 2_000_000:
        return (_FIRST_DAY + datetime.timedelta(days=int(number))).isoformat()
    return shown(number)


def _table(columns: list[tuple[str, Points]], options: Options) -> str:
    numbers = sorted({number for _, points in columns for number in points})
    if len(numbers) * len(columns) > MOST_CELLS:
        raise too_large(f"A chart has more than {MOST_CELLS:,} numbers.")
    if not numbers:
        return ""
    rows = [[name for name, _ in columns], *([points.get(number, "") for _, points in columns] for number in numbers)]
    cells = tuple(
        GridCell(row, column, 1, 1, _NOWHERE, text)
        for row, texts in enumerate(rows)
        for column, text in enumerate(texts)
    )
    return written(Grid(len(rows), len(columns), cells, _NOWHERE, is_ruled=True), options.tables)
