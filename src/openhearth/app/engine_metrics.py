"""The embedded engines on the page of metrics: memory, load time, queue, starts and crashes, as the host sees them."""

from collections.abc import Callable, Iterable, Iterator

from openhearth.engines.ports import EngineState

_Read = Callable[[EngineState], float]
_NUMBERS: tuple[tuple[str, str, str, _Read], ...] = (
    ("memory_bytes", "gauge", "Memory each engine's processes hold.", lambda state: state.memory_bytes),
    ("load_seconds", "gauge", "How long the last start took.", lambda state: state.load_s),
    ("running", "gauge", "Requests being worked on.", lambda state: state.running),
    ("waiting", "gauge", "Requests waiting for their turn.", lambda state: state.waiting),
    ("starts_total", "counter", "Starts since the platform began.", lambda state: state.starts),
    ("restarts_total", "counter", "Starts after a crash.", lambda state: state.restarts),
    ("installed", "gauge", "1 when the engine's packs are here.", lambda state: not state.missing_packs),
)


def engine_lines(states: Iterable[EngineState]) -> Iterator[str]:
    """Lines of Prometheus' text form (exposition format 0.0.4), without the state, which the metrics write."""
    known = sorted(states, key=lambda state: state.name)
    if not known:
        return
    for name, kind, about, read in _NUMBERS:
        full = f"openhearth_engine_{name}"
        yield f"# HELP {full} {about}"
        yield f"# TYPE {full} {kind}"
        for state in known:
            yield f'{full}{{engine="{_escaped(state.name)}"}} {float(read(state))}'


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
