"""What happens while an answer is made, independent of how it is written on the wire."""

from typing import Any

import msgspec


class Piece(msgspec.Struct, frozen=True):
    """More text of one choice. ``tokens`` are the runtime's log probabilities for it, where asked."""

    choice: int
    text: str
    tokens: tuple[dict[str, Any], ...] = ()


class Called(msgspec.Struct, frozen=True):
    """A choice turned out to be tool calls, in OpenAI's shape."""

    choice: int
    calls: list[dict[str, Any]]


class Ended(msgspec.Struct, frozen=True):
    """A choice is complete. ``reason`` is ``stop``, ``length`` or ``tool_calls``."""

    choice: int
    reason: str


class Used(msgspec.Struct, frozen=True):
    """The real token counts of one generation."""

    prompt: int = 0
    completion: int = 0
    cached: int = 0

    def wire(self) -> dict[str, Any]:
        """OpenAI's usage object."""
        return {
            "prompt_tokens": self.prompt,
            "completion_tokens": self.completion,
            "total_tokens": self.prompt + self.completion,
            "prompt_tokens_details": {"cached_tokens": self.cached},
        }


class Waiting(msgspec.Struct, frozen=True):
    """Nothing yet: the place in the line, 0 when it is running."""

    place: int


Event = Piece | Called | Ended | Used | Waiting


def total(first: Used, second: Used) -> Used:
    """Two choices of one prompt: its tokens count once, what was generated adds up."""
    return Used(
        max(first.prompt, second.prompt), first.completion + second.completion, max(first.cached, second.cached)
    )
