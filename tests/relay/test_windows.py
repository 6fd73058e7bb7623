"""Streams let go in windows: what is held, what is checked together, and what happens at the end."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

from openhearth.config import Moderation
from openhearth.core.errors import GatewayError, RequestError, UpstreamDown
from openhearth.relay.windows import Context, Piece, in_windows


class Checker:
    """Flags "vile"."""

    def __init__(self) -> None:
        self.seen: list[list[str]] = []
        self.taken = 0

    async def check(self, texts: Sequence[str]) -> None:
        self.seen.append(list(texts))
        if any("vile" in text for text in texts):
            raise RequestError("Flagged.", code="content_flagged")

    def took(self) -> None:
        self.taken += 1

    def let(self, pieces: AsyncGenerator[Piece, None], **windows: float) -> AsyncGenerator[bytes, None]:
        return in_windows(pieces, self.check, Moderation(**windows), taken=self.took)  # type: ignore[arg-type]


async def _saying(*texts: str, error: Exception | None = None, pause_s: float = 0.0) -> AsyncGenerator[Piece, None]:
    for text in texts:
        yield Piece(text.encode() or b":", (("a", text),) if text else ())
        await asyncio.sleep(pause_s)
    if error is not None:
        raise error


async def _all(stream: AsyncGenerator[bytes, None]) -> list[bytes]:
    return [data async for data in stream]


async def _until_error(stream: AsyncGenerator[bytes, None]) -> tuple[list[bytes], GatewayError | None]:
    told: list[bytes] = []
    try:
        async for data in stream:
            told.append(data)  # noqa: PERF401 (what came before the error counts)
    except GatewayError as error:
        return told, error
    return told, None


async def test_windows_are_checked_with_what_came_before_them() -> None:
    checker = Checker()
    assert await _all(checker.let(_saying("aa", "bb", "cc"), window_chars=4)) == [b"aa", b"bb", b"cc"]
    assert checker.seen == [["aabb"], ["aabbcc"]]
    assert checker.taken == 3


async def test_what_is_cut_between_windows_is_still_seen() -> None:
    checker = Checker()
    told, error = await _until_error(checker.let(_saying("fine", " vi", "le", "more"), window_chars=1))
    assert told == [b"fine", b" vi"]
    assert isinstance(error, RequestError)


async def test_slow_text_and_pieces_without_text_wait_for_nobody_else() -> None:
    checker = Checker()
    stream = checker.let(_saying("", "slow", "er", pause_s=0.05), window_chars=1000, window_s=0.01)
    async with asyncio.timeout(5):
        assert await _all(stream) == [b":", b"slow", b"er"]
    assert checker.seen == [["slow"], ["slower"]]


async def test_an_error_comes_after_what_was_said_before_it() -> None:
    checker = Checker()
    told, error = await _until_error(checker.let(_saying("fine", error=UpstreamDown("cut"))))
    assert (told, checker.seen) == ([b"fine"], [["fine"]])
    assert isinstance(error, UpstreamDown)


async def test_closing_it_closes_the_source() -> None:
    closed = asyncio.Event()

    async def endless() -> AsyncGenerator[Piece, None]:
        try:
            while True:
                yield Piece(b"x", (("a", "x"),))
        finally:
            closed.set()

    stream = Checker().let(endless(), window_chars=1)
    assert await anext(stream) == b"x"
    await stream.aclose()
    async with asyncio.timeout(5):
        await closed.wait()


def test_texts_of_several_grow_apart() -> None:
    context = Context()
    assert context.joined([("a", "one "), ("b", "two ")]) == ["one ", "two "]
    assert context.joined([("b", "more")]) == ["two more"]
    assert context.joined([]) == []
    assert context.joined([("a", "x" * 300)]) == ["one " + "x" * 300]
    assert context.joined([("a", "y")]) == ["x" * 200 + "y"]
