"""Plane geometry of simple polygons: what is wrong with one, which points lie in it, how much of a box does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from avg_video.language import tr

__all__ = ["inside", "overlap_area", "polygon_fault"]

F64 = npt.NDArray[np.float64]
XY = tuple[float, float]

TOUCH = 1e-12
"""Cross products below this count as zero: lines that come so near each other are taken as touching."""
FLAT = 1e-9
"""A side of a polygon that rises less than this has no height."""
MIN_AREA = 1e-9
"""Least area, as a fraction of the picture; below it three points are one line."""


def polygon_fault(points: Sequence[XY]) -> str | None:
    """What keeps fractions of the picture from being a simple polygon with an area, as a clause; None if nothing."""
    n = len(points)
    if n < 3:
        return tr("{n} points make no area", n=n)
    if len(set(points)) < n:
        return tr("it passes twice through the same point")
    for i in range(n):
        for j in range(i + 1, n):
            neighbours = j == i + 1 or (i == 0 and j == n - 1)
            a, b, c, d = points[i], points[(i + 1) % n], points[j], points[(j + 1) % n]
            if neighbours:
                # Two sides that share a corner may not lie on each other.
                near, corner, far = (a, b, d) if j == i + 1 else (b, a, c)
                if _fold(near, corner, far):
                    return tr("its side from point {second} lies on the one before it", second=j + 1)
            elif _meet(a, b, c, d):
                return tr("its sides from point {first} and from point {second} cross", first=i + 1, second=j + 1)
    area = sum(p[0] * q[1] - q[0] * p[1] for p, q in zip(points, [*points[1:], points[0]], strict=True)) / 2
    return tr("its points lie on one line") if abs(area) < MIN_AREA else None


def _turn(a: XY, b: XY, c: XY) -> int:
    cross = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    return 0 if abs(cross) < TOUCH else (1 if cross > 0 else -1)


def _fold(a: XY, corner: XY, b: XY) -> bool:
    """Whether the way a -> corner -> b turns back onto itself."""
    along = (a[0] - corner[0]) * (b[0] - corner[0]) + (a[1] - corner[1]) * (b[1] - corner[1])
    return _turn(a, corner, b) == 0 and along > 0


def _meet(a: XY, b: XY, c: XY, d: XY) -> bool:
    """Whether the closed segments ab and cd have a point in common."""
    turns = _turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b)
    if turns[0] != turns[1] and turns[2] != turns[3]:
        return True
    on = ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
    return any(t == 0 and _between(*ends) for t, ends in zip(turns, on, strict=True))


def _between(a: XY, b: XY, p: XY) -> bool:
    low_x, high_x, low_y, high_y = min(a[0], b[0]), max(a[0], b[0]), min(a[1], b[1]), max(a[1], b[1])
    return low_x <= p[0] <= high_x and low_y <= p[1] <= high_y


def inside(vertices: F64, xy: F64) -> npt.NDArray[np.bool_]:
    """Which points lie in the polygon, by the even-odd rule.

    Parameters
    ----------
    vertices: (n, v, 2), one polygon per point, or (1, v, 2), one for all.
    xy: (n, 2), in the same unit.

    Returns bool (n,).
    """
    x, y = xy[:, 0], xy[:, 1]
    odd = np.zeros(len(xy), np.bool_)
    for p, q in _sides(vertices):
        across = (p[:, 1] > y) != (q[:, 1] > y)
        rise = q[:, 1] - p[:, 1]
        left = (x - p[:, 0]) * rise < (y - p[:, 1]) * (q[:, 0] - p[:, 0])
        odd ^= across & (left == (rise > 0))
    return odd


def overlap_area(vertices: F64, boxes_xyxy: F64) -> F64:
    """Area of each box that lies in the polygon, exactly, also for hollow polygons; float64 (n,).

    Parameters
    ----------
    vertices: (n, v, 2) or (1, v, 2), a simple polygon.
    boxes_xyxy: (n, 4), in the same unit.

    By Green's theorem the area of a polygon cut by a box is the line integral of x - x1, clamped to the box's width,
    over the parts of the sides within the box's height.
    """
    x1, y1, x2, y2 = boxes_xyxy.T
    width = x2 - x1
    total = np.zeros(len(boxes_xyxy))
    for p, q in _sides(vertices):
        ya, yb = np.clip(p[:, 1], y1, y2), np.clip(q[:, 1], y1, y2)
        rise = q[:, 1] - p[:, 1]
        # A side without height adds nothing; dividing by next to nothing would make the whole area NaN.
        slope = (q[:, 0] - p[:, 0]) / np.where(np.abs(rise) < FLAT, 1.0, rise)
        xa = p[:, 0] + (ya - p[:, 1]) * slope - x1
        xb = p[:, 0] + (yb - p[:, 1]) * slope - x1
        total += (yb - ya) * _mean_clamped(xa, xb, width)
    return np.abs(total)


def _mean_clamped(xa: F64, xb: F64, width: F64) -> F64:
    """Mean of min(max(x, 0), width) for x spread evenly from xa to xb."""
    low, high = np.minimum(xa, xb), np.maximum(xa, xb)
    span = high - low
    a, b = np.clip(low, 0, width), np.clip(high, 0, width)
    beyond = np.maximum(high - np.maximum(low, width), 0)
    short = span < 1e-9
    mean = ((b - a) * (a + b) / 2 + width * beyond) / np.where(short, 1.0, span)
    return np.where(short, np.clip((low + high) / 2, 0, width), mean)


def _sides(vertices: F64) -> list[tuple[F64, F64]]:
    """The sides as pairs of corners, each (n, 2) or (1, 2)."""
    count = vertices.shape[1]
    return [(vertices[:, k], vertices[:, (k + 1) % count]) for k in range(count)]
