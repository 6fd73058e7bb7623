"""The fields every way to a picture shares, read with their types and bounds into the canonical request."""

import math
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from openhearth.core.errors import NotTranslatable, RequestError
from openhearth.core.media import ImageRequest
from openhearth.core.operations import Operation
from openhearth.surfaces.picture_bodies import Fields

MOST_PROMPT = 32_000
_WANT = TypeVar("_WANT")
_NumberT = TypeVar("_NumberT", int, float)
_SIZE = re.compile(r"auto|adaptive|[124]K|[1-9][0-9]{0,4}x[1-9][0-9]{0,4}")
_RATIO = re.compile(r"([1-9][0-9]{0,3})\s*[:：/]\s*([1-9][0-9]{0,3})")
_MOST_RATIO = 16
_SAME_SHAPE = 0.02
_FORMATS = {"png": "png", "jpeg": "jpeg", "jpg": "jpeg", "webp": "webp", "gif": "gif", "svg": "svg"}
_BACKGROUNDS = dict.fromkeys(("auto", "transparent", "opaque"))
_QUALITIES = dict.fromkeys(("auto", "low", "medium", "high", "standard", "hd", "xhigh", "max"))
_RESOLUTIONS = {"1k": "1K", "2k": "2K", "4k": "4K"}

_CANONICAL = frozenset(
    {
        "n", "batch_size", "size", "image_size", "aspect_ratio", "resolution", "seed", "seen", "output_format",
        "output_compression", "background", "quality", "guidance_scale", "guidance", "steps", "num_inference_steps",
        "negative_prompt", "style", "watermark", "partial_images", "user",
    }
)  # fmt: skip
_PASSED: dict[str, Any] = {
    "moderation": str,
    "input_fidelity": str,
    "safety_identifier": str,
    "complexity": str,
    "frame_count": int,
    "frame_duration_ms": int,
    "svg": dict[str, msgspec.Raw],
    "style_id": str,
    "substyle": str,
    "controls": dict[str, msgspec.Raw],
    "prompt_extend": bool,
    "cfg": float,
    "sequential_image_generation": str,
    "sequential_image_generation_options": dict[str, msgspec.Raw],
    "optimize_prompt": bool,
    "optimize_prompt_options": dict[str, msgspec.Raw],
    "layer_decomposition": msgspec.Raw,
}
"""Fields that only some targets know: checked for their type here, passed on to those."""
_CHOICES = {
    "moderation": ("low", "auto"),
    "input_fidelity": ("low", "high"),
    "complexity": ("low", "medium", "high"),
    "sequential_image_generation": ("auto", "disabled"),
}
PICTURE_FIELDS = _CANONICAL | _PASSED.keys()


def read_request(
    fields: Fields, model: str, *, names: Iterable[str], per_call: int, extras: Mapping[str, msgspec.Raw]
) -> ImageRequest:
    """Everything but operation, prompt and pictures. ``extras`` are fields of other names, as JSON.

    Raises RequestError naming the wrong field.
    """
    passed = _passed(fields)
    size, aspect_ratio = _shape(fields)
    background = _one_of("background", fields.get("background", str), _BACKGROUNDS) or "auto"
    output_format = _one_of("output_format", fields.get("output_format", str), _FORMATS) or "png"
    if background == "transparent" and output_format == "jpeg":
        raise RequestError("JPEG has no transparency: take png or webp.", param="output_format", code="invalid_value")
    seed = _first(fields, int, ("seed", "seen"), -math.inf, 2**63 - 1)  # the second is the seed page's spelling
    return ImageRequest(
        operation=Operation.IMAGE_EDIT,
        model=model,
        prompt="",
        n=_first(fields, int, ("n", "batch_size"), 1, per_call) or 1,
        size=size,
        aspect_ratio=aspect_ratio,
        seed=None if seed is None or seed < 0 else seed,
        output_format=output_format,
        output_compression=_within("output_compression", fields.get("output_compression", int), 0, 100),
        background=background,
        quality=_one_of("quality", fields.get("quality", str), _QUALITIES) or "auto",
        guidance=_first(fields, float, ("guidance_scale", "guidance"), 0, 100),
        steps=_first(fields, int, ("steps", "num_inference_steps"), 1, 1000),
        negative_prompt=_text(fields, "negative_prompt", MOST_PROMPT).strip(),
        style=_text(fields, "style", 128).strip(),
        watermark=fields.get("watermark", bool),
        partial_images=_within("partial_images", fields.get("partial_images", int), 0, 3) or 0,
        user=_text(fields, "user", 512),
        extras={
            name: passed.get(name, raw)
            for name, raw in extras.items()
            if name not in _CANONICAL and bytes(raw) != b"null"
        },
        asked=frozenset(names),
    )


def prompt_of(fields: Fields, *, is_needed: bool = True) -> str:
    """The words. Raises RequestError when they are missing or longer than OpenAI's own limit."""
    prompt = _text(fields, "prompt", MOST_PROMPT).strip()
    if is_needed and not prompt:
        raise RequestError("Field 'prompt' is required.", param="prompt", code="missing_field")
    return prompt


