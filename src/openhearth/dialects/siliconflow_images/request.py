"""The canonical picture request in SiliconFlow's form, and what of it a model family cannot carry."""

import msgspec

from openhearth.core.errors import RequestError
from openhearth.core.media import ImageRequest
from openhearth.core.pictures import nearest, unheeded, wanted_box

_ENCODER = msgspec.json.Encoder()
_SIZED = frozenset({"size", "aspect_ratio", "resolution"})
_HEEDED = frozenset(
    {"seed", "seen", "negative_prompt", "guidance_scale", "guidance", "steps", "num_inference_steps", "batch_size",
     "image_size", "cfg"}
)  # fmt: skip
_KOLORS = ((1024, 1024), (960, 1280), (768, 1024), (720, 1440), (720, 1280))
_QWEN = ((1328, 1328), (1664, 928), (928, 1664), (1472, 1140), (1140, 1472), (1584, 1056), (1056, 1584))


class Abilities(msgspec.Struct, frozen=True):
    """What a model family takes. ``pictures`` is how many it takes at most; ``batch`` how many one call makes."""

    pictures: int = 3
    needs_picture: bool = False
    batch: int = 1
    sizes: tuple[tuple[int, int], ...] | None = None
    sized: bool = True


_FAMILIES = {
    "Kwai-Kolors/": Abilities(pictures=1, batch=4, sizes=_KOLORS),
    "Qwen/Qwen-Image-Edit-": Abilities(pictures=3, needs_picture=True, sized=False),
    "Qwen/Qwen-Image-Edit": Abilities(pictures=1, needs_picture=True, sized=False),
    "Qwen/Qwen-Image": Abilities(pictures=0, sizes=_QWEN),
}
_OTHER = Abilities()


def abilities(model: str) -> Abilities:
    """What ``model`` takes; of an unknown one SiliconFlow itself decides."""
    return next((able for start, able in _FAMILIES.items() if model.startswith(start)), _OTHER)


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


def per_call(request: ImageRequest, model: str) -> list[int]:
    """How many pictures to ask for in each call, so that ``request.n`` come."""
    batch = abilities(model).batch
    return [min(batch, request.n - start) for start in range(0, request.n, batch)]


def encode(request: ImageRequest, model: str, images: list[str], *, n: int, first: int) -> bytes:
    """The body for ``n`` pictures; a given seed counts up by ``first``. Further pictures are ``image2``, ``image3``."""
    body: dict[str, object] = {
        "model": model,
        "prompt": request.prompt,
        "negative_prompt": request.negative_prompt or None,
        "image_size": request.extras.get("image_size") or _size(request, abilities(model)),
        "batch_size": n if abilities(model).batch > 1 else None,
        "seed": None if request.seed is None else request.seed + first,
        "num_inference_steps": request.steps,
        "guidance_scale": request.guidance,
        "cfg": request.extras.get("cfg"),
    }
    for number, image in enumerate(images, 1):
        body["image" if number == 1 else f"image{number}"] = image
    return _ENCODER.encode({name: value for name, value in body.items() if value is not None})


def dropped(request: ImageRequest, model: str) -> tuple[str, ...]:
    """Names of fields the client sent and this model cannot honour."""
    return unheeded(request, _HEEDED | (_SIZED if abilities(model).sized else frozenset()))


def _size(request: ImageRequest, able: Abilities) -> str | None:
    """An exact size goes as it is; one by words or ratio, or none at all, becomes the nearest that the model makes."""
    if not able.sized:
        return None
    box = wanted_box(request.size, request.aspect_ratio)
    if able.sizes is not None and "x" not in request.size:
        box = nearest(box, able.sizes) if box is not None else able.sizes[0]
    return None if box is None else f"{box[0]}x{box[1]}"
