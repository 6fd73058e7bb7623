"""What OpenAI's own image models take, family by family (openai-python 3.54, the types of ``images``).

Any other model belongs to another server, which is given everything it was sent.
"""

import msgspec

from openhearth.core.pictures import nearest, wanted_box

_SHAPED = frozenset({"size", "aspect_ratio", "resolution"})
_GPT = _SHAPED | {
    "quality", "background", "output_format", "output_compression", "moderation", "user", "safety_identifier",
    "partial_images", "input_fidelity", "complexity", "frame_count", "frame_duration_ms", "svg", "mask",
    "svg[model]", "svg[reasoning][effort]",
}  # fmt: skip
_THREE = ((1024, 1024), (1536, 1024), (1024, 1536))
_MOST_PIXELS = 3840 * 2160


class Family(msgspec.Struct, frozen=True):
    """``heeds`` are the fields it takes, None for all. ``sizes`` are those it makes, None for any multiple of 16.

    ``qualities`` translate our names (a missing one is sent as it is); ``most`` is how many pictures one call makes.
    """

    heeds: frozenset[str] | None = None
    sizes: tuple[tuple[int, int], ...] | None = None
    qualities: dict[str, str] = {}
    most: int = 10
    is_gpt: bool = False

    def size(self, size: str, aspect_ratio: str) -> str | None:
        """The size to send. An exact one goes as it is; one by words or ratio becomes the nearest that is made."""
        box = wanted_box(size, aspect_ratio)
        if box is None or "x" in size:
            return None if box is None else f"{box[0]}x{box[1]}"
        if self.sizes is not None:
            box = nearest(box, self.sizes)
        elif self.is_gpt and box[0] * box[1] > _MOST_PIXELS:
            shrunk = (_MOST_PIXELS / (box[0] * box[1])) ** 0.5
            box = int(box[0] * shrunk) // 16 * 16, int(box[1] * shrunk) // 16 * 16
        return f"{box[0]}x{box[1]}"


_GPT_QUALITIES = {"standard": "medium", "hd": "high"}
_NEWER_GPT = Family(_GPT, None, _GPT_QUALITIES, is_gpt=True)
_OLDER_GPT = Family(_GPT, _THREE, _GPT_QUALITIES, is_gpt=True)
_DALL_E_3 = Family(
    _SHAPED | {"quality", "style", "user"},
    ((1024, 1024), (1792, 1024), (1024, 1792)),
    {"low": "standard", "medium": "standard", "high": "hd", "xhigh": "hd", "max": "hd"},
    most=1,
)
_DALL_E_2 = Family(_SHAPED | {"user", "mask"}, ((256, 256), (512, 512), (1024, 1024)))
_FAMILIES = {
    "gpt-image-1": _OLDER_GPT,
    "chatgpt-image": _OLDER_GPT,
    "gpt-image": _NEWER_GPT,
    "dall-e-3": _DALL_E_3,
    "dall-e-2": _DALL_E_2,
}
_OTHER = Family()


def family(model: str) -> Family:
    """The family of a model's name."""
    return next((found for start, found in _FAMILIES.items() if model.startswith(start)), _OTHER)
