"""How long questions about usage take among millions of calls: ``make bench-usage ARGS="--rows 10000000"``.

Builds a database (SQLite in ``--folder``, or an empty one at ``--url``), asks every question many times with names
drawn as often as they occur, prints a table and removes what it built. ``--keep`` leaves the file for the next run.
"""

import argparse
import asyncio
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Index, create_engine, inspect, make_url, text

from bench.processor import Processor
from bench.usage_rows import DAYS, KEYS, ORGS, PROJECTS, RARE_ERROR, RARE_KEY, RARE_MODEL, TARGETS, USERS, build
from openhearth.accounts.usage import Keeper, Usage
from openhearth.config import UsageKeeping
from openhearth.core.ids import OrderedIds
from openhearth.stores.ports import LedgerEntry
from openhearth.stores.sql import ledger
from openhearth.stores.sql.database import Database
from openhearth.stores.sql.tables import LEDGER
from openhearth.stores.sql.usage import SqlUsage
from openhearth.stores.usage_ports import DAY_S, CallFilter, Scope

UNTIL = 1_795_305_600.0  # a midnight; the calls are of the ninety days before
NOW = UNTIL - 8 * 3600.0  # when it is asked: today is not over, and nothing of it added up
_BUDGET_MS = 300
_BATCHES, _BATCH_ROWS = 200, 100
_BYTES_A_ROW = 700
_Question = Callable[[Usage, random.Random], Awaitable[object]]


def questions() -> Iterator[tuple[str, _Question]]:
    """What is asked, in the words of the table."""
    yield "calls: newest, no filter", _calls(lambda draw: {})
    yield "calls: of a key", _calls(lambda draw: {"scope": Scope(keys=(f"key_{_often(draw, KEYS):030x}",))})
    yield "calls: of a key used once a day", _calls(lambda draw: {"scope": Scope(keys=(RARE_KEY,))})
    yield "calls: of a user", _calls(lambda draw: {"scope": Scope(users=(f"user_{draw.randrange(USERS):030x}",))})
    yield "calls: of a project", _calls(lambda draw: {"scope": Scope(projects=(_project(draw),))})
    yield "calls: of an organisation", _calls(lambda draw: {"scope": Scope(orgs=(_org(draw),))})
    yield "calls: of a model by beginning", _calls(lambda draw: {"scope": Scope(models=("claude-1*",))})
    yield "calls: of a model used once a day", _calls(lambda draw: {"scope": Scope(models=(RARE_MODEL,))})
    yield "calls: of a target", _calls(lambda draw: {"scope": Scope(targets=(_target(draw),))})
    yield "calls: of an operation", _calls(lambda draw: {"scope": Scope(operations=("read_document",))})
    yield "calls: failed", _calls(lambda draw: {"failed": True})
    yield "calls: failed, of an organisation", _calls(lambda draw: {"failed": True, "scope": Scope(orgs=(_org(draw),))})
    yield "calls: with a rare error code", _calls(lambda draw: {"error_code": RARE_ERROR})
    yield (
        "calls: streamed, of a user",
        _calls(lambda draw: {"stream": True, "scope": Scope(users=(f"user_{draw.randrange(USERS):030x}",))}),
    )
    yield "calls: above 9 dollars (hardly any)", _calls(lambda draw: {"least_nanos": 9 * 10**9})
    yield "calls: by id", _calls(lambda draw: {"effect": "call_0"})
    yield "calls: page 200 of all", lambda usage, draw: usage.calls(_filter({}), 50, skip=9_950)
    yield "count up to 10,000: all", lambda usage, draw: usage.count(_filter({}))
    yield (
        "count up to 10,000: of a user",
        lambda usage, draw: usage.count(_filter({"scope": Scope(users=(f"user_{draw.randrange(USERS):030x}",))})),
    )
    for days, per in ((1, "hour"), (7, "hour"), (31, "hour"), (30, "day"), (90, "day")):
        for by in ((), ("model",), ("key",), ("target",)):
            name = f"series: {days} days by {', '.join((per, *by))}"
            yield name, _series(days, per, by, lambda draw: Scope())
        yield (
            f"series: {days} days by {per}, model, of a user",
            _series(days, per, ("model",), lambda draw: Scope(users=(f"user_{_often(draw, KEYS) % USERS:030x}",))),
        )
        yield (
            f"series: {days} days by {per}, model, of a key",
            _series(days, per, ("model",), lambda draw: Scope(keys=(f"key_{_often(draw, KEYS):030x}",))),
        )
        yield (
            f"series: {days} days by {per}, model, of the largest organisation",
            _series(days, per, ("model",), lambda draw: Scope(orgs=("org_default",))),
        )
    for days in (30, 90):
        for by in (("model",), ("key",), ("user",), ("project",)):
            yield f"top: {days} days by {by[0]}", _totals(days, by, lambda draw: Scope())
        yield (
            f"top: {days} days by key, of an organisation",
            _totals(days, ("key",), lambda draw: Scope(orgs=(_org(draw),))),
        )
    for names in (("model", "key"), ("user", "model"), ("key", "model", "target")):
        yield f"top: 90 days by {' and '.join(names)}", _totals(90, names, lambda draw: Scope())
    yield (
        "top: 90 days by model and key, of the largest organisation",
        _totals(90, ("model", "key"), lambda draw: Scope(orgs=("org_default",))),
    )


