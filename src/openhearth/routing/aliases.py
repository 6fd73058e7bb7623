"""The operator's table of other names for models, for code that cannot change its model name."""

from collections.abc import Mapping

from openhearth.config import ConfigError


def aliases(setting: str | dict[str, str], *, openai: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    """The table for a setting: given as it is, or the preset ``openai``, which maps the usual names to embedded models.

    Raises ConfigError for an unknown preset.
    """
    if isinstance(setting, dict):
        return {alias: (model,) for alias, model in setting.items()}
    if setting == "openai":
        return openai
    if not setting:
        return {}
    raise ConfigError(f"aliases: '{setting}' is no preset; there is 'openai', or a table name = \"model\".")
