"""One GET over a Unix socket, for health checks: the host lives below the platform's HTTP client."""

import asyncio

LIMIT_BYTES = 64 * 1024


async def get(socket_path: str, target: str, timeout_s: float) -> tuple[int, bytes]:
    """Status and body of ``GET target``. Raises OSError, TimeoutError, or ValueError when the answer is no HTTP."""
    async with asyncio.timeout(timeout_s):
        reader, writer = await asyncio.open_unix_connection(socket_path, limit=LIMIT_BYTES)
        try:
            writer.write(f"GET {target} HTTP/1.1\r\nHost: engine\r\nConnection: close\r\n\r\n".encode("ascii"))
            await writer.drain()
            answer = await reader.read(LIMIT_BYTES)
            while piece := await reader.read(LIMIT_BYTES):
                answer += piece
                if len(answer) > LIMIT_BYTES:
                    raise ValueError("the answer is too long")
        finally:
            writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    words = head.split(b" ", 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        raise ValueError("the answer is not HTTP")
    return int(words[1]), _whole(body) if b"transfer-encoding: chunked" in head.lower() else body


def _whole(chunked: bytes) -> bytes:
    """The body without its chunk sizes (RFC 9112, section 7.1). Raises ValueError."""
    body = b""
    while True:
        size, _, rest = chunked.partition(b"\r\n")
        length = int(size.partition(b";")[0], 16)
        if length == 0:
            return body
        body += rest[:length]
        chunked = rest[length + 2 :]
