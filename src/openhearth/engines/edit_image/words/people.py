"""Words that mean something only together: people and where they stand, shades and their colours, "too dark"."""

from collections.abc import Sequence

import msgspec

from openhearth.engines.edit_image.plan import EVERYONE, Who
from openhearth.engines.edit_image.words.colours import shaded
from openhearth.engines.edit_image.words.kinds import SEPARATORS, Kind, Meaning, Token, token

_PERSONAL = frozenset({Kind.PERSON, Kind.SIDE, Kind.ORDINAL, Kind.FROM_SIDE, Kind.GENDER})
_SHADING = {"dark": "dark", "darker": "dark", "bright": "bright", "lighter": "light", "暗": "dark", "亮": "bright"}
_WORN = frozenset({Kind.PART, Kind.ITEM})
_JOINS = frozenset({"with", "in", "wearing", "who", "whose", "having", "dressed in"})
_OF = frozenset({"的", "那个", "这个", "那位", "那", "这"})
_FAULTS = frozenset(
    {
        "dark",
        "bright",
        "dim",
        "dull",
        "blurry",
        "blurred",
        "gloomy",
        "cold",
        "暗",
        "昏暗",
        "阴暗",
        "暗沉",
        "灰暗",
        "黯淡",
        "模糊",
        "糊",
        "亮",
    }
)
_STATES = frozenset({"is", "'s", "are", "looks", "seems"})
_NAMED = frozenset({Kind.BACKGROUND, Kind.SKY, Kind.QUALITY, Kind.PICTURE, Kind.FACE})
_NEAR = 4  # words between a verb of cropping and "portrait"


def joined(words: Sequence[Token]) -> list[Token]:
    """The words with those put together that belong together. Fillers stay, as some rules look at them."""
    found = _shades(list(words))
    found = _looks(_people(found))
    return [_in_place(found, at) for at in range(len(found))]


def _people(words: list[Token]) -> list[Token]:
    found: list[Token] = []
    at = 0
    while at < len(words):
        end = _run_end(words, at)
        run = [word for word in words[at:end] if word.kind in _PERSONAL]
        counts_faces = end < len(words) and words[end].kind is Kind.FACE and {w.kind for w in run} == {Kind.ORDINAL}
        if end > at and (_is_person(run) or counts_faces):
            found.append(_person(run))
        elif end > at:
            found.extend(_weak(word) for word in words[at:end])
        else:
            found.append(words[at])
            end = at + 1
        at = end
    return found


def _weak(word: Token) -> Token:
    is_weak = word.kind is Kind.PERSON and word.name == "weak"
    return msgspec.structs.replace(word, kind=Kind.FILLER) if is_weak else word


def _run_end(words: list[Token], start: int) -> int:
    """Where a run of words about one person ends: these words with nothing but fillers between them."""
    end = at = start
    while at < len(words) and (words[at].kind in _PERSONAL or (end > start and _may_stand_between(words[at]))):
        at += 1
        if words[at - 1].kind in _PERSONAL:
            end = at
    return end


def _may_stand_between(word: Token) -> bool:
    return word.text in (
        "of",
        "the",
        "on",
        "in",
        "at",
        "to",
        "的",
        "那",
        "这",
        "那个",
        "这个",
        "is",
        "who",
        "that",
        "'s side",
        "from",
        "数",
    )


def _is_person(run: list[Token]) -> bool:
    kinds = {word.kind for word in run}
    strong = any(word.kind is Kind.PERSON and word.name != "weak" for word in run)
    weak = Kind.PERSON in kinds and (Kind.SIDE in kinds or Kind.ORDINAL in kinds)
    counted = Kind.FROM_SIDE in kinds and (Kind.ORDINAL in kinds or strong)
    return strong or weak or counted or Kind.GENDER in kinds


def _person(run: list[Token]) -> Token:
    start, end, text = run[0].start, run[-1].end, " ".join(word.text for word in run)
    sides = {word.name for word in run if word.kind is Kind.SIDE}
    ordinals = {int(word.number) for word in run if word.kind is Kind.ORDINAL or word.name == "nth"}
    counted_from = {word.name for word in run if word.kind is Kind.FROM_SIDE}
    genders = [word for word in run if word.kind is Kind.GENDER]
    if genders and (ordinals or not sides):
        return token(Meaning(Kind.GENDER, name=genders[0].name), text, start, end)
    if counted_from == {"right"} and ordinals == {1}:
        sides, ordinals, counted_from = {"right"}, set(), set()
    if len(sides) + len(ordinals) > 1 or "right" in counted_from:
        return token(Meaning(Kind.CANNOT, name="count"), text, start, end)
    if ordinals:
        return token(Meaning(Kind.PERSON, name="one", who=Who(index=ordinals.pop())), text, start, end)
    if sides:
        return token(Meaning(Kind.PERSON, name="one", who=Who(side=sides.pop())), text, start, end)
    name = "pronoun" if all(word.name == "pronoun" for word in run) else "all"
    if name == "all" and all(word.name in ("noun", "pronoun") for word in run if word.kind is Kind.PERSON):
        name = "noun"
    return token(Meaning(Kind.PERSON, name=name, who=EVERYONE), text, start, end)


