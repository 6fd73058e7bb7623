"""One child process: started with limits, listened to, ended for certain with everything it started."""

import asyncio
import contextlib
import os
import resource
import signal
import sys
from collections import deque
from collections.abc import Mapping
from pathlib import Path

import msgspec

from openhearth.engines.ports import EngineSpec

STOP_S = 5.0
LAST_WORDS_BYTES = 4096
ADDRESS_SPACE_FACTOR = 2


class Child:
    """A running engine. Use ``spawn``; always end with ``stop``. ``is_leaving``: it was told to."""

    def __init__(self, process: asyncio.subprocess.Process, socket: Path) -> None:
        self._process = process
        self._socket = socket
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
        _limit(process.pid, spec.memory_bytes * ADDRESS_SPACE_FACTOR)
        return cls(process, socket)

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
        text = b"".join(self._said)[-LAST_WORDS_BYTES:].decode("utf-8", "replace").strip()
        return f" Its last words: {' / '.join(text.splitlines()[-3:])}" if text else ""

    def _kill_family(self) -> None:
        """A worker that outlives its parent would keep its memory."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def _listen(self) -> None:
        assert self._process.stderr is not None
        while data := await self._process.stderr.read(LAST_WORDS_BYTES):
            self._said.append(data)


def _limit(pid: int, address_space_bytes: int) -> None:
    if hasattr(resource, "prlimit"):
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_AS, (address_space_bytes, address_space_bytes))
            resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))
            os.setpriority(os.PRIO_PROCESS, pid, 5)
