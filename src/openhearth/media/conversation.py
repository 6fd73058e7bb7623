"""What the last turn of a chat asks for, found by replaying the history the client sends: no state is kept here.

Pictures stand on a stack. A user's picture is pushed, an answer's picture is pushed, "undo" pops; a turn without a
picture works on the top. So it is the same for clients that keep everything and for clients that keep nothing.
"""

from collections.abc import Iterable, Sequence

import msgspec

from openhearth.core.errors import RequestError
from openhearth.media.directives import directive
from openhearth.media.gallery import TO_THE_FIRST
from openhearth.media.links import identity, parse
from openhearth.media.mentions import ID, find_pictures, shown_pictures


class Turn(msgspec.Struct, frozen=True):
    """One message. ``pictures`` are those given beside the text (parts, or the ``images`` list of an answer)."""

    role: str
    text: str
    pictures: tuple[str, ...] = ()


class Ask(msgspec.Struct, frozen=True):
    """What is to be done.

    ``sources`` are the pictures to work on, the first is the one to change; empty when the chat holds none.
    ``instruction`` is empty when a picture is only to be shown again (undo, pick, original: ``show``) or when nothing
    was said. ``back`` counts how many steps before ``sources[0]`` are meant, ``TO_THE_FIRST`` all of them: its lineage
    knows what the history does not.
    """

    instruction: str
    sources: tuple[str, ...] = ()
    show: bool = False
    back: int = 0


def read(turns: Sequence[Turn]) -> Ask:
    """The last user turn in the light of those before it.

    Raises RequestError when there is no user turn, nothing to undo or no such picture to pick.
    """
    last = max((at for at, turn in enumerate(turns) if turn.role == "user"), default=-1)
    if last < 0:
        raise RequestError("The messages hold no turn of the user.", param="messages", code="missing_user_message")
    chain = _Chain()
    for turn in turns[:last]:
        if turn.role == "user":
            chain.asked(turn)
        elif turn.role == "assistant":
            chain.answered(turn)
    return chain.ask(turns[last])


class _Chain:
    """The stack of pictures while the history is replayed."""

    def __init__(self) -> None:
        self._states: list[tuple[str, ...]] = []
        self._original: tuple[str, ...] = ()
        self._results: list[str] = []
        self._group: tuple[str, ...] = ()
        self._shows = False

    def asked(self, turn: Turn) -> None:
        """A user turn that was answered already, or never was."""
        try:
            self._shows = self.ask(turn).show
        except RequestError:
            self._shows = False

    def answered(self, turn: Turn) -> None:
        """Pictures of an answer; one that only showed a picture again adds no step."""
        shown = _distinct((*shown_pictures(turn.text), *turn.pictures))
        if not shown:
            return
        known = {identity(source) for source in self._results}
        if self._shows and self._states:
            self._states[-1] = (shown[-1],)
        elif not self._states or identity(self._states[-1][0]) != identity(shown[-1]):
            self._states.append((shown[-1],))
        if not self._shows:
            self._results.extend(source for source in shown if identity(source) not in known)
        self._group = shown if len(shown) > 1 else ()
        self._shows = False

    def ask(self, turn: Turn) -> Ask:
        """Apply a user turn and say what it wants."""
        found = find_pictures(turn.text, has_others=bool(turn.pictures))
        given = _distinct((*turn.pictures, *found.sources))
        if given:
            self._states.append(given)
            self._original = given
            self._group = given if len(given) > 1 else ()
        wish = directive(found.text)
        if wish is None:
            return Ask(found.text, self._states[-1] if self._states else ())
        if wish.original:
            return self._back_to_original(wish.rest)
        return self._undo(wish.undo, wish.rest) if wish.undo else self._pick(wish.pick, wish.rest)

    def _back_to_original(self, rest: str) -> Ask:
        """The picture as the user gave it. A history that was cut off before it leads there by its lineage."""
        if not self._states:
            raise RequestError(
                "There is no picture in this conversation to go back to.", param="messages", code="nothing_to_undo"
            )
        source = self._states[-1][0]
        if not self._original and (parse(source) or ID.fullmatch(source)):
            return Ask(rest, (source,), show=not rest, back=TO_THE_FIRST)
        original = self._original or self._states[0]
        if identity(source) != identity(original[0]):
            self._states.append(original)
        return Ask(rest, original, show=not rest)

    def _undo(self, wanted: int, rest: str) -> Ask:
        if not self._states:
            raise RequestError(
                "There is no picture in this conversation to go back from.", param="messages", code="nothing_to_undo"
            )
        steps = min(wanted, len(self._states) - 1)
        del self._states[len(self._states) - steps :]
        back = wanted - steps
        source = self._states[-1][0]
        if back and not (parse(source) or ID.fullmatch(source)):
            raise RequestError(
                "This is the first picture already: there is no step to undo.", param="messages", code="nothing_to_undo"
            )
        return Ask(rest, self._states[-1], show=not rest, back=back)

    def _pick(self, number: int, rest: str) -> Ask:
        choice = self._group or tuple(self._results) or (self._states[-1] if self._states else ())
        at = number - 1 if number > 0 else len(choice) + number
        if not 0 <= at < len(choice):
            raise RequestError(
                f"There is no picture number {number} to choose: this conversation shows {len(choice)}.",
                param="messages",
                code="no_such_picture",
            )
        top = self._states[-1]
        if len(top) > 1 or identity(top[0]) != identity(choice[at]):
            self._states.append((choice[at],))
        return Ask(rest, self._states[-1], show=not rest)


def _distinct(sources: Iterable[str]) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for source in sources:
        found.setdefault(identity(source), source)
    return tuple(found.values())
