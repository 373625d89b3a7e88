"""Places of the room, drawn as polygons at one moment and carried along with the camera."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from avg_video.language import mark
from avg_video.media.timing import Timeline
from avg_video.policy.polygons import XY, inside, overlap_area
from avg_video.track.types import CameraMotion, Track

__all__ = ["Place", "Places", "carry_transforms"]

F64 = npt.NDArray[np.float64]
F32 = npt.NDArray[np.float32]

MIN_SCALE, MAX_SCALE = 0.5, 2.0
"""Zoom since the drawing beyond which a place is lost: errors of the estimate have grown as much as the picture."""
MAX_SHEAR = 1.15
"""Largest ratio of the two axes' scales. A camera can't shear the room, so more than this is a wrong estimate."""
MAX_ROLL_DEG = 45.0
"""Largest turn of the picture since the drawing; nobody rolls a lesson's camera further on purpose."""
BLOCK = 128
"""Pictures that are first tested together, by the box around all of a track's boxes in them. Changes only speed."""
BATCH = 4096
"""Pictures tested one by one at a time; bounds memory, and stops early where the answer is known."""
SLACK_PX = 0.5
"""How much larger the boxes around blocks are made: their arithmetic is in float32, for speed, and must not matter."""
WHOLE = 1 - 1e-9
"""Share of a box's area in a polygon that counts as all of it; rounding takes the rest."""

Lost = Literal["a cut", "camera motion that can't be followed", "too much camera motion since it was drawn"]
LOST = (mark("a cut"), mark("camera motion that can't be followed"), mark("too much camera motion since it was drawn"))
"""The same words; whoever shows one translates it."""


@dataclass(frozen=True, eq=False)
class Place:
    """A polygon of the room during the pictures in which its position is known.

    Attributes
    ----------
    rule: what reports call the line of the policy.
    drawn_px: float64 (v, 2), the polygon in px of the picture `first`.
    first, end: it holds in the pictures first, ..., end - 1; none where they are equal.
    lost: why its position is not known from `end` on; None where the policy ended it, or the recording.
    """

    rule: str
    drawn_px: F64
    first: int
    end: int
    lost: Lost | None

    def shared(self, track: Track) -> tuple[int, int]:
        """First and last picture in which both are there; first > last where there is none."""
        return max(self.first, track.first), min(self.end - 1, track.last)


def carry_transforms(affine: npt.NDArray[np.floating]) -> F64:
    """Products of consecutive steps: row i of the result maps px before the first step to px after step i.

    `affine` is (n, 2, 3) as in `CameraMotion`; returns float64 (n, 2, 3). Worked in about sqrt(n) blocks, so that an
    hour takes hundredths of a second.
    """
    n = len(affine)
    side = max(int(np.ceil(np.sqrt(n))), 1)
    steps = np.tile(np.eye(3), (side * side, 1, 1))
    steps[:n, :2] = affine
    blocks = steps.reshape(side, side, 3, 3)
    with np.errstate(all="ignore"):  # a wrong estimate may overflow; what is not finite is refused by `_plausible`
        for k in range(1, side):
            blocks[:, k] = blocks[:, k] @ blocks[:, k - 1]
        before = np.eye(3)
        for k in range(side):
            blocks[k] = blocks[k] @ before
            before = blocks[k, -1]
    return steps[:n, :2]


def _plausible(transforms: F64) -> npt.NDArray[np.bool_]:
    """bool (n,): which of the maps (n, 2, 3) a camera could have made since the drawing, within the limits above."""
    a, b, c, d = (transforms[:, i, j] for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)))
    with np.errstate(all="ignore"):
        # Singular values and angle of a 2 x 2 matrix in closed form.
        turn, flip = np.hypot(a + d, c - b) / 2, np.hypot(a - d, c + b) / 2
        large, small = turn + flip, turn - flip
        roll = np.abs(np.degrees(np.arctan2(c - b, a + d)))
        fits = (small >= MIN_SCALE) & (large <= MAX_SCALE) & (large <= MAX_SHEAR * small) & (roll <= MAX_ROLL_DEG)
    return np.asarray(fits & np.isfinite(transforms).all(axis=(1, 2)), np.bool_)


