"""The engines on the page of metrics, read back with Prometheus' own parser."""

from prometheus_client.parser import text_string_to_metric_families

from openhearth.app.engine_metrics import engine_lines
from openhearth.engines.ports import EngineState


def test_every_engine_has_its_numbers() -> None:
    states = [
        EngineState('b"1', "ready", memory_bytes=5, load_s=1.5, restarts=1, running=2, waiting=3, starts=4),
        EngineState("a", "not_installed", missing_packs=("p",)),
    ]
    text = "\n".join(engine_lines(states)) + "\n"
    found = {
        (sample.name.removeprefix("openhearth_engine_"), sample.labels["engine"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    wanted = {
        "memory_bytes": 5, "load_seconds": 1.5, "running": 2, "waiting": 3, "starts_total": 4, "restarts_total": 1,
        "installed": 1,
    }  # fmt: skip
    assert {name: value for (name, engine), value in found.items() if engine == 'b"1'} == wanted
    assert {name: value for (name, engine), value in found.items() if engine == "a"} == dict.fromkeys(wanted, 0)


def test_without_engines_there_is_nothing_to_say() -> None:
    assert list(engine_lines([])) == []
