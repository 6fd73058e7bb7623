"""What follows from settled calls, kept in their transaction: postings and balances, spend by counter, use by hour.

Each is a running sum, so that no question has to add up millions of entries; ``proof`` adds them up all the same.
"""

from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, or_, select, text

from openhearth.core.allowance import Windows, window_of, windows_at
from openhearth.core.call import Outcome
from openhearth.stores.ports import LedgerEntry, Posting
from openhearth.stores.sql.bulk import by_kind, insert_many
from openhearth.stores.sql.tables import POSTINGS, SPEND, USAGE_HOURS

MARGIN = "margin"
FUNDING = "funding"
_HOUR_S, _DAY_S = 3600, 86_400
# The same words for SQLite and PostgreSQL; as text, because making the statement costs more than running it.
_SPEND = text(
    "INSERT INTO spend (counter, nanos) VALUES (:name, :nanos) "
    "ON CONFLICT (counter) DO UPDATE SET nanos = spend.nanos + excluded.nanos"
)
_BALANCE = text(
    "INSERT INTO balances (account, nanos) VALUES (:name, :nanos) "
    "ON CONFLICT (account) DO UPDATE SET nanos = balances.nanos + excluded.nanos"
)
# ``postings_of`` for all rows of the ledger after one, made where they are: half the work of handing them over.
_SIDES = f"""
    INSERT INTO postings (effect, account, nanos, created_at)
    SELECT effect, account, nanos, created_at FROM (
        SELECT effect, created_at, CASE side.column1
            WHEN 0 THEN 'user:' || user_id WHEN 1 THEN 'target:' || target_id ELSE '{MARGIN}' END AS account,
        CASE side.column1
            WHEN 0 THEN -charge_nanos WHEN 1 THEN cost_nanos ELSE charge_nanos - cost_nanos END AS nanos
        FROM ledger CROSS JOIN (VALUES (0), (1), (2)) AS side WHERE ledger.rowid > ?
    ) WHERE nanos <> 0
"""
_ADDED = (
    "calls", "failures", "input_tokens", "output_tokens", "cached_tokens", "images", "duration_ms", "cost_nanos",
    "charge_nanos",
)  # fmt: skip
_HOUR = text(
    f"INSERT INTO usage_hours ({', '.join(column.name for column in USAGE_HOURS.columns)}) "
    f"VALUES ({', '.join(':' + column.name for column in USAGE_HOURS.columns)}) "
    f"ON CONFLICT ({', '.join(column.name for column in USAGE_HOURS.primary_key)}) DO UPDATE SET "
    + ", ".join(f"{name} = usage_hours.{name} + excluded.{name}" for name in _ADDED)
)


# The user too: all who are signed in call without a key.
_HOUR_KEY = ("hour", "key_id", "model", "target_id", "operation", "user_id")
_OUTCOME, _OK = attrgetter("outcome"), str(Outcome.OK)
_PAYS = attrgetter("user_id", "target_id")
_CHARGE, _COST = attrgetter("charge_nanos"), attrgetter("cost_nanos")
_COUNTS = [(name, attrgetter(name)) for name in _ADDED[2:]]


def last_row(connection: Connection) -> int | None:
    """The last row of the ledger so far, where rows are numbered in the order they were written."""
    if connection.dialect.name != "sqlite":
        return None
    last = connection.exec_driver_sql("SELECT MAX(rowid) FROM ledger").scalar()
    return int(last or 0)


def add(connection: Connection, settled: Sequence[LedgerEntry], last: int | None) -> None:
    """Add what ``settled`` changes; none of them was added before. ``last`` is ``last_row`` before they were there."""
    paid = [entry for entry in settled if entry.charge_nanos or entry.cost_nanos]
    if paid and last is not None:
        connection.exec_driver_sql(_SIDES, (last,))
        _add(connection, _BALANCE, _balances(paid))
    else:
        post(connection, [posting for entry in paid for posting in postings_of(entry)])
    _add(connection, _SPEND, charged(settled))
    hours = _hours(settled)
    if hours:
        connection.execute(_HOUR, hours)


def post(connection: Connection, postings: Sequence[Posting]) -> None:
    """Write ``postings``, which sum to zero, and the balances that follow."""
    insert_many(connection, POSTINGS, postings)
    balances: dict[str, int] = {}
    for posting in postings:
        balances[posting.account] = balances.get(posting.account, 0) + posting.nanos
    _add(connection, _BALANCE, balances)


