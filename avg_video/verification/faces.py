"""Looks for faces in the pictures of a copy, and asks whether its record explains them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from avg_video.detect.boxes import iou
from avg_video.detect.detector import Detector
from avg_video.detect.views import View, look
from avg_video.media.picture import Picture
from avg_video.record.model import PersonEntry
from avg_video.redact.detail import face_detail

__all__ = ["Box", "Find", "Watch", "clock"]

SURE_ABOVE_STRONG = 0.2
"""A hit counts from so much above the detector's own mark for a sure one. Heads whose faces are covered, with hair and
neck in view, are hit with up to that (0.61 with CenterFace, whose mark is 0.4); visible faces mostly with 0.7 and more.
Lower reports more covers as faces; higher lets faces pass that are turned or small."""
CERTAIN_ABOVE_STRONG = 0.4
"""From here on a hit counts whatever is drawn inside it."""
LEAST_DETAIL = 3.0
"""A hit counts when at least this is drawn inside it (`redact.detail`), grey levels. Visible faces have 10 and more, a
soft cover less than 2. Higher lets faces pass in dim or dull pictures."""
SAME_IOU = 0.2
"""Finds of two looks in a row are one find when they overlap so."""
MOMENT_S = 0.05
"""Half a picture more or less, s, for the times in a record, which are rounded."""

Box = tuple[int, int, int, int]
"""Left, top, right and bottom, px."""


@dataclass
class Find:
    """A face that was seen in look after look, at about the same place.

    Attributes
    ----------
    first_s, last_s: seconds from the first picture.
    box_xyxy: where it was seen first, px.
    shown: how many people the record allows at that moment; fewer than were seen.
    """

    first_s: float
    last_s: float
    box_xyxy: Box
    shown: int


_Seen = tuple[Find, Box]
"""A find, and where it was at the last look."""


@dataclass
class Watch:
    """Looks at one picture after the other.

    Parameters
    ----------
    people: those of the record; empty when there is none, or when it is about another file.

    Attributes
    ----------
    looks: at how many pictures was looked.
    explained: at how many somebody was seen, and as many people are shown.
    finds: faces that the record does not explain.
    """

    detector: Detector
    people: Sequence[PersonEntry]
    looks: int = 0
    explained: int = 0
    finds: list[Find] = field(default_factory=list)
    _before: list[_Seen] = field(default_factory=list)

    def look(self, picture: Picture, views: Sequence[View], second: float = 0.0) -> None:
        """Look at one picture, later than all before it."""
        self.looks += 1
        boxes = self._sure(picture, views)
        shown = self._shown_at(second)
        if len(boxes) <= shown:
            self.explained += bool(boxes)
            self._before = []
            return
        now: list[_Seen] = []
        for box in boxes:
            find = _same(box, self._before)
            if find is None or any(find is other for other, _ in now):
                find = Find(second, second, box, shown)
                self.finds.append(find)
            find.last_s = second
            now.append((find, box))
        self._before = now

    def _sure(self, picture: Picture, views: Sequence[View]) -> list[Box]:
        least = self.detector.strong + SURE_ABOVE_STRONG
        certain = self.detector.strong + CERTAIN_ABOVE_STRONG
        found = look(picture, views, self.detector, min(least, 1.0))
        sure = []
        for box, score in zip(found.boxes_xyxy.tolist(), found.scores.tolist(), strict=True):
            x1, y1, x2, y2 = box
            if score >= certain or face_detail(picture.y, (x1, y1, x2, y2)) >= LEAST_DETAIL:
                sure.append((round(x1), round(y1), round(x2), round(y2)))
        return sure

    def _shown_at(self, second: float) -> int:
        """How many people the record says can be seen then. It says when, and not where."""
        return sum(
            any(begin - MOMENT_S <= second <= end + MOMENT_S for begin, end in person.shown_s) for person in self.people
        )


def _same(box: Box, before: list[_Seen]) -> Find | None:
    """The find that this box goes on from."""
    if not before:
        return None
    here = np.array([box], np.float32)
    overlap = iou(here, np.array([last for _, last in before], np.float32))[0]
    best = int(np.argmax(overlap))
    return before[best][0] if overlap[best] >= SAME_IOU else None


def clock(second: float) -> str:
    """`0:03.5`, `1:02:03.0`."""
    minutes, rest = divmod(round(second, 1), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02d}:{rest:04.1f}" if hours else f"{minutes}:{rest:04.1f}"
