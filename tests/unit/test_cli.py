"""The command line: what it sends to the server, what it prints, how it exits."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from openhearth.cli import main, plain_options
from openhearth.commands.check import as_toml, redacted
from openhearth.config import Config, Engines, Replacement, Upstream, load

Run = Callable[..., int]


class FakeAdmin(ThreadingHTTPServer):
    """Answers the admin surface from a table and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, tuple[int, Any]] = {}
        self.asked: list[tuple[str, str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: FakeAdmin

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.server.asked.append((self.command, self.path, json.loads(body) if body else None))
        status, value = self.server.answers.get(f"{self.command} {self.path}", (404, None))
        if self.headers["authorization"] != "Bearer the-first-key":
            status, value = 401, {"error": {"message": "Unknown key."}}
        said = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = answer

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Quiet: pytest's output is not an access log."""


@pytest.fixture
def admin() -> Iterator[FakeAdmin]:
    with FakeAdmin() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def run(admin: FakeAdmin, tmp_path: Path) -> Run:
    (tmp_path / "server.json").write_text(json.dumps({"url": admin.url, "pid": 1}), encoding="utf-8")
    (tmp_path / "first-key").write_text("the-first-key\n", encoding="utf-8")
    return lambda *words: main([*words, "--data", str(tmp_path)])


def test_key_create_sends_limits_and_prints_the_key_once(
    admin: FakeAdmin, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    admin.answers["POST /admin/v1/keys"] = (201, {"id": "key_1", "name": "bot", "key": "sk-new"})
    words = ("--quota", "2.50", "--expires", "30d", "--model", "a", "--model", "b*", "--moderate", "both")
    assert run("key", "create", "bot", *words) == 0
    assert admin.asked == [
        (
            "POST",
            "/admin/v1/keys",
            {
                "name": "bot",
                "is_admin": False,
                "models": ["a", "b*"],
                "quota_micros": 2_500_000,
                "expires_in_s": 2_592_000,
                "moderate": "both",
            },
        )
    ]
    assert capsys.readouterr().out.splitlines()[0] == "sk-new"


@pytest.mark.parametrize(
    "words",
    [("--quota", "much"), ("--quota", "-1"), ("--quota", "0.0000001"), ("--expires", "soon"), ("--moderate", "some")],
)
def test_key_create_refuses_what_is_no_amount_or_time(admin: FakeAdmin, run: Run, words: tuple[str, ...]) -> None:
    assert run("key", "create", "bot", *words) == 2
    assert admin.asked == []


def test_key_list_prints_rows_and_json(admin: FakeAdmin, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"id": "key_1", "name": "bot", "disabled": False, "created_at": 0, "models": ["a"]}]
    admin.answers["GET /admin/v1/keys"] = (200, {"object": "list", "data": rows})
    assert run("key", "list") == 0
    assert "key_1" in capsys.readouterr().out
    assert run("key", "list", "--json") == 0
    assert json.loads(capsys.readouterr().out) == rows


def test_key_set_finds_the_key_by_its_name(admin: FakeAdmin, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    found = [{"id": "key_1", "name": "bot"}]
    admin.answers["GET /admin/v1/keys?search=bot"] = (200, {"object": "list", "data": found})
    admin.answers["PATCH /admin/v1/keys/key_1"] = (200, {"id": "key_1", "name": "bot", "moderate": "both"})
    assert run("key", "set", "bot", "--moderate", "both") == 0
    assert admin.asked[-1] == ("PATCH", "/admin/v1/keys/key_1", {"moderate": "both"})
    assert "both" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ("key", "disable", "nobody"),
        ("key", "set", "nobody", "--moderate", "off"),
        ("key", "rotate", "twin"),
        ("key", "disable", "key_9"),
        ("user", "disable", "nobody"),
        ("project", "archive", "nobody"),
    ],
)
def test_what_the_server_does_not_have_is_exit_code_1(admin: FakeAdmin, run: Run, words: tuple[str, ...]) -> None:
    """Whether it is named by a name or an id, and whoever finds out: 2 is for words that no server could understand."""
    for name, found in (("nobody", []), ("twin", [{"id": "key_2", "name": "twin"}, {"id": "key_3", "name": "twin"}])):
        admin.answers[f"GET /admin/v1/keys?search={name}"] = (200, {"object": "list", "data": found})
    assert run(*words) == 1


def test_key_disable_names_the_key(admin: FakeAdmin, run: Run) -> None:
    found = [{"id": "key_1", "name": "bot"}]
    admin.answers["GET /admin/v1/keys?search=key_1"] = (200, {"object": "list", "data": found})
    admin.answers["POST /admin/v1/keys/key_1/disable"] = (200, {"id": "key_1", "disabled": True})
    assert run("key", "disable", "key_1") == 0
    assert admin.asked[-1] == ("POST", "/admin/v1/keys/key_1/disable", None)


def test_target_add_finds_the_provider_of_an_address(admin: FakeAdmin, run: Run) -> None:
    admin.answers["POST /admin/v1/targets"] = (201, {"id": "target_1", "model": "m", "base_url": "u"})
    words = ("--base-url", "https://api.deepseek.com", "--model", "m", "--key", "env:KEY", "--weight", "3")
    assert run("target", "add", *words) == 0
    assert admin.asked[0][2] == {
        "provider": "deepseek",
        "base_url": "https://api.deepseek.com",
        "model": "m",
        "upstream_model": "",
        "key": "env:KEY",
        "weight": 3,
        "priority": 0,
    }


def test_target_add_knows_the_address_of_a_provider(admin: FakeAdmin, run: Run) -> None:
    admin.answers["POST /admin/v1/targets"] = (201, {"id": "target_1", "model": "*", "base_url": "u"})
    assert run("target", "add", "--provider", "groq", "--key", "k") == 0
    assert admin.asked[0][2]["base_url"] == "https://api.groq.com/openai/v1"


@pytest.mark.parametrize("words", [(), ("--provider", "nobody")])
def test_target_add_needs_an_address(admin: FakeAdmin, run: Run, words: tuple[str, ...]) -> None:
    assert run("target", "add", *words) == 2
    assert admin.asked == []


def test_target_test_fails_when_one_target_does(admin: FakeAdmin, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    admin.answers["GET /admin/v1/targets"] = (200, {"data": [{"id": "good"}, {"id": "bad"}]})
    admin.answers["POST /admin/v1/targets/good/test"] = (200, {"ok": True, "latency_ms": 12, "models": 3})
    admin.answers["POST /admin/v1/targets/bad/test"] = (200, {"ok": False, "error": "refused"})
    assert run("target", "test") == 1
    out = capsys.readouterr().out
    assert "ok    good  answers in 12 ms, lists 3 models" in out
    assert "FAIL  bad  refused" in out
    assert run("target", "test", "good") == 0


def test_target_test_of_an_engine_says_how_long_it_took_to_load(
    admin: FakeAdmin, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    probe = {"ok": True, "latency_ms": 2101, "models": 0, "error": "", "state": "ready", "load_s": 2.1}
    admin.answers["POST /admin/v1/targets/local-edit/test"] = (200, probe)
    assert run("target", "test", "local-edit") == 0
    assert "ok    local-edit  engine is ready, loaded in 2.1 s" in capsys.readouterr().out


def test_target_remove_deletes(admin: FakeAdmin, run: Run) -> None:
    admin.answers["DELETE /admin/v1/targets/t1"] = (200, {"id": "t1", "deleted": True})
    assert run("target", "remove", "t1") == 0


def test_the_servers_own_words_are_shown(admin: FakeAdmin, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    admin.answers["DELETE /admin/v1/targets/t1"] = (404, {"error": {"message": "There is no target 't1'."}})
    assert run("target", "remove", "t1") == 1
    assert "There is no target 't1'." in capsys.readouterr().err


def test_check_tests_the_targets_of_the_running_server(
    admin: FakeAdmin, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    admin.answers["GET /admin/v1/targets"] = (200, {"data": [{"id": "bad", "model": "m", "base_url": "u"}]})
    admin.answers["POST /admin/v1/targets/bad/test"] = (200, {"ok": False, "error": "no route"})
    assert run("check") == 1
    out = capsys.readouterr().out
    assert "[server]" in out
    assert "FAIL  bad m u  no route" in out


def test_no_server_is_exit_code_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["key", "list", "--data", str(tmp_path)]) == 3
    assert str(tmp_path) in capsys.readouterr().err


def test_a_server_that_has_gone_is_exit_code_3(admin: FakeAdmin, run: Run) -> None:
    admin.shutdown()
    admin.server_close()
    assert run("key", "list") == 3


@pytest.mark.parametrize("words", [("nonsense",), ("key", "create"), ("serve", "--nope", "1"), ("packs", "fetch")])
def test_wrong_use_is_exit_code_2(words: tuple[str, ...]) -> None:
    assert main(words) == 2


def test_a_wrong_setting_is_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("[server]\nprot = 1\n", encoding="utf-8")
    assert main(["check", "--config", str(path)]) == 2
    assert "prot" in capsys.readouterr().err


def test_an_authority_file_that_cannot_be_read_is_a_wrong_setting(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(f'[upstream]\nca_file = "{tmp_path}/absent.pem"\n', encoding="utf-8")
    words = ["serve", "--config", str(path), "--data", str(tmp_path / "data"), "--port", "0"]
    assert main(words) == 2
    assert "absent.pem" in capsys.readouterr().err


def test_plain_options_of_serve_need_no_library() -> None:
    assert plain_options(["--port", "9", "--data=/x"]) == {"port": "9", "data": "/x"}
    assert plain_options([]) == {}


@pytest.mark.parametrize("words", [["--help"], ["--port"], ["9"], ["--nope", "1"], ["--port="]])
def test_anything_else_is_left_to_the_library(words: list[str]) -> None:
    assert plain_options(words) is None


def test_shown_settings_hold_no_password_and_are_settings_again() -> None:
    config = Config(upstream=Upstream(proxy="http://user:hunter2@proxy.test:3128"), aliases={"gpt-4o": "local"})
    text = "\n".join(as_toml(redacted(config)))
    assert "hunter2" not in text
    assert 'proxy = "http://…@proxy.test:3128"' in text
    assert '[aliases]\ngpt-4o = "local"' in text


def test_shown_settings_can_be_loaded_again_whatever_they_hold(tmp_path: Path) -> None:
    replace = {"whisper-base": Replacement(url="http://gpu.lan/v1", model="turbo", key="env:K")}
    config = Config(aliases={"gpt-4o": "a.b"}, engines=Engines(replace=replace))
    path = tmp_path / "shown.toml"
    path.write_text("\n".join(as_toml(redacted(config))), encoding="utf-8")
    assert load(path, {}) == config
