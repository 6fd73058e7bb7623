"""A running server explains a call, signs its receipt and compares itself with a bill, all by the command line."""

import json
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typing_extensions import override

from tests.e2e.conftest import Running

MODEL = "receipted-model"


class _Upstream(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        usage = {"prompt_tokens": 100, "completion_tokens": 10, "prompt_tokens_details": {"cached_tokens": 40}}
        choices = [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}]
        answer = {"id": "x", "object": "chat.completion", "model": "m-2026-11-01", "choices": choices, "usage": usage}
        said = json.dumps(answer).encode()
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


def _run(server: Running, *words: str, exits: int = 0) -> str:
    command = [sys.executable, "-m", "openhearth", *words, "--data", str(server.data)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == exits, done.stderr
    return done.stdout


def test_a_call_is_explained_receipted_and_reconciled(server: Running, upstream: str, tmp_path: Path) -> None:
    made = server.post("/admin/v1/targets", {"base_url": upstream, "model": MODEL})
    _run(server, "price", "set", MODEL, "--input", "2.50", "--cached", "1.25", "--output", "10")
    request = json.dumps({"model": MODEL, "messages": [{"role": "user", "content": "hi"}]}).encode()
    asked = urllib.request.Request(
        f"{server.url}/v1/chat/completions",
        data=request,
        headers={
            "authorization": f"Bearer {server.key}",
            "content-type": "application/json",
            "x-openhearth-receipt": "true",
        },
    )
    with urllib.request.urlopen(asked, timeout=60) as opened:
        answer, call = opened.read(), opened.headers["x-request-id"]
        assert opened.headers["x-openhearth-receipt"] == f"/v1/calls/{call}/receipt"
    # At once: the call is settled and may not be in the database yet.
    _, _, generation = server.get(f"/v1/generation?id={call}")
    assert json.loads(generation)["data"]["total_cost"] == 0.0003
    assert "Charged: 0.0003 USD." in _run(server, "explain", call)

    (tmp_path / "request").write_bytes(request)
    (tmp_path / "answer").write_bytes(answer)
    receipt = tmp_path / "receipt.json"
    receipt.write_text(_run(server, "receipt", "get", call), encoding="utf-8")
    key = _run(server, "receipt", "key").strip()
    files = ["--request", str(tmp_path / "request"), "--answer", str(tmp_path / "answer"), "--key", key, "--json"]
    check = [sys.executable, "-m", "openhearth", "receipt", "verify", str(receipt), *files]
    done = subprocess.run(check, check=True, capture_output=True, text=True, timeout=120)
    payload = json.loads(done.stdout)["payload"]
    assert (payload["call_id"], payload["model_returned"]) == (call, "m-2026-11-01")
    assert (payload["target_id"], payload["charge_nanos"]) == (made["id"], 300_000)

    _, _, one = server.get(f"/v1/calls/{call}")
    day = json.loads(one)["created"][:10]
    bill = tmp_path / "bill.csv"
    bill.write_text(f"date,model,cost,requests\n{day},{MODEL},0.0003,1\n", encoding="utf-8")
    words = ["reconcile", str(bill), "--target", str(made["id"]), "--from", day, "--to", day, "--tolerance", "0"]
    _run(server, *words)
    bill.write_text(f"date,model,cost,requests\n{day},{MODEL},0.0004,1\n", encoding="utf-8")
    assert "-0.0001" in _run(server, *words, exits=1)
