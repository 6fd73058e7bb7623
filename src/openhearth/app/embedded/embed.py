"""The embedded sentence encoder and reranker: two models, one process, one pack."""

from openhearth.app.embedded.row import Row
from openhearth.config import Config
from openhearth.engines.embed.settings import EMBED, RERANK, embed_spec
from openhearth.engines.packs import Packs
from openhearth.providers.embedded import provider


def rows(config: Config, packs: Packs) -> list[Row]:
    """``use-multilingual-embed`` and ``nano-rerank``, which take calls that name no model."""
    spec = embed_spec(config, packs)
    return [
        Row(
            name=EMBED,
            provider=provider.EMBED,
            spec=spec,
            note_en="Embedded multilingual sentence encoder, 512 numbers: good at short texts, blurs long ones.",
            note_zh="内置多语言句向量模型，512 维：擅长短文本，长文本细节会模糊。",
            openai_names=("text-embedding-3-small", "text-embedding-3-large", "text-embedding-ada-002"),
        ),
        Row(
            name=RERANK,
            provider=provider.RERANK,
            spec=spec,
            note_en="Embedded reranker: compares sentence vectors, with a small network for near ties; often unsure.",
            note_zh="内置重排模型：比较句向量，并用小网络区分接近的结果；常有把握不足的情况。",
        ),
    ]
