"""``openhearth ledger``: what it asks, what it prints, how it exits."""

import json
from typing import Any

import pytest

from tests.unit.test_cli import FakeAdmin, Run, admin, run

__all__ = ["admin", "run"]
CHECK: dict[str, Any] = {
    "object": "ledger.check", "ok": True, "faults": [], "calls": 1200, "postings": 2400, "accounts": 3, "open_calls": 2,
    "sum_nanos": 0, "charged_nanos": 1_370_000_001, "cost_nanos": 1_000_000_000,
}  # fmt: skip


def test_books_that_add_up(run: Run, admin: FakeAdmin, capsys: pytest.CaptureFixture[str]) -> None:
    admin.answers["GET /admin/v1/ledger/check"] = (200, CHECK)
    assert run("ledger", "check") == 0
    assert capsys.readouterr().out == (
        "The ledger adds up: 1,200 calls, 2,400 postings, 3 accounts; all entries sum to 0. 1.370000001 USD were "
        "charged, 1.00 USD are owed to providers. 2 calls are open.\n"
    )
    assert run("ledger", "check", "--json") == 0
    assert json.loads(capsys.readouterr().out) == CHECK


def test_books_that_do_not_are_a_failure(run: Run, admin: FakeAdmin, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = {**CHECK, "ok": False, "faults": ["the balance of margin is 1 nanos; its postings sum to -63"]}
    admin.answers["GET /admin/v1/ledger/check"] = (200, wrong)
    assert run("ledger", "check") == 1
    said = capsys.readouterr().out
    assert said.startswith("The ledger does not add up (1,200 calls")
    assert "- the balance of margin" in said
    assert run("ledger", "check", "--json") == 1


def test_balances_of_every_page(run: Run, admin: FakeAdmin, capsys: pytest.CaptureFixture[str]) -> None:
    first = {"data": [{"account": "user:a", "nanos": -1_500_000_000}], "has_more": True}
    rest = {"data": [{"account": "user:b", "nanos": 1}], "has_more": False}
    admin.answers["GET /admin/v1/ledger/balances?account=user%3A&offset=0&limit=1000"] = (200, first)
    admin.answers["GET /admin/v1/ledger/balances?account=user%3A&offset=1&limit=1000"] = (200, rest)
    assert run("ledger", "balances", "--account", "user:") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[1:]] == [["user:a", "-1.50"], ["user:b", "0.000000001"]]
    assert run("ledger", "balances", "--account", "user:", "--json") == 0
    assert [row["nanos"] for row in json.loads(capsys.readouterr().out)] == [-1_500_000_000, 1]
