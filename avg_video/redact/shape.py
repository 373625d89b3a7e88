"""What is covered: rounded shapes around face boxes, merged where they touch.

Everything here is drawn on the chroma grid, one value per block of 2x2 px, so a block is either covered in all three
planes or in none: no half-covered chroma sample can carry the colour of a face.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from avg_video.detect.boxes import COVER_HALF, COVER_SPARE_PX

__all__ = ["Outline", "Region", "cover_mask", "outline"]

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]

LIFT = 0.05
"""How far the centre lies above the box's own, as a share of its height: boxes end at the brow, hair does not."""
NARROWEST, FLATTEST = 0.6, 0.8
"""Least width per height, and height per width, that a head is taken to have: a box cut off by the picture's edge or
by a shoulder is thinner than the head. Smaller leaks the half of a head that the detector did not see."""
FEATHER = 0.06
"""Width of the soft edge, outside the shape only, as a share of the shape's mean diameter (FACTS.md section 6)."""
LEAST_FEATHER_PX = 2.0

FAR = 1e4
"""Squared distance, in half axes, that is far outside whatever the shape; keeps float32 from overflowing."""

COVERED = 255
"""Value of a wholly covered block; everything below is the soft edge outside the shape."""


def _soft_edge() -> U8:
    t = np.arange(256) / 255
    eased = np.round(254 * t * t * (3 - 2 * t))
    eased[COVERED] = COVERED
    return eased.astype(np.uint8)


_EASE = _soft_edge()


@dataclass(frozen=True, eq=False)
class Region:
    """Shapes that touch, treated as one.

    Attributes
    ----------
    window: x1, y1, x2, y2 in blocks of 2x2 px: the shapes and their soft edge, inside the picture.
    alpha: uint8 (y2 - y1, x2 - x1): 255 under a shape, 254 to 0 outward through the soft edge.
    face_px: height or width, whichever is more, of the largest face in it, px.
    """

    window: tuple[int, int, int, int]
    alpha: U8
    face_px: float


@dataclass(frozen=True, eq=False)
class Outline:
    """All that is covered in one picture.

    Attributes
    ----------
    regions: the shapes, merged where they touch.
    known: uint8 (h // 2, w // 2): 255 for every block that no shape touches, else 0.
    """

    regions: tuple[Region, ...]
    known: U8


def outline(boxes_xyxy: F32, size_wh: tuple[int, int]) -> Outline:
    """The shapes around face boxes, float32 (n, 4) in px, for a picture of that (even) size.

    Boxes may reach outside the picture; what lies wholly outside is left out. Raises `ValueError` for another shape,
    for numbers that are not finite, and for boxes without area: a cover must never be lost in silence.
    """
    ovals = _ellipses(_checked(boxes_xyxy))
    ovals[:, 5] = np.minimum(ovals[:, 5], 2 * max(size_wh))  # strength need not grow beyond the picture
    w, h = size_wh[0] // 2, size_wh[1] // 2
    known = np.full((h, w), 255, np.uint8)
    windows = _windows(ovals, w, h)
    inside = (windows[:, 2] > windows[:, 0]) & (windows[:, 3] > windows[:, 1])
    ovals, windows = ovals[inside], windows[inside]
    regions = [_region(ovals[group], windows[group]) for group in _touching(ovals)]
    for region in regions:
        _, under = cv2.threshold(region.alpha, COVERED - 1, COVERED, cv2.THRESH_BINARY)
        part = known[_slices(region.window)]
        cv2.subtract(part, under, dst=part)
    return Outline(tuple(regions), known)


