"""One server for all tests that hold the description against it, and small files that its routes can work on."""

import io
import math
import wave
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import requests
from PIL import Image

from tests.e2e.conftest import Running, running
from tests.papers.pdf import numbered

PATIENCE_S = 300
LINES = "/stream/with-timestamps"
"""The end of the one path whose answer is a JSON object per line, which no checker knows."""
NAMED = {
    "service": "text_recognize_3d1",
    "tool": "vectorize",
    "voice": "heart",
    "model": "use-multilingual-embed",
    "id": "call_none",
}
"""What examples name in paths."""
MODELS = {
    "/v1/chat/completions": ["smollm2-135m-instruct", "chat-local-edit", "chat-local-poster"],
    "/v1/completions": ["smollm2-135m-instruct"],
    "/v1/images/generations": ["local-poster"],
    "/v1/images/edits": ["local-edit"],
    "/v1/images/variations": ["local-edit"],
    "/v1/embeddings": ["use-multilingual-embed"],
    "/v1/engines/{model}/embeddings": ["use-multilingual-embed"],
    "/v1/rerank": ["nano-rerank"],
    "/v2/rerank": ["nano-rerank"],
    "/v1/moderations": ["local-moderation"],
    "/v1/audio/speech": ["hibari-tts"],
    "/v1/audio/transcriptions": ["whisper-base"],
    "/v1/audio/translations": ["whisper-base"],
    "/v1/ocr": ["rapid-ocr"],
}


class Place(msgspec.Struct, frozen=True):
    """A running server, a client with its key, and what can be named in requests: field or parameter → values."""

    server: Running
    client: requests.Session
    known: dict[str, list[str]]

    def post(self, path: str, body: object, **query: str) -> requests.Response:
        return self.client.post(self.server.url + path, json=body, params=query, timeout=PATIENCE_S)


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    settings = {
        "OPENHEARTH__FETCH__TOTAL_S": "2",
        "OPENHEARTH__ENGINES__CHAT": "smollm2-135m-instruct",
        "OPENHEARTH__ENGINES__IDLE_UNLOAD_S": "60",
    }
    with running(tmp_path_factory.mktemp("fuzz"), **settings) as server, requests.Session() as client:
        client.headers["authorization"] = f"Bearer {server.key}"
        yield Place(server, client, _known(server, client))


def fresh(place: Place) -> dict[str, list[str]]:
    """Things made to be deleted."""
    name, data = files()["picture"]
    return {
        "file_id": [_keep(place.server, place.client, name, data)],
        "picture_id": [_made(place.server, place.client)],
    }


def _known(server: Running, client: requests.Session) -> dict[str, list[str]]:
    kept = {kind: _keep(server, client, name, data) for kind, (name, data) in files().items()}
    picture = _made(server, client)
    return {
        "file_id": list(kept.values()),
        "picture_id": [picture],
        "id": ["local-edit"],
        "name": ["local-edit", "use-multilingual-embed"],
        "model": ["use-multilingual-embed"],
        "voice": ["heart"],
        "picture": [kept["picture"], picture],
        "recording": [kept["recording"]],
        "document": [kept["document"], kept["picture"]],
    }


def _keep(server: Running, client: requests.Session, name: str, data: bytes) -> str:
    answer = client.post(
        f"{server.url}/v1/files", files={"file": (name, data)}, data={"purpose": "user_data"}, timeout=60
    )
    found: dict[str, Any] = answer.json()
    return str(found["id"])


def _made(server: Running, client: requests.Session) -> str:
    asked = {"model": "local-poster", "prompt": "kept", "size": "64x64"}
    answer = client.post(f"{server.url}/v1/images/generations", json=asked, timeout=PATIENCE_S)
    return str(answer.json()["data"][0]["id"])


def files() -> dict[str, tuple[str, bytes]]:
    """Kind → name and bytes of a small file of it."""
    return {
        "picture": ("small.png", _picture()),
        "recording": ("tone.wav", _recording()),
        "document": ("pages.pdf", numbered(1)),
    }


def _picture() -> bytes:
    out = io.BytesIO()
    Image.radial_gradient("L").resize((48, 32)).convert("RGB").save(out, "PNG")
    return out.getvalue()


def _recording() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16_000)
        tone = (round(8000 * math.sin(at * 440 * 2 * math.pi / 16_000)) for at in range(4_000))
        sound.writeframes(b"".join(value.to_bytes(2, "little", signed=True) for value in tone))
    return out.getvalue()


def local(example: dict[str, Any], place: Place) -> dict[str, Any]:
    """An example of the description, its addresses turned to this server's."""
    written = msgspec.json.encode(example).decode()
    for named, here in (("http://127.0.0.1:8080", place.server.url), ("FILE_ID", place.known["recording"][0])):
        written = written.replace(named, here)
    found: dict[str, Any] = msgspec.json.decode(written)
    return found
