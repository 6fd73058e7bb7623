"""A child process for the host's tests: an ASGI app that can be told to fail in every way a child can."""

import os
import subprocess
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
    held: list[bytearray | subprocess.Popen[bytes]] = []

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
                "oldest_s": settings.get("oldest_s", 0),
                "running": settings.get("running", 0),
                "waiting": settings.get("waiting", 0),
                "pid": os.getpid(),
                "worker": settings.get("worker", 0),
                "refused": settings.get("refused", False),
                "environ": dict(os.environ),
            }
        )
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    return app


WORKER = "import sys, time; held = bytearray(b'1') * int(sys.argv[1]); print(flush=True); time.sleep(600)"


def obey(path: str, query: bytes, held: list[bytearray | subprocess.Popen[bytes]], settings: dict[str, object]) -> None:
    if path == "/crash":
        os._exit(3)
    if path == "/abort":
        os.abort()
    if path == "/grow":
        held.append(bytearray(b"\1") * int(query))
    if path == "/worker":
        worker = subprocess.Popen([sys.executable, "-c", WORKER, query.decode()], stdout=subprocess.PIPE)
        assert worker.stdout is not None
        worker.stdout.readline()
        settings["worker"] = worker.pid
        held.append(worker)
    if path == "/too-much":
        try:
            held.append(bytearray(1 << 40))
        except MemoryError:
            settings["refused"] = True


if __name__ == "__main__":
    run(build, sys.argv[1:])
