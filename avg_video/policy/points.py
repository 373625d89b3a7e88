"""Points that people set on faces: which tracks they hit."""

from __future__ import annotations

from collections.abc import Sequence

from avg_video.media.timing import Timeline
from avg_video.policy.document import Moment
from avg_video.track.types import Track

__all__ = ["hit_by"]


def hit_by(moment: Moment, tracks: Sequence[Track], timeline: Timeline, growth: float) -> list[Track]:
    """The tracks whose box, grown on each side by `growth` of its size, holds the point in the picture on screen then.

    A moment after the recording's end hits nobody.
    """
    if moment.t >= timeline.duration_s:
        return []
    picture = timeline.index_at(moment.t)
    x, y = moment.x * timeline.size_wh[0], moment.y * timeline.size_wh[1]
    hit = []
    for track in tracks:
        box = track.box_at(picture)
        if box is None:
            continue
        x1, y1, x2, y2 = (float(v) for v in box)
        more_x, more_y = growth * (x2 - x1), growth * (y2 - y1)
        if x1 - more_x <= x <= x2 + more_x and y1 - more_y <= y <= y2 + more_y:
            hit.append(track)
    return hit
