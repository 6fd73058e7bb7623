"""A platform of its own for the tour: a free port, a data folder that is thrown away, no provider's key."""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

START_S = 60.0
STOP_S = 40.0


class Place(msgspec.Struct, frozen=True):
    """Where the platform listens, and a key for it."""

    url: str
    key: str


@contextmanager
def serving() -> Iterator[Place]:
    """Start ``openhearth serve``, wait for it, stop it at the end. Raises RuntimeError with its last words."""
    with tempfile.TemporaryDirectory(prefix="openhearth-tour-") as folder:
        data = Path(folder)
        url = f"http://127.0.0.1:{_free_port()}"
        clean = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
        with (data / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "openhearth", "serve", "--port", url.rpartition(":")[2], "--data", folder],
                env={**clean, "OPENHEARTH__FETCH__ALLOW_PRIVATE": "127.0.0.1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            _wait_ready(url, process, data / "log")
            yield Place(url, (data / "first-key").read_text(encoding="utf-8").strip())
        finally:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_ready(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/health/ready", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"The platform did not start:\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}")


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
