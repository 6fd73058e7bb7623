"""What people write on the command line of amounts, spans of time, lists and bounds, and what the server is sent."""

import re
import sys
from dataclasses import dataclass
from typing import Annotated, Any

from cyclopts import Parameter

from openhearth.commands import WrongUse
from openhearth.commands.dollars import micros, usd

_UNIT_S = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_NONE = "none"
_MONEY = ("quota", "day", "week", "month")
_COUNTS = ("rpm", "tpm", "concurrency")


@dataclass(frozen=True)
class BoundsGiven:
    """How much may be used. 'none' lifts a bound."""

    quota: str = ""
    "Money in all, in USD (2.50)."
    day: str = ""
    "Money per UTC day, in USD."
    week: str = ""
    "Money per week, in USD."
    month: str = ""
    "Money per month, in USD."
    rpm: str = ""
    "Requests per minute."
    tpm: str = ""
    "Tokens per minute."
    concurrency: str = ""
    "Calls at once."


Bounds = Annotated[BoundsGiven, Parameter(name="*")]


def bounds(given: BoundsGiven | None) -> dict[str, int | None]:
    """The bounds that were given, as the server names them. Raises WrongUse."""
    found: dict[str, int | None] = {}
    for name in _MONEY if given else ():
        if text := getattr(given, name):
            found[f"{name}_micros"] = None if text == _NONE else micros(text, name)
    for name in _COUNTS if given else ():
        if text := getattr(given, name):
            found[name] = None if text == _NONE else whole(text, name)
    return found


def whole(text: str, what: str) -> int:
    """A number of things. Raises WrongUse."""
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise WrongUse(f"--{what} '{text}' is no whole number.")
    return int(text)


def seconds(text: str, what: str) -> int:
    """A span of time. Raises WrongUse."""
    match = re.fullmatch(r"(\d+)([smhd]?)", text)
    if match is None:
        raise WrongUse(f"--{what} '{text}' is no time span; write it like 90s, 15m, 12h or 30d.")
    return int(match[1]) * _UNIT_S[match[2]]


def until(text: str) -> int | None:
    """How long a key lives: a span of time, or 'none' for ever. Raises WrongUse."""
    return None if text == _NONE else seconds(text, "expires")


def names(text: str) -> list[str]:
    """``a,b``; 'none' for an empty list."""
    return [] if text == _NONE else [part.strip() for part in text.split(",") if part.strip()]


def given(**fields: Any) -> dict[str, Any]:
    """Those fields that were given; 'none' empties a text."""
    return {name: "" if value == _NONE else value for name, value in fields.items() if value not in ("", None)}


def password_of(from_input: bool) -> str:
    """The line on standard input: on the command line, others would see it in the list of processes."""
    return sys.stdin.readline().rstrip("\r\n") if from_input else ""


def ratio_ppm(text: str) -> int:
    """``1.25`` times the price, in parts per million. Raises WrongUse."""
    return micros(text, "ratio")


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """A row of a listing with its bounds as people write them."""
    parts = [f"{name} ${usd(row[f'{name}_micros'])}" for name in _MONEY if row.get(f"{name}_micros") is not None]
    parts += [f"{name} {row[name]}" for name in _COUNTS if row.get(name) is not None]
    return {**row, "bounds": ", ".join(parts)}
