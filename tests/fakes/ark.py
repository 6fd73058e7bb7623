"""A fake Volcengine Ark: ``POST /api/v3/images/generations`` as published, with its streams, errors and refusals.

It checks what the real service checks (key, model, picture, size, seed, stream) and answers tiny real PNGs.

    async with Ark() as ark:
        ark.fail(429, "RateLimitExceeded.EndpointRPMExceeded", headers={"retry-after": "3"})
        ...
        assert ark.bodies[0]["size"] == "adaptive"
"""

import base64
import binascii
import json
import re
from collections import deque
from typing import Any

from typing_extensions import override

from tests.fakes.media import png
from tests.fakes.upstream import Reply, Seen, Upstream

KEY = "ark-key"
SEEDEDIT = "doubao-seededit-3-0-i2i-250628"
SEEDREAM = "doubao-seedream-4-0-250828"
SEEDREAM_5 = "doubao-seedream-5-0-260128"
_PATH = "/api/v3/images/generations"
_KNOWN_FIELDS = {
    "model", "prompt", "image", "size", "response_format", "seed", "guidance_scale", "watermark", "stream",
    "sequential_image_generation", "sequential_image_generation_options", "optimize_prompt_options", "output_format",
}  # fmt: skip


class Ark(Upstream):
    """See the module's text. ``bodies`` are the JSON bodies of accepted and refused requests."""

    def __init__(self) -> None:
        super().__init__()
        self.bodies: list[dict[str, Any]] = []
        self.links = False
        self.picture = png(16, 16)
        self._planned: deque[Reply] = deque()
        self.add(_PATH, self._images)

    @property
    @override
    def base_url(self) -> str:
        return f"{self.url}/api/v3"

    def fail(self, status: int, code: str, message: str = "no", headers: dict[str, str] | None = None) -> None:
        """The next request is answered with this error."""
        self._planned.append(_error(status, code, message, headers))

    def answer(self, body: object, status: int = 200) -> None:
        """The next request is answered with this JSON, whatever it asks."""
        self._planned.append(Reply(json.dumps(body).encode(), status))

    def stream(self, *events: object, done: bool = True) -> None:
        """The next request is answered with these stream events."""
        self._planned.append(_stream(events, done=done))

    def _images(self, seen: Seen) -> Reply:
        body = seen.json()
        self.bodies.append(body)
        if seen.headers.get("authorization") != f"Bearer {KEY}":
            return _error(401, "AuthenticationError", "The API key in the request is missing or invalid.")
        if self._planned:
            return self._planned.popleft()
        wrong = _wrong(body)
        if wrong is not None:
            return wrong
        picture: dict[str, Any] = {"url": f"{self.url}/result.png", "size": "16x16"}
        if body.get("response_format") == "b64_json" and not self.links:
            picture = {"b64_json": base64.b64encode(self.picture).decode(), "size": "16x16"}
        usage = {"generated_images": 1, "output_tokens": 4096, "total_tokens": 4096}
        named = {"model": body["model"], "created": 1_800_000_000}
        if not body.get("stream"):
            return Reply(json.dumps({**named, "data": [picture], "usage": usage}).encode())
        return _stream(
            (
                {"type": "image_generation.partial_succeeded", **named, "image_index": 0, **picture},
                {"type": "image_generation.completed", **named, "usage": usage},
            ),
            done=True,
        )


def _wrong(body: dict[str, Any]) -> Reply | None:
    """What the service would refuse."""
    model = body.get("model")
    unknown = body.keys() - _KNOWN_FIELDS
    if unknown:
        return _invalid(f"unknown field {unknown}")
    if model not in (SEEDEDIT, SEEDREAM, SEEDREAM_5):
        return _error(404, "InvalidEndpointOrModel.NotFound", "The model or endpoint does not exist.")
    if "output_format" in body and (model != SEEDREAM_5 or body["output_format"] not in ("png", "jpeg")):
        return _invalid("output_format is not supported by this model")
    if not body.get("prompt"):
        return _invalid("prompt is required")
    images = body.get("image", [])
    images = [images] if isinstance(images, str) else images
    if not all(_is_picture(image) for image in images):
        return _invalid("image is not valid")
    if model == SEEDEDIT:
        return _wrong_edit(body, images)
    if body.keys() & {"seed", "guidance_scale"}:
        return _invalid("seed and guidance_scale are not supported by this model")
    return None


def _wrong_edit(body: dict[str, Any], images: list[str]) -> Reply | None:
    if len(images) != 1:
        return _invalid("one image is required")
    if body.get("size") != "adaptive":
        return _invalid("size must be adaptive")
    if body.get("stream"):
        return _invalid("stream is not supported by this model")
    if not -1 <= body.get("seed", -1) <= 2**31 - 1:
        return _invalid("seed is out of range")
    if not 1 <= body.get("guidance_scale", 5.5) <= 10:
        return _invalid("guidance_scale is out of range")
    return None


def _is_picture(image: str) -> bool:
    if image.startswith(("http://", "https://")):
        return True
    match = re.fullmatch(r"data:image/(?:png|jpeg);base64,(.+)", image)
    try:
        return match is not None and bool(base64.b64decode(match[1], validate=True))
    except binascii.Error:
        return False


def _invalid(message: str) -> Reply:
    return _error(400, "InvalidParameter", message)


def _error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Reply:
    body = {"error": {"code": code, "message": message, "param": "", "type": "BadRequest"}}
    return Reply(json.dumps(body).encode(), status, {"content-type": "application/json", **(headers or {})})


def _stream(events: tuple[object, ...], *, done: bool) -> Reply:
    pieces = [
        f"event: {event.get('type', 'error') if isinstance(event, dict) else 'error'}\ndata: {json.dumps(event)}\n\n"
        for event in events
    ]
    if done:
        pieces.append("data: [DONE]\n\n")
    encoded = tuple(piece.encode() for piece in pieces)
    return Reply(headers={"content-type": "text/event-stream"}, pieces=encoded)
