"""``openhearth usage``: what was used and charged, by whatever name or time, as a table, JSON or a file."""

import csv
import io
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from cyclopts import Parameter

from openhearth.commands import WrongUse
from openhearth.commands.admin import Admin, Server, connect
from openhearth.commands.dollars import usd
from openhearth.commands.show import as_json, as_table
from openhearth.surfaces.usage.csv_rows import guarded

_TIMES = ("hour", "day")
_NAMES = {
    "key": "key_id", "user": "user_id", "project": "project_id", "org": "org_id", "model": "model",
    "target": "target_id", "operation": "operation",
}  # fmt: skip
_COUNTS = ("calls", "failures", "input_tokens", "cached_tokens", "output_tokens", "images")
_NANOS = 1_000_000_000


@dataclass(frozen=True)
class Narrow:
    """Which calls are counted."""

    key: str = ""
    "only of this key (key_…)"
    user: str = ""
    "only of this user (user_…)"
    project: str = ""
    "only of this project (proj_…)"
    org: str = ""
    "only of this organisation (org_…)"
    model: str = ""
    "only of this model, or by beginning (gpt-4*)"
    target: str = ""
    "only of this target (target_…)"


Only = Annotated[Narrow, Parameter(name="*")]


def usage(
    *,
    by: str = "",
    begin: Annotated[str, Parameter(name="--from")] = "",
    end: Annotated[str, Parameter(name="--to")] = "",
    only: Only | None = None,
    limit: int | None = None,
    csv_: Annotated[Path | None, Parameter(name="--csv")] = None,
    json: bool = False,
    server: Server | None = None,
) -> int:
    """Show what was used and what was charged for it, in US dollars.

    Args:
        by: hour, day, key, user, project, org, model, target or operation; several are separated by commas
        begin: from when (2026-12-01, or with a time); 30 days ago if not given
        end: up to when; now if not given
        limit: how many rows, greatest first (100; a file has all); of a series, how many names beside the sum of others
        csv_: write the rows to this file
        json: print JSON, in nanos (billionths of a dollar)
    """
    parts = [part.strip() for part in by.split(",") if part.strip()]
    if wrong := [part for part in parts if part not in (*_TIMES, *_NAMES)]:
        raise WrongUse(f"--by '{wrong[0]}': it is one or more of {', '.join((*_TIMES, *_NAMES))}.")
    times = [part for part in parts if part in _TIMES]
    if len(times) > 1:
        raise WrongUse("--by takes hour or day, not both.")
    admin, asked = connect(server), _asked(begin, end, only or Narrow())
    columns = (*(("start",) if times else ()), *(_NAMES[part] for part in parts if part in _NAMES))
    answer = admin.ask("GET", _path(parts, times, asked, 100 if limit is None else limit))
    rows = answer["data"] if parts else [answer["total"]]
    if csv_ is not None and limit is None and answer.get("has_more"):
        rows = _all_of(admin, asked, columns)
        answer = {**answer, "data": rows, "has_more": False}
    if csv_ is not None:
        _write(csv_, rows, columns)
    if json:
        as_json(answer)
    elif csv_ is not None:
        more = ", the greatest; without --limit it has all" if answer.get("has_more") else ""
        print(f"{len(rows)} rows written to {csv_}{more}.")
    else:
        _show(rows, columns, answer)
    return 0


def _asked(begin: str, end: str, only: Narrow) -> dict[str, str]:
    return {name: text for name, text in {"from": begin, "to": end, **asdict(only)}.items() if text}


def _path(parts: list[str], times: list[str], asked: dict[str, str], limit: int) -> str:
    names = ",".join(part for part in parts if part in _NAMES)
    if names:
        asked["by"] = names
    if times:
        return f"/usage/series?{urlencode({**asked, 'per': times[0], 'top': min(limit, 100)})}"
    return f"/usage?{urlencode({**asked, 'limit': limit})}"


def _all_of(admin: Admin, asked: dict[str, str], columns: tuple[str, ...]) -> list[dict[str, Any]]:
    """Every sum, where a page of JSON has no room for all."""
    text = admin.read(f"/admin/v1/usage?{urlencode({**asked, 'format': 'csv'})}").decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    return [{name: cell if name in columns else int(cell) for name, cell in row.items()} for row in rows]


def _show(rows: list[dict[str, Any]], columns: tuple[str, ...], answer: dict[str, Any]) -> None:
    shown = tuple("start_at" if name == "start" else name for name in columns)
    as_table([_line(row) for row in rows], (*shown, *_COUNTS, "usd"), nothing="Nothing was used in this time.")
    if answer.get("has_more"):
        print("There is more: give a greater --limit, or --csv.")


def _line(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "start_at": row.get("start"), "usd": usd(row["charge_nanos"], _NANOS)}


def _write(file: Path, rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    names = (*columns, *_COUNTS, "usd")
    try:
        with file.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(names)
            for row in rows:
                cells = {**row, "usd": usd(row["charge_nanos"], _NANOS)}
                writer.writerow([guarded(cell) if isinstance(cell := cells[name], str) else cell for name in names])
    except OSError as error:
        raise WrongUse(f"{file} cannot be written: {error.strerror}.") from error
