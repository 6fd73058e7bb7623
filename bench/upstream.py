"""A mock upstream that is not the bottleneck: it looks for three words in a request and answers with ready bytes.

Run as ``python -m bench.upstream PORT``. A chat gets one completion; with ``"stream": true`` fifty chunks, each its own
write; with the word ``bench-paced`` one chunk every five milliseconds, as a model would make them; with ``bench-idle``
one chunk and then silence until the client leaves.
"""

import asyncio
import json
import sys

import uvloop
from typing_extensions import override

CHUNKS = 50
IDLE_WORD = b"bench-idle"
PACED_WORD = b"bench-paced"
PACE_S = 0.005


def _json_answer(value: object) -> bytes:
    body = json.dumps(value).encode()
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


def _event(delta: dict[str, str], finish: str | None = None, usage: dict[str, int] | None = None) -> bytes:
    chunk = {
        "id": "chatcmpl-bench",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": "mock",
        "choices": [] if usage else [{"index": 0, "delta": delta, "finish_reason": finish}],
    } | ({"usage": usage} if usage else {})
    return b"data: " + json.dumps(chunk, separators=(",", ":")).encode() + b"\n\n"


def _chunked(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


USAGE = {"prompt_tokens": 20, "completion_tokens": CHUNKS, "total_tokens": 20 + CHUNKS}
WHOLE = _json_answer(
    {
        "id": "chatcmpl-bench",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "mock",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "bench-ok " * 8}, "finish_reason": "stop"}
        ],
        "usage": USAGE,
    }
)
MODELS = _json_answer(
    {"object": "list", "data": [{"id": "mock", "object": "model", "created": 0, "owned_by": "bench"}]}
)
STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
STREAM = [
    *(_chunked(_event({"content": "bench-ok "})) for _ in range(CHUNKS - 1)),
    _chunked(_event({}, finish="stop")),
    _chunked(_event({}, usage=USAGE)) + _chunked(b"data: [DONE]\n\n") + b"0\r\n\r\n",
]


class Upstream(asyncio.Protocol):
    """One connection. Requests are not parsed: the head ends at the blank line, Content-Length says the rest."""

    def __init__(self) -> None:
        self._buffer = b""
        self._needed = 0

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    @override
    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        if len(self._buffer) < self._needed:
            return
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        length = 0
        at = head.find(b"content-length:")
        if at >= 0:
            length = int(head[at + 15 :].split(b"\r\n", 1)[0])
        self._needed = end + 4 + length
        if b"transfer-encoding: chunked" in head and not self._buffer.endswith(b"0\r\n\r\n"):
            self._needed = 0
            return
        if len(self._buffer) >= self._needed:
            request, self._buffer, self._needed = self._buffer, b"", 0
            self._answer(request)

    def _answer(self, request: bytes) -> None:
        if request.startswith(b"GET "):
            self._transport.write(MODELS)
        elif b'"stream":true' in request or b'"stream": true' in request:
            self._transport.write(STREAM_HEAD)
            if IDLE_WORD in request:
                self._transport.write(STREAM[0])
            elif PACED_WORD in request:
                self._write_paced(0)
            else:
                self._write_chunk(0)
        else:
            self._transport.write(WHOLE)

    def _write_chunk(self, number: int) -> None:
        if self._transport.is_closing():
            return
        self._transport.write(STREAM[number])
        if number + 1 < len(STREAM):
            asyncio.get_running_loop().call_soon(self._write_chunk, number + 1)

    def _write_paced(self, number: int) -> None:
        if self._transport.is_closing():
            return
        self._transport.write(STREAM[number])
        if number + 1 < len(STREAM):
            asyncio.get_running_loop().call_later(PACE_S, self._write_paced, number + 1)


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", port, backlog=2048)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
