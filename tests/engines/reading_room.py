"""The real reader of documents in its process, asked over its socket."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from typing_extensions import override

from openhearth.core.documents import Document, DocumentRequest, Options, Reading, Service
from openhearth.engines.read_document.ocr.regions import MODEL_FILE
from openhearth.engines.read_document.settings import LAYOUT_PACK, ReadSettings
from tests.pictures.packed import pack_file

START_S = 90.0
PATIENCE_S = 180.0


class Refused(Exception):
    """The reader refused; ``status`` and ``error`` as it said."""

    def __init__(self, status: int, error: dict[str, Any]) -> None:
        super().__init__(error.get("message"))
        self.status = status
        self.error = error


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("engine", timeout=PATIENCE_S)
        self._path = path

    @override
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(PATIENCE_S)
        self.sock.connect(self._path)


class Room:
    """One engine process."""

    def __init__(self, path: str, pid: int) -> None:
        self.path = path
        self.pid = pid

    def read(self, service: Service, data: bytes, name: str = "", mime: str = "", **options: Any) -> Reading:
        """One document. Raises Refused."""
        status, body = self.ask("POST", "/read", request(service, data, name, mime, **options))
        if status != 200:
            raise Refused(status, msgspec.json.decode(body)["error"])
        return msgspec.msgpack.decode(body, type=Reading)

    def health(self) -> dict[str, Any]:
        found: dict[str, Any] = msgspec.json.decode(self.ask("GET", "/health")[1])
        return found

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        connection = _Connection(self.path)
        try:
            connection.request(method, path, body, {"content-type": "application/msgpack"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def workers(self) -> list[int]:
        """Processes that the engine started."""
        return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]


def request(service: Service, data: bytes, name: str = "", mime: str = "", **options: Any) -> bytes:
    """The body of a call."""
    asked = DocumentRequest(service, Document(data, name, mime), Options(**options), frozenset(options))
    return msgspec.msgpack.encode(asked)


@contextmanager
def open_room(folder: Path, **changes: Any) -> Iterator[Room]:
    """The engine, started and ended."""
    layout = str(pack_file(LAYOUT_PACK, MODEL_FILE).parent)
    settings = ReadSettings(layout=layout, threads=1, **changes)
    path = str(folder / "read.sock")
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "openhearth.engines.read_document", "--socket", path, "--settings",
         msgspec.json.encode(settings).decode()],
        stdin=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    try:
        room = Room(path, process.pid)
        _wait(room, process)
        yield room
    finally:
        process.terminate()
        process.wait(timeout=30)
        assert process.stdin is not None
        process.stdin.close()


def _wait(room: Room, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        assert process.poll() is None, "the engine ended at once"
        try:
            if room.ask("GET", "/health")[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError("the engine did not become ready")
