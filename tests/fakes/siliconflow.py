"""A fake SiliconFlow: ``POST /v1/images/generations`` as published, with links to its pictures and its errors."""

import json
from collections import deque
from typing import Any

from typing_extensions import override

from tests.fakes.upstream import Reply, Seen, Upstream

KEY = "sf-key"
KOLORS = "Kwai-Kolors/Kolors"
QWEN = "Qwen/Qwen-Image"
QWEN_EDIT = "Qwen/Qwen-Image-Edit-2509"
_KNOWN = {
    "model", "prompt", "negative_prompt", "image_size", "batch_size", "seed", "num_inference_steps", "guidance_scale",
    "cfg", "image", "image2", "image3",
}  # fmt: skip


class SiliconFlow(Upstream):
    """``bodies`` are the JSON bodies of requests; each picture is a link of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.bodies: list[dict[str, Any]] = []
        self.made = 0
        self._planned: deque[Reply] = deque()
        self.add("/v1/images/generations", self._images)

    @property
    @override
    def base_url(self) -> str:
        return f"{self.url}/v1"

    def answer(self, body: object, status: int = 200, headers: dict[str, str] | None = None) -> None:
        """The next request is answered with this JSON, whatever it asks."""
        self._planned.append(
            Reply(json.dumps(body).encode(), status, {"content-type": "application/json"} | (headers or {}))
        )

    def link(self, number: int) -> str:
        return f"https://sf.test/{number}.png"

    def _images(self, seen: Seen) -> Reply:
        body = seen.json()
        self.bodies.append(body)
        if seen.headers.get("authorization") != f"Bearer {KEY}":
            return Reply(b'"Invalid token"', 401)
        if self._planned:
            return self._planned.popleft()
        if unknown := body.keys() - _KNOWN:
            return _invalid(f"unknown field {unknown}")
        model = body.get("model")
        if model == KOLORS and body.get("image_size") not in (
            "1024x1024", "960x1280", "768x1024", "720x1440", "720x1280",
        ):  # fmt: skip
            return _invalid("image_size is invalid")
        if model == QWEN_EDIT and ("image_size" in body or "image" not in body):
            return _invalid("this model takes an image and no image_size")
        count = body.get("batch_size", 1)
        if not 1 <= count <= 4 or (count > 1 and model != KOLORS):
            return _invalid("batch_size is 1 to 4")
        images = [{"url": self.link(self.made + number)} for number in range(count)]
        self.made += count
        shown = {"images": images, "timings": {"inference": 1.5}, "seed": body.get("seed", 4711)}
        return Reply(json.dumps(shown).encode())


def _invalid(message: str) -> Reply:
    return Reply(json.dumps({"code": 20015, "message": message, "data": None}).encode(), 400)
