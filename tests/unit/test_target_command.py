"""``openhearth target set|health`` and ``openhearth routing``: what is sent, what is shown."""

import io
import json
from typing import Any

import pytest

from tests.unit.test_cli import FakeAdmin, Run, admin, run

__all__ = ["admin", "run"]
HEALTH: dict[str, Any] = {
    "object": "list",
    "retries": 2,
    "data": [
        {
            "id": "target_1", "provider": "p", "model": "m", "state": "half_open", "priority": 0, "weight": 1,
            "open": 3, "waiting": 7, "successes": 10, "failed": 5, "failures": 5,
            "last_error": "fell", "until": 1_700_000_000.0,
            "first_byte_ms": {"p50": 120, "p95": 900, "samples": 10},
            "limits": {"concurrency": 3, "rpm": 0, "tpm": 0, "first_token_s": 0.0},
        },
    ],
}  # fmt: skip


def test_what_is_said_is_changed_and_nothing_else(admin: FakeAdmin, run: Run) -> None:
    admin.answers["PATCH /admin/v1/targets/t1"] = (200, {"id": "t1"})
    assert run("target", "set", "t1", "--weight", "0", "--rpm", "60", "--first-token-s", "2.5", "--disable") == 0
    assert admin.asked[-1][2] == {"weight": 0, "rpm": 60, "first_token_s": 2.5, "enabled": False}
    assert run("target", "set", "t1", "--enable", "--key", "env:A_KEY") == 0
    assert admin.asked[-1][2] == {"enabled": True, "key": "env:A_KEY"}
    assert run("target", "set", "t1") == 2
    assert run("target", "set", "t1", "--enable", "--disable") == 2


def test_a_target_is_attached_with_its_bounds(admin: FakeAdmin, run: Run) -> None:
    admin.answers["POST /admin/v1/targets"] = (201, {"id": "t1", "model": "m", "base_url": "u"})
    words = ["--base-url", "https://a.test/v1", "--concurrency", "4", "--tpm", "90000"]
    assert run("target", "add", *words) == 0
    body = admin.asked[-1][2]
    assert (body["concurrency"], body["tpm"]) == (4, 90000)
    assert not {"rpm", "first_token_s"} & set(body)


def test_a_key_may_come_by_standard_input(admin: FakeAdmin, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    admin.answers["POST /admin/v1/targets"] = (201, {"id": "t1", "model": "m", "base_url": "u"})
    admin.answers["PATCH /admin/v1/targets/t1"] = (200, {"id": "t1"})
    for words in (("add", "--base-url", "https://a.test/v1"), ("set", "t1")):
        monkeypatch.setattr("sys.stdin", io.StringIO("sk-secret\n"))
        assert run("target", *words, "--key", "-") == 0
        assert admin.asked[-1][2]["key"] == "sk-secret"


def test_health_is_a_table_or_json(admin: FakeAdmin, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    admin.answers["GET /v1/targets/health"] = (200, HEALTH)
    assert run("target", "health") == 0
    shown = capsys.readouterr().out
    for text in ("target_1", "half_open", "120", "900", "7", "fell", "2023-11-14 22:13"):
        assert text in shown
    assert run("target", "health", "--json") == 0
    assert json.loads(capsys.readouterr().out) == HEALTH


def test_rules_are_put_listed_and_removed(admin: FakeAdmin, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    rule = {"model": "org/m", "strategy": "affinity", "fallbacks": ["a", "b"], "source": "data"}
    admin.answers["PUT /admin/v1/routing/org/m"] = (200, rule)
    admin.answers["GET /admin/v1/routing"] = (200, {"object": "list", "data": [rule]})
    admin.answers["DELETE /admin/v1/routing/org/m"] = (200, {"model": "org/m", "deleted": True})
    assert run("routing", "set", "org/m", "--strategy", "affinity", "--fallback", "a, b") == 0
    assert admin.asked[-1][2] == {"strategy": "affinity", "fallbacks": ["a", "b"]}
    assert run("routing", "set", "org/m") == 2
    assert run("routing", "set", "org/m", "--strategy", "luck") == 2
    assert run("routing", "list") == 0
    assert "affinity" in capsys.readouterr().out
    assert run("routing", "remove", "org/m") == 0
