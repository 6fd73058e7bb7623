"""What removed calls and hours came to, for who adds up what is left and compares it with the running sums."""

from sqlalchemy import Connection, func, select

from openhearth.stores.sql.usage_tables import FOLDED_CALLS, FOLDED_DAYS, USAGE_DAYS
from openhearth.stores.usage_ports import SUMMED


def folded_spend(connection: Connection) -> dict[str, int]:
    """What removed calls were charged, by counter: with the charges of the calls that are kept, it is ``spend``."""
    return _folded(connection, "spend")


def folded_usage(connection: Connection) -> dict[str, int]:
    """By name of what is summed: what to add to the sum over all calls for the sum over all hours.

    That is removed calls less removed hours; negative where hours went first.
    """
    usage = _folded(connection, "usage")
    alone = select(FOLDED_DAYS.c.day).where(FOLDED_DAYS.c.alone)
    sums = select(*(func.sum(USAGE_DAYS.c[name]) for name in SUMMED)).where(USAGE_DAYS.c.day.in_(alone))
    gone = connection.execute(sums).one()
    return {name: usage.get(name, 0) - int(amount or 0) for name, amount in zip(SUMMED, gone, strict=True)}


def _folded(connection: Connection, kind: str) -> dict[str, int]:
    asked = select(FOLDED_CALLS.c.name, FOLDED_CALLS.c.amount).where(FOLDED_CALLS.c.kind == kind)
    return {row[0]: int(row[1]) for row in connection.execute(asked)}
