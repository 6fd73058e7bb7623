"""What every engine's process does the same way: arguments, a private socket, and leaving when it should.

A child must never outlive its parent. It watches its standard input, which closes when the parent dies, however it
dies; and it finishes within ``GRACE_S`` of SIGTERM even if native code hangs.
"""

import argparse
import os
import socket
import threading
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec
import uvicorn
from typing_extensions import override

GRACE_S = 5.0

Message = MutableMapping[str, Any]
App = Callable[[MutableMapping[str, Any], Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Any]
Build = Callable[[dict[str, object]], App]


def run(build: Build, arguments: Sequence[str]) -> None:
    """Parse ``--socket PATH --settings JSON``, build the app from the settings and serve it until told to stop."""
    parser = argparse.ArgumentParser(description="An engine of OpenHearth. The engine host starts it.")
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--settings", default="{}")
    options = parser.parse_args(arguments)
    settings = msgspec.json.decode(options.settings, type=dict[str, object])
    serve(build(settings), options.socket)


def serve(app: App, socket_path: Path) -> None:
    """Serve ``app`` on a Unix socket only this user can open; returns after SIGTERM or when stdin closes."""
    config = uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        lifespan="auto",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=3600,
        timeout_graceful_shutdown=int(GRACE_S) - 1,
    )
    server = _Server(config)
    listener = _listen(socket_path)
    threading.Thread(target=_leave_with_parent, args=(server,), name="parent-watch", daemon=True).start()
    try:
        server.run(sockets=[listener])
    finally:
        socket_path.unlink(missing_ok=True)


def _listen(path: Path) -> socket.socket:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    listener.listen(512)
    return listener


class _Server(uvicorn.Server):
    """Leaves for certain: a hung native call cannot keep the process after the grace."""

    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.leave()
        super().handle_exit(sig, frame)

    def leave(self) -> None:
        last_resort = threading.Timer(GRACE_S, os._exit, args=(1,))
        last_resort.daemon = True
        last_resort.start()
        self.should_exit = True


def _leave_with_parent(server: _Server) -> None:
    try:
        while os.read(0, 4096):
            pass
    except OSError:
        pass
    server.leave()