def _shades(words: list[Token]) -> list[Token]:
    """Put "dark" and "blue" together; "a bit" and 的 may stand between."""
    found: list[Token] = []
    for word in words:
        if word.kind is Kind.COLOUR and word.colour is not None:
            at = _shade_before(found)
            if at is not None:
                shade = _shade(found[at])
                text = _spaced(found[at].text, word.colour.name)
                colour = shaded(shade, word.colour, text)
                found[at:] = [token(Meaning(Kind.COLOUR, colour=colour), text, found[at].start, word.end)]
                continue
        found.append(word)
    return found


def _spaced(first: str, second: str) -> str:
    return first + (" " if first.isascii() else "") + second


def _shade(word: Token) -> str:
    return word.name if word.kind is Kind.SHADE else _SHADING.get(word.text, "")


def _shade_before(found: list[Token]) -> int | None:
    at = len(found) - 1
    while at >= 0 and len(found) - at <= 3 and (found[at].kind is Kind.DEGREE or found[at].text in ("的", "shade of")):
        at -= 1
    return at if at >= 0 and _shade(found[at]) else None


def _looks(words: list[Token]) -> list[Token]:
    """A person told by what they wear ("the person with glasses", 戴墨镜的人) is one the editor cannot find."""
    found: list[Token] = []
    for at, word in enumerate(words):
        if word.kind in (Kind.PERSON, Kind.GENDER) and word.name != "pronoun":
            before = _worn_before(found)
            after = _worn_after(words, at)
            if before is not None or after:
                start = word.start if before is None else found[before].start
                end = word.end if not after else words[after].end
                del found[len(found) if before is None else before :]
                found.append(token(Meaning(Kind.CANNOT, name="looks"), word.text, start, end))
                continue
        found.append(word)
    return found


def _worn_before(found: list[Token]) -> int | None:
    """The place where 戴墨镜的 begins, when it stands right before."""
    at = len(found) - 1
    if at < 0 or found[at].text not in _OF:
        return None
    while at >= 0 and found[at].kind is Kind.FILLER:
        at -= 1
    if at < 0 or found[at].kind not in _WORN:
        return None
    at -= 1
    while at >= 0 and (found[at].kind in (Kind.COLOUR, Kind.FILLER)):
        at -= 1
    return at if at >= 0 and found[at].kind in (Kind.WEAR, Kind.DRESS) else None


def _worn_after(words: list[Token], at: int) -> int:
    """The place of what "the person with …" wears, or 0."""
    at += 1
    if at >= len(words) or words[at].text not in _JOINS:
        return 0
    for place in range(at + 1, min(len(words), at + 5)):
        if words[place].kind in _WORN or (words[place].kind is Kind.COLOUR and words[at].text == "in"):
            return place
        if words[place].kind not in (Kind.FILLER, Kind.COLOUR):
            return 0
    return 0


def _in_place(words: list[Token], at: int) -> Token:
    """A word whose kind depends on its neighbours."""
    word = words[at]
    following = next((other for other in words[at + 1 : at + 6] if other.kind is not Kind.FILLER), None)
    if word.name == "too":
        is_excess = following is not None and following.kind in (Kind.ADJECTIVE, Kind.BLUR, Kind.MORE, Kind.LESS)
        return msgspec.structs.replace(word, kind=Kind.TOO if is_excess else Kind.ALSO, name="")
    if _complains(words, at, following):
        return msgspec.structs.replace(word, kind=Kind.TOO)
    if word.text in ("高", "high") and following is not None and following.kind is Kind.NUMBER:
        return msgspec.structs.replace(word, kind=Kind.LENGTH, name="height")
    if word.kind is Kind.OTHER_PICTURE and word.number == 1:
        return msgspec.structs.replace(word, kind=Kind.PICTURE)
    if word.text == "再" and at and words[at - 1].kind in _NAMED and following is not None:
        tells = following.kind in (Kind.ADJECTIVE, Kind.BLUR, Kind.DEGREE, Kind.MORE, Kind.LESS)
        return msgspec.structs.replace(word, kind=Kind.FILLER) if tells else word
    if word.text in ("portrait", "landscape"):
        return _portrait(words, at)
    return word


def _complains(words: list[Token], at: int, following: Token | None) -> bool:
    """Whether a fault is said of the picture ("it is dark", 有点暗) and not wished for."""
    text = words[at].text
    if text in _STATES:
        following = next((word for word in words[at + 1 : at + 5] if word.kind not in (Kind.FILLER, Kind.DEGREE)), None)
    if following is None or following.text not in _FAULTS:
        return False
    if text in ("有点", "有些", "有点儿"):
        return True
    if following.text in ("bright", "亮"):
        return False
    is_asked = any(word.kind is Kind.SET for word in words[max(0, at - 2) : at])
    if text in ("很", "比较", "非常", "特别", "十分", "相当"):
        return not is_asked
    return text in _STATES and not is_asked


def _portrait(words: list[Token], at: int) -> Token:
    """The shape of a picture after "crop to", otherwise the picture."""
    before = words[max(0, at - _NEAR) : at]
    cut = [word.kind for word in before if word.kind in (Kind.CROP, *SEPARATORS)]
    pair = (3, 4) if words[at].text == "portrait" else (4, 3)
    has_ratio = any(word.kind is Kind.RATIO for word in words[at + 1 : at + 3])
    kind = Kind.RATIO if cut and cut[-1] is Kind.CROP and not has_ratio else Kind.PICTURE
    return msgspec.structs.replace(words[at], kind=kind, pair=pair)
