"""The embedded moderation."""

from openhearth.app.embedded.row import Row
from openhearth.config import Config
from openhearth.engines.moderate.settings import NAME, moderate_spec
from openhearth.engines.packs import Packs
from openhearth.providers.embedded.provider import MODERATE


def rows(config: Config, packs: Packs) -> list[Row]:
    """``local-moderation``, which takes calls that name no model."""
    return [
        Row(
            name=NAME,
            provider=MODERATE,
            spec=moderate_spec(config, packs),
            note_en="Embedded moderation, English and Chinese: finds the plain, misses the coded; measured.",
            note_zh="内置内容审查（中英文）：能发现直白的内容，会漏掉隐晦的；实测指标见文档。",
            openai_names=(
                "omni-moderation-latest",
                "omni-moderation-2024-09-26",
                "text-moderation-latest",
                "text-moderation-stable",
            ),
        )
    ]
