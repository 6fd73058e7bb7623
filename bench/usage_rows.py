"""Builds a database of as many calls as wanted, in the proportions of a busy installation: a few keys and models make
most calls, days have hours of rush, two calls in a hundred fail.

Postings, balances and spend stay empty: no question about usage reads them.
"""

import random
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Index, insert
from sqlalchemy.schema import CreateIndex

from openhearth.stores.ports import LedgerEntry
from openhearth.stores.sql.tables import LEDGER, METADATA, USAGE_HOURS
from openhearth.stores.usage_ports import DAY_S, HOUR_S

DAYS, USERS, KEYS, ORGS, PROJECTS, MODELS, TARGETS = 90, 400, 1_000, 5, 50, 40, 60
RARE_KEY, RARE_MODEL, RARE_ERROR = "key_rare", "rare-model", "internal_error"
_PATTERNS = 100_000
_ROWS_A_WRITE = 10_000
_RUSH = (2, 1, 1, 1, 1, 2, 4, 7, 10, 12, 12, 11, 9, 11, 12, 12, 11, 10, 8, 7, 6, 5, 4, 3)
_ERRORS = ("upstream_down", "rate_limit_exceeded", "upstream_timeout", "context_length_exceeded", "upstream_busy")
_OPERATIONS = ("chat",) * 30 + ("embed",) * 5 + ("image_generate", "speech", "transcribe", "rerank", "read_document")
_COUNTED = ("input_tokens", "output_tokens", "cached_tokens", "images", "duration_ms", "cost_nanos", "charge_nanos")
_HOUR_COLUMNS = [column.name for column in USAGE_HOURS.columns]


def build(connection: Connection, rows: int, *, until: float, days: int = DAYS) -> dict[str, float]:
    """Make the tables, ``rows`` calls in the ``days`` before ``until``, their hours, and then the indexes.

    Returns how many seconds each of it took.
    """
    took: dict[str, float] = {}
    begun = time.monotonic()
    indexes = [index for table in METADATA.tables.values() for index in table.indexes]
    for table in METADATA.sorted_tables:
        kept = table.indexes.copy()
        table.indexes.clear()
        table.create(connection)
        table.indexes.update(kept)
    hours: dict[tuple[Any, ...], list[int]] = {}
    source = _calls(rows, until, days, hours)
    while some := list(islice(source, _ROWS_A_WRITE)):
        _write(connection, some)
    took["calls"] = time.monotonic() - begun
    for start in range(0, len(hours), _ROWS_A_WRITE):
        part = islice(hours.items(), start, start + _ROWS_A_WRITE)
        connection.execute(
            insert(USAGE_HOURS), [dict(zip(_HOUR_COLUMNS, (*key, *numbers), strict=True)) for key, numbers in part]
        )
    took["hours"] = time.monotonic() - begun - took["calls"]
    for index in indexes:
        took[str(index.name)] = _index(connection, index)
    return took


def _index(connection: Connection, index: Index) -> float:
    begun = time.monotonic()
    connection.execute(CreateIndex(index))
    return time.monotonic() - begun


