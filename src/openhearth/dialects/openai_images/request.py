"""The canonical picture request in OpenAI's form: JSON to make a picture, a multipart form to change one."""

import secrets

import msgspec

from openhearth.core.media import ImageRequest, Picture
from openhearth.core.pictures import EXTENSIONS

_ENCODER = msgspec.json.Encoder()
_GPT = ("gpt-image", "chatgpt-image")
_ONLY_ELSEWHERE = ("seed", "seen", "guidance_scale", "watermark")
Value = str | int | float | bool


class Sent(msgspec.Struct, frozen=True):
    """A body ready to go, and what of the request it does not hold."""

    path: str
    content_type: str
    body: bytes
    streams: bool
    dropped: tuple[str, ...]


def encode(request: ImageRequest, model: str) -> Sent:
    """The request for ``model``. The wire knows no seed or guidance for GPT image models: those are reported."""
    is_gpt = model.startswith(_GPT)
    streams = is_gpt and request.partial_images > 0
    fields = _fields(request, model, is_gpt=is_gpt, streams=streams)
    dropped = tuple(sorted(request.asked.intersection(_ONLY_ELSEWHERE))) if is_gpt else ()
    if request.partial_images and not streams:
        dropped = (*dropped, "partial_images")
    if not request.pictures:
        return Sent("/images/generations", "application/json", _ENCODER.encode(fields), streams, dropped)
    boundary = f"openhearth{secrets.token_hex(16)}"
    body = _form(fields, request.pictures, request.mask, boundary)
    return Sent("/images/edits", f"multipart/form-data; boundary={boundary}", body, streams, dropped)


def _fields(request: ImageRequest, model: str, *, is_gpt: bool, streams: bool) -> dict[str, Value]:
    fields: dict[str, Value] = {"model": model, "prompt": request.prompt}
    if request.n != 1:
        fields["n"] = request.n
    free = {"size": request.size, "background": request.background, "quality": request.quality}
    fields |= {name: value for name, value in free.items() if value != "auto"}
    if "output_format" in request.asked:
        fields["output_format"] = request.output_format
    if request.output_compression is not None:
        fields["output_compression"] = request.output_compression
    if request.user:
        fields["user"] = request.user
    if streams:
        fields |= {"stream": True, "partial_images": request.partial_images}
    return fields if is_gpt else fields | _beyond_gpt(request)


def _beyond_gpt(request: ImageRequest) -> dict[str, Value]:
    """Fields that other servers with this wire form know. Bytes come inside the answer: links may be short-lived."""
    fields: dict[str, Value] = {"response_format": "b64_json"}
    if request.seed is not None:
        fields["seed"] = request.seed
    if request.guidance is not None:
        fields["guidance_scale"] = request.guidance
    if request.watermark is not None:
        fields["watermark"] = request.watermark
    return fields


def _form(fields: dict[str, Value], pictures: tuple[Picture, ...], mask: Picture | None, boundary: str) -> bytes:
    edge = f"--{boundary}\r\n"
    parts: list[bytes] = []
    for name, value in fields.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        parts.append(f'{edge}Content-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode())
    name = "image" if len(pictures) == 1 else "image[]"
    files = [(name, f"image-{number}", picture) for number, picture in enumerate(pictures, 1)]
    if mask is not None:
        files.append(("mask", "mask", mask))
    for name, filename, picture in files:
        ending = EXTENSIONS.get(picture.mime, "bin")
        head = f'{edge}Content-Disposition: form-data; name="{name}"; filename="{filename}.{ending}"\r\n'
        parts += [head.encode(), f"Content-Type: {picture.mime}\r\n\r\n".encode(), picture.data, b"\r\n"]
    parts.append(f"--{boundary}--\r\n".encode())
    return b"".join(parts)
