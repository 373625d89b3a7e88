"""Splits tracks where nobody was seen for a while: what comes after must earn its own right to be shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from avg_video.media.timing import Timeline
from avg_video.track.types import Evidence, Track

__all__ = ["GAP_S", "split_gaps"]

GAP_S = 0.5
"""Longest time between two detections of one track, in seconds. Longer lets one person take another's place unseen,
and be shown in their stead."""


def split_gaps(tracks: Sequence[Track], timeline: Timeline, first_id: int = 1) -> tuple[Track, ...]:
    """Tracks whose detections lie at most `GAP_S` apart, numbered from `first_id` by first appearance.

    Where two detections in a row lie further apart, what comes before, the pictures between them, and what comes
    after become tracks of their own; the middle one is not confirmed. (Where pictures themselves lie further apart
    there may be nothing between.) What comes before the first detection and after the last stays where it is. A track
    without any detection is not confirmed. No box is lost or changed.

    Raises `ValueError` for tracks beyond the timeline.
    """
    if any(t.first < 0 or t.last >= len(timeline) for t in tracks):
        raise ValueError("tracks: expected pictures of the timeline only")
    seconds = timeline.seconds
    pieces: list[Track] = []
    for track in tracks:
        seen = np.flatnonzero(track.evidence == Evidence.DETECTED)
        if not len(seen):
            pieces.append(replace(track, confirmed=False))
            continue
        # A billionth of a second of slack: 0.5 s as a sum of fractions must not count as more.
        wide = np.flatnonzero(np.diff(seconds[track.frames[seen]]) > GAP_S + 1e-9)
        start = 0
        for k in wide:
            left, right = int(seen[k]) + 1, int(seen[k + 1])
            pieces.append(_piece(track, start, left, track.confirmed))
            if left < right:
                pieces.append(_piece(track, left, right, False))
            start = right
        pieces.append(_piece(track, start, len(track), track.confirmed))
    pieces.sort(key=lambda t: (t.first, t.id))
    return tuple(replace(piece, id=number) for number, piece in enumerate(pieces, first_id))


def _piece(track: Track, start: int, stop: int, confirmed: bool) -> Track:
    part = slice(start, stop)
    return Track(track.id, track.frames[part], track.boxes_xyxy[part], track.evidence[part], confirmed)