@dataclass(frozen=True, eq=False)
class _Frame:
    """The picture `start` as a frame of reference, up to (not including) the picture `end`.

    transforms: (end - start, 2, 3), px of `start` to px of each picture; None where the camera stands still.
    back: float32 (6, end - start), the coefficients of their inverses in rows; None likewise.
    blocks: for each track id the boxes around its boxes in px of `start`, per `BLOCK` pictures.
    """

    start: int
    end: int
    lost: Lost | None
    transforms: F64 | None
    back: F32 | None
    blocks: dict[int, F64]


class Places:
    """Draws places and answers where tracks lie in them.

    Parameters
    ----------
    timeline: of the recording.
    motion: of its camera; as many pictures.
    """

    _KEPT = 8
    """Frames of reference kept; most policies draw everything at one or two moments."""

    def __init__(self, timeline: Timeline, motion: CameraMotion) -> None:
        self._timeline = timeline
        self._motion = motion
        self._moved = (motion.affine != np.eye(2, 3, dtype=np.float32)).any(axis=(1, 2))
        self._broken = ~motion.trusted
        self._broken[timeline.cuts] = True
        self._frames: dict[int, _Frame] = {}

    def draw(
        self, rule: str, polygon: Sequence[XY], start_s: float | None, end_s: float | None, *, through: bool = False
    ) -> Place:
        """The place drawn on the picture that is on screen at `start_s`, until the one on screen at `end_s`.

        That last picture belongs to what follows, or with `through` to this place as well. A place that begins after
        the recording's end holds nowhere.
        """
        n, start = len(self._timeline), start_s or 0.0
        drawn = np.asarray(polygon, np.float64) * self._timeline.size_wh
        if start >= self._timeline.duration_s:
            return Place(rule, drawn, n, n, None)
        first = self._timeline.index_at(start)
        wanted = n if end_s is None or end_s >= self._timeline.duration_s else self._timeline.index_at(end_s) + through
        frame = self._frame(first)
        if frame.end < wanted:
            return Place(rule, drawn, first, frame.end, frame.lost)
        return Place(rule, drawn, first, max(wanted, first), None)

    def held(self, place: Place, track: Track, share: float) -> bool:
        """Whether in all pictures they share (at least one) its centre and `share` of its box's area lie in it."""
        low, high = place.shared(track)
        if low > high:
            return False
        some = np.unique(np.linspace(low, high, 32).astype(np.int64))
        if not self._in(place, track, some, share).all():
            return False
        blocks = self._blocks(place, track)
        area = np.prod(blocks[:, 2:] - blocks[:, :2], axis=1)
        sure = overlap_area(place.drawn_px[None], blocks) >= area * WHOLE
        rest = self._pictures(place, track, ~sure)
        return all(self._in(place, track, part, share).all() for part in rest)

    def touched(self, place: Place, track: Track, share: float) -> bool:
        """Whether in any picture they share its centre, or `share` of its box's area, lies in it."""
        low, high = place.shared(track)
        if low > high:
            return False
        blocks = self._blocks(place, track)
        top_left, bottom_right = place.drawn_px.min(axis=0), place.drawn_px.max(axis=0)
        near = ((blocks[:, :2] <= bottom_right) & (blocks[:, 2:] >= top_left)).all(axis=1)
        return any(self._in(place, track, part, share, both=False).any() for part in self._pictures(place, track, near))

    def _in(
        self, place: Place, track: Track, pictures: npt.NDArray[np.int64], share: float, *, both: bool = True
    ) -> npt.NDArray[np.bool_]:
        """bool (n,): in which pictures the box's centre and (or, unless `both`) `share` of its area lie in it."""
        boxes = track.boxes_xyxy[pictures - track.first].astype(np.float64)
        vertices = self.vertices(place, pictures)
        centre = inside(vertices, (boxes[:, :2] + boxes[:, 2:]) / 2)
        area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
        enough = overlap_area(vertices, boxes) >= share * area
        return np.asarray(centre & enough if both else centre | enough, np.bool_)

    def vertices(self, place: Place, pictures: npt.NDArray[np.int64]) -> F64:
        """(n, v, 2), or (1, v, 2) where the camera stands still: the polygon in px of each of the pictures."""
        transforms = self._frame(place.first).transforms
        if transforms is None:
            return place.drawn_px[None]
        maps = transforms[pictures - place.first]
        return np.asarray(place.drawn_px @ maps[:, :, :2].transpose(0, 2, 1) + maps[:, None, :, 2], np.float64)

    def _pictures(self, place: Place, track: Track, wanted: npt.NDArray[np.bool_]) -> Iterator[npt.NDArray[np.int64]]:
        """The shared pictures in the blocks that are wanted, in batches."""
        low, high = place.shared(track)
        origin = max(place.first, track.first)
        starts = origin + np.flatnonzero(wanted) * BLOCK
        pictures = (starts[:, None] + np.arange(BLOCK)).reshape(-1)
        pictures = pictures[(pictures >= low) & (pictures <= high)]
        for k in range(0, len(pictures), BATCH):
            yield pictures[k : k + BATCH]

    def _blocks(self, place: Place, track: Track) -> F64:
        """(m, 4): boxes around a track's boxes in px of the picture the place was drawn on, per `BLOCK` pictures."""
        frame = self._frame(place.first)
        if track.id not in frame.blocks:
            low, high = max(frame.start, track.first), min(frame.end - 1, track.last)
            boxes = track.boxes_xyxy[low - track.first : high + 1 - track.first].T
            if frame.back is not None:
                boxes = _before(boxes, frame.back[:, low - frame.start : high + 1 - frame.start])
            at = np.arange(0, boxes.shape[1], BLOCK)
            ways = (np.minimum, np.minimum, np.maximum, np.maximum)
            sides = [f.reduceat(np.ascontiguousarray(boxes[k]), at) for k, f in enumerate(ways)]
            slack = np.array([-SLACK_PX, -SLACK_PX, SLACK_PX, SLACK_PX])
            frame.blocks[track.id] = np.stack(sides, axis=1).astype(np.float64) + slack
        return frame.blocks[track.id]

    def _frame(self, start: int) -> _Frame:
        if start not in self._frames:
            if len(self._frames) >= self._KEPT:
                self._frames.clear()
            self._frames[start] = self._follow(start)
        return self._frames[start]

    def _follow(self, start: int) -> _Frame:
        """How far, and how, the camera can be followed from the picture `start`."""
        broken = np.flatnonzero(self._broken[start + 1 :])
        end = start + 1 + int(broken[0]) if len(broken) else len(self._timeline)
        lost: Lost | None = None
        if len(broken):
            lost = "a cut" if end in self._timeline.cuts else "camera motion that can't be followed"
        if not self._moved[start + 1 : end].any():
            return _Frame(start, end, lost, None, None, {})
        steps = self._motion.affine[start:end].astype(np.float64)
        steps[0] = np.eye(2, 3)  # the step into `start` happened before the drawing
        transforms = carry_transforms(steps)
        wrong = np.flatnonzero(~_plausible(transforms))
        if len(wrong):
            end, lost = start + int(wrong[0]), "too much camera motion since it was drawn"
        transforms = transforms[: end - start]
        return _Frame(start, end, lost, transforms, _inverses(transforms), {})


def _inverses(transforms: F64) -> F32:
    """float32 (6, n): a, b, c, d, x, y of the inverse maps (p - (x, y)) @ [[a, b], [c, d]].T of maps (n, 2, 3)."""
    a, b, c, d = (transforms[:, i, j] for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)))
    det = a * d - b * c
    return np.stack([d / det, -b / det, -c / det, a / det, *transforms[:, :, 2].T]).astype(np.float32)


def _before(boxes: F32, back: F32) -> F32:
    """Boxes (4, n) as upright boxes around them in px from before the maps whose `_inverses` are (6, n); (4, n)."""
    a, b, c, d, x, y = back
    x1, y1, x2, y2 = np.ascontiguousarray(boxes)
    half_w, half_h = (x2 - x1) / 2, (y2 - y1) / 2
    x, y = x1 + half_w - x, y1 + half_h - y
    x, y = a * x + b * y, c * x + d * y
    half_w, half_h = np.abs(a) * half_w + np.abs(b) * half_h, np.abs(c) * half_w + np.abs(d) * half_h
    return np.stack([x - half_w, y - half_h, x + half_w, y + half_h])
