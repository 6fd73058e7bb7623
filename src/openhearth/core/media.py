"""Canonical picture work: one request form for every way in and every provider behind.

The OpenAI image shape is the canonical one; what only some providers know travels in the same value and is
reported when a target cannot honour it.
"""

from collections.abc import AsyncIterator
from typing import Protocol

import msgspec

from openhearth.core.operations import Operation
from openhearth.core.provider import Target


class Picture(msgspec.Struct, frozen=True):
    """A picture to work on. ``source`` is what its lineage names: an ``img_`` or ``file_`` id, a URL, or ``data``."""

    data: bytes
    mime: str
    source: str


class ImageRequest(msgspec.Struct, frozen=True):
    """What is asked of an image model.

    ``size`` is ``auto``, ``WxH``, ``1K``, ``2K``, ``4K`` or ``adaptive``; ``aspect_ratio`` is ``W:H`` or empty.
    ``output_format`` is ``png``, ``jpeg``, ``webp``, ``gif`` or ``svg``. ``tool`` names a picture tool, when the
    operation is one. ``extras`` are further fields of the client, as JSON, for targets that speak its own form.
    ``asked`` are the names of all fields the client sent; those a target cannot honour are reported.
    """

    operation: Operation
    model: str
    prompt: str
    pictures: tuple[Picture, ...] = ()
    mask: Picture | None = None
    n: int = 1
    size: str = "auto"
    aspect_ratio: str = ""
    seed: int | None = None
    output_format: str = "png"
    output_compression: int | None = None
    background: str = "auto"
    quality: str = "auto"
    guidance: float | None = None
    steps: int | None = None
    negative_prompt: str = ""
    style: str = ""
    watermark: bool | None = None
    partial_images: int = 0
    user: str = ""
    tool: str = ""
    extras: dict[str, msgspec.Raw] = {}
    asked: frozenset[str] = frozenset()


class ImageProgress(msgspec.Struct, frozen=True):
    """A stage of the work has finished. ``text`` is for people (Chinese and English side by side is fine)."""

    done: int
    total: int
    text: str
    partial: Picture | None = None


class MadePicture(msgspec.Struct, frozen=True):
    """A result. ``operations`` is a list of JSON-able values saying what was done (empty when unknown)."""

    data: bytes
    mime: str
    width: int
    height: int
    operations: tuple[object, ...] = ()
    seed: int | None = None
    revised_prompt: str = ""


class ImagesDone(msgspec.Struct, frozen=True):
    """The last event: token usage if the provider reported any, and fields that could not be carried over."""

    input_tokens: int = 0
    output_tokens: int = 0
    dropped: tuple[str, ...] = ()
    note: str = ""


ImageEvent = ImageProgress | MadePicture | ImagesDone


class ImageDriver(Protocol):
    """How one dialect does picture work on a target (``providers/<name>/images.py``).

    ``make`` yields progress and results as they come, and ``ImagesDone`` last. It raises GatewayErrors
    (UpstreamRejected, Moderated, UpstreamBusy …) and never answers with another model's picture. Closing the
    iterator aborts the work upstream at once.
    """

    def make(self, target: Target, request: ImageRequest) -> AsyncIterator[ImageEvent]: ...
