"""One request from its bytes to the result's bytes; what can be checked before any pixel is decoded comes first."""

from collections.abc import Callable

import msgspec

from openhearth.core.errors import RequestError
from openhearth.engines.edit_image import telling
from openhearth.engines.edit_image.execute import Executor, Given, Told, box_of, check_mask_fits
from openhearth.engines.edit_image.frames import Progress, Result
from openhearth.engines.edit_image.open import open_picture, read_header
from openhearth.engines.edit_image.plan import EditRequest, Plan, Vectorise
from openhearth.engines.edit_image.ports import Parser
from openhearth.engines.edit_image.save import MIMES, save_picture

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
    plan = parse(request.instruction, pictures=len(request.pictures))
    if request.output_format == "svg" and not any(isinstance(step, Vectorise) for step in plan.steps):
        plan = Plan((*plan.steps, Vectorise()))
    if request.mask is not None:
        check_mask_fits(plan)
    return plan


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
        told = Told(plan, lambda done, total, text: report(Progress(done, total, text)), chinese=chinese)
        given = self._opened(request)
        told.tell(telling.opened(given.picture.shape[1], given.picture.shape[0]))
        done = self._executor.run(plan, given, told.step)
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
