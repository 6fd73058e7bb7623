"""The canonical picture request in OpenAI's form: JSON to make a picture, a multipart form to change or vary one."""

from collections.abc import Sequence

import msgspec

from openhearth.core.form import FilePart, written
from openhearth.core.media import ImageRequest, Picture
from openhearth.core.operations import Operation
from openhearth.core.pictures import EXTENSIONS, unheeded
from openhearth.dialects.openai_images import quirks
from openhearth.dialects.openai_images.families import Family, family
from openhearth.dialects.openai_images.quirks import ASPECT_RATIO, ONE_PER_CALL, Fields

_ENCODER = msgspec.json.Encoder()
_PATHS = {
    Operation.IMAGE_GENERATE: "/images/generations",
    Operation.IMAGE_EDIT: "/images/edits",
    Operation.IMAGE_VARY: "/images/variations",
}
_VARIATION = frozenset({"size", "aspect_ratio", "resolution", "user"})


class Sent(msgspec.Struct, frozen=True):
    """A body ready to go for ``n`` pictures, and what of the request it does not hold."""

    path: str
    content_type: str
    body: bytes
    streams: bool
    n: int
    dropped: tuple[str, ...]


def per_call(request: ImageRequest, model: str, image_quirks: Sequence[str] = ()) -> list[int]:
    """How many pictures to ask for in each call, so that ``request.n`` come: some models make one at a time."""
    most = 1 if ONE_PER_CALL in image_quirks else family(model).most
    return [min(most, request.n - start) for start in range(0, request.n, most)]


def encode(request: ImageRequest, model: str, image_quirks: Sequence[str] = (), *, n: int = 0, first: int = 0) -> Sent:
    """The request for ``n`` pictures (0: all) of ``model``; a given seed counts up by ``first``."""
    kind = family(model)
    n = n or request.n
    streams = kind.is_gpt and request.partial_images > 0 and request.operation is not Operation.IMAGE_VARY
    fields = _fields(request, model, kind, n)
    if ASPECT_RATIO in image_quirks and "x" not in request.size:
        fields.pop("size", None)
        fields |= _by_name(request)
    if request.seed is not None and kind.heeds is None:
        fields["seed"] = request.seed + first
    if streams:
        fields |= {"stream": True, "partial_images": request.partial_images}
    lost = quirks.apply(image_quirks, fields)
    dropped = tuple(sorted({*unheeded(request, _heeded(request, kind, streams=streams)), *lost} - {"response_format"}))
    path = _PATHS[request.operation]
    if not request.pictures:
        return Sent(path, "application/json", _ENCODER.encode(fields), streams, n, dropped)
    form = written(tuple(_texts(fields)), tuple(_files(request)))
    return Sent(path, form.content_type, form.body, streams, n, dropped)


def _heeded(request: ImageRequest, kind: Family, *, streams: bool) -> frozenset[str]:
    """Names of fields that reach this model; a server that is not OpenAI's own gets all of them."""
    heeded = request.asked if kind.heeds is None else kind.heeds
    if request.operation is Operation.IMAGE_VARY:
        heeded &= _VARIATION | request.extras.keys() if kind.heeds is None else _VARIATION
    if not request.pictures:
        heeded -= {"mask", "input_fidelity"} if kind.is_gpt else {"mask"}
    return heeded if streams else heeded - {"partial_images"}


def _fields(request: ImageRequest, model: str, kind: Family, n: int) -> Fields:
    is_variation = request.operation is Operation.IMAGE_VARY
    fields: Fields = {"model": model} if is_variation else {"model": model, "prompt": request.prompt}
    if n != 1:
        fields["n"] = n
    size = kind.size(request.size, request.aspect_ratio)
    if size is not None:
        fields["size"] = size
    if not kind.is_gpt:
        fields["response_format"] = "b64_json"  # bytes come inside the answer: links may be short-lived
    fields |= {name: value for name, value in _wishes(request, kind).items() if _takes(kind, name)}
    extras = {name: value for name, value in request.extras.items() if _takes(kind, name)}
    if is_variation:
        return {name: value for name, value in fields.items() if name in _VARIATION or name in _ALWAYS} | extras
    return fields | extras


def _by_name(request: ImageRequest) -> Fields:
    named: Fields = {"aspect_ratio": request.aspect_ratio} if request.aspect_ratio else {}
    return named | ({"resolution": request.size.lower()} if request.size in ("1K", "2K", "4K") else {})


_ALWAYS = ("model", "n", "response_format")


def _takes(kind: Family, name: str) -> bool:
    return kind.heeds is None or name in kind.heeds


def _wishes(request: ImageRequest, kind: Family) -> Fields:
    """What was asked beyond words and size, by its name on the wire."""
    wishes: Fields = {
        "background": request.background if request.background != "auto" else None,
        "quality": kind.qualities.get(request.quality, request.quality) if request.quality != "auto" else None,
        "output_format": request.output_format if "output_format" in request.asked else None,
        "output_compression": request.output_compression,
        "style": request.style or None,
        "negative_prompt": request.negative_prompt or None,
        "guidance_scale": request.guidance,
        "num_inference_steps" if "num_inference_steps" in request.asked else "steps": request.steps,
        "watermark": request.watermark,
        "user": request.user or None,
    }
    return {name: value for name, value in wishes.items() if value is not None}


def _texts(fields: Fields) -> list[tuple[str, str]]:
    """Fields as a form says them: texts plain, everything else as JSON."""
    found = []
    for name, value in fields.items():
        encoded = value if isinstance(value, str) else _ENCODER.encode(value).decode()
        if isinstance(value, msgspec.Raw) and encoded.startswith('"'):
            encoded = msgspec.json.decode(encoded, type=str)
        found.append((name, encoded))
    return found


def _files(request: ImageRequest) -> list[FilePart]:
    pictures = request.pictures[:1] if request.operation is Operation.IMAGE_VARY else request.pictures
    name = "image" if len(pictures) == 1 else "image[]"
    files = [_file(name, f"image-{number}", picture) for number, picture in enumerate(pictures, 1)]
    return files if request.mask is None else [*files, _file("mask", "mask", request.mask)]


def _file(name: str, stem: str, picture: Picture) -> FilePart:
    return FilePart(name, f"{stem}.{EXTENSIONS.get(picture.mime, 'bin')}", picture.mime, picture.data)
