"""Speech in and out in ElevenLabs' form (its API reference, "Text to Speech", "Speech to Text", "Voices")."""

from typing import Any

from openhearth.surfaces.openapi.audio import RECORDING, SOUNDS, SPOKEN, kept, several, unread
from openhearth.surfaces.openapi.operation import FORM, JSON, operation
from openhearth.surfaces.openapi.schema import (
    Schema,
    any_of,
    anything,
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
)

_ERRORS = ("ElevenLabsError",)
_LONGEST_MODEL = 256
_SOURCES = ("cloud_storage_url", "source_url", "url")


def paths() -> dict[str, Any]:
    """Path → method → operation."""
    sound: dict[str, Schema] = {**SOUNDS, JSON: kept()}
    timed: dict[str, Schema] = {JSON: any_of(ref("TimedSpeech"), kept()), **SOUNDS}
    lines: dict[str, Schema] = {JSON: said({}, "One object like that of with-timestamps per line."), **SOUNDS}
    found: dict[str, Any] = {}
    for kind, summary, answer in (
        ("", "Say a text", sound),
        ("/stream", "Say a text, heard while it is made", sound),
        ("/with-timestamps", "Say a text, with the time of each character", timed),
        ("/stream/with-timestamps", "The same while it is made", lines),
    ):
        found[f"/elevenlabs/v1/text-to-speech/{{voice}}{kind}"] = {"post": _speech(summary, answer)}
    return {
        **found,
        "/elevenlabs/v1/voices": {
            "get": operation("The voices", {JSON: ref("ElevenLabsVoices")}, errors=_ERRORS),
        },
        "/elevenlabs/v1/speech-to-text": {
            "post": operation(
                "The words of a recording",
                {JSON: ref("ElevenLabsTranscript")},
                body={
                    JSON: shape(
                        {},
                        {
                            "cloud_storage_url": media("recording"),
                            "source_url": media("recording"),
                            "url": media("recording"),
                            **_heard(),
                        },
                    ),
                    FORM: shape({"file": RECORDING}, _heard()),
                },
                example={"cloud_storage_url": SPOKEN},
                errors=_ERRORS,
            )
        },
    }


def schemas() -> dict[str, Schema]:
    """Components."""
    times = shape(
        {
            "characters": many(text()),
            "character_start_times_seconds": many(number(0)),
            "character_end_times_seconds": many(number(0)),
        }
    )
    word = shape(
        {"text": text(), "start": number(0), "end": number(0), "type": text("word", "spacing", "audio_event")},
        {"speaker_id": maybe(text()), "logprob": number(None, 0)},
    )
    return {
        "ElevenLabsSpeech": _spoken(),
        "TimedSpeech": shape({"audio_base64": text(), "alignment": maybe(times), "normalized_alignment": maybe(times)}),
        "ElevenLabsVoices": shape(
            {"voices": many(shape({"voice_id": text(), "name": text(), "category": text(), "labels": anything()}))}
        ),
        "ElevenLabsTranscript": shape(
            {
                "language_code": text(),
                "language_probability": number(0, 1),
                "text": text(),
                "words": many(word),
                "audio_duration_secs": number(0),
            },
            {"additional_formats": many(shape({"requested_format": text("srt", "txt"), "content": text()}))},
        ),
        "ElevenLabsError": shape(
            {"detail": shape({"status": text(), "message": text()}, {"type": text(), "param": maybe(text())})}
        ),
    }


def _speech(summary: str, answer: dict[str, Schema]) -> dict[str, Any]:
    return operation(
        summary,
        answer,
        body={JSON: ref("ElevenLabsSpeech")},
        example={"text": "Hello."},
        path={"voice": text(least=1)},
        query={
            "output_format": said(
                text(pattern=r"^(mp3|pcm|opus|ulaw|alaw|wav)_[0-9]{4,5}(_[0-9]{2,3})?$"), "Such as mp3_44100_128."
            ),
            "response_format": said(text("url", "audio"), "'url': the answer is a link in place of sound."),
            "enable_logging": passed(flag()),
        },
        errors=_ERRORS,
    )


def _spoken() -> Schema:
    settings = shape(
        {},
        {
            "speed": maybe(number(0.25, 4)),
            "stability": maybe(number()),
            "similarity_boost": maybe(number()),
            "style": maybe(number()),
            "use_speaker_boost": maybe(flag()),
        },
    )
    return shape(
        {"text": text(least=1, most=4096)},
        {
            "model_id": maybe(text()),
            "language_code": maybe(text()),
            "voice_settings": maybe(settings),
            **unread(
                "seed",
                "previous_text",
                "next_text",
                "previous_request_ids",
                "next_request_ids",
                "pronunciation_dictionary_locators",
                "apply_text_normalization",
                "apply_language_text_normalization",
                "use_pvc_as_ivc",
            ),
        },
    )


def _heard() -> dict[str, Schema]:
    return {
        "model_id": text(least=1, most=_LONGEST_MODEL),
        "language_code": text(most=64),
        "temperature": number(0, 2),
        "timestamps_granularity": said(text("none", "word", "character"), "'character': only ElevenLabs itself."),
        "keyterms": several(text(most=49), most=100),
        "additional_formats": many(shape({"format": text("srt", "txt")})),
        "diarize": said(flag(), "true: only ElevenLabs itself, as of the next two."),
        "use_multi_channel": flag(),
        "webhook": flag(),
        **unread("num_speakers", "diarization_threshold", "tag_audio_events", "no_verbatim", "seed", "enable_logging"),
    }
