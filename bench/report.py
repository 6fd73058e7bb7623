"""The tables: one per scenario, with ratios to nginx and to the Go proxy of the same run."""

import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

TITLES = {
    "chat": "0.4 KB chat",
    "stream": "50-chunk stream, as fast as it goes",
    "paced": "50-chunk stream, a chunk every 5 ms",
    "large": "200 KB body",
}
_REFERENCES = ("nginx", "go-proxy")
_ABOUT = """# Benchmarks

Every contender runs alone on loopback, on one core, before the same mock upstream; load and upstream share the other
cores. What counts is the contender's processor time per request, its children and threads included: it says what a
request costs and hardly depends on what else the machine does. Requests per second and latencies depend on the machine
and on the load tool; compare ratios within one run, not numbers between runs. OpenHearth runs with everything on that
production has: keys, quotas, reservation and settlement of every call into a durable ledger, routing, health, metrics.
"""


class Row(msgspec.Struct, frozen=True):
    """One contender in one scenario. ``cpu_us`` is its processor time per request, children included."""

    cpu_us: float
    per_s: float
    p50_ms: float
    p99_ms: float
    errors: int


class Measured(msgspec.Struct):
    """Everything measured of one contender."""

    name: str
    ready_s: float
    idle_mb: float = 0.0
    busy_mb: float = 0.0
    streams: int = 0
    stream_kib: float = 0.0
    rows: dict[str, Row] = {}
    failed: dict[str, str] = {}


class Report(msgspec.Struct):
    """One run."""

    command: str
    measured: list[Measured] = []
    skipped: dict[str, str] = {}


def as_text(report: Report) -> str:
    """The tables for a terminal."""
    parts = [machine(), ""]
    for title, head, rows in _tables(report):
        widths = [max(len(line[at]) for line in (head, *rows)) for at in range(len(head))]
        parts += [
            title,
            *("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in (head, *rows)),
            "",
        ]
    return "\n".join(parts + _left_out(report))


def as_markdown(report: Report) -> str:
    """The tables as a page, with date, machine and command."""
    parts = [_ABOUT, f"Measured on {time.strftime('%Y-%m-%d')} on {machine()}, with `{report.command}`.", ""]
    for title, head, rows in _tables(report):
        parts += [f"## {title}", "", _line(head), _line(["---"] * len(head)), *map(_line, rows), ""]
    return "\n".join(parts + [f"- {line}" for line in _left_out(report)]).rstrip() + "\n"


def machine() -> str:
    """The class of machine: processor, cores, memory, Python."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return f"{os.cpu_count()} cores ({model}), {memory:.0f} GB, Python {platform.python_version()}"


def _tables(report: Report) -> list[tuple[str, list[str], list[list[str]]]]:
    tables = [_scenario(report, name, title) for name, title in TITLES.items()]
    head = ["contender", "ready after s", "memory MB", "memory MB after load", "open streams", "KiB per open stream"]
    rows = [
        [
            m.name,
            f"{m.ready_s:.2f}",
            f"{m.idle_mb:.0f}",
            f"{m.busy_mb:.0f}",
            str(m.streams),
            f"{m.stream_kib:.1f}" if m.streams else "-",
        ]
        for m in report.measured
    ]
    return [*tables, ("Start, memory, 1,000 idle open streams", head, rows)]


def _scenario(report: Report, name: str, title: str) -> tuple[str, list[str], list[list[str]]]:
    measured = {m.name: m.rows[name] for m in report.measured if name in m.rows}
    head = ["contender", "CPU µs per request", "requests/s", "p50 ms", "p99 ms"]
    references = [reference for reference in _REFERENCES if reference in measured]
    rows = []
    for contender, row in sorted(measured.items(), key=lambda pair: pair[1].cpu_us):
        cells = [contender, f"{row.cpu_us:,.0f}", f"{row.per_s:,.0f}", f"{row.p50_ms:.2f}", f"{row.p99_ms:.2f}"]
        cells += [f"{row.cpu_us / measured[reference].cpu_us:.2f}" for reference in references]
        rows.append(cells + ([f"{row.errors} errors"] if row.errors else []))
    head += [f"× {reference}" for reference in references]
    width = max((len(row) for row in rows), default=len(head))
    padded = [row + [""] * (width - len(row)) for row in rows]
    return title, head + [""] * (width - len(head)), padded


def _left_out(report: Report) -> list[str]:
    lines = [f"Left out: {name}: {reason}" for name, reason in report.skipped.items()]
    return lines + [f"{m.name}, {title}: {reason}" for m in report.measured for title, reason in m.failed.items()]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
