"""``openhearth price``: what calls cost. A change is a new row of the running server's table and counts at once."""

import json as json_text
import tomllib
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from cyclopts import Parameter

from openhearth.commands import WrongUse
from openhearth.commands.admin import Server, connect
from openhearth.commands.dollars import long_prompt, picture, rates, shown
from openhearth.commands.show import as_json, as_table

_COLUMNS = ("version", "model", "where", "for", "effective_at", "input", "cached", "output", "other", "source")
_MAIN = ("input", "cached", "output")
_ROW = ("model", "provider", "target_id", "service", "hours", "effective_from", "rates", "withdrawn", "note")
_TOLD = ("object", "version", "source", "changed_by", "changed_at")  # what a listing adds


@dataclass(frozen=True)
class Dollars:
    """Rates in US dollars. What is not given follows: cached and audio input the input, reasoning the output."""

    input: str = ""
    "a million input tokens"
    output: str = ""
    "a million output tokens"
    cached: str = ""
    "a million input tokens that came from a cache"
    cache_write: str = ""
    "a million input tokens written to a cache"
    reasoning: str = ""
    "a million reasoning tokens"
    audio_input: str = ""
    "a million audio tokens in"
    audio_output: str = ""
    "a million audio tokens out"
    image_input: str = ""
    "a million image tokens in"
    image_output: str = ""
    "a million image tokens out"
    characters: str = ""
    "a million characters spoken"
    audio: str = ""
    "a second of sound (0.0001), a minute (0.006/min) or an hour (0.36/h)"
    video: str = ""
    "a second of video, or 6/min, 360/h"
    page: str = ""
    "a page read"
    search: str = ""
    "a search"
    request: str = ""
    "every call, beside the rest"
    image: str = ""
    "a picture"


@dataclass(frozen=True)
class Scope:
    """What else narrows a price."""

    provider: str = ""
    "only at targets of this provider"
    target: str = ""
    "only at this target (target_…)"
    service: Literal["standard", "batch", "flex", "priority"] = "standard"
    "the class of service it is for"
    hours: str = ""
    "only at these hours of the day in UTC (16:30-00:30)"


Rates = Annotated[Dollars, Parameter(name="*")]
Where = Annotated[Scope, Parameter(name="*")]


def put(
    model: str,
    *,
    dollars: Rates | None = None,
    scope: Where | None = None,
    picture_: Annotated[list[str] | None, Parameter(name="--picture")] = None,
    above: list[str] | None = None,
    begin: Annotated[str, Parameter(name="--from")] = "",
    free: bool = False,
    withdraw: bool = False,
    note: str = "",
    json: bool = False,
    server: Server | None = None,
) -> int:
    """Say what a model costs. The new row says everything; what was charged before stays as it was.

    Args:
        model: a name, a beginning (gpt-5*), or * for whatever is asked
        picture_: a picture of a size and quality (1024x1024/hd=0.08); may be repeated
        above: rates of prompts above so many tokens (200000:input=2.5,output=15); may be repeated
        begin: when it begins (2026-12-01, 2026-12-01T08:00+01:00); at once if not given
        free: it costs nothing, and that is known
        withdraw: take the price away; a more general one counts again
        note: why, for those who read the history
        json: print JSON
    """
    said = {name: text for name, text in asdict(dollars or Dollars()).items() if text}
    card = rates(said)
    if picture_:
        card["images"] = [picture(text) for text in picture_]
    if above:
        card["long_prompts"] = [long_prompt(text) for text in above]
    if (bool(card) + free + withdraw) != 1:
        raise WrongUse("Give rates (--input 2.50 --output 10), or --free, or --withdraw.")
    scope = scope or Scope()
    body: dict[str, Any] = {
        "model": model,
        "provider": scope.provider,
        "target_id": scope.target,
        "service": scope.service,
        "hours": scope.hours,
        "note": note,
        **({"withdrawn": True} if withdraw else {"rates": card}),
    }
    if begin:
        body["effective_from"] = _moment(begin)
    made = connect(server).ask("POST", "/prices", body)
    if json:
        as_json(made)
    else:
        print(f"Price {made['version']}: {model} {_words(made)}.")
    return 0


def listing(
    model: str = "", *, provider: str = "", target: str = "", json: bool = False, server: Server | None = None
) -> int:
    """List prices in force and to come, in US dollars (tokens and characters by the million).

    Args:
        model: only of this name
        provider: only those for this provider's targets
        target: only those for this target
        json: print JSON, in micros
    """
    asked = urlencode({"model": model, "provider": provider, "target": target})
    return _show(connect(server).rows(f"/prices?{asked}"), json=json, nothing="There are no prices.")


