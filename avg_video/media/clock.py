"""The time of each picture, as the source gives it, made strictly increasing."""

from __future__ import annotations

from collections import deque
from fractions import Fraction
from pathlib import Path
from typing import Final

from avg_video.errors import DamagedInput, UnsupportedInput
from avg_video.language import tr

__all__ = ["LARGEST_REPAIR_S", "PictureClock"]

LARGEST_REPAIR_S: Final = 0.1
"""A picture whose time is not later than the one before it is moved right behind that one, by at most this many
seconds: less than people notice against the sound. More means that the recording's clock jumps."""


class PictureClock:
    """Gives each decoded picture, in order of display, its pts.

    Parameters
    ----------
    time_base: seconds per unit.
    by_order: True for containers that store no display times (AVI): FFmpeg then hands out the decoding order as
        times, which B-frames shuffle. The k-th shown picture gets the k-th stored time, exact but for the delay of the
        decoder (one or two pictures).

    Attributes
    ----------
    repaired: how many pictures had to be moved, and `largest_repair_s` by how much.
    """

    def __init__(self, time_base: Fraction, file: Path, *, by_order: bool) -> None:
        self._time_base = time_base
        self._file = file
        self._stored: deque[int] | None = deque() if by_order else None
        self._last: int | None = None
        self.repaired = 0
        self.largest_repair_s = 0.0

    def packet(self, dts: int | None) -> None:
        """Note the time of a stored picture, in order of storage."""
        if self._stored is not None and dts is not None:
            self._stored.append(dts)

    def picture(self, pts: int | None) -> int:
        """The pts of the next shown picture, later than all before.

        Raises `UnsupportedInput` where it has no time, `DamagedInput` where time runs back too far to repair.
        """
        if self._stored is not None:
            pts = self._stored.popleft() if self._stored else None
        if pts is None:
            raise UnsupportedInput(
                tr("holds pictures without a time"),
                remedy=tr("convert it to MP4 with another program first"),
                file=self._file,
            )
        if self._last is not None and pts <= self._last:
            moved_s = float((self._last + 1 - pts) * self._time_base)
            if moved_s > max(LARGEST_REPAIR_S, float(self._time_base)):
                raise DamagedInput(
                    tr("its clock jumps back by {moved_s:.2f} s", moved_s=moved_s),
                    remedy=tr("it is probably several recordings in one file: cut it into them first"),
                    file=self._file,
                )
            self.repaired += 1
            self.largest_repair_s = max(self.largest_repair_s, moved_s)
            pts = self._last + 1
        self._last = pts
        return pts
