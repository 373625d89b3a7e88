"""The second look: painted pictures are looked at again before they are encoded, and who is still found is covered."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from avg_video.detect.boxes import Boxes, iou
from avg_video.media.picture import Picture
from avg_video.redact.carried import between, carried, grown
from avg_video.redact.paint import Style, paint, paint_picture
from avg_video.redact.shape import cover_mask

__all__ = ["SecondLook", "explained"]

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

SHOWN_IOU = 0.3
"""A find is a shown person when it overlaps that person's box at least so. Lower lets others pass as that person."""
SHOWN_SIZE = 2.0
"""... or when each one's centre lies in the other and neither is more than so many times larger."""
SAME_IOU = 0.2
"""A find continues an earlier one when it overlaps that one, carried here, at least so."""
STEADY_IOU = 0.5
"""From this overlap on the carried box was right, and no denser looks are needed."""
GHOST_SHARE = 0.35
"""A find that lies under covers to this share of its box is taken for a ghost on a cover's edge. It is covered like
any other, but not counted as a person."""
GHOST_SIZE = 0.8
"""A ghost's box is covered at this size: the shape that covers it then ends about where its box does, since what is
found there is hair and a cover's shading, and not a face that has ears and a chin outside."""
KEEP_S = 1.0
"""Someone found is carried on for so long without being found again, while the picture supports it."""


@dataclass(eq=False)
class _Held:
    """A picture held back, painted with its own covers, and what finds will add to it."""

    picture: Picture
    second: float
    covered: F32
    shown: F32
    extra: list[F32] = field(default_factory=list)
    people: bool = False

    def add(self, boxes_xyxy: F32, *, people: bool) -> None:
        if len(boxes_xyxy):
            self.extra.append(boxes_xyxy)
            self.people |= people


@dataclass(frozen=True, eq=False)
class _Found:
    """Whom the looks found so far: boxes (n, 4) in the picture last looked at, seconds of the last find (n,); and the
    ghosts, boxes (m, 4), of that look."""

    boxes_xyxy: F32
    seen_s: F64
    ghosts_xyxy: F32

    @classmethod
    def nobody(cls) -> _Found:
        return cls(np.zeros((0, 4), np.float32), np.zeros(0), np.zeros((0, 4), np.float32))


