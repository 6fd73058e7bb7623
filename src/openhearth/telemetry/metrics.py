"""What the platform counts, kept as plain numbers on the hot path and written in Prometheus' text form when asked.

A settled call costs one dictionary look-up and a few additions. prometheus_client is not used: importing it takes a
tenth of a second of every start, and a labelled child of it a lock per number. The form of the text is the exposition
format 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/); a test reads it with their parser.
"""

import os
import resource
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

from openhearth.core.call import Call

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SERIES_MOST = 1000
OTHER = "other"
EDGES_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)

_Key = tuple[str, str, str, str]  # operation, model, target, outcome
_Labels = dict[str, str]


class _Series:
    """All numbers of one combination of labels. The lists count calls per interval between edges.

    Not a Struct: writing a Struct's field costs ten times as much, and ten are written per call.
    """

    __slots__ = (
        "cached_tokens", "calls", "charge_nanos", "duration", "duration_s", "first_byte", "first_byte_s", "images",
        "input_tokens", "output_tokens",
    )  # fmt: skip

    def __init__(self) -> None:
        self.duration = [0] * (len(EDGES_S) + 1)
        self.first_byte = [0] * (len(EDGES_S) + 1)
        self.calls = self.input_tokens = self.output_tokens = self.cached_tokens = self.images = self.charge_nanos = 0
        self.duration_s = self.first_byte_s = 0.0


class Metrics:
    """The numbers of one process."""

    def __init__(self) -> None:
        self._series: dict[_Key, _Series] = {}
        self._open_streams = 0
        self._started_at = time.time()

    def stream_opened(self) -> None:
        self._open_streams += 1

    def stream_closed(self) -> None:
        self._open_streams -= 1

    def count(self, calls: Iterable[Call]) -> None:
        """Count settled calls: many at once cost a third less each than one by one."""
        series_of, edges = self._series.get, EDGES_S
        for call in calls:
            series = series_of((call.operation, call.model, call.target_id, call.outcome)) or self._new_series(call)
            duration_s, first_byte_s, usage = call.duration_s, call.first_byte_s, call.usage
            series.calls += 1
            series.duration_s += duration_s
            series.duration[bisect_left(edges, duration_s)] += 1
            if first_byte_s:
                series.first_byte_s += first_byte_s
                series.first_byte[bisect_left(edges, first_byte_s)] += 1
            series.input_tokens += usage.input_tokens
            series.output_tokens += usage.output_tokens
            if usage.cached_tokens:
                series.cached_tokens += usage.cached_tokens
            if usage.images:
                series.images += usage.images
            if call.charge_nanos:
                series.charge_nanos += call.charge_nanos

    def text(self, engines: Mapping[str, str]) -> str:
        """Everything in Prometheus' text form. ``engines`` maps each engine to its state now."""
        return "\n".join(self._lines(engines)) + "\n"

    def _new_series(self, call: Call) -> _Series:
        # A client may ask for any name: without a target, or beyond the limit, names are not kept.
        model = call.model if call.target_id and len(self._series) < SERIES_MOST else OTHER
        key: _Key = (call.operation, model, call.target_id, call.outcome)
        series = self._series.get(key)
        if series is None:
            series = _Series()
            self._series[key] = series
        return series

    def _lines(self, engines: Mapping[str, str]) -> Iterator[str]:
        rows = [(_labels(key), series) for key, series in sorted(self._series.items(), key=lambda row: row[0])]
        yield from _head("openhearth_calls", "counter", "Settled calls.")
        yield from (_line("openhearth_calls_total", labels, series.calls) for labels, series in rows)
        yield from _head("openhearth_tokens", "counter", "Tokens used, by kind.")
        for kind in ("input", "output", "cached"):
            for labels, series in rows:
                yield _line("openhearth_tokens_total", labels | {"kind": kind}, getattr(series, f"{kind}_tokens"))
        yield from _head("openhearth_images", "counter", "Pictures made.")
        yield from (_line("openhearth_images_total", labels, series.images) for labels, series in rows)
        yield from _head("openhearth_charge_nanos", "counter", "Charges of settled calls, in billionths of a USD.")
        yield from (_line("openhearth_charge_nanos_total", labels, series.charge_nanos) for labels, series in rows)
        yield from self._histogram("duration", "From accept to settle.")
        yield from self._histogram("first_byte", "From accept to the first byte of the answer.")
        yield from _head("openhearth_open_streams", "gauge", "Streams being answered now.")
        yield _line("openhearth_open_streams", {}, self._open_streams)
        yield from _head("openhearth_engine_state", "gauge", "1 for the state each embedded engine is in.")
        yield from (
            _line("openhearth_engine_state", {"engine": name, "state": state}, 1)
            for name, state in sorted(engines.items())
        )
        yield from _process(self._started_at)

    def _histogram(self, name: str, about: str) -> Iterator[str]:
        """Per operation and target only: buckets for every model and outcome would be thousands of lines."""
        counts: dict[tuple[str, str], list[int]] = {}
        sums: dict[tuple[str, str], float] = {}
        for (operation, _, target, _), series in sorted(self._series.items(), key=lambda row: row[0]):
            key = (operation, target)
            counts[key] = [
                a + b for a, b in zip(counts.get(key, [0] * (len(EDGES_S) + 1)), getattr(series, name), strict=True)
            ]
            sums[key] = sums.get(key, 0.0) + getattr(series, f"{name}_s")
        full = f"openhearth_{name}_seconds"
        yield from _head(full, "histogram", about)
        for (operation, target), buckets in counts.items():
            labels = {"operation": operation, "target": target}
            for edge, total in zip((*map(str, EDGES_S), "+Inf"), accumulate(buckets), strict=True):
                yield _line(f"{full}_bucket", labels | {"le": edge}, total)
            yield _line(f"{full}_sum", labels, sums[operation, target])
            yield _line(f"{full}_count", labels, sum(buckets))


def _process(started_at: float) -> Iterator[str]:
    """The names every Prometheus client uses for the process itself."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    yield from _head("process_cpu_seconds", "counter", "Processor time of this process.")
    yield _line("process_cpu_seconds_total", {}, used.ru_utime + used.ru_stime)
    yield from _head("process_start_time_seconds", "gauge", "When this process began, in unix seconds.")
    yield _line("process_start_time_seconds", {}, started_at)
    yield from _head("process_resident_memory_bytes", "gauge", "Memory of this process.")
    yield _line("process_resident_memory_bytes", {}, _resident_bytes(used.ru_maxrss))


def _resident_bytes(most_kib: int) -> int:
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return most_kib * 1024  # no /proc: the most there ever was


def _labels(key: _Key) -> _Labels:
    return dict(zip(("operation", "model", "target", "outcome"), key, strict=True))


def _head(name: str, kind: str, about: str) -> Iterable[str]:
    # In the 0.0.4 text form a counter's HELP and TYPE carry the name of its samples.
    sample = f"{name}_total" if kind == "counter" else name
    return (f"# HELP {sample} {about}", f"# TYPE {sample} {kind}")


def _line(name: str, labels: _Labels, value: float) -> str:
    if not labels:
        return f"{name} {value}"
    inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    return f"{name}{{{inside}}} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