def cover_mask(boxes_xyxy: F32, size_wh: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """bool (h, w): px that are wholly covered for these boxes (the soft edge not counted). Raises as `outline`."""
    covered = outline(boxes_xyxy, size_wh).known == 0
    return np.repeat(np.repeat(covered, 2, axis=0), 2, axis=1)


def _checked(boxes_xyxy: F32) -> F64:
    if boxes_xyxy.ndim != 2 or boxes_xyxy.shape[1] != 4:
        raise ValueError(f"boxes_xyxy: expected float32 (n, 4), got {boxes_xyxy.dtype} {boxes_xyxy.shape}")
    boxes = boxes_xyxy.astype(np.float64)
    if not np.isfinite(boxes).all() or np.any(boxes[:, 2:] <= boxes[:, :2]):
        raise ValueError("boxes_xyxy: expected finite boxes with x1 < x2 and y1 < y2")
    return boxes


def _ellipses(boxes: F64) -> F64:
    """float64 (n, 6): centre x and y, half axes x and y, width of the soft edge, size of the face; px."""
    wide, high = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    w, h = np.maximum(wide, NARROWEST * high), np.maximum(high, FLATTEST * wide)
    rx = np.maximum(COVER_HALF * w, w / 2 + COVER_SPARE_PX)
    ry = np.maximum(COVER_HALF * h, h / 2 + COVER_SPARE_PX)
    cx, cy = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2 - LIFT * high
    feather = np.maximum(FEATHER * (rx + ry), LEAST_FEATHER_PX)
    return np.stack([cx, cy, rx, ry, feather, np.maximum(w, h)], axis=1)


def _windows(ovals: F64, w: int, h: int) -> npt.NDArray[np.intp]:
    """intp (n, 4): x1, y1, x2, y2 in blocks, of each ellipse with its soft edge, cut to a picture of w x h blocks."""
    # The soft edge is as wide as `feather` on the short axis and in proportion on the long one.
    reach = ovals[:, 2:4] * (1 + ovals[:, 4:5] / ovals[:, 2:4].min(axis=1, keepdims=True))
    low = np.floor((ovals[:, :2] - reach) / 2) - 1
    high = np.ceil((ovals[:, :2] + reach) / 2) + 1
    return np.asarray(np.clip(np.hstack([low, high]), 0, [w, h, w, h]), dtype=np.intp)


def _touching(ovals: F64) -> list[npt.NDArray[np.intp]]:
    """Positions of the ellipses, grouped so that those whose soft edges meet are together."""
    n = len(ovals)
    reach = ovals[:, 2:4] + ovals[:, 4:5] + 1
    apart = (ovals[:, None, :2] - ovals[None, :, :2]) / (reach[:, None] + reach[None])
    meet = (apart**2).sum(axis=2) <= 1
    groups, free = [], np.ones(n, np.bool_)
    for first in range(n):
        if not free[first]:
            continue
        group = meet[first] & free
        while (wider := meet[group].any(axis=0) & free).sum() > group.sum():
            group = wider
        free &= ~group
        groups.append(np.flatnonzero(group))
    return groups


def _region(ovals: F64, windows: npt.NDArray[np.intp]) -> Region:
    if len(ovals) == 1:
        x1, y1, x2, y2 = (int(v) for v in windows[0])
        return Region((x1, y1, x2, y2), _alpha(ovals[0], (x1, y1, x2, y2)), float(ovals[0, 5]))
    x1, y1 = (int(v) for v in windows[:, :2].min(axis=0))
    x2, y2 = (int(v) for v in windows[:, 2:].max(axis=0))
    alpha = np.zeros((y2 - y1, x2 - x1), np.uint8)
    for oval, (a, b, c, d) in zip(ovals, windows, strict=True):
        part = alpha[b - y1 : d - y1, a - x1 : c - x1]
        np.maximum(part, _alpha(oval, (a, b, c, d)), out=part)
    return Region((x1, y1, x2, y2), alpha, float(ovals[:, 5].max()))


def _alpha(oval: F64, window: tuple[int, int, int, int]) -> U8:
    """Cover of the blocks in `window` by one ellipse; a block counts by its corner nearest to the centre."""
    cx, cy, rx, ry, feather = oval[:5]
    x1, y1, x2, y2 = window
    # Near its rim an ellipse's (x / rx)^2 + (y / ry)^2 - 1 is twice the distance in half axes, so no root is needed.
    fall = 127.5 * min(rx, ry) / feather
    x = np.maximum(np.abs(2 * np.arange(x1, x2) + 1 - cx) - 1, 0) / rx
    y = np.maximum(np.abs(2 * np.arange(y1, y2) + 1 - cy) - 1, 0) / ry
    across = (255 + fall - fall * np.minimum(x * x, FAR)).astype(np.float32)
    down = (fall * np.minimum(y * y, FAR)).astype(np.float32)
    level = across[None] - down[:, None]
    np.clip(level, 0, 255, out=level)
    return np.asarray(cv2.LUT(level.astype(np.uint8), _EASE), dtype=np.uint8)


def _slices(window: tuple[int, int, int, int]) -> tuple[slice, slice]:
    x1, y1, x2, y2 = window
    return slice(y1, y2), slice(x1, x2)
