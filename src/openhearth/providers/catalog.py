"""Providers that need no code: rows of ``catalog.toml``, and finding the row an address belongs to."""

import tomllib
from collections.abc import Mapping
from importlib import resources
from urllib.parse import urlsplit

import msgspec

from openhearth.core.operations import Operation
from openhearth.core.provider import OPENAI_COMPATIBLE, Dialect, Provider

_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})
_PORTS = {"http": 80, "https": 443}


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    base_url: str
    env_key: str = ""
    operations: tuple[Operation, ...] = (Operation.CHAT,)
    dialects: dict[Operation, Dialect] = {}
    models: tuple[str, ...] = ()
    auth: str = "bearer"
    quirks: tuple[str, ...] = ()
    image_quirks: tuple[str, ...] = ()


def load() -> dict[str, Provider]:
    """The rows of the catalogue as providers, by name."""
    text = (resources.files("openhearth.providers") / "catalog.toml").read_text(encoding="utf-8")
    rows = msgspec.convert(tomllib.loads(text), dict[str, _Row])
    return {name: _provider(name, row) for name, row in rows.items()}


def match(base_url: str, providers: Mapping[str, Provider]) -> Provider | None:
    """The provider at the host and port of ``base_url``, or ``None``. The path does not matter."""
    wanted = _place(base_url)
    return next((row for row in providers.values() if _place(row.base_url) == wanted), None)


def _provider(name: str, row: _Row) -> Provider:
    return Provider(
        name=name,
        title=row.title,
        base_url=row.base_url,
        env_key=row.env_key,
        speaks={operation: row.dialects.get(operation) or OPENAI_COMPATIBLE[operation] for operation in row.operations},
        models=row.models,
        auth=row.auth,
        quirks=row.quirks,
        image_quirks=row.image_quirks,
    )


def _place(url: str) -> tuple[str, int | None]:
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    try:
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:  # not a number, or out of range: no provider is there
        return host, None
    return ("127.0.0.1" if host in _THIS_MACHINE else host), port
