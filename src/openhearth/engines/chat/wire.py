"""Events as OpenAI's JSON: whole answers and stream chunks, for chat and for text completions."""

import time
from collections.abc import AsyncGenerator, Sequence
from typing import Any, Protocol

import msgspec

from openhearth.core.errors import GatewayError
from openhearth.core.ids import new_id
from openhearth.engines.chat.events import Called, Ended, Event, Piece, Used, Waiting
from openhearth.engines.failed import failed

DONE = b"data: [DONE]\n\n"


class Form(Protocol):
    """How one kind of answer looks. ``start`` is given once per choice, before its first event."""

    def whole(self, events: Sequence[Event]) -> dict[str, Any]: ...

    def start(self, choice: int) -> dict[str, Any] | None: ...

    def chunk(self, event: Piece | Called | Ended) -> dict[str, Any]: ...

    def usage_chunk(self, used: Used) -> dict[str, Any]: ...


class _Frame:
    def __init__(self, prefix: str, kind: str, model: str) -> None:
        self._head = {"id": new_id(prefix), "object": kind, "created": int(time.time()), "model": model}

    def wrap(self, *choices: dict[str, Any]) -> dict[str, Any]:
        return {**self._head, "choices": list(choices)}


class ChatForm:
    """Chat completions (OpenAI API reference, chat completion object and chunk object)."""

    def __init__(self, model: str, *, is_stream: bool, with_usage: bool, with_logprobs: bool) -> None:
        self._frame = _Frame("chatcmpl-", "chat.completion.chunk" if is_stream else "chat.completion", model)
        self._usage: dict[str, Any] = {"usage": None} if with_usage and is_stream else {}
        self._with_logprobs = with_logprobs

    def whole(self, events: Sequence[Event]) -> dict[str, Any]:
        texts: dict[int, list[str]] = {}
        tokens: dict[int, list[dict[str, Any]]] = {}
        calls: dict[int, list[dict[str, Any]]] = {}
        choices = []
        used = Used()
        for event in events:
            if isinstance(event, Piece):
                texts.setdefault(event.choice, []).append(event.text)
                tokens.setdefault(event.choice, []).extend(map(_plain_token, event.tokens))
            elif isinstance(event, Called):
                calls[event.choice] = event.calls
            elif isinstance(event, Used):
                used = event
            elif isinstance(event, Ended):
                message = _message("".join(texts.get(event.choice, ())), calls.get(event.choice))
                logprobs = self._logprobs(tokens.get(event.choice, []))
                choices.append(
                    {"index": event.choice, "message": message, "logprobs": logprobs, "finish_reason": event.reason}
                )
        return {**self._frame.wrap(*choices), "usage": used.wire()}

    def start(self, choice: int) -> dict[str, Any] | None:
        return self._delta(choice, {"role": "assistant", "content": "", "refusal": None})

    def chunk(self, event: Piece | Called | Ended) -> dict[str, Any]:
        if isinstance(event, Piece):
            return self._delta(event.choice, {"content": event.text}, tokens=event.tokens)
        if isinstance(event, Called):
            numbered = [{"index": at, **call} for at, call in enumerate(event.calls)]
            return self._delta(event.choice, {"tool_calls": numbered})
        return self._delta(event.choice, {}, reason=event.reason)

    def usage_chunk(self, used: Used) -> dict[str, Any]:
        return {**self._frame.wrap(), "usage": used.wire()}

    def _delta(
        self,
        choice: int,
        delta: dict[str, Any],
        *,
        reason: str | None = None,
        tokens: Sequence[dict[str, Any]] = (),
    ) -> dict[str, Any]:
        logprobs = self._logprobs([_plain_token(token) for token in tokens]) if tokens else None
        part = {"index": choice, "delta": delta, "logprobs": logprobs, "finish_reason": reason}
        return {**self._frame.wrap(part), **self._usage}

    def _logprobs(self, tokens: list[dict[str, Any]]) -> dict[str, Any] | None:
        return {"content": tokens, "refusal": None} if self._with_logprobs else None


