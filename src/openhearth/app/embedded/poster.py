"""The embedded poster engine."""

from openhearth.app.embedded.row import Row
from openhearth.config import Config
from openhearth.engines.packs import Packs
from openhearth.engines.poster.settings import NAME, poster_spec
from openhearth.providers.embedded.provider import POSTER


def rows(config: Config, packs: Packs) -> list[Row]:
    """``local-poster``, which makes pictures while there is no provider for them."""
    return [
        Row(
            name=NAME,
            provider=POSTER,
            spec=poster_spec(NAME, config.engines, packs),
            note_en="Embedded procedural posters: sets the prompt's words, draws shapes by code; no diffusion model.",
            note_zh="内置的程序化海报：用代码排版提示词并绘制图形，不是扩散模型。",
            openai_names=("gpt-image-1", "gpt-image-1-mini", "dall-e-3", "dall-e-2"),
        )
    ]
