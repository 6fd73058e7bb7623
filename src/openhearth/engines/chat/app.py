"""The chat engine's HTTP face inside its own process: three routes on a Unix socket."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from functools import partial

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from openhearth.core.dropped import listed
from openhearth.core.errors import GatewayError
from openhearth.engines.answering import body_of, not_served, refuse, send_json, served
from openhearth.engines.chat.answering import Plan, answer
from openhearth.engines.chat.completing import CompletionPlan, complete
from openhearth.engines.chat.events import Event
from openhearth.engines.chat.generation import Generations, Runtime
from openhearth.engines.chat.requests import Sampling, read_chat, read_completion
from openhearth.engines.chat.settings import ChatSettings
from openhearth.engines.chat.wire import ChatForm, CompletionForm, Form, stream
from openhearth.engines.leaving import give_up
from openhearth.engines.line import Line, Ticket

EARLY_S = 1.0
_MOST_BODY_BYTES = 64 * 1024 * 1024

Start = Callable[[Generations, Ticket], AsyncGenerator[Event, None]]


class Job(msgspec.Struct, frozen=True):
    """A checked request, ready to take its place in the line."""

    request: Sampling
    dropped: tuple[str, ...]
    form: Form
    start: Start


def build(settings: ChatSettings, runtime: Runtime) -> Starlette:
    """The engine's app around a loaded model."""
    line = Line(settings.slots, settings.queue)
    generations = Generations(runtime, settings.slots)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await generations.close()

    async def health(_: Request) -> Response:
        body = {"model": settings.name, **line.health(), "slots": settings.slots, "context": settings.context}
        return Response(msgspec.json.encode(body), media_type="application/json")

    def chat_job(body: bytes) -> Job:
        request, dropped = read_chat(body)
        plan = Plan(request)
        form = ChatForm(
            settings.name,
            is_stream=bool(request.stream),
            with_usage=request.wants_usage,
            with_logprobs=bool(request.logprobs),
        )
        return Job(request, dropped, form, lambda generations, ticket: answer(plan, generations, ticket))

    def completion_job(body: bytes) -> Job:
        request, dropped = read_completion(body)
        plan = CompletionPlan(request)
        form = CompletionForm(settings.name, is_stream=bool(request.stream), with_usage=request.wants_usage)
        return Job(request, dropped, form, lambda generations, ticket: complete(plan, generations, ticket))

    routes = [
        Route("/health", health),
        Route("/v1/chat/completions", Endpoint(chat_job, line, generations), methods=["POST"]),
        Route("/v1/completions", Endpoint(completion_job, line, generations), methods=["POST"]),
    ]
    return Starlette(
        routes=routes, lifespan=lifespan, exception_handlers={HTTPException: not_served("The chat engine")}
    )


class Endpoint:
    """One POST route: read, check, take a place, answer whole or as a stream, stop when the client leaves."""

    def __init__(self, job: Callable[[bytes], Job], line: Line, generations: Generations) -> None:
        self._job = job
        self._line = line
        self._generations = generations

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await served(receive, send, self._line, self._read(Request(scope, receive)), partial(self._answer, send))

    async def _read(self, request: Request) -> Job:
        return self._job(await body_of(request, _MOST_BODY_BYTES))

    async def _answer(self, send: Send, job: Job, ticket: Ticket) -> None:
        headers = [(b"x-openhearth-dropped", listed(job.dropped))] if job.dropped else []
        async with contextlib.aclosing(job.start(self._generations, ticket)) as events:
            try:
                if job.request.stream:
                    early = await _early(events)
                    pieces = stream(early, job.form, with_usage=job.request.wants_usage)
                    async with contextlib.aclosing(pieces):
                        await _send_stream(send, headers, pieces)
                else:
                    whole = job.form.whole([event async for event in events])
                    await send_json(send, msgspec.json.encode(whole), headers)
            except GatewayError as error:
                await refuse(send, error)


async def _early(events: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
    """The same events, once the first is there or ``EARLY_S`` have gone by: a refusal that comes at once can still be
    an HTTP status. Raises what the first event raises."""
    first = asyncio.ensure_future(anext(events))
    try:
        await asyncio.wait({first}, timeout=EARLY_S)
    except asyncio.CancelledError:
        await give_up(first)
        raise
    if first.done() and not first.cancelled() and isinstance(failure := first.exception(), GatewayError):
        raise failure
    return _resumed(first, events)


async def _resumed(first: "asyncio.Future[Event]", events: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
    try:
        yield await first
        async for event in events:
            yield event
    finally:
        await give_up(first)


async def _send_stream(send: Send, headers: list[tuple[bytes, bytes]], pieces: AsyncGenerator[bytes, None]) -> None:
    kind = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache")]
    await send({"type": "http.response.start", "status": 200, "headers": [*kind, *headers]})
    async for piece in pieces:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
