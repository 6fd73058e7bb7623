"""Continuing a picture over holes, without a network.

Thin or flat places are closed from their edges (Telea, "An image inpainting technique based on the fast marching
method", 2004). Over texture that would smear: there the hole takes the best matching pieces of its surroundings,
coarse to fine (Wexler, Shechtman and Irani, "Space-time completion of video", 2007), found by random search
(Barnes and others, "PatchMatch", 2009).
"""

import math

import cv2
import numpy as np
import numpy.typing as npt

from openhearth.engines.edit_image.pixels.layers import Colours, Floats, blurred

Region = npt.NDArray[np.bool_]
Spots = npt.NDArray[np.intp]

_REACH = 3  # a piece is 7 × 7
_COARSEST = 24
_EASY = 4.0  # pixels to the edge of a hole that needs no texture
_PLAIN = 5.0  # steps of 255; less texture than that is better continued smoothly
_MOST_SPOTS = 40_000  # pixels of a hole that are searched for one by one


def inpainted(colours: Colours, hole: Region, unusable: Region) -> Colours:
    """The picture with ``hole`` filled; everything else is exactly as it was.

    Nothing is taken from ``unusable`` (other holes). Deterministic.
    """
    if not hole.any():
        return colours
    filled = smoothed_over(colours, hole, unusable)
    depth = cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, 3)
    source = ~cv2.dilate((hole | unusable).astype(np.uint8), np.ones((2 * _REACH + 1,) * 2)).astype(bool)
    source[:_REACH] = source[-_REACH:] = False
    source[:, :_REACH] = source[:, -_REACH:] = False
    deepest = float(depth.max())
    easy = deepest <= _EASY or _texture(colours, hole | unusable, max(2.0, deepest / 2)) < _PLAIN
    if easy or int(source.sum()) < 200:
        return filled
    step = math.ceil(math.sqrt(float(hole.sum()) / _MOST_SPOTS))
    if step == 1:
        return _Completion(filled, hole, hole | unusable).run()[0]
    return _by_smaller_copy(filled, hole, hole | unusable, step)


def smoothed_over(colours: Colours, hole: Region, unusable: Region) -> Colours:
    """The hole closed from its edges alone, no piece of another place in it: what a face needs."""
    filled = cv2.inpaint(colours, (hole | unusable).astype(np.uint8), 3, cv2.INPAINT_TELEA)
    return np.where(hole[..., None], np.asarray(filled, dtype=np.uint8), colours)


