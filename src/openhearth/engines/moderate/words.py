"""The word lists at work: which turns of phrase a text holds, and what they say about each category.

The form of the lists is told at the head of ``data/words_en.toml``.
"""

import re
import tomllib
from importlib import resources

import msgspec

from openhearth.engines.moderate.categories import Scores, either
from openhearth.engines.moderate.normal import END, Normaliser

_NAME = re.compile(r"<([^<>!=()]+)>")
_HOLE = "\x00"
_ENGLISH_GAP = r"(?: (?!not |never |(?:do|wo|ca)nt )\w+){0,3}"
_CHINESE_GAP = rf"[^{END},，不没别]{{0,5}}"
_MOST_DEPTH = 4


class _Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    weights: dict[str, float]
    patterns: tuple[str, ...] = ()
    together: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()


class _Allow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    patterns: tuple[str, ...] = ()


class _List(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rule: tuple[_Rule, ...]
    slots: dict[str, tuple[str, ...]] = {}
    allow: _Allow = _Allow()
    masked: tuple[str, ...] = ()
    initials: dict[str, float] = {}
    initials_category: str = ""


class _Compiled(msgspec.Struct, frozen=True):
    """``every`` must all be found in one sentence, ``never`` not."""

    weights: dict[str, float]
    every: tuple["re.Pattern[str]", ...]
    never: "re.Pattern[str] | None"

    def holds(self, sentence: str) -> bool:
        return all(one.search(sentence) for one in self.every) and not (self.never and self.never.search(sentence))


class Words:
    """Both lists, compiled once."""

    def __init__(self) -> None:
        english, chinese = _load("words_en.toml"), _load("words_zh.toml")
        self._normal = Normaliser(english.masked)
        self._english = _Language(english, is_chinese=False)
        self._chinese = _Language(chinese, is_chinese=True)
        self._initials = chinese.initials
        self._initials_category = chinese.initials_category

    def scores(self, text: str) -> Scores:
        """What the lists say about ``text``, 0 … 1 per category; absent is 0."""
        normal = self._normal(text)
        found: dict[str, list[float]] = {}
        for weights in (*self._english.hits(normal.words), *self._chinese.hits(normal.chinese)):
            for category, weight in weights.items():
                found.setdefault(category, []).append(weight)
        known = self._initials.keys() & set(normal.words.split())
        for initials in known:
            found.setdefault(self._initials_category, []).append(self._initials[initials])
        return {category: either(*weights) for category, weights in found.items()}


class _Language:
    def __init__(self, words: _List, *, is_chinese: bool) -> None:
        self._words = words
        self._is_chinese = is_chinese
        self._allow = self._one_of(words.allow.patterns)
        self._rules = [self._compiled(rule) for rule in words.rule]

    def hits(self, text: str) -> list[dict[str, float]]:
        """The weights of every rule that holds in some sentence."""
        if self._allow is not None:
            text = self._allow.sub(lambda match: _HOLE.join(" " for _ in range(2)), text)
        sentences = [f" {sentence.strip()} " for sentence in text.split(END) if sentence.strip()]
        return [rule.weights for rule in self._rules if any(rule.holds(sentence) for sentence in sentences)]

    def _compiled(self, rule: _Rule) -> _Compiled:
        every = [self._one_of(rule.patterns)] if rule.patterns else []
        every += [self._one_of((pattern,)) for pattern in rule.together]
        return _Compiled(rule.weights, tuple(one for one in every if one), self._one_of(rule.unless))

    def _one_of(self, patterns: tuple[str, ...]) -> "re.Pattern[str] | None":
        if not patterns:
            return None
        form = "|".join(self._form(pattern) for pattern in patterns)
        return re.compile(form if self._is_chinese else rf"(?<= )(?:{form})(?= )")

    def _form(self, pattern: str) -> str:
        for _ in range(_MOST_DEPTH):
            pattern = _NAME.sub(self._slot, pattern)
        if self._is_chinese:
            return pattern.replace("~", _CHINESE_GAP)
        return pattern.replace(" ~ ", f"{_HOLE} ").replace("*", r"\w*").replace(_HOLE, _ENGLISH_GAP)

    def _slot(self, match: re.Match[str]) -> str:
        return f"(?:{'|'.join(self._words.slots[match[1]])})"


def _load(name: str) -> _List:
    text = (resources.files("openhearth.engines.moderate") / "data" / name).read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), _List)
