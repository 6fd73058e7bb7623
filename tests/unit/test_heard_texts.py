"""What was heard, out of answers in every format."""

import json

import pytest

from openhearth.dialects.elevenlabs_transcripts import texts as elevenlabs
from openhearth.dialects.openai_transcripts.texts import Spoken, said

SRT = "1\n00:00:00,000 --> 00:00:02,000\nI will break\n\n2\n00:00:02,000 --> 00:00:03,500\nyour legs.\n"
VTT = "WEBVTT - talk\n\n00:00.000 --> 00:02.000 align:start\nI will break\n\n00:02.000 --> 00:03.500\nyour legs.\n"
VERBOSE = {
    "task": "transcribe",
    "language": "english",
    "text": "I will break your legs.",
    "segments": [{"id": 0, "text": " I will break", "tokens": [1]}, {"id": 1, "text": " your legs."}],
    "words": [{"word": word} for word in ("I", "will", "break", "your", "legs")],
    "logprobs": [{"token": "I", "bytes": [73]}],
}


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        (b"I will break your legs.\n", ["I will break your legs."]),
        (SRT.encode(), ["I will break your legs."]),
        (VTT.encode(), ["I will break your legs."]),
        (json.dumps(VERBOSE).encode(), ["I will break your legs."]),
        (json.dumps({"text": "", "segments": VERBOSE["segments"]}).encode(), [" I will break  your legs."]),
        (b'"\\u4f60\\u597d"', ["你好"]),
        (b"\xff", ["\ufffd"]),
    ],
)
def test_the_text_is_read_on_across_cues_and_once(body: bytes, texts: list[str]) -> None:
    assert said(body) == texts


def test_the_last_event_is_only_seen_when_it_says_something_else() -> None:
    spoken = Spoken()
    deltas = [list(spoken.read(json.dumps({"type": "transcript.text.delta", "delta": text}))) for text in ("Go", " on")]
    assert deltas == [[("transcript.text.delta.0", "Go")], [("transcript.text.delta.0", " on")]]
    assert list(spoken.read(json.dumps({"type": "transcript.text.done", "text": "Go on", "usage": {"a": "b"}}))) == []
    assert list(spoken.read(json.dumps({"type": "transcript.text.done", "text": "Go off"}))) == [
        ("transcript.text.done.0", "Go off")
    ]
    assert list(spoken.read("no JSON")) == [(".0", "no JSON")]
    assert list(spoken.read("[1]")) == []


def test_elevenlabs_words_and_further_formats_repeat_the_text() -> None:
    words = [{"text": text, "type": kind} for text, kind in (("Go", "word"), (" ", "spacing"), ("away", "word"))]
    body = {"text": "Go away", "words": words, "additional_formats": [{"content": "1\n00:00 Go away"}]}
    assert elevenlabs.said(json.dumps(body).encode()) == ["Go away"]
    several = {"transcripts": [{"text": "Go away"}, {"text": "Stay where you are"}]}
    assert elevenlabs.said(json.dumps(several).encode()) == ["Go away Stay where you are"]
    assert elevenlabs.said(b"?") == ["?"]
