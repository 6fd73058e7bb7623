"""llama.cpp as a ``generation.Runtime``: the only module that imports it."""

import os
import secrets
import tempfile
from pathlib import Path
from typing import Any

import xllamacpp

from openhearth.engines.chat.generation import Stop
from openhearth.engines.chat.settings import ChatSettings, piece_for


class LlamaRuntime:
    """The in-process server of xllamacpp.

    It insists on an HTTP listener of its own: it gets a Unix socket in a private folder that is removed at once, and
    a random key besides.
    """

    def __init__(self, settings: ChatSettings) -> None:
        model = Path(settings.model)
        threads = settings.threads or max(1, (os.cpu_count() or 2) - 1)
        piece = settings.piece or piece_for(model)
        with tempfile.TemporaryDirectory(prefix="openhearth-") as folder:
            self._server = xllamacpp.Server(_parameters(settings, model, threads, piece, f"{folder}/closed.sock"))

    def chat(self, body: dict[str, Any], on_chunk: Stop) -> None:
        self._server.handle_chat_completions(body, on_chunk)

    def complete(self, body: dict[str, Any], on_chunk: Stop) -> None:
        self._server.handle_completions(body, on_chunk)


def _parameters(settings: ChatSettings, model: Path, threads: int, piece: int, listener: str) -> Any:
    wanted = xllamacpp.CommonParams()
    wanted.model.path = str(model)
    wanted.n_parallel = settings.slots
    wanted.n_ctx = settings.context * settings.slots
    wanted.n_batch = wanted.n_ubatch = piece
    wanted.cpuparams.n_threads = wanted.cpuparams_batch.n_threads = threads
    wanted.n_gpu_layers = 0
    wanted.n_threads_http = 1
    wanted.verbosity = -1
    wanted.hostnames = [listener]
    wanted.api_keys = [secrets.token_hex(32)]
    wanted.endpoint_slots = wanted.ui = wanted.prefill_assistant = False
    wanted.cache_ram_mib = 0
    return wanted
