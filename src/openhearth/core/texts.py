"""Every text in JSON values, for those who must look at what goes to a model or comes from one, in whatever form."""

from collections.abc import Container, Iterable

import msgspec

from openhearth.core.errors import RequestError

_ENCODER = msgspec.json.Encoder()
_LEAST_LETTERS = 6  # fewer stand in many a text by accident
_HOLDS_TEXT = (b'"', b"[", b"{")


def texts_of(value: object, skip: Container[str] = ()) -> list[str]:
    """The texts of a value but those in fields named in ``skip``. What stands at one place of a list's entries (lines,
    words, segments) is one text: a sentence may go over several of them."""
    found: dict[str, list[str]] = {}
    left: list[tuple[str, object]] = [("", value)]
    while left:
        place, one = left.pop()
        if isinstance(one, str):
            found.setdefault(place, []).append(one)
        elif isinstance(one, dict):
            left += ((f"{place}.{name}", part) for name, part in reversed(one.items()) if name not in skip)
        elif isinstance(one, list | tuple):
            left += ((place, part) for part in reversed(one))
    return [" ".join(parts) for parts in found.values()]


def texts_in(fields: dict[str, msgspec.Raw], skip: Container[str] = ()) -> list[str]:
    """``texts_of`` the fields of a body. They are written anew: of a name that stands twice in an object, the value
    that was looked at is the one that is sent. Raises RequestError (``invalid_value``) for one that cannot be read."""
    found: list[str] = []
    for name, raw in fields.items():
        if name not in skip and bytes(raw).startswith(_HOLDS_TEXT):
            value = decoded(raw, name)
            found += texts_of(value, skip)
            fields[name] = msgspec.Raw(_ENCODER.encode(value))
    return found


def texts_among(pairs: Iterable[tuple[str, str]], skip: Container[str] = ()) -> list[str]:
    """The texts of a form's fields, ``name[]`` and ``name[0]`` being ``name``."""
    return [value for name, value in pairs if (name.partition("[")[0] or name) not in skip]


def decoded(raw: msgspec.Raw, name: str) -> object:
    """The value of a field. Raises RequestError (``invalid_value``)."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RequestError(f"Field '{name[:64]}': {error}", param=name[:64], code="invalid_value") from error


def unrepeated(texts: Iterable[str]) -> list[str]:
    """The longest whole, and of each other the lines that do not stand in a longer one, however that is written. Of two
    with the same letters the one with fewer gaps comes first: a list of words has more than their text."""
    kept: list[str] = []
    seen = ""
    for text in sorted(texts, key=_fullest):
        new = [line for line in text.splitlines() if line.strip() and not _stands_in(seen, letters(line))]
        if new:
            kept.append("\n".join(new) if seen else text)
        seen += f"\n{letters(text)}"
    return kept


def _fullest(text: str) -> tuple[int, int, int]:
    return -len(letters(text)), sum(map(str.isspace, text)), -len(text)


def _stands_in(seen: str, plain: str) -> bool:
    return len(plain) >= _LEAST_LETTERS and plain in seen


def letters(text: str) -> str:
    """The letters and digits of a text alone: two ways of writing the same differ in the rest."""
    return "".join(filter(str.isalnum, text))
