"""Lists of models in Gemini's form: https://ai.google.dev/api/models, and errors of these routes in the shape of
Google's APIs (https://cloud.google.com/apis/design/errors)."""

from collections.abc import Sequence

from openhearth.core.cards import ModelCard
from openhearth.core.errors import Bug, GatewayError, RequestError
from openhearth.core.operations import Operation

PAGE = 50
MOST = 1000
_METHODS = {
    Operation.CHAT: ("generateContent", "streamGenerateContent", "countTokens"),
    Operation.EMBED: ("embedContent", "batchEmbedContents"),
    Operation.IMAGE_GENERATE: ("predict",),
}
_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def model(card: ModelCard) -> dict[str, object]:
    """One ``Model``, its stage of life as in Anthropic's form, and whether it can be asked now. The methods are what it
    can do in the words of this family."""
    methods = dict.fromkeys(method for operation in card.operations for method in _METHODS.get(operation, ()))
    context = card.about.context_tokens
    return {
        "name": f"models/{card.id}",
        "baseModelId": card.id,
        "version": "001",
        "displayName": card.id,
        "description": card.about.en,
        **({"inputTokenLimit": context, "outputTokenLimit": context} if context else {}),
        "supportedGenerationMethods": list(methods),
        "lifecycle": card.lifecycle,
        "installed": card.is_installed,
    }


def page(cards: Sequence[ModelCard], *, size: str | None, token: str | None) -> dict[str, object]:
    """The page that a token stands for: the number of models before it. Raises RequestError."""
    begin = _number(token, "pageToken", 0, 10**9, default=0)
    end = begin + min(MOST, _number(size, "pageSize", 1, 10**9, default=PAGE))
    shown: dict[str, object] = {"models": [model(card) for card in cards[begin:end]]}
    if end < len(cards):
        shown["nextPageToken"] = str(end)
    return shown


def error(problem: GatewayError) -> dict[str, object]:
    """The error object of the family."""
    message = "Internal error." if isinstance(problem, Bug) else problem.message
    status = problem.shown_status
    name = _STATUSES.get(status, "INVALID_ARGUMENT" if status < 500 else "INTERNAL")
    return {"error": {"code": status, "message": message, "status": name}}


def _number(text: str | None, param: str, least: int, most: int, *, default: int) -> int:
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and least <= int(text) <= most):
        raise RequestError(f"'{param}' is not valid.", param=param)
    return int(text)
