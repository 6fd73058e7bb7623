"""Adding everything up: whether postings balance, and whether every running sum is what its calls say.

The running sums are what everybody reads; this is what they are held against. Calls that the policy of keeping removed
count by what was noted of them then.
"""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, Connection, and_, case, exists, func, literal, select

from openhearth.stores.ports import LedgerEntry
from openhearth.stores.sql.sums import MARGIN, charged
from openhearth.stores.sql.tables import BALANCES, LEDGER, POSTINGS, SPEND, USAGE_HOURS
from openhearth.stores.sql.usage_folded import folded_spend, folded_usage
from openhearth.stores.sql.usage_windows import closed_before, is_window_before

_MOST = 100  # of one kind of fault: who sees a hundred needs no more
_ROWS = 10_000
_SUMMED = ("input_tokens", "output_tokens", "cached_tokens", "images", "cost_nanos", "charge_nanos")
_COST, _CHARGE = LEDGER.c.cost_nanos, LEDGER.c.charge_nanos


def check(connection: Connection) -> list[str]:
    """Everything that does not add up, in words."""
    return [
        *_unbalanced(connection),
        *_wrong_postings(connection),
        *_wrong_balances(connection),
        *_wrong_spend(connection),
        *_wrong_hours(connection),
    ]


def _unbalanced(connection: Connection) -> Iterator[str]:
    total = func.sum(POSTINGS.c.nanos)
    asked = select(POSTINGS.c.effect, total).group_by(POSTINGS.c.effect).having(total != 0).limit(_MOST)
    for effect, nanos in connection.execute(asked):
        yield f"the postings of {effect} sum to {nanos} nanos, not 0"


def _wrong_postings(connection: Connection) -> Iterator[str]:
    """Calls whose postings are not those of ``sums.postings_of``: each there with its amount, and no other."""
    sides: tuple[tuple[ColumnElement[bool], ColumnElement[str], ColumnElement[int]], ...] = (
        (_CHARGE != 0, literal("user:") + LEDGER.c.user_id, -_CHARGE),
        (_COST != 0, literal("target:") + LEDGER.c.target_id, _COST),
        (_CHARGE != _COST, literal(MARGIN), _CHARGE - _COST),
    )
    own = POSTINGS.c.effect == LEDGER.c.effect
    wrong: set[str] = set()
    for is_there, account, nanos in sides:
        found = exists().where(own, POSTINGS.c.account == account, POSTINGS.c.nanos == nanos)
        asked = select(LEDGER.c.effect).where(and_(is_there, ~found)).limit(_MOST)
        wrong.update(connection.execute(asked).scalars())
    wanted = sum((case((is_there, 1), else_=0) for is_there, _, _ in sides), start=literal(0))
    count = select(func.count()).select_from(POSTINGS).where(own).scalar_subquery()
    wrong.update(connection.execute(select(LEDGER.c.effect).where(count > wanted).limit(_MOST)).scalars())
    for effect in sorted(wrong):
        yield f"the postings of {effect} are not those of its charge and cost"


def _wrong_balances(connection: Connection) -> Iterator[str]:
    kept = {account: nanos for account, nanos in connection.execute(select(BALANCES)) if nanos}
    asked = select(POSTINGS.c.account, func.sum(POSTINGS.c.nanos)).group_by(POSTINGS.c.account)
    summed = {account: int(nanos) for account, nanos in connection.execute(asked) if nanos}
    for account in _differing(kept, summed):
        said = f"the balance of {account} is {kept.get(account, 0)} nanos"
        yield f"{said}; its postings sum to {summed.get(account, 0)}"


def _wrong_spend(connection: Connection) -> Iterator[str]:
    kept = {counter: nanos for counter, nanos in connection.execute(select(SPEND)) if nanos}
    summed = {counter: nanos for counter, nanos in folded_spend(connection).items() if nanos}
    rows = connection.execution_options(yield_per=_ROWS).execute(select(LEDGER).where(_CHARGE != 0))
    for part in rows.partitions(_ROWS):
        for counter, nanos in charged(LedgerEntry(*row) for row in part).items():
            summed[counter] = summed.get(counter, 0) + nanos
    before = closed_before(connection)
    for counter in _differing(_counted(kept, before), _counted(summed, before)):
        yield f"{counter} spent {kept.get(counter, 0)} nanos; its calls were charged {summed.get(counter, 0)}"


def _wrong_hours(connection: Connection) -> Iterator[str]:
    removed = folded_usage(connection)
    hours = connection.execute(
        select(func.sum(USAGE_HOURS.c.calls), *(func.sum(USAGE_HOURS.c[name]) for name in _SUMMED))
    ).one()
    calls = connection.execute(select(func.count(), *(func.sum(LEDGER.c[name]) for name in _SUMMED))).one()
    for name, kept, summed in zip(("calls", *_SUMMED), hours, calls, strict=True):
        here, there = int(kept or 0), int(summed or 0) + removed[name]
        if here != there:
            yield f"the hours sum to {here} {name}, the calls to {there}"


def _counted(amounts: dict[str, int], before: float) -> dict[str, int]:
    """Without windows that ended so long ago that they are no longer kept."""
    return {counter: nanos for counter, nanos in amounts.items() if not is_window_before(counter, before)}


def _differing(kept: dict[str, int], summed: dict[str, int]) -> list[str]:
    """At most ``_MOST`` names whose two amounts differ."""
    names = sorted(kept.keys() | summed.keys())
    return [name for name in names if kept.get(name, 0) != summed.get(name, 0)][:_MOST]
