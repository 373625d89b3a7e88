"""Looking at a single picture: all of it at every size that helps, since it has no time to agree over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from avg_video.detect.boxes import Boxes, iou, joined
from avg_video.detect.detector import Detector
from avg_video.detect.looks import LookSettings, sharp_tiles
from avg_video.detect.views import View, look, scaled
from avg_video.media.picture import Picture

__all__ = ["Sighted", "cover_score", "look_at_still", "still_views"]

F32 = npt.NDArray[np.float32]

SAME_IOU = 0.4
"""Two hits that overlap more than this are one person."""
WITHIN = 0.7
"""A hit of which more than this lies in a larger one, or the reverse, belongs to the same person too."""


def cover_score(detector: Detector) -> float:
    """The score from which hits in a single picture are covered: its weakest.

    In a recording a weak hit counts when it comes again; here it can't, and what is unknown is covered. Measured on 18
    pictures out of two recordings, CenterFace: from its weak score on, 6 of 158 labelled faces stay recognisable and
    0.7 % (sharp) to 3.4 % (a soft crowd) of what is no face is covered; from its strong score on, 40 and 0.3 to 0.5 %.
    YuNet: 17, and 2.5 to 16 %; 38, and 0.3 to 4.3 %.
    """
    return detector.weak


def still_views(size_wh: tuple[int, int], settings: LookSettings | None = None) -> tuple[View, ...]:
    """All that is looked at in a single picture of that size: the whole at three sizes, then in tiles ever sharper,
    until its own size is reached."""
    using = settings or LookSettings()
    whole, long = (0, 0, *size_wh), max(size_wh)
    scales = {min(px / long, using.enlarge) for px in (*using.wide_px, using.again_px)}
    views = [View(whole, scaled(size_wh, scale)) for scale in sorted(scales)]
    sharp_px = using.sharp_px
    while True:
        views += sharp_tiles(size_wh, replace(using, sharp_px=sharp_px))
        if sharp_px * 1.15 >= long:
            return tuple(dict.fromkeys(views))
        sharp_px = min(2 * sharp_px, long)


@dataclass(frozen=True, eq=False)
class Sighted:
    """Who was found in a single picture.

    Attributes
    ----------
    people: each person once.
    around: for each of them, float32 (m, 4) px: other boxes that were found for the same person. They are covered
        where the person is, so that a hit on a nose alone never stands for the face.
    """

    people: Boxes
    around: tuple[F32, ...]


def look_at_still(picture: Picture, views: Sequence[View], detector: Detector, min_score: float) -> Sighted:
    """Everyone found in any of the views from that score on, each once."""
    return _grouped(joined(*(look(picture, (view,), detector, min_score) for view in views)))


def _grouped(found: Boxes) -> Sighted:
    """One person for all hits that mean the same face: the surest one, and the others around it.

    A larger box that holds somebody without being much like their box can be another, nearer person: it stays one by
    itself. Too many people only mean more cover.
    """
    found = found.take(np.argsort(-found.scores, kind="stable"))
    boxes = found.boxes_xyxy
    overlap = iou(boxes, boxes)
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    both = np.prod(np.clip(np.minimum(boxes[:, None, 2:], boxes[None, :, 2:]) - low, 0, None), axis=2)
    inside = both / area[None] > WITHIN  # how much of the second lies in the first
    free = np.ones(len(found), np.bool_)
    kept: list[int] = []
    around: list[F32] = []
    for k in range(len(found)):
        if free[k]:
            same = free & ((overlap[k] > SAME_IOU) | (inside[k] & (area <= area[k])))
            same[k] = False
            free[k] = False
            free &= ~same
            kept.append(k)
            around.append(boxes[same])
    return Sighted(found.take(np.array(kept, np.intp)), tuple(around))
