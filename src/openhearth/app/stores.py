"""The stores that the configuration names: which database, and where limits are counted."""

import sys
import time
from pathlib import Path

from openhearth.accounts.nodes import lives
from openhearth.config import Config, ConfigError
from openhearth.stores.counter_ports import Counters
from openhearth.stores.shared.line import SharedCounters, Times
from openhearth.stores.shared.memory import MemoryCounters
from openhearth.stores.sql import SqlRecords
from openhearth.stores.sql.copying import Told, copy, serving
from openhearth.stores.sql.counters import SqlCounterRows, SqlTruth
from openhearth.stores.sql.database import Database

_SCHEMES = {"valkey": "valkey", "redis": "valkey", "valkeys": "valkeys", "rediss": "valkeys"}
_VALKEY_TIMES = Times(tend_s=1.0)  # a third of what takes wait in a new era: every process notices it in time


def open_records(config: Config) -> SqlRecords:
    """The database, not connected yet. Raises ConfigError for an address that names none, or one without its driver."""
    return SqlRecords(_url(config))


def copy_records(config: Config, target_url: str, told: Told) -> dict[str, int]:
    """All records into another, empty database; rows by table. Raises ConfigError, also while a process serves."""
    url = _url(config)
    if any(lives(node, time.time()) for node in serving(url)):
        raise ConfigError("The platform is running on this database. Stop it first: what it writes now would be lost.")
    return copy(url, target_url, told)


def open_counters(config: Config, database: Database) -> Counters:
    """Where limits are counted. Raises ConfigError for a wrong ``store.shared``, or when a library is missing."""
    shared = config.store.shared
    if shared == "memory":
        return MemoryCounters()
    if shared == "database":
        return SharedCounters(SqlCounterRows(database))
    scheme, colon, rest = shared.partition("://")
    if not colon or scheme not in _SCHEMES:
        raise ConfigError("store.shared is 'memory', 'database' or an address like valkey://host:6379/0.")
    try:
        # Imported here only: its library is not installed by default.
        from openhearth.stores.shared.valkey import ValkeyRows
        from openhearth.stores.shared.wire import Wire
    except ImportError as error:
        raise ConfigError(
            f'store.shared needs the client of Valkey. Install it: "{sys.executable}" -m pip install "valkey>=6.2"'
        ) from error
    try:
        wire = Wire(f"{_SCHEMES[scheme]}://{rest}")
    except ValueError as error:
        raise ConfigError(f"store.shared: {error}") from error
    return SharedCounters(ValkeyRows(wire, SqlTruth(database)), _VALKEY_TIMES)


def _url(config: Config) -> str:
    return config.store.url or f"sqlite:///{Path(config.store.folder) / 'openhearth.db'}"


def trouble(database: Database, counters: Counters) -> str:
    """Why this process should get no new work at the moment: a store that is away, by name; empty when all is well."""
    return database.trouble or counters.trouble
