"""The providers that come with the platform: one explicit list, so that finding one is a search, not a side effect."""

from openhearth.core.provider import Provider
from openhearth.providers import catalog


def builtin() -> dict[str, Provider]:
    """Every built-in provider by name."""
    return catalog.load()
