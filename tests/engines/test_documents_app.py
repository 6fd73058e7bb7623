"""The reader's queue, deadlines and ends, with a worker that does as it is told."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from starlette.types import ASGIApp

from openhearth.core.documents import Document, DocumentRequest, Reading, Service
from openhearth.engines.read_document.app import build
from openhearth.engines.read_document.frames import Frame, decode, is_last
from openhearth.engines.read_document.settings import ReadSettings
from openhearth.engines.workshop import Workshop
from tests.fakes.asgi import Answer, ask, calling

COMMAND = (sys.executable, "-P", "-m", "tests.engines.scripted_reader")
ENVIRON = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
PATIENCE_S = 60.0


class Desk:
    """The app and its workshop."""

    def __init__(self, app: ASGIApp, workshop: Workshop[Frame]) -> None:
        self.app = app
        self.workshop = workshop

    async def read(self, words: str) -> Answer:
        return await self.post(body(words))

    async def post(self, data: bytes) -> Answer:
        """With the patience that a start of a worker on a busy machine needs."""
        async with calling(self.app, "POST", "/read", body=data) as caller:
            assert caller.task is not None
            async with asyncio.timeout(PATIENCE_S):
                await caller.task
            return caller.answer

    async def worker(self) -> str:
        """Which process answers."""
        return msgspec.msgpack.decode((await self.read("who")).body, type=Reading).text

    async def queue(self) -> int:
        return int((await ask(self.app, "GET", "/health")).json()["queue"])


def body(words: str) -> bytes:
    return msgspec.msgpack.encode(DocumentRequest(Service.TEXT, Document(words.encode())))


@asynccontextmanager
async def desk(**changes: object) -> AsyncIterator[Desk]:
    settings = msgspec.convert({"layout": "", "limit_s": 40.0, "silence_s": 40.0, **changes}, ReadSettings)
    workshop: Workshop[Frame] = Workshop(COMMAND, ENVIRON, decode=decode, is_last=is_last, silence_s=settings.silence_s)
    try:
        yield Desk(build(settings, workshop), workshop)
    finally:
        await workshop.close()


async def test_a_reading_comes_back_and_the_worker_stays() -> None:
    async with desk() as it:
        first = await it.worker()
        assert await it.worker() == first
        health = (await ask(it.app, "GET", "/health")).json()
        assert (health["model"], health["queue"], health["sandbox"]) == ("rapid-ocr", 0, ["limits"])


async def test_a_worker_that_is_spent_is_replaced_after_its_answer() -> None:
    async with desk() as it:
        first = await it.worker()
        spent = await it.read("spent")
        assert spent.status == 200
        assert await it.worker() != first


async def test_a_refusal_keeps_its_status_code_and_param() -> None:
    async with desk() as it:
        answer = await it.read("refuse")
        assert answer.status == 413
        assert answer.json()["error"]["code"] == "document_too_large"
        assert answer.json()["error"]["param"] == "file"


async def test_a_document_that_takes_too_long_is_stopped_and_the_next_is_read() -> None:
    async with desk(limit_s=60.0, silence_s=1.0) as it:
        first = await it.worker()
        answer = await it.read("hang")
        assert (answer.status, answer.json()["error"]["code"]) == (504, "document_timeout")
        assert await it.worker() != first


async def test_a_worker_that_dies_is_an_error_and_is_replaced() -> None:
    async with desk() as it:
        answer = await it.read("die")
        assert (answer.status, answer.json()["error"]["code"]) == (502, "document_crashed")
        assert await it.worker()


async def test_a_client_that_leaves_ends_the_work() -> None:
    async with desk() as it:
        first = await it.worker()
        async with calling(it.app, "POST", "/read", body=body("hang")) as caller:
            async with asyncio.timeout(PATIENCE_S):
                while await it.queue() == 0:
                    await asyncio.sleep(0.01)
            caller.leave()
            await caller.end()
        assert await it.queue() == 0
        assert await it.worker() != first


async def test_a_full_line_says_when_to_come_back() -> None:
    async with desk(queue=0) as it:
        await it.worker()
        async with calling(it.app, "POST", "/read", body=body("hang")) as caller:
            async with asyncio.timeout(PATIENCE_S):
                while await it.queue() == 0:
                    await asyncio.sleep(0.01)
            refused = await it.read("who")
            assert (refused.status, refused.json()["error"]["code"]) == (429, "engine_queue_full")
            assert int(refused.headers["retry-after"]) >= 1
            caller.leave()
            await caller.end()


async def test_bodies_are_bounded_and_in_our_form() -> None:
    async with desk(file_bytes=10) as it:
        assert (await it.post(bytes(2 * 1024 * 1024))).status == 413
        assert (await it.post(b"{}")).status == 400
        assert (await ask(it.app, "GET", "/other")).status == 404
