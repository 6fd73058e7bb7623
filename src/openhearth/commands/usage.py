"""``openhearth usage``: what was used and charged, by whatever name or time, as a table, JSON or a file."""

import csv
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from cyclopts import Parameter

from openhearth.commands import WrongUse
from openhearth.commands.admin import Server, connect
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
    limit: int = 100,
    csv_: Annotated[Path | None, Parameter(name="--csv")] = None,
    json: bool = False,
    server: Server | None = None,
) -> int:
    """Show what was used and what was charged for it, in US dollars.

    Args:
        by: hour, day, key, user, project, org, model, target or operation; several are separated by commas
        begin: from when (2026-12-01, or with a time); 30 days ago if not given
        end: up to when; now if not given
        limit: how many rows, greatest first; of a series, how many names beside the sum of all others
        csv_: write the rows to this file
        json: print JSON, in nanos (billionths of a dollar)
    """
    parts = [part.strip() for part in by.split(",") if part.strip()]
    if wrong := [part for part in parts if part not in (*_TIMES, *_NAMES)]:
        raise WrongUse(f"--by '{wrong[0]}': it is one or more of {', '.join((*_TIMES, *_NAMES))}.")
    times = [part for part in parts if part in _TIMES]
    if len(times) > 1:
        raise WrongUse("--by takes hour or day, not both.")
    answer = connect(server).ask("GET", _path(parts, times, _asked(begin, end, only or Narrow()), limit))
    columns = (*(("start",) if times else ()), *(_NAMES[part] for part in parts if part in _NAMES))
    rows = answer["data"] if parts else [answer["total"]]
    if csv_ is not None:
        _write(csv_, rows, columns)
    if json:
        as_json(answer)
    elif csv_ is not None:
        print(f"{len(rows)} rows written to {csv_}.")
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
