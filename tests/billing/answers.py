"""What an upstream says in the relay's policy tests, block by block, so that a test knows what came before a cut."""

import json
from typing import Any

import msgspec

_CHUNK: dict[str, Any] = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}


class Reported(msgspec.Struct, frozen=True):
    """A usage object as an upstream writes it, and what it means: ``None`` when it means nothing."""

    said: object
    means: dict[str, int] | None


PLAIN = Reported(
    {"prompt_tokens": 19, "completion_tokens": 7, "total_tokens": 26}, {"input_tokens": 19, "output_tokens": 7}
)
REPORTS: dict[str, Reported] = {
    "plain": PLAIN,
    "one": Reported({"prompt_tokens": 1, "completion_tokens": 0}, {"input_tokens": 1}),
    "cached": Reported(
        {"prompt_tokens": 1200, "completion_tokens": 33, "prompt_tokens_details": {"cached_tokens": 1024}},
        {"input_tokens": 1200, "output_tokens": 33, "cached_tokens": 1024},
    ),
    "kinds": Reported(
        {
            "prompt_tokens": 900,
            "completion_tokens": 700,
            "prompt_tokens_details": {
                "cached_tokens": 100, "cache_write_tokens": 50, "audio_tokens": 200, "image_tokens": 300,
            },
            "completion_tokens_details": {"reasoning_tokens": 400, "audio_tokens": 100, "image_tokens": 20},
        },
        {
            "input_tokens": 900, "output_tokens": 700, "cached_tokens": 100, "cache_write_tokens": 50,
            "audio_input_tokens": 200, "image_input_tokens": 300, "reasoning_tokens": 400, "audio_output_tokens": 100,
            "image_output_tokens": 20,
        },
    ),
    "more kinds than tokens": Reported(
        {
            "prompt_tokens": 10,
            "completion_tokens": 5,
            "prompt_tokens_details": {"cached_tokens": 8, "audio_tokens": 8},
            "completion_tokens_details": {"reasoning_tokens": 50},
        },
        {
            "input_tokens": 10, "output_tokens": 5, "cached_tokens": 8, "audio_input_tokens": 8, "reasoning_tokens": 50,
        },
    ),
    "negative": Reported({"prompt_tokens": 12, "completion_tokens": -4}, {"input_tokens": 12}),
    "nulls": Reported(
        {"prompt_tokens": 11, "completion_tokens": 3, "prompt_tokens_details": None},
        {"input_tokens": 11, "output_tokens": 3},
    ),
    "thought beside": Reported(
        {
            "prompt_tokens": 32, "completion_tokens": 9, "total_tokens": 135,
            "completion_tokens_details": {"reasoning_tokens": 94},
        },
        {"input_tokens": 32, "output_tokens": 103, "reasoning_tokens": 94},
    ),
    "only in the total": Reported(
        {"prompt_tokens": 8, "completion_tokens": 5, "total_tokens": 63}, {"input_tokens": 8, "output_tokens": 55}
    ),
    "another total": Reported(
        {
            "prompt_tokens": 8, "completion_tokens": 5, "total_tokens": 63,
            "completion_tokens_details": {"reasoning_tokens": 4},
        },
        {"input_tokens": 8, "output_tokens": 5, "reasoning_tokens": 4},
    ),
    "cached beside": Reported(
        {"prompt_tokens": 100, "completion_tokens": 2, "total_tokens": 102, "cached_tokens": 64},
        {"input_tokens": 100, "output_tokens": 2, "cached_tokens": 64},
    ),
    "cache hit": Reported(
        {"prompt_tokens": 100, "completion_tokens": 2, "prompt_cache_hit_tokens": 96, "prompt_cache_miss_tokens": 4},
        {"input_tokens": 100, "output_tokens": 2, "cached_tokens": 96},
    ),
    "huge": Reported(
        {"prompt_tokens": 10**9, "completion_tokens": 10**9}, {"input_tokens": 10**9, "output_tokens": 10**9}
    ),
    "zeros": Reported({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}, None),
    "words": Reported({"prompt_tokens": "many", "completion_tokens": 3}, None),
    "no object": Reported([], None),
    "none": Reported(None, None),
}  # fmt: skip


class Block(msgspec.Struct, frozen=True):
    """One part of an answer's body. ``counts``: it is an event of the answer, and no comment or end mark. ``fails``:
    with it the answer is none."""

    data: bytes
    counts: bool = True
    reported: Reported | None = None
    fails: bool = False


