"""The surfaces of speech to text over a fake upstream of either form, and a look at what that was sent."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import openai
from starlette.routing import BaseRoute

from openhearth import config
from openhearth.config import Config
from openhearth.core.errors import NotFound
from openhearth.core.form import FilePart, written
from openhearth.core.multipart import Field, FileBegin, FileData, FormReader, boundary_of
from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect, Provider, Secret, Target
from openhearth.core.transcript import Pairs, TranscriptDriver
from openhearth.providers.elevenlabs.transcribe import ElevenLabsTranscriptsDriver
from openhearth.providers.openai_transcripts.transcribe import OpenAITranscriptsDriver
from openhearth.relay.services import Relay
from openhearth.relay.work import Calls
from openhearth.stores.ports import FileRecord
from openhearth.stores.spool import Spool
from openhearth.surfaces.elevenlabs import stt
from openhearth.surfaces.elevenlabs.stt import SpeechToText
from openhearth.surfaces.openai import transcriptions
from openhearth.surfaces.openai.transcriptions import Transcriptions
from openhearth.surfaces.recordings import Recordings
from openhearth.transport.fetch import Fetcher
from openhearth.transport.wire import Deadlines
from tests.fakes.access import GOOD_KEY
from tests.fakes.asgi import Answer, Caller, ask, calling
from tests.fakes.upstream import Reply, Seen, Upstream
from tests.surfaces.routed import Routed, routed

SOUND = b"OggS" + bytes(range(256)) * 40
HEAR = "/v1/audio/transcriptions"
TRANSLATE = "/v1/audio/translations"
NATIVE = "/elevenlabs/v1/speech-to-text"
FILE_ID = "file_0123456789abcdef0123456789abcd"
PLAIN = {"text": "Hello there.", "usage": {"type": "duration", "seconds": 2.5}}
VERBOSE = {
    "task": "transcribe", "language": "english", "duration": 2.5, "text": "Hello there.",
    "segments": [{"id": 0, "seek": 0, "start": 0.0, "end": 2.0, "text": " Hello there.", "tokens": [1],
                  "temperature": 0.0, "avg_logprob": -0.5, "compression_ratio": 1.0, "no_speech_prob": 0.0}],
    "words": [{"word": "Hello", "start": 0.0, "end": 0.5}, {"word": "there.", "start": 0.75, "end": 1.0}],
}  # fmt: skip
SCRIBE = {
    "language_code": "eng", "language_probability": 0.98, "text": "Hi all. Bye.",
    "words": [
        {"text": "Hi", "start": 0.0, "end": 0.25, "type": "word", "speaker_id": "speaker_0", "logprob": -0.25},
        {"text": " ", "start": 0.25, "end": 0.5, "type": "spacing", "speaker_id": "speaker_0", "logprob": 0.0},
        {"text": "all.", "start": 0.5, "end": 1.0, "type": "word", "speaker_id": "speaker_0", "logprob": 0.0},
        {"text": " ", "start": 1.0, "end": 1.5, "type": "spacing", "speaker_id": "speaker_1", "logprob": 0.0},
        {"text": "Bye.", "start": 1.5, "end": 2.0, "type": "word", "speaker_id": "speaker_1", "logprob": 0.0},
    ],
}  # fmt: skip


class OneFile:
    """A library of one file."""

    async def get(self, owner: str, file_id: str) -> FileRecord:
        if (owner, file_id) != ("owner_1", FILE_ID):
            raise NotFound("There is no such file.", param="file_id", code="file_not_found")
        return FileRecord(FILE_ID, owner, "blob", "talk.ogg", "user_data", "audio/ogg", len(SOUND), 0.0, None)

    async def content(self, file: FileRecord) -> AsyncIterator[bytes]:
        async def pieces() -> AsyncIterator[bytes]:
            yield SOUND[:100]
            yield SOUND[100:]

        return pieces()


class Heard(msgspec.Struct):
    """What an upstream was sent."""

    fields: list[tuple[str, str]]
    filename: str
    mime: str
    sound: bytes

    def __getitem__(self, name: str) -> list[str]:
        return [value for given, value in self.fields if given == name]


def heard(seen: Seen) -> Heard:
    reader = FormReader(boundary_of(seen.headers["content-type"]))
    found = reader.feed(seen.body)
    reader.close()
    begin = next(one for one in found if isinstance(one, FileBegin))
    fields = [(one.name, one.value) for one in found if isinstance(one, Field)]
    sound = b"".join(one.data for one in found if isinstance(one, FileData))
    return Heard(fields, begin.filename, begin.mime, sound)


class App(msgspec.Struct):
    """The surfaces over one upstream."""

    routed: Routed
    up: Upstream
    spool: Path

    async def hear(
        self, *fields: tuple[str, str], path: str = HEAR, sound: bytes = SOUND, key: str = GOOD_KEY
    ) -> Answer:
        form = written(fields, (FilePart("file", "talk.ogg", "audio/ogg", sound),))
        headers = {"authorization": f"Bearer {key}", "content-type": form.content_type}
        return await ask(self.routed.app, "POST", path, headers=headers, body=form.body)

    async def form(
        self, fields: Pairs, files: tuple[FilePart, ...], path: str = HEAR, auth: str = "authorization"
    ) -> Answer:
        made = written(fields, files)
        key = GOOD_KEY if auth != "authorization" else f"Bearer {GOOD_KEY}"
        return await ask(
            self.routed.app, "POST", path, headers={auth: key, "content-type": made.content_type}, body=made.body
        )

    def calling(self, *fields: tuple[str, str]) -> AbstractAsyncContextManager[Caller]:
        """A call that runs beside the test."""
        made = written(fields, (FilePart("file", "a", "", SOUND),))
        headers = {"authorization": f"Bearer {GOOD_KEY}", "content-type": made.content_type}
        return calling(self.routed.app, "POST", HEAR, headers=headers, body=made.body)

    async def post(self, body: object, path: str = HEAR) -> Answer:
        return await self.routed.post(path, body)

    @asynccontextmanager
    async def client(self) -> AsyncIterator[openai.AsyncOpenAI]:
        transport = httpx2.ASGITransport(app=self.routed.app)
        async with (
            httpx2.AsyncClient(transport=transport) as http,
            openai.AsyncOpenAI(
                base_url="http://gate.test/v1", api_key=GOOD_KEY, http_client=http, max_retries=0
            ) as made,
        ):
            yield made


def openai_target(up: Upstream, **changes: Any) -> Target:
    speaks = dict.fromkeys((Operation.TRANSCRIBE, Operation.TRANSLATE), Dialect.OPENAI_TRANSCRIPTS)
    provider = Provider("open", "open", up.base_url, speaks=speaks)
    return Target("open", provider, up.origin, "/v1", "ear", secret=Secret("sk-up"), **changes)


def scribe_target(up: Upstream) -> Target:
    provider = Provider(
        "eleven",
        "eleven",
        up.base_url,
        speaks={Operation.TRANSCRIBE: Dialect.ELEVENLABS_TRANSCRIPTS},
        auth="xi-api-key",
    )
    return Target("eleven", provider, up.origin, "/v1", "ear", "scribe_v2", secret=Secret("xi-up"))


def embedded_target(up: Upstream) -> Target:
    return msgspec.structs.replace(openai_target(up), id="whisper-base", model="whisper-base", engine="whisper-base")


def _make(spool: Path, settings: Config) -> Callable[[Relay, Calls], list[BaseRoute]]:
    def make(relay: Relay, calls: Calls) -> list[BaseRoute]:
        most = settings.transcripts.relay_bytes
        drivers: dict[Dialect, TranscriptDriver] = {
            Dialect.OPENAI_TRANSCRIPTS: OpenAITranscriptsDriver(
                relay.client, relay.engines, Deadlines(), relay_bytes=most
            ),
            Dialect.ELEVENLABS_TRANSCRIPTS: ElevenLabsTranscriptsDriver(relay.client, Deadlines(), relay_bytes=most),
        }
        fetcher = Fetcher(relay.client, settings.fetch)

        def recordings(names: tuple[str, ...]) -> Recordings:
            return Recordings(Spool(spool), OneFile(), fetcher, settings.limits, source_names=names)

        own, foreign = recordings(transcriptions.SOURCE_NAMES), recordings(stt.SOURCE_NAMES)
        return [
            *Transcriptions(relay.gate, calls, own, drivers, settings).routes(),
            *SpeechToText(relay.gate, calls, foreign, drivers, settings).routes(),
        ]

    return make


@asynccontextmanager
async def serving(
    folder: Path,
    target: Callable[[Upstream], Target] = openai_target,
    *,
    relay_bytes: int = 1_000_000,
    unix: bool = False,
) -> AsyncIterator[App]:
    """Nothing of a recording is left in the spool after the block."""
    settings = Config(
        fetch=config.Fetch(allow_private=("127.0.0.1",)),
        limits=config.Limits(upload_bytes=2_000_000),
        transcripts=config.Transcripts(relay_bytes=relay_bytes),
    )
    spool = folder / "spool"
    Spool(spool).clear()
    async with Upstream(unix=str(folder / "up.sock") if unix else "") as up:
        up.add(HEAR, json_reply(PLAIN))
        up.add("/v1/speech-to-text", json_reply(SCRIBE))
        async with routed(_make(spool, settings), [target(up)], config=settings) as app:
            yield App(app, up, spool)
        async with asyncio.timeout(30):
            while list(spool.iterdir()):
                await asyncio.sleep(0.01)


def json_reply(body: object, **headers: str) -> Reply:
    return Reply(json.dumps(body).encode(), headers={"content-type": "application/json", **headers})
