"""The query of a Textin call as canonical options, and what of it has no meaning here."""

from collections.abc import Mapping
from typing import Any

import msgspec

from openhearth.core.documents import DPIS, Mode, Options
from openhearth.core.errors import RequestError

_MODES = {
    -1: Mode.NONE,
    0: Mode.NONE,
    1: Mode.BRIGHTEN,
    2: Mode.SHARPEN,
    3: Mode.BLACK_WHITE,
    4: Mode.GREY,
    5: Mode.NO_SHADOW,
}
_TABLES = {"md": "markdown", "markdown": "markdown", "html": "html"}
_PICTURES = {"none": "none", "page": "pages", "objects": "figures", "both": "both"}
_SCANS = {"auto": False, "parse": False, "lite": False, "scan": True}
_SHAPES = frozenset({"page_details", "markdown_details"})
_NUMBERS = ("page_start", "page_count", "dpi", "enhance_mode", "crop_image", "apply_document_tree", "jpeg_quality")
KNOWN = frozenset({"pdf_pwd", "table_flavor", "get_image", "parse_mode", "image_output_type", *_NUMBERS, *_SHAPES})


class Asked(msgspec.Struct, frozen=True):
    """A query understood. ``asked`` are canonical names of options that were sent; ``dropped`` are names of the query
    that nothing here heeds. ``page_details`` and ``markdown_details`` say which parts of the answer are wanted."""

    options: Options
    asked: frozenset[str]
    dropped: tuple[str, ...]
    page_details: bool = True
    markdown_details: bool = True


def read_options(query: Mapping[str, str]) -> Asked:
    """Raises RequestError naming the wrong parameter."""
    found: dict[str, object] = {option: value for option, value in _numbers(query).items() if value is not None}
    if query.get("pdf_pwd"):
        found["password"] = query["pdf_pwd"]
    for name, option, choices in (
        ("table_flavor", "tables", _TABLES),
        ("get_image", "pictures", _PICTURES),
        ("parse_mode", "scan", _SCANS),
    ):
        if query.get(name):
            found[option] = _one_of(name, query[name].lower(), choices)
    return Asked(
        msgspec.convert(found, Options),
        frozenset(found),
        tuple(name for name in query if name not in KNOWN or _means_nothing(name, query[name])),
        page_details=_within(query, "page_details", 0, 1) != 0,
        markdown_details=_within(query, "markdown_details", 0, 1) != 0,
    )


def _means_nothing(name: str, value: str) -> bool:
    """Pictures come as base64 or as links of ours, never as links of Textin's."""
    return name == "image_output_type" and value != "base64str"


def _numbers(query: Mapping[str, str]) -> dict[str, object]:
    """Options that are numbers in the query; ``None`` where they were not sent. Page 0 is the first one as well."""
    first = _within(query, "page_start", 0, 1_000_000)
    dpi, mode = _within(query, "dpi", 0, 100_000), _within(query, "enhance_mode", -1, 100)
    crop, titles = _within(query, "crop_image", 0, 1), _within(query, "apply_document_tree", 0, 1)
    return {
        "page_start": None if first is None else max(1, first),
        "page_count": _within(query, "page_count", 0, 1_000_000),
        "dpi": None if dpi is None else _one_of("dpi", dpi, {one: one for one in DPIS}),
        "mode": None if mode is None else _one_of("enhance_mode", mode, _MODES),
        "crop": None if crop is None else bool(crop),
        "titles": None if titles is None else bool(titles),
        "quality": _within(query, "jpeg_quality", 1, 100),
    }


def _within(query: Mapping[str, str], name: str, least: int, most: int) -> int | None:
    text = query.get(name, "").strip().lower()
    if not text:
        return None
    try:
        number = {"true": 1, "false": 0}[text] if text in ("true", "false") else int(text)
    except ValueError as error:
        raise RequestError(f"'{name}' is a whole number.", param=name, code="invalid_type") from error
    if not least <= number <= most:
        raise RequestError(f"'{name}' is {least} to {most}.", param=name, code="invalid_value")
    return number


def _one_of(name: str, value: object, choices: Mapping[Any, object]) -> object:
    if value not in choices:
        listed = ", ".join(str(choice) for choice in choices)
        raise RequestError(f"'{name}' is one of: {listed}.", param=name, code="invalid_value")
    return choices[value]
