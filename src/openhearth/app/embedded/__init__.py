"""The embedded engines as targets: which there are, what each needs, and what it honestly is."""

from collections.abc import Mapping

import msgspec

from openhearth.config import Config
from openhearth.core.provider import Target
from openhearth.engines.chat.settings import MODEL_FILE, ChatSettings, chat_spec
from openhearth.engines.edit_image.settings import edit_spec
from openhearth.engines.packs import Packs
from openhearth.engines.ports import EngineHost, EngineSpec
from openhearth.providers.embedded.provider import CHAT, EDIT

EDITOR = "local-edit"
STAND_INS = {"seededit": EDITOR}

NOTES: Mapping[str, str] = {
    EDITOR: (
        "Embedded procedural picture editor: changes pictures by rules and measured masks, invents nothing. "
        "内置的程序化图片编辑器：按规则修改图片，不生成新内容。"
    ),
    "qwen2.5-coder-0.5b-instruct": (
        "Embedded chat model of 0.5 billion parameters on the CPU: short answers and code; facts are often wrong. "
        "内置小型对话模型，事实常有误。"
    ),
    "qwen2.5-coder-1.5b-instruct": (
        "Embedded chat model of 1.5 billion parameters on the CPU: the best of the embedded ones, still small. "
        "内置对话模型中最好的，但仍然很小。"
    ),
    "smollm2-135m-instruct": (
        "Embedded chat model of 135 million parameters, English only: for trying things out. 内置试用模型，仅英语。"
    ),
}


def engine_specs(config: Config, packs: Packs) -> list[EngineSpec]:
    """One engine per chat model, and the editor."""
    if not config.engines.enabled:
        return []
    specs = [_chat(config, packs, name) for name in config.engines.chat]
    return [*specs, edit_spec(EDITOR, config.engines, packs)]


def embedded_targets(config: Config, host: EngineHost) -> list[Target]:
    """A target for each engine, at its Unix socket."""
    if not config.engines.enabled:
        return []
    chat = [_target(host, name, Target(name, CHAT, host.origin(name), "/v1", name)) for name in config.engines.chat]
    return [*chat, _target(host, EDITOR, Target(EDITOR, EDIT, host.origin(EDITOR), "", EDITOR))]


def default_chat(config: Config, packs: Packs) -> str:
    """The embedded chat model that aliases point to: the first installed one, else the first."""
    names = config.engines.chat
    return next((name for name in names if packs.installed(name)), names[0] if names else "")


def _target(host: EngineHost, engine: str, target: Target) -> Target:
    return msgspec.structs.replace(target, engine=engine, origin=host.origin(engine))


def _chat(config: Config, packs: Packs, name: str) -> EngineSpec:
    settings = ChatSettings(
        name=name,
        model=str(packs.path(name, MODEL_FILE)),
        context=config.engines.chat_context,
        slots=config.engines.chat_slots,
        queue=config.engines.queue,
        threads=config.engines.threads,
    )
    return chat_spec(settings, memory_bytes=config.engines.memory_bytes, start_s=config.engines.start_s)
