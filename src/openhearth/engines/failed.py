"""An error as a value: what a worker process tells its engine, and an engine the platform, when an order fails."""

from typing import Any

import msgspec

from openhearth.core.errors import Bug, GatewayError


class Failed(msgspec.Struct, frozen=True, tag_field="kind", tag="failed"):
    """The last frame of an order that failed. ``status`` is the HTTP status of the error; ``retire``: the worker is to
    be replaced."""

    status: int
    message: str
    type: str
    code: str
    param: str | None = None
    retry_after_s: float | None = None
    retire: bool = False

    def body(self) -> dict[str, Any]:
        """OpenAI's form, for an answer."""
        return {"error": {"message": self.message, "type": self.type, "param": self.param, "code": self.code}}

    def event(self) -> dict[str, Any]:
        """The same for a stream, where the status has no other place."""
        return {"error": {**self.body()["error"], "status": self.status}}


def failed(error: GatewayError, *, retire: bool = False) -> Failed:
    """An error as that value. What went wrong inside stays in the engine's log."""
    message = error.message
    if isinstance(error, Bug):
        message = "The embedded model failed. See the log. 内置模型内部错误，请查看日志。"
    return Failed(error.shown_status, message, error.type, error.code, error.param, error.retry_after_s, retire)
