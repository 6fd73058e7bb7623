"""``openhearth database``: the records of an installation, in another database. Works without a server."""

import sys

from openhearth.app.stores import copy_records
from openhearth.commands.settings import effective
from openhearth.commands.show import as_json
from openhearth.config import ENV_PREFIX


def copy(*, to: str, config: str = "", data: str = "", json: bool = False) -> int:
    """Copy all records into an empty database, for instance from SQLite to PostgreSQL. The platform must be stopped.

    Everything is copied or nothing, and read again to compare. The database it comes from is not changed. Uploads,
    pictures and secrets are files of the data folder and stay there.

    Args:
        to: address of the empty database, such as postgresql+psycopg://user:password@host/name
        config: settings file (openhearth.toml in this folder, if there is one)
        data: data folder
        json: print JSON
    """
    shown = _Progress(is_quiet=json)
    tables = copy_records(effective(config=config, data=data), to, shown)
    shown.end()
    if json:
        as_json({"tables": tables, "rows": sum(tables.values())})
    else:
        print(f"Copied {sum(tables.values()):,} rows of {len(tables)} tables; read again, they are equal.")
        print(f"From now on start with {ENV_PREFIX}STORE__URL (or store.url in the settings file) set to that address.")
    return 0


class _Progress:
    """A line per table, rewritten while it grows where somebody looks on."""

    def __init__(self, *, is_quiet: bool) -> None:
        self._is_quiet = is_quiet
        self._table = ""

    def __call__(self, table: str, rows: int) -> None:
        if self._is_quiet or not sys.stderr.isatty():
            return
        if table != self._table:
            self.end()
            self._table = table
        print(f"\r{table}: {rows:,}", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the line."""
        if self._table:
            print(file=sys.stderr)
