"""What the engine of sentence vectors is told at start, and the spec that tells it.

Embeddings and rerank share one process: the reranker's network reads vectors of the same encoder, and loading that
twice would cost a second 150 MB. Imported by the parent as well: nothing heavy here.
"""

import os

import msgspec

from openhearth.config import Config
from openhearth.engines.packs import Packs
from openhearth.engines.ports import EngineSpec

EMBED = "use-multilingual-embed"
RERANK = "nano-rerank"
MODULE = "openhearth.engines.embed"
PACK = "use-multilingual"
ENCODER_FILE = "encoder.onnx"
RERANKER_FILE = "reranker.onnx"
MEMORY_BYTES = 1536 * 1024**2
NEED_BYTES = 300 * 1024**2


class EmbedSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``encoder`` is an ONNX graph from texts to vectors, ``reranker`` one from pairs of them to scores.

    ``long`` is what happens to a text above ``piece_tokens``: ``pool`` (the weighted mean of its pieces) or ``refuse``.
    ``strict`` refuses fields that are not understood instead of naming them in a header. ``queue`` is how many requests
    may wait. ``threads`` 0 leaves one core free.
    """

    encoder: str
    reranker: str
    long: str = "pool"
    strict: bool = False
    piece_tokens: int = 256
    slots: int = 4
    queue: int = 32
    threads: int = 0

    @property
    def used_threads(self) -> int:
        return self.threads or max(1, (os.cpu_count() or 2) - 1)


def embed_spec(config: Config, packs: Packs) -> EngineSpec:
    """The spec for the engine host. The engine has the name of the embedding model and serves the reranker too."""
    settings = EmbedSettings(
        encoder=str(packs.path(PACK, ENCODER_FILE)),
        reranker=str(packs.path(PACK, RERANKER_FILE)),
        long=config.engines.embed_long,
        strict=config.strict_fields,
        queue=config.engines.queue,
        threads=config.engines.threads,
    )
    return EngineSpec(
        name=EMBED,
        module=MODULE,
        packs=(PACK,),
        settings=msgspec.to_builtins(settings),
        memory_bytes=min(MEMORY_BYTES, config.engines.memory_bytes),
        start_s=config.engines.start_s,
        need_bytes=NEED_BYTES,
    )
