"""The provider catalogue: every row is usable, and an address finds its row."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect
from openhearth.providers import builtin
from openhearth.providers.catalog import load, match
from openhearth.providers.quirks import QUIRKS

ROWS = load()


def test_knows_the_promised_providers() -> None:
    promised = {
        *("openai", "deepseek", "moonshot", "zhipu", "dashscope", "siliconflow", "openrouter", "groq", "mistral"),
        *("together", "xai", "minimax", "ollama", "vllm", "lm-studio"),
    }
    assert promised <= ROWS.keys()
    assert len(ROWS) >= 25


@pytest.mark.parametrize("name", ROWS)
def test_row_is_a_usable_provider(name: str) -> None:
    row = ROWS[name]
    parts = urlsplit(row.base_url)
    assert row.name == name
    assert row.title
    assert parts.hostname
    assert not row.base_url.endswith("/")
    assert parts.scheme == ("http" if parts.hostname == "127.0.0.1" else "https")
    assert row.speaks
    assert row.speaks.get(Operation.CHAT, Dialect.OPENAI_CHAT) is Dialect.OPENAI_CHAT
    assert set(row.quirks) <= QUIRKS.keys()
    assert row.auth in {"bearer", "x-api-key", "api-key", "none"}


def test_an_environment_variable_attaches_one_provider_only() -> None:
    keys = [row.env_key for row in ROWS.values() if row.env_key]
    assert len(keys) == len(set(keys))


def test_local_servers_are_never_attached_unasked() -> None:
    assert [name for name, row in ROWS.items() if "127.0.0.1" in row.base_url and row.env_key] == []


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://api.openai.com/v1", "openai"),
        ("https://api.openai.com/v1/", "openai"),
        ("https://API.OpenAI.com:443", "openai"),
        ("https://api.deepseek.com", "deepseek"),
        ("https://api.z.ai/api/coding/paas/v4", "zai"),
        ("http://localhost:11434/v1", "ollama"),
        ("http://[::1]:1234/v1", "lm-studio"),
        ("https://ark.cn-beijing.volces.com/api/v3", "volcengine"),
    ],
)
def test_finds_the_row_of_an_address(url: str, name: str) -> None:
    found = match(url, builtin())
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    "url", ["https://api.openai.com.evil.test/v1", "http://127.0.0.1:4/v1", "https://x:99999/v1", "", "not a url"]
)
def test_finds_nothing_for_an_unknown_address(url: str) -> None:
    assert match(url, builtin()) is None


def test_builtin_holds_the_whole_catalogue_and_the_folders() -> None:
    assert builtin().items() >= ROWS.items()
    assert builtin()["volcengine"].env_key == "ARK_API_KEY"


def test_the_guide_lists_every_provider_as_it_is() -> None:
    guide = (Path(__file__).resolve().parents[2] / "docs" / "guides" / "providers.md").read_text(encoding="utf-8")
    for row in builtin().values():
        env_key = f"`{row.env_key}`" if row.env_key else ""
        assert f"| `{row.name}` | {row.title} | `{row.base_url}` | {env_key} |" in guide
