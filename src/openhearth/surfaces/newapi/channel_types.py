"""New API's numbers of providers and their addresses, and ours.

The numbers are those of its table of channel types (QuantumNous/new-api, constant/channel.go). Its addresses have no
version segment, ours have one.
"""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from openhearth.core.errors import RequestError
from openhearth.core.provider import Provider

OPENAI, CUSTOM = 1, 8
_PROVIDERS = {
    1: "openai",
    4: "ollama",
    16: "zhipu",
    17: "dashscope",
    20: "openrouter",
    23: "hunyuan",
    24: "gemini",
    25: "moonshot",
    26: "zhipu",
    27: "perplexity",
    34: "cohere",
    35: "minimax",
    38: "jina",
    40: "siliconflow",
    42: "mistral",
    43: "deepseek",
    45: "volcengine",
    46: "qianfan",
    47: "xinference",
    48: "xai",
}
_TYPES = {name: number for number, name in reversed(_PROVIDERS.items())} | {"zhipu": 26}
_LIKE = {"dashscope-intl": 17, "moonshot-intl": 25, "siliconflow-intl": 40, "zai": 26}
_VERSION = re.compile(r"/v\d+([a-z0-9]*)?(/.*)?$")
_MOST_URL = 2000


def place_of(kind: int, base_url: str, providers: Mapping[str, Provider]) -> tuple[str, str]:
    """Our provider (empty: known by its address alone) and address for a channel. Raises RequestError."""
    given = base_url.strip().rstrip("/")
    if len(given) > _MOST_URL:
        raise RequestError(f"'base_url' is at most {_MOST_URL} characters.", param="base_url", code="invalid_value")
    if kind != CUSTOM and kind not in _PROVIDERS:
        known = ", ".join(f"{number} ({name})" for number, name in _PROVIDERS.items())
        raise RequestError(
            f"Channels of type {kind} cannot be attached here. Known: {known}, {CUSTOM} (any like OpenAI).",
            param="type",
            code="invalid_value",
        )
    if kind == CUSTOM and not given:
        raise RequestError("A channel of type 8 needs its 'base_url'.", param="base_url", code="missing_field")
    provider = providers.get(_PROVIDERS.get(kind, ""))
    usual = provider.base_url if provider else ""
    if not given:
        return (provider.name if provider else ""), usual
    address = _with_version(given, usual)
    named = next((one.name for one in providers.values() if one.base_url == address), "")
    if named or kind in (OPENAI, CUSTOM):
        return named, address
    return (provider.name if provider else ""), address


def type_of(provider: str) -> int:
    """What New API's form calls a provider of ours; all others there are OpenAI's with an address of their own."""
    return _TYPES.get(provider) or _LIKE.get(provider, OPENAI)


def _with_version(given: str, usual: str) -> str:
    """``given`` as we write it: with the path its provider has, or OpenAI's."""
    parts, own = urlsplit(given), urlsplit(usual)
    if _VERSION.search(parts.path):
        return given
    if own.hostname and own.hostname == parts.hostname:
        return usual
    return given + (own.path if own.path and not parts.path else "/v1")
