"""What a reader's process has given up, tried from inside of it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROBE = """
import json, os, socket, subprocess, sys, threading
from openhearth.engines.read_document.sandbox import confine, spend

granted = confine([sys.argv[1]], memory_bytes=2 * 1024**3)
tried = {}

def attempt(name, what):
    try:
        tried[name] = f"allowed: {what()!r}"[:60]
    except OSError as error:
        tried[name] = "denied"

attempt("socket", lambda: socket.socket())
attempt("connect", lambda: socket.create_connection(("127.0.0.1", 9), timeout=2))
attempt("fork", os.fork)
attempt("program", lambda: subprocess.run([sys.executable, "-c", ""], check=False))
attempt("write", lambda: open(sys.argv[2], "w"))
attempt("read", lambda: open(sys.argv[3]).read())
attempt("own model", lambda: open(os.path.join(sys.argv[1], "model")).read())
thread = threading.Thread(target=lambda: tried.update(thread="allowed"))
thread.start()
thread.join()
try:
    bytearray(3 * 1024**3)
    tried["memory"] = "allowed"
except MemoryError:
    tried["memory"] = "denied"
spend(1000)
os.write(1, json.dumps({"granted": granted, "tried": tried}).encode())
"""


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    folder = tmp_path_factory.mktemp("probe")
    models = folder / "models"
    models.mkdir()
    (models / "model").write_text("weights")
    (folder / "secret").write_text("first key")
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROBE, str(models), str(folder / "made"), str(folder / "secret")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        timeout=100,
        check=True,
        env={"PYTHONPATH": str(Path(__file__).parents[2] / "src"), "PATH": "/usr/bin:/bin"},
    )
    found: dict[str, dict[str, str]] = json.loads(done.stdout)
    return found


def test_what_it_needs_still_works(probe: dict[str, dict[str, str]]) -> None:
    assert probe["tried"]["own model"] == "allowed: 'weights'"
    assert probe["tried"]["thread"] == "allowed"


def test_memory_is_bounded_everywhere(probe: dict[str, dict[str, str]]) -> None:
    assert "limits" in probe["granted"]
    assert probe["tried"]["memory"] == "denied"


@pytest.mark.parametrize(
    ("part", "what"),
    [
        ("calls", "socket"), ("calls", "fork"), ("calls", "program"), ("files", "write"), ("files", "read"),
        ("network", "connect"),
    ],
)  # fmt: skip
def test_what_it_gave_up_is_gone(probe: dict[str, dict[str, str]], part: str, what: str) -> None:
    if part not in probe["granted"]:
        pytest.skip(f"this kernel does not grant '{part}'")
    assert probe["tried"][what] == "denied"