def _filter(asked: dict[str, Any]) -> CallFilter:
    return CallFilter(0.0, NOW, **asked)


def _calls(asked: Callable[[random.Random], dict[str, Any]]) -> _Question:
    return lambda usage, draw: usage.calls(_filter(asked(draw)), 50)


def _series(days: int, per: Any, by: Any, scope: Callable[[random.Random], Scope]) -> _Question:
    return lambda usage, draw: usage.series(scope(draw), NOW - days * DAY_S, NOW, per, by, top=10)


def _totals(days: int, by: Any, scope: Callable[[random.Random], Scope]) -> _Question:
    return lambda usage, draw: usage.totals(scope(draw), NOW - days * DAY_S, NOW, by)


def _often(draw: random.Random, kinds: int) -> int:
    """A key, drawn as often as keys are used."""
    return min(int(draw.paretovariate(0.7)) - 1, 10**6) * 7919 % kinds


def _org(draw: random.Random) -> str:
    return f"org_{draw.randrange(ORGS - 1):030x}"


def _project(draw: random.Random) -> str:
    return f"proj_{draw.randrange(PROJECTS):030x}"


def _target(draw: random.Random) -> str:
    return f"target_{draw.randrange(TARGETS):028x}"


class Timed(msgspec.Struct, frozen=True):
    """How long one question took, in ms: by the clock, and of the processor (this process, and the server's). Medians
    and 99th percentiles. On a machine that does nothing else the two are alike; on a busy one only the second says
    much."""

    name: str
    clock: float
    clock_worst: float
    processor: float
    processor_worst: float


async def measure(url: str, repeat: int) -> list[Timed]:
    """Each question, asked ``repeat`` times after once."""
    database, processor = Database(url), Processor(url)
    usage, draw = Usage(SqlUsage(database)), random.Random(9)
    rows = []
    try:
        for name, ask in questions():
            await ask(usage, draw)
            clock, busy = [], []
            for _ in range(repeat):
                begun = time.perf_counter(), processor.seconds()
                await ask(usage, draw)
                clock.append((time.perf_counter() - begun[0]) * 1000)
                busy.append((processor.seconds() - begun[1]) * 1000)
            rows.append(Timed(name, *_percentiles(clock), *_percentiles(busy)))
            print(" ".join(f"{one:9.1f}" for one in msgspec.structs.astuple(rows[-1])[1:]), name, file=sys.stderr)
    finally:
        await database.close()
    return rows


