"""A runtime that plays a script instead of a model, in the chunk shapes of the real one."""

import threading
from collections.abc import Callable
from typing import Any

from openhearth.engines.chat.generation import Stop

Script = Callable[[dict[str, Any]], list[str]]


class ScriptedRuntime:
    """Answers with the words a script gives for a body. With ``gate`` unset it stops after the first word until told,
    or until the client is gone. ``margin`` answers the yes-or-no question of tools."""

    def __init__(self, script: Script, *, margin: float = 0.0) -> None:
        self.script = script
        self.margin = margin
        self.bodies: list[dict[str, Any]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.begun = threading.Event()
        self.stopped = threading.Event()

    def chat(self, body: dict[str, Any], on_chunk: Stop) -> None:
        if body.get("max_tokens") == 1 and body.get("top_logprobs") == 20:
            self._play(["yes"], on_chunk, "chat", margin=self.margin)
            return
        self.bodies.append(body)
        self._play(self.script(body), on_chunk, "chat")

    def complete(self, body: dict[str, Any], on_chunk: Stop) -> None:
        self.bodies.append(body)
        self._play(self.script(body), on_chunk, "text")

    def _play(self, words: list[str], on_chunk: Stop, kind: str, *, margin: float | None = None) -> None:
        on_chunk({"choices": [{"delta": {"role": "assistant", "content": None}}], "prompt_progress": {"total": 7}})
        for at, word in enumerate(words):
            part: dict[str, Any] = {"text": word} if kind == "text" else {"delta": {"content": word}}
            if margin is not None:
                top = [{"token": "yes", "logprob": margin}, {"token": "no", "logprob": 0.0}]
                part["logprobs"] = {"content": [{"token": word, "logprob": margin, "top_logprobs": top}]}
            if on_chunk({"choices": [part]}):
                self.stopped.set()
                return
            self.begun.set()
            while at == 0 and not self.gate.wait(0.01):
                if on_chunk({"choices": []}):
                    self.stopped.set()
                    return
        on_chunk({"choices": [{"delta": {}, "finish_reason": "stop"}]})
        usage = {"prompt_tokens": 7, "completion_tokens": len(words), "prompt_tokens_details": {"cached_tokens": 2}}
        on_chunk({"choices": [], "usage": usage})
