"""The body of ``POST /v1/images/generations`` as this engine takes it: OpenAI's form, with seed and negative_prompt."""

import re
import secrets

import msgspec

from openhearth.core.errors import RequestError

MOST_PROMPT = 4000
MOST_PICTURES = 10
LEAST_SIDE, MOST_SIDE = 64, 8192
_SIZE = re.compile(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})")
_FORMATS = {"png": "png", "jpeg": "jpeg", "jpg": "jpeg", "webp": "webp", "svg": "svg"}
_QUALITIES = ("auto", "low", "medium", "high", "standard", "hd", "xhigh", "max")
_BACKGROUNDS = ("auto", "transparent", "opaque")
_STYLES = ("", "vivid", "natural")
_WEBP_SIDE = 16_383  # RFC 9649, section 2.5
_AUTO = {"square": (1024, 1024), "tall": (1024, 1536), "wide": (1536, 1024)}


class Body(msgspec.Struct):
    """The wire. Fields this engine has no use for are not here; whoever calls it says so."""

    prompt: str
    model: str | None = None
    n: int | None = None
    size: str | None = None
    quality: str | None = None
    background: str | None = None
    output_format: str | None = None
    output_compression: int | None = None
    style: str | None = None
    seed: int | None = None
    negative_prompt: str | None = None
    stream: bool | None = None
    partial_images: int | None = None


class Order(msgspec.Struct, frozen=True):
    """A checked order. ``size`` is None for a size by the words of the prompt."""

    prompt: str
    n: int
    size: tuple[int, int] | None
    seed: int
    negative: str
    style: str
    output_format: str
    compression: int
    quality: str
    is_clear: bool
    stream: bool
    partial_images: int

    def box(self, shape: str) -> tuple[int, int]:
        """Width and height for a prompt that asks for a ``tall``, ``wide`` or ``square`` picture."""
        return self.size or _AUTO[shape]

    @property
    def fine(self) -> int:
        """How many times finer than a pixel edges are drawn."""
        return {"low": 1, "high": 3, "hd": 3, "xhigh": 3, "max": 3}.get(self.quality, 2)


_DECODER = msgspec.json.Decoder(Body)


def read(body: bytes, *, most_pixels: int) -> Order:
    """The order in ``body``. Raises RequestError naming the field that is wrong."""
    try:
        given = _DECODER.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RequestError(f"The request is malformed: {error}", code="invalid_type") from error
    prompt = _text("prompt", given.prompt)
    if not prompt:
        raise RequestError("Field 'prompt' is empty.", param="prompt", code="missing_field")
    output_format = _choice("output_format", given.output_format, _FORMATS, "png")
    background = _choice("background", given.background, dict.fromkeys(_BACKGROUNDS), "auto")
    is_clear = background == "transparent"
    if is_clear and output_format == "jpeg":
        raise RequestError(
            "JPEG has no transparency: take png, webp or svg.", param="output_format", code="invalid_value"
        )
    size = _size(given.size, most_pixels, output_format)
    seed = given.seed if given.seed is not None and given.seed >= 0 else secrets.randbelow(2**31)
    return Order(
        prompt=prompt,
        n=_within("n", given.n, 1, MOST_PICTURES, 1),
        size=size,
        seed=seed,
        negative=_text("negative_prompt", given.negative_prompt or ""),
        style=_choice("style", given.style, dict.fromkeys(_STYLES), ""),
        output_format=_FORMATS[output_format],
        compression=_within("output_compression", given.output_compression, 0, 100, 90),
        quality=_choice("quality", given.quality, dict.fromkeys(_QUALITIES), "auto"),
        is_clear=is_clear,
        stream=bool(given.stream),
        partial_images=_within("partial_images", given.partial_images, 0, 3, 0),
    )


def _text(name: str, text: str) -> str:
    text = text.strip()
    if len(text) > MOST_PROMPT:
        raise RequestError(
            f"'{name}' has {len(text)} characters; a poster takes at most {MOST_PROMPT}.",
            param=name,
            code="string_above_max_length",
        )
    return text


def _size(text: str | None, most_pixels: int, output_format: str) -> tuple[int, int] | None:
    if text in (None, "", "auto"):
        return None
    match = _SIZE.fullmatch(text or "")
    if match is None:
        raise RequestError("'size' is auto or WIDTHxHEIGHT.", param="size", code="invalid_value")
    width, height = int(match[1]), int(match[2])
    most = min(MOST_SIDE, _WEBP_SIDE) if output_format == "webp" else MOST_SIDE
    if min(width, height) < LEAST_SIDE or max(width, height) > most or width * height > most_pixels:
        raise RequestError(
            f"A poster has {LEAST_SIDE} to {most} pixels on a side and at most {most_pixels / 1e6:g} million in all.",
            param="size",
            code="size_unsupported",
        )
    return width, height


def _within(name: str, value: int | None, least: int, most: int, usual: int) -> int:
    if value is None:
        return usual
    if not least <= value <= most:
        raise RequestError(f"'{name}' is {least} to {most}.", param=name, code="invalid_value")
    return value


def _choice(name: str, value: str | None, choices: dict[str, str] | dict[str, None], usual: str) -> str:
    if value is None:
        return usual
    if value.lower() not in choices:
        listed = ", ".join(choice for choice in choices if choice)
        raise RequestError(f"'{name}' is one of: {listed}.", param=name, code="invalid_value")
    return value.lower()
