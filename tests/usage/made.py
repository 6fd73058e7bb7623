"""Calls to search among: a few keys, models and targets over some days, two of them at one moment."""

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec

from openhearth.stores.ports import LedgerEntry
from openhearth.stores.sql import SqlRecords
from openhearth.stores.sql.usage import SqlUsage
from openhearth.stores.sql.usage_calls import Steps
from tests.fakes.settled import call_with

DAY_S = 86_400
MIDNIGHT = 1_763_769_600.0  # 2025-11-22, 00:00 UTC
PATIENCE_S = 60.0


class Store(msgspec.Struct, frozen=True):
    """One database as the ledger and as usage see it."""

    records: SqlRecords
    usage: SqlUsage


@asynccontextmanager
async def store(url: str, steps: Steps = Steps()) -> AsyncIterator[Store]:  # noqa: B008 (a frozen value)
    """The database at ``url``, closed with the block."""
    records = SqlRecords(url)
    await records.open()
    try:
        yield Store(records, SqlUsage(records.database, steps=steps, pause_s=0.0))
    finally:
        await records.close()


def call(number: int, created_at: float, **changes: object) -> LedgerEntry:
    """A call that cost ``number`` nanos more than a thousand."""
    entry = call_with(
        effect=f"call_{number:06d}",
        key_id="key_a",
        user_id="user_a",
        org_id="org_default",
        owner="key_a",
        model="small",
        created_at=created_at,
        duration_ms=20,
        first_byte_ms=10,
        input_tokens=100 + number,
        output_tokens=10,
        cached_tokens=5,
        reserved_nanos=9_000,
        cost_nanos=1_000 + number,
        charge_nanos=2_000 + number,
    )
    return msgspec.structs.replace(entry, **changes)


def many(count: int, days: int = 3, seed: int = 7) -> list[LedgerEntry]:
    """``count`` calls of all sorts in the ``days`` before ``MIDNIGHT``, in no order."""
    draw = random.Random(seed)
    made = []
    for number in range(count):
        # Whole seconds, of which there are few: many calls share a moment, as cursors must bear.
        when = MIDNIGHT - days * DAY_S + draw.randrange(days * 24) * 3600 + draw.randrange(40) * 0.5
        key = draw.choice("abcd")
        failed = draw.random() < 0.2
        made.append(
            call(
                number,
                when,
                key_id=f"key_{key}",
                user_id=f"user_{'x' if key in 'ab' else 'y'}",
                org_id="org_default" if key != "d" else "org_2",
                project_id="proj_1" if key == "b" else "",
                model=draw.choice(("small", "small", "large", "large-2", "rare" if number % 50 == 0 else "small")),
                target_id=draw.choice(("target_1", "target_2")),
                operation=draw.choice(("chat", "embed")),
                outcome=draw.choice(("failed", "timeout", "client_gone")) if failed else "ok",
                error_code=draw.choice(("upstream_down", "upstream_timeout")) if failed else "",
                stream=draw.random() < 0.5,
            )
        )
    return made


def newest_first(entries: Sequence[LedgerEntry]) -> list[LedgerEntry]:
    return sorted(entries, key=lambda entry: (entry.created_at, entry.effect), reverse=True)
