"""Engines as an operator sees them: tested through the admin surface, started before anybody asks."""

import json
import signal
import time
from pathlib import Path

from tests.e2e.conftest import Running, running

CHAT = "smollm2-135m-instruct"
LOAD_S = 90.0


def _states(server: Running) -> dict[str, str]:
    engines = json.loads(server.get("/admin/v1/engines")[2])["data"]
    return {engine["name"]: engine["state"] for engine in engines}


def test_testing_an_embedded_target_starts_its_engine(tmp_path: Path) -> None:
    with running(tmp_path / "data", OPENHEARTH__ENGINES__CHAT=CHAT) as server:
        assert _states(server) == {CHAT: "stopped", "local-edit": "stopped"}
        probe = server.post("/admin/v1/targets/local-edit/test", {})
        assert (probe["ok"], probe["state"], probe["error"]) == (True, "ready", "")
        assert 0 < float(str(probe["load_s"])) < LOAD_S
        assert _states(server) == {CHAT: "stopped", "local-edit": "ready"}


def test_testing_an_engine_without_its_pack_says_how_to_get_it(tmp_path: Path) -> None:
    with running(tmp_path / "data", OPENHEARTH__PACKS__FOLDER=str(tmp_path / "packs")) as server:
        probe = server.post(f"/admin/v1/targets/{CHAT}/test", {})
        assert (probe["ok"], probe["state"]) == (False, "not_installed")
        assert f"openhearth packs fetch {CHAT}" in str(probe["error"])


def test_preload_starts_what_is_installed(tmp_path: Path) -> None:
    environ = {"OPENHEARTH__ENGINES__PRELOAD": "true", "OPENHEARTH__ENGINES__CHAT": CHAT}
    with running(tmp_path / "data", **environ) as server:
        end = time.monotonic() + LOAD_S
        while set(_states(server).values()) != {"ready"} and time.monotonic() < end:
            time.sleep(0.1)
        assert _states(server) == {CHAT: "ready", "local-edit": "ready"}
        assert "engine preloaded" in server.log()


def test_a_server_stops_at_once_while_it_preloads(tmp_path: Path) -> None:
    with running(tmp_path / "data", OPENHEARTH__ENGINES__PRELOAD="true") as server:
        server.process.terminate()
        assert server.process.wait(20) in (0, -signal.SIGTERM)
        assert "Traceback" not in server.log()
