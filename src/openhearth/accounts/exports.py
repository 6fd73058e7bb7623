"""Reads what upstreams export of their usage: tables (CSV) and the pages of OpenAI's costs API.

Columns are known by name. Known exports: OpenAI's costs and completions usage, Anthropic's cost and token tables,
DeepSeek's cost table; any other table by saying which column is what. Amounts never pass through a float.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from openhearth.accounts.reconcile import EXACTLY, Spent

_MOST_ROWS = 1_000_000
_NUMBER = re.compile(r"\d{1,15}")
_GROUPED = re.compile(r"[-+]?\d{1,3}(,\d{3})+\.\d*")
_UNIX = re.compile(r"\d{9,10}")
_SHORT_DAY = re.compile(r"\d{8}")
FIELDS = ("date", "model", "cost", "currency", "input", "output", "calls")
# Each name in small letters with ``_`` for blanks. All of a group that are there are added up.
_KNOWN: dict[str, tuple[tuple[str, ...], ...]] = {
    "date": (("start_time_iso",), ("usage_date_utc",), ("utc_date",), ("date",), ("day",), ("start_time",)),
    "model": (("model_version",), ("model",), ("line_item",), ("model_name",), ("model_id",)),
    "cost": (("cost_usd",), ("amount_value",), ("cost",), ("amount_usd",), ("total_cost",), ("amount",)),
    "currency": (("amount_currency",), ("currency",)),
    "input": (
        (
            "usage_input_tokens_no_cache",
            "usage_input_tokens_cache_write_5m",
            "usage_input_tokens_cache_write_1h",
            "usage_input_tokens_cache_read",
        ),
        ("input_tokens",),
        ("prompt_tokens",),
    ),
    "output": (("usage_output_tokens",), ("output_tokens",), ("completion_tokens",)),
    "calls": (("num_model_requests",), ("request_count",), ("requests",), ("calls",)),
}
_LISTED_BY_KIND = {"type", "price", "amount"}


class BadExport(Exception):
    """An export cannot be read; the message says where and what to do."""


class Export(msgspec.Struct, frozen=True):
    """What an export says. ``offset_minutes`` is the time zone in which its days are cut, ``None`` if it names none;
    ``currencies`` are those it names, in small letters."""

    rows: list[Spent]
    offset_minutes: int | None
    currencies: frozenset[str]


class _Day(msgspec.Struct, frozen=True):
    text: str
    offset_minutes: int | None


def read_export(text: str, columns: Mapping[str, str] | None = None) -> Export:
    """A table, or JSON of OpenAI's costs API: one page, or a list of pages. ``columns``: the name of the column that
    holds a field of ``FIELDS``, where it is not known. Raises BadExport."""
    text = text.removeprefix("\ufeff")
    if text.lstrip()[:1] in ("{", "["):
        return read_pages(_json(text))
    return _read_table(text, columns or {})


def read_pages(found: Any) -> Export:
    """``{"data": [{"start_time", "results": [{"amount": {"value", "currency"}, "line_item"}]}]}``, or a list of such.

    Source: https://platform.openai.com/docs/api-reference/usage/costs. Raises BadExport.
    """
    rows: list[Spent] = []
    currencies = set()
    pages = found if isinstance(found, list) else [found]
    try:
        for page in pages:
            for bucket in page["data"]:
                day = _day(str(bucket["start_time"])).text
                for result in bucket["results"]:
                    amount = result["amount"]
                    currencies.add(str(amount.get("currency") or "usd").lower())
                    rows.append(Spent(day, _line_item(result.get("line_item") or ""), _money(str(amount["value"]))))
    except (KeyError, TypeError, AttributeError) as error:
        raise BadExport("This JSON has not the form of OpenAI's costs: 'data' of buckets with 'results'.") from error
    if pages and pages[-1].get("has_more"):
        raise BadExport("The last page of this file says that there are more: fetch them all, or use --fetch.")
    return Export(rows, 0, frozenset(currencies))


def within(export: Export, first: date, last: date) -> tuple[list[Spent], int]:
    """The rows of the days from ``first`` to ``last``, and how many others there are."""
    wanted = [row for row in export.rows if first.isoformat() <= row.day <= last.isoformat()]
    return wanted, len(export.rows) - len(wanted)


def converted(rows: Iterable[Spent], per_usd: Decimal) -> list[Spent]:
    """Amounts of another currency in dollars; one dollar is ``per_usd`` of it."""
    return [
        row if row.usd is None else msgspec.structs.replace(row, usd=EXACTLY.divide(row.usd, per_usd)) for row in rows
    ]


def _read_table(text: str, columns: Mapping[str, str]) -> Export:
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    rows: list[Spent] = []
    offsets: set[int | None] = set()
    currencies: set[str] = set()
    places: dict[str, list[int]] = {}
    try:
        for number, cells in enumerate(lines, 1):
            if not any(cell.strip() for cell in cells):
                continue
            if not places:
                places = _places(cells, columns)
                continue
            if number > _MOST_ROWS:
                raise BadExport(f"The table has more than {_MOST_ROWS:,} rows.")
            try:
                found = _spent(cells, places)
            except BadExport as error:
                raise BadExport(f"Line {number}: {error}") from error
            if found is not None:
                rows.append(found[0])
                offsets.add(found[1])
                currencies.update(_cell(cells, places, "currency").lower().split())
    except csv.Error as error:
        raise BadExport(f"The table is not right: {error}.") from error
    if not places:
        raise BadExport("The file is empty.")
    named = offsets - {None}
    if len(named) > 1:
        raise BadExport("The days of this table are cut in more than one time zone.")
    return Export(rows, next(iter(named), None), frozenset(currencies))


def _delimiter(text: str) -> str:
    head = text.lstrip().partition("\n")[0]
    return max(",;\t", key=head.count)


def _places(head: Sequence[str], columns: Mapping[str, str]) -> dict[str, list[int]]:
    """Where each field stands. Raises BadExport without a date, or without anything to compare."""
    names = [re.sub(r"\s+", "_", name.strip().lower()) for name in head]
    if set(names) >= _LISTED_BY_KIND and "cost" not in columns:
        raise BadExport(
            "This table lists amounts by kind (DeepSeek's 'amount-…csv'): give its cost table ('cost-…csv')."
        )
    places: dict[str, list[int]] = {}
    for field in FIELDS:
        if field in columns:
            wanted = re.sub(r"\s+", "_", columns[field].strip().lower())
            if wanted not in names:
                raise BadExport(f"There is no column '{columns[field]}'; there are: {', '.join(head)[:500]}.")
            places[field] = [names.index(wanted)]
            continue
        for group in _KNOWN[field]:
            found = [names.index(name) for name in group if name in names]
            if found:
                places[field] = found
                break
    if "date" not in places or not places.keys() & {"cost", "input", "output", "calls"}:
        raise BadExport(
            f"The columns are not known: {', '.join(head)[:500]}. Say which is which, as --date-column NAME "
            "--cost-column NAME (also --model-column, --input-column, --output-column, --calls-column)."
        )
    return places


def _spent(cells: Sequence[str], places: Mapping[str, Sequence[int]]) -> tuple[Spent, int | None] | None:
    """The row and the time zone of its day; ``None`` for a day on which nothing was. Raises BadExport."""
    if len(cells) <= max(at for columns in places.values() for at in columns):
        raise BadExport("it ends before its last column: the file is cut off, or no table.")
    cost = _cell(cells, places, "cost")
    counts = {field: _count(cells, places, field) for field in ("input", "output", "calls")}
    if not cost and not any(counts.values()):
        return None
    day = _day(_cell(cells, places, "date"))
    return (
        Spent(
            day.text,
            _line_item(_cell(cells, places, "model")),
            _money(cost) if "cost" in places else None,
            counts["calls"],
            counts["input"],
            counts["output"],
        ),
        day.offset_minutes,
    )


def _cell(cells: Sequence[str], places: Mapping[str, Sequence[int]], field: str) -> str:
    at = places.get(field, (len(cells),))[0]
    return cells[at].strip() if at < len(cells) else ""


def _count(cells: Sequence[str], places: Mapping[str, Sequence[int]], field: str) -> int | None:
    if field not in places:
        return None
    total = 0
    for at in places[field]:
        text = cells[at].strip().replace(",", "") if at < len(cells) else ""
        whole = text.removesuffix(".0")
        if text and not _NUMBER.fullmatch(whole):
            raise BadExport(f"'{text[:40]}' is no count.")
        total += int(whole or 0)
    return total


def _money(text: str) -> Decimal:
    """``1,234.56`` is grouped. Any other comma may stand for a point, and nobody can tell: ``0,012`` is refused."""
    text = text.strip().removeprefix("$")
    if "," in text and not _GROUPED.fullmatch(text):
        raise BadExport(f"'{text[:40]}' is no amount of money: write it with a point (0.012).")
    try:
        amount = Decimal(text.replace(",", "") or "0")
    except InvalidOperation as error:
        raise BadExport(f"'{text[:40]}' is no amount of money.") from error
    if not amount.is_finite() or abs(amount) >= 10**12:
        raise BadExport(f"'{text[:40]}' is no amount of money.")
    return amount


def _line_item(text: str) -> str:
    """The model in OpenAI's line items, as in ``gpt-5-nano, input_tokens``."""
    return text.partition(",")[0].strip()


def _day(text: str) -> _Day:
    """A day as ``2026-11-30``, ``20261130``, ``2026/11/30``, a moment in ISO 8601 or unix seconds."""
    text = text.strip()
    try:
        if _UNIX.fullmatch(text):
            return _Day(datetime.fromtimestamp(int(text), UTC).date().isoformat(), 0)
        if _SHORT_DAY.fullmatch(text):
            return _Day(datetime.strptime(text, "%Y%m%d").date().isoformat(), None)
        moment = datetime.fromisoformat(text.replace("/", "-").removesuffix(" UTC"))
    except (ValueError, OverflowError) as error:
        raise BadExport(f"'{text[:40]}' is no day.") from error
    offset = moment.utcoffset()
    return _Day(moment.date().isoformat(), None if offset is None else offset // timedelta(minutes=1))


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise BadExport(f"This is no JSON: {error}.") from error


def moments(first: date, last: date) -> Iterator[int]:
    """The unix seconds in UTC at which ``first`` begins and ``last`` ends."""
    for day in (first, last + timedelta(days=1)):
        yield int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
