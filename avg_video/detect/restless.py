"""Who must be looked at again before everybody else: people who are new, weakly seen, moving, or lost."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from avg_video.detect.boxes import Boxes, iou, joined

__all__ = ["Restless"]

F32 = npt.NDArray[np.float32]

CALM_IOU = 0.5
"""Someone found this near to where they were found before is calm: from there flow carries them. Lower leaks people
who start to move; higher looks at everybody all the time."""
LOST_IOU = 0.2
"""Someone who was found before is not lost while anything is found that overlaps them so much."""
RECENT = 2
"""Looks that count as before: two, since views of two sizes take turns and one alone misses people."""


class Restless:
    """Compares each look at the whole picture with those just before it.

    Parameters
    ----------
    strong: score from which a hit is sure. Weak ones are always looked at again. Higher costs time, lower leaks faces.
    """

    def __init__(self, strong: float) -> None:
        self._strong = strong
        self._before: list[Boxes] = []
        self._boxes: F32 | None = None

    def forget(self) -> None:
        """A new shot: nobody is known."""
        self._before, self._boxes = [], None

    def missed(self, found: Boxes) -> F32:
        """float32 (n, 4) px: who was found in the looks before, however weakly, and is not among `found`."""
        return _gone(joined(*self._before).boxes_xyxy, found.boxes_xyxy)

    def see(self, found: Boxes) -> None:
        """Take what a look at the whole picture found, px of the picture."""
        sure = found.scores >= self._strong
        if len(self._before) == RECENT:
            known = _sure(self._before, self._strong)
            calm = sure & (iou(found.boxes_xyxy, known).max(axis=1, initial=0) >= CALM_IOU)
            self._boxes = np.concatenate([found.boxes_xyxy[~calm], self.missed(found)])
        self._before = [*self._before[1 - RECENT :], found]

    @property
    def boxes_xyxy(self) -> F32 | None:
        """float32 (n, 4) px: everybody who is not calm; None while too little is known to tell."""
        return self._boxes


def _gone(before: F32, now: F32) -> F32:
    return np.asarray(before[iou(before, now).max(axis=1, initial=0) < LOST_IOU], np.float32)


def _sure(looks: list[Boxes], strong: float) -> F32:
    return np.concatenate([f.boxes_xyxy[f.scores >= strong] for f in looks])
