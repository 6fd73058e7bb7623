"""Starting a server program for tests, as another user where it refuses to run as root, and never leaving it behind."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

START_S = 120.0


def free_port() -> int:
    """A port that the kernel gives to nobody else for the next minute: its last connection, closed here first, still
    waits on it, and only a server that asks for this very port may have it."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        with socket.create_connection(listener.getsockname()):
            listener.accept()[0].close()
        return int(listener.getsockname()[1])


def runner(user: str = "") -> list[str]:
    """What goes before a command so that it ends with this process and, started by root, runs as ``user``."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return []
    words = [setpriv, "--pdeathsig", "KILL"]
    if user and os.geteuid() == 0:
        words += ["--reuid", user, "--regid", user, "--clear-groups"]
    return words


def folder_for(user: str = "") -> Path:
    """A folder of its own outside pytest's, which other users may not enter."""
    folder = Path(tempfile.mkdtemp(prefix="openhearth-test-"))
    if user and os.geteuid() == 0:
        shutil.chown(folder, user, user)
    return folder


class Program:
    """A server process that can be stopped, frozen and started again in its folder."""

    def __init__(self, command: Sequence[str], folder: Path, answers: Callable[[], bool]) -> None:
        self._command = command
        self._folder = folder
        self._answers = answers
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self._folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        end = time.monotonic() + START_S
        while not self._answers():
            assert self._process.poll() is None, self.log()
            assert time.monotonic() < end, self.log()
            time.sleep(0.05)

    def stop(self, how: signal.Signals) -> None:
        """Send ``how`` and wait; kill what does not end."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGCONT)
        self._process.send_signal(how)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def log(self) -> str:
        return (self._folder / "log").read_text(errors="replace")
