"""The operator's table of other names for models, for code that cannot change its model name."""

from openhearth.config import ConfigError

_CHAT = (
    "gpt-5", "gpt-5-mini", "gpt-5-nano", "gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano", "gpt-4o", "gpt-4o-mini",
    "gpt-4-turbo", "gpt-4", "gpt-3.5-turbo", "o3", "o3-mini", "o4-mini", "gpt-3.5-turbo-instruct",
)  # fmt: skip
_PICTURES = ("gpt-image-1", "gpt-image-1-mini", "dall-e-2")


def aliases(setting: str | dict[str, str], *, chat: str, pictures: str) -> dict[str, str]:
    """The table for a setting: given as it is, or the preset ``openai``, which maps the usual names to ``chat`` and
    ``pictures``. Raises ConfigError for an unknown preset."""
    if isinstance(setting, dict):
        return dict(setting)
    if setting == "openai":
        return {**dict.fromkeys(_CHAT, chat), **dict.fromkeys(_PICTURES, pictures)}
    if not setting:
        return {}
    raise ConfigError(f"aliases: '{setting}' is no preset; there is 'openai', or a table name = \"model\".")
