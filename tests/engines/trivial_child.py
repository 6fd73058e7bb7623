"""A child process for the host's tests: an ASGI app that can be told to fail in every way a child can."""

import os
import sys
import time
from typing import Any

import msgspec

from openhearth.engines.child import App, run


def build(settings: dict[str, object]) -> App:
    if settings.get("start") == "hang":
        time.sleep(60)
    if settings.get("start") == "die":
        raise RuntimeError("the weights are made of cheese")
    held: list[bytearray] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            while (message := await receive())["type"] != "lifespan.shutdown":
                await send({"type": message["type"] + ".complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        obey(scope["path"], scope["query_string"], held, settings)
        body = msgspec.json.encode(
            {
                "model": "trivial",
                "queue": settings.get("queue", 0),
                "pid": os.getpid(),
                "refused": settings.get("refused", False),
                "environ": dict(os.environ),
            }
        )
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    return app


def obey(path: str, query: bytes, held: list[bytearray], settings: dict[str, object]) -> None:
    if path == "/crash":
        os._exit(3)
    if path == "/abort":
        os.abort()
    if path == "/grow":
        held.append(bytearray(b"\1") * int(query))
    if path == "/too-much":
        try:
            held.append(bytearray(1 << 40))
        except MemoryError:
            settings["refused"] = True


if __name__ == "__main__":
    run(build, sys.argv[1:])
