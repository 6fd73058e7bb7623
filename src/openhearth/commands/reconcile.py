"""``openhearth reconcile``: our cost ledger beside what an upstream says it will bill."""

import os
import re
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from cyclopts import Parameter

from openhearth.accounts.amounts import usd_of_nanos
from openhearth.accounts.exports import BadExport, Export, converted, read_export, read_pages, within
from openhearth.accounts.reconcile import Measure, Result, Row, Side, Spent, Tolerance
from openhearth.accounts.reconcile import reconcile as compared
from openhearth.commands import WrongUse
from openhearth.commands.admin import Admin, Server, connect
from openhearth.commands.costs_page import OPENAI, fetched
from openhearth.commands.show import as_json, as_table

_MOST_BYTES = 256 * 1024 * 1024
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,4})?)%")
_COLUMNS = ("day", "model", "ours_usd", "theirs_usd", "difference_usd", "calls", "tokens", "differs")


@dataclass(frozen=True)
class Columns:
    """Names of a table's columns, where they are not the usual ones."""

    date_column: str = ""
    "the day"
    model_column: str = ""
    "the model"
    cost_column: str = ""
    "the amount of money"
    input_column: str = ""
    "input tokens"
    output_column: str = ""
    "output tokens"
    calls_column: str = ""
    "calls"


@dataclass(frozen=True)
class Fetch:
    """Where to fetch OpenAI's costs instead of reading a file."""

    fetch: str = ""
    "'openai', or the address of a costs API of that form"
    fetch_key: str = ""
    "its admin key, as env:NAME or file:PATH"


@dataclass(frozen=True)
class Terms:
    """What counts as a difference."""

    tolerance: str = "0.01"
    "how far amounts of a day and model may lie apart: dollars (0.01), a share (1%), or both (0.01,1%)"
    compare: str = ""
    "what must agree: cost, tokens, calls (cost, or tokens where the export has no cost)"
    per_usd: str = ""
    "how much of the export's currency is one dollar, if it is another one"


def reconcile(
    file: Path | None = None,
    *,
    begin: Annotated[str, Parameter(name="--from")],
    end: Annotated[str, Parameter(name="--to")],
    provider: str = "",
    target: list[str] | None = None,
    rename: list[str] | None = None,
    all_: Annotated[bool, Parameter(name="--all")] = False,
    json: bool = False,
    terms: Annotated[Terms | None, Parameter(name="*")] = None,
    columns: Annotated[Columns | None, Parameter(name="*")] = None,
    fetch: Annotated[Fetch | None, Parameter(name="*")] = None,
    server: Server | None = None,
) -> int:
    """Compare our costs with an upstream's, by day and model. Fails when they differ.

    Args:
        file: its usage export: a table (CSV), or JSON of OpenAI's costs API
        begin: the first day (2026-11-01)
        end: the last day (2026-11-30), counted as well
        provider: our calls at targets of this provider
        target: our calls at this target (target_…), also one that is not attached any more; may be repeated
        rename: a model's name of theirs and ours (gpt-4o-eu=gpt-4o); may be repeated
        all_: list days and models that agree as well
        json: print JSON
    """
    terms = terms or Terms()
    first, last = _day(begin, "from"), _day(end, "to")
    if last < first:
        raise WrongUse("--to lies before --from.")
    if not provider and not target:
        raise WrongUse("Say whose bill it is: --provider NAME, or --target ID.")
    tolerance, renamed, per_usd = _tolerance(terms.tolerance), _renamed(rename or []), _per_usd(terms.per_usd)
    given = {name.removesuffix("_column"): text for name, text in asdict(columns or Columns()).items() if text}
    export = _theirs(file, fetch or Fetch(), (first, last), given)
    theirs, outside = within(export, first, last)
    theirs = _in_usd(theirs, export, per_usd)
    ours, notes = _ours(connect(server), (first, last), export.offset_minutes or 0, provider, target or [])
    measures = _measures(terms.compare, theirs)
    result = compared(ours, theirs, tolerance=tolerance, measures=measures, renamed=renamed)
    if outside:
        notes.append(f"{outside} rows of the export lie outside these days and were left out.")
    if json:
        as_json({**msgspec.to_builtins(result), "compared": measures, "notes": notes})
    else:
        _show(result, notes, everything=all_)
    return 0 if result.agrees else 1


