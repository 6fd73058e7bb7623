"""Speech through a started server with OpenAI's own client."""

import io

import av
import openai
import pytest

from tests.e2e.conftest import Running
from tests.engines.spoken_packs import needed

TEXT = "Hello there. This is the second sentence."


def client(server: Running) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{server.url}/v1", api_key=server.key, max_retries=0, timeout=120)


def seconds(data: bytes) -> float:
    with av.open(io.BytesIO(data), "r") as file:
        return sum(frame.samples / frame.sample_rate for frame in file.decode(audio=0))


def test_openais_client_streams_every_format_and_all_are_the_same_speech(server: Running) -> None:
    lengths: dict[str, float] = {}
    with client(server) as api:
        for form in ("mp3", "opus", "aac", "flac", "wav", "pcm"):
            with api.audio.speech.with_streaming_response.create(
                model="hibari-tts", voice="alloy", input=TEXT, response_format=form
            ) as speech:
                data = b"".join(speech.iter_bytes())
                assert speech.headers["content-type"].startswith("audio/")
            lengths[form] = len(data) / 48_000 if form == "pcm" else seconds(data)
    assert 2.0 < lengths["pcm"] < 8.0
    assert all(abs(length - lengths["pcm"]) < 0.15 for length in lengths.values()), lengths


def test_openais_client_reads_the_events_and_the_refusals(server: Running) -> None:
    needed(("kokoro-tts", "hibari-tts"))
    with client(server) as api:
        with api.audio.speech.with_streaming_response.create(
            model="tts-1", voice="alloy", input="Hello there.", stream_format="sse"
        ) as speech:
            lines = list(speech.iter_lines())
        assert "event: speech.audio.delta" in lines
        assert "event: speech.audio.done" in lines
        with pytest.raises(openai.BadRequestError) as caught:
            api.audio.speech.create(model="hibari-tts", voice="alloy", input="")
        assert caught.value.param == "input"