def history(model: str = "", *, limit: int = 50, json: bool = False, server: Server | None = None) -> int:
    """Show what prices were and who changed them, newest first.

    Args:
        model: only of this name
        limit: how many rows
        json: print JSON, in micros
    """
    rows = connect(server).rows(f"/prices/history?{urlencode({'model': model, 'limit': limit})}")
    return _show(rows, json=json, nothing="No price was ever set.", columns=(*_COLUMNS, "changed_by", "note"))


def bring(file: Path, *, source: str = "", json: bool = False, server: Server | None = None) -> int:
    """Add every price of a TOML or JSON file, or none of them if one is wrong.

    Args:
        file: 'prices' is a list of tables with model and rates (micros) or usd (like the options of 'price set')
        source: where the figures come from; the file's name if not given
        json: print JSON
    """
    prices = [_row(row) for row in _rows_of(file)]
    added = connect(server).ask("POST", "/prices/import", {"prices": prices, "source": source or file.name})["data"]
    if json:
        as_json(added)
    else:
        print(f"{len(added)} prices added.")
    return 0


def _show(rows: list[dict[str, Any]], *, json: bool, nothing: str, columns: tuple[str, ...] = _COLUMNS) -> int:
    if json:
        as_json(rows)
    else:
        as_table([_line(row) for row in rows], columns, nothing=nothing)
    return 0


def _line(row: dict[str, Any]) -> dict[str, Any]:
    values = shown(row["rates"] or {})
    other = ", ".join(f"{name} {text}" for name, text in values.items() if name not in _MAIN)
    if row["withdrawn"]:
        other = "withdrawn"
    elif not values:
        other = "free"
    return {
        **row,
        "where": row["target_id"] or row["provider"] or "anywhere",
        "for": " ".join(filter(None, ("" if row["service"] == "standard" else row["service"], row["hours"]))),
        "effective_at": row["effective_from"],
        "other": other,
        **{name: values.get(name, "") for name in _MAIN},
    }


def _words(row: dict[str, Any]) -> str:
    values = shown(row["rates"] or {})
    if row["withdrawn"]:
        return "has no price here any more"
    if not values:
        return "is free"
    said = "costs " + ", ".join(f"{name} ${text}" for name, text in values.items())
    forgot = "input" in values and "output" not in values
    return f"{said}, and its output nothing" if forgot else said


def _moment(text: str, option: str = "--from") -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise WrongUse(f"{option} '{text}' is no time; write it like 2026-12-01 or 2026-12-01T08:00+01:00.") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _rows_of(file: Path) -> list[dict[str, Any]]:
    try:
        text = file.read_text(encoding="utf-8")
        is_json = file.suffix.lower() == ".json"
        # Decimal: an amount must not become the float next to it on its way to whole micros.
        read = json_text.loads(text, parse_float=Decimal) if is_json else tomllib.loads(text, parse_float=Decimal)
    except OSError as error:
        raise WrongUse(f"{file} cannot be read: {error.strerror}.") from error
    except (ValueError, UnicodeDecodeError) as error:
        raise WrongUse(f"{file} is not right: {error}") from error
    rows = read.get("prices") if isinstance(read, dict) else read
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise WrongUse(f"{file} holds no list of tables named 'prices'.")
    return rows


def _row(row: dict[str, Any]) -> dict[str, Any]:
    """A row for the server; what a listing adds (version, source, …) is left away, so that one can be brought back.

    Any other name is refused: a misspelt ``provider`` would make a price for one provider the price for all.
    """
    if unknown := [name for name in row if name not in (*_ROW, *_TOLD, "usd")]:
        raise WrongUse(f"'{unknown[0]}' is no field of a price; there are {', '.join((*_ROW, 'usd'))}.")
    found = {name: row[name] for name in _ROW if name in row and not (name == "withdrawn" and not row[name])}
    if "usd" in row:
        if "rates" in row or not isinstance(row["usd"], dict):
            raise WrongUse("Give 'usd' ({ input = 2.50, output = 10 }) or 'rates', one of them, as a table.")
        found["rates"] = rates({name: str(value) for name, value in row["usd"].items()})
    if found.get("withdrawn"):
        found.pop("rates", None)
    start = found.pop("effective_from", None)
    if isinstance(start, Decimal | int) and start == start:  # a number: NaN is none
        found |= {"effective_from": float(start)} if start > datetime.now(UTC).timestamp() else {}
    elif start is not None:
        found["effective_from"] = _moment(str(start), "effective_from")
    return found
