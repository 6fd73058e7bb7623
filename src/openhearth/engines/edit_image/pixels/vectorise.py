"""A picture as an SVG of flat shapes. Colours are reduced first: a photograph traced as it is would weigh more than
the photograph."""

import io

import cv2
import numpy as np
from PIL import Image

from openhearth.engines.edit_image.pixels.layers import Colours, at_most, blurred, colours_of, to_bytes, to_floats
from openhearth.engines.edit_image.ports import Pixels

_TRACED_PIXELS = 1_000_000
_MOST_BYTES = 3_000_000
_TRIES = ((32, 4), (20, 8), (12, 12), (8, 16))  # colours, size in pixels below which a speck is dropped


def to_svg(pixels: Pixels) -> bytes:
    """An SVG document shown at the picture's own size, at most a few megabytes."""
    import vtracer

    height, width = pixels.shape[:2]
    alpha = pixels[..., 3]
    small = at_most(colours_of(pixels), _TRACED_PIXELS)
    solid = cv2.resize(alpha, small.shape[1::-1], interpolation=cv2.INTER_AREA) > 127
    smooth = small if _is_flat(small) else _smoothed(small)
    svg = b""
    for count, speck in _TRIES:
        reduced = np.dstack([_reduced(smooth, count), np.where(solid, 255, 0).astype(np.uint8)])
        out = io.BytesIO()
        Image.fromarray(reduced).save(out, "PNG", compress_level=1)
        traced = vtracer.convert_raw_image_to_svg(
            out.getvalue(),
            img_format="png",
            colormode="color",
            mode="spline",
            filter_speckle=speck,
            color_precision=8,
            layer_difference=1,
            path_precision=1,
        )
        svg = _framed(traced, small.shape[1::-1], (width, height))
        if len(svg) <= _MOST_BYTES:
            break
    return svg


def _is_flat(colours: Colours) -> bool:
    """True for drawings and logos, whose edges must not be softened."""
    sample = colours[::3, ::3].reshape(-1, 3) >> 3
    return len(np.unique(sample, axis=0)) < 200


def _smoothed(colours: Colours) -> Colours:
    soft = cv2.bilateralFilter(colours, 7, 40, 5)
    return to_bytes(blurred(to_floats(np.asarray(soft, dtype=np.uint8)), 0.7))


def _reduced(colours: Colours, count: int) -> Colours:
    """To at most ``count`` colours, chosen by k-means in Lab (the same ones each time)."""
    lab = cv2.cvtColor(to_floats(colours), cv2.COLOR_RGB2LAB).reshape(-1, 3)
    sample = np.ascontiguousarray(lab[:: max(1, len(lab) // 40_000)])
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
    palette = cv2.cvtColor(centres[None].astype(np.float32), cv2.COLOR_LAB2RGB)[0]
    return to_bytes(palette)[nearest].reshape(colours.shape)


def _framed(svg: str, traced: tuple[int, int], shown: tuple[int, int]) -> bytes:
    """The traced shapes under a view box, so that the drawing has the picture's size."""
    body = svg[svg.index("<svg") :]
    shapes = body[body.index(">") + 1 :]
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{shown[0]}" height="{shown[1]}" '
        f'viewBox="0 0 {traced[0]} {traced[1]}">{shapes}'
    ).encode()
