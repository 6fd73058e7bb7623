"""One child process: started with limits, listened to, ended for certain with everything it started."""

import asyncio
import contextlib
import os
import re
import resource
import signal
import sys
from collections import deque
from collections.abc import Mapping
from pathlib import Path

import msgspec

from openhearth.engines.ports import EngineSpec
from openhearth.telemetry.log import Log

STOP_S = 5.0
LAST_WORDS_BYTES = 4096
ADDRESS_SPACE_FACTOR = 2
NICENESS = 5
GATHER_S = 0.1  # a traceback is written a few letters at a time
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Child:
    """A running engine. Use ``spawn``; always end with ``stop``. ``is_leaving``: it was told to."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, socket: Path) -> None:
        self._name = name
        self._process = process
        self._socket = socket
        self._log = Log("engines")
        self._said = deque[bytes](maxlen=64)
        self._listening = asyncio.create_task(self._listen(), name=f"stderr-{process.pid}")
        self.is_leaving = False

    @classmethod
    async def spawn(cls, spec: EngineSpec, socket: Path, environ: Mapping[str, str]) -> "Child":
        """Start ``spec``'s module as the leader of its own session. Raises OSError."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", spec.module),
            *("--socket", str(socket), "--settings", msgspec.json.encode(spec.settings).decode()),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=dict(environ),
            start_new_session=True,
        )
        limit(process.pid, spec.memory_bytes * ADDRESS_SPACE_FACTOR)
        return cls(spec.name, process, socket)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_over(self) -> bool:
        """True as soon as the process has ended, which is a moment before anybody is told."""
        if self._process.returncode is not None:
            return True
        try:
            return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:
            return True  # the event loop's watcher has it already

    async def ended(self, timeout_s: float) -> bool:
        """Wait for the end, at most so long; whether it came."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), timeout_s)
        return self._process.returncode is not None

    async def kill(self) -> None:
        """End it now, and what it has started."""
        self._kill_family()
        await self._process.wait()

    async def stop(self) -> None:
        """Ask it to leave, end it if it does not, let go of everything. May be called again after it was cut off."""
        self.is_leaving = True
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
            await self.ended(STOP_S)
        await self.kill()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._listening.cancel()
        await asyncio.wait({self._listening})
        self._socket.unlink(missing_ok=True)

    async def how_it_ended(self) -> str:
        """The signal or exit code, and its last words."""
        await asyncio.wait({self._listening}, timeout=1.0)
        code = self._process.returncode or 0
        how = f"was ended by {signal.Signals(-code).name}." if code < 0 else f"ended with exit code {code}."
        return how + self.words()

    def words(self) -> str:
        text = _plain(b"".join(self._said)[-LAST_WORDS_BYTES:])
        lines = [line.strip() for line in text.splitlines() if line.strip(" ^~")]
        return f" Its last words: {' / '.join(lines[-3:])}" if lines else ""

    def _kill_family(self) -> None:
        """A worker that outlives its parent would keep its memory."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def _listen(self) -> None:
        assert self._process.stderr is not None
        words = b""
        data: bytes | None = None
        while data != b"":
            try:
                data = await asyncio.wait_for(self._process.stderr.read(LAST_WORDS_BYTES), GATHER_S if words else None)
            except TimeoutError:
                data = None
            if data:
                self._said.append(data)
                words += data
            if words and (not data or len(words) >= LAST_WORDS_BYTES):
                self._log.info("engine says", engine=self._name, text=_plain(words))
                words = b""


def _plain(words: bytes) -> str:
    """Without the colours that some libraries write."""
    return _COLOUR.sub("", words.decode("utf-8", "replace")).strip()


def limit(pid: int, address_space_bytes: int) -> None:
    """What the server's own limits leave: a stricter one, or a lower priority, is never raised."""
    if hasattr(resource, "prlimit"):
        with contextlib.suppress(ProcessLookupError):
            _, most = resource.prlimit(pid, resource.RLIMIT_AS)
            space = address_space_bytes if most == resource.RLIM_INFINITY else min(address_space_bytes, most)
            resource.prlimit(pid, resource.RLIMIT_AS, (space, space))
            resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))
            os.setpriority(os.PRIO_PROCESS, pid, max(NICENESS, os.getpriority(os.PRIO_PROCESS, pid)))
