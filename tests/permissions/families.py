"""How each family of clients is told that it may not: what a refusal looks like, by its status."""

from collections.abc import Callable
from typing import Any

import msgspec

from tests.fakes.asgi import Answer


class Family(msgspec.Struct, frozen=True):
    """``is_told`` says whether a body has the family's form for a status; ``statuses`` are those that differ from
    ours."""

    name: str
    is_told: Callable[[dict[str, Any], int], bool]
    statuses: dict[int, int] = {}

    def refuses(self, answer: Answer, status: int) -> bool:
        """Whether ``answer`` is this family's refusal for what we call ``status``."""
        if answer.status != self.statuses.get(status, status) or not answer.headers["content-type"].startswith(_JSON):
            return False
        return self.is_told(answer.json(), status)


_JSON = "application/json"
_MAY_NOT = frozenset({"not_an_admin", "not_permitted"})


def _object(error: Any, status: int) -> bool:
    kind = {401: "authentication_error", 403: "permission_error"}[status]
    return isinstance(error, dict) and set(error) == {"message", "type", "param", "code"} and error["type"] == kind


def _openai(body: dict[str, Any], status: int) -> bool:
    return set(body) == {"error"} and _object(body["error"], status)


def _every_form(body: dict[str, Any], status: int) -> bool:
    said = body["error"]["message"]
    return _object(body["error"], status) and body == {"error": body["error"], "message": said, "detail": said}


def _cohere(body: dict[str, Any], _: int) -> bool:
    return set(body) == {"message", "code", "param"}


def _fish(body: dict[str, Any], status: int) -> bool:
    return body["status"] == status and set(body) == {"status", "message", "code", "param"}


def _elevenlabs(body: dict[str, Any], _: int) -> bool:
    return set(body) == {"detail"} and set(body["detail"]) == {"status", "message", "type", "param"}


def _textin(body: dict[str, Any], status: int) -> bool:
    return body["code"] // 100 == status and set(body) == {"code", "message", "error", "param", "result"}


def _anthropic(body: dict[str, Any], status: int) -> bool:
    kind = {401: "authentication_error", 403: "permission_error"}[status]
    return body["type"] == "error" and body["error"]["type"] == kind and "request_id" in body


def _gemini(body: dict[str, Any], status: int) -> bool:
    name = {401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED"}[status]
    return body == {"error": {"code": status, "message": body["error"]["message"], "status": name}}


def _newapi(body: dict[str, Any], status: int) -> bool:
    """As there, whoever may not is told with a 200: then the code tells it from what is wrong with a request."""
    is_told = set(body) == {"success", "message", "code", "param"} and body["success"] is False
    return is_told and (status != 403 or body["code"] in _MAY_NOT)


OPENAI = Family("openai", _openai)
EVERY_FORM = Family("rankings", _every_form)
COHERE = Family("cohere", _cohere)
FISH = Family("fish", _fish)
ELEVENLABS = Family("elevenlabs", _elevenlabs)
TEXTIN = Family("textin", _textin)
ANTHROPIC = Family("anthropic", _anthropic)
GEMINI = Family("gemini", _gemini)
NEWAPI = Family("newapi", _newapi, {403: 200})
