"""The rows of the price table in memory, and which of them a target's calls pay. Look-up only: no store and no clock.

What somebody said here counts before what came with the release. Then the most particular row wins: at this target
before at this provider before anywhere; the whole name before its longest beginning; hours that are now before the
whole day. Of several for the same, the one that came into force last. ``*`` anywhere is for what has no other price.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from openhearth.core.money import FREE, UNPRICED, Price
from openhearth.core.provider import Target
from openhearth.core.rates import card_of, price_of
from openhearth.stores.ports import PriceRecord

BY_SEED = "seed"
STANDARD = "standard"
EVERY = "*"
Key = tuple[str, str, str, str, str]
_Place = tuple[str, str]


def key_of(row: PriceRecord) -> Key:
    """Rows with the same key replace each other in time."""
    return row.model.lower(), row.provider, row.target_id, row.service, row.hours


class PriceTable:
    """Rows by key, each key's in the order in which they come into force."""

    def __init__(self, rows: Iterable[PriceRecord] = ()) -> None:
        self._rows: dict[Key, list[PriceRecord]] = {}
        self._names: dict[_Place, dict[str, set[Key]]] = {}
        self._starts: dict[_Place, list[str]] = {}
        self._prices: dict[int, Price] = {}
        self.last_version = 0
        self.put(rows)

    def put(self, rows: Iterable[PriceRecord]) -> None:
        """Take rows in."""
        for row in rows:
            key = key_of(row)
            of_key = self._rows.setdefault(key, [])
            of_key.append(row)
            of_key.sort(key=_order)
            place, name = (row.provider, row.target_id), key[0]
            names = self._names.setdefault(place, {})
            if name not in names and name.endswith("*"):
                starts = self._starts.setdefault(place, [])
                starts.append(name)
                starts.sort(key=len, reverse=True)
            names.setdefault(name, set()).add(key)
            self.last_version = max(self.last_version, row.version)

    def in_force(self, key: Key, at: float) -> PriceRecord | None:
        """The row of exactly this key; one that takes the price away counts as a row."""
        return next((row for row in reversed(self._rows.get(key, ())) if row.effective_from <= at), None)

    def coming(self, key: Key, start: float) -> PriceRecord | None:
        """The row of this key that comes into force at ``start``."""
        return next((row for row in reversed(self._rows.get(key, ())) if row.effective_from == start), None)

    def all_in_force(self, at: float) -> list[PriceRecord]:
        """Every row in force that names a price, by model and place; and those to come."""
        found = []
        for key, rows in self._rows.items():
            now = self.in_force(key, at)
            found += [row for row in rows if row.effective_from > at]
            found += [now] if now is not None and now.rates is not None else []
        return sorted(found, key=lambda row: (*key_of(row), *_order(row)))

    def keys(self, provider: str) -> list[Key]:
        """Those of rows for a provider's targets."""
        return [key for key in self._rows if key[1] == provider and not key[2]]

    def row_for(self, target: Target, at: float, service: str = STANDARD) -> PriceRecord | None:
        """The row that calls of ``service`` at ``target`` pay, ``None`` when nobody said what they cost."""
        said, seeded, last = None, None, None
        for row in self._rows_for(target, at, service):
            if row.changed_by == BY_SEED:
                seeded = seeded or row
            elif row.model == EVERY and not (row.target_id or row.provider):
                last = last or row
            else:
                said = said or row
        # An embedded engine is free, unless somebody means it.
        return said or seeded or (None if target.engine else last)

    def price_for(self, target: Target, at: float, service: str = STANDARD) -> Price:
        """What ``row_for`` says as a price; ``FREE`` for an embedded engine without a row, else ``UNPRICED``."""
        row = self.row_for(target, at, service)
        if row is None:
            return FREE if target.engine else UNPRICED
        found = self._prices.get(row.version)
        if found is None:
            found = self._prices[row.version] = price_of(card_of(row.rates), row.version)
        return found

    def next_change(self, at: float) -> float | None:
        """When a price changes by itself after ``at``: a row comes into force, or hours begin or end."""
        changes = [row.effective_from for rows in self._rows.values() for row in rows if row.effective_from > at]
        hours = {key[4] for key in self._rows if key[4]}
        changes += [_next_time(minute, at) for each in hours for minute in minutes_of(each)]
        return min(changes, default=None)

    def _rows_for(self, target: Target, at: float, service: str) -> Iterator[PriceRecord]:
        """What may be paid at ``target``, the most particular first."""
        names = [name.lower() for name in (target.model, target.upstream_model) if name and name != EVERY]
        # What a target of every model is asked for may be named as provider/model.
        full = f"{target.provider.name}/{names[0]}".lower() if target.model == EVERY and names else ""
        for place in (("", target.id), (target.provider.name, ""), ("", "")):
            for name in self._matching(place, names, full):
                for wanted in dict.fromkeys((service, STANDARD)):
                    row = self._best(self._names[place][name], wanted, at)
                    if row is not None:
                        yield row

    def _matching(self, place: _Place, names: list[str], full: str) -> Iterator[str]:
        """``full`` is matched by what is meant for it: ``x*`` says nothing of all models of a provider ``xai``."""
        known = self._names.get(place, {})
        yield from (name for name in (full, *names) if name in known)
        for start in self._starts.get(place, ()):
            begins = start[:-1]
            named = any(name.startswith(begins) for name in names)
            if start == EVERY or named or ("/" in begins and full.startswith(begins)):
                yield start

    def _best(self, keys: set[Key], service: str, at: float) -> PriceRecord | None:
        """Of the keys of one name and place: the row with hours that are now, else that of the whole day."""
        rows = [self.in_force(key, at) for key in keys if key[3] == service and (not key[4] or _is_within(key[4], at))]
        usable = [row for row in rows if row is not None and row.rates is not None]
        return max(usable, key=lambda row: (row.hours != "", *_order(row)), default=None)


def minutes_of(hours: str) -> tuple[int, int]:
    """``HH:MM-HH:MM`` as minutes after midnight. Raises ValueError."""
    ends = []
    for part in hours.split("-"):
        hour, minute = part.split(":")
        if not (len(hour) == len(minute) == 2 and (hour + minute).isdecimal() and int(hour) < 24 and int(minute) < 60):
            raise ValueError(part)
        ends.append(int(hour) * 60 + int(minute))
    start, end = ends
    if start == end:
        raise ValueError(hours)
    return start, end


def _is_within(hours: str, at: float) -> bool:
    start, end = minutes_of(hours)
    moment = datetime.fromtimestamp(at, UTC)
    now = moment.hour * 60 + moment.minute
    return start <= now < end if start < end else now >= start or now < end


def _next_time(minute: int, at: float) -> float:
    day = datetime.fromtimestamp(at, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    moment = day + timedelta(minutes=minute)
    return (moment if moment.timestamp() > at else moment + timedelta(days=1)).timestamp()


def _order(row: PriceRecord) -> tuple[float, int]:
    return row.effective_from, row.version
