"""The embedded chat models: one engine process per model."""

from collections.abc import Mapping

from openhearth.app.embedded.row import Row
from openhearth.config import Config, ConfigError
from openhearth.engines.catalogue import PackError
from openhearth.engines.chat.settings import MODEL_FILE, ChatSettings, chat_spec
from openhearth.engines.packs import Packs
from openhearth.engines.ports import EngineSpec
from openhearth.providers.embedded.provider import CHAT

_OPENAI_NAMES = (
    "gpt-5", "gpt-5-mini", "gpt-5-nano", "gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano", "gpt-4o", "gpt-4o-mini",
    "gpt-4-turbo", "gpt-4", "gpt-3.5-turbo", "o3", "o3-mini", "o4-mini", "gpt-3.5-turbo-instruct",
)  # fmt: skip
_UNKNOWN = ("Embedded chat model on the CPU.", "内置对话模型。")
_NOTES: Mapping[str, tuple[str, str]] = {
    "qwen2.5-coder-0.5b-instruct": (
        "Embedded chat model of 0.5 billion parameters on the CPU: short answers and code; facts are often wrong.",
        "内置小型对话模型，事实常有误。",
    ),
    "qwen2.5-coder-1.5b-instruct": (
        "Embedded chat model of 1.5 billion parameters on the CPU: the best of the embedded ones, still small.",
        "内置对话模型中最好的，但仍然很小。",
    ),
    "smollm2-135m-instruct": (
        "Embedded chat model of 135 million parameters, English only: for trying things out.",
        "内置试用模型，仅英语。",
    ),
}


def rows(config: Config, packs: Packs) -> list[Row]:
    """One per configured chat pack. The OpenAI names point to the first installed one, else to the first.

    Raises ConfigError for a pack that there is not, or that is no chat model.
    """
    names = config.engines.chat
    for name in names:
        try:
            packs.path(name, MODEL_FILE)
        except PackError as error:
            raise ConfigError(f"engines.chat: {error}") from error
    default = next((name for name in names if packs.installed(name)), names[0] if names else "")
    return [
        Row(
            name=name,
            provider=CHAT,
            spec=_spec(config, packs, name),
            note_en=_NOTES.get(name, _UNKNOWN)[0],
            note_zh=_NOTES.get(name, _UNKNOWN)[1],
            openai_names=_OPENAI_NAMES if name == default else (),
            context_tokens=config.engines.chat_context,
        )
        for name in names
    ]


def _spec(config: Config, packs: Packs, name: str) -> EngineSpec:
    settings = ChatSettings(
        name=name,
        model=str(packs.path(name, MODEL_FILE)),
        context=config.engines.chat_context,
        slots=config.engines.chat_slots,
        queue=config.engines.queue,
        threads=config.engines.threads,
    )
    return chat_spec(settings, memory_bytes=config.engines.memory_bytes, start_s=config.engines.start_s)
