"""The answer in OpenAI's form (openai-python 3.54, ``types/moderation_create_response.py``)."""

import uuid

import msgspec

from openhearth.engines.moderate.categories import CATEGORIES, FOR_PICTURES, Scores
from openhearth.engines.moderate.judge import Rules
from openhearth.engines.moderate.requests import Item
from openhearth.engines.moderate.settings import NAME

_DIGITS = 6


class Result(msgspec.Struct, frozen=True):
    """The verdict on one item."""

    flagged: bool
    categories: dict[str, bool]
    category_scores: Scores
    category_applied_input_types: dict[str, list[str]]


class _Answer(msgspec.Struct, frozen=True):
    id: str
    model: str
    results: list[Result]


def result(item: Item, scores: Scores, rules: Rules) -> Result:
    """``scores`` holds every category."""
    categories = rules.flagged(scores)
    text = ["text"] if item.texts else []
    image = ["image"] if item.pictures else []
    return Result(
        flagged=any(categories.values()),
        categories=categories,
        category_scores={category: round(scores[category], _DIGITS) for category in CATEGORIES},
        category_applied_input_types={
            category: text + (image if category in FOR_PICTURES else []) for category in CATEGORIES
        },
    )


def answer(results: list[Result]) -> bytes:
    return msgspec.json.encode(_Answer(f"modr-{uuid.uuid4().hex}", NAME, results))
