"""One upstream that is every vendor, and a moderation that flags "vile" and one picture."""

import base64
import json
from typing import Any

from starlette.types import ASGIApp

from tests.fakes.upstream import Reply, Seen, Upstream
from tests.moderation.ways import FINE_PICTURE, GOOD, VILE, VILE_PICTURE
from tests.permissions.callers import asked

GUARD = "omni-moderation-latest"
MODELS = (
    "gpt-4o-mini", "gpt-3.5-turbo-instruct", "text-embedding-3-small", "jina-reranker-v3", "gpt-image-1", "dall-e-2",
    "recraftv3", "gpt-4o-mini-tts", "s1", "eleven_multilingual_v2", "whisper-1", "scribe_v1", "textin",
)  # fmt: skip
_VENDORS = {"openai": "/v1", "recraft": "/v1", "jina": "/jina/v1", "fish": "", "elevenlabs": "/eleven/v1",
            "textin": "/textin"}  # fmt: skip
_PLACE = [1, 2, 3, 2, 3, 4, 1, 4]


class Vendors:
    """What ``up`` answers. ``is_vile``: what comes from its models is to be flagged."""

    def __init__(self, up: Upstream) -> None:
        self.up = up
        self.is_vile = False
        up.add("/v1/moderations", _judged)
        up.add("/v1/embeddings", _json(data=[{"object": "embedding", "index": 0, "embedding": [0.5]}], object="list"))
        up.add("/jina/v1/rerank", lambda _: _json(results=[{"index": 0, "relevance_score": 0.5}]))
        for path in ("generations", "edits", "variations"):
            up.add(f"/v1/images/{path}", lambda _: _json(created=1, data=[{"b64_json": self._picture()}]))
        up.add("/v1/images/removeBackground", lambda _: _json(image={"b64_json": self._picture()}))
        for path in ("/v1/audio/speech", "/v1/tts", *(f"/eleven/v1/text-to-speech/someone{kind}" for kind in (
            "", "/stream", "/with-timestamps", "/stream/with-timestamps"
        ))):  # fmt: skip
            up.add(path, Reply(b"sound", headers={"content-type": "audio/mpeg"}))
        for path in ("transcriptions", "translations"):
            up.add(f"/v1/audio/{path}", self._heard)
        up.add("/eleven/v1/speech-to-text", lambda _: _json(text=self._text(), language_code="eng", words=[]))
        self._textin()

    def asked(self) -> list[str]:
        """Which paths were asked since the last time, but for moderation."""
        paths = [seen.path for seen in self.up.seen if seen.path != "/v1/moderations"]
        self.up.seen.clear()
        return paths

    def say(self, *, is_vile: bool) -> None:
        """From now on."""
        self.is_vile = is_vile
        self.up.words = tuple(f"{word} " for word in self._text().split())

    def _text(self) -> str:
        return VILE if self.is_vile else GOOD

    def _picture(self) -> str:
        return base64.b64encode(VILE_PICTURE if self.is_vile else FINE_PICTURE).decode()

    def _heard(self, seen: Seen) -> Reply:
        first, _, last = self._text().rpartition(" ")
        body = seen.body.decode("latin-1")
        if 'name="stream"\r\n\r\ntrue' in body:
            return Reply(pieces=tuple(_event(one) for one in (
                {"type": "transcript.text.delta", "delta": f"{first} "[:-4]},
                {"type": "transcript.text.delta", "delta": f"{first} "[-4:]},
                {"type": "transcript.text.delta", "delta": last},
                {"type": "transcript.text.done", "text": self._text()},
            )), headers={"content-type": "text/event-stream"})  # fmt: skip
        for form, mark, opening in (("srt", ",", ""), ("vtt", ".", "WEBVTT\n\n")):
            if f'name="response_format"\r\n\r\n{form}' in body:
                cues = [f"{at + 1}\n00:00:0{at}{mark}000 --> 00:00:0{at + 1}{mark}000\n{word}\n"
                        for at, word in enumerate((first, last))]  # fmt: skip
                return Reply((opening + "\n".join(cues)).encode(), headers={"content-type": "text/plain"})
        if 'name="response_format"\r\n\r\ntext' in body:
            return Reply(f"{self._text()}\n".encode(), headers={"content-type": "text/plain"})
        segments = [{"id": at, "start": at, "end": at + 1, "text": f" {word}"} for at, word in enumerate((first, last))]
        return _json(text=self._text(), task="transcribe", duration=2.5, segments=segments)

    def _textin(self) -> None:
        def answer(path: str, **fields: Any) -> None:
            self.up.add(f"/textin{path}", lambda _: _json(code=200, **{name: made() for name, made in fields.items()}))

        def line() -> dict[str, Any]:
            return {"type": "line", "text": self._text(), "pos": _PLACE, "position": _PLACE, "score": 0.5}

        def cell() -> dict[str, Any]:
            return {"start_row": 0, "end_row": 0, "start_col": 0, "end_col": 0, "text": self._text()}

        def item() -> dict[str, Any]:
            return {"type": "other", "item_list": [{"key": "title", "value": self._text()}]}

        def cut() -> dict[str, Any]:
            return {"cropped_width": 7, "cropped_height": 7, "position": _PLACE, "image": self._picture()}

        answer(
            "/v1/pdf_to_markdown", result=lambda: {"markdown": f"# {self._text()}", "pages": [{"content": [line()]}]}
        )
        answer("/v2/recognize/multipage", result=lambda: {"pages": [{"width": 9, "height": 8, "lines": [line()]}]})
        answer("/v2/recognize/table", result=lambda: {"pages": [{"tables": [{"table_cells": [cell()]}]}]})
        answer("/v1/bill_recognize_v2", result=dict, pages=lambda: [{"result": {"object_list": [item()]}}])
        answer("/v1/crop_enhance_image", result=lambda: {"image_list": [cut()]})
        for path in ("/v1/dewarp", "/v1/image/watermark_remove"):
            answer(path, result=lambda: {"image": self._picture()})


async def attach(app: ASGIApp, admin: str, up: Upstream) -> None:
    """All vendors, each model at a price per request."""
    for provider, path in _VENDORS.items():
        key = "app|code" if provider == "textin" else "k"
        target = {"provider": provider, "base_url": up.url + path, "key": key}
        await asked(app, "POST", "/admin/v1/targets", admin, target)
    for model in MODELS:
        price = {"model": model, "rates": {"request_micros": 1000}}
        await asked(app, "POST", "/admin/v1/prices", admin, price)


def _json(**fields: Any) -> Reply:
    return Reply(json.dumps(fields).encode())


def _event(value: object) -> bytes:
    return f"data: {json.dumps(value)}\n\n".encode()


def _judged(seen: Seen) -> Reply:
    given = seen.json()["input"]
    if isinstance(given[0], dict):
        flags = [base64.b64encode(VILE_PICTURE).decode() in json.dumps(given)]
    else:
        flags = ["vile" in text for text in given]
    return _json(results=[{"flagged": flag, "categories": {"hate": flag}} for flag in flags])
