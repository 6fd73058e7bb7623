"""The clients of one tour, and what earlier steps made for later ones."""

import json
import urllib.error
import urllib.request
from typing import Any

import cohere
import msgspec
import openai

PATIENCE_S = 300.0
PORTRAIT = "/samples/portrait.jpg"
NOT_INSTALLED = "engine_not_installed"


class Shown(msgspec.Struct, frozen=True):
    """What a step has to show: the model that answered and a line about the answer."""

    model: str
    what: str


class Skipped(Exception):
    """A step that cannot be walked here; the message says what is missing."""


class Refused(Exception):
    """The platform answered with an error. ``code`` is its machine-readable name, where it has one."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {message}")
        self.code = code
        self.message = message


class Visitor:
    """``openai`` and ``cohere`` are the official clients; ``get`` and ``post`` are for surfaces without one."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self.key = key
        self.openai = openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0, timeout=PATIENCE_S)
        self.cohere = cohere.ClientV2(api_key=key, base_url=url, timeout=PATIENCE_S)
        self._made: dict[str, bytes] = {}

    def keep(self, name: str, data: bytes) -> None:
        """Something for later steps."""
        self._made[name] = data

    def made(self, name: str) -> bytes:
        """What an earlier step kept. Raises Skipped when it could not."""
        if name not in self._made:
            raise Skipped(f"needs {name}, which an earlier step could not make")
        return self._made[name]

    def portrait(self) -> bytes:
        """The sample picture."""
        return self.get(PORTRAIT)

    def get(self, path: str, **headers: str) -> bytes:
        """Raises Refused."""
        return self._ask(urllib.request.Request(self._place(path), headers=self._headers(headers)))

    def json(self, path: str, **headers: str) -> Any:
        """The JSON at ``path``. Raises Refused."""
        return json.loads(self.get(path, **headers))

    def post(self, path: str, body: object) -> bytes:
        """The answer to a JSON body. Raises Refused."""
        headers = self._headers({"content-type": "application/json"})
        return self._ask(urllib.request.Request(self._place(path), json.dumps(body).encode(), headers))

    def send(self, path: str, data: bytes, kind: str = "application/octet-stream") -> Any:
        """The JSON answer to raw bytes. Raises Refused."""
        return json.loads(
            self._ask(urllib.request.Request(self._place(path), data, self._headers({"content-type": kind})))
        )

    def asked(self, path: str, body: object) -> Any:
        """The JSON answer to a JSON body. Raises Refused."""
        return json.loads(self.post(path, body))

    def _place(self, path: str) -> str:
        return path if path.startswith("http") else self.url + path

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        named = {name.replace("_", "-"): value for name, value in more.items()}
        return {"authorization": f"Bearer {self.key}", **named}

    def _ask(self, request: urllib.request.Request) -> bytes:
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                body = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                raise refused(error.code, error.read()) from error
        assert isinstance(body, bytes)
        return body


def refused(status: int, body: bytes) -> Refused:
    """The error of any family as one."""
    try:
        said = json.loads(body)
    except ValueError:
        return Refused(status, "", body[:200].decode("utf-8", "replace"))
    found = next((said[name] for name in ("error", "detail") if isinstance(said.get(name), dict)), said)
    code = found.get("code") or found.get("status") or ""
    if isinstance(said.get("error"), str):  # Textin's envelope has its own numbers and our code beside them
        code = said["error"]
    return Refused(status, str(code), str(found.get("message", "")))
