"""The categories of OpenAI's moderation and how they hang together.

Source: openai-python 3.54, ``types/moderation.py``.
"""

CATEGORIES = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/intent",
    "self-harm/instructions",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)
FOR_PICTURES = frozenset({"sexual"})

Scores = dict[str, float]


def parent_of(category: str) -> str:
    """The category that holds this one; a main category is its own."""
    return category.partition("/")[0]


def with_parents(scores: Scores) -> Scores:
    """The same, each main category at least as high as its parts."""
    whole = dict(scores)
    for category in CATEGORIES:
        parent = parent_of(category)
        whole[parent] = max(whole.get(parent, 0.0), scores.get(category, 0.0))
    return whole


def either(*chances: float) -> float:
    """One chance from independent pieces of evidence: that not all of them are wrong."""
    wrong = 1.0
    for chance in chances:
        wrong *= 1.0 - min(max(chance, 0.0), 1.0)
    return 1.0 - wrong
