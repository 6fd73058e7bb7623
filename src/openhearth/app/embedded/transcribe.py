"""The embedded Whisper."""

from openhearth.app.embedded.row import Row
from openhearth.config import Config
from openhearth.engines.packs import Packs
from openhearth.engines.transcribe.settings import NAME, transcribe_spec
from openhearth.providers.embedded.provider import TRANSCRIBE


def rows(config: Config, packs: Packs) -> list[Row]:
    """``whisper-base``, which also takes calls that name no model."""
    return [
        Row(
            name=NAME,
            provider=TRANSCRIBE,
            spec=transcribe_spec(config, packs),
            note_en="Embedded Whisper base: clear speech in a hundred languages; mishears names and noisy recordings.",
            note_zh="内置 Whisper base：可识别约一百种语言的清晰语音；人名和嘈杂录音会听错。",
            openai_names=(
                "whisper-1",
                "gpt-4o-transcribe",
                "gpt-4o-mini-transcribe",
                "gpt-transcribe",
            ),
            stands_in_for=("scribe_v1", "scribe_v2"),
        )
    ]
