"""The effective settings of a command: options over environment over file over defaults."""

import os
from pathlib import Path

from openhearth.config import ENV_PREFIX, Config, load

_FILE = Path("openhearth.toml")
_SHORT_NAMES = {"DATA": "STORE__FOLDER", "PORT": "SERVER__PORT"}
_OPTIONS = {"host": "SERVER__HOST", "port": "SERVER__PORT", "data": "STORE__FOLDER"}


def effective(*, config: str = "", data: str = "", host: str = "", port: str = "") -> Config:
    """Settings from ``config`` (or ``openhearth.toml`` here, if there is one), the environment and the options.

    ``DATA`` and ``PORT`` in the environment count like the settings they stand for. Raises ConfigError.
    """
    environ = dict(os.environ)
    for short, name in _SHORT_NAMES.items():
        if environ.get(short):
            environ.setdefault(ENV_PREFIX + name, environ[short])
    for option, value in {"host": host, "port": port, "data": data}.items():
        if value:
            environ[ENV_PREFIX + _OPTIONS[option]] = value
    path = Path(config) if config else _FILE if _FILE.is_file() else None
    return load(path, environ)
