"""When each picture is shown, and how large it is: the timeline of one recording."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

__all__ = ["Timeline"]


@dataclass(frozen=True, eq=False)
class Timeline:
    """The pictures of one recording in order of display.

    Attributes
    ----------
    pts: int64 (n,), strictly increasing, in units of `time_base`, as in the source.
    end_pts: where the last picture ends, in the same units.
    time_base: seconds per unit.
    size_wh: width and height of the upright picture in px, both even (odd pictures are padded by one row or column).
    rotation_deg: how far the stored pictures were turned clockwise to stand upright; 0, 90, 180 or 270.
    sample_aspect: width / height of one upright pixel.
    cuts: int32 (m,), sorted; index of each picture that is the first after a hard cut.

    Raises `ValueError` when built with other shapes or types, naming what was expected.
    """

    pts: npt.NDArray[np.int64]
    end_pts: int
    time_base: Fraction
    size_wh: tuple[int, int]
    rotation_deg: int
    sample_aspect: Fraction
    cuts: npt.NDArray[np.int32]

    def __post_init__(self) -> None:
        if self.pts.ndim != 1 or self.pts.dtype != np.int64 or len(self.pts) == 0:
            raise ValueError(f"pts: expected int64 (n,) with n > 0, got {self.pts.dtype} {self.pts.shape}")
        if np.any(np.diff(self.pts) <= 0):
            raise ValueError("pts: expected strictly increasing values")
        if self.end_pts <= int(self.pts[-1]):
            raise ValueError(f"end_pts: expected more than the last pts {self.pts[-1]}, got {self.end_pts}")
        if self.time_base <= 0 or self.sample_aspect <= 0:
            raise ValueError("time_base and sample_aspect: expected positive fractions")
        if min(self.size_wh) < 2 or any(v % 2 for v in self.size_wh):
            raise ValueError(f"size_wh: expected two even numbers of at least 2, got {self.size_wh}")
        if self.rotation_deg not in (0, 90, 180, 270):
            raise ValueError(f"rotation_deg: expected 0, 90, 180 or 270, got {self.rotation_deg}")
        if self.cuts.ndim != 1 or self.cuts.dtype != np.int32 or np.any(np.diff(self.cuts) <= 0):
            raise ValueError("cuts: expected int32 (m,), strictly increasing")
        if len(self.cuts) and not (self.cuts[0] > 0 and self.cuts[-1] < len(self.pts)):
            raise ValueError("cuts: expected indices between 1 and the last picture")
        self.pts.flags.writeable = False
        self.cuts.flags.writeable = False

    def __len__(self) -> int:
        return len(self.pts)

    @property
    def seconds(self) -> npt.NDArray[np.float64]:
        """float64 (n,): seconds from the first picture to each picture. The clock that policies use."""
        return np.asarray((self.pts - self.pts[0]) * float(self.time_base), dtype=np.float64)

    @property
    def duration_s(self) -> float:
        """Seconds from the start of the first picture to the end of the last."""
        return float((self.end_pts - int(self.pts[0])) * self.time_base)

    def index_at(self, seconds: float) -> int:
        """Index of the picture on screen at that second; before the first it is 0, after the end the last."""
        return int(np.clip(np.searchsorted(self.seconds, seconds + 1e-9, "right") - 1, 0, len(self.pts) - 1))

    def shot_bounds(self, index: int) -> tuple[int, int]:
        """First and last index of the shot (between two cuts) that holds the picture `index`."""
        k = int(np.searchsorted(self.cuts, index, "right"))
        first = 0 if k == 0 else int(self.cuts[k - 1])
        last = len(self.pts) - 1 if k == len(self.cuts) else int(self.cuts[k]) - 1
        return first, last
