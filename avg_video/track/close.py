"""Close the gaps of tracks from both sides, and extend their ends into the past and the future.

Three estimates of where a face was between two sightings: the straight line (in the moving camera's frame), the box
carried forward from the first, and the box carried back from the second. Where they disagree, all are covered.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from avg_video.detect.boxes import iou_pairs
from avg_video.track.camera import move_boxes
from avg_video.track.flow import carry_many
from avg_video.track.types import Evidence
from avg_video.track.window import Window

__all__ = ["END_S", "beyond", "bridge", "close_gaps", "extend_back", "supported_length"]

F32 = npt.NDArray[np.float32]
U8 = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]

END_S = 0.25
"""Least time that a track is held beyond its first and last sighting. Lower shows faces at the edges of their lives."""
STEADY_IOU = 0.65
"""Two sightings that overlap this much, camera motion taken out, are joined by a straight line alone: it can't be far
off. Lower saves flow and loses people who walk."""
STEADY_S = 0.45
"""Longest gap that a straight line alone may close."""
ALIKE_SIZE = 1.25
"""Two sightings of one head differ at most so much in size. Lower leaves a part of a head that was found as a part."""
PROVEN_IOU = 0.3
"""A carried box that ends with less overlap than this with the sighting it should have reached went astray; it counts
only for the half of the gap next to where it started."""


def _lines(window: Window, first: int, last: int, boxes_a: F32, boxes_b: F32) -> tuple[F32, F32]:
    """Straight lines between n pairs of sightings in the camera's frame, float32 (last - first + 1, n, 4); and where
    the camera alone puts the first sightings in the end, float32 (n, 4)."""
    t = last - first + 1
    ahead = np.empty((t, len(boxes_a), 4), np.float32)
    back = np.empty_like(ahead)
    ahead[0], back[-1] = boxes_a, boxes_b
    for k, affine in enumerate(window.forward(first, last)[1]):
        ahead[k + 1] = move_boxes(ahead[k], affine)
    for k, affine in enumerate(window.backward(first, last)[1]):
        back[t - 2 - k] = move_boxes(back[t - 1 - k], affine)
    weight = np.linspace(0.0, 1.0, t, dtype=np.float32)[:, None, None]
    return np.asarray(ahead * (1 - weight) + back * weight, np.float32), ahead[-1]


def close_gaps(window: Window, first: int, last: int, boxes_a: F32, boxes_b: F32) -> tuple[F32, U8]:
    """Boxes of n people in the pictures strictly between their sightings in `first` and in `last`.

    `boxes_a` and `boxes_b` are float32 (n, 4), px of the reduced plane. Returns float32 (last - first - 1, n, 4), and
    uint8 (last - first - 1, n) evidence.
    """
    boxes, still = _lines(window, first, last, boxes_a, boxes_b)
    t, n = boxes.shape[:2]
    evidence = np.full((t, n), Evidence.INTERPOLATED, np.uint8)
    steady = iou_pairs(still, boxes_b) >= STEADY_IOU
    if window.second(last) - window.second(first) > STEADY_S:
        steady[:] = False
    doubtful = np.flatnonzero(~steady)
    if t > 2 and len(doubtful):
        wide, known = _carried_both_ways(window, first, last, boxes_a[doubtful], boxes_b[doubtful], boxes[:, doubtful])
        boxes[:, doubtful], evidence[:, doubtful] = wide, known
    return boxes[1:-1], evidence[1:-1]


def bridge(window: Window, first: int, last: int, boxes_a: F32, boxes_b: F32) -> tuple[F32, Flags]:
    """Where n people were strictly between `first` and `last` if what was found in between is left out of account.

    Returns float32 (last - first - 1, n, 4), and bool (n,): whether the two sightings agree so well that a sighting in
    between which is smaller, or lies elsewhere, holds only a part of the head.
    """
    if window.second(last) - window.second(first) > 2 * STEADY_S:
        return np.zeros((last - first - 1, len(boxes_a), 4), np.float32), np.zeros(len(boxes_a), np.bool_)
    boxes, still = _lines(window, first, last, boxes_a, boxes_b)
    size_a, size_b = (np.sqrt(np.prod(b[:, 2:] - b[:, :2], axis=1)) for b in (still, boxes_b))
    shift = np.abs((still[:, :2] + still[:, 2:]) - (boxes_b[:, :2] + boxes_b[:, 2:])).max(axis=1) / 2
    alike = np.maximum(size_a, size_b) <= ALIKE_SIZE * np.minimum(size_a, size_b)
    return boxes[1:-1], np.asarray(alike & (shift <= size_b), np.bool_)


def _carried_both_ways(window: Window, first: int, last: int, boxes_a: F32, boxes_b: F32, lines: F32) -> tuple[F32, U8]:
    """The lines, float32 (t, n, 4), widened by where flow puts the boxes from either side; and their evidence."""
    t = len(lines)
    ahead, ahead_ok = carry_many(window.forward(first, last), boxes_a)
    back, back_ok = carry_many(window.backward(first, last), boxes_b)
    back, back_ok = back[::-1], back_ok[::-1]
    at = np.arange(t)[:, None]
    half = t // 2
    astray = ~ahead_ok[-1] | (iou_pairs(ahead[-1], boxes_b) < PROVEN_IOU)
    ahead_ok = ahead_ok & (~astray[None] | (at <= half))
    astray = ~back_ok[0] | (iou_pairs(back[0], boxes_a) < PROVEN_IOU)
    back_ok = back_ok & (~astray[None] | (at >= t - 1 - half))
    boxes = lines.copy()
    for other, ok in ((ahead, ahead_ok), (back, back_ok)):
        boxes[ok, :2] = np.minimum(boxes[ok, :2], other[ok, :2])
        boxes[ok, 2:] = np.maximum(boxes[ok, 2:], other[ok, 2:])
    return boxes, np.where(ahead_ok | back_ok, Evidence.FLOWED, Evidence.HELD).astype(np.uint8)


def supported_length(seconds: npt.NDArray[np.float64], ok: Flags, longest_s: float) -> int:
    """How many carried boxes beyond a sighting count, given float64 (n,) their distance from it in seconds, rising.

    At least those within `END_S`, further while the picture supports them, none beyond `longest_s`.
    """
    held = int(np.searchsorted(seconds, END_S + 1e-6, "right"))
    broken = np.flatnonzero(~ok)
    carried = int(broken[0]) if len(broken) else len(ok)
    limit = int(np.searchsorted(seconds, longest_s + 1e-6, "right"))
    return max(held, min(carried, limit))


def beyond(boxes: F32, ok: Flags, seconds: npt.NDArray[np.float64], longest_s: float) -> tuple[F32, U8]:
    """The part of carried boxes (k, 4) that extends a track, and its evidence; `seconds` as in `supported_length`."""
    n = supported_length(seconds, ok, longest_s)
    return boxes[:n], np.where(ok[:n], Evidence.FLOWED, Evidence.HELD).astype(np.uint8)


def extend_back(window: Window, index: int, boxes: F32, longest_s: list[float]) -> list[tuple[F32, U8]]:
    """For each of n first sightings (n, 4) at picture `index`, the boxes before it, in order of display.

    `longest_s` says for each how far back at most. Each answer is float32 (k, 4) and uint8 (k,) evidence.
    """
    first = window.index_before(index, max(longest_s))
    carried, ok = carry_many(window.backward(first, index), boxes)
    seconds = np.array([window.second(index) - window.second(i) for i in range(index - 1, first - 1, -1)], np.float64)
    out = []
    for k, longest in enumerate(longest_s):
        before, evidence = beyond(carried[1:, k], ok[1:, k], seconds, longest)
        out.append((before[::-1], evidence[::-1]))
    return out
