"""Log lines never show a secret; metrics are what Prometheus' own parser reads."""

import io
import json
import logging
import sys
import time

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from openhearth.core.call import Call, Outcome, Principal, Usage
from openhearth.core.operations import Operation
from openhearth.telemetry.call_lines import CallLines
from openhearth.telemetry.log import JsonLines, PlainLines, redacted
from openhearth.telemetry.metrics import SERIES_MOST, Metrics
from tests.fakes.settled import call_with

CANARY = "CanarySecret0123456789"


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {CANARY}",
        f"authorization=Basic {CANARY}",
        f"{{'authorization': 'Bearer {CANARY}'}}",
        f'{{"api_key": "{CANARY}"}}',
        f"x-api-key: {CANARY}",
        f"https://x.test/a?token={CANARY}&b=1",
        f"https://x.test/v1/media/img_1?sig={CANARY}",
        f"https://user:{CANARY}@proxy.test:3128",
        f"key sk-{CANARY} was refused",
        f"password={CANARY}",
        f"http://127.0.0.1:8080/media/{CANARY}ab/img_0123456789abcdef.png",
    ],
)
def test_secrets_are_taken_out(text: str) -> None:
    assert CANARY not in redacted(text)


@pytest.mark.parametrize(
    "text",
    ["42 tokens used by key_01H, model gpt-4o", "token: 3", "https://x.test/a?b=1", "risk-free and task-oriented"],
)
def test_plain_words_stay(text: str) -> None:
    assert redacted(text) == text


def _record(error: Exception | None = None) -> logging.LogRecord:
    info = (type(error), error, None) if error else None
    record = logging.LogRecord("openhearth.relay", logging.WARNING, "x.py", 1, "%s", ("target failed",), info)
    record.fields = {"target": "t1", "header": f"Bearer {CANARY}"}
    return record


def test_json_line_carries_its_fields_and_no_secret() -> None:
    line = JsonLines().format(_record(ValueError(f"sk-{CANARY}")))
    read = json.loads(line)
    assert (read["level"], read["event"], read["target"]) == ("warning", "target failed", "t1")
    assert "ValueError" in read["traceback"]
    assert CANARY not in line


def test_plain_line_carries_its_fields_and_no_secret() -> None:
    line = PlainLines().format(_record())
    assert "target failed  target=t1" in line
    assert CANARY not in line


def _call(**changes: object) -> Call:
    principal = Principal("key_1", "owner", "name")
    call = Call("call_1", Operation.CHAT, "gpt-4o", principal, time.time(), 0.0, target_id="t1")
    call.usage = Usage(input_tokens=10, output_tokens=5, cached_tokens=2, images=1)
    call.duration_s, call.first_byte_s, call.charge_nanos = 0.3, 0.05, 7
    for name, value in changes.items():
        setattr(call, name, value)
    return call


def _samples(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    families = text_string_to_metric_families(metrics.text({"chat": "ready"}))
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def _value(metrics: Metrics, name: str, **labels: str) -> float:
    found = [
        value
        for (sample, sample_labels), value in _samples(metrics).items()
        if sample == name and labels.items() <= dict(sample_labels).items()
    ]
    return sum(found)


def test_counts_calls_tokens_pictures_and_money() -> None:
    metrics = Metrics()
    metrics.count([_call()])
    metrics.count([_call()])
    metrics.count([_call(outcome=Outcome.TIMEOUT)])
    assert _value(metrics, "openhearth_calls_total", outcome="ok", model="gpt-4o", target="t1") == 2
    assert _value(metrics, "openhearth_calls_total", outcome="timeout") == 1
    assert _value(metrics, "openhearth_tokens_total", kind="input") == 30
    assert _value(metrics, "openhearth_tokens_total", kind="cached") == 6
    assert _value(metrics, "openhearth_images_total") == 3
    assert _value(metrics, "openhearth_charge_nanos_total") == 21
    assert _value(metrics, "openhearth_engine_state", engine="chat", state="ready") == 1


def test_histograms_are_cumulative_and_complete() -> None:
    metrics = Metrics()
    for seconds in (0.01, 0.3, 1000.0):
        metrics.count([_call(duration_s=seconds)])
    metrics.count([_call(duration_s=0.3, first_byte_s=0.0)])
    assert _value(metrics, "openhearth_duration_seconds_bucket", le="0.01") == 1
    assert _value(metrics, "openhearth_duration_seconds_bucket", le="0.5") == 3
    assert _value(metrics, "openhearth_duration_seconds_bucket", le="+Inf") == 4
    assert _value(metrics, "openhearth_duration_seconds_count") == 4
    assert _value(metrics, "openhearth_first_byte_seconds_count") == 3


def test_open_streams_go_up_and_down() -> None:
    metrics = Metrics()
    metrics.stream_opened()
    metrics.stream_opened()
    metrics.stream_closed()
    assert _value(metrics, "openhearth_open_streams") == 1


def test_names_a_client_makes_up_do_not_grow_memory() -> None:
    metrics = Metrics()
    for number in range(SERIES_MOST + 50):
        metrics.count([_call(model=f"made-up-{number}")])
        metrics.count([_call(model=f"never-found-{number}", target_id="")])
    models = {dict(labels)["model"] for name, labels in _samples(metrics) if name == "openhearth_calls_total"}
    assert len(models) <= SERIES_MOST
    assert _value(metrics, "openhearth_calls_total") == 2 * (SERIES_MOST + 50)


def test_label_text_is_escaped() -> None:
    metrics = Metrics()
    metrics.count([_call(model='a"b\\c\nd')])
    assert _value(metrics, "openhearth_calls_total", model='a"b\\c\nd') == 1


def test_lines_reach_the_stream_they_are_sent_to() -> None:
    sink = io.StringIO()
    handler = logging.StreamHandler(sink)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("openhearth.test_telemetry")
    logger.addHandler(handler)
    logger.propagate = False
    try:
        raise ValueError(f"Bearer {CANARY}")
    except ValueError:
        logger.error("broke", exc_info=sys.exc_info())
    assert json.loads(sink.getvalue())["event"] == "broke"
    assert CANARY not in sink.getvalue()


ENTRY = call_with(
    model='odd "{"effect": name',
    owner="anna",
    duration_ms=250,
    input_tokens=7,
    output_tokens=3,
    cost_nanos=9,
    charge_nanos=9,
)


def _settled(formatter: logging.Formatter, level: int = logging.INFO) -> list[str]:
    sink = io.StringIO()
    handler = logging.StreamHandler(sink)
    handler.setFormatter(formatter)
    logger = logging.getLogger("openhearth.calls")
    logger.addHandler(handler)
    logger.propagate = False
    logger.setLevel(level)
    try:
        CallLines().write([ENTRY, ENTRY])
    finally:
        logger.removeHandler(handler)
        logger.propagate = True
        logger.setLevel(logging.NOTSET)
    return sink.getvalue().splitlines()


def test_calls_that_went_well_have_a_line_each() -> None:
    first, second = map(json.loads, _settled(JsonLines()))
    assert first == second
    assert (first["level"], first["logger"], first["event"]) == ("info", "openhearth.calls", "call settled")
    assert first["call"] == msgspec.structs.asdict(ENTRY)


def test_calls_that_went_well_have_a_line_each_for_eyes() -> None:
    first, second = _settled(PlainLines())
    assert first == second
    assert "info    call settled  effect=call_1  operation=chat" in first
    assert "duration_ms=250  input_tokens=7" in first


def test_nothing_is_written_about_them_above_level_info() -> None:
    assert _settled(PlainLines(), logging.WARNING) == []
