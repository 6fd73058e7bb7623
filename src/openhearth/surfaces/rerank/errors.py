"""Errors as clients of rerank read them: OpenAI's object, Cohere's ``message`` and Jina's ``detail``."""

from typing import Any

import msgspec
from typing_extensions import override

from openhearth.core.errors import GatewayError
from openhearth.dialects import openai_errors

_ENCODER = msgspec.json.Encoder()


class EveryForm:
    """For ``/v1/rerank``, where clients of several families call: each finds the place it knows."""

    def shown(self, error: GatewayError) -> bytes:
        found = _object(error)
        return _ENCODER.encode({"error": found, "message": found["message"], "detail": found["message"]})

    def headers(self, error: GatewayError) -> list[tuple[bytes, bytes]]:
        return openai_errors.headers(error)

    def event(self, error: GatewayError) -> bytes:
        return b""


class CohereForm(EveryForm):
    """For ``/v2/rerank``: ``message`` (Cohere API reference, "Errors"), with our code and field beside it."""

    @override
    def shown(self, error: GatewayError) -> bytes:
        found = _object(error)
        return _ENCODER.encode({name: found[name] for name in ("message", "code", "param")})


def _object(error: GatewayError) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(openai_errors.body(error), type=dict[str, dict[str, Any]])["error"]
    return found