def _write(connection: Connection, rows: list[tuple[Any, ...]]) -> None:
    names = ", ".join(column.name for column in LEDGER.columns)
    cursor: Any = connection.connection.cursor()
    if connection.dialect.name == "sqlite":
        cursor.executemany(f"INSERT INTO ledger ({names}) VALUES ({', '.join('?' * len(LEDGER.columns))})", rows)
    else:
        with cursor.copy(f"COPY ledger ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    cursor.close()


def _calls(rows: int, until: float, days: int, hours: dict[tuple[Any, ...], list[int]]) -> Iterator[tuple[Any, ...]]:
    """In the order of time; ``hours`` gathers what the rollup will be."""
    draw = random.Random(4)
    patterns = _patterns(draw)
    first = LedgerEntry.__struct_fields__.index("created_at")
    places = [LedgerEntry.__struct_fields__.index(name) for name in _COUNTED]
    outcome_at = LedgerEntry.__struct_fields__.index("outcome")
    names = [LedgerEntry.__struct_fields__.index(name) for name in _HOUR_COLUMNS[1 : _HOUR_COLUMNS.index("calls")]]
    rush = sum(_RUSH)
    start = int(until) // DAY_S * DAY_S - days * DAY_S
    made = 0
    for number in range(days * 24):
        share = _RUSH[number % 24] / rush / days
        count = min(round(rows * share), rows - made)
        if number == days * 24 - 1:
            count = rows - made
        begin = start + number * HOUR_S
        for moment in sorted(draw.random() * HOUR_S for _ in range(count)):
            pattern = patterns[int(draw.random() * _PATTERNS)]
            if draw.random() < 0.000_01:
                pattern = patterns[-1 - int(draw.random() * 3)]
            when = begin + moment
            effect = f"call_{int(when * 1000):012x}{draw.getrandbits(72):018x}"
            row = (effect, *pattern[1:first], when, *pattern[first + 1 :])
            key = (begin // HOUR_S, *(row[place] for place in names))
            numbers = hours.get(key)
            if numbers is None:
                numbers = hours[key] = [0] * 9
            numbers[0] += 1
            numbers[1] += row[outcome_at] != "ok"
            for place, column in enumerate(places, 2):
                numbers[place] += row[column]
            yield row
        made += count


def _patterns(draw: random.Random) -> list[tuple[Any, ...]]:
    """Calls without id and time, each drawn many times; the last three are the rare ones."""
    keys, models = [f"key_{n:030x}" for n in range(KEYS)], [_model(n) for n in range(MODELS)]
    made = []
    for _ in range(_PATTERNS):
        key = min(int(draw.paretovariate(0.7)) - 1, 10**6) * 7919 % KEYS
        model = (min(int(draw.paretovariate(0.8)) - 1, 10**6) + key % 4) % MODELS
        made.append(_pattern(draw, keys[key], key, models[model], model))
    rare = (("key_id", RARE_KEY), ("model", RARE_MODEL), ("error_code", RARE_ERROR))
    for name, value in rare:
        place = LedgerEntry.__struct_fields__.index(name)
        pattern = list(made[len(made) // 2])
        pattern[place] = value
        pattern[LedgerEntry.__struct_fields__.index("outcome")] = "failed" if name == "error_code" else "ok"
        made.append(tuple(pattern))
    return made


def _pattern(draw: random.Random, key_id: str, key: int, model_name: str, model: int) -> tuple[Any, ...]:
    user = key % USERS
    failed = draw.random() < 0.02
    tokens, cost = int(draw.paretovariate(1.1) * 200) % 200_000, int(draw.paretovariate(1.2) * 40_000) % 10**10
    out = int(draw.expovariate(1 / 300))
    entry = LedgerEntry(
        effect="",
        key_id=key_id,
        user_id=f"user_{user:030x}",
        project_id=f"proj_{key % PROJECTS:030x}" if key % 3 == 0 else "",
        org_id="org_default" if user % 10 < 6 else f"org_{user % (ORGS - 1):030x}",
        owner=key_id,
        group_name="default",
        operation=_OPERATIONS[model % len(_OPERATIONS)],
        model=model_name,
        target_id=f"target_{(model * 2 + draw.randrange(2)) % TARGETS:028x}",
        outcome=draw.choice(("failed", "timeout", "client_gone", "rejected")) if failed else "ok",
        stream=draw.random() < 0.6,
        attempts=1,
        created_at=0.0,
        duration_ms=int(draw.expovariate(1 / 2500)),
        first_byte_ms=int(draw.expovariate(1 / 400)),
        input_tokens=tokens,
        output_tokens=out,
        cached_tokens=tokens // 3 if draw.random() < 0.3 else 0,
        images=0,
        usage_source="upstream",
        reserved_nanos=cost * 3,
        cost_nanos=0 if failed else cost,
        charge_nanos=0 if failed else cost,
        price_version=model + 1,
        error_code=draw.choice(_ERRORS) if failed else "",
    )
    return tuple(getattr(entry, name) for name in LedgerEntry.__struct_fields__)


def _model(number: int) -> str:
    return f"{('gpt', 'claude', 'qwen', 'deepseek', 'gemini')[number % 5]}-{number}-instruct"
