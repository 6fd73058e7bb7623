"""A Valkey server, or Redis, whichever Debian's package is there, on a port of its own."""

import os
import shutil
import signal
import socket
from itertools import count

from tests.servers.processes import Program, folder_for, free_port, runner

PACKAGE = "valkey-server (or redis-server)"
_SETTINGS = ("--bind", "127.0.0.1", "--databases", "10000", "--save", "3600 1", "--appendonly", "no")


def found() -> str | None:
    return shutil.which("valkey-server") or shutil.which("redis-server")


class Valkey:
    """One server. It writes its data to disk at every stop in good order, and is restarted with it."""

    def __init__(self, program: str) -> None:
        self._folder = folder_for()
        self.port = free_port()
        self._numbers = count()
        self._program = Program(
            [*runner(), program, "--port", str(self.port), "--dir", str(self._folder), *_SETTINGS],
            self._folder,
            self._answers,
        )

    def start(self) -> None:
        self._program.start()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """SIGTERM: its data is kept; SIGKILL: it is lost."""
        self._program.stop(how)

    def freeze(self) -> None:
        os.kill(self._program.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self._program.pid, signal.SIGCONT)

    def remove(self) -> None:
        self.stop(signal.SIGKILL)
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self) -> str:
        """The address of an empty database of its own."""
        return f"valkey://127.0.0.1:{self.port}/{next(self._numbers)}"

    def command(self, *words: str) -> bytes:
        """One answer, as the server writes it."""
        with socket.create_connection(("127.0.0.1", self.port), 10) as sock:
            sock.sendall(
                f"*{len(words)}\r\n".encode() + b"".join(b"$%d\r\n%s\r\n" % (len(w), w.encode()) for w in words)
            )
            return sock.recv(65536)

    def _answers(self) -> bool:
        try:
            return self.command("PING").startswith(b"+PONG")
        except OSError:
            return False
