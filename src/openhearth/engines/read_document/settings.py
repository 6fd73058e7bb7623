"""What the engine that reads documents is told at start, and the spec that tells it.

Imported by the parent as well: nothing heavy here.
"""

import os

import msgspec

from openhearth.config import Config
from openhearth.engines.packs import Packs
from openhearth.engines.ports import EngineSpec

NAME = "rapid-ocr"
MODULE = "openhearth.engines.read_document"
LAYOUT_PACK = "document-layout"
MEMORY_BYTES = 3 * 1024**3
ADDRESS_SPACE_FACTOR = 2  # networks reserve more than they touch
NEED_BYTES = 700 * 1024 * 1024


class ReadSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``layout`` is the folder of the pack of layouts, which may be absent: then layout is told by geometry alone.

    ``limit_s`` bounds one document and ``silence_s`` one page, ``pages`` and ``pixels`` what is read of it, ``queue``
    how many documents may wait, ``memory_bytes`` what the worker may hold. After ``documents`` a worker is replaced by
    a fresh one. ``threads`` 0 leaves one core free.
    """

    layout: str
    queue: int = 32
    threads: int = 0
    limit_s: float = 600.0
    silence_s: float = 120.0
    pages: int = 200
    pixels: int = 40_000_000
    file_bytes: int = 64 * 1024 * 1024
    documents: int = 50
    memory_bytes: int = MEMORY_BYTES

    @property
    def used_threads(self) -> int:
        return self.threads or max(1, (os.cpu_count() or 2) - 1)


def read_spec(config: Config, packs: Packs) -> EngineSpec:
    """The spec of the reader for the engine host. It needs no pack: its networks for text come with RapidOCR."""
    engines, documents = config.engines, config.documents
    memory_bytes = min(MEMORY_BYTES, engines.memory_bytes)
    settings = ReadSettings(
        layout=str(packs.place(LAYOUT_PACK)),
        queue=engines.queue,
        threads=engines.threads,
        limit_s=documents.document_s,
        silence_s=min(documents.page_s, documents.document_s),
        pages=documents.pages,
        pixels=engines.picture_pixels,
        file_bytes=documents.file_bytes,
        memory_bytes=memory_bytes,
    )
    return EngineSpec(
        name=NAME,
        module=MODULE,
        packs=(),
        settings=msgspec.to_builtins(settings),
        memory_bytes=memory_bytes,
        start_s=engines.start_s,
        need_bytes=NEED_BYTES,
    )
