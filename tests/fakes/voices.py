"""Fake voices in the forms their vendors publish, each as strict as it is: OpenAI, Fish Audio, ElevenLabs.

The sound is four pieces of ``SOUND``. ``bodies`` are the requests that had the right key.
"""

import json
from base64 import b64encode
from typing import Any
from urllib.parse import parse_qs

import msgspec

from tests.fakes.upstream import Reply, Seen, Upstream

KEY = "voice-key"
SOUND = (b"ID3one", b"two", b"three", b"four")
_OPENAI = {"model", "input", "voice", "instructions", "response_format", "speed", "stream_format", "vendor_extra"}
_FISH = {
    "text", "temperature", "top_p", "references", "reference_id", "prosody", "chunk_length", "normalize", "format",
    "sample_rate", "mp3_bitrate", "opus_bitrate", "latency",
}  # fmt: skip
_ELEVEN = {
    "text", "model_id", "language_code", "voice_settings", "pronunciation_dictionary_locators", "seed", "previous_text",
    "next_text", "previous_request_ids", "next_request_ids", "apply_text_normalization",
}  # fmt: skip
_FORMATS = {"mp3_44100_128", "mp3_22050_32", "pcm_16000", "pcm_24000", "pcm_44100", "opus_48000_64", "ulaw_8000"}
TIMES = {"characters": ["H", "i"], "character_start_times_seconds": [0, 0.1], "character_end_times_seconds": [0.1, 0.2]}


class Voices(Upstream):
    """One server with the paths of all three."""

    def __init__(self) -> None:
        super().__init__()
        self.bodies: list[dict[str, Any]] = []
        self.add("/v1/audio/speech", self._openai)
        self.add("/v1/tts", self._fish)
        self.add("/model", self._models)
        for kind in ("", "/stream", "/with-timestamps", "/stream/with-timestamps"):
            self.add(f"/eleven/text-to-speech/Rachel{kind}", self._eleven)

    def _openai(self, seen: Seen) -> Reply:
        if seen.headers.get("authorization") != f"Bearer {KEY}":
            return _json({"error": {"message": "Incorrect API key", "code": "invalid_api_key"}}, 401)
        body = seen.json()
        unknown = body.keys() - _OPENAI
        if unknown or body.get("speed", 1) > 4:
            param = next(iter(unknown), "speed")
            return _json({"error": {"message": f"Bad {param}", "code": "bad_value", "param": param, "type": "x"}}, 400)
        self.bodies.append(body)
        if body.get("stream_format") == "sse":
            events = [{"type": "speech.audio.delta", "audio": b64encode(piece).decode()} for piece in SOUND]
            usage = {"input_tokens": 14, "output_tokens": 101, "total_tokens": 115}
            lines: list[dict[str, Any]] = [*events, {"type": "speech.audio.done", "usage": usage}]
            return Reply(
                pieces=tuple(f"event: {line['type']}\ndata: {json.dumps(line)}\n\n".encode() for line in lines),
                headers={"content-type": "text/event-stream"},
            )
        return _sound("audio/mpeg")

    def _fish(self, seen: Seen) -> Reply:
        if seen.headers.get("authorization") != f"Bearer {KEY}":
            return _json({"status": 401, "message": "No permission -- see authorization schemes"}, 401)
        packed = seen.headers["content-type"] == "application/msgpack"
        body = msgspec.msgpack.decode(seen.body) if packed else seen.json()
        if body.keys() - _FISH or not body.get("text"):
            return _json([{"loc": ["body"], "type": "extra_forbidden", "msg": "bad", "ctx": "", "in": "body"}], 422)
        if body.get("reference_id") == "broke":
            return _json({"status": 402, "message": "Insufficient Balance"}, 402)
        self.bodies.append(body | {"model": seen.headers.get("model")})
        return _sound("audio/mpeg")

    def _models(self, seen: Seen) -> Reply:
        if seen.headers.get("authorization") != f"Bearer {KEY}":
            return _json({"status": 401, "message": "No permission"}, 401)
        if seen.method == "POST":
            if b'name="title"' not in seen.body or not seen.headers["content-type"].startswith("multipart/form-data"):
                return _json([{"loc": ["title"], "type": "missing", "msg": "required", "ctx": "", "in": "form"}], 422)
            return _json({"_id": "new-voice", "title": "Mine", "state": "created"}, 201)
        return _json({"total": 1, "items": [{"_id": "theirs", "title": "Theirs"}]})

    def _eleven(self, seen: Seen) -> Reply:
        if seen.headers.get("xi-api-key") != KEY:
            return _json({"detail": {"status": "invalid_api_key", "message": "Invalid API key"}}, 401)
        path, _, query = seen.path.partition("?")
        body, options = seen.json(), parse_qs(query)
        known = options.keys() <= {"output_format", "optimize_streaming_latency", "enable_logging"}
        if not known or options.get("output_format", ["mp3_44100_128"])[0] not in _FORMATS or body.keys() - _ELEVEN:
            return _json({"detail": {"status": "invalid_request", "message": "no such format or field"}}, 422)
        self.bodies.append(body | {"path": path, "query": query})
        timed = {"audio_base64": b64encode(b"".join(SOUND)).decode(), "alignment": TIMES, "normalized_alignment": None}
        if path.endswith("/stream/with-timestamps"):
            return Reply(json.dumps(timed).encode() + b"\n", headers={"content-type": "application/json"})
        return _json(timed) if path.endswith("/with-timestamps") else _sound("audio/mpeg")


def _json(value: object, status: int = 200) -> Reply:
    return Reply(json.dumps(value).encode(), status)


def _sound(mime: str) -> Reply:
    return Reply(pieces=SOUND, headers={"content-type": mime})
