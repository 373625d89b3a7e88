"""Close the gaps of a track from both sides, and extend its ends into the past and the future.

Three estimates of where a face was between two sightings: the straight line (in the moving camera's frame), the box
carried forward from the first, and the box carried back from the second. Where they disagree, all are covered.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from avg_video.detect.boxes import iou
from avg_video.track.camera import move_boxes
from avg_video.track.flow import carry_many
from avg_video.track.types import Evidence
from avg_video.track.window import Stretch, Window

__all__ = ["END_S", "beyond", "close_gap", "extend_back", "supported_length"]

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
PROVEN_IOU = 0.3
"""A carried box that ends with less overlap than this with the sighting it should have reached went astray; it counts
only for the half of the gap next to where it started."""


def _line(window: Window, first: int, last: int, box_a: F32, box_b: F32) -> tuple[F32, F32]:
    """Straight line between two sightings in the camera's frame, float32 (last - first + 1, 4); and where the camera
    alone puts the first sighting in the end, float32 (4,)."""
    n = last - first + 1
    ahead = np.empty((n, 4), np.float32)
    back = np.empty((n, 4), np.float32)
    ahead[0], back[-1] = box_a, box_b
    for k, affine in enumerate(window.forward(first, last)[1]):
        ahead[k + 1] = move_boxes(ahead[k : k + 1], affine)[0]
    for k, affine in enumerate(window.backward(first, last)[1]):
        back[n - 2 - k] = move_boxes(back[n - 1 - k : n - k], affine)[0]
    weight = np.linspace(0.0, 1.0, n, dtype=np.float32)[:, None]
    return np.asarray(ahead * (1 - weight) + back * weight, np.float32), ahead[-1]


def close_gap(window: Window, first: int, last: int, box_a: F32, box_b: F32) -> tuple[F32, U8]:
    """Boxes for the pictures strictly between two sightings, float32 (last - first - 1, 4), and their evidence.

    `box_a` in picture `first` and `box_b` in picture `last` are float32 (4,), px of the reduced plane.
    """
    line, still = _line(window, first, last, box_a, box_b)
    n = len(line)
    if n == 2:
        return np.zeros((0, 4), np.float32), np.zeros(0, np.uint8)
    steady = float(iou(still[None], box_b[None])[0, 0]) >= STEADY_IOU
    if steady and window.second(last) - window.second(first) <= STEADY_S:
        return line[1:-1], np.full(n - 2, Evidence.INTERPOLATED, np.uint8)
    ahead, ahead_ok = _carried(window.forward(first, last), box_a)
    back, back_ok = _carried(window.backward(first, last), box_b)
    back, back_ok = back[::-1], back_ok[::-1]
    half = n // 2
    if not ahead_ok[-1] or iou(ahead[-1:], box_b[None])[0, 0] < PROVEN_IOU:
        ahead_ok = ahead_ok & (np.arange(n) <= half)
    if not back_ok[0] or iou(back[:1], box_a[None])[0, 0] < PROVEN_IOU:
        back_ok = back_ok & (np.arange(n) >= n - 1 - half)
    boxes = line.copy()
    for other, ok in ((ahead, ahead_ok), (back, back_ok)):
        boxes[ok, :2] = np.minimum(boxes[ok, :2], other[ok, :2])
        boxes[ok, 2:] = np.maximum(boxes[ok, 2:], other[ok, 2:])
    evidence = np.where(ahead_ok | back_ok, Evidence.FLOWED, Evidence.HELD).astype(np.uint8)
    return boxes[1:-1], evidence[1:-1]


def _carried(stretch: Stretch, box: F32) -> tuple[F32, Flags]:
    boxes, ok = carry_many(stretch[0], box[None], stretch[1])
    return boxes[:, 0], ok[:, 0]


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
    """The part of carried boxes (n, 4) that extends a track, and its evidence; `seconds` as in `supported_length`."""
    n = supported_length(seconds, ok, longest_s)
    return boxes[:n], np.where(ok[:n], Evidence.FLOWED, Evidence.HELD).astype(np.uint8)


def extend_back(window: Window, index: int, box: F32, longest_s: float) -> tuple[F32, U8]:
    """Boxes before a first sighting at picture `index`, in order of display: float32 (k, 4), uint8 (k,) evidence."""
    first = window.index_before(index, longest_s)
    boxes, ok = _carried(window.backward(first, index), box)
    seconds = np.array([window.second(index) - window.second(i) for i in range(index - 1, first - 1, -1)], np.float64)
    boxes, evidence = beyond(boxes[1:], ok[1:], seconds, longest_s)
    return boxes[::-1], evidence[::-1]
