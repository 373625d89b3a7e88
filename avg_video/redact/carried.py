"""Carry boxes through the pictures that are held back, and let them grow with doubt."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from avg_video.media.picture import Picture
from avg_video.track.flow import carry_many

__all__ = ["between", "carried", "grown"]

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

FACE_PX = 48
"""A face is brought down to about this size before it is followed: flow needs no more, and follows fast ones better."""
REACH = 2.5
"""How far around the boxes flow may look, in sizes of the largest; less loses people who move fast."""
LEAST_REACH_PX = 48

DOUBT = 0.08
"""Share of its size by which a found box grows on each side from the start. Lower leaks the rim of a head."""
DOUBT_PER_S = 0.2
"""Further growth for each second away from the moment it was found."""
LOST_PER_S = 0.8
"""Further growth for each second without support by the picture: the head is near, but nobody knows where."""


def carried(pictures: Sequence[Picture], boxes_xyxy: F32) -> tuple[F32, Bool]:
    """Carry boxes, float32 (n, 4) px of `pictures[0]`, through the rest; give them reversed to go back in time.

    Returns float32 (t, n, 4), px, and bool (t, n): False from where the picture no longer supports a box.
    Boxes of like size are followed together, on the part of the picture around them.
    """
    t, n = len(pictures), len(boxes_xyxy)
    boxes = np.repeat(boxes_xyxy[None], t, axis=0).astype(np.float32)
    supported = np.ones((t, n), np.bool_)
    if t < 2 or n == 0:
        return boxes, supported
    sizes = (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]).max(axis=1)
    halvings = np.maximum(np.ceil(np.log2(np.maximum(sizes / FACE_PX, 1))), 0).astype(int)
    for step in np.unique(halvings):
        group = np.flatnonzero(halvings == step)
        crop = _around(boxes_xyxy[group], pictures[0].size_wh)
        lumas = [_luma(picture, crop, 2.0 ** -int(step)) for picture in pictures]
        scale = np.array([lumas[0].shape[1] / (crop[2] - crop[0]), lumas[0].shape[0] / (crop[3] - crop[1])] * 2)
        corner = np.array([crop[0], crop[1]] * 2)
        moved, ok = carry_many((lumas, None), ((boxes_xyxy[group] - corner) * scale).astype(np.float32))
        boxes[:, group] = moved / scale + corner
        supported[:, group] = ok
    return boxes, supported


def grown(boxes_xyxy: F32, supported: Bool, away_s: F64) -> F32:
    """Boxes (t, n, 4) grown on each side: the longer ago they were seen, float64 (t,) or (t, n) s, the more."""
    away = away_s.reshape(len(away_s), -1)
    size = (boxes_xyxy[..., 2:] - boxes_xyxy[..., :2]).max(axis=2)
    by = size * (DOUBT + DOUBT_PER_S * away + np.where(supported, 0, LOST_PER_S * away))
    return np.asarray(boxes_xyxy + by[..., None] * np.array([-1, -1, 1, 1]), np.float32)


def between(start_xyxy: F32, end_xyxy: F32, share: F64) -> F32:
    """Boxes on the straight way between each start and each end that may be the same person: float32 (t, m, 4).

    `start_xyxy` (n, 4), `end_xyxy` (k, 4); `share` (t,) runs from 0 at the start to 1 at the end. Near means within
    four sizes, alike means at most twice as large.
    """
    size_a = (start_xyxy[:, 2:] - start_xyxy[:, :2]).max(axis=1)[:, None]
    size_b = (end_xyxy[:, 2:] - end_xyxy[:, :2]).max(axis=1)[None]
    a, b = (start_xyxy[:, :2] + start_xyxy[:, 2:]) / 2, (end_xyxy[:, :2] + end_xyxy[:, 2:]) / 2
    apart = np.linalg.norm(a[:, None] - b[None], axis=2)
    alike = np.maximum(size_a, size_b) <= 2 * np.minimum(size_a, size_b)
    i, j = np.nonzero(alike & (apart <= 4 * np.maximum(size_a, size_b)))
    s = share[:, None, None]
    return np.asarray((1 - s) * start_xyxy[i][None] + s * end_xyxy[j][None], np.float32)


def _around(boxes_xyxy: F32, size_wh: tuple[int, int]) -> tuple[int, int, int, int]:
    reach = max(REACH * float((boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]).max()), LEAST_REACH_PX)
    w, h = size_wh
    x1, y1 = np.clip(boxes_xyxy[:, :2].min(axis=0) - reach, 0, [w - 2, h - 2]).astype(int)
    x2, y2 = np.clip(boxes_xyxy[:, 2:].max(axis=0) + reach, [x1 + 2, y1 + 2], [w, h]).astype(int)
    return int(x1), int(y1), int(x2), int(y2)


def _luma(picture: Picture, crop: tuple[int, int, int, int], scale: float) -> U8:
    x1, y1, x2, y2 = crop
    part = picture.y[y1:y2, x1:x2]
    if scale == 1:
        return np.ascontiguousarray(part)
    size = (max(round((x2 - x1) * scale), 1), max(round((y2 - y1) * scale), 1))
    return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)