def unknown(names: Iterable[str], known: Collection[str], *, strict: bool) -> tuple[str, ...]:
    """Names this path does not know. Raises NotTranslatable when ``strict`` and there are any."""
    found = tuple(sorted(name for name in names if name not in known))
    if found and strict:
        listed = ", ".join(name[:64] for name in found[:10])
        raise NotTranslatable(f"These fields have no meaning here: {listed}.", param=found[0][:64])
    return found


def _passed(fields: Fields) -> dict[str, msgspec.Raw]:
    """Those of ``_PASSED`` that are no texts, as the JSON of their type: a form sends all as text."""
    found: dict[str, msgspec.Raw] = {}
    for name, want in _PASSED.items():
        value = fields.get(name, want)
        if name in _CHOICES and isinstance(value, str):
            _one_of(name, value, dict.fromkeys(_CHOICES[name]))
        elif value is not None and want is not str:
            found[name] = msgspec.Raw(msgspec.json.encode(value))
    _within("frame_count", fields.get("frame_count", int), 2, 16)
    return found


def _shape(fields: Fields) -> tuple[str, str]:
    """Size and aspect ratio out of ``size`` (which may be a ratio), ``aspect_ratio`` and ``resolution``."""
    sizes = {name: text.strip() for name in ("size", "image_size") if (text := fields.get(name, str))}
    ratio = _ratio("aspect_ratio", fields.get("aspect_ratio", str) or "auto")
    shapes = [_size_or_ratio(name, text) for name, text in sizes.items()]
    size, other = shapes[0] if shapes else ("auto", "")
    ratio = ratio or other
    resolution = _one_of("resolution", fields.get("resolution", str), _RESOLUTIONS)
    if "x" in size:
        _check_agrees(size, ratio, resolution)
        return size, ""
    return (resolution if resolution and size in ("auto", "adaptive") else size), ratio


def _check_agrees(size: str, ratio: str, resolution: str | None) -> None:
    """Raises RequestError when an exact size and another field contradict each other."""
    width, height = (int(side) for side in size.split("x"))
    if ratio:
        wide, high = (int(side) for side in ratio.split(":"))
        if abs(width * high / (height * wide) - 1) > _SAME_SHAPE:
            raise RequestError(
                f"'size' {size} and 'aspect_ratio' {ratio} contradict each other: give one of them.",
                param="aspect_ratio",
                code="conflicting_fields",
            )
    if resolution:
        raise RequestError(
            "An exact 'size' and a 'resolution' contradict each other: give one of them.",
            param="resolution",
            code="conflicting_fields",
        )


def _size_or_ratio(name: str, text: str) -> tuple[str, str]:
    return ("auto", _ratio(name, text)) if _RATIO.fullmatch(text) else (_size(name, text), "")


def _size(name: str, text: str) -> str:
    text = text.replace("*", "x").replace("×", "x").replace("X", "x")
    text = text.upper() if text.lower() in _RESOLUTIONS else text.lower()
    if not _SIZE.fullmatch(text):
        raise RequestError(
            f"Field '{name}' is 'auto', 'adaptive', '1K', '2K', '4K', WIDTHxHEIGHT or a ratio such as 16:9.",
            param=name,
            code="invalid_value",
        )
    return text


def _ratio(name: str, text: str) -> str:
    """``W:H``, or empty for ``auto``."""
    text = text.strip().lower()
    if text in ("", "auto", "adaptive", "default"):
        return ""
    match = _RATIO.fullmatch(text)
    if match is None or not 1 / _MOST_RATIO <= int(match[1]) / int(match[2]) <= _MOST_RATIO:
        raise RequestError(
            f"Field '{name}' is a ratio such as 16:9, at most {_MOST_RATIO}:1.", param=name, code="invalid_value"
        )
    return f"{int(match[1])}:{int(match[2])}"


def _first(fields: Fields, want: type[_NumberT], names: tuple[str, ...], least: float, most: float) -> _NumberT | None:
    """The first of several spellings of a number that is given. Raises RequestError for any that is out of bounds."""
    found: _NumberT | None = None
    for name in names:
        value = fields.get(name, want)
        if value is not None and not least <= value <= most:
            bounds = f"at most {most}" if least == -math.inf else f"{least} to {most}"
            raise RequestError(f"Field '{name}' is {bounds}.", param=name, code="invalid_value")
        found = value if found is None else found
    return found


def _text(fields: Fields, name: str, most: int) -> str:
    value = fields.get(name, str) or ""
    if len(value) > most:
        raise RequestError(
            f"Field '{name}' has {len(value)} characters; at most {most}.", param=name, code="string_above_max_length"
        )
    return value


def _within(name: str, value: _NumberT | None, least: _NumberT, most: _NumberT) -> _NumberT | None:
    if value is not None and not least <= value <= most:
        raise RequestError(f"Field '{name}' is {least} to {most}.", param=name, code="invalid_value")
    return value


def _one_of(name: str, value: str | None, choices: Mapping[str, str | None]) -> str | None:
    if value is None:
        return None
    low = value.lower()
    if low not in choices:
        raise RequestError(f"Field '{name}' is one of: {', '.join(choices)}.", param=name, code="invalid_value")
    return choices[low] or low
