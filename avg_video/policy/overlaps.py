"""Pictures in which somebody who is shown overlaps somebody who is covered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from avg_video.detect.boxes import COVER_HALF, COVER_SPARE_PX
from avg_video.track.types import Track

__all__ = ["overlap_frames"]

F64 = npt.NDArray[np.float64]


def overlap_frames(shown: Sequence[Track], covered: Sequence[Track]) -> dict[int, npt.NDArray[np.int32]]:
    """For each shown track, by id, the increasing picture indices, int32 (k,), in which its cover would touch another.

    Boxes around the covers are compared, so that covers which only nearly touch count as well.
    """
    reach: dict[int, F64] = {}
    frames = {}
    # A lesson may have a thousand numbers, so who can meet whom at all is found for all of them at once.
    firsts, ends = (np.array([side(t) for t in covered], np.int64) for side in (_first, _end))
    around = np.array([_whole_life(t) for t in covered], np.float64).reshape(-1, 4).T
    for track in shown:
        hit = np.zeros(len(track), np.bool_)
        near = (firsts < _end(track)) & (ends > track.first) & _touch(_whole_life(track)[:, None], around)
        for other in (covered[int(k)] for k in np.flatnonzero(near)):
            low, high = max(track.first, other.first), min(_end(track), _end(other))
            for t in (track, other):
                if t.id not in reach:
                    reach[t.id] = _cover(t)
            a = reach[track.id][:, low - track.first : high - track.first]
            b = reach[other.id][:, low - other.first : high - other.first]
            hit[low - track.first : high - track.first] |= _touch(a, b)
        frames[track.id] = track.frames[hit]
    return frames


def _first(track: Track) -> int:
    return track.first


def _end(track: Track) -> int:
    return track.last + 1


def _cover(track: Track) -> F64:
    """(4, k): the box around the cover in each picture, x1, y1, x2, y2."""
    x1, y1, x2, y2 = track.boxes_xyxy.T.astype(np.float64)
    more_x = np.maximum((COVER_HALF - 0.5) * (x2 - x1), COVER_SPARE_PX)
    more_y = np.maximum((COVER_HALF - 0.5) * (y2 - y1), COVER_SPARE_PX)
    return np.stack([x1 - more_x, y1 - more_y, x2 + more_x, y2 + more_y])


def _whole_life(track: Track) -> F64:
    """(4,): a box around the covers of all pictures, quickly and rather too large; spares most pairs the rest."""
    x1, y1, x2, y2 = np.ascontiguousarray(track.boxes_xyxy.T)
    most = max(float((x2 - x1).max()), float((y2 - y1).max()))
    more = max((COVER_HALF - 0.5) * most, COVER_SPARE_PX) + 1.0
    return np.array([x1.min() - more, y1.min() - more, x2.max() + more, y2.max() + more], np.float64)


def _touch(a: F64, b: F64) -> npt.NDArray[np.bool_]:
    """bool (k,): whether the boxes (4, k), or (4, 1) and (4, k), have a point in common."""
    return np.asarray((a[0] <= b[2]) & (b[0] <= a[2]) & (a[1] <= b[3]) & (b[1] <= a[3]), np.bool_)
