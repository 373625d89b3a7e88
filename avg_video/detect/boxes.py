"""Boxes around faces in one picture, as columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["COVER_HALF", "COVER_SPARE_PX", "Boxes", "iou", "iou_pairs", "joined"]

F32 = npt.NDArray[np.float32]

COVER_HALF = 0.68
"""Half axes of the shape that covers a face, as a share of its box's width and height (FACTS.md section 6). Written
here once, since what is painted, which covers touch and which people part must mean the same shape. Smaller leaks
hair, ears and chin."""
COVER_SPARE_PX = 3.0
"""The half axes are at least this much longer than half the box, so that a face of a few px, which no detector places
to the pixel, is covered with its corners. Smaller leaks tiny faces."""


@dataclass(frozen=True, eq=False)
class Boxes:
    """Faces found in one picture.

    Attributes
    ----------
    boxes_xyxy: float32 (n, 4), px of the upright picture: left, top, right, bottom.
    scores: float32 (n,), 0 to 1.

    Raises `ValueError` when built with other shapes or types, or a box without area.
    """

    boxes_xyxy: F32
    scores: F32

    def __post_init__(self) -> None:
        b, s = self.boxes_xyxy, self.scores
        if b.dtype != np.float32 or b.ndim != 2 or b.shape[1] != 4:
            raise ValueError(f"boxes_xyxy: expected float32 (n, 4), got {b.dtype} {b.shape}")
        if s.dtype != np.float32 or s.shape != (len(b),):
            raise ValueError(f"scores: expected float32 ({len(b)},), got {s.dtype} {s.shape}")
        if not np.isfinite(b).all() or np.any(b[:, 2:] <= b[:, :2]):
            raise ValueError("boxes_xyxy: expected finite boxes with x1 < x2 and y1 < y2")

    def __len__(self) -> int:
        return len(self.scores)

    @classmethod
    def none(cls) -> Boxes:
        """No faces."""
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))

    def take(self, index: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> Boxes:
        """The boxes chosen by a mask or by positions."""
        return Boxes(self.boxes_xyxy[index], self.scores[index])


def joined(*parts: Boxes) -> Boxes:
    """All boxes of several finds in the same picture, in their order."""
    if not parts:
        return Boxes.none()
    return Boxes(np.concatenate([p.boxes_xyxy for p in parts]), np.concatenate([p.scores for p in parts]))


def iou(a_xyxy: F32, b_xyxy: F32) -> F32:
    """Intersection over union of every box in `a_xyxy` (n, 4) with every one in `b_xyxy` (m, 4): float32 (n, m)."""
    low = np.maximum(a_xyxy[:, None, :2], b_xyxy[None, :, :2])
    high = np.minimum(a_xyxy[:, None, 2:], b_xyxy[None, :, 2:])
    both = np.prod(np.clip(high - low, 0, None), axis=2)
    area_a = np.prod(a_xyxy[:, 2:] - a_xyxy[:, :2], axis=1)
    area_b = np.prod(b_xyxy[:, 2:] - b_xyxy[:, :2], axis=1)
    return np.asarray(both / (area_a[:, None] + area_b[None] - both + 1e-9), dtype=np.float32)


def iou_pairs(a_xyxy: F32, b_xyxy: F32) -> F32:
    """Intersection over union of each box in `a_xyxy` (n, 4) with the one in the same row of `b_xyxy`: float32 (n,)."""
    low = np.maximum(a_xyxy[:, :2], b_xyxy[:, :2])
    both = np.prod(np.clip(np.minimum(a_xyxy[:, 2:], b_xyxy[:, 2:]) - low, 0, None), axis=1)
    area = np.prod(a_xyxy[:, 2:] - a_xyxy[:, :2], axis=1) + np.prod(b_xyxy[:, 2:] - b_xyxy[:, :2], axis=1)
    return np.asarray(both / (area - both + 1e-9), dtype=np.float32)
