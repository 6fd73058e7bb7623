"""Transcripts as values: request fields read and refused, answers in every format, forms written and read back."""

import io
import json
import wave

import msgspec
import pytest
from openai.types.audio import TranscriptionTextDeltaEvent, TranscriptionTextDoneEvent, TranscriptionVerbose

from openhearth.core import languages
from openhearth.core.call import Usage
from openhearth.core.errors import RequestError
from openhearth.core.form import FilePart, written
from openhearth.core.multipart import Field, FileBegin, FileData, FormReader, boundary_of
from openhearth.core.operations import Operation
from openhearth.core.transcript import Pairs, Recording, Segment, TokenChance, Transcript, Word, byte_rate_of, sentences
from openhearth.dialects.openai_transcripts import answer, events, upstream
from openhearth.dialects.openai_transcripts.answer import Shape
from openhearth.dialects.openai_transcripts.fields import ServerVad, read

HEARD = Transcript(
    text="Hello there. 你好",
    language="en",
    language_probability=0.9,
    duration_s=3661.5,
    segments=(
        Segment(
            0.0,
            1.25,
            " Hello there.",
            tokens=(1, 2),
            words=(Word("Hello", 0.0, 0.5, 0.5), Word("there.", 0.6, 1.25)),
            chances=(TokenChance(" Hello", b" Hello", -0.25),),
        ),
        Segment(3600.0, 3661.4, " 你好", words=(Word("你好", 3600.0, 3661.4),)),
    ),
    usage=Usage(input_tokens=7, output_tokens=3),
)


def shown(**shape: object) -> answer.Written:
    return answer.written(HEARD, msgspec.structs.replace(Shape(Operation.TRANSCRIBE), **shape))


def test_subtitles_have_numbers_hours_and_milliseconds() -> None:
    body = shown(response_format="srt").body.decode()
    assert body.split("\n\n")[0] == "1\n00:00:00,000 --> 00:00:01,250\nHello there."
    assert "\n\n2\n01:00:00,000 --> 01:01:01,400\n你好\n" in body


def test_webvtt_begins_with_its_name_and_its_text_holds_no_arrow() -> None:
    assert (
        shown(response_format="vtt").body.decode().startswith("WEBVTT\n\n00:00:00.000 --> 00:00:01.250\nHello there.\n")
    )
    arrows = Transcript("a --> b", segments=(Segment(0, 1, "a --> b"),))
    assert answer.vtt(arrows.segments).count("-->") == 1


def test_plain_text_is_the_text_and_one_line_end() -> None:
    assert shown(response_format="text").body == "Hello there. 你好\n".encode()


def test_verbose_json_is_what_the_sdk_expects() -> None:
    body = shown(response_format="verbose_json", granularities=("word", "segment")).body
    read_back = TranscriptionVerbose.model_validate_json(body)
    assert (read_back.language, read_back.duration) == ("english", 3661.5)
    assert read_back.segments is not None
    assert read_back.words is not None
    assert [word.word for word in read_back.words] == ["Hello", "there.", "你好"]
    assert read_back.segments[1].start == 3600.0


def test_words_alone_leave_segments_out() -> None:
    body = json.loads(shown(response_format="verbose_json", granularities=("word",)).body)
    assert "segments" not in body
    assert len(body["words"]) == 3


def test_a_translation_says_english_and_has_no_languages() -> None:
    verbose = json.loads(shown(operation=Operation.TRANSLATE, response_format="verbose_json").body)
    assert (verbose["task"], verbose["language"]) == ("translate", "english")
    assert json.loads(shown(operation=Operation.TRANSLATE).body) == {"text": HEARD.text}


def test_json_carries_chances_only_when_asked() -> None:
    assert "logprobs" not in json.loads(shown().body)
    (row,) = json.loads(shown(with_logprobs=True).body)["logprobs"]
    assert row == {"token": " Hello", "bytes": list(b" Hello"), "logprob": -0.25}


def test_the_deltas_of_a_stream_join_to_its_text() -> None:
    data = [event.decode().split("data: ")[1] for event in events.whole(HEARD, Shape(Operation.TRANSCRIBE))]
    deltas = [TranscriptionTextDeltaEvent.model_validate_json(one) for one in data[:-1]]
    done = TranscriptionTextDoneEvent.model_validate_json(data[-1])
    assert "".join(one.delta for one in deltas) == done.text == HEARD.text
    assert done.usage is not None
    assert done.usage.total_tokens == 10


def test_an_empty_transcript_streams_nothing_but_its_end() -> None:
    (only,) = events.whole(Transcript(""), Shape(Operation.TRANSCRIBE))
    assert b'"text":""' in only


