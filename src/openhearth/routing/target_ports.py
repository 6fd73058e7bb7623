"""What attached targets need of others: a vault for their credentials, a book of their prices."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from openhearth.core.provider import Secret, Target


class Vault(Protocol):
    """``accounts.secrets.Vault``: seals credentials at rest."""

    def seal(self, value: str) -> str: ...

    def resolve(self, credential: str, environ: Mapping[str, str]) -> Secret | None: ...


class PriceBook(Protocol):
    """``accounts.prices.Prices``: told of targets, and of the rates given with one, by its id."""

    async def attend(self, targets: Iterable[Target], given: Mapping[str, Mapping[str, int]] | None = None) -> None: ...


class NoPrices:
    """A price book that keeps nothing."""

    async def attend(self, targets: Iterable[Target], given: Mapping[str, Mapping[str, int]] | None = None) -> None:
        return None
