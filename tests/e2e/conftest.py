"""A real server in a process of its own, started as a user would, with a data folder that is thrown away."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from tests.servers.processes import free_port, runner

START_S = 120.0


class Running(msgspec.Struct):
    """One server process."""

    url: str
    key: str
    data: Path
    process: "subprocess.Popen[bytes]"
    ready_s: float

    def wait_ready(self) -> None:
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            assert self.process.poll() is None, self.log()
            try:
                with urllib.request.urlopen(f"{self.url}/health/ready", timeout=5) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.02)
        raise AssertionError(f"not ready after {START_S} s: {self.log()}")

    def log(self) -> str:
        return (self.data / "server.log").read_text(errors="replace")

    def get(self, path: str) -> tuple[int, dict[str, str], bytes]:
        request = urllib.request.Request(self.url + path, headers={"authorization": f"Bearer {self.key}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()

    def post(self, path: str, body: object) -> dict[str, object]:
        request = urllib.request.Request(
            self.url + path,
            data=json.dumps(body).encode(),
            headers={"authorization": f"Bearer {self.key}", "content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            value = json.loads(answer.read())
        assert isinstance(value, dict)
        return value


@contextmanager
def running(data: Path, **environ: str) -> Iterator[Running]:
    """Start ``openhearth serve`` on ``data`` and stop it at the end."""
    port = free_port()
    data.mkdir(mode=0o700, exist_ok=True)
    clean = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    started = time.monotonic()
    log = (data / "server.log").open("ab")
    process = subprocess.Popen(
        [*runner(), sys.executable, "-m", "openhearth", "serve", "--port", str(port), "--data", str(data)],
        env={**clean, **environ},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
    )
    server = Running(f"http://127.0.0.1:{port}", "", data, process, 0.0)
    try:
        server.wait_ready()
        server.ready_s = time.monotonic() - started
        server.key = (data / "first-key").read_text().strip()
        yield server
    finally:
        log.close()
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One server for all tests that only use it. It lives to the end of the run, its engines no longer than needed."""
    settings = {
        "OPENHEARTH__FETCH__ALLOW_PRIVATE": "127.0.0.1",
        "OPENHEARTH__ALIASES": "openai",
        "OPENHEARTH__ENGINES__IDLE_UNLOAD_S": "30",
    }
    with running(tmp_path_factory.mktemp("data"), **settings) as started:
        yield started
