"""Who is measured: how each is installed (from its own registry, into bench/.work), started and called."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "bench" / ".work"
KEY = "sk-bench-0123456789"
_INSTALL_S = 1200

_ADDRESS = re.compile(r"https?://\S+")


class Skipped(Exception):
    """A contender is left out; the message says why."""


class Plan(msgspec.Struct, frozen=True):
    """A contender that is installed: what to start and how to call it. ``prepare`` runs once it is ready."""

    command: list[str]
    env: dict[str, str] = {}
    ready: str = "/health"
    path: str = "/v1/chat/completions"
    model: str = "mock"
    headers: dict[str, str] = msgspec.field(default_factory=lambda: {"authorization": f"Bearer {KEY}"})
    prepare: Callable[[], dict[str, str]] | None = None


class Contender(msgspec.Struct, frozen=True):
    """``plan`` takes our port and the upstream's and installs what is missing. It raises Skipped."""

    name: str
    about: str
    plan: Callable[[int, int], Plan]


def _run(command: list[str], env: Mapping[str, str] | None = None, cwd: Path = WORK) -> str:
    """Run an installer; its output. Raises Skipped with the last line that says something."""
    merged = {**os.environ, **(env or {})}
    try:
        done = subprocess.run(
            command, cwd=cwd, env=merged, capture_output=True, text=True, timeout=_INSTALL_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Skipped(f"{command[0]}: {error}") from error
    if done.returncode:
        lines = [line.strip() for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        # Addresses of registries and paths of this machine do not belong into a published table.
        words = _ADDRESS.sub("…", " ".join(lines[-2:]))[:300]
        raise Skipped(f"'{Path(command[0]).name} {' '.join(command[1:4])}' failed: {words}")
    return done.stdout


def _tool(name: str) -> str:
    found = shutil.which(name)
    if not found:
        raise Skipped(f"'{name}' is not installed")
    return found


def _nginx(port: int, upstream: int) -> Plan:
    home = WORK / "nginx"
    home.mkdir(parents=True, exist_ok=True)
    program = shutil.which("nginx") or str(home / "usr" / "sbin" / "nginx")
    if not Path(program).exists():
        # Unpacked, not installed: nothing of the system changes.
        _tool("dpkg")
        _run([_tool("apt-get"), "download", "nginx"], cwd=home)
        for package in home.glob("*.deb"):
            _run(["dpkg", "-x", str(package), str(home)])
    config = home / "bench.conf"
    config.write_text(
        f"""worker_processes 1; daemon off; pid {home}/pid; error_log {home}/error.log;
events {{ worker_connections 8192; }}
http {{
  access_log off; client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; fastcgi_temp_path {home}/f;
  uwsgi_temp_path {home}/u; scgi_temp_path {home}/s; client_max_body_size 20m; client_body_buffer_size 1m;
  keepalive_requests 100000000;
  upstream mock {{ server 127.0.0.1:{upstream}; keepalive 2048; keepalive_requests 100000000; }}
  server {{ listen 127.0.0.1:{port} backlog=4096;
    location / {{ proxy_pass http://mock; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off;
                  proxy_read_timeout 600s; }}
  }}
}}
""",
        encoding="utf-8",
    )
    return Plan([program, "-p", str(home), "-c", str(config)], ready="/v1/models")


def _go_proxy(port: int, upstream: int) -> Plan:
    program = WORK / "bin" / "goproxy"
    _run([_tool("go"), "build", "-o", str(program), "."], {"GOFLAGS": "-buildvcs=false"}, ROOT / "bench" / "goproxy")
    return Plan([str(program), f"127.0.0.1:{port}", f"http://127.0.0.1:{upstream}", KEY], ready="/")


def _go_install(package: str, program: str) -> Path:
    path = WORK / "bin" / program
    if not path.exists():
        env = {"GOBIN": str(path.parent), "GOPATH": str(WORK / "go"), "GOFLAGS": "-buildvcs=false"}
        _run([_tool("go"), "install", f"{package}@latest"], env)
    return path


def _gomodel(port: int, upstream: int) -> Plan:
    program = _go_install("github.com/enterpilot/gomodel/cmd/gomodel", "gomodel")
    env = {
        "PORT": str(port),
        "GOMODEL_MASTER_KEY": KEY,
        "GOMODEL_OFFLINE": "true",
        "OPENAI_API_KEY": "upstream",
        "OPENAI_BASE_URL": f"http://127.0.0.1:{upstream}/v1",
    }
    return Plan([str(program)], env)


def _bifrost(port: int, upstream: int) -> Plan:
    program = _go_install("github.com/maximhq/bifrost/transports/bifrost-http", "bifrost-http")
    home = WORK / "bifrost"
    home.mkdir(parents=True, exist_ok=True)
    provider = {
        "keys": [{"name": "bench", "value": "upstream", "models": ["mock"], "weight": 1}],
        "network_config": {"base_url": f"http://127.0.0.1:{upstream}"},
    }
    (home / "config.json").write_text(json.dumps({"providers": {"openai": provider}}), encoding="utf-8")
    command = [str(program), "-host", "127.0.0.1", "-port", str(port), "-app-dir", str(home), "-log-level", "error"]
    return Plan(command, model="openai/mock")


def _litellm(port: int, upstream: int) -> Plan:
    home = WORK / "litellm"
    program = home / "bin" / "litellm"
    if not program.exists():
        _run([sys.executable, "-m", "venv", str(home)])
        _run([str(home / "bin" / "pip"), "install", "--quiet", "litellm[proxy]"])
    config = WORK / "litellm.yaml"
    config.write_text(
        f"""model_list:
  - model_name: mock
    litellm_params: {{model: openai/mock, api_base: "http://127.0.0.1:{upstream}/v1", api_key: upstream}}
general_settings: {{master_key: {KEY}}}
""",
        encoding="utf-8",
    )
    command = [str(program), "--config", str(config), "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"]
    # Without these it asks the network for prices and sends usage data.
    env = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_TELEMETRY": "False", "LITELLM_LOG": "ERROR"}
    return Plan(command, env, ready="/health/liveliness")


def _portkey(port: int, upstream: int) -> Plan:
    home = WORK / "portkey"
    program = home / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"
    if not program.exists():
        home.mkdir(parents=True, exist_ok=True)
        _run([_tool("npm"), "install", "--prefix", ".", "--no-audit", "--no-fund", "@portkey-ai/gateway"], cwd=home)
    headers = {
        "authorization": "Bearer upstream",
        "x-portkey-provider": "openai",
        "x-portkey-custom-host": f"http://127.0.0.1:{upstream}/v1",
    }
    return Plan([_tool("node"), str(program), f"--port={port}", "--headless"], ready="/", headers=headers)


def _openhearth(port: int, upstream: int) -> Plan:
    data = WORK / "openhearth"
    shutil.rmtree(data, ignore_errors=True)
    command = [sys.executable, "-m", "openhearth", "serve", "--port", str(port), "--data", str(data)]

    def attach() -> dict[str, str]:
        """A priced target, so that every call reserves, settles and is written to the ledger."""
        key = (data / "first-key").read_text(encoding="utf-8").strip()
        target = {
            "base_url": f"http://127.0.0.1:{upstream}/v1",
            "model": "mock",
            "key": "upstream",
            "price": {"input_micros_per_mtok": 150_000, "output_micros_per_mtok": 600_000},
        }
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/admin/v1/targets",
            data=json.dumps(target).encode(),
            headers={"authorization": f"Bearer {key}", "content-type": "application/json"},
        )
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10):
            return {"authorization": f"Bearer {key}"}

    return Plan(command, {"OPENHEARTH__ENGINES__ENABLED": "false"}, ready="/health/ready", prepare=attach)


