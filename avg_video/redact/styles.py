"""How a region is covered: one function per style, each giving a coarse grid of values to be laid over the region.

`fill` and `solid` never read a px under a shape, so nothing of a face can be left in what they give. `mosaic` and
`blur` are computed from the face and are therefore weaker (FACTS.md section 6); `WEAKER` says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from avg_video.detect.boxes import COVER_HALF
from avg_video.language import mark
from avg_video.redact.shape import Region

__all__ = ["PAINTERS", "WEAKER", "WEAKER_BECAUSE", "Ground", "Style", "Surface"]

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]


class Style(StrEnum):
    """The ways of covering."""

    FILL = "fill"
    SOLID = "solid"
    MOSAIC = "mosaic"
    BLUR = "blur"

    @property
    def weaker(self) -> bool:
        """True for a style that is computed from the face it covers."""
        return self in WEAKER


WEAKER: Final = frozenset({Style.MOSAIC, Style.BLUR})
WEAKER_BECAUSE: Final = mark(
    "mosaic and blur are computed from the face itself, and recognition programs have named people behind both; "
    "fill and solid hold nothing of the face"
)

GREY: Final = 128
"""Mid grey in luma and no colour in chroma."""

CELLS_ACROSS: Final = 24
"""Cells of the fill's grid over a face's shape and its margins. More cells follow the surroundings more sharply and
cost more; they never leak, since no cell reads a covered px."""
LEAST_CELL: Final = 3
"""Smallest cell of a fill, in blocks of 2x2 px; a finer one costs time that nobody sees."""
MARGINS: Final = (0.25, 0.5, 1.0, 2.0)
"""Width of the rim that a fill is grown from, as a share of the shape; the next is taken where one holds too little."""
ENOUGH_CELLS: Final = 4.0
"""Known cells that a rim must hold before a fill is grown from it."""
SMALLEST_GRID: Final = 8
"""Grids up to this side start from their mean; the steps of relaxation then reach across half of them."""
RELAX_STEPS: Final = 3
"""Steps of relaxation at each size of the grid; the surface no longer changes visibly with more."""
MOSAIC_CELLS: Final = 4.5
"""Cells of a mosaic across a face (its longer side; never more than 6). More cells leak more of the face."""
LEAST_MOSAIC_PX: Final = 6.0
BLUR_SIGMA: Final = 0.25
"""Sigma of the blur as a share of the face's longer side. Smaller leaks more of the face."""
LEAST_BLUR_PX: Final = 4.0

Window = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class Ground:
    """The picture before it is painted: uint8 planes y (h, w), u and v (h // 2, w // 2), and which blocks of 2x2 px
    are `known` (255; 0 where any shape lies), uint8 (h // 2, w // 2)."""

    y: U8
    u: U8
    v: U8
    known: U8


@dataclass(frozen=True, eq=False)
class Surface:
    """What to lay over a region.

    Attributes
    ----------
    grid: uint8 (rows, columns, 3): Y, U and V of each cell.
    corner: column and row of its first cell, counted in cells from the picture's upper left corner.
    cell: side of a cell in blocks of 2x2 px.
    smooth: whether values run from cell to cell, or stand as tiles.
    """

    grid: U8
    corner: tuple[int, int]
    cell: int
    smooth: bool


def fill(ground: Ground, region: Region) -> Surface:
    """A soft surface grown from what lies just outside the shape; no px under any shape is used.

    The rim is averaged into cells that are anchored to the picture and weighted by how much of each is known, so the
    surface changes smoothly while a box moves. Cells under the cover are relaxed from the known ones (Laplace), coarse
    to fine, and smoothed once (FACTS.md section 6). Where no rim is known: the mean of what is known in the picture,
    and mid grey where nothing is.
    """
    size = 2 * COVER_HALF * region.face_px
    cell = max(_even_step(size * (1 + 2 * MARGINS[0]) / CELLS_ACROSS), LEAST_CELL)
    for margin in MARGINS:
        corner, values, share = _cells(ground, _grown(region.window, margin * size / 2), cell, ground.known)
        weight = np.minimum(np.maximum(share * 2 - 0.5, 0), 1)  # a cell with less than a quarter known says too little
        if float(weight.sum()) >= ENOUGH_CELLS:
            surface = _relax(values, np.asarray(cv2.merge([weight] * 3), np.float32))
            soft = np.asarray(cv2.GaussianBlur(surface, (3, 3), 0), np.float32)
            return Surface(_rounded(soft), corner, cell, smooth=True)
        cell *= 2
    return _flat(_known_mean(ground))


def solid(ground: Ground, region: Region) -> Surface:
    """Neutral grey, whatever lies under it."""
    return _flat((GREY, GREY, GREY))


