"""The picture tools: fixed jobs on one picture, named the same for every way in and every provider behind."""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from openhearth.core.errors import RequestError
from openhearth.core.media import ImageRequest


class Tool(StrEnum):
    """What a tool does. ``convert`` changes size, side or format and nothing else."""

    REMOVE_WATERMARK = "remove_watermark"
    CLARITY = "clarity"
    SUPER_RESOLUTION = "super_resolution"
    MATTING = "matting"
    VECTORIZE = "vectorize"
    EXPAND = "expand"
    STYLE = "style"
    CONVERT = "convert"


STYLES = ("black_and_white", "sepia", "sketch", "cartoon", "oil")
FILLS = ("mirror", "blur", "edge")


class Options(msgspec.Struct, frozen=True):
    """What some tools can be told. Shares of the sides are 0 … 2; ``width``, ``height``, ``degrees`` and
    ``flip`` are for ``convert``. ``scale`` is 2 or 4. ``text`` limits removing to lines that hold it.
    """

    scale: int | None = None
    left: float = 0.0
    right: float = 0.0
    top: float = 0.0
    bottom: float = 0.0
    fill: str = "mirror"
    text: str = ""
    width: int | None = None
    height: int | None = None
    degrees: int = 0
    flip: str = ""


TAKES: Mapping[Tool, frozenset[str]] = {
    Tool.REMOVE_WATERMARK: frozenset({"text"}),
    Tool.CLARITY: frozenset({"scale"}),
    Tool.SUPER_RESOLUTION: frozenset({"scale"}),
    Tool.MATTING: frozenset(),
    Tool.VECTORIZE: frozenset(),
    Tool.EXPAND: frozenset({"left", "right", "top", "bottom", "fill", "aspect_ratio"}),
    Tool.STYLE: frozenset({"style"}),
    Tool.CONVERT: frozenset({"width", "height", "rotate", "flip"}),
}
"""The fields that mean something to a tool; any other has no effect on it."""

_DECODER = msgspec.json.Decoder(Options)
_ENCODER = msgspec.json.Encoder()
_NAME = "options"


def with_options(request: ImageRequest, options: Options) -> ImageRequest:
    """The request carrying ``options`` to whatever driver does it."""
    return msgspec.structs.replace(request, extras={**request.extras, _NAME: msgspec.Raw(_ENCODER.encode(options))})


def options_of(request: ImageRequest) -> Options:
    """The options a request carries."""
    raw = request.extras.get(_NAME)
    return Options() if raw is None else _DECODER.decode(raw)


def tool_of(request: ImageRequest) -> Tool:
    """The tool a request names. Raises RequestError."""
    try:
        return Tool(request.tool)
    except ValueError as error:
        raise RequestError(f"There is no picture tool '{request.tool[:64]}'.", code="unknown_tool") from error
