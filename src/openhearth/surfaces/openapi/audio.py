"""Speech in and out in OpenAI's form (api-reference/audio), with what the embedded voices and Whisper add to it."""

from typing import Any

from openhearth.core.speech import MIMES
from openhearth.surfaces.openapi.operation import BYTES, EVENT, EVENTS, FORM, JSON, operation
from openhearth.surfaces.openapi.schema import (
    MODEL,
    Schema,
    any_of,
    file,
    flag,
    many,
    maybe,
    media,
    number,
    passed,
    ref,
    said,
    shape,
    text,
    whole,
)

SOUNDS: dict[str, Schema] = dict.fromkeys(MIMES.values(), BYTES)
FORMATS = tuple(MIMES)
RECORDING = file("audio/*")
SPOKEN = "FILE_ID"
_FORMATS = ("json", "text", "srt", "verbose_json", "vtt")
_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_TEXTS: dict[str, Schema] = {"text/plain": {"type": "string"}, "text/vtt": {"type": "string"}}
_VAD = shape(
    {},
    {
        "type": text("server_vad"),
        "prefix_padding_ms": whole(0, 10_000),
        "silence_duration_ms": whole(10, 60_000),
        "threshold": number(0, 1),
    },
)
_SOURCES: dict[str, Schema] = {
    "url": media("recording"),
    "file_url": media("recording"),
    "file_id": said(text(least=1), "A file of the caller's, instead of an upload."),
}


def paths() -> dict[str, Any]:
    """Path → method → operation."""
    return {
        "/v1/audio/speech": {
            "post": operation(
                "Say a text",
                {**SOUNDS, EVENTS: EVENT},
                body={JSON: _speech()},
                example={"input": "Hello.", "voice": "alloy", "response_format": "wav"},
            )
        },
        "/v1/audio/voices": {"get": operation("The embedded voices", {JSON: ref("VoiceList")})},
        "/v1/audio/transcriptions": {
            "post": operation(
                "The words of a recording; a URL or file id may stand in place of the file",
                {JSON: any_of(ref("VerboseTranscript"), ref("Transcript")), **_TEXTS, EVENTS: EVENT},
                body={
                    JSON: shape({}, {**_SOURCES, **_heard(), **_spoken()}),
                    FORM: shape({"file": RECORDING}, {**_heard(), **_spoken()}),
                },
                example={"file_id": SPOKEN},
            )
        },
        "/v1/audio/translations": {
            "post": operation(
                "A recording's words in English",
                {JSON: any_of(ref("VerboseTranscript"), ref("Translation")), **_TEXTS, EVENTS: EVENT},
                body={
                    JSON: shape({}, {**_SOURCES, **_heard()}),
                    FORM: shape({"file": RECORDING}, _heard()),
                },
                example={"file_id": SPOKEN},
            )
        },
    }


def schemas() -> dict[str, Schema]:
    """Components."""
    times = {"start": number(0), "end": number(0)}
    segment = shape(
        {"id": whole(0), "seek": whole(0), **times, "text": text(), "tokens": many(whole(0)), "temperature": number()},
        {"avg_logprob": number(), "compression_ratio": number(), "no_speech_prob": number()},
    )
    usage = shape({"type": text("duration", "tokens")}, {"seconds": number(0), "total_tokens": whole(0)})
    chances = many(shape({"token": text(), "bytes": many(whole(0, 255)), "logprob": number(None, 0)}))
    return {
        "VoiceList": shape({"object": text("list"), "data": many(_voice())}),
        "Transcript": shape(
            {"text": text()},
            {"languages": many(shape({"code": text()})), "logprobs": chances, "usage": usage},
        ),
        "Translation": shape({"text": text()}),
        "VerboseTranscript": shape(
            {
                "task": text("transcribe", "translate"),
                "language": text(),
                "duration": number(0),
                "text": text(),
                "usage": usage,
            },
            {
                "segments": many(segment),
                "words": many(shape({"word": text(), **times}, {"probability": number(0, 1)})),
                "language_probability": number(0, 1),
                "logprobs": chances,
            },
        ),
    }


def _speech() -> Schema:
    return shape(
        {"input": said(text(least=1, most=4096), "At most what the setting speech.characters says.")},
        {
            "model": maybe(MODEL),
            "voice": maybe(any_of(text(), shape({"id": text()}))),
            "response_format": maybe(text(*FORMATS)),
            "speed": maybe(number(0.25, 4)),
            "instructions": maybe(text()),
            "stream_format": maybe(text("audio", "sse")),
            "language": said(maybe(text()), "A code or name of a language; else it is guessed from the text."),
            "sample_rate": said(maybe({"type": "integer", "enum": list(_RATES)}), "Not every format has every rate."),
            "bit_rate": maybe(whole(6_000, 512_000)),
            "volume_db": maybe(number(-20, 20)),
            "timestamps": said(maybe(flag()), "When each character is said; needs stream_format sse."),
        },
    )


def _heard() -> dict[str, Schema]:
    return {
        "model": MODEL,
        "prompt": text(most=10_000),
        "response_format": text(*_FORMATS),
        "temperature": number(0, 1),
        "stream": flag(),
        "timestamp_granularities": several(text("word", "segment")),
        "chunking_strategy": any_of(text("auto"), _VAD),
        "include": several(text("logprobs")),
        "chinese": said(text("simplified", "traditional", "as_heard"), "The script of Chinese."),
    }


def _spoken() -> dict[str, Schema]:
    return {
        "response_format": text(*_FORMATS, "diarized_json"),
        "language": text(most=64),
        "languages": several(text(most=64), most=32),
        "keywords": several(text(most=100), most=100),
        "known_speaker_names": said(several(text()), "Only models that tell speakers apart take it, as the next."),
        "known_speaker_references": several(text()),
    }


def _voice() -> Schema:
    return shape(
        {
            "object": text("audio.voice"),
            "id": text(),
            "name": text(),
            "language": text(),
            "gender": text("female", "male"),
            "model": text(),
            "installed": flag(),
            "native_language_supported": flag(),
            "preview_text": text(),
            "openai_names": many(text()),
        }
    )


def kept() -> Schema:
    """The answer in place of sound where a link is wanted."""
    return shape({"audio": text(pattern="^https?://")})


def several(schema: Schema, most: int | None = None) -> Schema:
    """A list, or one of its values alone."""
    return any_of(many(schema, most=most), schema)


def unread(*names: str) -> dict[str, Schema]:
    """Fields that only the family's own service reads."""
    return {name: passed() for name in names}
