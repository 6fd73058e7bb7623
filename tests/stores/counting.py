"""All implementations of the counters behind one way to use them, each with the ledger it tells the truth by."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from openhearth.core.allowance import Bound, Limit
from openhearth.stores.counter_ports import Counters, Given, Refusal, Take
from openhearth.stores.ports import LedgerEntry
from openhearth.stores.shared.line import SharedCounters, Times
from openhearth.stores.shared.memory import MemoryCounters
from openhearth.stores.shared.valkey import ValkeyRows
from openhearth.stores.shared.wire import Wire
from openhearth.stores.sql import SqlRecords
from openhearth.stores.sql.counters import SqlCounterRows, SqlTruth
from tests.fakes.settled import call_with
from tests.servers.postgres import Postgres
from tests.servers.valkey import Valkey

KINDS = ["memory", "sqlite", "postgresql", "valkey"]
SHARED = KINDS[1:]
NOON = 1_795_435_200.0  # Monday 2026-11-23, 12:00 UTC
SCOPES = ("key:k", "project:p", "user:u", "org:o", "model:m")
CALM = Times(tend_s=3600.0)


class Counting:
    """Counters of one kind over one ledger. ``another`` is what a second process has."""

    def __init__(self, kind: str, records: SqlRecords, server: str = "", times: Times = CALM) -> None:
        self.kind = kind
        self.records = records
        self._server = server
        self._times = times
        self._number = 0
        self.scopes: tuple[str, ...] = SCOPES
        self.all: list[Counters] = []
        self.counters = self.another()

    def another(self) -> Counters:
        made: Counters
        if self.kind == "memory":
            made = MemoryCounters()
        elif self.kind == "valkey":
            rows = ValkeyRows(Wire(self._server), SqlTruth(self.records.database), settle_s=0.0)
            made = SharedCounters(rows, self._times)
        else:
            made = SharedCounters(SqlCounterRows(self.records.database), self._times)
        self.all.append(made)
        return made

    def want(self, *limits: Limit, nanos: int = 0, tokens: int = 0, now: float = NOON, boot: str = "boot_1") -> Take:
        """The take of a new call."""
        self._number += 1
        return Take(f"call_{self._number}", boot, self.scopes, limits, nanos, tokens, now)

    async def take(self, *limits: Limit, nanos: int = 0, tokens: int = 0, now: float = NOON) -> Take | Refusal:
        """A new call's take if it was let in, else what refused it."""
        take = self.want(*limits, nanos=nanos, tokens=tokens, now=now)
        refused = await self.counters.take(take)
        return take if refused is None else refused

    async def settle(self, take: object, charge: int = 0, tokens: int = 0, now: float = 0.0) -> None:
        """End a call as the platform does: first in the ledger, then in the counters."""
        assert isinstance(take, Take)
        await self.write(take, charge)
        await self.counters.give([Given(take, charge, tokens, now)])

    async def write(self, take: Take, charge: int) -> None:
        await self.records.write_batch([entry_of(take, charge)], [])

    async def looks(self, scope: str, bound: Bound, now: float = NOON) -> tuple[int, int]:
        """What a limit counts: spent and held, or a count and 0."""
        probe = self.want(Limit(scope, bound, 0 if bound is not Bound.TPM else -1), nanos=1, now=now)
        refused = await self.counters.take(probe)
        assert refused is not None
        return refused.used, refused.held


def entry_of(take: Take, charge: int) -> LedgerEntry:
    """The ledger's row of a call that settled with ``charge``, on the call's scopes."""
    ids = dict(scope.split(":", 1) for scope in take.scopes)
    return call_with(
        effect=take.call_id,
        key_id=ids.get("key", ""),
        user_id=ids.get("user", ""),
        project_id=ids.get("project", ""),
        org_id=ids.get("org", ""),
        model=ids["model"],
        created_at=take.now,
        reserved_nanos=take.nanos,
        cost_nanos=charge,
        charge_nanos=charge,
    )


@asynccontextmanager
async def counting(
    kind: str, folder: Path, request: pytest.FixtureRequest, times: Times = CALM
) -> AsyncIterator[Counting]:
    """Open counters of ``kind`` and close them, with every other one made of them."""
    url, server = f"sqlite:///{folder / 'records.db'}", ""
    if kind == "postgresql":
        postgres: Postgres = request.getfixturevalue("postgres")
        url = postgres.empty(request.getfixturevalue("made_postgres"))
    elif kind == "valkey":
        valkey: Valkey = request.getfixturevalue("valkey")
        server = valkey.url()
    records = SqlRecords(url)
    await records.open()
    made = Counting(kind, records, server, times)
    try:
        yield made
    finally:
        for counters in made.all:
            await counters.close()
        await records.close()
