"""The embedded reader of documents."""

from openhearth.app.embedded.row import Row
from openhearth.config import Config
from openhearth.engines.packs import Packs
from openhearth.engines.read_document.settings import NAME, read_spec
from openhearth.providers.embedded.documents import READ


def rows(config: Config, packs: Packs) -> list[Row]:
    """``rapid-ocr``, which takes calls that name no model, and Textin's while that is not attached."""
    return [
        Row(
            name=NAME,
            provider=READ,
            spec=read_spec(config, packs),
            base_path="",
            note_en="Embedded document reader: OCR of print in Chinese and English, layout and tables; no handwriting.",
            note_zh="内置文档识别：中英文印刷体 OCR、版面与表格；不擅长手写。",
            stands_in_for=("textin",),
        )
    ]
