"""The providers that come with the platform: one explicit list, so that finding one is a search, not a side effect."""

from openhearth.core.provider import Provider
from openhearth.providers import catalog, elevenlabs, fish, textin, volcengine

_FOLDERS = (elevenlabs.PROVIDER, fish.PROVIDER, volcengine.PROVIDER, volcengine.KNOWLEDGE, textin.PROVIDER)


def builtin() -> dict[str, Provider]:
    """Every provider that can be attached, by name: the rows of the catalogue and the folders with behaviour."""
    return catalog.load() | {provider.name: provider for provider in _FOLDERS}
