"""The canonical picture request in Ark's form, and what of it a model family cannot carry."""

import msgspec

from openhearth.core.errors import RequestError
from openhearth.core.media import ImageRequest
from openhearth.core.pictures import unheeded, wanted_box

_ENCODER = msgspec.json.Encoder()


_PASSED = (
    "sequential_image_generation", "sequential_image_generation_options", "optimize_prompt", "optimize_prompt_options",
    "tools", "layer_decomposition",
)  # fmt: skip
_SEQUENTIAL = "sequential_image_generation"
_OPTIONS = "sequential_image_generation_options"
_SIZED = frozenset({"size", "aspect_ratio", "resolution"})


class Abilities(msgspec.Struct, frozen=True):
    """What a model family takes (Ark API reference, table "模型能力"). ``pictures`` is how many it takes at most,
    ``side`` of which square it makes the area when only a ratio is given, ``formats`` which kinds of file it makes."""

    pictures: int
    needs_picture: bool = False
    adaptive: bool = False
    seed: bool = False
    guidance: bool = False
    streams: bool = False
    words: bool = True
    side: int = 2048
    formats: tuple[str, ...] = ()


_FAMILIES = {
    "doubao-seededit-": Abilities(pictures=1, needs_picture=True, adaptive=True, seed=True, guidance=True),
    "doubao-seedream-3-": Abilities(pictures=0, seed=True, guidance=True, words=False, side=1024),
    "doubao-seedream-4-0-": Abilities(pictures=10, streams=True),
    "doubao-seedream-5-": Abilities(pictures=14, streams=True, formats=("png", "jpeg")),
    "doubao-seedream-": Abilities(pictures=14, streams=True),
}
_UNKNOWN = Abilities(pictures=14, seed=True, guidance=True)


def abilities(model: str) -> Abilities:
    """What ``model`` takes; an endpoint id (``ep-…``) is taken to take everything, Ark itself then decides."""
    return next((able for start, able in _FAMILIES.items() if model.startswith(start)), _UNKNOWN)


def check(request: ImageRequest, model: str) -> None:
    """Raises RequestError for what would change the meaning of the request if it were left out."""
    able = abilities(model)
    if able.needs_picture and not request.pictures:
        raise RequestError(
            f"The model '{request.model}' edits pictures: give one.", param="image", code="missing_image"
        )
    if len(request.pictures) > able.pictures:
        raise RequestError(
            f"The model '{request.model}' takes {able.pictures or 'no'} picture(s), not {len(request.pictures)}.",
            param="image",
            code="too_many_images",
        )
    if request.mask is not None:
        raise RequestError(f"The model '{request.model}' takes no mask.", param="mask", code="mask_not_taken")


def is_series(request: ImageRequest, model: str) -> bool:
    """Whether one call is to make a set of related pictures: the client asks for it and the model can."""
    raw = request.extras.get(_SEQUENTIAL)
    return abilities(model).streams and raw is not None and bytes(raw) == b'"auto"'


def encode(request: ImageRequest, model: str, images: list[str], number: int) -> bytes:
    """The body for the ``number``-th (from 0) of ``request.n`` pictures; each asks for one, a given seed counts up.

    A series is one body for all, with ``n`` as its ``max_images`` unless the client says another number. Ark marks
    pictures unless told otherwise; we ask for no mark unless the client wants one, as with every target.
    """
    able = abilities(model)
    body: dict[str, object] = {
        "model": model,
        "prompt": request.prompt,
        "response_format": "b64_json",
        "watermark": request.watermark or False,
        "image": images[0] if len(images) == 1 else images or None,
        "size": _size(request, able),
        "seed": request.seed + number if able.seed and request.seed is not None else None,
        "guidance_scale": request.guidance if able.guidance else None,
        "stream": able.streams or None,
        "output_format": request.output_format if _has_format(request, able) else None,
    }
    if able.streams:
        body |= {name: request.extras.get(name) for name in _PASSED}
        if is_series(request, model) and _OPTIONS not in request.extras:
            body[_OPTIONS] = {"max_images": request.n}
    return _ENCODER.encode({name: value for name, value in body.items() if value is not None})


def dropped(request: ImageRequest, model: str) -> tuple[str, ...]:
    """Names of fields the client sent and this model cannot honour."""
    able = abilities(model)
    heeded = {"watermark", *(_PASSED if able.streams else ())}
    heeded |= {"seed", "seen"} if able.seed else set()
    heeded |= {"guidance_scale", "guidance"} if able.guidance else set()
    heeded |= {"output_format"} if _has_format(request, able) else set()
    if not able.adaptive or request.size == "adaptive":
        heeded |= _SIZED
    return unheeded(request, heeded)


def _has_format(request: ImageRequest, able: Abilities) -> bool:
    return "output_format" in request.asked and request.output_format in able.formats


def _size(request: ImageRequest, able: Abilities) -> str | None:
    """Exact sizes and 1K, 2K, 4K go as they are; a ratio becomes pixels, as does a word on models without words."""
    if able.adaptive:
        return "adaptive"
    if request.size in ("1K", "2K", "4K") and able.words and not request.aspect_ratio:
        return request.size
    box = wanted_box(request.size, request.aspect_ratio, multiple=8, side=able.side)
    return None if box is None else f"{box[0]}x{box[1]}"
