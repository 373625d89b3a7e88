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

GRID = 5
"""Points per side of the grid in a box."""
WINDOW_PX = 13
LEVELS = 3
RETURN_PX = 0.7
"""How near a point must come back, in px of the reduced plane. Higher lets boxes slide off; lower ends them early."""
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
    boxes, ok = carry_many(lumas, np.asarray(box_xyxy, np.float32)[None], affines)
    return boxes[:, 0], ok[:, 0]


def carry_many(
    lumas: Sequence[U8], boxes_xyxy: F32, affines: Sequence[npt.NDArray[np.float64]] | None = None
) -> tuple[F32, npt.NDArray[np.bool_]]:
    """Like `carry` for n boxes at once: float32 (t, n, 4) and bool (t, n)."""
    t, n = len(lumas), len(boxes_xyxy)
    out = np.empty((t, n, 4), np.float32)
    ok = np.ones((t, n), np.bool_)
    out[0] = boxes_xyxy
    for i in range(1, t):
        affine = np.eye(2, 3) if affines is None else affines[i - 1]
        out[i] = move_boxes(out[i - 1], affine)
        ok[i] = ok[i - 1]
        alive = np.flatnonzero(ok[i])
        if len(alive):
            moved, supported = _step(lumas[i - 1], lumas[i], out[i - 1, alive], out[i, alive])
            ok[i, alive] = supported
            out[i, alive[supported]] = moved[supported]
    return out, ok


def _grid(boxes: F32) -> F32:
    """GRID * GRID points in the middle 80 % of each box: float32 (n, GRID * GRID, 2)."""
    at = np.linspace(0.1, 0.9, GRID, dtype=np.float32)
    gx, gy = np.meshgrid(at, at)
    part = np.stack([gx.reshape(-1), gy.reshape(-1)], axis=1)
    return np.asarray(boxes[:, None, :2] + part[None] * (boxes[:, None, 2:] - boxes[:, None, :2]), np.float32)


def _step(before: U8, after: U8, boxes: F32, guess_boxes: F32) -> tuple[F32, npt.NDArray[np.bool_]]:
    """One picture on: moved boxes (n, 4), and which are supported (n,). `guess_boxes`: where the camera puts them."""
    n = len(boxes)
    start = _grid(boxes)
    guess = _grid(guess_boxes)
    p0 = np.ascontiguousarray(start.reshape(-1, 1, 2))
    p1, ok1, _ = _lk(before, after, p0, guess.reshape(-1, 1, 2))
    back, ok2, _ = _lk(after, before, p1, p0)
    points = GRID * GRID
    p1 = p1.reshape(n, points, 2)
    error = np.linalg.norm(back.reshape(n, points, 2) - start, axis=2)
    h, w = before.shape
    inside = (p1 >= 0).all(axis=2) & (p1[..., 0] < w) & (p1[..., 1] < h)
    good = (ok1.reshape(n, points) == 1) & (ok2.reshape(n, points) == 1) & (error < RETURN_PX) & inside
    supported = good.mean(axis=1) >= MIN_SHARE
    moved = boxes.copy()
    for k in np.flatnonzero(supported):
        moved[k] = _vote(boxes[k], start[k, good[k]], p1[k, good[k]])
    return moved, supported


def _lk(before: U8, after: U8, points: F32, guess: F32) -> tuple[F32, npt.NDArray[np.uint8], F32]:
    found, ok, error = cv2.calcOpticalFlowPyrLK(
        before,
        after,
        points,
        guess.astype(np.float32).copy(),
        winSize=(WINDOW_PX, WINDOW_PX),
        maxLevel=LEVELS,
        criteria=(cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 15, 0.02),
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )
    return np.asarray(found, np.float32), np.asarray(ok, np.uint8), np.asarray(error, np.float32)


def _vote(box: F32, start: F32, end: F32) -> F32:
    """The box moved by the median of its points, and scaled by the median change of their mutual distances."""
    shift = np.median(end - start, axis=0)
    spread0 = np.abs(start - np.median(start, axis=0)).sum(axis=1)
    spread1 = np.abs(end - np.median(end, axis=0)).sum(axis=1)
    wide = spread0 > 1.0
    scale = float(np.median(spread1[wide] / spread0[wide])) if int(wide.sum()) >= 6 else 1.0
    scale = min(max(scale, 1 / MAX_STEP_SCALE), MAX_STEP_SCALE)
    centre = (box[:2] + box[2:]) / 2 + shift
    half = (box[2:] - box[:2]) / 2 * scale
    return np.concatenate([centre - half, centre + half]).astype(np.float32)
