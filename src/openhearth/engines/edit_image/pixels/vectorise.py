"""A picture as an SVG of flat shapes. Colours are reduced first: a photograph traced as it is would weigh more than
the photograph."""

import io
import re
from functools import cache

import cv2
import msgspec
import numpy as np
from PIL import Image

from openhearth.engines.edit_image.pixels.layers import Colours, at_most, blurred, colours_of, to_bytes, to_floats
from openhearth.engines.edit_image.ports import Pixels

_MOST_BYTES = 3_000_000
_FILL = re.compile(r'fill="#([0-9A-Fa-f]{6})"')


class _Try(msgspec.Struct, frozen=True):
    """``speck`` is the side in pixels below which a spot is dropped."""

    pixels: int
    colours: int
    speck: int


_TRIES = (_Try(1_000_000, 32, 4), _Try(600_000, 20, 8), _Try(250_000, 12, 12), _Try(60_000, 8, 16))


def to_svg(pixels: Pixels) -> bytes:
    """An SVG document shown at the picture's own size, at most a few megabytes."""
    svg = b""
    for attempt in _TRIES:
        svg = _traced(pixels, attempt)
        if len(svg) <= _MOST_BYTES:
            break
    return svg


def _traced(pixels: Pixels, attempt: _Try) -> bytes:
    import vtracer

    small = at_most(colours_of(pixels), attempt.pixels)
    solid = cv2.resize(pixels[..., 3], small.shape[1::-1], interpolation=cv2.INTER_AREA) > 127
    reduced, palette = _reduced(small if _is_flat(small) else _smoothed(small), attempt.colours)
    out = io.BytesIO()
    Image.fromarray(np.dstack([reduced, np.where(solid, 255, 0).astype(np.uint8)])).save(out, "PNG", compress_level=1)
    drawn: str = vtracer.convert_raw_image_to_svg(
        out.getvalue(),
        img_format="png",
        colormode="color",
        mode="spline",
        filter_speckle=attempt.speck,
        color_precision=8,
        layer_difference=1,
        path_precision=1,
    )
    return _framed(_in_palette(drawn, palette), small.shape[1::-1], pixels.shape[1::-1])


def _is_flat(colours: Colours) -> bool:
    """True for drawings and logos, whose edges must not be softened."""
    sample = colours[::3, ::3].reshape(-1, 3) >> 3
    return len(np.unique(sample, axis=0)) < 200


def _smoothed(colours: Colours) -> Colours:
    soft = cv2.bilateralFilter(colours, 7, 40, 5)
    return to_bytes(blurred(to_floats(np.asarray(soft, dtype=np.uint8)), 0.7))


def _reduced(colours: Colours, count: int) -> tuple[Colours, Colours]:
    """To at most ``count`` colours, chosen by k-means in Lab (the same ones each time), and those colours."""
    lab = cv2.cvtColor(to_floats(colours), cv2.COLOR_RGB2LAB).reshape(-1, 3)
    sample = np.ascontiguousarray(lab[:: max(1, len(lab) // 40_000)])
    if len(sample) == 1:  # k-means takes a single row for many samples of one number
        sample = np.repeat(sample, 2, axis=0)
    count = min(count, len(np.unique(sample.round(), axis=0)))
    cv2.setRNGSeed(1)
    _, _, centres = cv2.kmeans(
        sample,
        count,
        np.empty(0),
        (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 0.5),
        2,
        cv2.KMEANS_PP_CENTERS,
    )
    nearest = np.empty(len(lab), dtype=np.intp)
    for start in range(0, len(lab), 65_536):
        part = lab[start : start + 65_536]
        nearest[start : start + 65_536] = ((part[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
    palette = to_bytes(cv2.cvtColor(centres[None].astype(np.float32), cv2.COLOR_LAB2RGB)[0])
    return palette[nearest].reshape(colours.shape), palette


def _in_palette(svg: str, palette: Colours) -> str:
    """The tracer averages the colours of what it joins; each is brought back to the nearest of the palette."""
    wide = palette.astype(int)

    @cache
    def nearest(shade: str) -> str:
        rgb = np.array([int(shade[at : at + 2], 16) for at in (0, 2, 4)])
        red, green, blue = palette[((wide - rgb) ** 2).sum(axis=1).argmin()]
        return f'fill="#{red:02x}{green:02x}{blue:02x}"'

    return _FILL.sub(lambda found: nearest(found[1]), svg)


def _framed(svg: str, traced: tuple[int, ...], shown: tuple[int, ...]) -> bytes:
    """The traced shapes under a view box, so that the drawing has the picture's size."""
    body = svg[svg.index("<svg") :]
    shapes = body[body.index(">") + 1 :]
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{shown[0]}" height="{shown[1]}" '
        f'viewBox="0 0 {traced[0]} {traced[1]}">{shapes}'
    ).encode()
