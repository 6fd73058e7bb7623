"""What the fault upstream says: good answers in OpenAI's shape, and what a Fault makes of them."""

import asyncio
import json
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

ERROR_BODY = b'{"error":{"message":"The model is overloaded.","type":"server_error","param":null,"code":"overloaded"}}'
PATIENCE_S = 30.0
ABORT_S = 2.5  # leaving closes the upstream within 250 ms; a busy machine may take ten times as long


@dataclass(frozen=True, kw_only=True)
class Fault:
    """How one answer deviates from a good one. Bytes are counted over the whole answer, head included.

    When: ``delay_headers_s``/``hold_headers`` wait (a time, an event) before the head, ``delay_chunk_s`` before each
    piece of the body, ``hold_chunks`` waits for an event after ``hold_after`` pieces; ``silent`` never answers.
    What: ``status`` (0 is the answer's own; from 400 on with an error body), ``headers`` (added or replaced),
    ``body`` (as it is), ``no_done``, ``endless`` (pieces without end), ``nul``, ``long_line_bytes``, ``bomb_bytes``
    (zeros, gzipped).
    How: ``interim`` (1xx before the answer), ``early`` (answers before the request's body is read),
    ``coding`` (gzip and deflate are real, others only a label), ``bad_chunk_size``, ``content_length`` (a wrong one),
    ``read_to_end`` (no length: the end is the close), ``keep_alive=False`` (says close),
    ``surplus``/``surplus_later`` (bytes after the end, at once or a moment later).
    End: ``reset_after``/``close_after`` n bytes, ``close_on_accept``, ``close_idle`` (after a good answer, unasked).
    """

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    delay_headers_s: float = 0.0
    delay_chunk_s: float = 0.0
    hold_headers: asyncio.Event | None = None
    hold_chunks: asyncio.Event | None = None
    hold_after: int = 1
    silent: bool = False
    no_done: bool = False
    endless: bool = False
    nul: bool = False
    long_line_bytes: int = 0
    bomb_bytes: int = 0
    interim: tuple[int, ...] = ()
    early: bool = False
    coding: str = ""
    bad_chunk_size: bool = False
    content_length: int | None = None
    read_to_end: bool = False
    keep_alive: bool = True
    surplus: bytes = b""
    surplus_later: bytes = b""
    reset_after: int | None = None
    close_after: int | None = None
    close_on_accept: bool = False
    close_idle: bool = False


@dataclass(frozen=True)
class Reply:
    """A whole answer of a route added with ``Upstream.add``; ``pieces`` (a stream) replaces ``body``."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    pieces: tuple[bytes, ...] = ()


class Seen:
    """One request as it arrived. ``aborted_at``: the loop time at which the client hung up before the answer's end."""

    def __init__(self, method: str, path: str, headers: list[tuple[str, str]], head: bytes) -> None:
        self.method = method
        self.path = path
        self.headers = dict(headers)
        self.head = head
        self.body = b""
        self.at_s = asyncio.get_running_loop().time()
        self.sent_bytes = 0
        self.aborted_at: float | None = None
        self.finished = asyncio.Event()
        self._gone = asyncio.Event()

    def json(self) -> Any:
        return json.loads(self.body)

    async def aborted(self, patience_s: float = PATIENCE_S) -> float:
        """Wait until the client hangs up in the middle; the loop time at which it did. Raises TimeoutError."""
        async with asyncio.timeout(patience_s):
            await self._gone.wait()
        assert self.aborted_at is not None
        return self.aborted_at

    def hung_up(self) -> None:
        if not self.finished.is_set() and self.aborted_at is None:
            self.aborted_at = asyncio.get_running_loop().time()
            self._gone.set()


async def one(data: bytes) -> AsyncIterator[bytes]:
    yield data


def error_headers(fault: Fault) -> dict[str, str]:
    return {"content-type": "application/json"} if fault.status >= 400 else {}


