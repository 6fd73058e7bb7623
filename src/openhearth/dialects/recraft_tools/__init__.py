"""Recraft's picture tools: a path per tool, a form with the file, an answer with one picture (its API reference)."""

import msgspec

from openhearth.core.errors import (
    GatewayError,
    Moderated,
    UpstreamBusy,
    UpstreamDown,
    UpstreamGarbled,
    UpstreamRefusedUs,
    UpstreamRejected,
    UpstreamTimeout,
)
from openhearth.core.form import FilePart, Form, written
from openhearth.core.media import Picture
from openhearth.core.picture_tools import Tool
from openhearth.core.pictures import EXTENSIONS

PATHS = {
    Tool.VECTORIZE: "/images/vectorize",
    Tool.CLARITY: "/images/crispUpscale",
    Tool.SUPER_RESOLUTION: "/images/generativeUpscale",
    Tool.MATTING: "/images/removeBackground",
}
_REFUSED_CONTENT = frozenset({"content_policy_violation", "moderation_blocked", "nsfw_content"})


class Shown(msgspec.Struct):
    """A link, or the bytes in base64."""

    url: str = ""
    b64_json: str = ""


class Answer(msgspec.Struct):
    """``{"image": {"url": …}}``."""

    image: Shown


class Fault(msgspec.Struct):
    """``{"code": …, "message": …}``."""

    code: str | int = ""
    message: str = ""


_ANSWER = msgspec.json.Decoder(Answer)
_FAULT = msgspec.json.Decoder(Fault)


def encode(picture: Picture) -> Form:
    """The form of every tool: the file, and that bytes are wanted (links are short-lived)."""
    filename = f"image.{EXTENSIONS.get(picture.mime, 'bin')}"
    return written((("response_format", "b64_json"),), (FilePart("file", filename, picture.mime, picture.data),))


def read_answer(body: bytes, name: str) -> Shown:
    """The picture of a 200 body. Raises UpstreamGarbled."""
    try:
        return _ANSWER.decode(body).image
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UpstreamGarbled(f"{name} answered something that is not Recraft's form.", target=name) from error


def refusal(status: int, body: bytes, name: str, retry_after_s: float | None) -> GatewayError:
    """The error of an answer with a status other than 200: by status, then by code."""
    try:
        fault = _FAULT.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        fault = Fault()
    if fault.code in _REFUSED_CONTENT:
        return Moderated(f"{name} refused the content ({fault.code}): {fault.message}"[:2000])
    if status in (401, 402, 403):
        return UpstreamRefusedUs(f"{name} refused our credential ({status}).", target=name, upstream_status=status)
    if status in (429, 529):
        wait_s = retry_after_s or 1.0
        return UpstreamBusy(f"{name} is busy ({status}).", target=name, upstream_status=status, retry_after_s=wait_s)
    if status in (408, 504):
        return UpstreamTimeout(f"{name} answered {status}.", target=name, upstream_status=status)
    if status >= 500:
        return UpstreamDown(f"{name} failed ({status}).", target=name, upstream_status=status)
    said = fault.message or "the request was refused"
    return UpstreamRejected(
        f"{name}: {said} ({fault.code or status})"[:2000], target=name, upstream_status=status, body=body
    )
