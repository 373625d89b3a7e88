"""Reading a recording: every picture once, upright, 8 bit, with its exact time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import av
import numpy as np
import numpy.typing as npt

from avg_video.errors import UnsupportedInput
from avg_video.language import tr
from avg_video.media.deinterlace import without_combs
from avg_video.media.picture import Picture
from avg_video.media.source import OpenSource, open_source
from avg_video.media.timing import Timeline

__all__ = ["SUSPECT_PICTURES", "VideoReader"]

SUSPECT_PICTURES: Final = 3
"""Pictures on each side of a change of resolution that are marked as suspect, to be covered whole. Decoders deliver
broken or stretched ones there [FACTS, section 5]; less leaks, more hides a little more of the lesson."""


class VideoReader:
    """One pass over a recording.

    Iterating yields `Picture`s with indices from 0 and strictly increasing pts. Each owns its memory. The same file
    gives the same pictures each time.

    Parameters
    ----------
    path: the recording.
    threads: decoder threads; 0 for as many as the computer has.
    draft: pictures are only to be looked at: the decoder may leave out smoothing that no other picture depends on.

    Attributes
    ----------
    info: what the recording is, known before the first picture is asked for.
    hidden, warnings: those of `info` and what was met while reading; complete when the iteration has ended.

    Raises, when built, as `probe`; while iterating `DamagedInput` at the first thing that can't be decoded or at an
    end that came too early, `UnsupportedInput` where the recording changes in a way that can't be followed. What was
    yielded before must then not be used.
    """

    def __init__(self, path: Path, *, threads: int = 0, draft: bool = False) -> None:
        self._source: OpenSource = open_source(path, threads, draft=draft)
        self.info = self._source.info
        self._hidden = set(self.info.hidden)
        self._found: list[str] = []
        self._pts: list[int] = []
        self._cuts: list[int] = []
        self._started = False
        self._ended = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Release the file and the decoder. Safe to call twice."""
        self._source.decoding.close()

    @property
    def hidden(self) -> tuple[str, ...]:
        """Sorted categories of hidden data met so far, in the container and on the pictures."""
        return tuple(sorted(self._hidden))

    @property
    def warnings(self) -> tuple[str, ...]:
        """One clause each, for the user and the record."""
        return self.info.warnings + tuple(self._found)

    @property
    def forced_cuts(self) -> tuple[int, ...]:
        """Indices of pictures before which following must start anew: the resolution changed there."""
        return tuple(self._cuts)

    def timeline(self, cuts: Sequence[int] = ()) -> Timeline:
        """When each picture is shown, with the given cuts and the forced ones.

        Raises `RuntimeError` before the iteration has come to its end.
        """
        if not self._ended:
            raise RuntimeError("the timeline is known only after every picture was read")
        pts = np.array(self._pts, np.int64)
        return Timeline(
            pts=pts,
            end_pts=self._end_pts(pts),
            time_base=self.info.time_base,
            size_wh=self.info.size_wh,
            rotation_deg=self.info.rotation_deg,
            sample_aspect=self.info.sample_aspect,
            cuts=np.array(sorted({*cuts, *self._cuts}), np.int32),
        )

    def _end_pts(self, pts: npt.NDArray[np.int64]) -> int:
        last, end = int(pts[-1]), self._source.decoding.end_pts
        if end > last:
            return end
        # The last picture has no duration of its own: it lasts as long as pictures do here.
        gaps = np.diff(pts)
        usual = int(np.median(gaps)) if len(gaps) else round(1 / self.info.average_rate / self.info.time_base)
        return last + max(usual, 1)

    def __iter__(self) -> Iterator[Picture]:
        if self._started:
            raise RuntimeError("a reader reads once; open another one")
        self._started = True
        return self._pictures()

    def _pictures(self) -> Iterator[Picture]:
        held: deque[Picture] = deque()
        suspects_left = 0
        size = self.info.stored_size_wh
        for index, frame in enumerate(self._whole_frames()):
            assert frame.pts is not None  # set by _timed
            if (frame.width, frame.height) != size:
                size = (frame.width, frame.height)
                self._cuts.append(index)
                held = deque(replace(p, suspect=True) for p in held)
                suspects_left = SUSPECT_PICTURES
            i420 = self._source.i420(frame)
            held.append(Picture(index, frame.pts, i420, suspect=suspects_left > 0))
            suspects_left -= 1
            self._pts.append(frame.pts)
            # Held back so that those before a change can still be marked.
            if len(held) > SUSPECT_PICTURES:
                yield held.popleft()
        self._note_findings()
        yield from held
        self._ended = True

    def _whole_frames(self) -> Iterator[av.VideoFrame]:
        """Frames without combs."""

        def begun() -> None:
            if not self.info.interlaced:
                self._say(tr("is interlaced in parts; deinterlaced there"))

        return without_combs(self._timed(), self.info.time_base, begun)

    def _timed(self) -> Iterator[av.VideoFrame]:
        """Decoded frames carrying their checked pts."""
        rotation = self._source.first[1].rotation
        frames: Iterable[tuple[int, av.VideoFrame]] = chain([self._source.first], self._source.rest)
        for pts, frame in frames:
            if frame.rotation != rotation:
                raise UnsupportedInput(
                    tr("is turned on the way"),
                    remedy=tr("turn it upright with another program first"),
                    file=self.info.path,
                )
            frame.pts = pts
            yield frame

    def _note_findings(self) -> None:
        clock = self._source.decoding.clock
        self._hidden |= self._source.decoding.hidden
        if clock.repaired:
            self._say(
                tr(
                    "{n} pictures had no time of their own and were moved by up to {ms:.0f} ms",
                    n=clock.repaired,
                    ms=clock.largest_repair_s * 1000,
                )
            )
        for index in self._cuts:
            self._say(
                tr("changes its resolution at picture {index}; scaled to the first one, covered around it", index=index)
            )

    def _say(self, text: str) -> None:
        if text not in self._found:
            self._found.append(text)
