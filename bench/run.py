"""The benchmark: every contender alone on loopback, before the same mock upstream, under the same load.

Run as ``make bench``, or ``python -m bench.run --only openhearth,nginx --seconds 5``. What counts is processor time per
request: it hardly depends on what else the machine does. Compare ratios within one run, not numbers between runs.
"""

import argparse
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from bench.contenders import ALL, ROOT, WORK, Contender, Plan, Skipped, wait_ready
from bench.load import Job, Result
from bench.measure import cpu_s, resident_bytes
from bench.report import TITLES, Measured, Report, Row, as_markdown, as_text

_READY_S = 120.0
_WARM_S = (1.0, 4.0, 15.0)
_IDLE_STREAMS = 1000
_TEXT = "Tell me in a few words what a hearth is, and why a house without one used to be cold in the winter. "


def _chat(model: str, *, text: str, stream: bool) -> str:
    body = {"model": model, "messages": [{"role": "user", "content": text}], "stream": stream, "temperature": 0.7}
    return msgspec.json.encode(body).decode()


def _scenarios(model: str) -> dict[str, tuple[str, int]]:
    """Body and connections per scenario."""
    return {
        "chat": (_chat(model, text=_TEXT * 3, stream=False), 32),
        "stream": (_chat(model, text=_TEXT * 3, stream=True), 32),
        "paced": (_chat(model, text="bench-paced " + _TEXT * 3, stream=True), 64),
        "large": (_chat(model, text=_TEXT * 2000, stream=False), 16),
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _started(command: list[str], env: dict[str, str], log: Path, core: int | None) -> Iterator[subprocess.Popen[bytes]]:
    """A process of its own group, kept on one core, stopped with its children at the end."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            preexec_fn=None if core is None else lambda: os.sched_setaffinity(0, {core}),
        )
    try:
        yield process
    finally:
        for sign in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(process.pid, sign)
                process.wait(timeout=10)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue


def _load(job: Job, core: int | None) -> Result:
    """Run one job to its end in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        cwd=ROOT,
        input=msgspec.json.encode(job) + b"\n",
        stdout=subprocess.PIPE,
        preexec_fn=None if core is None else lambda: os.sched_setaffinity(0, {core}),
        check=True,
    )
    return msgspec.json.decode(done.stdout, type=Result)


def _row(job: Job, pid: int, seconds: float, core: int | None) -> Row:
    """Warm up, then measure. Raises Skipped when the answers are wrong."""
    for warm_s in _WARM_S:  # some need longer before their first right answer
        warm = _load(msgspec.structs.replace(job, seconds=warm_s), core)
        if warm.answered and not warm.errors:
            break
    else:
        raise Skipped(f"wrong answers: {warm.first_error or 'none came'}")
    before = cpu_s(pid)
    result = _load(msgspec.structs.replace(job, seconds=seconds), core)
    used = cpu_s(pid) - before
    return Row(
        cpu_us=used / max(1, result.answered) * 1e6,
        per_s=result.answered / result.seconds,
        p50_ms=result.p50_ms,
        p99_ms=result.p99_ms,
        errors=result.errors,
    )


def _idle(job: Job, pid: int) -> tuple[int, float]:
    """Open streams that stay silent: how many were open, and KiB of memory for each."""
    before = resident_bytes(pid)
    holder = subprocess.Popen(
        [sys.executable, "-m", "bench.load"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    try:
        holder.stdin.write(msgspec.json.encode(job) + b"\n")
        holder.stdin.flush()
        result = msgspec.json.decode(holder.stdout.readline(), type=Result)
        time.sleep(1.0)
        grown = resident_bytes(pid) - before
    finally:
        holder.stdin.close()
        holder.wait(timeout=30)
    return result.answered, grown / 1024 / max(1, result.answered)


def _measure(
    contender: Contender, plan: Plan, port: int, seconds: float, cores: tuple[int | None, int | None]
) -> Measured:
    began = time.monotonic()
    with _started(plan.command, plan.env, WORK / f"{contender.name}.log", cores[0]) as process:
        wait_ready(port, plan.ready, process, _READY_S)
        measured = Measured(name=contender.name, ready_s=time.monotonic() - began)
        headers = plan.prepare() if plan.prepare else plan.headers
        measured.idle_mb = resident_bytes(process.pid) / 1e6
        for name, (body, connections) in _scenarios(plan.model).items():
            job = Job(port, plan.path, headers, body, connections)
            try:
                measured.rows[name] = _row(job, process.pid, seconds, cores[1])
            except Skipped as reason:
                measured.failed[TITLES[name]] = str(reason)
        measured.busy_mb = resident_bytes(process.pid) / 1e6
        body = _chat(plan.model, text="bench-idle " + _TEXT, stream=True)
        idle = Job(port, plan.path, headers, body, _IDLE_STREAMS, hold=True)
        measured.streams, measured.stream_kib = _idle(idle, process.pid)
    return measured


def _contend(contender: Contender, seconds: float, report: Report) -> None:
    """Measure one contender into ``report``, with an upstream of its own."""
    port, upstream_port = _free_port(), _free_port()
    cores: tuple[int | None, int | None] = (0, 1) if (os.cpu_count() or 1) > 1 else (None, None)
    print(f"{contender.name}: {contender.about} …", flush=True)
    upstream = [sys.executable, "-m", "bench.upstream", str(upstream_port)]
    try:
        plan = contender.plan(port, upstream_port)
        with _started(upstream, {}, WORK / "upstream.log", cores[1]) as process:
            wait_ready(upstream_port, "/v1/models", process, 20)
            report.measured.append(_measure(contender, plan, port, seconds, cores))
    except (Skipped, subprocess.SubprocessError, OSError) as reason:
        report.skipped[contender.name] = str(reason)
        print(f"  left out: {reason}", flush=True)


def main() -> int:
    words = argparse.ArgumentParser(description="Measure gateways side by side.")
    words.add_argument("--only", default="", help="names, separated by commas")
    words.add_argument("--seconds", type=float, default=8.0, help="for each scenario")
    words.add_argument("--markdown", type=Path, help="write the tables there as well")
    words.add_argument("--list", action="store_true", help="list the contenders")
    options = words.parse_args()
    if options.list:
        print("\n".join(f"{contender.name:<12} {contender.about}" for contender in ALL))
        return 0
    only = set(options.only.split(",")) - {""}
    if unknown := only - {contender.name for contender in ALL}:
        words.error(f"unknown: {', '.join(sorted(unknown))}")
    WORK.mkdir(parents=True, exist_ok=True)
    report = Report(command=" ".join(["make bench", *(f'ARGS="{" ".join(sys.argv[1:])}"' for _ in sys.argv[1:2])]))
    for contender in ALL:
        if not only or contender.name in only:
            _contend(contender, options.seconds, report)
    print(as_text(report))
    if options.markdown:
        options.markdown.write_text(as_markdown(report), encoding="utf-8")
    return 0 if report.measured else 1


if __name__ == "__main__":
    sys.exit(main())
