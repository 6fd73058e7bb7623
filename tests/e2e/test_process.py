"""The process as a whole: start, stop, crash, many open streams, both clients of the command line."""

import asyncio
import json
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.e2e.conftest import Running, running
from tests.fakes.http import connect, request
from tests.fakes.upstream import Fault, Upstream

NODE = Path(__file__).parent / "node"
CHAT = {"model": "mock", "messages": [{"role": "user", "content": "x"}], "stream": True}


def _attach(server: Running, up: Upstream) -> None:
    server.post("/admin/v1/targets", {"base_url": up.base_url, "model": "mock"})


async def _open_stream(port: int, key: str) -> asyncio.StreamWriter:
    """A stream that has begun, left open."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request(body=CHAT, key=key))
    await reader.readuntil(b"\n\n")
    return writer


def _rows(data: Path, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(data / "openhearth.db") as database:
        return list(database.execute(query))


def test_the_first_key_lies_in_a_private_file_and_works(server: Running) -> None:
    path = server.data / "first-key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert server.get("/v1/models")[0] == 200
    assert server.key in server.log()
    assert f"curl -N {server.url}/v1/chat/completions" in server.log()


def test_live_and_ready_answer_without_a_key(server: Running) -> None:
    for path in ("/health/live", "/health/ready"):
        with urllib.request.urlopen(server.url + path, timeout=5) as answer:
            assert answer.status == 200


def test_no_key_stands_in_the_database(server: Running) -> None:
    kept = b"".join(path.read_bytes() for path in server.data.glob("openhearth.db*"))
    assert server.key.encode() not in kept


async def test_a_kill_during_calls_leaves_no_open_reservation(tmp_path: Path) -> None:
    async with Upstream() as up:
        up.always = Fault(hold_chunks=asyncio.Event(), hold_after=1)
        with running(tmp_path / "data") as server:
            await asyncio.to_thread(_attach, server, up)
            port = int(server.url.rpartition(":")[2])
            writers = await asyncio.gather(*(_open_stream(port, server.key) for _ in range(20)))
            async with asyncio.timeout(10):
                while len(await asyncio.to_thread(_rows, server.data, "select 1 from reservations")) < 20:
                    await asyncio.sleep(0.05)
            server.process.kill()
            server.process.wait()
            for writer in writers:
                writer.close()
    with running(tmp_path / "data") as server:
        assert _rows(server.data, "select 1 from reservations") == []
        ended = _rows(server.data, "select outcome, charge_nanos from ledger")
        assert ended == [("interrupted", 0)] * 20
        assert server.get("/v1/models")[0] == 200


async def test_a_graceful_stop_lets_streams_finish_and_settles_them(tmp_path: Path) -> None:
    hold = asyncio.Event()
    async with Upstream() as up:
        up.always = Fault(hold_chunks=hold, hold_after=1)
        with running(tmp_path / "data") as server:
            await asyncio.to_thread(_attach, server, up)
            async with asyncio.timeout(20), connect(int(server.url.rpartition(":")[2])) as connection:
                await connection.send(request(body=CHAT, key=server.key))
                await connection.head()
                pieces = aiter(connection.chunks())
                await anext(pieces)
                server.process.send_signal(signal.SIGTERM)
                await asyncio.sleep(0.3)
                hold.set()
                rest = b"".join([piece async for piece in pieces])
            assert rest.endswith(b"data: [DONE]\n\n")
            await asyncio.to_thread(server.process.wait, 20)
            assert _rows(server.data, "select outcome from ledger") == [("ok",)]


async def test_two_thousand_open_streams_are_held_without_an_error(tmp_path: Path) -> None:
    hold = asyncio.Event()
    count = 2000
    async with Upstream() as up:
        up.always = Fault(hold_chunks=hold, hold_after=1)
        with running(tmp_path / "data", OPENHEARTH__UPSTREAM__POOL_PER_ORIGIN="4096") as server:
            await asyncio.to_thread(_attach, server, up)
            port = int(server.url.rpartition(":")[2])
            before = _resident_kb(server.process.pid)

            async def stream() -> bytes:
                async with connect(port, buffer_bytes=2**14) as connection:
                    await connection.send(request(body=CHAT, key=server.key))
                    status, _ = await connection.head()
                    assert status == 200
                    pieces = aiter(connection.chunks())
                    first = await anext(pieces)
                    begun.release()
                    return first + b"".join([piece async for piece in pieces])

            begun = asyncio.Semaphore(0)
            tasks = []
            for _ in range(0, count, 100):
                tasks += [asyncio.create_task(stream()) for _ in range(100)]
                for _ in range(100):
                    async with asyncio.timeout(30):
                        await begun.acquire()
            grown = _resident_kb(server.process.pid) - before
            hold.set()
            async with asyncio.timeout(60):
                bodies = await asyncio.gather(*tasks)
            assert all(body.endswith(b"data: [DONE]\n\n") for body in bodies)
            assert grown / count < 40, f"{grown / count:.1f} KB a stream"


def _resident_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def test_a_taken_port_is_said_clearly(server: Running, tmp_path: Path) -> None:
    port = server.url.rpartition(":")[2]
    done = subprocess.run(
        [sys.executable, "-m", "openhearth", "serve", "--port", port, "--data", str(tmp_path / "other")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert port in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_line_makes_and_disables_keys_on_the_running_server(server: Running) -> None:
    def run(*words: str) -> str:
        command = [sys.executable, "-m", "openhearth", *words, "--data", str(server.data)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout

    made = json.loads(run("key", "create", "--name", "ci", "--json"))
    other = Running(server.url, made["key"], server.data, server.process, 0.0)
    assert other.get("/v1/models")[0] == 200
    run("key", "disable", made["id"])
    with pytest.raises(OSError, match="401"):
        other.get("/v1/models")


@pytest.mark.skipif(shutil.which("npm") is None, reason="the Node client needs Node and npm")
def test_the_official_node_client_works(server: Running, tmp_path: Path) -> None:
    for name in ("package.json", "package-lock.json", "check.mjs"):
        shutil.copy(NODE / name, tmp_path / name)
    subprocess.run(
        ["npm", "ci", "--no-audit", "--no-fund", "--omit=optional"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        timeout=110,
    )
    done = subprocess.run(
        ["node", "check.mjs", server.url, server.key],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all well" in done.stdout
