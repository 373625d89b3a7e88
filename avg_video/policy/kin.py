"""Which tracks may be pieces of one person: one ends where and when another begins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from avg_video.media.timing import Timeline
from avg_video.policy.regions import carry_transforms
from avg_video.track.types import CameraMotion, Track

__all__ = ["Kin"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

JOIN_S = 3.0
"""Longest time between the end of one piece and the begin of the next, in seconds. Shorter lets an objection get lost
where a person was out of sight."""
JOIN_WIDTHS = 2.0
"""Longest way between them, in widths of the larger face. Shorter lets it get lost where a person moved."""
JOIN_OVERLAP_S = 1.0
"""How long the two may live at once: a tracker often holds the old piece for a while when the new one has begun."""


class Kin:
    """Answers which tracks of a recording may be the same person as a given one.

    Places are compared as the camera would have seen them at one moment. Where the camera can't be followed between
    them, time alone decides; across a cut they are compared as they lie in the picture.
    """

    def __init__(self, tracks: Sequence[Track], timeline: Timeline, motion: CameraMotion) -> None:
        self._tracks = sorted(tracks, key=lambda t: t.id)
        leaves_s = np.append(timeline.seconds[1:], timeline.duration_s)
        self._first = np.array([t.first for t in self._tracks], np.int64)
        self._last = np.array([t.last for t in self._tracks], np.int64)
        self._begin_s, self._end_s = timeline.seconds[self._first], leaves_s[self._last]
        self._begin_box = np.array([t.boxes_xyxy[0] for t in self._tracks], np.float64).reshape(-1, 4)
        self._end_box = np.array([t.boxes_xyxy[-1] for t in self._tracks], np.float64).reshape(-1, 4)
        cut = np.zeros(len(timeline), np.bool_)
        cut[timeline.cuts] = True
        self._cuts = np.cumsum(cut)
        self._unknown = np.cumsum(~motion.trusted & ~cut)
        still = np.eye(2, 3, dtype=np.float32)  # across an unknown step nothing is carried, so any map will do there
        self._affine = np.where((motion.trusted & ~cut)[:, None, None], motion.affine, still)

    def spread(self, roots: Iterable[int]) -> dict[int, int]:
        """For each track that may be the same person as one of `roots`, over any number of pieces, that root.

        Roots are given by id, the most important first; the nearest by number of joints wins, then the first. They
        themselves are not in the answer.
        """
        row = {t.id: k for k, t in enumerate(self._tracks)}
        source = np.full(len(row), -1, np.int64)
        queue = [row[i] for i in roots]
        source[queue] = queue
        fixed = set(queue)
        for k in queue:  # grows while it is walked
            free = source < 0
            for other in np.flatnonzero(free & (self._after(k, free) | self._before(k, free))):
                source[other] = source[k]
                queue.append(int(other))
        found = [k for k in np.flatnonzero(source >= 0).tolist() if k not in fixed]
        return {self._tracks[k].id: self._tracks[source[k]].id for k in found}

    def _after(self, k: int, free: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """bool (n,): which free tracks begin near the end of track k."""
        gap = self._begin_s - self._end_s[k]
        others = np.flatnonzero(free & (gap >= -JOIN_OVERLAP_S) & (gap <= JOIN_S))
        joined = np.zeros(len(free), np.bool_)
        joined[others] = self._near(np.full_like(others, k), others)
        return joined

    def _before(self, k: int, free: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """bool (n,): which free tracks end near the begin of track k."""
        gap = self._begin_s[k] - self._end_s
        others = np.flatnonzero(free & (gap >= -JOIN_OVERLAP_S) & (gap <= JOIN_S))
        joined = np.zeros(len(free), np.bool_)
        joined[others] = self._near(others, np.full_like(others, k))
        return joined

    def _near(self, ends: I64, begins: I64) -> npt.NDArray[np.bool_]:
        """bool (m,): whether track `ends[i]` ends where track `begins[i]` begins; all within a few seconds."""
        if not len(ends):
            return np.zeros(0, np.bool_)
        end, begin = self._last[ends], self._first[begins]
        low, high = np.minimum(end, begin), np.maximum(end, begin)
        cut = self._cuts[high] > self._cuts[low]
        unknown = self._unknown[high] > self._unknown[low]
        end_boxes, begin_boxes = self._end_box[ends], self._begin_box[begins]
        near = unknown | _close(end_boxes, begin_boxes)
        # What is compared as the camera saw it at one moment: all but the pairs with a cut between.
        start = int(low.min())
        steps = self._affine[start : int(high.max()) + 1].astype(np.float64)
        steps[0] = np.eye(2, 3)
        known = ~cut & ~unknown
        if known.any() and (steps[1:] != np.eye(2, 3)).any():
            maps = carry_transforms(steps)
            carried = _close(_undo(end_boxes, maps[end - start]), _undo(begin_boxes, maps[begin - start]))
            near = np.where(known, carried, near)
        for i in np.flatnonzero(~near & (end >= begin)):
            box = self._tracks[ends[i]].box_at(int(begin[i]))
            if box is not None:  # both are in that picture, so nothing needs to be carried
                near[i] = _close(box[None].astype(np.float64), begin_boxes[i : i + 1])[0]
        return near


def _undo(boxes: F64, maps: F64) -> F64:
    """Boxes (n, 4) as they were before the maps (n, 2, 3), upright and of the size that the map's area gives them."""
    with np.errstate(all="ignore"):
        det = maps[:, 0, 0] * maps[:, 1, 1] - maps[:, 0, 1] * maps[:, 1, 0]
        x, y = ((boxes[:, :2] + boxes[:, 2:]) / 2 - maps[:, :, 2]).T
        centre = np.stack(
            [(maps[:, 1, 1] * x - maps[:, 0, 1] * y) / det, (maps[:, 0, 0] * y - maps[:, 1, 0] * x) / det], axis=1
        )
        half = (boxes[:, 2:] - boxes[:, :2]) / 2 / np.sqrt(np.abs(det))[:, None]
        return np.concatenate([centre - half, centre + half], axis=1)


def _close(a: F64, b: F64) -> npt.NDArray[np.bool_]:
    """bool (n,): whether boxes (n, 4) lie within `JOIN_WIDTHS`; what can't be computed is taken as close."""
    with np.errstate(all="ignore"):
        dx, dy = ((a[:, :2] + a[:, 2:]) / 2 - (b[:, :2] + b[:, 2:]) / 2).T
        width = np.maximum(a[:, 2] - a[:, 0], b[:, 2] - b[:, 0])
        return np.asarray(~(np.hypot(dx, dy) > JOIN_WIDTHS * width), np.bool_)
