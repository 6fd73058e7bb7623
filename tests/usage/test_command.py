"""``openhearth usage``: what it asks the server, and what it makes of the answer."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from openhearth.commands.admin import Admin
from tests.unit.test_cli import FakeAdmin, Run, admin, run

__all__ = ["admin", "run"]
SUM: dict[str, Any] = {
    "calls": 3, "failures": 1, "input_tokens": 100, "output_tokens": 50, "cached_tokens": 0, "images": 0,
    "duration_ms": 5, "cost_nanos": 1, "charge_nanos": 1_234_567_890,
}  # fmt: skip
ROWS = [{"object": "usage.sum", "model": "=cmd", **SUM}, {"object": "usage.sum", "model": "small", **SUM}]


def test_sums_by_name_are_asked_for_and_shown(admin: FakeAdmin, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    path = "/admin/v1/usage?from=2026-01-01&user=user_1&by=model%2Ckey&limit=5"
    admin.answers[f"GET {path}"] = (200, {"total": SUM, "data": ROWS, "has_more": True})
    assert run("usage", "--by", "model,key", "--from", "2026-01-01", "--user", "user_1", "--limit", "5") == 0
    said = capsys.readouterr().out
    assert "small" in said
    assert "1.23456789" in said
    assert "There is more" in said


def test_the_total_is_shown_without_by(admin: FakeAdmin, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    admin.answers["GET /admin/v1/usage?limit=100"] = (200, {"total": SUM, "data": [], "has_more": False})
    assert run("usage") == 0
    assert "1.23456789" in capsys.readouterr().out


def test_a_series_goes_to_a_file_that_runs_nothing(
    admin: FakeAdmin, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{**row, "start": 1_763_769_600} for row in ROWS]
    answer = {"data": rows, "per": "day"}
    admin.answers["GET /admin/v1/usage/series?by=model&per=day&top=100"] = (200, answer)
    file = tmp_path / "usage.csv"
    assert run("usage", "--by", "day,model", "--csv", str(file)) == 0
    assert "2 rows" in capsys.readouterr().out
    first, second = csv.DictReader(file.read_text(encoding="utf-8").splitlines())
    assert (first["model"], second["model"], first["usd"], first["start"]) == (
        "'=cmd",
        "small",
        "1.23456789",
        "1763769600",
    )
    assert run("usage", "--by", "day,model", "--json") == 0
    assert json.loads(capsys.readouterr().out) == answer


def test_a_file_holds_all_rows_and_not_a_page_of_them(
    admin: FakeAdmin,
    run: Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = (200, {"total": SUM, "data": ROWS[:1], "has_more": True})
    admin.answers["GET /admin/v1/usage?by=model&limit=100"] = page
    admin.answers["GET /admin/v1/usage?by=model&limit=1"] = page
    lines = [",".join(("model", *SUM))] + [",".join(map(str, (name, *SUM.values()))) for name in ("'=cmd", "small")]
    sheet = {"/admin/v1/usage?by=model&format=csv": "\r\n".join(lines).encode()}
    monkeypatch.setattr(Admin, "read", lambda _, path: sheet[path])
    file = tmp_path / "usage.csv"
    assert run("usage", "--by", "model", "--csv", str(file)) == 0
    assert "2 rows" in capsys.readouterr().out
    rows = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
    assert [(row["model"], row["calls"], row["usd"]) for row in rows] == [
        ("'=cmd", "3", "1.23456789"),
        ("small", "3", "1.23456789"),
    ]
    assert run("usage", "--by", "model", "--csv", str(file), "--limit", "1") == 0
    assert "1 rows written" in (said := capsys.readouterr().out)
    assert "without --limit it has all" in said


@pytest.mark.parametrize("words", [["--by", "colour"], ["--by", "day,hour"], ["--csv", "/no/such/folder/x.csv"]])
def test_wrong_use_is_told(admin: FakeAdmin, run: Run, words: list[str]) -> None:
    admin.answers["GET /admin/v1/usage?limit=100"] = (200, {"total": SUM, "data": [], "has_more": False})
    assert run("usage", *words) == 2
