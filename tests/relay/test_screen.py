"""The port itself: batches, long texts, pictures one at a time, names of categories; and picture work through it."""

import base64
from collections.abc import Sequence
from typing import Any

import pytest
from typing_extensions import override

from openhearth.core.call import Outcome, Principal
from openhearth.core.errors import RequestError
from openhearth.core.media import ImageEvent, ImageProgress, ImageRequest, MadePicture, Picture
from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect
from openhearth.relay.gate import Gate
from openhearth.relay.pictures import Pictures
from openhearth.relay.screen import MOST_CHARS, Screen, Seen, checks_input, checks_output, requests_of
from openhearth.routing.catalog import Catalog
from openhearth.routing.health import Health
from openhearth.routing.plan import Router
from tests.fakes.access import Keys, Limits
from tests.fakes.media import Editor, png
from tests.fakes.picture_app import Calls, target


def _flat(texts: list[str], pictures: list[Picture] | None = None) -> list[Any]:
    return list(requests_of(texts, pictures or []))


def test_texts_go_in_batches_and_blanks_not_at_all() -> None:
    assert _flat([]) == []
    assert _flat(["", "  "]) == []
    assert _flat(["a", "", "b"]) == [["a", "b"]]
    assert [len(batch) for batch in _flat(["a"] * 70)] == [32, 32, 6]
    assert [len(batch) for batch in _flat(["a" * 30_000] * 3)] == [1, 1, 1]


def test_a_long_text_is_cut_with_overlap_and_nothing_is_lost() -> None:
    text = "".join(chr(0x4E00 + number % 20_000) for number in range(2 * MOST_CHARS + 10))
    pieces = [piece for batch in _flat([text]) for piece in batch]
    assert len(pieces) == 3
    assert max(map(len, pieces)) <= MOST_CHARS
    for at in range(0, len(text) - 100, 99):
        assert any(text[at : at + 100] in piece for piece in pieces)


def test_each_picture_goes_alone() -> None:
    sent = _flat(["a"], [Picture(png(), "image/png", "data"), Picture(b"x", "image/gif", "data")])
    assert sent[0] == ["a"]
    uris = [one[0]["image_url"]["url"] for one in sent[1:]]
    assert uris == [f"data:image/png;base64,{base64.b64encode(png()).decode()}", "data:image/gif;base64,eA=="]


@pytest.mark.parametrize(
    ("screens", "before", "after"),
    [("", False, False), ("input", True, False), ("output", False, True), ("both", True, True)],
)
def test_what_a_key_wants(screens: str, before: bool, after: bool) -> None:
    principal = Principal("key_1", "owner_1", "test", screens=screens)
    assert (checks_input(principal), checks_output(principal)) == (before, after)


class Strict(Screen):
    """Flags texts with "vile" and pictures of the bytes ``bad``; remembers all it was asked."""

    def __init__(self, bad: bytes = b"") -> None:
        self.bad = bad
        self.asked: list[tuple[list[str], list[bytes]]] = []

    @override
    async def check(self, principal: Principal, texts: Sequence[str], pictures: Sequence[Seen] = ()) -> None:
        self.asked.append((list(texts), [picture.data for picture in pictures]))
        if any("vile" in text for text in texts) or self.bad in [picture.data for picture in pictures]:
            raise RequestError("Flagged.", code="content_flagged")


class Drawing:
    """Picture work for a moderated key."""

    def __init__(self, screen: Screen, screens: str) -> None:
        self.editor = Editor()
        self.calls = Calls()
        router = Router(Catalog([target()]), Health(15.0))
        gate = Gate(Keys(), Limits())
        self.pictures = Pictures(gate, router, {Dialect.LOCAL_EDIT: self.editor}, self.calls, screen=screen)
        self.principal = Principal("key_1", "owner_1", "me", screens=screens)

    async def draw(self, prompt: str, *, source: bytes = b"source") -> list[ImageEvent]:
        asked = ImageRequest(
            Operation.IMAGE_EDIT,
            "seededit",
            prompt,
            (Picture(source, "image/png", "data"),),
            n=2,
            negative_prompt="blue",
        )
        work = await self.pictures.open(self.principal, Operation.IMAGE_EDIT, "seededit", n=2, stream=False)
        with work:
            return [event async for event in work.events(asked)]


async def test_prompt_and_pictures_are_checked_before_anybody_is_asked() -> None:
    for prompt, source in (("vile", b"source"), ("red", b"bad")):
        drawing = Drawing(Strict(b"bad"), "input")
        with pytest.raises(RequestError, match="Flagged"):
            await drawing.draw(prompt, source=source)
        assert drawing.editor.requests == []
        assert [call.outcome for call in drawing.calls.all] == [Outcome.REJECTED]


async def test_results_and_partial_pictures_are_checked_before_they_are_shown() -> None:
    screen = Strict(png(4, 3, 2))
    drawing = Drawing(screen, "output")
    drawing.editor.partial = True
    seen: list[ImageEvent] = []

    async def watch() -> None:
        work = await drawing.pictures.open(drawing.principal, Operation.IMAGE_EDIT, "seededit", n=2, stream=False)
        with work:
            async for event in work.events(ImageRequest(Operation.IMAGE_EDIT, "seededit", "vile", n=2)):
                seen.append(event)  # noqa: PERF401 (what came before the error counts)

    with pytest.raises(RequestError):
        await watch()
    assert [type(event) for event in seen] == [ImageProgress, ImageProgress, MadePicture]
    assert [pictures for _, pictures in screen.asked] == [[png(2, 2)], [png(2, 2)], [png(4, 3, 1)], [png(4, 3, 2)]]


async def test_both_and_neither() -> None:
    free, both = Strict(), Strict()
    assert len(await Drawing(free, "").draw("vile")) == len(await Drawing(both, "both").draw("red"))
    assert free.asked == []
    assert both.asked[0] == (["red", "blue"], [b"source"])
    assert len(both.asked) == 3