@dataclass(eq=False)
class SecondLook:
    """Paints pictures and looks at them again; who is found and is not shown gets covered too.

    Looks happen at the first and the last picture of every shot, and in between twice a second; sooner after a new
    find, while a find can't be followed steadily, and when the held pictures take too much memory. Pictures are held
    back until the next look, so that a find is covered from the look before to the look after: it is carried both ways
    by optical flow, and grows with doubt. What a find adds is painted when its pictures are given back, so that the
    next look sees the person again. Windows never cross a cut, nor a picture that is covered wholly.

    A shown person explains one find: the best that overlaps the shown box by 0.3, or that is of like size with each
    centre in the other box. Any other find is covered, also where that hides a part of someone shown.

    Parameters
    ----------
    look: finds faces in a (painted) picture; boxes in its px. What it misses stays visible.
    style: how to cover.
    time_base: seconds per unit of the pictures' pts.
    cuts: indices of pictures that are the first after a cut.
    every_s: seconds between looks. More leaves people who were missed visible for longer when flow loses them.
    max_held_bytes: most memory for held pictures (two are always held); less means more looks.

    Attributes
    ----------
    looks: how many looks were made.
    finds: people found that no shown person explains, each counted once while it is followed.
    ghosts: finds on the edge of a cover, at every look anew; covered as well.
    frames_added: pictures in which such people were covered.
    finds_s: for each of `finds`, second from the first picture, and box in px, where it was found first.

    Counts belong to the latest call; one object makes one film at a time.
    """

    look: Callable[[Picture], Boxes]
    style: Style
    time_base: Fraction
    cuts: Collection[int] | npt.NDArray[np.int32] = ()
    every_s: float = 0.5
    max_held_bytes: int = 256 << 20
    looks: int = field(default=0, init=False)
    finds: int = field(default=0, init=False)
    ghosts: int = field(default=0, init=False)
    frames_added: int = field(default=0, init=False)
    finds_s: list[tuple[float, tuple[float, float, float, float]]] = field(default_factory=list, init=False)
    _held: list[_Held] = field(default_factory=list, init=False, repr=False)
    _found: _Found = field(default_factory=_Found.nobody, init=False, repr=False)
    _steady: bool = field(default=True, init=False, repr=False)
    _looked_s: float = field(default=-np.inf, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.every_s <= 0 or self.time_base <= 0:
            raise ValueError(f"every_s and time_base: expected more than 0, got {self.every_s} and {self.time_base}")

    def __call__(self, pictures: Iterable[tuple[Picture, F32, F32]]) -> Iterator[Picture]:
        """The pictures, painted in place, in their order, each exactly once.

        Parameters
        ----------
        pictures: each with the boxes to cover, float32 (n, 4), and the boxes of shown people, float32 (m, 4), in px.

        Raises `ValueError` for boxes that make no sense, and whatever `look` raises. May be closed at any time.
        """
        self.looks = self.finds = self.ghosts = self.frames_added = 0
        self.finds_s = []
        self._new_shot()
        cuts = {int(index) for index in self.cuts}
        first_pts: int | None = None
        for picture, covered, shown in pictures:
            first_pts = picture.pts if first_pts is None else first_pts
            if picture.suspect or picture.index in cuts:
                yield from self._end_shot()
            paint_picture(picture, covered, self.style)
            if picture.suspect:
                yield picture
                continue
            second = float((picture.pts - first_pts) * self.time_base)
            self._held.append(_Held(picture, second, covered, shown))
            if self._is_due():
                self._look_again()
                while len(self._held) > 1:
                    yield self._release()
        yield from self._end_shot()

    def _new_shot(self) -> None:
        self._held, self._found, self._steady = [], _Found.nobody(), True
        self._looked_s = -np.inf

    def _end_shot(self) -> Iterator[Picture]:
        if self._held and self._held[-1].second > self._looked_s:
            self._look_again()
        while self._held:
            yield self._release()
        self._new_shot()

    def _is_due(self) -> bool:
        wait = self.every_s if self._steady else self.every_s / 2
        if self._held[-1].second - self._looked_s >= wait - 1e-9:
            return True
        held_bytes = sum(held.picture.i420.nbytes for held in self._held)
        return len(self._held) > 1 and held_bytes + self._held[-1].picture.i420.nbytes > self.max_held_bytes

    def _release(self) -> Picture:
        held = self._held.pop(0)
        if held.extra:
            paint(held.picture.i420, np.concatenate(held.extra), self.style)
            self.frames_added += held.people
        return held.picture

    def _look_again(self) -> None:
        """Look at the newest picture held, and cover whom that adds in all of them."""
        last = self._held[-1]
        self._looked_s = last.second
        found = self.look(last.picture).boxes_xyxy
        self.looks += 1
        found = found[~explained(found, last.shown)]
        is_ghost = _share_covered(found, last) >= GHOST_SHARE
        found, ghosts = found[~is_ghost], found[is_ghost]
        carried_here, supported = self._carry_forward()
        overlap = iou(found, carried_here)
        same = overlap >= SAME_IOU
        known, again = same.any(axis=1), same.any(axis=0)
        self._count(found[~known], last.second)
        self.ghosts += len(ghosts)
        self._carry_back(found)
        before = self._found
        self._join(before.boxes_xyxy[~again], found[~known])
        self._cover_ghosts(ghosts)
        self._steady = bool((overlap.max(axis=1, initial=0) >= STEADY_IOU).all())
        lasting = ~again & supported & (last.second - before.seen_s < KEEP_S)
        self._found = _Found(
            np.concatenate([found, carried_here[lasting]]),
            np.concatenate([np.full(len(found), last.second), before.seen_s[lasting]]),
            ghosts,
        )

    def _count(self, boxes_xyxy: F32, second: float) -> None:
        for x1, y1, x2, y2 in boxes_xyxy.tolist():
            self.finds += 1
            self.finds_s.append((second, (x1, y1, x2, y2)))

    def _carry_forward(self) -> tuple[F32, Bool]:
        """Cover those found before on to the newest picture; their boxes there, and whether the picture agrees."""
        before = self._found
        boxes, supported = carried([held.picture for held in self._held], before.boxes_xyxy)
        away = np.array([held.second for held in self._held])[:, None] - before.seen_s[None]
        wide = grown(boxes, supported, away)
        for held, more in zip(self._held[1:], wide[1:], strict=True):
            held.add(more, people=True)
        return boxes[-1], supported[-1]

    def _carry_back(self, found: F32) -> None:
        """Cover those found in the newest picture back to the look before."""
        back = self._held[::-1]
        boxes, supported = carried([held.picture for held in back], found)
        away = np.array([back[0].second - held.second for held in back])
        for held, wide in zip(back, grown(boxes, supported, away), strict=True):
            held.add(wide, people=True)

    def _join(self, lost: F32, new: F32) -> None:
        """Cover the straight way from where someone was found before to where someone like that is found now.

        Flow loses those who move fastest; the two boxes that looks did find still bound where they went.
        """
        seconds = np.array([held.second for held in self._held])
        if len(seconds) < 2:
            return
        boxes = between(lost, new, (seconds - seconds[0]) / (seconds[-1] - seconds[0]))
        away = np.minimum(seconds - seconds[0], seconds[-1] - seconds)
        for held, wide in zip(self._held, grown(boxes, np.ones(boxes.shape[:2], np.bool_), away), strict=True):
            held.add(wide, people=True)

    def _cover_ghosts(self, ghosts: F32) -> None:
        """Cover ghosts of this look and of the last where they are: most of each is covered by a face that pass 1
        follows, and following hair for its own sake would cost more than all else here."""
        near = np.concatenate([self._found.ghosts_xyxy, ghosts])
        middle, half = (near[:, :2] + near[:, 2:]) / 2, (near[:, 2:] - near[:, :2]) / 2 * GHOST_SIZE
        for held in self._held:
            held.add(np.concatenate([middle - half, middle + half], axis=1), people=False)


def explained(found: F32, shown: F32) -> Bool:
    """Which finds (n, 4) are people shown (m, 4), bool (n,): each person explains one find, the best fitting first."""
    explained = np.zeros(len(found), np.bool_)
    if not len(found) or not len(shown):
        return explained
    overlap = iou(found, shown)
    fits = (overlap >= SHOWN_IOU) | (_mid_in(found, shown) & _mid_in(shown, found).T & _alike(found, shown))
    free = np.ones(len(shown), np.bool_)
    for i, j in sorted(zip(*np.nonzero(fits), strict=True), key=lambda ij: -overlap[ij]):
        if free[j] and not explained[i]:
            explained[i], free[j] = True, False
    return explained


def _mid_in(a: F32, b: F32) -> Bool:
    """bool (n, m): whether the centre of each of `a` lies in each of `b`."""
    mid = ((a[:, :2] + a[:, 2:]) / 2)[:, None]
    return np.asarray(((mid >= b[None, :, :2]) & (mid <= b[None, :, 2:])).all(axis=2), np.bool_)


def _alike(a: F32, b: F32) -> Bool:
    size_a = (a[:, 2:] - a[:, :2]).max(axis=1)[:, None]
    size_b = (b[:, 2:] - b[:, :2]).max(axis=1)[None]
    return np.asarray(np.maximum(size_a, size_b) <= SHOWN_SIZE * np.minimum(size_a, size_b), np.bool_)


def _share_covered(found: F32, held: _Held) -> F64:
    """float64 (n,): how much of each find lies under the picture's covers."""
    shares = np.zeros(len(found))
    if not len(found) or not len(held.covered):
        return shares
    w, h = held.picture.size_wh
    mask = cover_mask(held.covered, (w, h))
    for k, box in enumerate(found):
        x1, y1 = np.clip(np.floor(box[:2]), 0, [w - 1, h - 1]).astype(int)
        x2, y2 = np.clip(np.ceil(box[2:]), [x1 + 1, y1 + 1], [w, h]).astype(int)
        shares[k] = mask[y1:y2, x1:x2].mean()
    return shares
