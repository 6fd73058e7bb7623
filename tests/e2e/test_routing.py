"""Targets of a running server: changed, doubled, broken, stood in for, all by commands, and seen in its health."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from typing_extensions import override

from tests.e2e.conftest import Running


class _Upstream(ThreadingHTTPServer):
    """Answers chats as long as it is ``well``."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.well = True
        self.models: list[str] = []

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: _Upstream

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.models.append(asked["model"])
        choices = [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}]
        usage = {"prompt_tokens": 1, "completion_tokens": 1}
        said = {"id": "x", "object": "chat.completion", "model": asked["model"], "choices": choices, "usage": usage}
        body = json.dumps(said if self.server.well else {"error": {"message": "no", "code": "fell"}}).encode()
        self.send_response(200 if self.server.well else 500)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@contextmanager
def upstream() -> Iterator[_Upstream]:
    with _Upstream() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def command(server: Running, *words: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "openhearth", *words, "--data", str(server.data), "--json"],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)


def chat(server: Running, model: str) -> tuple[int, dict[str, str], dict[str, Any]]:
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "hi"}]}).encode()
    headers = {"authorization": f"Bearer {server.key}", "content-type": "application/json"}
    request = urllib.request.Request(f"{server.url}/v1/chat/completions", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, {k.lower(): v for k, v in answer.headers.items()}, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, {k.lower(): v for k, v in error.headers.items()}, json.loads(error.read())


def health(server: Running, target_id: str) -> dict[str, Any]:
    rows = command(server, "target", "health")["data"]
    return next(row for row in rows if row["id"] == target_id)


def test_a_model_fails_is_stood_in_for_is_shut_and_comes_back(server: Running) -> None:
    with upstream() as big, upstream() as small:
        words = ["--model", "routed-big", "--concurrency", "8"]
        first = command(server, "target", "add", "--base-url", big.base_url, *words)["id"]
        command(server, "target", "add", "--base-url", small.base_url, "--model", "routed-small")
        status, headers, _ = chat(server, "routed-big")
        assert (status, headers["x-openhearth-target"]) == (200, first)
        assert health(server, first)["first_byte_ms"]["samples"] == 1

        big.well = False
        assert chat(server, "routed-big")[0] == 502
        command(server, "routing", "set", "routed-big", "--fallback", "routed-small")
        for _ in range(5):
            status, headers, answer = chat(server, "routed-big")
            assert (status, headers["x-openhearth-model"]) == (200, "routed-small; fallback-for=routed-big")
            assert answer["model"] == "routed-small"
        asked = len(big.models)
        row = health(server, first)
        assert (row["state"], row["last_error"], row["limits"]["concurrency"]) == ("open", "fell", 8)
        assert asked == 6  # one that worked, five that did not: then it was left alone
        assert set(small.models) == {"routed-small"}

        big.well = True
        rules = command(server, "routing", "list")
        assert [rule["fallbacks"] for rule in rules if rule["model"] == "routed-big"] == [["routed-small"]]
        changed = command(server, "target", "set", first, "--weight", "3", "--rpm", "600")
        assert (changed["weight"], changed["rpm"], changed["concurrency"]) == (3, 600, 8)
        command(server, "target", "set", first, "--disable")
        assert chat(server, "routed-big")[0] == 404
        command(server, "target", "set", first, "--enable")
