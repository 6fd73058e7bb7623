"""A model hub of our own: Hugging Face's and ModelScope's URL forms, a redirect to a content network, and every way in
which a download can go wrong."""

import contextlib
import hashlib
import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from typing_extensions import override

COMMIT = "0123456789abcdef0123456789abcdef01234567"
DATA = bytes(range(256)) * 4096
FORM = re.compile(r"(/models)?/(?P<repo>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<file>.+)")


class SmallHub(ThreadingHTTPServer):
    """``files`` maps ``repo/file`` to bytes. ``faults`` are used up one per request for content: ``cut`` ends the
    answer half way, ``503`` refuses, ``whole`` ignores the range, ``hang`` says nothing for a while."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {"org/model/weights.bin": DATA}
        self.faults: list[str] = []
        self.said_hash: str | None = None
        self.redirects = "cdn"
        self.asked: list[tuple[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @override
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is part of the game."""


@contextlib.contextmanager
def small_hub() -> Iterator[SmallHub]:
    with SmallHub() as hub:
        thread = threading.Thread(target=hub.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield hub
        hub.shutdown()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: SmallHub

    @override
    def log_message(self, format: str, *args: object) -> None: ...

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.end_headers()

    def do_GET(self) -> None:
        hub = self.server
        hub.asked.append((self.path, self.headers.get("Range", "")))
        if self.path.startswith("/cdn/"):
            self._content(hub.files[self.path.removeprefix("/cdn/")])
            return
        found = FORM.fullmatch(self.path)
        data = hub.files.get(f"{found['repo']}/{found['file']}") if found else None
        if found is None or data is None or found["revision"] not in (COMMIT, "main"):
            self.send_error(403 if "gated" in self.path else 404)
        elif hub.redirects == "cdn":
            self.send_response(302)
            said = hashlib.sha256(data).hexdigest() if hub.said_hash is None else hub.said_hash
            if said:
                self.send_header("X-Linked-Etag", f'"{said}"')
            self.send_header("X-Linked-Size", str(len(data)))
            self.send_header(
                "Location", f"http://localhost:{hub.server_address[1]}/cdn/{found['repo']}/{found['file']}"
            )
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif hub.redirects:
            self.send_response(302)
            self.send_header("Location", hub.redirects)
            self.end_headers()
        else:
            self._content(data)

    def _content(self, data: bytes) -> None:
        fault = self.server.faults.pop(0) if self.server.faults else ""
        if fault == "503":
            self.send_error(503)
            return
        if fault == "hang":
            time.sleep(1.5)
            return
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(asked[1]) if asked and fault != "whole" else 0
        if start >= len(data):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - start))
        if self.server.redirects == "" and self.server.said_hash:
            self.send_header("ETag", f'"{self.server.said_hash}"')
        self.end_headers()
        end = start + (len(data) - start) // 2 if fault == "cut" else len(data)
        self.wfile.write(data[start:end])
