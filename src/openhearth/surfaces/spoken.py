"""Speech answered outside OpenAI's form: as sound while it is made, or kept and given as a link."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from starlette.requests import Request
from starlette.responses import Response

from openhearth.config import Limits
from openhearth.core.errors import NotTranslatable
from openhearth.core.speech import MIMES, SpeechAudio, SpeechEvent, SpeechOpened, SpeechOrder
from openhearth.media.sounds import Sounds
from openhearth.relay.speech import Speeches
from openhearth.relay.work import Work
from openhearth.surfaces.http import Json
from openhearth.surfaces.work_answers import Errors, Streamed, timing, whole


class Spoken:
    """One admitted call. ``ignored`` names fields that only the family's own models understand."""

    def __init__(
        self, work: Work, order: SpeechOrder, speeches: Speeches, *, ignored: tuple[str, ...], strict: bool = False
    ) -> None:
        self.work = work
        self.order = order
        self._speeches = speeches
        self._ignored = ignored
        self._strict = strict
        self.opened = SpeechOpened(MIMES.get(order.request.format, "audio/mpeg"), relayed=False)

    @property
    def dropped(self) -> tuple[str, ...]:
        """What had no effect, once the target is known."""
        return self.opened.dropped if self.opened.relayed else (*self._ignored, *self.opened.dropped)

    def marks(self) -> dict[str, str]:
        """The headers of the answer, once the target is known."""
        return {**self.work.headers(self.dropped), "content-type": self.opened.content_type}

    async def events(self) -> AsyncGenerator[SpeechEvent, None]:
        """The events after the opening one. Raises NotTranslatable for a field without effect where that is refused."""
        async with aclosing(self._speeches.events(self.work, self.order)) as events:
            async for event in events:
                if isinstance(event, SpeechOpened):
                    self.opened = event
                    if self.dropped and self._strict:
                        name = self.dropped[0][:64]
                        raise NotTranslatable(f"{self.work.target_id} cannot honour '{name}'.", param=name)
                else:
                    yield event

    async def sound(self) -> AsyncGenerator[bytes, None]:
        """The bytes of the file."""
        async with aclosing(self.events()) as events:
            async for event in events:
                if isinstance(event, SpeechAudio) and event.data:
                    yield event.data


def streamed(
    spoken: Spoken, pieces: AsyncGenerator[bytes, None], limits: Limits, errors: Errors, content_type: str = ""
) -> Response:
    """``pieces`` as they come."""
    kind = content_type or MIMES.get(spoken.order.request.format, "audio/mpeg")

    def marks() -> dict[str, str]:
        return {**spoken.marks(), "content-type": content_type} if content_type else spoken.marks()

    return Streamed(
        spoken.work,
        pieces,
        timing=timing(spoken.work, limits),
        marks=marks,
        content_type=kind,
        errors=errors,
    )


async def kept(request: Request, spoken: Spoken, sounds: Sounds, home: str, errors: Errors) -> Response:
    """``{"audio": link}`` to the stored sound."""

    async def make() -> Response:
        pieces: AsyncIterator[bytes] = spoken.sound()
        file = await sounds.keep(spoken.work.call.principal.owner, spoken.opened.content_type, pieces)
        return Json({"audio": sounds.link(home, file)}, headers=spoken.work.headers(spoken.dropped))

    return await whole(request, spoken.work, make(), errors)
