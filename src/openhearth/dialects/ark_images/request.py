"""The canonical picture request in Ark's form, and what of it a model family cannot carry."""

import msgspec

from openhearth.core.errors import RequestError
from openhearth.core.media import ImageRequest

_NEVER_CARRIED = frozenset(
    {"background", "quality", "output_format", "output_compression", "partial_images", "user", "moderation", "style",
     "input_fidelity"}
)  # fmt: skip
_ENCODER = msgspec.json.Encoder()


class Abilities(msgspec.Struct, frozen=True):
    """What a model family takes (Ark API reference, table "模型能力"). ``pictures`` is how many it takes at most."""

    pictures: int
    needs_picture: bool = False
    adaptive: bool = False
    seed: bool = False
    guidance: bool = False
    streams: bool = False


_FAMILIES = {
    "doubao-seededit-": Abilities(pictures=1, needs_picture=True, adaptive=True, seed=True, guidance=True),
    "doubao-seedream-3-": Abilities(pictures=0, seed=True, guidance=True),
    "doubao-seedream-4-0-": Abilities(pictures=10, streams=True),
    "doubao-seedream-": Abilities(pictures=14, streams=True),
}
_UNKNOWN = Abilities(pictures=14, seed=True, guidance=True)


class Body(msgspec.Struct, omit_defaults=True):
    """The request as it is sent. ``image`` is one URL or data URI, or a list of them."""

    model: str
    prompt: str
    response_format: str
    watermark: bool
    image: str | list[str] | None = None
    size: str | None = None
    seed: int | None = None
    guidance_scale: float | None = None
    stream: bool = False


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


def encode(request: ImageRequest, model: str, images: list[str], number: int) -> bytes:
    """The body for the ``number``-th (from 0) of ``request.n`` pictures; each asks for one, a given seed counts up.

    Ark marks pictures unless told otherwise; we ask for no mark unless the client wants one, as with every target.
    """
    able = abilities(model)
    body = Body(
        model=model,
        prompt=request.prompt,
        response_format="b64_json",
        watermark=request.watermark or False,
        image=images[0] if len(images) == 1 else images or None,
        size=_size(request, able),
        seed=request.seed + number if able.seed and request.seed is not None else None,
        guidance_scale=request.guidance if able.guidance else None,
        stream=able.streams,
    )
    return _ENCODER.encode(body)


def dropped(request: ImageRequest, model: str) -> tuple[str, ...]:
    """Names of fields the client sent and this model cannot honour."""
    able = abilities(model)
    lost = set(request.asked & _NEVER_CARRIED)
    if not able.seed:
        lost |= request.asked & {"seed", "seen"}
    if not able.guidance:
        lost |= request.asked & {"guidance_scale"}
    if able.adaptive and request.size not in ("auto", "adaptive"):
        lost |= request.asked & {"size"}
    return tuple(sorted(lost))


def _size(request: ImageRequest, able: Abilities) -> str | None:
    if able.adaptive:
        return "adaptive"
    return None if request.size in ("auto", "adaptive") else request.size
