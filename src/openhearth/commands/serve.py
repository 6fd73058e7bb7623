"""``openhearth serve``: settings in, a running platform out."""

from collections.abc import Mapping

from openhearth import app
from openhearth.commands.settings import effective


def serve(*, host: str = "", port: str = "", data: str = "", config: str = "") -> int:
    """Start the platform and serve until stopped.

    Args:
        host: address to listen on (127.0.0.1)
        port: port to listen on (8080)
        data: folder for the database, files and the first key (data)
        config: settings file (openhearth.toml in this folder, if there is one)
    """
    return start({"host": host, "port": port, "data": data, "config": config})


def start(options: Mapping[str, str]) -> int:
    """Serve with ``options``; empty ones count as not given. Raises ConfigError."""
    return app.serve(effective(**options))
