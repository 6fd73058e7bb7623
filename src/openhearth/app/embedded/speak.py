"""The embedded voices: hibari and Kokoro, one process each."""

from openhearth.app.embedded.row import Row
from openhearth.config import Config
from openhearth.engines.packs import Packs
from openhearth.engines.ports import EngineSpec
from openhearth.engines.speak.settings import PACKS, speak_spec
from openhearth.engines.speak.voices import HIBARI, KOKORO
from openhearth.providers.embedded.provider import SPEAK


def rows(config: Config, packs: Packs) -> list[Row]:
    """``hibari-tts`` and ``kokoro-tts``; OpenAI's names mean the one with the many voices."""
    return [
        Row(
            name=HIBARI,
            provider=SPEAK,
            spec=_spec(config, packs, HIBARI),
            note_en="Embedded English voice, many times faster than real time; one voice, no feeling on demand.",
            note_zh="内置英语语音，速度远快于实时；只有一个声音，不能指定情感。",
        ),
        Row(
            name=KOKORO,
            provider=SPEAK,
            spec=_spec(config, packs, KOKORO),
            note_en="Embedded voices for English, Chinese and Spanish at about real time on a busy processor.",
            note_zh="内置英语、中文、西班牙语语音，54 种音色，繁忙处理器上约为实时速度。",
            openai_names=("tts-1", "tts-1-hd", "gpt-4o-mini-tts"),
        ),
    ]


def _spec(config: Config, packs: Packs, name: str) -> EngineSpec:
    return speak_spec(
        name,
        words=packs.place(HIBARI),
        model=packs.place(name),
        queue=config.engines.queue,
        threads=config.engines.threads,
        characters=config.speech.characters,
        fetch_tools=packs.fetch_tools(PACKS[name]),
    )
