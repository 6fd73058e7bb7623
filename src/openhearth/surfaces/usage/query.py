"""What a client asks about usage, read from the query of a URL. Whatever is not understood is refused: a misspelt
filter that is passed over would show everything.
"""

import math
import re
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal, get_args

import msgspec
from starlette.datastructures import QueryParams

from openhearth.accounts.usage import Measure
from openhearth.core.call import Outcome, Principal
from openhearth.core.errors import RequestError
from openhearth.core.permissions import Permission
from openhearth.stores.usage_ports import DAY_S, HOUR_S, CallFilter, Dimension, Place, Scope
from openhearth.surfaces import queries

Format = Literal["json", "csv", "parquet"]
SCOPE_PARAMETERS = ("key", "user", "project", "org", "model", "target", "operation")
TIME_PARAMETERS = ("from", "to")
CALL_PARAMETERS = (
    *TIME_PARAMETERS, *SCOPE_PARAMETERS, "outcome", "failed", "error_code", "stream", "min_micros", "max_micros", "id",
)  # fmt: skip
MOST_HOURS = 31 * 24
_MOST_VALUES = 100
_MOST_LENGTH = 256
_MOST_DIMENSIONS = 3
_USUAL_DAYS = 30
_LATEST_S = 32_503_680_000.0  # the year 3000
_ONCE = (
    "from",
    "to",
    "order",
    "limit",
    "format",
    "per",
    "top",
    "cursor",
    "start_time",
    "end_time",
    "bucket_width",
    "page",
)
_SHORT_DAY = re.compile(r"[12]\d{7}")  # 20261130: as seconds it would be a day of 1970
_SECONDS = re.compile(r"-?\d{1,11}(\.\d{1,9})?")
_PLACE = re.compile(r"(?P<when>\d{1,11}(?:\.\d{1,17})?)_(?P<effect>[A-Za-z0-9_.:-]{0,200})")
_NANOS_PER_MICRO = 1000
_NOBODY = "-"


class Period(msgspec.Struct, frozen=True):
    """Unix seconds, ``start`` up to and without ``end``."""

    start: float
    end: float


def check_names(query: QueryParams, known: Iterable[str]) -> None:
    """Raises RequestError for a parameter that is not ``known``, or that is given twice and can mean one thing only."""
    queries.check_names(query, known, _ONCE)


def period(query: QueryParams, now: float | None = None) -> Period:
    """``from`` and ``to``; the last 30 days if not given. Raises RequestError."""
    now = time.time() if now is None else now
    end = _moment(query, "to", now)
    start = _moment(query, "from", end - _USUAL_DAYS * DAY_S)
    if start >= end:
        raise _wrong("from", "'from' must be before 'to'.")
    return Period(start, end)


def scope_of(query: QueryParams, principal: Principal, *, own: bool) -> Scope:
    """Which calls are asked about, and of those the ones that ``principal`` may see.

    ``own``: the user's own (of a key that has no account: that key's); else those of the caller's organisation, or all
    for who operates the platform. Raises RequestError; a target is the operators' business.
    """
    asked = {name: values(query, name) for name in SCOPE_PARAMETERS}
    if asked["target"] and not principal.may(Permission.OPERATE):
        raise _wrong("target", "Targets are known to those who operate the platform only.")
    if own and principal.may(Permission.ACCOUNT):
        asked["user"] = _only(principal.user_id, asked["user"])
    elif own:
        asked["key"] = _only(principal.key_id, asked["key"])
    elif not principal.may(Permission.OPERATE):
        asked["org"] = _only(principal.org_id, asked["org"])
    return Scope(*(asked[name] for name in SCOPE_PARAMETERS))


def calls_asked(query: QueryParams, principal: Principal, *, own: bool) -> CallFilter:
    """The calls a search means. Raises RequestError."""
    least, most = _whole(query, "min_micros", 10**15), _whole(query, "max_micros", 10**15)
    outcomes = values(query, "outcome")
    for outcome in outcomes:
        if outcome not in frozenset(Outcome):
            raise _wrong("outcome", f"'outcome' is one of {', '.join(Outcome)}.")
    return CallFilter(
        start=_moment(query, "from", 0.0),
        end=_moment(query, "to", _LATEST_S),
        scope=scope_of(query, principal, own=own),
        outcomes=outcomes,
        failed=_flag(query, "failed"),
        error_code=_text(query, "error_code"),
        stream=_flag(query, "stream"),
        least_nanos=None if least is None else least * _NANOS_PER_MICRO,
        most_nanos=None if most is None else most * _NANOS_PER_MICRO,
        effect=_text(query, "id"),
    )


