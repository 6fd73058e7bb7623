"""Speech as calls: which model speaks when none is named, and the events of the target that answers."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from fnmatch import fnmatchcase
from typing import cast

import msgspec

from openhearth.core.call import Principal, Usage
from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect, Target
from openhearth.core.speech import (
    SpeechDone,
    SpeechDriver,
    SpeechEvent,
    SpeechOpened,
    SpeechOrder,
    SpeechRequest,
    input_tokens,
    language_of,
    said,
)
from openhearth.engines.ports import EngineHost
from openhearth.engines.speak.voices import HIBARI, KOKORO, READABLE, Voice, chosen, voices
from openhearth.relay.screen import Screen, checks_input
from openhearth.relay.work import Calls, Work

# A second of speech is twenty tokens of OpenAI's and hardly fewer than six characters.
_OUTPUT_PER_CHARACTER = 4


class ListedVoice(msgspec.Struct, frozen=True):
    """A voice, and whether its engine can speak now."""

    voice: Voice
    installed: bool


class Speeches:
    """Opens calls and runs the driver of each target's wire form."""

    def __init__(
        self,
        calls: Calls,
        drivers: Mapping[Dialect, SpeechDriver],
        engines: EngineHost,
        *,
        screen: Screen | None = None,
    ) -> None:
        self._screen = screen
        self._calls = calls
        self._drivers = drivers
        self._engines = engines

    def model_for(self, request: SpeechRequest) -> str:
        """The embedded model for a request that names none: hibari for English, Kokoro for all else and for voices that
        only it has; of those that would do, one that is installed."""
        language = request.language[:2].lower() or language_of(request.text)
        able = [model for model in (HIBARI, KOKORO)
                if (model == KOKORO or language in ("", "en")) and chosen(model, request.voice, language)]  # fmt: skip
        installed = self._installed()
        return next((model for model in able if installed.get(model)), able[0] if able else KOKORO)

    def answers(self, principal: Principal, model: str) -> bool:
        """True when some target speaks as ``model``."""
        return self._calls.answers(principal, Operation.SPEECH, model, self._drivers)

    def stands_in(self, principal: Principal, model: str, voice: str, family: tuple[str, ...]) -> bool:
        """True when an embedded voice answers in place of ``model``: a model of the family whose form the client speaks
        (its libraries always name one) that nobody here has, or that is to speak in a voice of ours."""
        is_theirs = any(fnmatchcase(model, pattern) for pattern in family)
        return is_theirs and (self._is_ours(voice) or not self.answers(principal, model))

    def _is_ours(self, voice: str) -> bool:
        return any(listed.voice.id == voice for listed in self.voices())

    async def open(self, principal: Principal, order: SpeechOrder) -> Work:
        """Plan and admit; the order must name its model. Raises NotFound, Forbidden, BudgetSpent and NoTargetLeft."""
        text = order.request.text
        worst = Usage(
            input_tokens=input_tokens(text), output_tokens=_OUTPUT_PER_CHARACTER * len(text), characters=len(text)
        )
        return await self._calls.open(
            principal, Operation.SPEECH, order.request.model, dialects=self._drivers, worst=worst, stream=True
        )

    async def events(self, work: Work, order: SpeechOrder) -> AsyncGenerator[SpeechEvent, None]:
        """``SpeechOpened`` first, ``SpeechDone`` last. Closing it stops the work upstream.

        Raises as ``Work.stream``, and for keys that are moderated what ``Screen.check`` raises.
        """
        if self._screen is not None and checks_input(work.call.principal):
            await self._screen.check(work.call.principal, said(order))

        def attempt(target: Target) -> AsyncGenerator[SpeechEvent, None]:
            return self._drivers[target.provider.speaks[Operation.SPEECH]].speak(target, order)

        async with aclosing(cast("AsyncGenerator[SpeechEvent, None]", work.stream(attempt))) as events:
            async for event in events:
                if isinstance(event, SpeechOpened):
                    usage = work.call.usage
                    usage.input_tokens, usage.source = input_tokens(order.request.text), "estimated"
                    usage.characters = len(order.request.text)
                elif isinstance(event, SpeechDone):
                    event = self._counted(work, event)
                yield event

    def voices(self) -> list[ListedVoice]:
        """Every embedded voice."""
        installed = self._installed()
        models = [model for model in (HIBARI, KOKORO) if model in installed]
        return [ListedVoice(voice, installed[model]) for model in models for voice in voices(model)]

    def _installed(self) -> dict[str, bool]:
        names = (HIBARI, KOKORO)
        return {state.name: state.state != "not_installed" for state in self._engines.states() if state.name in names}

    def _counted(self, work: Work, done: SpeechDone) -> SpeechDone:
        usage = work.call.usage
        if done.input_tokens or done.output_tokens:
            usage.input_tokens, usage.output_tokens, usage.source = done.input_tokens, done.output_tokens, "upstream"
        return SpeechDone(usage.input_tokens, usage.output_tokens)


def readable(voice: Voice) -> bool:
    """Whether the voice's own language can be read (others speak English, Chinese or Spanish in that voice)."""
    return voice.reads in READABLE
