"""What is covered because it was drawn by hand: where it is in each picture, and where nobody can tell."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from avg_video.detect.boxes import COVER_HALF
from avg_video.language import mark, tr, trn
from avg_video.media.timing import Timeline
from avg_video.policy.document import Cover, Policy
from avg_video.policy.regions import Places
from avg_video.policy.times import format_seconds
from avg_video.track.types import Evidence, Track

__all__ = ["Drawn", "Followed", "cover_tracks", "draw_covers"]

F32 = npt.NDArray[np.float32]

WIDENED = 1.02 * math.sqrt(0.5) / COVER_HALF
"""How much larger than its part of the box the box of a rounded cover is: the corners of the part must lie under it.
An ellipse through the corners of a box has half axes of sqrt(0.5) of its sides; smaller leaks what lies there."""
LOWERED = 0.05
"""By how much of its height it is moved down, since covers lie so much higher than their box, for the hair."""
MOST_PARTS = 64
"""Parts at most into which a long box is cut; beyond that they get longer than high, which covers more, not less."""


@dataclass(frozen=True, eq=False)
class Followed:
    """Where the content of a cover went, as it was found in the pictures.

    boxes_xyxy: float32 (k, 4), px, for the pictures from the one it was drawn on.
    lost: the first of them (from 0) in which the picture no longer told; None where it always did.
    """

    boxes_xyxy: F32
    lost: int | None


@dataclass(frozen=True, eq=False)
class Drawn:
    """One cover that was drawn by hand.

    Attributes
    ----------
    rule: what reports call the line.
    first: index of its first picture.
    boxes_xyxy: float32 (k, 4), px, in the pictures first, ..., first + k - 1; none where it begins after the end.
    lost: index of the picture from which it stays where it was, because it can't be followed; None if it always can.
    """

    rule: str
    first: int
    boxes_xyxy: F32
    lost: int | None

    @property
    def last(self) -> int:
        """Index of its last picture."""
        return self.first + len(self.boxes_xyxy) - 1

    def box_at(self, index: int) -> F32 | None:
        """float32 (4,): its box in that picture, or None where there is none."""
        return self.boxes_xyxy[index - self.first] if self.first <= index <= self.last else None

    def parts_at(self, index: int) -> F32:
        """float32 (n, 4): boxes whose rounded covers hide all of the box in that picture; n = 0 where there is none."""
        box = self.box_at(index)
        return np.zeros((0, 4), np.float32) if box is None else _parts(box[None], self._count())[:, 0]

    def _count(self) -> tuple[int, int]:
        """Into how many parts across and down it is cut, by its shape at first."""
        wide, high = (self.boxes_xyxy[0, 2:] - self.boxes_xyxy[0, :2]).tolist()
        across, down = wide / max(high, 1e-6), high / max(wide, 1e-6)
        return min(max(round(across), 1), MOST_PARTS), min(max(round(down), 1), MOST_PARTS)


def draw_covers(
    policy: Policy, timeline: Timeline, places: Places, followed: Mapping[int, Followed] | None = None
) -> tuple[tuple[Drawn, ...], list[str], bool]:
    """Every cover of the policy, warnings about them, and whether a person must look at one.

    Parameters
    ----------
    followed: for the lines (from 1) that follow their content, where that went. `follow.by_hand` finds it.

    Raises `ValueError` for a line that follows its content, but is not in `followed`.
    """
    drawn, warnings, needs_look = [], [], False
    for k, line in enumerate(policy.cover, 1):
        cover = _draw(line, k, timeline, places, followed or {})
        drawn.append(cover)
        if not len(cover.boxes_xyxy):
            warnings.append(tr("{rule}: it begins after the end of the recording", rule=cover.rule))
            needs_look = True
        elif cover.lost is not None:
            at = format_seconds(float(timeline.seconds[cover.lost]))
            text = mark("{rule}: it can't be followed from {time} on and stays where it was; look at it from there")
            warnings.append(tr(text, rule=cover.rule, time=at))
            needs_look = True
    there = sum(len(cover.boxes_xyxy) > 0 for cover in drawn)
    if there:
        warnings.append(trn("one place is covered by hand", "{n} places are covered by hand", there))
    return tuple(drawn), warnings, needs_look


def _draw(line: Cover, k: int, timeline: Timeline, places: Places, followed: Mapping[int, Followed]) -> Drawn:
    rule, n = line.rule(k), len(timeline)
    first, end = line.pictures(timeline)
    if first == n:
        return Drawn(rule, n, np.zeros((0, 4), np.float32), None)
    box = (np.array(line.box, np.float64) * [*timeline.size_wh, *timeline.size_wh]).astype(np.float32)
    if line.follow == "content" and n > 1:
        if k not in followed:
            raise ValueError(f"followed: expected where cover {k} went")
        found = followed[k]
        return _held(rule, first, end, found.boxes_xyxy, found.lost)
    if line.follow == "camera":
        left, top, right, bottom = line.box
        corners = ((left, top), (right, top), (right, bottom), (left, bottom))
        place = places.draw(rule, corners, line.start_s, line.end_s, through=True)
        vertices = places.vertices(place, np.arange(first, place.end))
        boxes = np.concatenate([vertices.min(axis=1), vertices.max(axis=1)], axis=1).astype(np.float32)
        boxes = np.broadcast_to(boxes, (place.end - first, 4))
        return _held(rule, first, end, boxes, None if place.lost is None else place.end - first)
    return Drawn(rule, first, np.broadcast_to(box, (end - first, 4)), None)


def _held(rule: str, first: int, end: int, boxes: F32, lost: int | None) -> Drawn:
    """A cover for the pictures first, ..., end - 1 that stays where it was from the picture `first + lost` on."""
    known = boxes[: end - first]
    rest = np.broadcast_to(known[-1], (end - first - len(known), 4))
    gone = lost is not None and first + lost < end
    return Drawn(rule, first, np.concatenate([known, rest]), first + lost if gone and lost is not None else None)


def cover_tracks(drawn: Sequence[Drawn], first_id: int) -> tuple[Track, ...]:
    """The covers as tracks, numbered from `first_id`, so that they are painted as people are: nobody is behind them.

    A long box becomes several, see `_parts`.
    """
    tracks: list[Track] = []
    for cover in drawn:
        if not len(cover.boxes_xyxy):
            continue
        frames = np.arange(cover.first, cover.last + 1, dtype=np.int32)
        held = np.full(len(frames), Evidence.HELD, np.uint8)
        for boxes in _parts(cover.boxes_xyxy, cover._count()):
            tracks.append(Track(first_id + len(tracks), frames, boxes, held, confirmed=False))
    return tuple(tracks)


def _parts(boxes_xyxy: F32, count: tuple[int, int]) -> F32:
    """float32 (n, k, 4): boxes (k, 4) cut into n parts each, as the boxes of rounded covers that hide all of them."""
    across, down = count
    x1, y1, x2, y2 = (boxes_xyxy[:, i].astype(np.float64) for i in range(4))
    parts = []
    for i in range(across):
        for j in range(down):
            left, right = x1 + (x2 - x1) * i / across, x1 + (x2 - x1) * (i + 1) / across
            top, bottom = y1 + (y2 - y1) * j / down, y1 + (y2 - y1) * (j + 1) / down
            half_w, half_h = WIDENED * (right - left) / 2, WIDENED * (bottom - top) / 2
            x, y = (left + right) / 2, (top + bottom) / 2 + LOWERED * 2 * half_h
            parts.append(np.stack([x - half_w, y - half_h, x + half_w, y + half_h], axis=1))
    return np.asarray(parts, np.float32)
