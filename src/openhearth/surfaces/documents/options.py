"""Options of our own paths, with their types and bounds; Textin's names are understood as well."""

import re

import msgspec

from openhearth.core.documents import Mode, Options
from openhearth.core.errors import NotTranslatable, RequestError
from openhearth.dialects.textin.options import KNOWN as TEXTIN_KNOWN
from openhearth.dialects.textin.options import read_options as read_textin
from openhearth.surfaces.documents.bodies import Fields

_DPI = (36, 300)
_PICTURES = {
    "none": "none",
    "figures": "figures",
    "objects": "figures",
    "pages": "pages",
    "page": "pages",
    "both": "both",
}
_TABLES = {"markdown": "markdown", "md": "markdown", "html": "html"}
_RANGE = re.compile(r"\s*([0-9]{1,9})\s*(?:-\s*([0-9]{1,9})\s*)?")
_OURS = frozenset(
    {"password", "page_start", "page_count", "pages", "dpi", "parse_mode", "tables", "images", "titles", "mode", "crop",
     "quality", "output_format"}
)  # fmt: skip
_DETAILS = frozenset({"page_details", "markdown_details"})
IN_ENVELOPES = _DETAILS | {"response_format"}
"""What only answers in the envelope heed."""


class Chosen(msgspec.Struct, frozen=True):
    """Options as canonical values; ``asked`` are their canonical names, ``dropped`` what no path here knows. The last
    two are Textin's: which parts of an answer are wanted."""

    options: Options
    asked: frozenset[str]
    dropped: tuple[str, ...]
    page_details: bool = True
    markdown_details: bool = True


def read_options(fields: Fields, *, strict: bool, also: frozenset[str] = frozenset()) -> Chosen:
    """``also`` are names that the path heeds beside options.

    Raises RequestError naming the wrong field, and NotTranslatable for unknown ones when ``strict``."""
    theirs = read_textin({name: text for name, text in fields.texts().items() if name in TEXTIN_KNOWN - _OURS})
    first, last = _pages(fields)
    found = {
        "password": fields.get("password", str),
        "page_start": _within(fields, "page_start", 0, 1_000_000) if first is None else first,
        "page_count": _within(fields, "page_count", 0, 1_000_000) if first is None else last,
        "dpi": _within(fields, "dpi", *_DPI),
        "scan": _one_of(fields, "parse_mode", {"auto": False, "scan": True}),
        "tables": _one_of(fields, "tables", _TABLES),
        "pictures": _one_of(fields, "images", _PICTURES) if "images" in fields.names else None,
        "titles": fields.get("titles", bool),
        "mode": _one_of(fields, "mode", {mode.value: mode for mode in Mode}),
        "crop": fields.get("crop", bool),
        "quality": _within(fields, "quality", 1, 100),
        "output_format": _one_of(fields, "output_format", {"png": "png", "jpeg": "jpeg", "jpg": "jpeg"}),
    }
    sent = {name: value for name, value in found.items() if value is not None}
    if "page_start" in sent:
        sent["page_start"] = max(1, int(str(sent["page_start"])))
    known = _OURS | (TEXTIN_KNOWN - _DETAILS) | also | {"model"}
    dropped = tuple(sorted({*set(fields.names) - known, *theirs.dropped}))
    if dropped and strict:
        listed = ", ".join(name[:64] for name in dropped[:10])
        raise NotTranslatable(f"These fields have no meaning here: {listed}.", param=dropped[0][:64])
    whole = {**{name: getattr(theirs.options, name) for name in theirs.asked}, **sent}
    options = msgspec.convert(whole, Options)
    return Chosen(options, frozenset(whole), dropped, theirs.page_details, theirs.markdown_details)


def _pages(fields: Fields) -> tuple[int | None, int | None]:
    """``pages`` as ``3`` or ``2-5``: first page and count."""
    text = fields.get("pages", str | int)  # type: ignore[arg-type]
    if text is None:
        return None, None
    found = _RANGE.fullmatch(str(text))
    if found is None:
        raise RequestError("Field 'pages' is a page or a range: 3, 2-5.", param="pages", code="invalid_value")
    start = int(found[1])
    end = int(found[2] or start)
    if not 1 <= start <= end <= 1_000_000:
        raise RequestError(
            "Field 'pages' counts from 1 and does not run backwards.", param="pages", code="invalid_value"
        )
    return start, end - start + 1


def _within(fields: Fields, name: str, least: int, most: int) -> int | None:
    value = fields.get(name, int)
    if value is not None and not least <= value <= most:
        raise RequestError(f"Field '{name}' is {least} to {most}.", param=name, code="invalid_value")
    return value


def _one_of(
    fields: Fields, name: str, choices: dict[str, object] | dict[str, str] | dict[str, bool] | dict[str, Mode]
) -> object:
    value = fields.get(name, str)
    if value is None:
        return None
    if value.lower() not in choices:
        raise RequestError(f"Field '{name}' is one of: {', '.join(choices)}.", param=name, code="invalid_value")
    return choices[value.lower()]
