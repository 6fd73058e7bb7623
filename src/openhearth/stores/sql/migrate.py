"""Running migrations, forward only. The one module that imports alembic."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from openhearth.stores.sql.schema import SchemaError

FOLDER = Path(__file__).parent / "migrations"


def upgrade(connection: Connection, found: str | None) -> None:
    """Run every migration after version ``found``, all of them for ``None``.

    Raises SchemaError for a version that is not in our history.
    """
    config = settings(connection)
    try:
        if found is not None:
            ScriptDirectory.from_config(config).get_revision(found)
    except CommandError as error:
        raise SchemaError(
            f"The database has schema version '{found}', which this program does not know. "
            "A newer release made it: install that release again, or restore a backup from before it."
        ) from error
    command.upgrade(config, "head")


def settings(connection: Connection | None = None) -> Config:
    """Where the migrations lie, and the connection they run on."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
