"""Lists of models in Anthropic's form, and errors of these routes in the same family's shape.

https://docs.anthropic.com/en/api/models-list; ``ModelInfo`` and ``SyncPage`` of anthropic-python 2.12.
"""

from collections.abc import Iterable, Sequence
from typing import get_args

from openhearth.core.cards import Lifecycle, ModelCard
from openhearth.core.errors import Bug, GatewayError, RequestError

LIMIT = 20
MOST = 1000
STAGES: tuple[str, ...] = get_args(Lifecycle)
_UNKNOWN_RELEASE = "1970-01-01T00:00:00Z"  # "May be set to an epoch value if the release date is unknown."
_ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def info(card: ModelCard) -> dict[str, object]:
    """One ``ModelInfo``, and whether it can be asked now."""
    context = card.about.context_tokens
    return {
        "type": "model",
        "id": card.id,
        "display_name": card.id,
        "created_at": _UNKNOWN_RELEASE,
        "lifecycle": card.lifecycle,
        "installed": card.is_installed,
        **({"max_input_tokens": context} if context else {}),
    }


def page(
    cards: Sequence[ModelCard], *, limit: str | None, after_id: str | None, before_id: str | None, stages: Iterable[str]
) -> dict[str, object]:
    """The page after or before an id. Raises RequestError naming the wrong parameter."""
    found = _in_stages(cards, list(stages))
    size = _size(limit)
    if after_id and before_id:
        raise RequestError("Give after_id or before_id, not both.", param="before_id")
    begin, end = 0, len(found)
    if after_id:
        begin = _index(found, after_id, "after_id") + 1
    elif before_id:
        end = _index(found, before_id, "before_id")
    shown = found[max(begin, end - size) : end] if before_id else found[begin : begin + size]
    return {
        "data": [info(card) for card in shown],
        "has_more": len(shown) < end - begin,
        "first_id": shown[0].id if shown else None,
        "last_id": shown[-1].id if shown else None,
    }


def error(problem: GatewayError, request_id: str) -> dict[str, object]:
    """The error object of the family."""
    message = "Internal error." if isinstance(problem, Bug) else problem.message
    kind = _ERRORS.get(problem.shown_status, "invalid_request_error" if problem.shown_status < 500 else "api_error")
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": request_id}


def _in_stages(cards: Sequence[ModelCard], stages: list[str]) -> list[ModelCard]:
    for stage in stages:
        if stage not in STAGES:
            raise RequestError(f"'lifecycle' is one of {', '.join(STAGES)}.", param="lifecycle")
    wanted = stages or ["active", "deprecated"]
    return [card for card in cards if card.lifecycle in wanted]


def _size(limit: str | None) -> int:
    if limit is None:
        return LIMIT
    if not (limit.isascii() and limit.isdigit() and len(limit) <= 10 and 1 <= int(limit) <= MOST):
        raise RequestError(f"'limit' is a number from 1 to {MOST}.", param="limit")
    return int(limit)


def _index(cards: Sequence[ModelCard], name: str, param: str) -> int:
    for index, card in enumerate(cards):
        if card.id == name:
            return index
    raise RequestError(f"'{param}' names no model of this list.", param=param)
