"""The commands about access against a running server: what a person types, and what then is so."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from openhearth.cli import main
from tests.e2e.conftest import Running, running

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("data"), OPENHEARTH__ENGINES__ENABLED="false") as started:
        yield started


Say = Callable[..., Any]


@pytest.fixture
def say(server: Running, capsys: pytest.CaptureFixture[str]) -> Say:
    """Runs a command; what it printed as JSON."""

    def run(*words: str) -> Any:
        capsys.readouterr()
        assert main([*words, "--json", "--data", str(server.data)]) == 0, capsys.readouterr().err
        return json.loads(capsys.readouterr().out)

    return run


def test_a_keys_life(server: Running, say: Say) -> None:
    bounds = (
        "--quota",
        "2.50",
        "--day",
        "1",
        "--week",
        "2",
        "--month",
        "3",
        "--rpm",
        "60",
        "--tpm",
        "9",
        "--concurrency",
        "4",
    )
    lists = ("--models", "a,b*", "--operations", "chat, image*", "--ips", "10.0.0.0/8,::1")
    made = say("key", "create", "--name", "bot", *bounds, *lists, "--cache", "10m", "--expires", "30d")
    assert made["key"].startswith("sk-oh-")
    assert (made["quota_micros"], made["day_micros"], made["week_micros"], made["month_micros"]) == (
        2_500_000, 1_000_000, 2_000_000, 3_000_000,
    )  # fmt: skip
    assert (made["rpm"], made["tpm"], made["concurrency"], made["cache_s"]) == (60, 9, 4, 600)
    assert (made["models"], made["operations"], made["ips"]) == (
        ["a", "b*"], ["chat", "image*"], ["10.0.0.0/8", "::1"],
    )  # fmt: skip
    changed = say("key", "change", "bot", "--rpm", "none", "--day", "5", "--ips", "none", "--rename", "bot two")
    assert (changed["rpm"], changed["day_micros"], changed["ips"], changed["tpm"]) == (None, 5_000_000, [], 9)
    rotated = say("key", "rotate", "bot two", "--overlap", "1h")
    assert (rotated["id"], rotated["key"] != made["key"]) == (made["id"], True)
    assert say("key", "disable", "bot two")["disabled"] is True
    assert say("key", "enable", made["id"])["disabled"] is False
    (row,) = say("key", "list", "--search", "bot two")
    assert (row["id"], "key" in row) == (made["id"], False)


def test_a_users_life(server: Running, say: Say) -> None:
    made = say("user", "create", "ann", "--month", "5", "--email", "a@b.c")
    assert len(made["password"]) >= 32
    assert say("user", "change", "ann", "--rpm", "3", "--email", "none")["email"] == ""
    for amount, paid in (("25", 25_000_000), ("25", 25_000_000), ("-5", 20_000_000)):
        effect = ("--effect", "invoice") if amount == "25" else ()
        assert say("user", "topup", "ann", amount, *effect)["quota_micros"] == paid
    assert say("user", "disable", "ann")["disabled"] is True
    assert say("user", "enable", str(made["number"]))["disabled"] is False
    words = [
        sys.executable,
        "-m",
        "openhearth",
        "user",
        "password",
        "ann",
        "--password-stdin",
        "--data",
        str(server.data),
    ]
    done = subprocess.run(words, input="a password of mine\n", text=True, capture_output=True, check=True, timeout=60)
    assert "has a new password" in done.stdout
    assert "a password of mine" not in done.stdout
    assert len(say("user", "password", "root")["password"]) >= 32
    assert [row["username"] for row in say("user", "list", "--search", "ann")] == ["ann"]
    assert say("user", "delete", "ann")["deleted"] is True
    assert [row["username"] for row in say("user", "list")] == ["root"]


def test_organisations_projects_groups_and_models(server: Running, say: Say) -> None:
    assert say("org", "create", "Acme", "--id", "org_acme", "--month", "100")["month_micros"] == 100_000_000
    assert say("org", "change", "org_acme", "--rename", "Acme Ltd", "--month", "none")["month_micros"] is None
    assert say("org", "disable", "org_acme")["disabled"] is True
    assert say("org", "enable", "org_acme")["name"] == "Acme Ltd"
    assert [row["id"] for row in say("org", "list")] == ["org_default", "org_acme"]
    project = say("project", "create", "site", "--org", "org_acme", "--models", "m*", "--day", "1")
    assert say("project", "change", project["id"], "--models", "none")["models"] == []
    assert say("project", "archive", project["id"])["archived"] is True
    assert say("project", "restore", project["id"])["archived"] is False
    assert [row["id"] for row in say("project", "list", "--org", "org_acme")] == [project["id"]]
    assert say("group", "create", "vip", "--ratio", "0.8", "--open")["ratio_ppm"] == 800_000
    changed = say("group", "change", "vip", "--ratio", "1.25", "--models", "a,b", "--open=false")
    assert (changed["ratio_ppm"], changed["models"], changed["open"]) == (1_250_000, ["a", "b"], False)
    assert {row["name"] for row in say("group", "list")} == {"default", "vip"}
    assert say("group", "delete", "vip")["deleted"] is True
    assert say("model", "limit", "a/b", "--rpm", "5")["rpm"] == 5
    assert [row["model"] for row in say("model", "limits")] == ["a/b"]
    assert say("model", "limit", "a/b")["rpm"] is None


def test_the_log_and_the_master_key(server: Running, say: Say) -> None:
    assert say("secrets", "rotate")["unreadable"] == 0
    newest = say("audit", "list", "--limit", "1")[0]
    assert (newest["action"], newest["on"]) == ("secrets.rotate", "master-key")
    assert say("audit", "list", "--before", str(newest["number"]), "--limit", "1")[0]["number"] == newest["number"] - 1
    assert say("audit", "check")["ok"] is True


def test_the_command_lines_own_key_goes_on_when_it_is_rotated(server: Running, say: Say, capsys: Any) -> None:
    file = server.data / "first-key"
    before = file.read_text()
    other = say("key", "rotate", say("key", "create", "other", "--admin")["id"])
    assert file.read_text() == before
    for more in ((), ("--overlap", "1h")):
        made = say("key", "rotate", "first key", *more)
        assert file.read_text().strip() == made["key"]
        assert file.stat().st_mode & 0o777 == 0o600
    assert say("key", "list", "--search", "first key")[0]["id"] == made["id"]
    assert main(["key", "disable", "first key", "--data", str(server.data)]) == 1
    assert "the key you are calling with" in capsys.readouterr().err
    where = ("--admin-key", other["key"])
    made = say("key", "rotate", other["id"], *where)
    assert file.read_text().strip() != made["key"]


def test_a_key_named_like_an_id(server: Running, say: Say) -> None:
    one = say("key", "create", "key_ci")
    twin = say("key", "create", one["id"])
    assert say("key", "disable", "key_ci")["id"] == one["id"]
    assert say("key", "disable", one["id"])["id"] == one["id"]
    assert say("key", "list", "--search", twin["id"])[0]["disabled"] is False


def test_the_address_may_be_that_of_clients(server: Running, say: Say) -> None:
    assert [row["username"] for row in say("user", "list", "--search", "root", "--url", f"{server.url}/v1/")] == [
        "root"
    ]


def test_what_is_removed_can_be_told_in_json(server: Running, say: Say, capsys: Any) -> None:
    made = say("target", "add", "--base-url", "http://127.0.0.1:9/v1", "--model", "up")
    assert say("target", "remove", made["id"]) == {"id": made["id"], "deleted": True}
    say("routing", "set", "up", "--strategy", "latency")
    assert say("routing", "remove", "up") == {"model": "up", "deleted": True}
    for words in (("remove", "a b"), ("set", "a?c=d", "--weight", "2"), ("test", "a b")):
        capsys.readouterr()
        assert main(["target", *words, "--data", str(server.data)]) == 1
        told = capsys.readouterr()
        assert "There is no target" in told.err + told.out, words


@pytest.mark.parametrize(
    "words",
    [
        ("key", "create", "x", "--rpm", "many"),
        ("key", "create", "x", "--quota", "1e999999999"),
        ("key", "change", "first key"),
        ("user", "change", "root"),
        ("user", "topup", "root", "much"),
        ("group", "create", "x", "--ratio", "-1"),
        ("org", "change", "org_default"),
        ("key", "list", "--url", "localhost"),
        ("key", "list", "--url", "http://[bad"),
        ("key", "list", "--url", "http://a b"),
        ("key", "list", "--admin-key", "ключ"),
    ],
)
def test_what_is_no_use_is_told(server: Running, words: tuple[str, ...], tmp_path: Path) -> None:
    assert main([*words, "--data", str(server.data)]) == 2


def test_tables_are_for_people(server: Running, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (
        ("key", "list"),
        ("user", "list"),
        ("org", "list"),
        ("group", "list"),
        ("audit", "list"),
        ("audit", "check"),
    ):
        assert main([*words, "--data", str(server.data)]) == 0
        assert capsys.readouterr().out.strip()
