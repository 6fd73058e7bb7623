"""Secrets that must never be found again: one of every kind is used, in calls that succeed and calls that fail, and
then looked for in everything the platform wrote or said."""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from tests.e2e.conftest import Running, running

CREDENTIAL = "sk-canary-upstream-5d1f09aa"
PASSWORD = "canary-password-c0ffee-77"
WRONG_PASSWORD = "canary-wrong-password-31"
PROMPT = "canary prompt: the password of my bank is 4711-0815"
MAY_HOLD = {"first-key", "master-key", "pepper", "receipt-key"}


class _Echo(BaseHTTPRequestHandler):
    """An upstream that repeats our credential in everything it says, as some do."""

    def answer(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
        asked = str(body.get("model", ""))
        status = int(asked.rpartition("-")[2]) if asked.rpartition("-")[2].isdigit() else 200
        said = json.dumps({"error": {"message": f"bad key {self.headers['authorization']}", "code": "x"}, "data": []})
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said.encode())

    do_GET = do_POST = answer

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join()


class Client:
    """Asks the server and keeps every answer."""

    def __init__(self, server: Running) -> None:
        self._url = server.url
        self._root = server.key
        self.said: list[bytes] = []

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, dict[str, str], Any]:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"content-type": "application/json", **(sent or {"authorization": f"Bearer {self._root}"})}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                status, found, said = answer.status, dict(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            with error:
                status, found, said = error.code, dict(error.headers), error.read()
        self.said.append(said)
        return status, found, json.loads(said) if said.startswith(b"{") else said


class Canaries:
    """Every secret, by what it is; those that are shown once by a route are taken out of its answer."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.secrets: dict[str, str] = {
            "upstream credential": CREDENTIAL,
            "password": PASSWORD,
            "wrong password": WRONG_PASSWORD,
            "prompt": PROMPT,
        }

    def shown_once(self, name: str, answer: tuple[int, dict[str, str], Any], field: str = "key") -> str:
        """Remember a secret that this answer, and no other, holds."""
        secret = str(answer[2][field])
        self.secrets[name] = secret
        assert self.client.said.pop().count(secret.encode()) == 1
        return secret


def _plant(client: Client, upstream: str) -> Canaries:
    canaries = Canaries(client)
    made = client.ask("POST", "/admin/v1/keys", {"name": "user's"})
    canaries.shown_once("user key", made)
    canaries.shown_once("expired key", client.ask("POST", "/admin/v1/keys", {"name": "old", "expires_in_s": 0}))
    disabled = client.ask("POST", "/admin/v1/keys", {"name": "disabled"})
    canaries.shown_once("disabled key", disabled)
    client.ask("DELETE", f"/admin/v1/keys/{disabled[2]['id']}")
    rotated = client.ask("POST", "/admin/v1/keys", {"name": "rotated"})
    canaries.shown_once("secret before", rotated)
    canaries.shown_once("secret after", client.ask("POST", f"/admin/v1/keys/{rotated[2]['id']}/rotate", {}))
    client.ask("POST", "/admin/v1/users", {"username": "ann", "password": PASSWORD, "role": "admin"})
    canaries.shown_once("made password", client.ask("POST", "/admin/v1/users", {"username": "bob"}), "password")
    for number in (200, 400, 401, 500):
        body = {"base_url": upstream, "model": f"echo-{number}", "key": CREDENTIAL}
        assert client.ask("POST", "/admin/v1/targets", body)[0] == 201
    _, headers, _ = client.ask(
        "POST", "/v1/auth/login", {"username": "ann", "password": PASSWORD}, x_requested_with="x"
    )
    canaries.secrets["session"] = headers["set-cookie"].partition("=")[2].partition(";")[0]
    cookie = f"oh_session={canaries.secrets['session']}"
    canaries.shown_once(
        "access token", client.ask("POST", "/v1/auth/token", cookie=cookie, x_requested_with="x"), "token"
    )
    return canaries


def _use(client: Client, secrets: dict[str, str]) -> None:
    """Calls of every kind with every secret: right, wrong, in the wrong place, refused, failing upstream."""
    for name in ("user key", "expired key", "disabled key", "secret before", "secret after", "access token", "session"):
        secret = secrets[name]
        for number in (200, 400, 401, 500):
            body = {"model": f"echo-{number}", "messages": [{"role": "user", "content": PROMPT}]}
            client.ask("POST", "/v1/chat/completions", body, authorization=f"Bearer {secret}")
        for headers in (
            {"authorization": f"Bearer {secret}x"},
            {"authorization": f"Basic {secret}"},
            {"x_api_key": secret},
            {"cookie": f"oh_session={secret}"},
        ):
            client.ask("GET", "/v1/models", **headers)
            client.ask("GET", "/admin/v1/users", **headers)
        client.ask("GET", f"/v1/models?key={secret}", x_nothing="x")
        client.ask("POST", "/v1/files", {"key": secret}, authorization=f"Bearer {secret}")
    client.ask("POST", "/v1/auth/login", {"username": "ann", "password": WRONG_PASSWORD}, x_requested_with="x")
    client.ask(
        "POST", "/v1/auth/login", {"username": PASSWORD, "password": WRONG_PASSWORD, "x": 1}, x_requested_with="x"
    )
    client.ask("POST", "/admin/v1/users", {"username": "ann", "password": PASSWORD})
    for target in client.ask("GET", "/admin/v1/targets")[2]["data"]:
        client.ask("POST", f"/admin/v1/targets/{target['id']}/test")
    client.ask("POST", "/admin/v1/secrets/rotate", {})
    for path in ("keys", "users", "targets", "audit?limit=1000", "audit/check", "engines"):
        assert client.ask("GET", f"/admin/v1/{path}")[0] == 200
    assert client.ask("GET", "/metrics")[0] == 200


def _found(folder: Path, secrets: dict[str, str]) -> list[str]:
    """Where on the disk which secret is: log, database, its write-ahead log, spool, files."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name not in MAY_HOLD]
    assert {"openhearth.db", "openhearth.db-wal", "server.log"} <= {path.name for path in files}
    kept = {path.name: path.read_bytes() for path in files}
    return [f"{what} in {name}" for name, data in kept.items() for what, one in secrets.items() if one.encode() in data]


@pytest.mark.timeout(300)
def test_no_secret_is_found_anywhere(tmp_path: Path, upstream: str) -> None:
    with running(tmp_path / "data", OPENHEARTH__ENGINES__ENABLED="false", OPENHEARTH__LOG_LEVEL="debug") as server:
        client = Client(server)
        canaries = _plant(client, upstream)
        secrets = {**canaries.secrets, "first key": server.key}
        assert len(set(secrets.values())) == len(secrets) == 13
        _use(client, secrets)
        for what, secret in secrets.items():
            said = [body for body in client.said if secret.encode() in body]
            assert said == [], what
        # The first key is printed at every start, for whoever starts the server.
        assert _found(server.data, canaries.secrets) == []
        database = b"".join((server.data / f"openhearth.db{end}").read_bytes() for end in ("", "-wal"))
        assert server.key.encode() not in database
