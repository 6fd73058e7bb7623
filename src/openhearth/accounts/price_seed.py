"""The prices we come with, as rows that can go into the table: read only when a provider that has some is attached."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from importlib import resources
from typing import Any

import msgspec


class SeedRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One price of a provider under each of ``names``. ``start`` is a day (UTC) yet to come when the seed was made."""

    names: tuple[str, ...]
    rates: dict[str, Any]
    service: str = "standard"
    hours: str = ""
    start: str = msgspec.field(name="from", default="")

    def starts_at(self) -> float:
        """Unix seconds; 0 for what was in force already."""
        return datetime.fromisoformat(self.start).replace(tzinfo=UTC).timestamp() if self.start else 0.0


class _File(msgspec.Struct, frozen=True):
    source: str
    taken_on: str
    providers: dict[str, list[SeedRow]]


class Seed:
    """The seed that comes with this release. ``text`` replaces it in tests."""

    def __init__(self, text: bytes = b"") -> None:
        self._text = text

    @property
    def source(self) -> str:
        """Where the figures come from, with version and day."""
        return f"{self._file.source} ({self._file.taken_on})"

    def rows(self, provider: str) -> Iterator[SeedRow]:
        """What is known of one provider's models."""
        yield from self._file.providers.get(provider, ())

    def providers(self) -> list[str]:
        """Those the seed has prices of."""
        return sorted(self._file.providers)

    @cached_property
    def _file(self) -> _File:
        text = self._text or (resources.files("openhearth.accounts.seed") / "prices.json").read_bytes()
        return msgspec.json.decode(text, type=_File)