ALL = (
    Contender("nginx", "proxy_pass with keep-alive: the practical limit", _nginx),
    Contender("go-proxy", "Go httputil.ReverseProxy with key check and body parse", _go_proxy),
    Contender("openhearth", "this platform, everything on, without engines", _openhearth),
    Contender("gomodel", "GoModel, from the Go module proxy", _gomodel),
    Contender("bifrost", "Bifrost, from the Go module proxy", _bifrost),
    Contender("portkey", "Portkey gateway, from npm", _portkey),
    Contender("litellm", "LiteLLM proxy, one worker, from PyPI", _litellm),
)


def wait_ready(port: int, path: str, process: subprocess.Popen[bytes], within_s: float) -> float:
    """Seconds until ``path`` answers anything but an error of the server. Raises Skipped."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    began = time.monotonic()
    while time.monotonic() - began < within_s:
        if process.poll() is not None:
            raise Skipped(f"it ended with exit code {process.returncode} before it was ready")
        try:
            with opener.open(f"http://127.0.0.1:{port}{path}", timeout=2):
                return time.monotonic() - began
        except urllib.error.HTTPError as error:
            if error.code < 500:
                return time.monotonic() - began
        except OSError:
            pass
        time.sleep(0.01)
    raise Skipped(f"it was not ready within {within_s:.0f} s")
