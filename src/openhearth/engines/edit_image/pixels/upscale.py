"""Enlarging by Real-ESRGAN on the CPU, in tiles that overlap so that no seam shows.

Two networks: the large one draws the finer detail and costs about fifty times as much. It is taken when the time
left allows it, which its first tile measures; otherwise the light one, and the result says so. A picture that would
take longer than the time left is refused after its first tiles.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np

from openhearth.core.errors import EngineNotInstalled, TooLarge
from openhearth.engines.edit_image.pixels.layers import Colours, Floats, colours_of, to_bytes, to_floats
from openhearth.engines.edit_image.pixels.shape import resampled
from openhearth.engines.edit_image.plan import Upscale
from openhearth.engines.edit_image.ports import Pixels, Scene

_TILE = 160
_OVERLAP = 12
_SHARE_OF_TIME = 0.8  # of the time left; the rest is for the other steps and for saving
_PATIENCE_S = 40.0  # longer than that, nobody waits for finer detail
_HOPELESS_S_PER_PIXEL = 5e-4  # on one core; where this already says no, not even a tile of the large network is tried


class Network(msgspec.Struct, frozen=True):
    """A network of the ``upscale`` pack: file name and factor."""

    name: str
    factor: int


DETAILED = Network("realesrgan-x4plus", 4)
LIGHT = Network("realesr-animevideov3-x2", 2)


class Upscaler:
    """The operation. ``left_s`` tells how many seconds the edit may still take; ``remark`` records what was used."""

    def __init__(
        self,
        folder: Path,
        *,
        threads: int,
        left_s: Callable[[], float],
        remark: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._threads = threads
        self._left_s = left_s
        self._remark = remark
        self._clock = clock
        self._nets: dict[Network, Any] = {}

    def __call__(self, pixels: Pixels, step: Upscale, scene: Scene, others: list[Pixels]) -> Pixels:
        """×2 or ×4; transparency is enlarged by Lanczos. Raises TooLarge (``picture_too_large_to_upscale``)."""
        height, width = pixels.shape[:2]
        colours = colours_of(pixels)
        large = self._detailed(colours)
        network = DETAILED if large is not None else LIGHT
        if large is None:
            large = self._light(colours, step.factor)
        self._remark(network.name)
        size = (width * step.factor, height * step.factor)
        if large.shape[1::-1] != size:
            large = np.asarray(cv2.resize(large, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        if int(pixels[..., 3].min()) == 255:
            return np.dstack([large, np.full(large.shape[:2], 255, np.uint8)])
        return np.dstack([large, resampled(pixels, *size)[..., 3]])

    def _detailed(self, colours: Colours) -> Colours | None:
        budget_s = min(_PATIENCE_S, self._left_s() * _SHARE_OF_TIME)
        if colours.shape[0] * colours.shape[1] * _HOPELESS_S_PER_PIXEL / self._threads > budget_s:
            return None
        return self._tiled(colours, DETAILED, budget_s)

    def _light(self, colours: Colours, factor: int) -> Colours:
        budget_s = self._left_s() * _SHARE_OF_TIME
        passes = 1 if factor == 2 else 2
        large: Colours | None = colours
        for done in range(passes):
            rest = 1 if done + 1 == passes else 5  # a second pass has four times the pixels of the first
            large = self._tiled(large, LIGHT, budget_s / rest) if large is not None else None
        if large is None:
            height, width = colours.shape[:2]
            raise TooLarge(
                f"Enlarging {width} × {height} pixels ×{factor} would take longer than the {budget_s:,.0f} s left "
                "for it on this machine. Make the picture smaller first, or crop it. "
                "图片太大，来不及放大，请先缩小或裁剪。",
                code="picture_too_large_to_upscale",
                param="prompt",
            )
        return large

    def _tiled(self, colours: Colours, network: Network, budget_s: float) -> Colours | None:
        """The enlarged picture, or None when the first tiles show that it would not be ready in time."""
        height, width = colours.shape[:2]
        scale = network.factor
        out = np.empty((height * scale, width * scale, 3), np.uint8)
        net = self._loaded(network)
        begun, done_pixels, all_pixels = self._clock(), 0, height * width
        for y0, y1, x0, x1 in _tiles(height, width):
            top, left = max(0, y0 - _OVERLAP), max(0, x0 - _OVERLAP)
            bottom, right = min(height, y1 + _OVERLAP), min(width, x1 + _OVERLAP)
            tile = self._run(net, colours[top:bottom, left:right])
            inner = tile[(y0 - top) * scale : (y1 - top) * scale, (x0 - left) * scale : (x1 - left) * scale]
            out[y0 * scale : y1 * scale, x0 * scale : x1 * scale] = to_bytes(inner)
            done_pixels += (y1 - y0) * (x1 - x0)
            if (self._clock() - begun) * all_pixels / done_pixels > budget_s and done_pixels < all_pixels:
                return None
        return out

    def _run(self, net: Any, colours: Colours) -> Floats:
        """One tile through the network, then corrected so that shrinking it gives the tile again (back-projection)."""
        import ncnn

        small = to_floats(colours)
        planes = np.ascontiguousarray(small.transpose(2, 0, 1))  # must outlive the Mat, which only points into it
        extractor = net.create_extractor()
        extractor.input("data", ncnn.Mat(planes))
        _, result = extractor.extract("output")
        large = np.ascontiguousarray(np.array(result, dtype=np.float32).transpose(1, 2, 0))
        missed = small - np.asarray(cv2.resize(large, small.shape[1::-1], interpolation=cv2.INTER_AREA))
        return large + np.asarray(cv2.resize(missed, large.shape[1::-1], interpolation=cv2.INTER_CUBIC), np.float32)

    def _loaded(self, network: Network) -> Any:
        if network not in self._nets:
            import ncnn

            if not (self._folder / f"{network.name}.bin").is_file():
                raise EngineNotInstalled(
                    "The model for enlarging is not installed. Run: openhearth packs fetch upscale 放大模型未安装。"
                )

            net = ncnn.Net()
            net.opt.num_threads = self._threads
            net.opt.use_vulkan_compute = False
            net.opt.openmp_blocktime = 0  # threads that spin while waiting halve the speed of a shared machine
            net.load_param(str(self._folder / f"{network.name}.param"))
            net.load_model(str(self._folder / f"{network.name}.bin"))
            self._nets[network] = net
        return self._nets[network]


def _tiles(height: int, width: int) -> Iterator[tuple[int, int, int, int]]:
    """y0, y1, x0, x1 of tiles of nearly equal size that cover the picture."""
    rows, columns = -(-height // _TILE), -(-width // _TILE)
    for row in range(rows):
        for column in range(columns):
            yield (
                height * row // rows,
                height * (row + 1) // rows,
                width * column // columns,
                width * (column + 1) // columns,
            )
