"""The embedded picture editor."""

from openhearth.app.embedded.row import Row
from openhearth.config import Config
from openhearth.engines.edit_image.settings import NAME, edit_spec
from openhearth.engines.packs import Packs
from openhearth.providers.embedded.provider import EDIT


def rows(config: Config, packs: Packs) -> list[Row]:
    """``local-edit``, also behind ``seededit`` while no provider offers that."""
    return [
        Row(
            name=NAME,
            provider=EDIT,
            spec=edit_spec(NAME, config.engines, packs),
            base_path="",
            note_en="Embedded procedural picture editor: changes pictures by rules and masks, invents nothing.",
            note_zh="内置的程序化图片编辑器：按规则修改图片，不生成新内容。",
            openai_names=("gpt-image-1", "gpt-image-1-mini", "dall-e-2"),
            stands_in_for=("seededit",),
        )
    ]
