"""Where the content of boxes that were drawn by hand goes, picture by picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from avg_video.media.picture import Picture
from avg_video.media.timing import Timeline
from avg_video.redact.carried import carried

__all__ = ["Trail", "Wish", "follow"]

F32 = npt.NDArray[np.float32]

WINDOW = 12
"""Pictures that are held at once while boxes are carried through them; bounds memory."""
DOUBT = 0.1
"""Share of its size by which a followed box is larger on each side from the start. Less leaks its rim."""
DOUBT_PER_S = 0.02
"""Further growth for each second: small errors of flow add up."""
MOST_DOUBT = 0.3


@dataclass(frozen=True, eq=False)
class Wish:
    """A box to follow: float32 (4,), px, in the picture `first`, through all pictures before `end`."""

    first: int
    end: int
    box_xyxy: F32


@dataclass(eq=False)
class Trail:
    """Where it went.

    Attributes
    ----------
    boxes_xyxy: one float32 (4,), px, for each picture from the first on, grown with doubt, as long as it was followed.
    lost: how many pictures after the first it was lost; None where it never was.
    """

    boxes_xyxy: list[F32] = field(default_factory=list)
    lost: int | None = None


def follow(pictures: Iterable[Picture], wishes: Sequence[Wish], timeline: Timeline) -> list[Trail]:
    """Follow each box by optical flow until the picture no longer tells where it is, and never across a cut.

    `pictures` are those of the recording from its first on; no more of them are read than are needed.
    """
    trails = [Trail() for _ in wishes]
    boxes = [np.asarray(wish.box_xyxy, np.float32) for wish in wishes]
    cuts, seconds = set(timeline.cuts.tolist()), timeline.seconds
    end = max((wish.end for wish in wishes), default=0)
    start = min((wish.first for wish in wishes), default=0)
    window: list[Picture] = []

    def advance() -> None:
        """Carry every box through the window; its last picture is the first of the next one."""
        for k, wish in enumerate(wishes):
            low, high = max(wish.first, window[0].index), min(wish.end - 1, window[-1].index)
            if low > high or trails[k].lost is not None:
                continue
            part = window[low - window[0].index : high - window[0].index + 1]
            moved, supported = carried(part, boxes[k][None])
            fresh = 0 if low == wish.first else 1  # the first picture of the window is known from the one before
            for picture, box, known in list(zip(part, moved[:, 0], supported[:, 0], strict=True))[fresh:]:
                if not known or (picture.index in cuts and picture.index > wish.first):
                    trails[k].lost = len(trails[k].boxes_xyxy)
                    break
                trails[k].boxes_xyxy.append(_grown(box, float(seconds[picture.index] - seconds[wish.first])))
                boxes[k] = box

    for picture in pictures:
        if picture.index < start:
            continue
        if picture.index >= end:
            break
        window.append(picture)
        if len(window) == WINDOW:
            advance()
            window = window[-1:]
    if window:
        advance()
    return trails


def _grown(box_xyxy: F32, away_s: float) -> F32:
    by = min(DOUBT + DOUBT_PER_S * away_s, MOST_DOUBT) * float((box_xyxy[2:] - box_xyxy[:2]).max())
    return np.asarray(box_xyxy + np.array([-by, -by, by, by]), np.float32)
