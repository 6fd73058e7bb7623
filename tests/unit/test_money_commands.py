"""``openhearth explain``, ``receipt`` and ``reconcile``: what is asked, what is printed, how they exit."""

import io
import json
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from openhearth.accounts.explain import explain
from openhearth.accounts.receipts import ReceiptKey, payload_of
from openhearth.cli import main
from openhearth.core.call import Usage
from openhearth.stores.receipt_ports import DigestRecord
from tests.fakes.settled import ROW, settled
from tests.unit.test_cli import FakeAdmin, Run, admin, run
from tests.unit.test_exports import PAGE

__all__ = ["admin", "run"]
KEY = ReceiptKey(b"k" * 32)
REQUEST, ANSWER = b'{"model": "gpt-4o"}', b'{"choices": []}'
COSTS = {
    "day": "2026-11-01",
    "model": "gpt-4o",
    "target_id": "target_1",
    "provider": "openai",
    "upstream_model": "",
    "calls": 3,
    "failures": 0,
    "input_tokens": 100,
    "output_tokens": 10,
    "cached_tokens": 0,
    "images": 0,
    "cost_nanos": 1_500_000_000,
    "cost_usd": "1.50",
    "charge_nanos": 1_500_000_000,
    "charge_usd": "1.50",
}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    digests = DigestRecord(
        "call_1",
        sha256(REQUEST).hexdigest(),
        len(REQUEST),
        sha256(ANSWER).hexdigest(),
        len(ANSWER),
        True,
        200,
        "m",
        1.0,
    )
    payload = payload_of(settled(Usage(input_tokens=100, source="upstream"), ROW), digests)
    (tmp_path / "receipt.json").write_bytes(KEY.receipt(payload))
    (tmp_path / "receipt.jws").write_text(KEY.jws(payload) + "\n", encoding="utf-8")
    (tmp_path / "request").write_bytes(REQUEST)
    (tmp_path / "answer").write_bytes(ANSWER)
    (tmp_path / "key.pem").write_text(KEY.shown()["pem"], encoding="utf-8")
    return tmp_path


