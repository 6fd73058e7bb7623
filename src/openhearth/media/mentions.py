"""Finding pictures that people and answers mention in text: bare URLs glued to Chinese words, markdown, HTML, our ids.

Every pattern runs in linear time (possessive, or bounded and unable to overlap), because a text may be megabytes.
"""

import re
from itertools import islice
from urllib.parse import quote

import msgspec

ID = re.compile(r"(?<![A-Za-z0-9_/-])(?:img|file)_[a-z0-9]{16,40}(?![A-Za-z0-9_])")
_MARKDOWN = re.compile(
    r"!\[[^\]\[]{0,300}\]\(\s?<?((?:https?://|data:image/|/media/|img_|file_)[^\s)>]++)>?(?:\s[^()\n]{0,300})?\)"
)
_HTML = re.compile(r"<img\b[^<>]{0,300}?\ssrc=[\"']([^\"'<>]++)[\"'][^<>]{0,300}>", re.IGNORECASE)
_RUN = re.compile(
    r"(?:https?://|data:image/)[^\s<>\"'`“”‘’「」『』《》〈〉【】（），。、；：！？|\\^{}]+", re.IGNORECASE
)
_DATA = re.compile(r"data:image/[\w.+-]+(?:;[\w=.-]+)*,[A-Za-z0-9+/=_%-]+", re.IGNORECASE)
_ENDING = re.compile(r"\.(?:png|jpe?g|webp|gif|bmp|tiff?|avif|heic|svg)(?:[?#][!-~]*)?(?![A-Za-z0-9])", re.IGNORECASE)
_WORD_AFTER_COMMA = re.compile(r"(\.(?:png|jpe?g|webp|gif|bmp|tiff?|avif|heic))[,;][A-Za-z]*$", re.IGNORECASE)
_FENCE = re.compile(r"^(```+|~~~+)[^\n]*\n.*?(?:^\1[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_MOST = 100
_LONGEST_URL = 8192
_QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "「": "」", "『": "』", "《": "》", "`": "`"}
_SAFE = "%/:=&?~#+!$,;'@()*[]"
_LEFT_OVER = re.compile(r"<\s*>|\(\s*\)|\[\s*\]")
_BLANKS = re.compile(r"[ \t\u3000]{2,}")
_EDGE = " \t\r\n\u3000,，、;；:："


class Mentions(msgspec.Struct, frozen=True):
    """What a text says without its pictures, and the pictures in the order they stand."""

    text: str
    sources: tuple[str, ...]


def find_pictures(text: str, *, has_others: bool = False) -> Mentions:
    """Take all pictures out of a user's text.

    A URL inside quotation marks is words to write, not a picture, as soon as there is another picture:
    ``has_others`` says that some came beside the text.
    """
    found: list[tuple[int, int, str, bool]] = []
    for pattern in (_MARKDOWN, _HTML):
        found.extend((match.start(), match.end(), match[1], False) for match in islice(pattern.finditer(text), _MOST))
    taken = [(start, end) for start, end, _, _ in found]
    for match in islice(_RUN.finditer(text), _MOST):
        url = _cut(match[0])
        if url and not _inside(match.start(), taken):
            end = match.start() + len(url)
            found.append((match.start(), end, url, _quoted(text, match.start(), end)))
            taken.append((match.start(), match.end()))
    found.extend(
        (m.start(), m.end(), m[0], False) for m in islice(ID.finditer(text), _MOST) if not _inside(m.start(), taken)
    )
    found.sort()
    if has_others or not all(quoted for *_, quoted in found):
        found = [one for one in found if not one[3]]
    return Mentions(_without(text, found), tuple(_address(source) for _, _, source, _ in found))


def shown_pictures(text: str) -> tuple[str, ...]:
    """The markdown and HTML pictures an answer shows, in order; code fences (our echo of the request) are no answer."""
    plain = _FENCE.sub("", text)
    found = [
        (match.start(), match[1]) for pattern in (_MARKDOWN, _HTML) for match in islice(pattern.finditer(plain), _MOST)
    ]
    return tuple(_address(source) for _, source in sorted(found))


def _cut(run: str) -> str:
    """Where a URL really ends: Chinese text often follows it without any space. Empty when it is none."""
    if run[:5].lower() == "data:":
        match = _DATA.match(run)
        return match[0] if match else ""
    if len(run) > _LONGEST_URL:
        return ""
    foreign = next((at for at, letter in enumerate(run) if ord(letter) > 126), len(run))
    if foreign < len(run):
        ending = None if _ENDING.search(run, 0, foreign) else _ENDING.search(run, foreign)
        run = run[: ending.end() if ending else foreign]
    run = _WORD_AFTER_COMMA.sub(r"\1", run).rstrip(",.;:!?*")
    while run[-1:] in (")", "]") and run.count(run[-1]) > run.count("(" if run[-1] == ")" else "["):
        run = run[:-1].rstrip(",.;:!?*")
    return run


def _address(source: str) -> str:
    return source if source.isascii() else quote(source, safe=_SAFE)


def _quoted(text: str, start: int, end: int) -> bool:
    return start > 0 and _QUOTES.get(text[start - 1]) == text[end : end + 1] != ""


def _inside(at: int, spans: list[tuple[int, int]]) -> bool:
    return any(start <= at < end for start, end in spans)


def _without(text: str, found: list[tuple[int, int, str, bool]]) -> str:
    pieces: list[str] = []
    at = 0
    for start, end, _, quoted in found:
        wide = 1 if quoted else 0
        pieces.append(text[at : start - wide])
        at = max(at, end + wide)
    pieces.append(text[at:])
    rest = _BLANKS.sub(" ", _LEFT_OVER.sub("", " ".join(pieces)))
    return rest.strip(_EDGE) if found else rest.strip()
