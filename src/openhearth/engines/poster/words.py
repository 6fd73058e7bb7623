"""What a prompt says to a typesetter: the text to set, and colours, moods and things it names. Nothing is invented."""

import re
from typing import TypeVar

import msgspec

from openhearth.engines.poster import lexicon
from openhearth.engines.poster.colour import Rgb, rgb_of

_QUOTES = re.compile(r"“([^”]{1,400})”|「([^」]{1,400})」|『([^』]{1,400})』|《([^》]{1,400})》|\"([^\"\n]{1,400})\"")
_MARKED = re.compile(
    r"(?:\b(?:title|headline|text|saying|says|that says|with the words)\b|标题|主题|文字|文案|写着|写上)\s*[:：]?\s*"
    r"['‘]([^'’\n]{1,400})['’]",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[。！？!?；;\n])\s*|(?<=\.)\s+(?=[A-Z])")
_CLAUSE = re.compile(r"[,，、:：—–|]\s*|\s-\s")
_WORD = re.compile(r"[a-zà-ÿ]+")
_LETTERS = re.compile(r"[^\W\d_\u3400-\u9fff]+")
_SPACES = re.compile(r"[ \t\u3000]+")
_ASCII = re.compile(r"[ -~]+")
_ValueT = TypeVar("_ValueT")
_SHORT_LATIN = 64
_SHORT_CHINESE = 22


class Brief(msgspec.Struct, frozen=True):
    """A prompt as understood. ``title`` is set large, ``body`` (may be empty) small. ``avoided`` is not drawn."""

    title: str
    body: str
    colours: tuple[Rgb, ...]
    palettes: tuple[str, ...]
    motifs: tuple[str, ...]
    avoided: frozenset[str]
    styles: tuple[str, ...]
    layouts: tuple[str, ...]
    is_dark: bool | None
    shape: str

    @property
    def is_chinese(self) -> bool:
        return is_chinese(self.title or self.body)


def is_chinese(text: str) -> bool:
    """True when Chinese characters outnumber words in letters."""
    return sum("\u3400" <= letter <= "\u9fff" for letter in text) > len(_LETTERS.findall(text))


def read(prompt: str, *, negative: str = "") -> Brief:
    """The brief of a prompt. What ``negative`` names is not drawn."""
    title, body = _texts(prompt)
    low = prompt.lower()
    named = low
    for word in lexicon.FALSE_FRIENDS:
        named = named.replace(word, " " * len(word))
    avoided = frozenset(_found(negative.lower(), lexicon.MOTIFS))
    palettes = tuple(name for names in _found(named, lexicon.MOODS) for name in names)
    return Brief(
        title=title,
        body=body,
        colours=_colours(named),
        palettes=tuple(dict.fromkeys(palettes)),
        motifs=tuple(motif for motif in dict.fromkeys(_found(named, lexicon.MOTIFS)) if motif not in avoided),
        avoided=avoided,
        styles=tuple(dict.fromkeys(_found(named, lexicon.STYLES))),
        layouts=tuple(dict.fromkeys(_found(low, lexicon.LAYOUTS))),
        is_dark=_darkness(low),
        shape="tall" if _any(low, lexicon.TALL) else "wide" if _any(low, lexicon.WIDE) else "square",
    )


def _darkness(low: str) -> bool | None:
    if _any(low, lexicon.DARK):
        return True
    return False if _any(low, lexicon.LIGHT) else None


def _texts(prompt: str) -> tuple[str, str]:
    """Title and body: what stands in quotes is the text, and else the whole prompt is."""
    prompt = "\n".join(_SPACES.sub(" ", line).strip() for line in prompt.strip().splitlines()).strip()
    quoted = [next(filter(None, match.groups())).strip() for match in _QUOTES.finditer(prompt)]
    quoted = [text for text in quoted or [match[1].strip() for match in _MARKED.finditer(prompt)] if text]
    if quoted:
        return quoted[0], "\n".join(quoted[1:])
    return _split(prompt)


def _split(prompt: str) -> tuple[str, str]:
    """A long prompt is set as its first sentence or clause, and the rest below it."""
    if _is_short(prompt) and "\n" not in prompt:
        return prompt.strip(" ,，、。."), ""
    head = _SENTENCE.split(prompt, maxsplit=1)[0]
    if not _is_short(head):
        head = _CLAUSE.split(head, maxsplit=1)[0]
    if not _is_short(head):
        head = _cut(head)
    rest = prompt[len(head) :].lstrip(" ,，、:：。.;；!！?？—–|-\n")
    return head.strip(" ,，、:：。.;；"), rest.strip()


def _is_short(text: str) -> bool:
    return len(text) <= (_SHORT_CHINESE if is_chinese(text) else _SHORT_LATIN)


def _cut(text: str) -> str:
    if is_chinese(text):
        return text[:_SHORT_CHINESE]
    return text[: _SHORT_LATIN + 1].rpartition(" ")[0] or text[:_SHORT_LATIN]


def _found(text: str, table: dict[str, _ValueT]) -> list[_ValueT]:
    """Values of the table's words in the text, in the order of the text; a longer word hides what it holds.

    English is matched by whole words, plurals too.
    """
    words = {match[0]: match.start() for match in reversed(list(_WORD.finditer(text)))}
    places: list[tuple[int, _ValueT]] = []
    for word in sorted(table, key=len, reverse=True):
        if word == "café" or (_ASCII.fullmatch(word) and " " not in word):
            at = next((words[form] for form in (word, f"{word}s", f"{word}es") if form in words), -1)
        else:
            at = text.find(word)
            text = text.replace(word, " " * len(word))
        if at >= 0:
            places.append((at, table[word]))
    return [value for _, value in sorted(places, key=lambda place: place[0])]


def _colours(low: str) -> tuple[Rgb, ...]:
    """Named colours in their order. Most Chinese ones count only with 色 or 调 after them."""
    words = {match[0]: match.start() for match in reversed(list(_WORD.finditer(low)))}
    places: list[tuple[int, str]] = []
    for word in sorted(lexicon.COLOURS, key=len, reverse=True):
        if _ASCII.fullmatch(word):
            at = words.get(word, -1)
        else:
            found = re.search(f"{word}[色调]" if word in lexicon.COMMON_IN_WORDS else word, low)
            at = found.start() if found else -1
            low = low.replace(word, " " * len(word)) if found else low
        if at >= 0:
            places.append((at, lexicon.COLOURS[word]))
    return tuple(rgb_of(value) for value in dict.fromkeys(value for _, value in sorted(places)))[:4]


def _any(text: str, words: tuple[str, ...]) -> bool:
    return any(word in text for word in words)
