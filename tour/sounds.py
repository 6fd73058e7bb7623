"""Speech out and in."""

import base64
import io
import json
import wave
from typing import Literal

from tests.speech.spoken import recording
from tour.visitor import Shown, Visitor

HIBARI, KOKORO, WHISPER = "hibari-tts", "kokoro-tts", "whisper-base"
ENGLISH = "The platform speaks, and it understands what it said."
CHINESE = "今天天气很好，我们明天早上去火车站。"
_Format = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]
_FORMATS: dict[_Format, bytes] = {
    "mp3": b"",
    "opus": b"OggS",
    "aac": b"\xff",
    "flac": b"fLaC",
    "wav": b"RIFF",
    "pcm": b"",
}


def voices(visitor: Visitor) -> Shown:
    found = visitor.json("/v1/audio/voices")["data"]
    languages = sorted({voice["language"][:2] for voice in found})
    return Shown("–", f"{len(found)} voices in {', '.join(languages)}")


def speak(visitor: Visitor) -> Shown:
    answer = visitor.openai.audio.speech.create(model=HIBARI, voice="alloy", input=ENGLISH, response_format="wav")
    data = answer.read()
    with wave.open(io.BytesIO(data)) as sound:
        rate = sound.getframerate()
    visitor.keep("English speech", data)
    return Shown(HIBARI, f"{len(data) // 1000} kB of sound at {rate} Hz")


def speak_formats(visitor: Visitor) -> Shown:
    sizes = []
    for form, begins in _FORMATS.items():
        data = visitor.openai.audio.speech.create(
            model=HIBARI, voice="nova", input="One two three.", response_format=form
        ).read()
        assert data.startswith(begins)
        sizes.append(f"{form} {len(data) // 1000} kB")
    return Shown(HIBARI, ", ".join(sizes))


def speak_chinese(visitor: Visitor) -> Shown:
    answer = visitor.openai.audio.speech.create(
        model=KOKORO, voice="zf_xiaoxiao", input=CHINESE, response_format="opus", speed=1.0
    )
    data = answer.read()
    visitor.keep("Chinese speech", data)
    return Shown(KOKORO, f"{len(data) // 1000} kB of Opus in the voice zf_xiaoxiao: {CHINESE}")


def speak_with_times(visitor: Visitor) -> Shown:
    body = {"text": "Hello there.", "model_id": HIBARI}
    answer = visitor.asked("/elevenlabs/v1/text-to-speech/heart/with-timestamps", body)
    times = answer["alignment"]["character_end_times_seconds"]
    assert base64.b64decode(answer["audio_base64"])
    return Shown(HIBARI, f"ElevenLabs' form: sound, and the end of each of {len(times)} characters")


def speak_as_fish(visitor: Visitor) -> Shown:
    data = visitor.post("/fish/v1/tts", {"text": "Hello there.", "reference_id": "heart", "format": "mp3"})
    return Shown(HIBARI, f"Fish Audio's form: {len(data) // 1000} kB of MP3")


def transcribe(visitor: Visitor) -> Shown:
    answer = visitor.openai.audio.transcriptions.create(
        model=WHISPER,
        file=("speech.wav", visitor.made("English speech")),
        response_format="verbose_json",
        timestamp_granularities=["word"],
    )
    assert "understands" in answer.text.lower()
    assert answer.words
    last = answer.words[-1]
    return Shown(WHISPER, f"“{answer.text.strip()}” “{last.word}” ends at {last.end:.1f} s")


def transcribe_chinese(visitor: Visitor) -> Shown:
    answer = visitor.openai.audio.transcriptions.create(
        model=WHISPER, file=("speech.opus", visitor.made("Chinese speech")), language="zh"
    )
    assert "火车站" in answer.text
    return Shown(WHISPER, f"“{answer.text.strip()}”")


def transcribe_stream(visitor: Visitor) -> Shown:
    events = visitor.openai.audio.transcriptions.create(
        model=WHISPER, file=("english.opus", recording("english")), stream=True
    )
    kinds = [event.type for event in events]
    assert kinds[-1] == "transcript.text.done"
    return Shown(WHISPER, f"{len(kinds)} events, the last is {kinds[-1]}")


def subtitles(visitor: Visitor) -> Shown:
    text = str(
        visitor.openai.audio.transcriptions.create(
            model=WHISPER, file=("english.opus", recording("english")), response_format="srt"
        )
    )
    assert " --> " in text
    return Shown(WHISPER, " ".join(text.split())[:90] + " …")


def translate(visitor: Visitor) -> Shown:
    answer = visitor.openai.audio.translations.create(model=WHISPER, file=("spanish.opus", recording("spanish")))
    assert "train" in answer.text.lower()
    return Shown(WHISPER, f"Spanish speech: “{answer.text.strip()}”")


def transcribe_as_elevenlabs(visitor: Visitor) -> Shown:
    uri = f"data:audio/ogg;base64,{base64.b64encode(recording('english')).decode()}"
    answer = json.loads(visitor.post("/elevenlabs/v1/speech-to-text", {"cloud_storage_url": uri}))
    words = [word for word in answer["words"] if word["type"] == "word"]
    assert len(words) > 10
    return Shown(WHISPER, f"ElevenLabs' form: language {answer['language_code']}, {len(words)} words with times")
