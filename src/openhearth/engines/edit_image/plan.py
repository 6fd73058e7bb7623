"""The vocabulary between understanding an instruction and changing pixels.

The instruction parser (``words``) produces a ``Plan``; the executor (``work``) runs it. Nothing else passes between
them. Coordinates and sizes are in pixels of the picture as shown (EXIF rotation applied); amounts are -1 … 1.
"""

import msgspec

from openhearth.core.errors import RequestError


class Colour(msgspec.Struct, frozen=True):
    """A named colour. ``rgb`` is the asked tone (0–255), ``name`` as the instruction wrote it."""

    name: str
    rgb: tuple[int, int, int]


class Who(msgspec.Struct, frozen=True):
    """Which people are meant. ``index`` counts faces from the left, 1-based; None with side None means all.

    ``side`` is ``left``, ``right``, ``middle`` or None. ``gender`` is kept only to say clearly that the editor
    cannot tell genders apart (the parser refuses it).
    """

    index: int | None = None
    side: str | None = None


EVERYONE = Who()


class Recolour(msgspec.Struct, frozen=True, tag_field="op", tag="recolour"):
    """``part``: top, trousers, outfit (all clothes), hair, lips."""

    part: str
    colour: Colour
    who: Who = EVERYONE


class Wear(msgspec.Struct, frozen=True, tag_field="op", tag="wear"):
    """``item``: sunglasses, glasses, hat, mask. Without a colour the item has its usual one."""

    item: str
    colour: Colour | None = None
    who: Who = EVERYONE


class Background(msgspec.Struct, frozen=True, tag_field="op", tag="background"):
    """``action``: remove (transparent), colour, replace (by another given picture, 1-based ``picture``), blur."""

    action: str
    colour: Colour | None = None
    picture: int = 2
    amount: float = 0.5


class Style(msgspec.Struct, frozen=True, tag_field="op", tag="style"):
    """``kind``: black_and_white, sepia, sketch, cartoon, oil."""

    kind: str


class Adjust(msgspec.Struct, frozen=True, tag_field="op", tag="adjust"):
    """``kind``: brightness, contrast, saturation, warmth, sharpen, denoise, blur. ``region``: all, background, sky.

    ``amount`` -1 … 1; 0.3 is a plain "a bit brighter".
    """

    kind: str
    amount: float
    region: str = "all"


class HideFaces(msgspec.Struct, frozen=True, tag_field="op", tag="hide_faces"):
    """``kind``: blur or pixelate."""

    kind: str
    who: Who = EVERYONE


class Crop(msgspec.Struct, frozen=True, tag_field="op", tag="crop"):
    """``ratio`` as (width, height) or None; ``around``: centre, person, face. At least one is given."""

    ratio: tuple[int, int] | None = None
    around: str = "centre"


class Rotate(msgspec.Struct, frozen=True, tag_field="op", tag="rotate"):
    """Clockwise degrees; multiples of 90 are exact, others enlarge the canvas with transparent corners."""

    degrees: float


class Flip(msgspec.Struct, frozen=True, tag_field="op", tag="flip"):
    """``axis``: horizontal (mirror left and right) or vertical."""

    axis: str


class Resize(msgspec.Struct, frozen=True, tag_field="op", tag="resize"):
    """To a size; one of both may be None (ratio kept); or by ``scale`` below 1."""

    width: int | None = None
    height: int | None = None
    scale: float | None = None


class Upscale(msgspec.Struct, frozen=True, tag_field="op", tag="upscale"):
    """``factor`` 2 or 4, by Real-ESRGAN."""

    factor: int


class AddText(msgspec.Struct, frozen=True, tag_field="op", tag="add_text"):
    """``position``: top, bottom, centre, top_left, top_right, bottom_left, bottom_right, tiled (a watermark all over).

    ``size`` is the letter height as a share of the picture's height. ``opacity`` below 1 for watermarks.
    """

    text: str
    position: str = "bottom"
    colour: Colour | None = None
    size: float = 0.06
    opacity: float = 1.0


class RemoveText(msgspec.Struct, frozen=True, tag_field="op", tag="remove_text"):
    """Remove a watermark or text found by OCR, by classical inpainting. ``only``: just lines holding this text.

    ``where``: just lines centred there: top, bottom, centre, top_left, top_right, bottom_left, bottom_right; "" is all.
    """

    only: str = ""
    where: str = ""


class Zoom(msgspec.Struct, frozen=True, tag_field="op", tag="zoom"):
    """Cut these shares (0 … 0.45) off the edges and enlarge the rest to the old size."""

    left: float = 0.0
    top: float = 0.0
    right: float = 0.0
    bottom: float = 0.0


class Expand(msgspec.Struct, frozen=True, tag_field="op", tag="expand"):
    """A larger canvas: by shares of the sides (0 … 2), then at least to ``ratio``. What is new invents nothing.

    ``fill``: mirror (the picture reflected and blurred with distance), blur (itself, enlarged and blurred), edge (the
    colours of its edge).
    """

    left: float = 0.0
    top: float = 0.0
    right: float = 0.0
    bottom: float = 0.0
    ratio: tuple[int, int] | None = None
    fill: str = "mirror"


class Vectorise(msgspec.Struct, frozen=True, tag_field="op", tag="vectorise"):
    """The answer is an SVG. Must be the last operation."""


Op = (
    Recolour
    | Wear
    | Background
    | Style
    | Adjust
    | HideFaces
    | Crop
    | Rotate
    | Flip
    | Resize
    | Upscale
    | AddText
    | RemoveText
    | Zoom
    | Expand
    | Vectorise
)


class Plan(msgspec.Struct, frozen=True):
    """Operations in the order they are to be done."""

    steps: tuple[Op, ...]


class NotUnderstood(RequestError):
    """Part of the instruction has no meaning here. ``message`` quotes ``words`` and lists what is known."""

    code = "instruction_not_understood"

    def __init__(self, message: str, words: tuple[str, ...]) -> None:
        super().__init__(message, param="prompt")
        self.words = words


class EditRequest(msgspec.Struct, frozen=True):
    """Body of ``POST /edit`` on the engine's socket, as MessagePack.

    ``steps``, when given, are done as they are; else ``instruction`` is understood first.
    ``pictures`` are encoded files, the first is edited, others serve as backgrounds. ``mask`` limits the change to
    its transparent (alpha 0) pixels, as in the OpenAI form. ``size`` ``auto`` keeps the picture's size, ``WxH``
    resizes the result into it. ``quality`` 1–100 for jpeg and webp. ``partial_images``: how many pictures to show of
    the edit under way, one after each of its first steps and none after the last.

    The answer is 400 with an error body before any work, or 200 ``text/event-stream`` with events
    ``progress`` {done, total, text, with a picture also mime and data (base64)}, then ``result`` {mime, width, height,
    operations, note, seed, data (base64)} or ``error`` (an error body). A comment line ``: waiting N`` says the place
    in the queue.
    """

    instruction: str
    pictures: tuple[bytes, ...]
    mask: bytes | None = None
    size: str = "auto"
    seed: int | None = None
    output_format: str = "png"
    quality: int = 90
    partial_images: int = 0
    steps: tuple[Op, ...] | None = None