class Answer(msgspec.Struct, frozen=True):
    """What one target says. ``cuts`` are the places in its body, in bytes, where something may happen."""

    name: str
    stream: bool
    blocks: tuple[Block, ...]
    is_error: bool = False

    @property
    def body(self) -> bytes:
        return b"".join(block.data for block in self.blocks)

    @property
    def head(self) -> bytes:
        if self.stream:
            return b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        size = len(self.body)
        return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % size

    @property
    def cuts(self) -> tuple[int, ...]:
        """Before each block, inside it (at its start, in its middle, just before its end), and after the last."""
        found, at = {0}, 0
        for block in self.blocks:
            size = len(block.data)
            found |= {at + 1, at + size // 2, at + size - 1, at + size}
            at += size
        return tuple(sorted(found))

    def before(self, cut: int) -> tuple[Block, ...]:
        """The blocks that have come whole when ``cut`` bytes have."""
        found, at = [], 0
        for block in self.blocks:
            at += len(block.data)
            if at <= cut:
                found.append(block)
        return tuple(found)

    def wire(self, start: int, end: int) -> bytes:
        """This part of the body as it travels."""
        part = self.body[start:end]
        return (b"%x\r\n%b\r\n" % (len(part), part) if part else b"") if self.stream else part

    @property
    def tail(self) -> bytes:
        """What ends the answer on the wire."""
        return b"0\r\n\r\n" if self.stream else b""


def event(value: object, *, crlf: bool = False) -> bytes:
    end = "\r\n\r\n" if crlf else "\n\n"
    return f"data: {json.dumps(value, separators=(',', ':'))}{end}".encode()


def chunk(text: str = "", *, finish: str | None = None, **more: Any) -> dict[str, Any]:
    delta = {"content": text} if text else {}
    return {**_CHUNK, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}


_WORDS = ("你好", " said", ' "usage": 1', " [DONE]")
_DONE = Block(b"data: [DONE]\n\n", counts=False)


def streams() -> list[Answer]:
    """Streams that go well, in the forms in which upstreams report usage, or do not."""
    said = tuple(Block(event(chunk(word))) for word in _WORDS)
    stop = Block(event(chunk(finish="stop")))
    found = []
    for name, report in REPORTS.items():
        last = Block(event({**_CHUNK, "choices": [], "usage": report.said}), reported=report)
        if name == "none":
            found += [Answer("stream, no usage", True, (*said, stop, _DONE))]
            found += [Answer("stream, no usage, no end mark", True, (*said, stop))]
            continue
        found.append(Answer(f"stream, {name} in a chunk of its own", True, (*said, stop, last, _DONE)))
        beside = Block(event(chunk(finish="stop", usage=report.said)), reported=report)
        found.append(Answer(f"stream, {name} beside the end", True, (*said, beside, _DONE)))
    found += [_every_chunk(), _with_comments(), _first_zero(), _crlf(), _prompt_first()]
    return found


def _every_chunk() -> Answer:
    blocks = []
    for number, word in enumerate(_WORDS, 1):
        usage = {"prompt_tokens": 19, "completion_tokens": number}
        report = Reported(usage, {"input_tokens": 19, "output_tokens": number})
        blocks.append(Block(event(chunk(word, usage=usage)), reported=report))
    stop = Block(event(chunk(finish="stop", usage=PLAIN.said)), reported=PLAIN)
    return Answer("stream, usage in every chunk", True, (*blocks, stop, _DONE))


def _with_comments() -> Answer:
    comment = Block(b": PROCESSING\n\n", counts=False)
    said = tuple(Block(event(chunk(word))) for word in _WORDS)
    stop = Block(event(chunk(finish="stop", usage=None)))
    return Answer("stream, comments between", True, (comment, comment, said[0], comment, *said[1:], stop, _DONE))


def _first_zero() -> Answer:
    """Zeros in every chunk but the last: those say nothing."""
    zeros = REPORTS["zeros"]
    said = tuple(Block(event(chunk(word, usage=zeros.said)), reported=zeros) for word in _WORDS)
    stop = Block(event(chunk(finish="stop", usage=PLAIN.said)), reported=PLAIN)
    return Answer("stream, zeros until the end", True, (*said, stop, _DONE))


def _prompt_first() -> Answer:
    """The prompt counted in the first chunk, all of it in the last."""
    first = Reported({"prompt_tokens": 19, "completion_tokens": 0}, {"input_tokens": 19})
    said = [Block(event(chunk(word))) for word in _WORDS]
    said[0] = Block(event(chunk(_WORDS[0], usage=first.said)), reported=first)
    stop = Block(event(chunk(finish="stop", usage=PLAIN.said)), reported=PLAIN)
    return Answer("stream, prompt counted first", True, (*said, stop, _DONE))


def _crlf() -> Answer:
    said = tuple(Block(event(chunk(word), crlf=True)) for word in _WORDS)
    last = Block(event({**_CHUNK, "choices": [], "usage": PLAIN.said}, crlf=True), reported=PLAIN)
    stop = Block(event(chunk(finish="stop"), crlf=True))
    return Answer("stream, other line ends", True, (*said, stop, last, Block(b"data: [DONE]\r\n\r\n", counts=False)))


TEXT = "Good day to you, 你好"


def wholes() -> list[Answer]:
    """Whole answers, with every kind of report."""
    found = []
    for name, report in REPORTS.items():
        message = {"role": "assistant", "content": TEXT}
        value: dict[str, Any] = {
            "id": "c1", "object": "chat.completion", "model": "m",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        }  # fmt: skip
        if report.said is not None:
            value["usage"] = report.said
        block = Block(json.dumps(value, ensure_ascii=False).encode(), reported=report)
        found.append(Answer(f"whole, {name}", False, (block,)))
    return found


def failing() -> list[Answer]:
    """Answers of status 200 that are none."""
    told = {"error": {"message": "out of memory", "type": "server_error", "code": None}}
    usage = {"usage": PLAIN.said}
    said = tuple(Block(event(chunk(word))) for word in _WORDS)
    last = Block(event({**_CHUNK, "choices": [], **usage}), reported=PLAIN)
    failed = Block(event(told), fails=True)
    routed = Block(event({**chunk(finish="error"), **told}), fails=True)
    return [
        Answer("whole error", False, (Block(json.dumps(told).encode()),), True),
        Answer("whole error with usage", False, (Block(json.dumps({**told, **usage}).encode()),), True),
        Answer("whole, not JSON", False, (Block(b"<html>busy</html>"),), True),
        Answer("stream, error first", True, (failed, _DONE), True),
        Answer("stream, error after words", True, (*said, failed, _DONE), True),
        Answer("stream, error after usage", True, (*said, last, failed, _DONE), True),
        Answer("stream, error among other fields", True, (*said, routed, last, _DONE), True),
        Answer("stream, no end", True, said, True),
    ]
