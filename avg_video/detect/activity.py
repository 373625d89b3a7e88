"""What has changed in the picture since a part of it was last looked at."""

from __future__ import annotations

from collections.abc import Hashable

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["Activity"]

U8 = npt.NDArray[np.uint8]
Box = tuple[int, int, int, int]

BLOCK_PX = 8
"""Side of the blocks, px of the reduced plane, whose mean is compared. Larger blocks overlook small nods."""
LEVELS = 2.5
"""Change of a block's mean, in levels of 255, from which something happened there. Sensor noise, averaged over a block,
stays well below 1; higher overlooks small faces before a wall of their own brightness."""


class Activity:
    """Remembers how each part looked when it was last looked at, as block means of a reduced luma plane.

    Parameters
    ----------
    size_wh: of the pictures whose parts are asked for.
    """

    def __init__(self, size_wh: tuple[int, int]) -> None:
        self._size = size_wh
        self._now: npt.NDArray[np.float32] | None = None
        self._then: dict[Hashable, npt.NDArray[np.float32]] = {}

    def see(self, luma: U8) -> None:
        """Take the reduced luma, uint8 (h, w), of the picture that is asked about next."""
        h, w = luma.shape
        blocks = (max(round(w / BLOCK_PX), 1), max(round(h / BLOCK_PX), 1))
        self._now = np.asarray(cv2.resize(luma, blocks, interpolation=cv2.INTER_AREA), np.float32)

    def mark(self, part_xyxy: Box) -> None:
        """That part, px of the picture, is being looked at now."""
        if self._now is not None:
            self._then[part_xyxy] = self._now

    def changed(self, part_xyxy: Box) -> bool:
        """Whether anything in that part changed since it was last marked; True where that is not known."""
        then = self._then.get(part_xyxy)
        if self._now is None or then is None or then.shape != self._now.shape:
            return True
        rows, columns = self._now.shape
        x1, y1, x2, y2 = part_xyxy
        w, h = self._size
        part = np.s_[y1 * rows // h : -(-y2 * rows // h), x1 * columns // w : -(-x2 * columns // w)]
        return bool((np.abs(self._now[part] - then[part]) > LEVELS).any())