def _theirs(file: Path | None, fetch: Fetch, days: tuple[date, date], columns: dict[str, str]) -> Export:
    if (file is None) is not bool(fetch.fetch):
        raise WrongUse("Give a file, or --fetch with --fetch-key.")
    try:
        if file is None:
            url = OPENAI if fetch.fetch == "openai" else fetch.fetch
            return read_pages(fetched(url, fetch.fetch_key, days, os.environ))
        if file.stat().st_size > _MOST_BYTES:
            raise WrongUse(f"{file} is larger than {_MOST_BYTES} bytes.")
        return read_export(file.read_text(encoding="utf-8"), columns)
    except OSError as error:
        raise WrongUse(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise WrongUse(f"{file} is not text in UTF-8.") from error
    except BadExport as error:
        raise WrongUse(f"{file or fetch.fetch}: {error}") from error


def _in_usd(rows: list[Spent], export: Export, per_usd: Decimal | None) -> list[Spent]:
    foreign = export.currencies - {"usd"}
    if per_usd is not None and ("usd" in export.currencies or len(foreign) > 1):
        names = ", ".join(sorted(export.currencies)).upper()
        raise WrongUse(f"The export is in {names}: --per-usd is for amounts that are all in one other currency.")
    if per_usd is not None:
        return converted(rows, per_usd)
    if foreign:
        names = ", ".join(sorted(foreign)).upper()
        raise WrongUse(f"The export is in {names}: say how much of it a dollar is, as --per-usd 7.2.")
    return rows


def _ours(
    admin: Admin, days: tuple[date, date], offset_minutes: int, provider: str, targets: list[str]
) -> tuple[list[Spent], list[str]]:
    """Our rows at the provider's targets, or at these, and what should be said of the others."""
    asked = {
        "from": days[0].isoformat(),
        "to": days[1].isoformat(),
        "group_by": "day,model,target",
        "utc_offset_minutes": offset_minutes,
    }
    rows = admin.rows(f"/costs?{urlencode(asked)}")
    ours = [row for row in rows if (row["target_id"] in targets if targets else row["provider"] == provider)]
    lost = [row for row in rows if not targets and row["provider"] is None and row["cost_nanos"]]
    notes = []
    if lost:
        names = ", ".join(sorted({str(row["target_id"]) for row in lost})[:5])
        amount = usd_of_nanos(sum(row["cost_nanos"] for row in lost))
        notes.append(
            f"{amount} USD are for targets that are not attached any more ({names}) and were left out: "
            "name all targets that belong here with --target."
        )
    return [_spent(row) for row in ours], notes


def _spent(row: dict[str, Any]) -> Spent:
    name = row["upstream_model"] or row["model"].removeprefix(f"{row['provider']}/")
    usd = Decimal(row["cost_nanos"]).scaleb(-9)
    return Spent(row["day"], name, usd, row["calls"], row["input_tokens"], row["output_tokens"])


def _show(result: Result, notes: list[str], *, everything: bool) -> None:
    rows = [row for row in result.rows if everything or row.differs]
    as_table([_line(row) for row in rows], _COLUMNS, nothing="No day and no model differ.")
    print(
        f"Ours {result.ours.cost_usd or '0.00'} USD, theirs {result.theirs.cost_usd or '0.00'} USD, "
        f"difference {result.difference_usd or '0.00'} USD: "
        f"{sum(bool(row.differs) for row in result.rows)} of {len(result.rows)} days and models differ."
    )
    for note in notes:
        print(f"Note: {note}")


def _line(row: Row) -> dict[str, Any]:
    return {
        "day": row.day,
        "model": row.model,
        "ours_usd": row.ours.cost_usd,
        "theirs_usd": row.theirs.cost_usd,
        "difference_usd": row.difference_usd,
        "calls": _pair(row.ours.calls, row.theirs.calls),
        "tokens": _pair(_tokens(row.ours), _tokens(row.theirs)),
        "differs": ", ".join(row.differs),
    }


def _tokens(side: Side) -> int | None:
    if side.input_tokens is None and side.output_tokens is None:
        return None
    return (side.input_tokens or 0) + (side.output_tokens or 0)


def _pair(ours: int | None, theirs: int | None) -> str:
    return f"{'-' if ours is None else f'{ours:,}'} / {'-' if theirs is None else f'{theirs:,}'}"


def _measures(text: str, theirs: list[Spent]) -> list[Measure]:
    if not text:
        has_cost = not theirs or any(row.usd is not None for row in theirs)
        return ["cost"] if has_cost else ["tokens"]
    known: dict[str, Measure] = {"cost": "cost", "tokens": "tokens", "calls": "calls"}
    names = [name.strip() for name in text.split(",")]
    if not all(name in known for name in names):
        raise WrongUse(f"--compare '{text}' names {', '.join(known)}.")
    for name in names:
        if theirs and not any(_says(row, known[name]) for row in theirs):
            raise WrongUse(f"--compare {name}: the export says nothing of it.")
    return [known[name] for name in names]


def _says(row: Spent, measure: Measure) -> bool:
    said = {"cost": (row.usd,), "tokens": (row.input_tokens, row.output_tokens), "calls": (row.calls,)}
    return any(value is not None for value in said[measure])


def _tolerance(text: str) -> Tolerance:
    nanos = ppm = 0
    for part in text.split(","):
        share = _PERCENT.fullmatch(part.strip())
        if share:
            ppm = int(Decimal(share[1]) * 10_000)
        else:
            nanos = int(_decimal(part.strip(), "tolerance", least=Decimal(0)).scaleb(9))
    return Tolerance(nanos, ppm)


def _per_usd(text: str) -> Decimal | None:
    return _decimal(text, "per-usd", least=Decimal("0.000001")) if text else None


def _decimal(text: str, option: str, *, least: Decimal) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation as error:
        raise WrongUse(f"--{option} '{text}' is no amount; write it like 0.01.") from error
    if not amount.is_finite() or not least <= amount < 10**9:
        raise WrongUse(f"--{option} '{text}' is out of bounds.")
    return amount


def _renamed(pairs: list[str]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        theirs, joint, ours = pair.partition("=")
        if not (theirs.strip() and joint and ours.strip()):
            raise WrongUse(f"--rename '{pair}' looks like gpt-4o-eu=gpt-4o: their name, then ours.")
        found[theirs] = ours
    return found


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise WrongUse(f"--{option} '{text}' is no day; write it like 2026-11-30.") from error
