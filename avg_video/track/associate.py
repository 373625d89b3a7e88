"""Give each box found in a picture to the person it belongs to, globally best first."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from avg_video.detect.boxes import iou

__all__ = ["associate", "entangled"]

F32 = npt.NDArray[np.float32]

MIN_IOU = 0.15
"""Least overlap of a found box with where a person was expected. Higher breaks tracks; lower joins neighbours."""
NEAR = 0.7
"""Without overlap, centres may be this far apart, in mean face sizes: small faces move by more than their own width."""
SIZE_RATIO = 1.9
"""Greatest ratio of sizes within one person from one look to the next."""
TANGLE_IOU = 0.2
"""Two people whose expected boxes overlap by this much could be taken for each other."""


def associate(expected_xyxy: F32, found_xyxy: F32) -> list[tuple[int, int]]:
    """Pairs (row of `expected_xyxy`, row of `found_xyxy`), each row at most once, the best pairs first.

    Overlap decides; where there is none, distance does. Boxes left over are not dropped by this function: they are
    new people, or people who were not found this time.
    """
    n, m = len(expected_xyxy), len(found_xyxy)
    if not n or not m:
        return []
    overlap = iou(expected_xyxy, found_xyxy)
    size_e, size_f = _size(expected_xyxy), _size(found_xyxy)
    ratio = np.maximum(size_e[:, None] / size_f[None], size_f[None] / size_e[:, None])
    mean = (size_e[:, None] + size_f[None]) / 2
    apart = np.linalg.norm(_centre(expected_xyxy)[:, None] - _centre(found_xyxy)[None], axis=2) / mean
    fit = np.where(overlap >= MIN_IOU, 1.0 + overlap, np.where(apart < NEAR, 1.0 - apart, 0.0))
    fit[ratio > SIZE_RATIO] = 0.0
    pairs: list[tuple[int, int]] = []
    order = np.argsort(-fit, axis=None, kind="stable")
    used_e, used_f = np.zeros(n, np.bool_), np.zeros(m, np.bool_)
    for flat in order:
        i, j = divmod(int(flat), m)
        if fit[i, j] <= 0.0:
            break
        if not used_e[i] and not used_f[j]:
            used_e[i] = used_f[j] = True
            pairs.append((i, j))
    return pairs


def entangled(boxes_xyxy: F32, overlap: float = TANGLE_IOU) -> set[frozenset[int]]:
    """Pairs of rows whose boxes overlap so much that the people could be taken for each other."""
    if len(boxes_xyxy) < 2:
        return set()
    both = np.triu(iou(boxes_xyxy, boxes_xyxy), 1)
    return {frozenset((int(i), int(j))) for i, j in zip(*np.nonzero(both > overlap), strict=True)}


def _centre(boxes: F32) -> F32:
    return np.asarray((boxes[:, :2] + boxes[:, 2:]) / 2, np.float32)


def _size(boxes: F32) -> F32:
    return np.asarray(np.sqrt(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)), np.float32)
