"""One request from its bytes to the result's bytes; what can be checked before any pixel is decoded comes first."""

from collections.abc import Callable

import msgspec

from openhearth.core.errors import RequestError
from openhearth.engines.edit_image import telling
from openhearth.engines.edit_image.execute import Executor, Given, Seen, Told, box_of, check_mask_fits
from openhearth.engines.edit_image.frames import Progress, Result
from openhearth.engines.edit_image.open import open_picture, read_header
from openhearth.engines.edit_image.pixels.shape import fitted
from openhearth.engines.edit_image.plan import EditRequest, Op, Plan, Vectorise
from openhearth.engines.edit_image.ports import Parser
from openhearth.engines.edit_image.save import MIMES, save_picture

_PREVIEW_SIDE = 1024
_PREVIEW_QUALITY = 80

_DECODER = msgspec.msgpack.Decoder(EditRequest)


def read_request(body: bytes) -> EditRequest:
    """The body of ``POST /edit``. Raises RequestError."""
    try:
        return _DECODER.decode(body)
    except msgspec.DecodeError as error:
        raise RequestError(f"The edit request is malformed: {error}") from error


def planned(request: EditRequest, parse: Parser, *, most_pixels: int) -> Plan:
    """The plan of a request that can be begun. Raises RequestError for all that is known without decoding."""
    if not request.pictures:
        raise RequestError("Editing needs a picture. 请提供一张图片。", code="missing_picture", param="image")
    if request.output_format not in MIMES:
        raise RequestError(
            f"'output_format' is png, jpeg, webp or svg, not '{request.output_format[:40]}'.",
            code="output_format_unsupported",
            param="output_format",
        )
    box_of(request.size)
    for picture in request.pictures:
        read_header(picture, most_pixels=most_pixels)
    if request.mask is not None:
        read_header(request.mask, most_pixels=most_pixels, param="mask")
    plan = Plan(request.steps) if request.steps is not None else _parsed(request, parse)
    if request.output_format == "svg" and not any(isinstance(step, Vectorise) for step in plan.steps):
        plan = Plan((*plan.steps, Vectorise()))
    if request.mask is not None:
        check_mask_fits(plan)
    return plan


def _parsed(request: EditRequest, parse: Parser) -> Plan:
    return parse(request.instruction, pictures=len(request.pictures))


class Previews:
    """The pictures of an edit under way: after its first ``most`` steps, not after the last, which gives the result.

    They are small, so that watching costs little of the time an edit has.
    """

    def __init__(self, plan: Plan, *, most: int, output_format: str) -> None:
        self._left = min(most, len(plan.steps) - 1)
        self._format = "png" if output_format == "svg" else output_format
        self._data = b""

    def take(self, seen: Seen) -> None:
        if self._left <= 0:
            return
        self._left -= 1
        pixels = seen()
        if max(pixels.shape[:2]) > _PREVIEW_SIDE:
            pixels = fitted(pixels, _PREVIEW_SIDE, _PREVIEW_SIDE)
        self._data = save_picture(pixels, self._format, quality=_PREVIEW_QUALITY)

    def taken(self) -> tuple[str, bytes]:
        """Kind and file of the picture taken since the last call; both empty when none was."""
        data, self._data = self._data, b""
        return (MIMES[self._format], data) if data else ("", b"")


class Editor:
    """Edits with one executor, as the worker process does."""

    def __init__(self, parse: Parser, executor: Executor, *, most_pixels: int) -> None:
        self._parse = parse
        self._executor = executor
        self._most_pixels = most_pixels

    def edit(self, request: EditRequest, report: Callable[[Progress], None]) -> Result:
        """The whole edit; ``report`` hears of each finished stage. Raises RequestErrors."""
        plan = planned(request, self._parse, most_pixels=self._most_pixels)
        chinese = telling.is_chinese(request.instruction)
        previews = Previews(plan, most=request.partial_images, output_format=request.output_format)

        def say(done: int, total: int, text: str) -> None:
            report(Progress(done, total, text, *previews.taken()))

        told = Told(plan, say, chinese=chinese)

        def finished(step: Op, seen: Seen) -> None:
            previews.take(seen)
            told.step(step)

        given = self._opened(request)
        told.tell(telling.opened(given.picture.shape[1], given.picture.shape[0]))
        done = self._executor.run(plan, given, finished)
        height, width = done.pixels.shape[:2]
        output_format = "svg" if done.svg else request.output_format
        data = done.svg or save_picture(done.pixels, output_format, quality=min(100, max(1, request.quality)))
        told.tell(telling.saved(width, height))
        note = telling.in_language(telling.NOTE, chinese=chinese)
        return Result(MIMES[output_format], width, height, done.operations, note, request.seed, data)

    def _opened(self, request: EditRequest) -> Given:
        most = self._most_pixels
        picture, *others = [open_picture(data, most_pixels=most) for data in request.pictures]
        mask = open_picture(request.mask, most_pixels=most, param="mask") if request.mask is not None else None
        return Given(picture, others, mask, request.size)
