"""The cheapest way to read an instruction as a sequence of wishes, each word belonging to exactly one of them."""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from openhearth.engines.edit_image.words.kinds import SEPARATORS, Kind, Token
from openhearth.engines.edit_image.words.part import (
    REFUSAL,
    Found,
    Part,
    Refused,
    Rule,
    Rules,
    echoing,
    impersonal,
    whole,
)
from openhearth.engines.edit_image.words.rules_ground import GROUND_RULES
from openhearth.engines.edit_image.words.rules_limits import ECHO_RULES, LIMIT_RULES, avoided
from openhearth.engines.edit_image.words.rules_people import PEOPLE_RULES
from openhearth.engines.edit_image.words.rules_shape import SHAPE_RULES
from openhearth.engines.edit_image.words.rules_tone import TONE_RULES

_WINDOW = 18  # words one wish may have
_SKIP_KNOWN = 400
_SKIP: dict[Kind, int] = {
    **dict.fromkeys(SEPARATORS, 0),
    **dict.fromkeys((Kind.PICTURE, Kind.IT), 5),
    **dict.fromkeys((Kind.UNKNOWN, Kind.CANNOT, Kind.GENDER), 1000),
}
_NOUNS = frozenset({Kind.ITEM, Kind.COLOUR, Kind.PERSON, Kind.SIDE, Kind.PART, Kind.BACKGROUND, Kind.TEXT, Kind.MARK})
_ENDS = frozenset({Kind.STOP, Kind.THEN, Kind.UNKNOWN, Kind.CANNOT, Kind.GENDER})
_JOIN_PRICE = {Kind.AND: 1, Kind.COMMA: 4}
_ENDLESS = 1 << 60


class Wish(msgspec.Struct, frozen=True):
    """A stretch of words read as one wish; ``found`` is None for words that found no place."""

    found: Found | None
    words: tuple[Token, ...]


class _Edge(msgspec.Struct, frozen=True):
    end: int
    price: int
    found: Found | None


_TABLES: tuple[tuple[Rules, Callable[[Sequence[Token]], Part]], ...] = (
    (Rules(PEOPLE_RULES), impersonal),
    (Rules((*GROUND_RULES, *TONE_RULES, *SHAPE_RULES, *LIMIT_RULES)), whole),
    (Rules(ECHO_RULES), echoing),
)


class Reader:
    """Reads one instruction; remembers which rules fit which letters, as they come again and again."""

    def __init__(self, words: Sequence[Token]) -> None:
        self._words = words
        self._said = [at for at, word in enumerate(words) if word.kind is not Kind.FILLER]
        self._fitting: dict[tuple[int, str], tuple[Rule, ...]] = {}

    def read(self) -> list[Wish]:
        """The wishes in order; words without a place are wishes without a meaning."""
        count = len(self._said)
        prices = [0] + [_ENDLESS] * count
        ways: list[tuple[int, Found | None]] = [(0, None)] * (count + 1)
        for start in range(count):
            for edge in self._edges(start):
                price = prices[start] + edge.price
                if price < prices[edge.end]:
                    prices[edge.end] = price
                    ways[edge.end] = (start, edge.found)
        return self._wishes(ways)

    def _token(self, at: int) -> Token:
        return self._words[self._said[at]]

    def _edges(self, start: int) -> Iterator[_Edge]:
        first = self._token(start)
        yield _Edge(start + 1, _SKIP.get(first.kind, _SKIP_KNOWN), None)
        if first.kind in SEPARATORS:
            return
        joins = 0
        for end in range(start + 1, min(len(self._said), start + _WINDOW) + 1):
            last = self._token(end - 1)
            if last.kind in _ENDS:
                return
            joins += _JOIN_PRICE.get(last.kind, 0)
            if last.kind not in SEPARATORS:
                yield from self._meanings(start, end, joins)

    def _meanings(self, start: int, end: int, joins: int) -> Iterator[_Edge]:
        words = self._words[self._said[start] : self._said[end - 1] + 1]
        alone = self._is_border(start - 1) and self._is_border(end)
        for price, found in self._found(words, alone=alone):
            yield _Edge(end, price + joins, found)
        if words[0].kind is Kind.NOT and _can_be_avoided(words[1:]):
            for price, found in self._found(words[1:], alone=alone):
                yield _Edge(end, price + joins, avoided(found))

    def _is_border(self, at: int) -> bool:
        return not 0 <= at < len(self._said) or self._token(at).kind in SEPARATORS

    def _found(self, words: Sequence[Token], *, alone: bool) -> Iterator[tuple[int, Found]]:
        for number, (rules, cut) in enumerate(_TABLES):
            part = cut(words)
            key = (number, part.letters)
            if key not in self._fitting:
                self._fitting[key] = rules.fitting(part.letters) if part.letters else ()
            for rule in self._fitting[key]:
                found = None if rule.stands_alone and not alone else rule.build(part)
                if found is not None:
                    yield (max(rule.price, REFUSAL) if isinstance(found, Refused) else rule.price), found

    def _wishes(self, ways: list[tuple[int, Found | None]]) -> list[Wish]:
        wishes: list[Wish] = []
        end = len(self._said)
        while end > 0:
            start, found = ways[end]
            words = tuple(self._token(at) for at in range(start, end))
            wishes.append(Wish(found, words))
            end = start
        wishes.reverse()
        return wishes


def _can_be_avoided(words: Sequence[Token]) -> bool:
    """Whether "don't" rules these words out as a change ("don't blur"); "no glasses" asks for one. A comma ends it."""
    kinds = {word.kind for word in words if word.kind not in (Kind.FILLER, Kind.AND, Kind.PICTURE, Kind.IT, Kind.ALSO)}
    return bool(kinds - _NOUNS) and Kind.COMMA not in kinds