def _by_smaller_copy(filled: Colours, hole: Region, unusable: Region, step: int) -> Colours:
    """Pieces are found on a copy ``step`` times smaller and taken from the large picture, so detail is not lost."""
    height, width = hole.shape
    edge = ((0, -height % step), (0, -width % step))
    small = cv2.resize(
        np.pad(filled, (*edge, (0, 0)), mode="edge"), None, fx=1 / step, fy=1 / step, interpolation=cv2.INTER_AREA
    )
    rows = (height + edge[0][1]) // step
    small_hole, small_unusable = (
        np.asarray(np.pad(region, edge).reshape(rows, step, -1, step).any(axis=(1, 3)), dtype=bool)
        for region in (hole, unusable)
    )
    done, match = _Completion(np.asarray(small, dtype=np.uint8), small_hole, small_unusable).run()
    y, x = np.nonzero(hole)
    theirs = match[y // step, x // step]
    their_y = np.minimum(theirs // small_hole.shape[1] * step + y % step, height - 1)
    their_x = np.minimum(theirs % small_hole.shape[1] * step + x % step, width - 1)
    usable = (theirs >= 0) & ~unusable[their_y, their_x]
    result = filled.copy()
    result[y, x] = np.where(usable[:, None], filled[their_y, their_x], done[y // step, x // step])
    return result


def _texture(colours: Colours, hole: Region, sigma: float) -> float:
    """How much the known pixels differ from their own neighbourhood, in steps of 255."""
    known = ~(cv2.dilate(hole.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0)
    grey = np.asarray(cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY), dtype=np.float32)
    away = np.abs(grey - blurred(grey, sigma))
    return float(away[known].mean()) if known.any() else 0.0


class _Completion:
    """One hole being filled, level by level."""

    def __init__(self, filled: Colours, hole: Region, unusable: Region) -> None:
        self._levels = [(filled.astype(np.float32), hole, unusable)]
        while min(self._levels[-1][1].shape) // 2 >= _COARSEST and self._depth() > 1.5:
            picture, inside, barred = self._levels[-1]
            size = ((inside.shape[1] + 1) // 2, (inside.shape[0] + 1) // 2)
            self._levels.append(
                (
                    np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.float32),
                    cv2.resize(inside.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.3,
                    cv2.resize(barred.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.0,
                )
            )
        self._chance = np.random.default_rng(7)

    def _depth(self) -> float:
        return float(cv2.distanceTransform(self._levels[-1][1].astype(np.uint8), cv2.DIST_L2, 3).max())

    def run(self) -> tuple[Colours, Spots]:
        """The filled picture, and for every pixel the flat index of the piece it was taken from (-1: none)."""
        finest, hole, _ = self._levels[0]
        before: Floats | None = None
        match: Spots | None = None
        for number, (picture, inside, barred) in reversed(list(enumerate(self._levels))):
            if before is not None:
                grown = cv2.resize(before, inside.shape[::-1], interpolation=cv2.INTER_CUBIC)
                picture = np.where(inside[..., None], grown, picture).astype(np.float32)
            level = _Level(picture, inside, barred, self._chance)
            if level.workable:
                picture, match = level.completed(match, rounds=1 if number == 0 else 4)
            before = picture
        done = np.clip((before if before is not None else finest) + 0.5, 0, 255).astype(np.uint8)
        nowhere = np.full(hole.shape, -1, dtype=np.intp)
        found = match if match is not None and match.shape == hole.shape else nowhere
        return np.where(hole[..., None], done, finest.astype(np.uint8)), found


class _Level:
    """One scale. ``spots`` are flat indexes of pixels whose piece touches the hole; each has a match elsewhere."""

    def __init__(self, picture: Floats, hole: Region, barred: Region, chance: np.random.Generator) -> None:
        self._picture, self._hole, self._chance = picture, hole, chance
        self._height, self._width = hole.shape
        window = np.ones((2 * _REACH + 1,) * 2, np.uint8)
        inner = np.zeros_like(hole)
        inner[_REACH:-_REACH, _REACH:-_REACH] = True
        self._source = inner & ~(cv2.dilate(barred.astype(np.uint8), window) > 0)
        self._spots = np.flatnonzero((cv2.dilate(hole.astype(np.uint8), window) > 0) & inner)
        self._sources = np.flatnonzero(self._source)
        steps = np.arange(-_REACH, _REACH + 1)
        self._piece = (steps[:, None] * self._width + steps[None]).ravel()

    @property
    def workable(self) -> bool:
        return len(self._sources) >= 50 and len(self._spots) > 0

    def completed(self, coarse: Spots | None, *, rounds: int) -> tuple[Floats, Spots]:
        """Picture and, for every pixel, the flat index of its match (for the next finer level)."""
        match = self._begin(coarse)
        flat = self._picture.reshape(-1, 3)
        error = self._errors(flat, match)
        for _ in range(rounds):
            for _ in range(2):
                match, error = self._searched(flat, match, error)
            self._vote(flat, match, error)
            error = self._errors(flat, match)
        field = np.full(self._height * self._width, -1, dtype=np.intp)
        field[self._spots] = match
        return self._picture, field.reshape(self._height, self._width)

    def _begin(self, coarse: Spots | None) -> Spots:
        match = self._chance.choice(self._sources, len(self._spots))
        if coarse is None:
            return np.asarray(match, dtype=np.intp)
        y, x = np.divmod(self._spots, self._width)
        theirs = coarse[np.minimum(y // 2, coarse.shape[0] - 1), np.minimum(x // 2, coarse.shape[1] - 1)]
        their_y, their_x = np.divmod(theirs, coarse.shape[1])
        guess = self._flat(their_y * 2 + y % 2, their_x * 2 + x % 2)
        good = (theirs >= 0) & self._source.ravel()[guess]
        return np.where(good, guess, match)

    def _flat(self, y: Spots, x: Spots) -> Spots:
        rows, columns = np.clip(y, 0, self._height - 1), np.clip(x, 0, self._width - 1)
        return np.asarray(rows * self._width + columns, dtype=np.intp)

    def _errors(self, flat: Floats, match: Spots) -> Floats:
        error = np.zeros(len(match), dtype=np.float32)
        for step in self._piece:
            difference = flat[self._spots + step] - flat[match + step]
            error += np.einsum("ij,ij->i", difference, difference)
        return error

    def _searched(self, flat: Floats, match: Spots, error: Floats) -> tuple[Spots, Floats]:
        """Better matches: those of the four neighbours moved along, then random ones nearer and nearer."""
        at = np.full(self._height * self._width, -1, dtype=np.intp)
        at[self._spots] = np.arange(len(self._spots))
        for step in (-1, 1, -self._width, self._width):
            neighbour = at[np.clip(self._spots + step, 0, len(at) - 1)]
            moved = match[neighbour] - step
            match, error = self._better(flat, match, error, np.where(neighbour >= 0, moved, match))
        radius = max(self._height, self._width) // 2
        while radius >= 1:
            y, x = np.divmod(match, self._width)
            shift = self._chance.integers(-radius, radius + 1, size=(2, len(match)))
            match, error = self._better(flat, match, error, self._flat(y + shift[0], x + shift[1]))
            radius //= 3
        return match, error

    def _better(self, flat: Floats, match: Spots, error: Floats, other: Spots) -> tuple[Spots, Floats]:
        allowed = self._source.ravel()[np.clip(other, 0, self._source.size - 1)] & (other != match)
        tried = np.where(allowed, other, match)
        their_error = self._errors(flat, tried)
        wins = their_error < error
        return np.where(wins, tried, match), np.where(wins, their_error, error)

    def _vote(self, flat: Floats, match: Spots, error: Floats) -> None:
        """Each pixel of the hole becomes the mean of what the pieces over it say, the good ones counting most."""
        weight = np.exp(-error / (2 * max(1.0, float(np.quantile(error, 0.6))))).astype(np.float32) + 1e-6
        total = np.zeros_like(flat)
        share = np.zeros(len(flat), dtype=np.float32)
        for step in self._piece:
            total[self._spots + step] += flat[match + step] * weight[:, None]
            share[self._spots + step] += weight
        inside = self._hole.ravel() & (share > 0)
        flat[inside] = total[inside] / share[inside, None]