@pytest.mark.parametrize(
    ("pairs", "param"),
    [
        ((("temperature", "warm"),), "temperature"),
        ((("temperature", "1.5"),), "temperature"),
        ((("temperature", "nan"),), "temperature"),
        ((("response_format", "docx"),), "response_format"),
        ((("timestamp_granularities[]", "word"), ("timestamp_granularities[]", "letter")), "timestamp_granularities"),
        ((("include[]", "words"),), "include"),
        ((("stream", "perhaps"),), "stream"),
        ((("prompt", "x" * 10_001),), "prompt"),
        (tuple(("keywords[]", str(number)) for number in range(101)), "keywords"),
        ((("chunking_strategy", "manual"),), "chunking_strategy"),
        ((("chunking_strategy", '{"type":"server_vad","threshold":2}'),), "chunking_strategy"),
        ((("chunking_strategy", '{"type":"other"}'),), "chunking_strategy"),
        ((("chinese", "classical"),), "chinese"),
        ((("language", "x" * 65),), "language"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named(pairs: Pairs, param: str) -> None:
    with pytest.raises(RequestError) as caught:
        read(pairs)
    assert caught.value.param == param


def test_a_language_that_is_to_be_found_out_is_as_good_as_none() -> None:
    assert [read((("language", text),)).language for text in ("auto", "Auto", "en", "")] == ["", "", "en", ""]


def test_fields_are_read_with_and_without_brackets() -> None:
    asked = read(
        (
            ("timestamp_granularities[]", "word"), ("timestamp_granularities", "segment"), ("keywords[0]", "Kokoro"),
            ("chunking_strategy", '{"type":"server_vad","silence_duration_ms":300}'), ("stream", "true"),
            ("include[]", "logprobs"), ("known_speaker_names[]", "Ann"), ("hotwords", "x"), ("temperature", "0"),
        )
    )  # fmt: skip
    assert asked.granularities == ("word", "segment")
    assert asked.keywords == ("Kokoro",)
    assert asked.vad == ServerVad(silence_duration_ms=300)
    assert (asked.stream, asked.with_logprobs, asked.temperature) == (True, True, 0.0)
    assert (asked.speakers, asked.unknown) == ("known_speaker_names", ("hotwords",))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("en", "en"),
        ("ENG", "en"),
        ("Spanish", "es"),
        ("zh-TW", "zh"),
        ("zh_Hans_CN", "zh"),
        ("jw", "jv"),
        ("中文", "zh"),
    ],
)
def test_languages_are_known_by_many_names(text: str, code: str) -> None:
    language = languages.find(text)
    assert language is not None
    assert language.code == code


def test_unknown_languages_are_nobody() -> None:
    assert languages.find("klingon") is None
    assert languages.find("") is None
    assert len(languages.languages()) == 100


def test_a_form_is_read_back_as_it_was_written() -> None:
    nasty = 'a"\r\nX: y'
    form = written(((nasty, "one\r\n--two"), ("empty", "")), (FilePart("file", nasty, "audio/wav", b"\0\r\n--bytes"),))
    reader = FormReader(boundary_of(form.content_type))
    found = reader.feed(form.body)
    reader.close()
    fields = [event for event in found if isinstance(event, Field)]
    assert [(one.name, one.value) for one in fields] == [(nasty, "one\r\n--two"), ("empty", "")]
    begin = next(event for event in found if isinstance(event, FileBegin))
    assert (begin.name, begin.mime) == ("file", "audio/wav")
    assert b"".join(event.data for event in found if isinstance(event, FileData)) == b"\0\r\n--bytes"


def test_words_become_sentences_at_ends_pauses_and_changes_of_speaker() -> None:
    words = (
        Word("Hi", 0.0, 0.2, speaker="a"), Word("all.", 0.3, 0.5, speaker="a"), Word("Yes", 0.6, 0.8, speaker="a"),
        Word("no", 0.9, 1.0, speaker="b"), Word("later", 5.0, 5.5, speaker="b"),
    )  # fmt: skip
    assert [one.text for one in sentences("Hi all. Yes no later", words)] == ["Hi all.", " Yes", " no", " later"]


def test_usage_is_found_in_every_kind_of_answer() -> None:
    counted = upstream.counted
    assert counted("application/json", b'{"text":"","usage":{"type":"duration","seconds":2.5}}').audio_ms == 2500
    tokens = counted("application/json", b'{"text":"","usage":{"type":"tokens","input_tokens":5,"output_tokens":2}}')
    assert (tokens.input_tokens, tokens.output_tokens, tokens.source) == (5, 2, "upstream")
    assert counted("text/vtt", b"WEBVTT\n\n00:01.000 --> 01:02.500\nx\n").audio_ms == 62_500
    assert counted("text/plain", b"1\n00:00:00,000 --> 01:00:00,000\nx\n").audio_ms == 3_600_000
    assert counted("text/plain", b"only words").source == "none"
    assert counted("application/json", b"not json").source == "none"


def test_a_passing_stream_is_watched_for_its_end_its_usage_and_its_errors() -> None:
    watch = upstream.StreamWatch()
    body = b"".join(events.whole(HEARD, Shape(Operation.TRANSCRIBE)))
    for at in range(0, len(body), 7):
        watch.feed(body[at : at + 7])
    assert watch.ended
    assert watch.usage is not None
    assert watch.usage.input_tokens == 7
    broken = upstream.StreamWatch()
    broken.feed(b'event: error\ndata: {"error":{"message":"no"}}\n\n')
    assert broken.fault
    assert not broken.ended


def test_a_recording_that_nobody_measured_lasts_as_its_head_says() -> None:
    with io.BytesIO() as file:
        with wave.open(file, "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(16_000)
            sound.writeframes(bytes(2 * 16_000 * 3))
        data = file.getvalue()
    assert byte_rate_of(data[:64]) == 32_000
    assert byte_rate_of(b"ID3") == byte_rate_of(b"") == 0
    three = upstream.guessed(Recording("/x", "a.wav", "audio/wav", len(data), byte_rate_of(data[:64])))
    assert (three.audio_ms, three.source) == (3001, "estimated")
    assert upstream.guessed(Recording("/x", "a.mp3", "audio/mpeg", 24_000)).audio_ms == 3000
