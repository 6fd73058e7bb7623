"""What the engine that hears is told at start, and the spec that tells it.

Imported by the parent as well: nothing heavy here.
"""

import os
from pathlib import Path

import msgspec

from openhearth.config import Config
from openhearth.engines.packs import Packs
from openhearth.engines.ports import EngineSpec

NAME = "whisper-base"
MODULE = "openhearth.engines.transcribe"
SPOOL = "spool"
MEMORY_BYTES = 2 * 1024**3
NEED_BYTES = 580 * 1024**2  # measured: 566 MB at most in both processes while an hour is heard


class TranscribeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``model`` is the folder of a Whisper model in CTranslate2's form, ``spool`` the only folder whose files may be
    named in a request.

    ``audio_s`` bounds a recording, ``silence_s`` how long the worker may give no sign of life, ``queue`` how many
    requests may wait, ``memory_bytes`` the worker's address space. ``strict`` refuses fields that are not understood
    instead of naming them in a header. ``chinese`` is the script of Chinese text: ``simplified``, ``traditional`` or
    ``as_heard``. ``threads`` 0 leaves one core free.
    """

    name: str
    model: str
    spool: str
    queue: int = 32
    threads: int = 0
    audio_s: float = 14_400.0
    upload_bytes: int = 512 * 1024 * 1024
    silence_s: float = 300.0
    chinese: str = "simplified"
    memory_bytes: int = 6 * 1024**3
    strict: bool = False

    @property
    def used_threads(self) -> int:
        return self.threads or max(1, (os.cpu_count() or 2) - 1)


def spool_folder(config: Config) -> Path:
    """Where recordings lie while they are heard: shared by the server and the engine."""
    return Path(config.store.folder).absolute() / SPOOL


def transcribe_spec(config: Config, packs: Packs) -> EngineSpec:
    """The spec of the embedded Whisper for the engine host."""
    engines = config.engines
    settings = TranscribeSettings(
        name=NAME,
        model=str(packs.place(NAME)),
        spool=str(spool_folder(config)),
        queue=engines.queue,
        threads=engines.threads,
        audio_s=config.transcripts.audio_s,
        upload_bytes=config.limits.upload_bytes,
        chinese=config.transcripts.chinese,
        memory_bytes=engines.memory_bytes,
        strict=config.strict_fields,
    )
    return EngineSpec(
        name=NAME,
        module=MODULE,
        packs=(NAME,),
        settings=msgspec.to_builtins(settings),
        memory_bytes=min(MEMORY_BYTES, engines.memory_bytes),
        start_s=engines.start_s,
        need_bytes=NEED_BYTES,
    )
