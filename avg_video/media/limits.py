"""How much a recording may ask for: every limit with its reason. Beyond them a file is refused, never half made."""

from __future__ import annotations

from collections import deque
from fractions import Fraction
from pathlib import Path
from typing import Final

from avg_video.errors import UnsupportedInput
from avg_video.language import mark, tr

__all__ = [
    "MAX_FILM_S",
    "MAX_INDEX",
    "MAX_PICTURES",
    "MAX_PIXELS",
    "MAX_RATE",
    "MAX_STREAMS",
    "MIN_PICTURE_BYTES",
    "STALL_S",
    "Pace",
    "refuse_too_many",
]

MAX_PIXELS: Final = 8192 * 4352
"""Largest picture, in pixels: 8K and its common paddings. Beyond it a small file can ask for gigabytes of memory."""

MAX_STREAMS: Final = 64
"""A recording has a handful of streams; hundreds are the mark of a file made to harm."""

MAX_PICTURES: Final = 6_000_000
"""Most pictures of one recording: 27 hours at 60 a second. Beyond it a file was made to harm, or is damaged."""

MAX_INDEX: Final = 4 * MAX_PICTURES
"""Most entries of the index that FFmpeg builds when it opens an MP4, over all tracks and edits. At about 40 bytes each
(measured) this is a gigabyte, which only a file of many hours can need."""

MIN_PICTURE_BYTES: Final = 4
"""Least bytes of file for each picture. The shortest entry of any container (an MP4 sample of no bytes costs 4 in its
table of sizes, a Matroska block 7, an AVI chunk 24 with its index) is no less; fewer mean that the same bytes are shown
over and over, by an edit list for instance."""

MAX_RATE: Final = 1000
"""Most pictures within any one second of film. Phones record slow motion at 960; a file with more was made to keep the
program busy, or its clock is broken."""

MAX_FILM_S: Final = 48 * 3600
"""Longest film, in seconds: two days. A lesson is an hour; a clock that runs for years is damage."""

OVERTIME: Final = 0.5
OVERTIME_S: Final = 60.0
"""How far a film may go on after the end that its header declares: by half of its length, and a minute more. Headers
that were never finished say too little; far more than this means that header and content are not of one recording."""

STALL_S: Final = 120.0
"""How long one call of FFmpeg may take, in seconds. The largest picture decodes in a second or two on a slow computer,
and a sleeping disk or a share on the network wakes up within half a minute."""

_REMEDY: Final = mark("cut it into parts, or convert it with another program first")


def refuse_too_many(pictures: int, size: int, file: Path) -> None:
    """Raise `UnsupportedInput` where a file of `size` bytes can't, or must not, hold so many pictures."""
    if pictures > MAX_PICTURES:
        raise UnsupportedInput(
            tr("holds more than {most} pictures", most=MAX_PICTURES), remedy=tr("cut it into parts"), file=file
        )
    if pictures * MIN_PICTURE_BYTES > size:
        raise UnsupportedInput(
            tr("shows more pictures ({pictures}) than its {size} bytes can hold", pictures=pictures, size=size),
            remedy=tr(_REMEDY),
            file=file,
        )


class Pace:
    """Watches the times of the pictures as they come, in order of display.

    Parameters
    ----------
    time_base: seconds per unit of pts.
    declared_s: how long the header says the film is, in seconds; None where it doesn't say.
    """

    def __init__(self, time_base: Fraction, declared_s: float | None, file: Path) -> None:
        self._second = 1 / time_base
        self._longest = MAX_FILM_S / time_base
        self._overtime = None if declared_s is None else declared_s * (1 + OVERTIME) + OVERTIME_S
        self._time_base = time_base
        self._file = file
        self._first: int | None = None
        self._last: deque[int] = deque(maxlen=MAX_RATE)

    def picture(self, pts: int) -> None:
        """Note one picture. Raises `UnsupportedInput` where the film is too long, too dense, or not as declared."""
        if self._first is None:
            self._first = pts
        if pts - self._first > self._longest:
            raise UnsupportedInput(
                tr("lasts more than {hours} hours", hours=MAX_FILM_S // 3600), remedy=tr(_REMEDY), file=self._file
            )
        if len(self._last) == MAX_RATE and pts - self._last[0] < self._second:
            raise UnsupportedInput(
                tr("holds more than {most} pictures a second", most=MAX_RATE), remedy=tr(_REMEDY), file=self._file
            )
        if self._overtime is not None and (pts - self._first) * self._time_base > self._overtime:
            raise UnsupportedInput(
                tr("goes on long after the end that it declares"), remedy=tr(_REMEDY), file=self._file
            )
        self._last.append(pts)