def mosaic(ground: Ground, region: Region) -> Surface:
    """Tiles of the mean colour, at most 6 across a face. Weaker: the tiles hold the face's coarse light."""
    cell = max(-(-max(region.face_px / MOSAIC_CELLS, LEAST_MOSAIC_PX) // 2), 1)
    corner, values, _ = _cells(ground, region.window, int(cell), None)
    return Surface(_rounded(values), corner, int(cell), smooth=False)


def blur(ground: Ground, region: Region) -> Surface:
    """A Gaussian blur whose strength scales with the face. Weaker: it is computed from the face."""
    sigma_px = max(BLUR_SIGMA * region.face_px, LEAST_BLUR_PX)
    cell = _even_step(sigma_px / 3)
    corner, values, _ = _cells(ground, _grown(region.window, 1.5 * sigma_px), cell, None)
    soft = cv2.GaussianBlur(values, (0, 0), sigma_px / (2 * cell), borderType=cv2.BORDER_REPLICATE)
    return Surface(_rounded(np.asarray(soft, np.float32)), corner, cell, smooth=True)


PAINTERS: Final[dict[Style, Callable[[Ground, Region], Surface]]] = {
    Style.FILL: fill,
    Style.SOLID: solid,
    Style.MOSAIC: mosaic,
    Style.BLUR: blur,
}


def _flat(yuv: tuple[int, int, int]) -> Surface:
    # One cell that is larger than any picture.
    return Surface(np.array(yuv, np.uint8).reshape(1, 1, 3), (0, 0), 1 << 20, smooth=False)


def _even_step(side_px: float) -> int:
    """Side in blocks of the cell nearest to `side_px`, from a short row of sizes (1, 2, 3, 4, 6, 8, 12, ...), so that
    a face that slowly grows keeps its grid for long."""
    side, power = max(side_px / 2, 1.0), 1
    while side >= power * 2:
        power *= 2
    return power if power == 1 or side < power * 1.25 else power * 3 // 2 if side < power * 1.75 else power * 2


def _grown(window: Window, margin_px: float) -> Window:
    m = int(np.ceil(margin_px / 2)) + 1
    return window[0] - m, window[1] - m, window[2] + m, window[3] + m


def _cells(ground: Ground, window: Window, cell: int, known: U8 | None) -> tuple[tuple[int, int], F32, F32]:
    """Means over the cells that touch `window` (blocks; may reach outside): corner, float32 (r, c, 3), float32 (r, c).

    The second grid is the share of each cell that was used: that lies inside the picture and, with `known`, is known.
    """
    h, w = ground.known.shape
    c1, r1 = max(window[0], 0) // cell, max(window[1], 0) // cell
    c2, r2 = -(-min(window[2], w) // cell), -(-min(window[3], h) // cell)
    x1, y1, x2, y2 = c1 * cell, r1 * cell, min(c2 * cell, w), min(r2 * cell, h)
    used = known[y1:y2, x1:x2] if known is not None else np.full((y2 - y1, x2 - x1), 255, np.uint8)
    pad = (r2 * cell - y2, c2 * cell - x2)
    share = _means(used, pad, (c2 - c1, r2 - r1)).astype(np.float32)
    planes = []
    for plane, k in ((ground.y, 2), (ground.u, 1), (ground.v, 1)):
        part = plane[y1 * k : y2 * k, x1 * k : x2 * k]
        if k == 2:  # a block is known or covered as a whole, so its mean may be taken first
            part = np.asarray(cv2.resize(part, used.shape[::-1], interpolation=cv2.INTER_AREA), np.uint8)
        if known is not None:
            part = np.asarray(cv2.bitwise_and(part, used), np.uint8)
        planes.append(_means(part, pad, (c2 - c1, r2 - r1)))
    # Means were taken with zeros in the unused places; what was used makes up only `share` of each cell.
    values = cv2.merge(planes).astype(np.float32) * (255 / np.maximum(share, 1))[:, :, None]
    return (c1, r1), np.asarray(values, np.float32), np.asarray(share / 255, np.float32)


def _means(part: U8, pad: tuple[int, int], size: tuple[int, int]) -> U8:
    if any(pad):
        part = np.asarray(cv2.copyMakeBorder(part, 0, pad[0], 0, pad[1], cv2.BORDER_CONSTANT, value=0), np.uint8)
    return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)


def _relax(values: F32, weight: F32) -> F32:
    """Carry the known cells (weight 1) smoothly into the unknown ones (weight 0); both (r, c, 3).

    Laplace's equation, solved coarse to fine: each level starts from the one of half its size and takes a few steps
    of relaxation, which leaves no visible error and costs a fraction of relaxing the fine grid alone.
    """
    rows, columns = weight.shape[:2]
    pull = values * weight
    if max(rows, columns) <= SMALLEST_GRID:
        mean = pull.sum(axis=(0, 1)) / np.maximum(weight.sum(axis=(0, 1)), 1e-6)
        u = np.broadcast_to(mean, values.shape).astype(np.float32)
    else:
        half = ((columns + 1) // 2, (rows + 1) // 2)
        thin = cv2.resize(weight, half, interpolation=cv2.INTER_AREA)
        sums = cv2.resize(pull, half, interpolation=cv2.INTER_AREA)
        coarse = _relax(np.asarray(sums / np.maximum(thin, 1e-6), np.float32), np.minimum(2 * thin, 1))
        u = np.asarray(cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_LINEAR), np.float32)
    keep = 1 - weight
    for _ in range(RELAX_STEPS):
        u = np.asarray(cv2.blur(u, (3, 3), borderType=cv2.BORDER_REPLICATE), np.float32)
        np.multiply(u, keep, out=u)
        np.add(u, pull, out=u)
    return u


def _rounded(values: F32) -> U8:
    return np.asarray(cv2.convertScaleAbs(values), np.uint8)  # values are means of px, so never below 0


def _known_mean(ground: Ground) -> tuple[int, int, int]:
    if not ground.known.any():
        return GREY, GREY, GREY
    whole = np.repeat(np.repeat(ground.known, 2, axis=0), 2, axis=1)
    pairs = ((ground.y, whole), (ground.u, ground.known), (ground.v, ground.known))
    y, u, v = (round(cv2.mean(plane, mask=mask)[0]) for plane, mask in pairs)
    return y, u, v