def test_explain_says_it_in_lines_and_words(admin: FakeAdmin, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    told = explain(settled(Usage(input_tokens=100, cached_tokens=40, source="upstream"), ROW), ROW, "openai")
    admin.answers["GET /v1/calls/call_1/explain"] = (200, msgspec.to_builtins(told))
    assert run("explain", "call_1") == 0
    out = capsys.readouterr().out
    assert "2.50 / 1,000,000" in out
    assert "- Charged: 0.0002 USD." in out
    assert run("explain", "call_1", "--json") == 0
    assert json.loads(capsys.readouterr().out)["charge"] == {"nanos": 200_000, "usd": "0.0002"}


def test_a_call_that_is_not_there_is_said(admin: FakeAdmin, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    admin.answers["GET /v1/calls/call_2/explain"] = (404, {"error": {"message": "There is no settled call 'call_2'."}})
    assert run("explain", "call_2") == 1
    assert "There is no settled call" in capsys.readouterr().err


def test_a_receipt_is_fetched_and_the_key_printed(
    admin: FakeAdmin, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    admin.answers["GET /v1/calls/call_1/receipt?format=json"] = (200, {"object": "call.receipt"})
    admin.answers["GET /v1/receipts/key"] = (200, KEY.shown())
    out = tmp_path / "out.json"
    assert run("receipt", "get", "call_1", "--out", str(out)) == 0
    assert json.loads(out.read_bytes()) == {"object": "call.receipt"}
    assert run("receipt", "key") == 0
    assert capsys.readouterr().out == f"{KEY.key_id}\n"


@pytest.mark.parametrize("name", ["receipt.json", "receipt.jws"])
@pytest.mark.parametrize("key", ["", KEY.key_id, "key.pem"])
def test_a_good_receipt_is_verified_offline(
    files: Path, name: str, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--key", str(files / key) if key.endswith("pem") else key] if key else []
    words = ["--request", str(files / "request"), "--answer", str(files / "answer"), *given]
    assert main(["receipt", "verify", str(files / name), *words]) == 0
    out = capsys.readouterr().out
    assert "The request is the one it was made for." in out
    assert ("Whose key that is was not said" in out) is not bool(key)
    assert main(["receipt", "verify", str(files / name), *words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["valid"], found["key_is_trusted"], found["compared"]) == (True, bool(key), ["request", "answer"])


def _verify(*words: str) -> int:
    return main(["receipt", "verify", *words])


def test_what_does_not_fit_fails_with_one_and_says_what(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    receipt = str(files / "receipt.json")
    other = ReceiptKey(b"o" * 32).key_id
    assert _verify(receipt, "--key", other) == 1
    assert _verify(receipt, "--request", str(files / "answer")) == 1
    (files / "answer").write_bytes(ANSWER + b" ")
    assert _verify(receipt, "--answer", str(files / "answer")) == 1
    changed = (files / "receipt.json").read_bytes().replace(b'"charge_nanos":250000', b'"charge_nanos":150000')
    (files / "receipt.json").write_bytes(changed)
    assert _verify(receipt, "--json") == 1
    said = capsys.readouterr()
    assert json.loads(said.out) == {
        "valid": False,
        "reason": "The signature is wrong: the receipt was changed, or another key signed it.",
    }
    assert "Another key signed this receipt" in said.err
    assert "is not the request that the receipt was made for" in said.err


def test_what_cannot_be_read_is_wrong_use(files: Path) -> None:
    assert _verify(str(files / "nothing.json")) == 2
    assert _verify(str(files / "receipt.json"), "--key", "no key") == 2
    assert _verify(str(files / "receipt.json"), "--request", str(files / "nothing")) == 2


def test_a_receipt_may_come_from_standard_input(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (files / "receipt.json").open("rb") as piped:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(piped.read())))
    assert _verify("-", "--key", KEY.shown()["key_id"]) == 0
    assert _verify("--kye", str(files / "receipt.json")) == 2
    assert _verify("--json") == 2


def _costs(admin: FakeAdmin, *rows: dict[str, Any], offset: int = 0) -> None:
    query = {"from": "2026-11-01", "to": "2026-11-02", "group_by": "day,model,target", "utc_offset_minutes": offset}
    admin.answers[f"GET /admin/v1/costs?{urlencode(query)}"] = (200, {"object": "list", "data": list(rows)})


DAYS = ("--from", "2026-11-01", "--to", "2026-11-02")


def _export(folder: Path, text: str) -> str:
    path = folder / "export.csv"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_bills_that_agree_exit_with_nothing(
    admin: FakeAdmin, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _costs(admin, COSTS, {**COSTS, "target_id": "target_2", "provider": "other"})
    file = _export(tmp_path, "date,model,cost\n2026-11-01,gpt-4o-2024-08-06,1.49\n2026-10-31,gpt-4o,5\n")
    assert run("reconcile", file, "--provider", "openai", *DAYS) == 0
    out = capsys.readouterr().out
    assert "No day and no model differ." in out
    assert "difference 0.01 USD" in out
    assert "1 rows of the export lie outside these days" in out


def test_bills_that_differ_exit_with_one_and_say_where(
    admin: FakeAdmin, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = {**COSTS, "target_id": "target_gone", "provider": None, "upstream_model": None}
    _costs(admin, COSTS, lost)
    file = _export(tmp_path, "date,model,cost,requests\n2026-11-01,gpt-4o,1.49,4\n")
    assert run("reconcile", file, "--provider", "openai", *DAYS, "--tolerance", "0", "--json") == 1
    found = json.loads(capsys.readouterr().out)
    (row,) = found["rows"]
    assert (row["difference_nanos"], row["differs"], found["agrees"]) == (10_000_000, ["cost"], False)
    assert (row["ours"]["calls"], row["theirs"]["calls"]) == (3, 4)
    assert "1.50 USD are for targets that are not attached any more (target_gone)" in found["notes"][0]
    assert run("reconcile", file, "--provider", "openai", *DAYS, "--compare", "calls") == 1
    assert "3 / 4" in capsys.readouterr().out
    assert run("reconcile", file, "--provider", "openai", *DAYS, "--tolerance", "1%") == 0
    assert run("reconcile", file, "--target", "target_gone", *DAYS, "--tolerance", "0.01") == 0


def test_an_export_in_another_currency_and_time_zone(admin: FakeAdmin, run: Run, tmp_path: Path) -> None:
    _costs(admin, COSTS, offset=480)
    head = "user_id,start_time_iso,end_time_iso,model,wallet_type,cost,currency\n"
    line = "u,2026-11-01T00:00:00+08:00,2026-11-02T00:00:00+08:00,gpt-4o,Paid,10.8,CNY\n"
    file = _export(tmp_path, head + line)
    assert run("reconcile", file, "--provider", "openai", *DAYS) == 2
    assert run("reconcile", file, "--provider", "openai", *DAYS, "--per-usd", "7.2") == 0


def test_costs_are_fetched_page_by_page_with_the_key_of_the_environment(
    admin: FakeAdmin, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    day = ("--from", "2026-09-28", "--to", "2026-09-28")
    asked = {"from": "2026-09-28", "to": "2026-09-28", "group_by": "day,model,target", "utc_offset_minutes": 0}
    row = {**COSTS, "day": "2026-09-28", "cost_nanos": 120_000_000}
    admin.answers[f"GET /admin/v1/costs?{urlencode(asked)}"] = (200, {"data": [row]})
    first: dict[str, Any] = json.loads(json.dumps(PAGE))
    del first["data"][0]["results"][1]
    wanted = "start_time=1790553600&end_time=1790640000&bucket_width=1d&limit=31&group_by=line_item"
    admin.answers[f"GET /costs?{wanted}"] = (200, {**first, "has_more": True, "next_page": "p2"})
    admin.answers[f"GET /costs?{wanted}&page=p2"] = (200, first)
    key = tmp_path / "admin-key"
    key.write_text("the-first-key\n", encoding="utf-8")
    fetch = ("--fetch", f"{admin.url}/costs", "--fetch-key", f"file:{key}")
    assert run("reconcile", "--provider", "openai", *day, *fetch) == 0
    assert "Ours 0.12 USD, theirs 0.12 USD" in capsys.readouterr().out
    key.write_text("another", encoding="utf-8")
    assert run("reconcile", "--provider", "openai", *day, *fetch) == 1
    assert "127.0.0.1 answered 401" in capsys.readouterr().err


@pytest.mark.parametrize("names", [("USD",), ("USD", "CNY"), ("EUR", "CNY")])
def test_dollars_are_not_converted_and_no_two_currencies_by_one_rate(
    admin: FakeAdmin, run: Run, tmp_path: Path, names: tuple[str, ...]
) -> None:
    _costs(admin, COSTS)
    rows = "".join(f"2026-11-01,gpt-4o,1.5,{name}\n" for name in names)
    file = _export(tmp_path, f"utc_date,model,cost,currency\n{rows}")
    assert run("reconcile", file, "--provider", "openai", "--per-usd", "7.2", *DAYS) == 2


@pytest.mark.parametrize(
    "words",
    [
        ("--provider", "openai"),
        ("export.csv",),
        ("export.csv", "--provider", "openai", "--tolerance", "much"),
        ("export.csv", "--provider", "openai", "--tolerance", "-1"),
        ("export.csv", "--provider", "openai", "--compare", "beauty"),
        ("export.csv", "--provider", "openai", "--compare", "cost,calls"),  # it has no calls
        ("export.csv", "--provider", "openai", "--rename", "a"),
        ("export.csv", "--provider", "openai", "--per-usd", "0"),
        ("export.csv", "--provider", "openai", "--cost-column", "none"),
        ("nothing.csv", "--provider", "openai"),
        ("export.csv", "--provider", "openai", "--fetch", "openai"),
        ("--provider", "openai", "--fetch", "openai"),
        ("--provider", "openai", "--fetch", "http://elsewhere.test/costs", "--fetch-key", "env:HOME"),
    ],
)
def test_wrong_words_are_wrong_use(admin: FakeAdmin, run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    _costs(admin, COSTS)
    _export(tmp_path, "date,cost\n2026-11-01,1.5\n")
    placed = [str(tmp_path / word) if word.endswith(".csv") else word for word in words]
    assert run("reconcile", *placed, *DAYS) == 2


@pytest.mark.parametrize("days", [("2026-11-02", "2026-11-01"), ("soon", "2026-11-01")])
def test_wrong_days_are_wrong_use(run: Run, tmp_path: Path, days: tuple[str, str]) -> None:
    file = _export(tmp_path, "date,cost\n")
    assert run("reconcile", file, "--provider", "openai", "--from", days[0], "--to", days[1]) == 2
