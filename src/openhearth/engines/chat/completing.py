"""A text completion request (``POST /v1/completions``) from its place in the line to its last token, as events."""

import contextlib
from collections.abc import AsyncGenerator
from typing import Any

from openhearth.core.errors import RequestError
from openhearth.engines.chat.answering import generate, in_turn
from openhearth.engines.chat.events import Event, Piece, Used, Waiting, total
from openhearth.engines.chat.generation import Generations
from openhearth.engines.chat.requests import CompletionRequest, prompts
from openhearth.engines.chat.sampling import runtime_fields
from openhearth.engines.line import Ticket

DEFAULT_TOKENS = 16


class CompletionPlan:
    """A checked completion request: the prompts, each answered ``n`` times, choices numbered through."""

    def __init__(self, request: CompletionRequest) -> None:
        self.request = request
        self.prompts = prompts(request)

    def bodies(self) -> list[dict[str, Any]]:
        """The runtime's request for every choice."""
        made = []
        for prompt in self.prompts:
            for number in range(self.request.choices):
                body = runtime_fields(self.request, choice=number, may_repeat=False)
                body |= {"prompt": prompt, "max_tokens": self.request.max_tokens or DEFAULT_TOKENS}
                if self.request.logprobs is not None:
                    body["logprobs"] = self.request.logprobs or 1
                made.append(body)
        return made


async def complete(plan: CompletionPlan, generations: Generations, ticket: Ticket) -> AsyncGenerator[Event, None]:
    """Everything that happens for one completion request. Closing the iterator stops the model."""
    async with contextlib.aclosing(in_turn(ticket)) as notices:
        async for notice in notices:
            yield notice
    used = Used()
    for choice, body in enumerate(plan.bodies()):
        own = Used()
        async with contextlib.aclosing(generate(body, choice, generations, ticket)) as events:
            if plan.request.echo:
                yield Waiting(0)
                yield Piece(choice, body["prompt"])
            try:
                async for event in events:
                    if isinstance(event, Used):
                        own = event
                    else:
                        yield event
            except RequestError as error:  # all that the runtime itself refuses here is the prompt
                error.param = "prompt"
                raise
        is_new_prompt = choice % plan.request.choices == 0
        used = (
            Used(used.prompt + own.prompt, used.completion + own.completion, used.cached)
            if is_new_prompt
            else total(used, own)
        )
    yield used