def postings_of(entry: LedgerEntry) -> Iterator[Posting]:
    """The sides of one call: the user pays the charge, the target is owed the cost, the difference is margin."""
    cost, charge, when = entry.cost_nanos, entry.charge_nanos, entry.created_at
    if charge:
        yield Posting(entry.effect, f"user:{entry.user_id}", -charge, when)
    if cost:
        yield Posting(entry.effect, f"target:{entry.target_id}", cost, when)
    if charge != cost:
        yield Posting(entry.effect, MARGIN, charge - cost, when)


def _balances(paid: Iterable[LedgerEntry]) -> dict[str, int]:
    """What postings of calls add up to, by account. Calls alike are added up first."""
    sums: dict[str, int] = {}
    for (user, target), entries in by_kind(_PAYS, paid).items():
        charge, cost = sum(map(_CHARGE, entries)), sum(map(_COST, entries))
        for account, nanos in ((f"user:{user}", -charge), (f"target:{target}", cost), (MARGIN, charge - cost)):
            sums[account] = sums.get(account, 0) + nanos
    return sums


def spent(connection: Connection, now: float) -> dict[str, int]:
    """By counter: totals, and windows that ``now`` is in."""
    windows = windows_at(now)
    counter = SPEND.c.counter
    current = [counter.endswith(end, autoescape=True) for end in (windows.day, windows.week, windows.month)]
    rows = connection.execute(select(counter, SPEND.c.nanos).where(or_(counter.not_like("%@____-%"), *current)))
    return {row[0]: row[1] for row in rows if _is_current(row[0], windows)}


def scopes_of(entry: LedgerEntry) -> tuple[str, ...]:
    """The scopes that a call's charge counts for."""
    return _scopes(entry.key_id, entry.project_id, entry.user_id, entry.org_id, entry.model)


def _scopes(key_id: str, project_id: str, user_id: str, org_id: str, model: str) -> tuple[str, ...]:
    """What a call's charge counts for: those of ``Principal.scopes``, and the model."""
    project = (f"project:{project_id}",) if project_id else ()
    return (f"key:{key_id}", *project, f"user:{user_id}", f"org:{org_id}", f"model:{model}")


def charged(settled: Iterable[LedgerEntry]) -> dict[str, int]:
    """What calls were charged, by counter. Calls alike are added up first: names are made once for each kind of call,
    not for each call."""
    alike: dict[tuple[int, str, str, str, str, str], int] = {}
    for entry in settled:
        charge = entry.charge_nanos
        if charge:
            day = int(entry.created_at) // _DAY_S
            key = (day, entry.key_id, entry.project_id, entry.user_id, entry.org_id, entry.model)
            alike[key] = alike.get(key, 0) + charge
    sums: dict[str, int] = {}
    for (day, *names), nanos in alike.items():
        for counter in windows_at(day * _DAY_S).counters(_scopes(*names)):
            sums[counter] = sums.get(counter, 0) + nanos
    return sums


def _hours(settled: Iterable[LedgerEntry]) -> list[dict[str, Any]]:
    """Rows of ``usage_hours``. Calls alike are gathered first and then added up by the interpreter's own loops."""
    alike: dict[tuple[int, str, str, str, str, str], list[LedgerEntry]] = {}
    for entry in settled:
        hour = int(entry.created_at) // _HOUR_S
        key = (hour, entry.key_id, entry.model, entry.target_id, entry.operation, entry.user_id)
        group = alike.get(key)
        if group is None:
            alike[key] = [entry]
        else:
            group.append(entry)
    return [_hour(key, alike[key]) for key in sorted(alike)]


def _hour(key: tuple[int, str, str, str, str, str], entries: list[LedgerEntry]) -> dict[str, Any]:
    first = entries[0]
    row: dict[str, Any] = dict(zip(_HOUR_KEY, key, strict=True))
    row |= {"project_id": first.project_id, "org_id": first.org_id, "calls": len(entries)}
    row["failures"] = len(entries) - list(map(_OUTCOME, entries)).count(_OK)
    return row | {name: sum(map(count, entries)) for name, count in _COUNTS}


def _add(connection: Connection, statement: object, sums: dict[str, int]) -> None:
    # In one order everywhere: two transactions that take the same rows in different orders wait for each other.
    rows = [{"name": name, "nanos": nanos} for name, nanos in sorted(sums.items()) if nanos]
    if rows:
        connection.execute(statement, rows)  # type: ignore[call-overload]


def _is_current(counter: str, windows: Windows) -> bool:
    return window_of(counter) in ("", windows.day, windows.week, windows.month)
