"""Prices of a running server: a call costs what the table says when it is made, and the table says who changed it."""

import json
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from typing_extensions import override

from tests.e2e.conftest import Running

_PATIENCE_S = 30.0


class _Upstream(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        usage = {"prompt_tokens": 100, "completion_tokens": 10, "prompt_tokens_details": {"cached_tokens": 40}}
        message = {"role": "assistant", "content": "hi"}
        choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
        said = json.dumps({"id": "x", "object": "chat.completion", "choices": choices, "usage": usage}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def upstream() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Upstream) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join()


def _run(server: Running, *words: str) -> str:
    command = [sys.executable, "-m", "openhearth", *words, "--data", str(server.data)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


def _costs(server: Running, model: str, count: int) -> list[int]:
    """What the ledger says calls of ``model`` cost, once there are ``count`` of them."""
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end:
        database = sqlite3.connect(f"file:{server.data / 'openhearth.db'}?mode=ro", uri=True)
        found = database.execute("SELECT charge_nanos FROM ledger WHERE model = ? ORDER BY effect", (model,)).fetchall()
        database.close()
        if len(found) >= count:
            return [row[0] for row in found]
        time.sleep(0.02)
    raise AssertionError(f"not {count} calls of {model} in the ledger")


def test_calls_cost_what_the_table_says_when_they_are_made(server: Running, upstream: str) -> None:
    model = "priced-model"
    made = server.post("/admin/v1/targets", {"base_url": upstream, "model": model})
    call = {"model": model, "messages": [{"role": "user", "content": "hi"}]}
    server.post("/v1/chat/completions", call)
    _run(server, "price", "set", model, "--input", "2.50", "--cached", "1.25", "--output", "10")
    server.post("/v1/chat/completions", call)
    _run(server, "price", "set", "*", "--target", str(made["id"]), "--request", "0.01", "--note", "flat")
    server.post("/v1/chat/completions", call)
    # 60 x 2.50 + 40 x 1.25 + 10 x 10 dollars a million; then a cent a call.
    assert _costs(server, model, 3) == [0, 300_000, 10_000_000]
    history = json.loads(_run(server, "price", "history", model, "--json"))
    assert [(row["model"], row["source"]) for row in history] == [(model, "operator")]
    assert history[0]["changed_by"].startswith("key_")
    assert "2.50" in _run(server, "price", "list", model)


def test_a_known_provider_comes_with_prices_and_a_list_can_be_brought_elsewhere(server: Running, upstream: str) -> None:
    server.post("/admin/v1/targets", {"base_url": upstream, "provider": "groq", "model": "llama-for-prices"})
    listed = _run(server, "price", "list", "--provider", "groq", "--json")
    rows = json.loads(listed)
    assert len(rows) > 10
    assert all(row["source"].startswith("genai-prices") and row["changed_by"] == "seed" for row in rows)
    file = server.data / "groq.json"
    file.write_text(json.dumps(rows[:3]), encoding="utf-8")
    assert _run(server, "price", "import", str(file)) == "3 prices added.\n"
    assert (
        sum(
            row["source"] == "groq.json"
            for row in json.loads(_run(server, "price", "list", "--provider", "groq", "--json"))
        )
        == 3
    )
