"""One request spoken: line by line rendered and encoded in a thread, stopped at once when nobody listens any more."""

import asyncio
from collections.abc import AsyncGenerator, Iterator

import msgspec

from openhearth.core.errors import RequestError
from openhearth.core.speech import Alignment, input_tokens
from openhearth.engines.line import Ticket
from openhearth.engines.speak import timing
from openhearth.engines.speak.encoding import Coding, Encoder
from openhearth.engines.speak.loading import Speech
from openhearth.engines.speak.models import Rendered, Run, Stopped
from openhearth.engines.speak.requests import SpeakRequest
from openhearth.engines.speak.script import Line
from openhearth.engines.speak.vocoder import RATE

_TOKENS_PER_S = 20
_MODEL_SLOWEST, _MODEL_FASTEST = 0.5, 2.0


class Piece(msgspec.Struct, frozen=True):
    """Bytes of the file, and what is said in them."""

    data: bytes
    written: Alignment | None = None
    spoken: Alignment | None = None


class Spoken(msgspec.Struct, frozen=True):
    """What the whole took. Output tokens are twentieths of a second, as OpenAI counts sound."""

    input_tokens: int
    output_tokens: int


async def speak(request: SpeakRequest, speech: Speech, ticket: Ticket) -> AsyncGenerator[Piece | Spoken, None]:
    """Pieces in order, ``Spoken`` last. Closing it stops the rendering; the ticket's place is free once it has."""
    telling = _Telling(request, speech)
    while True:
        told = await _in_thread(telling, ticket)
        yield told
        if isinstance(told, Spoken):
            return


async def _in_thread(telling: "_Telling", ticket: Ticket) -> Piece | Spoken:
    """The next piece. A thread cannot be cancelled: the rendering is told to stop and keeps its place until it has."""
    ticket.hold()
    working = asyncio.get_running_loop().run_in_executor(None, telling.next)
    working.add_done_callback(lambda _: ticket.release())
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        telling.stop()
        working.add_done_callback(_seen)
        raise


def _seen(working: "asyncio.Future[Piece | Spoken]") -> None:
    if not working.cancelled():
        working.exception()


class _Telling:
    """The state of one request between its lines."""

    def __init__(self, request: SpeakRequest, speech: Speech) -> None:
        speed = min(max(request.speed, _MODEL_SLOWEST), _MODEL_FASTEST)
        self._request = request
        self._speech = speech
        self._speed = speed
        self._tempo = request.speed / speed
        coding = Coding(request.format, request.rate, request.bit_rate, self._tempo, 10 ** (request.volume_db / 20))
        self._encoder = Encoder(coding)
        self._lines: Iterator[Line] = speech.scribe(request.voice.language).lines(request.text, request.language)
        self._run = Run()
        self._said_s = 0.0
        self._told = 0  # characters of the text whose times have been given
        self._is_closed = False
        self._is_stopped = False

    def stop(self) -> None:
        """No further line, and an early end for the one under way."""
        self._is_stopped = True
        self._run.stop()

    def next(self) -> Piece | Spoken:
        """The next line as a piece; the file's end as one more; then what it took.

        Raises Stopped, and RequestError when there is no line at all.
        """
        if self._is_stopped:
            raise Stopped
        line = next(self._lines, None)
        if line is not None:
            return self._piece(line)
        if not self._said_s:
            raise RequestError("The input holds nothing that can be spoken.", param="input", code="empty_input")
        if not self._is_closed:
            self._is_closed = True
            return Piece(self._encoder.close(), *self._rest())
        return Spoken(input_tokens(self._request.text), max(1, round(self._said_s * _TOKENS_PER_S)))

    def _piece(self, line: Line) -> Piece:
        voice = self._request.voice.id
        rendered = self._speech.acoustic.render(line.phonemes, voice, self._speed, self._run)
        at_s = self._said_s
        self._said_s += len(rendered.samples) / RATE / self._tempo
        written, spoken = self._times(line, rendered, at_s) if self._request.timestamps else (None, None)
        return Piece(self._encoder.write(rendered.samples), written, spoken)

    def _times(self, line: Line, rendered: Rendered, at_s: float) -> tuple[Alignment, Alignment]:
        """Those of the line, after those of what stands before it in the text: all pieces together have every character
        once."""
        begins = timing.between(self._request.text[self._told : line.start], at_s)
        written = timing.written(line, rendered, at_s=at_s, tempo=self._tempo)
        spoken = timing.spoken(line, rendered, at_s=at_s, tempo=self._tempo)
        again = max(0, self._told - line.start)
        space = timing.between(" " if any(one.isspace() for one in begins.characters) else "", at_s)
        self._told = max(self._told, line.start + len(line.written))
        return timing.joined(begins, written, skip=again), timing.joined(space, spoken)

    def _rest(self) -> tuple[Alignment | None, Alignment | None]:
        """What stands after the last line, an emoji say."""
        text = self._request.text[self._told :]
        if not (self._request.timestamps and text):
            return None, None
        return timing.between(text, self._said_s), timing.between("", self._said_s)
