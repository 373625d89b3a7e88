"""Carry boxes through pictures by optical flow, checked forwards and backwards.

The median-flow tracker of Kalal, Mikolajczyk and Matas (Forward-Backward Error, ICPR 2010): a grid of points in each
box is followed to the next picture and back; points that don't return are dropped, the rest vote by their medians.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from avg_video.track.camera import move_boxes

__all__ = ["carry", "carry_many"]

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]

GRIDS = ((12.0, 3), (24.0, 4), (np.inf, 5))
"""Points per side of the grid for boxes up to so many px: in a small box more points see the same pixels."""
WINDOW_PX = 13
LEVELS = 3
RETURN_PX = 0.7
"""How near a point must come back, in px of the reduced plane. Higher lets boxes slide off; lower ends them early."""
REACH_PX = 64
"""How far around the boxes points are looked for, px of the reduced plane. Lower is faster and loses fast people: half
a window at the coarsest of the levels reaches 6 * 2^3 = 48 px, and what is matched there needs a rim."""
MIN_SHARE = 0.4
"""Share of the grid that must come back for the picture to support the box."""
MAX_STEP_SCALE = 1.06
"""Greatest change of size from one picture to the next; more is a fault of the estimate."""


def carry(
    lumas: Sequence[U8], box_xyxy: F32, affines: Sequence[npt.NDArray[np.float64]] | None = None
) -> tuple[F32, npt.NDArray[np.bool_]]:
    """Carry one box from `lumas[0]` through the rest; give them reversed to go back in time.

    Parameters
    ----------
    lumas: uint8 (h, w), all of one size.
    box_xyxy: float32 (4,), px of the lumas.
    affines: camera motion (2, 3) from each luma to the next, len(lumas) - 1 of them; a box that has lost its support
        moves on with the camera. None: it stays.

    Returns
    -------
    float32 (len(lumas), 4) boxes, the first as given; bool (len(lumas),), False from where the picture no longer
    supports the box.
    """
    boxes, ok = carry_many((lumas, affines), np.asarray(box_xyxy, np.float32)[None])
    return boxes[:, 0], ok[:, 0]


def carry_many(
    stretch: tuple[Sequence[U8], Sequence[npt.NDArray[np.float64]] | None],
    boxes_xyxy: F32,
    lost: npt.NDArray[np.bool_] | None = None,
) -> tuple[F32, npt.NDArray[np.bool_]]:
    """Like `carry` for n boxes at once through a stretch (lumas, affines): float32 (t, n, 4) and bool (t, n).

    `lost`, bool (n,), names those that had lost their support before; they only move with the camera.
    """
    lumas, affines = stretch
    t, n = len(lumas), len(boxes_xyxy)
    out = np.empty((t, n, 4), np.float32)
    ok = np.ones((t, n), np.bool_)
    out[0] = boxes_xyxy
    if lost is not None:
        ok[0] = ~lost
    for i in range(1, t):
        out[i] = out[i - 1] if affines is None else move_boxes(out[i - 1], affines[i - 1])
        ok[i] = ok[i - 1]
        alive = np.flatnonzero(ok[i])
        if len(alive):
            moved, supported = _step(lumas[i - 1], lumas[i], out[i - 1, alive], out[i, alive])
            ok[i, alive] = supported
            out[i, alive[supported]] = moved[supported]
    return out, ok


def _grid(box: F32) -> F32:
    """Points in the middle 80 % of a box: float32 (k * k, 2)."""
    size = float(min(box[2] - box[0], box[3] - box[1]))
    k = next(k for limit, k in GRIDS if size <= limit)
    at = np.linspace(0.1, 0.9, k, dtype=np.float32)
    x, y = box[0] + at * (box[2] - box[0]), box[1] + at * (box[3] - box[1])
    return np.stack([np.tile(x, k), np.repeat(y, k)], axis=1)


def _step(before: U8, after: U8, boxes: F32, guess_boxes: F32) -> tuple[F32, npt.NDArray[np.bool_]]:
    """One picture on: moved boxes (n, 4), and which are supported (n,). `guess_boxes`: where the camera puts them."""
    grids = [_grid(box) for box in boxes]
    ends = np.cumsum([len(g) for g in grids])
    start = np.concatenate(grids)
    shift = ((guess_boxes[:, :2] + guess_boxes[:, 2:]) - (boxes[:, :2] + boxes[:, 2:])) / 2
    guess = start + np.repeat(shift, [len(g) for g in grids], axis=0)
    h, w = before.shape
    x1, y1, x2, y2 = _around(np.concatenate([start, guess]), w, h)
    corner = np.array([x1, y1], np.float32)
    part_before, part_after = before[y1:y2, x1:x2], after[y1:y2, x1:x2]
    end, ok1 = _lk(part_before, part_after, start - corner, guess - corner)
    back, ok2 = _lk(part_after, part_before, end, start - corner)
    end, back = end + corner, back + corner
    good = ok1 & ok2 & (np.linalg.norm(back - start, axis=1) < RETURN_PX)
    good &= (end >= 0).all(axis=1) & (end[:, 0] < w) & (end[:, 1] < h)
    moved = boxes.copy()
    supported = np.zeros(len(boxes), np.bool_)
    for k, last in enumerate(ends):
        part = slice(last - len(grids[k]), last)
        keep = good[part]
        if keep.mean() >= MIN_SHARE:
            supported[k] = True
            moved[k] = _vote(boxes[k], start[part][keep], end[part][keep])
    return moved, supported


def _around(points: F32, w: int, h: int) -> tuple[int, int, int, int]:
    """The part of a plane of w x h px that points (n, 2) are followed in: most of the time goes into its pyramid."""
    low = np.maximum(points.min(axis=0) - REACH_PX, 0).astype(int)
    high = np.minimum(np.ceil(points.max(axis=0)) + REACH_PX, [w, h]).astype(int)
    if (high - low).min() < 2 * REACH_PX:  # at the picture's edge, or outside it
        return 0, 0, w, h
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _lk(before: U8, after: U8, points: F32, guess: F32) -> tuple[F32, npt.NDArray[np.bool_]]:
    """Where points (n, 2) went, float32 (n, 2), and which were found, bool (n,)."""
    found, ok, _ = cv2.calcOpticalFlowPyrLK(
        before,
        after,
        np.ascontiguousarray(points, np.float32).reshape(-1, 1, 2),
        np.array(guess, np.float32).reshape(-1, 1, 2),
        winSize=(WINDOW_PX, WINDOW_PX),
        maxLevel=LEVELS,
        criteria=(cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 15, 0.02),
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )
    return np.asarray(found, np.float32).reshape(-1, 2), np.asarray(ok).reshape(-1) == 1


def _vote(box: F32, start: F32, end: F32) -> F32:
    """The box moved by the median of its points, and scaled by the median change of their mutual distances."""
    shift = _median(end - start)
    spread0 = np.abs(start - _median(start)).sum(axis=1)
    spread1 = np.abs(end - _median(end)).sum(axis=1)
    wide = spread0 > 1.0
    scale = float(_median(spread1[wide] / spread0[wide])) if int(wide.sum()) >= 6 else 1.0
    scale = min(max(scale, 1 / MAX_STEP_SCALE), MAX_STEP_SCALE)
    centre = (box[:2] + box[2:]) / 2 + shift
    half = (box[2:] - box[:2]) / 2 * scale
    return np.concatenate([centre - half, centre + half]).astype(np.float32)


def _median(values: F32) -> F32:
    """Along the first axis; several times as fast as numpy's for a few dozen values."""
    ordered, n = np.sort(values, axis=0), len(values)
    return np.asarray((ordered[(n - 1) // 2] + ordered[n // 2]) / 2, np.float32)
