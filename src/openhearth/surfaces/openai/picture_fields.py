"""The fields every way to a picture shares, read with their types and bounds into the canonical request."""

import re
from collections.abc import Collection, Iterable
from typing import Protocol, TypeVar

from openhearth.core.errors import NotTranslatable, RequestError
from openhearth.core.media import ImageRequest
from openhearth.core.operations import Operation

_WANT = TypeVar("_WANT")
_SIZE = re.compile(r"auto|adaptive|[124]K|[1-9][0-9]{0,4}x[1-9][0-9]{0,4}")
_FORMATS = {"png": "png", "jpeg": "jpeg", "jpg": "jpeg", "webp": "webp", "svg": "svg"}
_BACKGROUNDS = ("auto", "transparent", "opaque")

PICTURE_FIELDS = frozenset(
    {
        "n", "size", "seed", "seen", "output_format", "output_compression", "background", "quality", "guidance_scale",
        "guidance", "watermark", "partial_images", "user", "style", "moderation", "input_fidelity",
    }
)  # fmt: skip


class Fields(Protocol):
    """A body's fields: an Envelope, or a form."""

    def get(self, name: str, want: type[_WANT]) -> _WANT | None:
        """``None`` when absent or null. Raises RequestError naming the field."""


def read_request(fields: Fields, model: str, *, names: Iterable[str], per_call: int) -> ImageRequest:
    """Everything but operation, prompt and pictures. Raises RequestError naming the wrong field."""
    seed = fields.get("seed", int)
    if seed is None:
        seed = fields.get("seen", int)  # the seed page's spelling
    guidance = fields.get("guidance_scale", float)
    if guidance is None:
        guidance = fields.get("guidance", float)
    return ImageRequest(
        operation=Operation.IMAGE_EDIT,
        model=model,
        prompt="",
        n=_within("n", fields.get("n", int), 1, per_call) or 1,
        size=_size(fields.get("size", str)),
        seed=None if seed is None or seed < 0 else seed,
        output_format=_one_of("output_format", fields.get("output_format", str), _FORMATS) or "png",
        output_compression=_within("output_compression", fields.get("output_compression", int), 0, 100),
        background=_one_of("background", fields.get("background", str), dict.fromkeys(_BACKGROUNDS)) or "auto",
        quality=(fields.get("quality", str) or "auto")[:32],
        guidance=guidance,
        watermark=fields.get("watermark", bool),
        partial_images=_within("partial_images", fields.get("partial_images", int), 0, 3) or 0,
        user=(fields.get("user", str) or "")[:256],
        asked=frozenset(names) & PICTURE_FIELDS,
    )


def unknown(names: Iterable[str], known: Collection[str], *, strict: bool) -> tuple[str, ...]:
    """Names this path does not know. Raises NotTranslatable when ``strict`` and there are any."""
    found = tuple(sorted(name for name in names if name not in known))
    if found and strict:
        listed = ", ".join(name[:64] for name in found[:10])
        raise NotTranslatable(f"These fields have no meaning here: {listed}.", param=found[0][:64])
    return found


def _size(value: str | None) -> str:
    if value is None:
        return "auto"
    text = value.strip().replace("*", "x").replace("×", "x").replace("X", "x")
    text = text.upper() if text.lower() in ("1k", "2k", "4k") else text.lower()
    if not _SIZE.fullmatch(text):
        raise RequestError(
            "Field 'size' is 'auto', 'adaptive', '1K', '2K', '4K' or WIDTHxHEIGHT.", param="size", code="invalid_value"
        )
    return text


def _within(name: str, value: int | None, least: int, most: int) -> int | None:
    if value is not None and not least <= value <= most:
        raise RequestError(f"Field '{name}' is {least} to {most}.", param=name, code="invalid_value")
    return value


def _one_of(name: str, value: str | None, choices: dict[str, str] | dict[str, None]) -> str | None:
    if value is None:
        return None
    low = value.lower()
    if low not in choices:
        raise RequestError(f"Field '{name}' is one of: {', '.join(choices)}.", param=name, code="invalid_value")
    return choices[low] or low