def framing(fault: Fault, headers: dict[str, str], whole: bytes | None) -> Callable[[bytes], bytes]:
    """Set the headers that say where the body ends; how a piece goes on the wire."""
    if not fault.keep_alive:
        headers["connection"] = "close"
    if fault.read_to_end:
        headers["connection"] = "close"
        return bytes
    if fault.content_length is not None or (whole is not None and not fault.bad_chunk_size):
        headers["content-length"] = str(fault.content_length if fault.content_length is not None else len(whole or b""))
        return bytes
    headers["transfer-encoding"] = "chunked"
    size = b"zz" if fault.bad_chunk_size else None
    return lambda piece: b"%b\r\n%b\r\n" % (size or b"%x" % len(piece), piece)


async def body(reply: Reply, fault: Fault) -> AsyncIterator[bytes]:
    if fault.long_line_bytes:
        yield b"data: " + b"x" * fault.long_line_bytes + b"\n\n"
    if fault.nul:
        yield b'data: {"id":"\0\0"}\n\n'
    left = fault.bomb_bytes
    while left > 0:
        yield bytes(min(left, 1024 * 1024))
        left -= 1024 * 1024
        await asyncio.sleep(0)
    while fault.endless:
        for piece in reply.pieces[:-1] or (reply.body,):
            yield piece
            await asyncio.sleep(0)
    for piece in reply.pieces or (reply.body,):
        yield piece


def coded(pieces: AsyncIterator[bytes], fault: Fault, headers: dict[str, str]) -> AsyncIterator[bytes]:
    """The body in the content coding the fault wants, with the header that says so."""
    coding = "gzip" if fault.bomb_bytes else fault.coding
    if not coding:
        return pieces
    headers["content-encoding"] = coding
    return _packed(pieces, {"gzip": 31, "deflate": 15}.get(coding, -15))


async def _packed(pieces: AsyncIterator[bytes], window: int) -> AsyncIterator[bytes]:
    packer = zlib.compressobj(9, zlib.DEFLATED, window)
    async for piece in pieces:
        yield packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH)
    yield packer.flush()


def completion(seen: Seen, fault: Fault, words: Iterable[str]) -> Reply:
    asked = seen.json() if seen.body else {}
    is_chat = seen.path.split("?", 1)[0].endswith("/chat/completions")
    shared = {"id": "cmpl-1", "created": int(time.time()), "model": asked.get("model", "m")}
    usage = {"prompt_tokens": 7, "completion_tokens": len(tuple(words)), "total_tokens": 7 + len(tuple(words))}
    if not asked.get("stream"):
        text = "".join(words)
        said = {"message": {"role": "assistant", "content": text}} if is_chat else {"text": text}
        kind = "chat.completion" if is_chat else "text_completion"
        choice = {"index": 0, **said, "finish_reason": "stop"}
        return Reply(json.dumps({**shared, "object": kind, "choices": [choice], "usage": usage}).encode())
    kind = "chat.completion.chunk" if is_chat else "text_completion"
    shared = {**shared, "object": kind}
    pieces = []
    for number, word in enumerate((*words, None)):
        first = {"role": "assistant"} if number == 0 else {}
        delta = {**first, **({"content": word} if word is not None else {})}
        said = {"delta": delta} if is_chat else {"text": word or ""}
        choice = {"index": 0, **said, "finish_reason": "stop" if word is None else None}
        pieces.append(_event({**shared, "choices": [choice]}))
    if (asked.get("stream_options") or {}).get("include_usage"):
        pieces.append(_event({**shared, "choices": [], "usage": usage}))
    if not fault.no_done:
        pieces.append(b"data: [DONE]\n\n")
    return Reply(pieces=tuple(pieces), headers={"content-type": "text/event-stream"})


def _event(value: dict[str, Any]) -> bytes:
    return b"data: %b\n\n" % json.dumps(value).encode()
