"""Operations that code of ours carries out, with one actor in the place of all their drivers."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncGenerator, Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
from starlette.routing import BaseRoute

from openhearth.config import Config, Limits, Routing
from openhearth.core.call import Usage
from openhearth.core.documents import DocumentRequest, Page, Reading
from openhearth.core.errors import RequestError, UpstreamDown, UpstreamTimeout
from openhearth.core.form import FilePart, written
from openhearth.core.media import ImageEvent, ImageRequest, ImagesDone, MadePicture
from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect, Target
from openhearth.core.rerank import Ranked, RerankAnswer, RerankRequest
from openhearth.core.speech import SpeechAudio, SpeechDone, SpeechEvent, SpeechOpened, SpeechOrder
from openhearth.core.transcript import Passed, Transcript, TranscriptRequest
from openhearth.media.gallery import Gallery
from openhearth.media.sources import Sources
from openhearth.relay.pictures import Pictures
from openhearth.relay.services import Relay
from openhearth.relay.speech import Speeches
from openhearth.relay.work import Calls
from openhearth.stores.spool import Spool
from openhearth.surfaces.documents.finding import Finder
from openhearth.surfaces.documents.ocr import Ocr
from openhearth.surfaces.documents.reading import Readings
from openhearth.surfaces.openai import transcriptions
from openhearth.surfaces.openai.images import Images
from openhearth.surfaces.openai.speech import Speech
from openhearth.surfaces.openai.transcriptions import Transcriptions
from openhearth.surfaces.recordings import Recordings
from openhearth.surfaces.rerank.routes import Rerank
from openhearth.transport.fetch import Fetcher
from tests.fakes.gateway import NoEngines
from tests.fakes.media import MemoryBlobs, MemoryFiles, MemoryPictures, Web, png
from tests.surfaces.hearing import SOUND, OneFile
from tests.surfaces.reading_desk import Web as Papers

PARTS = 3
TEXT = "One sentence. Another one. 第三句。"
QUERY, DOCUMENTS = "which", ("this one", "that one", "none")
SPEAKS = {
    Operation.IMAGE_EDIT: Dialect.LOCAL_EDIT,
    Operation.IMAGE_GENERATE: Dialect.LOCAL_EDIT,
    Operation.SPEECH: Dialect.OPENAI_SPEECH,
    Operation.TRANSCRIBE: Dialect.OPENAI_TRANSCRIPTS,
    Operation.RERANK: Dialect.JINA_RERANK,
    Operation.READ_DOCUMENT: Dialect.LOCAL_DOCUMENTS,
}
CONFIG = Config(
    limits=Limits(keepalive_comment_s=0.05),
    routing=Routing(retries_always=10**6),
)


class Craft(StrEnum):
    """What is asked, and how."""

    PICTURES = "pictures"
    PICTURE_STREAM = "pictures, streamed"
    SPEECH = "speech"
    SPEECH_EVENTS = "speech, as events"
    HEARING = "transcript"
    HEARING_STREAM = "transcript, streamed"
    RERANK = "rerank"
    DOCUMENT = "document"

    @property
    def is_streamed(self) -> bool:
        return self in (Craft.PICTURE_STREAM, Craft.SPEECH, Craft.SPEECH_EVENTS, Craft.HEARING_STREAM)

    @property
    def has_comments(self) -> bool:
        return self in (Craft.PICTURE_STREAM, Craft.SPEECH_EVENTS, Craft.HEARING_STREAM)


class Turn(StrEnum):
    """What happens after some parts: all goes on, the actor waits for ever, or breaks in one of several ways."""

    ON = "goes on"
    WAIT = "waits"
    DOWN = "is down"
    SLOW = "takes too long"
    REFUSE = "refuses"
    BUG = "has a bug"


class Trouble(Exception):
    """Something nobody thought of."""


class Actor:
    """Every driver at once. After ``parts`` parts it does what ``turn`` says; ``there`` is set then. ``reports``: it
    says what was used. ``dead`` are targets that are down at once."""

    def __init__(self) -> None:
        self.turn = Turn.ON
        self.parts = PARTS
        self.reports = True
        self.dead: set[str] = set()
        self.there = asyncio.Event()

    def plan(self, turn: Turn, parts: int, *, reports: bool = True, dead: tuple[str, ...] = ()) -> None:
        self.turn, self.parts, self.reports, self.dead = turn, parts, reports, set(dead)
        self.there.clear()

    async def make(self, target: Target, request: ImageRequest) -> AsyncGenerator[ImageEvent, None]:
        await self._step(target, 0)
        for number in range(1, request.n + 1):
            yield MadePicture(png(4, 3, number), "image/png", 4, 3)
            await self._step(target, number)
        yield ImagesDone(20, 300) if self.reports else ImagesDone()

    async def speak(self, target: Target, order: SpeechOrder) -> AsyncGenerator[SpeechEvent, None]:
        await self._begin(target)
        yield SpeechOpened("audio/mpeg", relayed=False)
        await self._step(target, 0)
        for number in range(1, PARTS + 1):
            yield SpeechAudio(b"sound")
            await self._step(target, number)
        yield SpeechDone(12, 99) if self.reports else SpeechDone()

    async def hear(self, target: Target, request: TranscriptRequest) -> AsyncGenerator[Passed | Transcript, None]:
        await self._step(target, 0)
        usage = Usage(input_tokens=30, output_tokens=9, audio_ms=2_500, source="upstream") if self.reports else None
        if not request.stream:
            yield Transcript("Hello there.", usage=usage or Usage())
            return
        for number in range(1, PARTS + 1):
            last = number == PARTS
            yield Passed("text/event-stream", b"data: {}\n\n", (usage or Usage()) if last else None)
            await self._step(target, number)

    async def rank(self, target: Target, request: RerankRequest) -> RerankAnswer:
        await self._step(target, 0)
        return RerankAnswer((Ranked(0, 1.0),), 42, 1) if self.reports else RerankAnswer((Ranked(0, 1.0),))

    async def read(self, target: Target, request: DocumentRequest) -> Reading:
        await self._step(target, 0)
        return Reading("text", "text", tuple(Page(number, 60, 80, 0, True) for number in (1, 2)), total_pages=2)

    async def _begin(self, target: Target) -> None:
        if target.id in self.dead:
            raise UpstreamDown(f"{target.id} is down.", code="upstream_down", target=target.id)

    async def _step(self, target: Target, number: int) -> None:
        await self._begin(target)
        if self.turn is Turn.ON or number < self.parts:
            return
        self.there.set()
        if self.turn is Turn.WAIT:
            await asyncio.Event().wait()
        raise _ERRORS[self.turn]()


_ERRORS: Mapping[Turn, Callable[[], Exception]] = {
    Turn.DOWN: lambda: UpstreamDown("It went away."),
    Turn.SLOW: lambda: UpstreamTimeout("It took too long."),
    Turn.REFUSE: lambda: RequestError("Not like this.", code="not_supported"),
    Turn.BUG: Trouble,
}


def routes(actor: Actor, folder: Path) -> Callable[[Relay, Calls], list[BaseRoute]]:
    """The surfaces of every craft."""

    def make(relay: Relay, calls: Calls) -> list[BaseRoute]:
        gate, config = relay.gate, relay.config
        gallery = Gallery(MemoryPictures(), MemoryBlobs(), b"a secret of sixteen")
        sources = Sources(gallery, MemoryFiles(), Web(), most_bytes=1_000_000)
        pictures = Pictures(gate, relay.router, {Dialect.LOCAL_EDIT: actor}, relay.meter)
        speeches = Speeches(calls, {Dialect.OPENAI_SPEECH: actor}, NoEngines())
        spool, fetcher = Spool(folder / "spool"), Fetcher(relay.client, config.fetch)
        spool.clear()
        own = Recordings(spool, OneFile(), fetcher, config.limits, source_names=transcriptions.SOURCE_NAMES)
        papers = Finder(sources, MemoryFiles(), Papers(), most_bytes=1_000_000)
        readings = Readings(calls, {Dialect.LOCAL_DOCUMENTS: actor}, gallery, config)
        return [
            *Images(gate, pictures, gallery, sources, config).routes(),
            *Speech(gate, speeches, config.limits).routes(),
            *Transcriptions(gate, calls, own, {Dialect.OPENAI_TRANSCRIPTS: actor}, config).routes(),
            *Rerank(gate, calls, {Dialect.JINA_RERANK: actor}, config.limits).routes(),
            *Ocr(gate, readings, papers, config).routes(),
        ]

    return make


def asked(craft: Craft, model: str) -> tuple[str, str, bytes]:
    """Path, content type and body of a request."""
    if craft in (Craft.HEARING, Craft.HEARING_STREAM):
        fields = (("model", model), *((("stream", "true"),) if craft is Craft.HEARING_STREAM else ()))
        form = written(fields, (FilePart("file", "talk.ogg", "audio/ogg", SOUND),))
        return "/v1/audio/transcriptions", form.content_type, form.body
    path, body = _json(craft)
    return path, "application/json", json.dumps({"model": model, **body}).encode()


def _json(craft: Craft) -> tuple[str, dict[str, Any]]:
    if craft in (Craft.PICTURES, Craft.PICTURE_STREAM):
        return "/v1/images/generations", {"prompt": "red", "n": PARTS, "stream": craft.is_streamed}
    if craft in (Craft.SPEECH, Craft.SPEECH_EVENTS):
        form = {"stream_format": "sse"} if craft is Craft.SPEECH_EVENTS else {}
        return "/v1/audio/speech", {"input": TEXT, "voice": "alloy", **form}
    if craft is Craft.RERANK:
        return "/v1/rerank", {"query": QUERY, "documents": DOCUMENTS}
    return "/v1/ocr", {"image": f"data:image/png;base64,{b64encode(png()).decode()}"}


def usage_of(craft: Craft, parts: int, *, reported: bool, is_whole: bool) -> tuple[dict[str, int], str]:
    """The policy: what is paid for, and where the number comes from, after ``parts`` parts or the whole."""
    match craft:
        case Craft.PICTURES | Craft.PICTURE_STREAM:
            if is_whole and reported:
                return {"images": PARTS, "input_tokens": 20, "output_tokens": 300}, "upstream"
            return {"images": parts}, "counted"
        case Craft.SPEECH | Craft.SPEECH_EVENTS:  # a text is bought as a whole: all of it is said to the upstream
            if is_whole and reported:
                return {"characters": len(TEXT), "input_tokens": 12, "output_tokens": 99}, "upstream"
            return {"characters": len(TEXT), "input_tokens": -(-len(TEXT.encode()) // 4)}, "estimated"
        case Craft.HEARING | Craft.HEARING_STREAM:  # so is a recording
            if reported and (is_whole or parts == PARTS):
                return {"input_tokens": 30, "output_tokens": 9, "audio_ms": 2_500}, "upstream"
            lasts_ms = len(SOUND) // 8
            return {"input_tokens": lasts_ms // 100, "audio_ms": lasts_ms}, "estimated"
        case Craft.RERANK:
            if reported:
                return {"input_tokens": 42, "searches": 1}, "upstream"
            read = sum(len(QUERY.encode()) + len(document.encode()) for document in DOCUMENTS)
            return {"input_tokens": read // 4, "searches": 1}, "estimate"
        case Craft.DOCUMENT:
            return {"pages": 2}, "counted"


def replaced(config: Config) -> Config:
    """No circuit opens, however often an actor breaks."""
    circuit = msgspec.structs.replace(config.routing.circuit, failures=0)
    return msgspec.structs.replace(config, routing=msgspec.structs.replace(config.routing, circuit=circuit))
