"""Speech to text on the running server with the real model, through OpenAI's client and in ElevenLabs' form."""

import time
import urllib.request
from collections.abc import Iterator

import msgspec
import openai
import pytest
from openai.types.audio import TranscriptionTextDeltaEvent, TranscriptionTextDoneEvent

from openhearth.core.form import FilePart, written
from tests.e2e.conftest import Running
from tests.pictures.packed import pack_file
from tests.speech.spoken import ENGLISH, SPANISH, recording, word_errors

GOOD = 0.15
PATIENCE_S = 240

pytestmark = pytest.mark.timeout(PATIENCE_S + 30)


@pytest.fixture(scope="module", autouse=True)
def _pack() -> None:
    pack_file("whisper-base", "model.bin")


@pytest.fixture
def client(server: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key=server.key, max_retries=0, timeout=PATIENCE_S) as made:
        yield made


def test_openais_client_reads_a_stream_of_a_recording(client: openai.OpenAI) -> None:
    file = ("talk.opus", recording("english"))
    with client.audio.transcriptions.create(model="whisper-1", file=file, language="en", stream=True) as stream:
        events = list(stream)
    *deltas, done = events
    assert isinstance(done, TranscriptionTextDoneEvent)
    assert all(isinstance(one, TranscriptionTextDeltaEvent) for one in deltas)
    assert "".join(one.delta for one in deltas if isinstance(one, TranscriptionTextDeltaEvent)) == done.text
    assert word_errors(done.text, ENGLISH) <= GOOD
    assert done.usage is not None
    assert done.usage.total_tokens > 100


def test_a_stored_file_is_heard_by_its_id_without_naming_a_model(server: Running, client: openai.OpenAI) -> None:
    stored = client.files.create(file=("charla.opus", recording("spanish")), purpose="user_data")
    said = server.post("/v1/audio/transcriptions", {"file": stored.id, "response_format": "verbose_json"})
    assert said["language"] == "spanish"
    assert word_errors(str(said["text"]), SPANISH) <= GOOD
    _nothing_is_kept(server)


def test_elevenlabs_form_is_served_by_the_embedded_model(server: Running) -> None:
    form = written((("model_id", "scribe_v1"), ("language_code", "eng")), (
        FilePart("file", "talk.opus", "audio/ogg", recording("english")),
    ))  # fmt: skip
    request = urllib.request.Request(
        f"{server.url}/elevenlabs/v1/speech-to-text",
        data=form.body,
        headers={"xi-api-key": server.key, "content-type": form.content_type},
    )
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        said = msgspec.json.decode(answer.read())
    assert said["language_code"] == "eng"
    assert word_errors(said["text"], ENGLISH) <= GOOD
    assert "".join(one["text"] for one in said["words"]) == said["text"]
    assert all(one["logprob"] <= 0 and one["start"] <= one["end"] for one in said["words"])


def test_what_is_no_recording_is_the_callers_fault(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.audio.transcriptions.create(model="whisper-base", file=("a.mp3", b"no sound " * 100))
    assert (caught.value.code, caught.value.param) == ("invalid_audio", "file")


def test_leaving_frees_the_engine_for_the_next(server: Running, client: openai.OpenAI) -> None:
    impatient = client.with_options(timeout=0.5)
    with pytest.raises(openai.APITimeoutError):
        impatient.audio.transcriptions.create(model="whisper-base", file=("a.opus", recording("english")))
    _nothing_is_kept(server)
    heard = client.audio.transcriptions.create(model="whisper-base", file=("a.opus", recording("english")))
    assert word_errors(heard.text, ENGLISH) <= GOOD


def _nothing_is_kept(server: Running) -> None:
    """Wait until no recording lies in the spool."""
    ends_at = time.monotonic() + PATIENCE_S
    while list((server.data / "spool").iterdir()):
        assert time.monotonic() < ends_at
        time.sleep(0.02)