class CompletionForm:
    """Text completions (OpenAI API reference, completion object)."""

    def __init__(self, model: str, *, is_stream: bool, with_usage: bool) -> None:
        self._frame = _Frame("cmpl-", "text_completion", model)
        self._usage: dict[str, Any] = {"usage": None} if with_usage and is_stream else {}
        self._offsets: dict[int, int] = {}

    def whole(self, events: Sequence[Event]) -> dict[str, Any]:
        texts: dict[int, list[str]] = {}
        logprobs: dict[int, dict[str, list[Any]]] = {}
        choices = []
        used = Used()
        for event in events:
            if isinstance(event, Piece):
                texts.setdefault(event.choice, []).append(event.text)
                if event.tokens:
                    together = logprobs.setdefault(event.choice, _no_logprobs())
                    for name, values in self._logprobs(event).items():
                        together[name].extend(values)
                else:
                    self._advance(event.choice, event.text)
            elif isinstance(event, Used):
                used = event
            elif isinstance(event, Ended):
                choices.append(
                    {
                        "index": event.choice,
                        "text": "".join(texts.get(event.choice, ())),
                        "logprobs": logprobs.get(event.choice),
                        "finish_reason": event.reason,
                    }
                )
        return {**self._frame.wrap(*choices), "usage": used.wire()}

    def start(self, choice: int) -> dict[str, Any] | None:
        return None

    def chunk(self, event: Piece | Called | Ended) -> dict[str, Any]:
        text, logprobs, reason = "", None, None
        if isinstance(event, Piece):
            text = event.text
            logprobs = self._logprobs(event) if event.tokens else None
            if not event.tokens:
                self._advance(event.choice, text)
        elif isinstance(event, Ended):
            reason = event.reason
        part = {"index": event.choice, "text": text, "logprobs": logprobs, "finish_reason": reason}
        return {**self._frame.wrap(part), **self._usage}

    def usage_chunk(self, used: Used) -> dict[str, Any]:
        return {**self._frame.wrap(), "usage": used.wire()}

    def _advance(self, choice: int, text: str) -> int:
        before = self._offsets.get(choice, 0)
        self._offsets[choice] = before + len(text)
        return before

    def _logprobs(self, piece: Piece) -> dict[str, list[Any]]:
        made = _no_logprobs()
        for token in piece.tokens:
            made["tokens"].append(token["token"])
            made["token_logprobs"].append(token["logprob"])
            top = {entry["token"]: entry["logprob"] for entry in token.get("top_logprobs") or ()}
            made["top_logprobs"].append(top)
            made["text_offset"].append(self._advance(piece.choice, token["token"]))
        return made


async def stream(events: AsyncGenerator[Event, None], form: Form, *, with_usage: bool) -> AsyncGenerator[bytes, None]:
    """Server-sent events. A failure after the start is an error event; every stream ends with ``[DONE]``."""
    started: set[int] = set()
    told = 0
    try:
        async for event in events:
            if isinstance(event, Waiting):
                if event.place:
                    yield f": waiting {event.place}\n\n".encode()
                elif told == 0:
                    yield b": reading the prompt\n\n"
                told += 1
            elif isinstance(event, Used):
                if with_usage:
                    yield _event(form.usage_chunk(event))
            else:
                if event.choice not in started:
                    started.add(event.choice)
                    if first := form.start(event.choice):
                        yield _event(first)
                yield _event(form.chunk(event))
    except GatewayError as error:
        yield _event(failed(error).body())
    yield DONE


def _event(value: dict[str, Any]) -> bytes:
    return b"data: " + msgspec.json.encode(value) + b"\n\n"


def _message(text: str, calls: list[dict[str, Any]] | None) -> dict[str, Any]:
    if calls:
        return {"role": "assistant", "content": None, "refusal": None, "tool_calls": calls}
    return {"role": "assistant", "content": text, "refusal": None}


def _plain_token(token: dict[str, Any]) -> dict[str, Any]:
    """A token's log probabilities without the runtime's own token numbers."""
    return {**_bare(token), "top_logprobs": [_bare(entry) for entry in token.get("top_logprobs") or ()]}


def _bare(token: dict[str, Any]) -> dict[str, Any]:
    return {"token": token["token"], "logprob": token["logprob"], "bytes": token.get("bytes")}


def _no_logprobs() -> dict[str, list[Any]]:
    return {"tokens": [], "token_logprobs": [], "top_logprobs": [], "text_offset": []}