def _percentiles(took_ms: list[float]) -> tuple[float, float]:
    took_ms = sorted(took_ms)
    return took_ms[len(took_ms) // 2], took_ms[min(len(took_ms) - 1, round(len(took_ms) * 0.99))]


async def fold(url: str) -> tuple[int, float]:
    """Add up the days; how many there were, and the seconds."""
    database = Database(url)
    begun = time.perf_counter()
    try:
        await Keeper(SqlUsage(database), UsageKeeping(), now=lambda: NOW).keep()
    finally:
        await database.close()
    return DAYS - 1, time.perf_counter() - begun


async def writes(url: str) -> dict[str, float]:
    """Processor time in ms for a batch of a hundred calls of many keys, with the ledger's indexes and without."""
    database = Database(url)
    indexes = sorted(LEDGER.indexes, key=lambda index: str(index.name))
    found = {}
    try:
        found["with the indexes of usage"] = await _write(database, 0)
        for index in indexes:
            await database.write(lambda connection, index: connection.execute(text(f"DROP INDEX {index.name}")), index)
        found["without them"] = await _write(database, 1)
        for index in indexes:
            await database.write(_create, index)
    finally:
        await database.close()
    return found


def _create(connection: Any, index: Index) -> None:
    index.create(connection)


async def _write(database: Database, part: int) -> float:
    """The median. The batches are far in the future, so that no question finds them."""
    draw, ids, when = random.Random(part), OrderedIds("call"), UNTIL + (1 + part) * 400 * DAY_S
    samples = await database.read(_samples)
    took = []
    for _ in range(_BATCHES):
        batch = []
        for _ in range(_BATCH_ROWS):
            when += 0.05
            one = samples[draw.randrange(len(samples))]
            batch.append(msgspec.structs.replace(one, effect=ids.new(when), created_at=when))
        begun = time.process_time()
        await database.write(ledger.write_new, batch, [])
        took.append((time.process_time() - begun) * 1000)
    return sorted(took)[len(took) // 2]


def _samples(connection: Any) -> list[LedgerEntry]:
    return [LedgerEntry(*row) for row in islice(connection.execute(LEDGER.select().limit(20_000)), 20_000)]


def make(url: str, rows: int) -> None:
    """Build the database; durable it need not be."""
    engine = create_engine(url)
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -262144"):
                connection.exec_driver_sql(f"PRAGMA {pragma}")
        took = build(connection, rows, until=UNTIL)
    with engine.begin() as connection:
        if engine.dialect.name != "sqlite":
            connection.exec_driver_sql("ANALYZE")
    engine.dispose()
    print("built in " + ", ".join(f"{name} {s:.0f} s" for name, s in took.items() if s >= 1), file=sys.stderr)


def _is_built(url: str) -> bool:
    engine = create_engine(url)
    try:
        return inspect(engine).has_table(LEDGER.name)
    finally:
        engine.dispose()


def table(rows: Sequence[Timed]) -> str:
    """Markdown; what takes the processor longer than 300 ms is marked."""
    lines = ["| question | p50 ms | p99 ms | processor p50 ms | p99 ms | |", "|---|---:|---:|---:|---:|---|"]
    for row in rows:
        numbers = " | ".join(f"{number:.0f}" for number in msgspec.structs.astuple(row)[1:])
        lines.append(f"| {row.name} | {numbers} | {'above 300 ms' if row.processor_worst > _BUDGET_MS else ''} |")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument(
        "--url",
        default="",
        help="an empty database to use in place of SQLite in the folder, or one that this built before",
    )
    parser.add_argument("--repeat", type=int, default=30)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args(arguments)
    file = options.folder / f"usage-{options.rows}.db"
    url = options.url or f"sqlite:///{file}"
    if not options.url and not file.exists() and shutil.disk_usage(options.folder).free < options.rows * _BYTES_A_ROW:
        print(f"{options.folder} has less room than the {options.rows * _BYTES_A_ROW / 1e9:.1f} GB this takes.")
        return 1
    try:
        return _run(url, file, options)
    finally:
        if not options.url and not options.keep:
            for end in ("", "-wal", "-shm", "-journal"):
                Path(f"{file}{end}").unlink(missing_ok=True)


def _run(url: str, file: Path, options: argparse.Namespace) -> int:
    if not _is_built(url):
        make(url, options.rows)
    days, fold_s = asyncio.run(fold(url))
    rows = asyncio.run(measure(url, options.repeat))
    written = asyncio.run(writes(url))
    print(
        f"{options.rows:,} calls in {DAYS} days, {make_url(url).get_backend_name()}, {os.cpu_count()} cores.", end=" "
    )
    if not options.url:
        print(f"{file.stat().st_size / options.rows:.0f} bytes a call (without postings).", end=" ")
    print(f"{days} days were added up in {fold_s:.0f} s.\n\n{table(rows)}\n")
    for name, took_ms in written.items():
        print(f"A batch of {_BATCH_ROWS} calls takes {took_ms:.1f} ms of processor time {name}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