def dimensions(query: QueryParams, known: tuple[Dimension, ...], principal: Principal) -> list[Dimension]:
    """``by``: names of dimensions, separated by commas. Raises RequestError."""
    seen = [one for one in known if one != "target" or principal.may(Permission.OPERATE)]
    wanted = [name.strip() for text in query.getlist("by") for name in text.split(",") if name.strip()]
    by: list[Dimension] = [one for name in dict.fromkeys(wanted) for one in seen if one == name]
    if len(by) != len(wanted) or len(by) > _MOST_DIMENSIONS:
        raise _wrong("by", f"'by' is up to {_MOST_DIMENSIONS} of {', '.join(seen)}, separated by commas.")
    return by


def measure(query: QueryParams, *, inside: bool) -> Measure:
    """``order``: what the greatest is greatest in. Raises RequestError; ``inside``: an operator asks."""
    seen: tuple[Measure, ...] = tuple(one for one in get_args(Measure) if inside or one != "cost_nanos")
    for known in seen:
        if query.get("order", "charge_nanos") == known:
            return known
    raise _wrong("order", f"'order' is one of {', '.join(seen)}.")


def form(query: QueryParams) -> Format:
    """``format``. Raises RequestError."""
    forms: tuple[Format, ...] = get_args(Format)
    for known in forms:
        if query.get("format", "json") == known:
            return known
    raise _wrong("format", f"'format' is one of {', '.join(forms)}.")


def grain(query: QueryParams, asked: Period) -> Literal["hour", "day"]:
    """``per``. Raises RequestError; a series of hours is of 31 days at most."""
    per = query.get("per", "day")
    if per == "day":
        return "day"
    if per != "hour":
        raise _wrong("per", "'per' is hour or day.")
    if asked.end - asked.start > MOST_HOURS * HOUR_S:
        raise _wrong("per", f"A series of hours is of {MOST_HOURS} hours at most; ask for less time, or for days.")
    return "hour"


def limit(query: QueryParams, usual: int, most: int, name: str = "limit") -> int:
    """A count from 1 to ``most``. Raises RequestError."""
    number = _whole(query, name, most)
    if number == 0:
        raise _wrong(name, f"'{name}' is a whole number from 1 to {most}.")
    return usual if number is None else number


def place(query: QueryParams) -> Place | None:
    """``cursor``: the ``next`` of the page before. Raises RequestError."""
    text = query.get("cursor")
    if not text:
        return None
    found = _PLACE.fullmatch(text)
    if not found:
        raise _wrong("cursor", "'cursor' is the 'next' of an earlier answer.")
    return Place(float(found["when"]), found["effect"])


def cursor(place: Place | None) -> str | None:
    """``place`` as a text for ``cursor``. Seconds to the last bit: two calls of one moment must not be confused."""
    return None if place is None else f"{place.created_at:.17g}_{place.effect}"


def values(query: QueryParams, name: str) -> tuple[str, ...]:
    """Every value that a parameter was given, bounded. Raises RequestError."""
    given = tuple(dict.fromkeys(query.getlist(name)))
    if len(given) > _MOST_VALUES or any(len(value) > _MOST_LENGTH or "\x00" in value for value in given):
        raise _wrong(name, f"'{name}' is up to {_MOST_VALUES} names of up to {_MOST_LENGTH} characters.")
    return given


def _only(own: str, asked: tuple[str, ...]) -> tuple[str, ...]:
    """``own``; whoever asks for others only finds what there is of somebody who does not exist: nothing."""
    return (own,) if not asked or own in asked else (_NOBODY,)


def _moment(query: QueryParams, name: str, usual: float) -> float:
    text = query.get(name, "")
    if not text:
        return usual
    moment = math.nan
    if _SECONDS.fullmatch(text) and not _SHORT_DAY.fullmatch(text):
        moment = float(text)
    else:
        try:
            found = datetime.fromisoformat(text.replace(" ", "+"))
            moment = (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            pass
    if not 0 <= moment <= _LATEST_S:
        raise _wrong(name, f"'{name}' is a time: unix seconds, or like 2026-12-01 or 2026-12-01T08:00+01:00.")
    return moment


def _text(query: QueryParams, name: str) -> str:
    given = values(query, name)
    if len(given) > 1:
        raise _wrong(name, f"'{name}' can be given once.")
    return given[0] if given else ""


def _flag(query: QueryParams, name: str) -> bool | None:
    text = _text(query, name)
    if text not in ("", "true", "false"):
        raise _wrong(name, f"'{name}' is true or false.")
    return None if not text else text == "true"


def _whole(query: QueryParams, name: str, most: int) -> int | None:
    text = _text(query, name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18 and int(text) <= most):
        raise _wrong(name, f"'{name}' is a whole number up to {most}.")
    return int(text)


def _wrong(name: str, message: str) -> RequestError:
    return RequestError(message, param=name, code="invalid_value")
