"""What a process and all its children have used, from /proc."""

import os
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def family(pid: int) -> list[int]:
    """``pid`` and every living descendant."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields:
                parents[int(entry.name)] = int(fields[1])
    found = [pid]
    for member in found:
        found += [child for child, parent in parents.items() if parent == member]
    return found


def cpu_s(pid: int) -> float:
    """Processor time of the family so far, with children that have ended and were waited for."""
    ticks = 0
    for member in family(pid):
        fields = _stat(member)
        ticks += sum(int(fields[at]) for at in (11, 12, 13, 14)) if fields else 0
    return ticks / _TICKS_PER_S


def resident_bytes(pid: int) -> int:
    """Memory of the family. Pages shared between its members are counted once where the kernel says which they are."""
    return sum(_proportional_bytes(member) for member in family(pid))


def _proportional_bytes(pid: int) -> int:
    folder = Path("/proc") / str(pid)
    try:
        for line in (folder / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return int((folder / "statm").read_text().split()[1]) * _PAGE_BYTES
    except OSError:
        return 0


def _stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat from the state on (proc(5)): 1 parent, 11–14 user, system and waited-for ticks."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
