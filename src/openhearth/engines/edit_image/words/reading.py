"""The cheapest way to read an instruction as a sequence of wishes, each word belonging to exactly one of them."""

import msgspec

from openhearth.engines.edit_image.words.kinds import SEPARATORS, Kind, Token
from openhearth.engines.edit_image.words.part import Found, Part, Rule, Rules
from openhearth.engines.edit_image.words.rules_ground import GROUND_RULES
from openhearth.engines.edit_image.words.rules_limits import ECHO_RULES, LIMIT_RULES, avoided
from openhearth.engines.edit_image.words.rules_people import PEOPLE_RULES
from openhearth.engines.edit_image.words.rules_shape import SHAPE_RULES
from openhearth.engines.edit_image.words.rules_tone import TONE_RULES

_WINDOW = 18  # words one wish may have
_SKIP_KNOWN = 400
_SKIP_UNKNOWN = 1000
_JOIN_PRICE = {Kind.AND: 1, Kind.COMMA: 4}
_ENDLESS = 1 << 60


class Wish(msgspec.Struct, frozen=True):
    """A stretch of words read as one wish; ``found`` is None for words that found no place."""

    found: Found | None
    words: tuple[Token, ...]
    joined_by: str = ""  # the separators before it


class _Edge(msgspec.Struct, frozen=True):
    end: int
    price: int
    found: Found | None


class Grammar(msgspec.Struct, frozen=True):
    """All rules, by what they look at."""

    people: Rules = Rules(PEOPLE_RULES)
    picture: Rules = Rules((*GROUND_RULES, *TONE_RULES, *SHAPE_RULES, *LIMIT_RULES))
    echo: Rules = Rules(ECHO_RULES)


class Reader:
    """Reads one instruction; remembers which rules fit which letters, as they come again and again."""

    def __init__(self, words: list[Token]) -> None:
        self._words = words
        self._said = [at for at, word in enumerate(words) if word.kind is not Kind.FILLER]
        self._grammar = Grammar()
        self._fitting: dict[tuple[str, str], tuple[Rule, ...]] = {}

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

    def _edges(self, start: int) -> list[_Edge]:
        first = self._token(start)
        if first.kind in SEPARATORS:
            return [_Edge(start + 1, 0, None)]
        skip = _SKIP_UNKNOWN if first.kind in (Kind.UNKNOWN, Kind.CANNOT, Kind.GENDER) else _SKIP_KNOWN
        passed_over = first.kind in (Kind.PICTURE, Kind.IT)
        edges = [_Edge(start + 1, 5 if passed_over else skip, None)]
        joins = 0
        for end in range(start + 1, min(len(self._said), start + _WINDOW) + 1):
            last = self._token(end - 1)
            if last.kind in (Kind.STOP, Kind.THEN, Kind.UNKNOWN, Kind.CANNOT, Kind.GENDER):
                break
            joins += _JOIN_PRICE.get(last.kind, 0)
            if last.kind not in SEPARATORS:
                edges.extend(self._meanings(start, end, joins))
        return edges

    def _meanings(self, start: int, end: int, joins: int) -> list[_Edge]:
        words = self._words[self._said[start] : self._said[end - 1] + 1]
        if words[0].kind is Kind.NOT and len(words) > 1:
            inner = [word for word in words[1:] if word.kind is not Kind.FILLER]
            ruled_out = [_Edge(end, price + joins, avoided(found)) for price, found in self._found(words[1:])] if inner else []
        else:
            ruled_out = []
        plain = [_Edge(end, price + joins, found) for price, found in self._found(words)]
        return [*plain, *(edge for edge in ruled_out if edge.found is not None)]

    def _found(self, words: list[Token]) -> list[tuple[int, Found]]:
        part = Part([word for word in words])
        everything = Part(words)
        everything.letters = "".join(word.kind.value for word in words if word.kind not in (Kind.FILLER, Kind.PICTURE, Kind.IT))
        results: list[tuple[int, Found]] = []
        return results


def _unused() -> None:
    return None
