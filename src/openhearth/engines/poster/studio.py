"""Pictures of an order: design, drawing, file. The work runs in a thread and can be stopped between shapes."""

import io
from collections.abc import Callable

import msgspec
from PIL import Image

from openhearth.engines.poster import words
from openhearth.engines.poster.design import Design, Wish, design
from openhearth.engines.poster.order import Order
from openhearth.engines.poster.raster import Fonts, Pixels, render
from openhearth.engines.poster.scene import Scene
from openhearth.engines.poster.svg import write
from openhearth.engines.poster.typeset import Setter

NOTE = (
    "程序化排版海报：由代码按提示词排字、选色、绘制图形，不是扩散模型，不会画出照片般的内容。"
    "Procedural poster: code set the words, chose colours and drew shapes; no diffusion model, nothing photographic."
)
_GRAIN = {"low": 0.0, "medium": 2.0}
_USUAL_GRAIN = 3.0

Check = Callable[[], None]


class Stopped(Exception):
    """The client left: the drawing was given up."""


class Made(msgspec.Struct, frozen=True):
    """One finished picture. ``told`` says what it shows; ``warning`` (may be empty) what of the text is missing."""

    data: bytes
    width: int
    height: int
    seed: int
    told: str
    warning: str


class Studio:
    """Draws with the given fonts. Not for two threads at once."""

    def __init__(self, fonts: Fonts) -> None:
        self._fonts = fonts
        self._setter = Setter(fonts)

    def designed(self, order: Order, number: int, check: Check) -> Design:
        """The scene of the ``number``-th picture (from 0); each counts the seed up. Raises what ``check`` raises."""
        check()
        width, height = order.box(words.read(order.prompt).shape)
        wish = Wish(
            prompt=order.prompt,
            width=width,
            height=height,
            seed=order.seed + number,
            negative=order.negative,
            is_clear=order.is_clear,
            style=order.style,
            grain=0.0 if order.is_clear else _GRAIN.get(order.quality, _USUAL_GRAIN),
        )
        return design(wish, self._setter)

    def make(self, order: Order, plan: Design, check: Check) -> Made:
        """The picture of a design as a file. Raises what ``check`` raises."""
        scene = plan.scene
        if order.output_format == "svg":
            data = write(scene)
        else:
            data = _file(render(scene, self._fonts, fine=order.fine, check=check), order)
        return Made(data, scene.width, scene.height, plan.seed, _told(plan), _warning(plan))

    def partial(self, order: Order, plan: Design, part: int, check: Check) -> bytes:
        """The picture after ``part`` of ``order.partial_images + 1`` stages, as a file of the same kind."""
        scene = plan.scene
        count = max(1, len(scene.items) * part // (order.partial_images + 1))
        early = Scene(scene.width, scene.height, scene.items[:count])
        return write(early) if order.output_format == "svg" else _file(render(early, self._fonts, check=check), order)


def _file(pixels: Pixels, order: Order) -> bytes:
    out = io.BytesIO()
    image = Image.fromarray(pixels)
    if not order.is_clear:
        image = image.convert("RGB")
    if order.output_format == "png":
        image.save(out, "PNG", compress_level=6)
    elif order.output_format == "jpeg":
        quality = max(1, order.compression)
        image.save(out, "JPEG", quality=quality, subsampling=0 if quality >= 90 else 2)
    else:
        image.save(out, "WEBP", quality=order.compression, method=4)
    return out.getvalue()


def _told(plan: Design) -> str:
    title = f"“{plan.title}”" if plan.title else "A picture without words"
    return (
        f"{title}, a procedural poster (no diffusion model): palette {plan.palette}, art {plan.art}, "
        f"layout {plan.layout}, seed {plan.seed}."
    )


def _warning(plan: Design) -> str:
    said = []
    if plan.unset:
        shown = " ".join(plan.unset[:20])
        said.append(f"字体中没有这些字符，已略去 the fonts have no sign for: {shown}")
    if plan.is_cut:
        said.append("文字太长，末尾以省略号代替 the text is too long for this size, its end is an ellipsis")
    return "; ".join(said)
