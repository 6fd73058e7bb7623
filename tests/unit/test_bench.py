"""The benchmark's own parts: load and upstream understand each other, processes are measured, tables are complete."""

import asyncio
import os
import time

import msgspec
import pytest
from typing_extensions import override

from bench.load import Job, Load, Result
from bench.measure import cpu_s, family, resident_bytes
from bench.report import TITLES, Measured, Report, Row, as_markdown, as_text
from bench.run import _scenarios
from bench.upstream import Upstream

ROW = Row(cpu_us=50.0, per_s=1000.0, p50_ms=1.0, p99_ms=2.0, errors=0)


class Watched(Upstream):
    """An upstream connection that says when it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.closed = asyncio.Event()

    @override
    def connection_lost(self, error: Exception | None) -> None:
        self.closed.set()


async def _result(job: Job) -> Result:
    """What ``job`` sees of an upstream of its own; all connections are closed afterwards."""
    seen: list[Watched] = []

    def accepted() -> Watched:
        seen.append(Watched())
        return seen[-1]

    async with await asyncio.get_running_loop().create_server(accepted, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        result = await Load(msgspec.structs.replace(job, port=port)).run()
        for connection in seen:
            await connection.closed.wait()
    return result


@pytest.mark.parametrize("name", TITLES)
async def test_load_gets_right_answers_from_the_upstream(name: str) -> None:
    body, _ = _scenarios("mock")[name]
    result = await _result(Job(0, "/v1/chat/completions", {}, body, 2, seconds=0.5))
    assert result.answered > 0
    assert (result.errors, result.first_error) == (0, "")


async def test_load_counts_a_wrong_answer() -> None:
    body, _ = _scenarios("mock")["chat"]
    result = await _result(Job(0, "/v1/x", {}, body, 1, seconds=0.1, marker="not there"))
    assert result.answered == 0
    assert result.errors > 0


def test_bodies_have_the_promised_sizes() -> None:
    sizes = {name: len(body) for name, (body, _) in _scenarios("mock").items()}
    assert 350 < sizes["chat"] < 450
    assert 190_000 < sizes["large"] < 210_000


def test_a_process_is_measured() -> None:
    before = cpu_s(os.getpid())
    end = time.process_time() + 0.05
    while time.process_time() < end:
        pass
    assert family(os.getpid())[0] == os.getpid()
    assert 0.02 < cpu_s(os.getpid()) - before < 5
    assert resident_bytes(os.getpid()) > 5_000_000


def test_tables_name_everybody_and_compare_with_nginx() -> None:
    cheap = Row(cpu_us=25.0, per_s=2000.0, p50_ms=1.0, p99_ms=2.0, errors=0)
    report = Report(
        command="make bench",
        measured=[
            Measured(name="nginx", ready_s=0.1, rows=dict.fromkeys(TITLES, cheap)),
            Measured(name="openhearth", ready_s=0.5, rows=dict.fromkeys(TITLES, ROW), streams=10, stream_kib=12.5),
        ],
        skipped={"gomodel": "not available"},
    )
    for text in (as_text(report), as_markdown(report)):
        assert text.count("openhearth") >= len(TITLES) + 1
        assert "2.00" in text
        assert "12.5" in text
        assert "gomodel: not available" in text
