"""The last few seconds of reduced pictures, so that boxes can be carried back into the past."""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt

__all__ = ["Stretch", "Window"]

U8 = npt.NDArray[np.uint8]
F64 = npt.NDArray[np.float64]
Stretch = tuple[list[U8], list[F64]]
"""Planes in some order, and the camera's motion (2, 3) from each to the next."""


class Window:
    """A ring of reduced luma planes of one shot, with the camera's motion between them.

    Parameters
    ----------
    seconds: how far back it reaches. Longer closes longer gaps, and takes more memory; it never reaches over a cut.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._items: deque[tuple[int, float, U8, F64]] = deque()

    def push(self, index: int, second: float, luma: U8, affine: F64) -> None:
        """Add the picture `index`; `affine` (2, 3) maps the plane before to this one."""
        self._items.append((index, second, luma, affine))
        while second - self._items[0][1] > self._seconds:
            self._items.popleft()

    def clear(self) -> None:
        """Forget everything: a new shot begins."""
        self._items.clear()

    @property
    def first(self) -> int:
        """Index of the oldest picture held."""
        return self._items[0][0]

    @property
    def last(self) -> int:
        """Index of the newest picture held."""
        return self._items[-1][0]

    def second(self, index: int) -> float:
        """Seconds at which that picture is shown."""
        return self._items[index - self.first][1]

    def index_before(self, index: int, seconds: float) -> int:
        """The oldest picture held that is shown at most `seconds` before picture `index`."""
        limit = self.second(index) - seconds - 1e-6
        k = index
        while k > self.first and self.second(k - 1) >= limit:
            k -= 1
        return k

    def forward(self, first: int, last: int) -> Stretch:
        """Planes `first` to `last`, and the camera's motion between neighbours."""
        a, b = first - self.first, last - self.first
        part = [self._items[k] for k in range(a, b + 1)]
        return [p[2] for p in part], [p[3] for p in part[1:]]

    def backward(self, first: int, last: int) -> Stretch:
        """The same from `last` back to `first`, with the motions inverted."""
        lumas, affines = self.forward(first, last)
        return lumas[::-1], [_inverse(a) for a in affines[::-1]]


def _inverse(affine: F64) -> F64:
    return np.asarray(np.linalg.inv(np.vstack([affine, [0, 0, 1]]))[:2], np.float64)
