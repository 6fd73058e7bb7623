"""``openhearth redeem``: what codes are worth, and in which state they are shown."""

import time
from typing import Any

import pytest

from tests.unit.test_cli import FakeAdmin, Run, admin, run

__all__ = ["admin", "run"]


def test_a_code_is_worth_whole_units(admin: FakeAdmin, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    admin.answers["POST /api/redemption/"] = (200, {"success": True, "message": "", "data": ["c0de"]})
    assert run("redeem", "create", "0.000002") == 0
    assert admin.asked[-1][2]["quota"] == 1
    assert run("redeem", "create", "0.000001") == 2
    assert "whole units of 0.000002 USD" in capsys.readouterr().err


def test_a_code_that_is_past_is_not_shown_as_good(
    admin: FakeAdmin, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    code: dict[str, Any] = {
        "id": 1, "name": "n", "quota": 500_000, "status": 1, "created_time": 1, "expired_time": 0,
        "used_user_id": 0, "redeemed_time": 0, "key": "c0de",
    }  # fmt: skip
    past, later = int(time.time()) - 5, int(time.time()) + 500
    rows = [
        code,
        {**code, "expired_time": past},
        {**code, "expired_time": later},
        {**code, "status": 3, "expired_time": past},
    ]
    data = {"items": rows, "total": len(rows), "page": 1, "page_size": 100}
    admin.answers["GET /api/redemption/?p=1&page_size=100"] = (200, {"success": True, "message": "", "data": data})
    assert run("redeem", "list") == 0
    said = capsys.readouterr().out.splitlines()[1:]
    assert [next(word for word in ("unused", "expired", "used") if word in line) for line in said] == [
        "unused",
        "expired",
        "unused",
        "used",
    ]
