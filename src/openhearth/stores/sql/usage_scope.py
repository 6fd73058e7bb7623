"""Conditions that a scope puts on the ledger and on its rollups, which share the names of their columns."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, func, literal_column, or_, select

from openhearth.stores.sql.tables import USAGE_HOURS
from openhearth.stores.sql.usage_tables import FOLDED_DAYS, USAGE_DAY_SUMS
from openhearth.stores.usage_ports import Dimension, Scope

_COLUMNS: dict[Dimension, str] = {
    "key": "key_id",
    "user": "user_id",
    "project": "project_id",
    "org": "org_id",
    "model": "model",
    "target": "target_id",
    "operation": "operation",
}
DIMENSIONS: tuple[Dimension, ...] = tuple(name for name, column in _COLUMNS.items() if column in USAGE_HOURS.c)
_MOST_MODELS = 200


def column_of(table: FromClause, dimension: Dimension) -> ColumnElement[Any]:
    """Where ``table`` keeps the values of ``dimension``."""
    return table.c[_COLUMNS[dimension]]


def conditions(table: FromClause, scope: Scope) -> list[ColumnElement[bool]]:
    """What rows of ``table`` must fulfil; nothing for a dimension that it does not tell apart."""
    asked: tuple[tuple[Dimension, tuple[str, ...]], ...] = (
        ("key", scope.keys),
        ("user", scope.users),
        ("project", scope.projects),
        ("org", scope.orgs),
        ("target", scope.targets),
        ("operation", scope.operations),
    )
    found: list[ColumnElement[bool]] = [
        column_of(table, name).in_(wanted) for name, wanted in asked if wanted and _COLUMNS[name] in table.c
    ]
    if scope.projects and "" not in scope.projects:
        found.append(table.c.project_id != literal_column("''"))  # in the partial index's own words, so that it serves
    if scope.models:
        found.append(or_(*(_named(table.c.model, model) for model in scope.models)))
    return found


def is_rolled_up(scope: Scope) -> bool:
    """Whether the rollups know anything of ``scope``, so that they tell where its calls are."""
    asked = (scope.keys, scope.users, scope.projects, scope.orgs, scope.models, scope.targets)
    return any(asked) or (bool(scope.operations) and "operation" in DIMENSIONS)


def spelled_out(connection: Connection, scope: Scope) -> Scope:
    """``scope`` with beginnings of models replaced by the models there are, where these are few: an index finds a name
    and not a beginning."""
    beginnings = [model[:-1] for model in scope.models if model.endswith("*")]
    if not beginnings:
        return scope
    names = [
        name for name in sorted(_models(connection)) if any(name.startswith(beginning) for beginning in beginnings)
    ]
    if len(names) > _MOST_MODELS:
        return scope
    plain = [model for model in scope.models if not model.endswith("*")]
    return Scope(
        scope.keys, scope.users, scope.projects, scope.orgs, (*plain, *names) or ("",), scope.targets, scope.operations
    )


def models_in(connection: Connection, column: ColumnElement[str]) -> list[str]:
    """All models in ``column``, by one step through its index for each."""
    steps = select(func.min(column).label("name")).cte("steps", recursive=True)
    after = select(func.min(column)).where(column > steps.c.name).scalar_subquery()
    steps = steps.union_all(select(after).where(steps.c.name.is_not(None)))
    return [row[0] for row in connection.execute(select(steps.c.name)) if row[0] is not None]


def last_alone(connection: Connection) -> int | None:
    """The last UTC day whose hours are no longer kept."""
    return connection.execute(select(func.max(FOLDED_DAYS.c.day)).where(FOLDED_DAYS.c.alone)).scalar()


def _models(connection: Connection) -> set[str]:
    """All models ever used, also on days whose hours are no longer kept."""
    names = set(models_in(connection, USAGE_HOURS.c.model))
    day = last_alone(connection)
    if day is not None:
        sums = USAGE_DAY_SUMS
        asked = select(sums.c.name).where(sums.c.dimension == "model", sums.c.day <= day).distinct()
        names.update(connection.execute(asked).scalars())
    return names


def _named(column: ColumnElement[str], model: str) -> ColumnElement[bool]:
    """Not LIKE: it takes no account of case in SQLite, and of wildcards inside names in both."""
    if model.endswith("*"):
        return func.substr(column, 1, len(model) - 1) == model[:-1]
    return column == model
