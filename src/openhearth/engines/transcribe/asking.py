"""What the engine is asked: a form as OpenAI's, or from our own server JSON that names a file on this disk."""

from pathlib import Path

import msgspec
from starlette.requests import ClientDisconnect, Request

from openhearth.core import languages
from openhearth.core.errors import NotTranslatable, RequestError, TooLarge
from openhearth.core.multipart import Event, Field, FileBegin, FileData, FormReader, boundary_of
from openhearth.core.operations import Operation
from openhearth.core.transcript import Pairs
from openhearth.dialects.openai_transcripts.answer import Shape
from openhearth.dialects.openai_transcripts.fields import Asked, read
from openhearth.engines.transcribe.frames import Order
from openhearth.engines.transcribe.settings import TranscribeSettings
from openhearth.stores.spool import Held, Spool

_MOST_JSON_BYTES = 4 * 1024 * 1024
_SCRIPTS = {"hant": "traditional", "tw": "traditional", "hk": "traditional", "hans": "simplified", "cn": "simplified"}


class Named(msgspec.Struct, frozen=True):
    """The JSON of our own server."""

    path: str
    fields: Pairs = ()


class Job(msgspec.Struct, frozen=True):
    """A checked request. ``upload`` is a file of ours, to be removed; ``dropped`` are fields without effect."""

    order: Order
    shape: Shape
    stream: bool
    dropped: tuple[str, ...]
    upload: Held | None = None


async def read_job(request: Request, operation: Operation, settings: TranscribeSettings) -> Job:
    """The job in a body. Raises RequestError, TooLarge and (client gone) ClientDisconnect."""
    if request.headers.get("content-type", "").startswith("application/json"):
        named = await _named(request, Path(settings.spool))
        return _job(named.path, named.fields, operation, settings)
    upload = _Upload(Spool(Path(settings.spool)).draft(), settings.upload_bytes)
    try:
        await upload.receive(request)
        job = _job(str(upload.held.path), tuple(upload.fields), operation, settings)
    except (RequestError, ClientDisconnect):
        await upload.held.remove()
        raise
    return msgspec.structs.replace(job, upload=upload.held)


async def _named(request: Request, spool: Path) -> Named:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST_JSON_BYTES:
            raise TooLarge(f"The body is larger than {_MOST_JSON_BYTES} bytes.")
    try:
        named = msgspec.json.decode(bytes(body), type=Named)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RequestError(f"The body does not name a file: {error}", code="invalid_json") from error
    if Path(named.path).parent != spool:
        raise RequestError("Only files of the spool folder can be named.", param="path", code="invalid_value")
    return named


class _Upload:
    """A form being received: its file goes to disk as it comes."""

    def __init__(self, held: Held, most_bytes: int) -> None:
        self.held = held
        self.fields: list[tuple[str, str]] = []
        self._most_bytes = most_bytes
        self._has_file = False

    async def receive(self, request: Request) -> None:
        reader = FormReader(boundary_of(request.headers.get("content-type", "")))
        async for piece in request.stream():
            for event in reader.feed(piece):
                await self._take(event)
        reader.close()
        if not self._has_file:
            raise RequestError("'file' is required.", param="file", code="missing_field")
        await self.held.close()

    async def _take(self, event: Event) -> None:
        if isinstance(event, Field):
            self.fields.append((event.name, event.value))
        elif isinstance(event, FileData):
            if self.held.size_bytes + len(event.data) > self._most_bytes:
                raise TooLarge(f"A recording has at most {self._most_bytes} bytes.", param="file")
            await self.held.write(event.data)
        elif isinstance(event, FileBegin):
            if event.name != "file" or self._has_file:
                raise RequestError("A form has one file, in the field 'file'.", param=event.name[:80])
            self._has_file = True


def _job(path: str, fields: Pairs, operation: Operation, settings: TranscribeSettings) -> Job:
    asked = read(fields)
    _check(asked)
    if asked.unknown and settings.strict:
        name = asked.unknown[0][:64]
        raise NotTranslatable(f"The field '{name}' has no meaning here.", param=name)
    vad = asked.vad
    order = Order(
        path=path,
        translate=operation is Operation.TRANSLATE,
        language=_code(asked.language, "language"),
        languages=tuple(_code(one, "languages") for one in asked.languages),
        prompt=asked.prompt,
        keywords=asked.keywords,
        temperature=asked.temperature,
        with_words="word" in asked.granularities and asked.response_format == "verbose_json",
        with_chances=asked.with_logprobs and asked.response_format in ("json", "verbose_json"),
        chinese=asked.chinese or _script(asked.language) or settings.chinese,
        threshold=vad.threshold if vad else None,
        pause_ms=vad.silence_duration_ms if vad else None,
        padding_ms=vad.prefix_padding_ms if vad else None,
    )
    shape = Shape(operation, asked.response_format, asked.granularities, with_logprobs=order.with_chances)
    return Job(order, shape, asked.stream, _dropped(asked))


def _check(asked: Asked) -> None:
    """Refuse what this model cannot do. Raises RequestError."""
    if asked.response_format == "diarized_json" or asked.speakers:
        raise RequestError(
            "The embedded model cannot tell speakers apart. Ask a provider's model for that.",
            param=asked.speakers or "response_format",
            code="not_supported",
        )
    if asked.stream and asked.response_format not in ("json", "text", "verbose_json"):
        raise RequestError(
            f"A stream is made of events, not of {asked.response_format}; leave 'stream' out for subtitles.",
            param="stream",
            code="not_supported",
        )


def _dropped(asked: Asked) -> tuple[str, ...]:
    """Fields that were understood and can have no effect on this answer, and fields that nobody knows."""
    no_times = asked.granularities and asked.response_format != "verbose_json"
    no_chances = asked.with_logprobs and asked.response_format not in ("json", "verbose_json")
    idle = {"timestamp_granularities": no_times, "include": no_chances}
    return (*(name for name, is_idle in idle.items() if is_idle), *asked.unknown)


def _code(text: str, name: str) -> str:
    """The language's code. Raises RequestError for a text that names none."""
    if not text:
        return ""
    language = languages.find(text)
    if language is None:
        raise RequestError(
            f"'{text[:40]}' is not a language: give an ISO 639-1 code such as 'en', or its English name.",
            param=name,
            code="unknown_language",
        )
    return language.code


def _script(language: str) -> str:
    """The script that a tag asks for: ``zh-TW`` and ``zh-Hant`` mean traditional characters."""
    parts = language.lower().replace("_", "-").split("-")
    return next((_SCRIPTS[part] for part in parts[1:] if part in _SCRIPTS), "") if parts[0] == "zh" else ""
