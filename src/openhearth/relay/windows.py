"""A stream that is let go in windows, each once it has been checked together with a little of what came before it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence

import msgspec

from openhearth.config import Moderation

_CONTEXT_CHARS = 200
_MOST_WAITING = 64


class Piece(msgspec.Struct, frozen=True):
    """A part of a stream, and the texts in it by whose they are."""

    data: bytes
    texts: tuple[tuple[str, str], ...] = ()

    @property
    def chars(self) -> int:
        return sum(len(text) for _, text in self.texts)


class Context:
    """What was said last: what is cut between two windows is seen whole."""

    def __init__(self) -> None:
        self._before: dict[str, str] = {}

    def joined(self, texts: Iterable[tuple[str, str]]) -> list[str]:
        """What must be checked now: every text that has grown, behind the end of what it was."""
        grown = dict(self._before)
        for whose, text in texts:
            grown[whose] = grown.get(whose, "") + text
        new = [text for whose, text in grown.items() if text != self._before.get(whose)]
        self._before = {whose: text[-_CONTEXT_CHARS:] for whose, text in grown.items()}
        return new


class _End(msgspec.Struct, frozen=True):
    """After the last piece; ``error`` is what cut the stream."""

    error: Exception | None = None


_Queue = asyncio.Queue[Piece | _End]


async def in_windows(
    pieces: AsyncGenerator[Piece, None],
    check: Callable[[Sequence[str]], Awaitable[None]],
    windows: Moderation,
    *,
    taken: Callable[[], None],
) -> AsyncGenerator[bytes, None]:
    """The pieces' data in windows that ``check`` let pass. ``taken`` is told of every piece before it waits here.

    Raises what ``check`` raises, and what ``pieces`` raise, once what came before it has been checked and let go.
    """
    queue: _Queue = asyncio.Queue(_MOST_WAITING)
    pump = asyncio.create_task(_pump(pieces, queue, taken))
    context = Context()
    try:
        end: _End | None = None
        while end is None:
            held, end = await _window(queue, windows)
            if new := context.joined(text for piece in held for text in piece.texts):
                await check(new)
            for piece in held:
                yield piece.data
        if end.error is not None:
            raise end.error
    finally:
        pump.cancel()
        await asyncio.wait({pump})
        await pieces.aclose()


async def _pump(pieces: AsyncGenerator[Piece, None], queue: _Queue, taken: Callable[[], None]) -> None:
    try:
        async for piece in pieces:
            taken()
            await queue.put(piece)
    except Exception as error:  # handed on to whoever reads the windows
        await queue.put(_End(error))
    else:
        await queue.put(_End())


async def _window(queue: _Queue, windows: Moderation) -> tuple[list[Piece], _End | None]:
    """Pieces until there is enough to check, nothing to check, the end, or long enough."""
    held: list[Piece] = []
    chars = 0
    end_s: float | None = None
    while chars < windows.window_chars:
        try:
            async with asyncio.timeout_at(end_s):
                piece = await queue.get()
        except TimeoutError:
            break
        if isinstance(piece, _End):
            return held, piece
        held.append(piece)
        chars += piece.chars
        if not chars:
            break
        end_s = end_s or asyncio.get_running_loop().time() + windows.window_s
    return held, None
