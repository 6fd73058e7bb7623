"""How much memory there is, and how much of it each engine's family of processes holds.

Engines may start workers. A family is found by its session: the host starts each engine as the leader of one.
"""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

SHARE = 0.6
_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


class Families:
    """Memory by session. One look at the process table serves all who ask within ``kept_s``."""

    def __init__(
        self, kept_s: float = 3.0, proc: Path = Path("/proc"), clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._kept_s = kept_s
        self._proc = proc
        self._clock = clock
        self._seen: dict[int, int] = {}
        self._seen_at = -1e9

    def bytes_of(self, leader: int) -> int:
        """What a session's leader and its descendants hold; 0 where the system does not tell."""
        alone = self._resident(leader, with_shared=True)
        if self._clock() - self._seen_at > self._kept_s:
            self._look()
        return alone + self._seen.get(leader, 0)

    def _look(self) -> None:
        seen: dict[int, int] = {}
        for pid, session in self._sessions():
            if pid != session:
                seen[session] = seen.get(session, 0) + self._resident(pid, with_shared=False)
        self._seen, self._seen_at = seen, self._clock()

    def _sessions(self) -> Iterator[tuple[int, int]]:
        try:
            names = [entry for entry in os.listdir(self._proc) if entry.isdigit()]
        except OSError:
            return
        own = os.getsid(0)
        for name in names:
            try:
                text = (self._proc / name / "stat").read_text(encoding="ascii", errors="replace")
                session = int(text.rpartition(")")[2].split()[3])
            except (OSError, ValueError, IndexError):
                continue
            if session != own:
                yield int(name), session

    def _resident(self, pid: int, *, with_shared: bool) -> int:
        """Pages in memory; those that a worker shares (libraries, what was there before a fork) are its leader's."""
        try:
            fields = (self._proc / str(pid) / "statm").read_text(encoding="ascii").split()
            pages = int(fields[1]) - (0 if with_shared else int(fields[2]))
        except (OSError, IndexError, ValueError):
            return 0
        return pages * os.sysconf("SC_PAGE_SIZE")


def default_budget() -> int:
    """Six tenths of the memory this machine, or the container we run in, has."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for path in _LIMITS:
        try:
            limit = int(Path(path).read_text(encoding="ascii"))
        except (OSError, ValueError):
            continue
        total = min(total, limit)
    return int(total * SHARE)
