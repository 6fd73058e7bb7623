"""Picture tools as steps of the embedded editor: planned here, not understood from words."""

from openhearth.core.errors import RequestError
from openhearth.core.media import ImageRequest
from openhearth.core.picture_tools import Options, Tool, options_of, tool_of
from openhearth.engines.edit_image.plan import (
    Background,
    Expand,
    Flip,
    Op,
    RemoveText,
    Resize,
    Rotate,
    Style,
    Upscale,
    Vectorise,
)

_ALL_SIDES = 0.25  # how far to extend when nobody says where or to which shape


def steps_of(request: ImageRequest) -> tuple[Op, ...]:
    """The steps of the request's tool. Raises RequestError."""
    options = options_of(request)
    match tool_of(request):
        case Tool.REMOVE_WATERMARK:
            return (RemoveText(only=options.text),)
        case Tool.CLARITY:
            return (Upscale(options.scale or 2),)
        case Tool.SUPER_RESOLUTION:
            return (Upscale(options.scale or 4),)
        case Tool.MATTING:
            return (Background("remove"),)
        case Tool.VECTORIZE:
            return (Vectorise(),)
        case Tool.EXPAND:
            return (_expand(request, options),)
        case Tool.STYLE:
            return (_style(request),)
        case _:
            return _converted(options)


def _expand(request: ImageRequest, options: Options) -> Expand:
    ratio = _ratio(request.aspect_ratio)
    sides = (options.left, options.top, options.right, options.bottom)
    if ratio is None and not any(sides):
        sides = (_ALL_SIDES,) * 4
    return Expand(*sides, ratio=ratio, fill=options.fill)


def _ratio(text: str) -> tuple[int, int] | None:
    width, _, height = text.partition(":")
    return (int(width), int(height)) if width.isdecimal() and height.isdecimal() else None


def _style(request: ImageRequest) -> Style:
    if not request.style:
        raise RequestError("Say which style.", param="style", code="missing_field")
    return Style(request.style)


def _converted(options: Options) -> tuple[Op, ...]:
    steps: list[Op] = []
    if options.degrees % 360:
        steps.append(Rotate(options.degrees % 360))
    if options.flip:
        steps.append(Flip(options.flip))
    if options.width or options.height:
        steps.append(Resize(options.width, options.height))
    return tuple(steps)
