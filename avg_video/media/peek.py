"""Single pictures of a recording, in any order: from the nearest key frame on, for looking at and not for copying."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import av.error

from avg_video.errors import InputError
from avg_video.language import tr
from avg_video.media.deinterlace import without_combs
from avg_video.media.picture import Picture
from avg_video.media.reader import VideoReader
from avg_video.media.source import open_source
from avg_video.media.timing import Timeline

__all__ = ["Peek"]

ONWARD = 40
"""Pictures ahead up to which decoding simply goes on where it is not known whether a key frame is nearer."""
ACROSS = 8
"""... and where one is: to search for it takes about as long as to decode so many."""
EARLIER_S = (0.0, 2.0, 10.0)
"""How much earlier a key frame is looked for, one after the other: some containers find one that is too late."""
UNTIMED = ("avi",)
"""Containers that store no times of display, so that a picture can only be counted off."""

Look = Callable[[], Picture]
"""Makes the picture of a decoded frame, when it is wanted."""
Enough = Callable[[], bool]
"""Whether a picture before the one that is asked for will do by now."""


class Peek:
    """Gives the pictures of a recording by index, those that `VideoReader` gives (of interlaced ones nearly so).

    Not safe for several threads at once. A context manager.

    Parameters
    ----------
    path, timeline: the recording, and when its pictures are shown.
    threads: decoder threads; 0 for as many as the computer has.

    Raises as `VideoReader` does when it is built.
    """

    def __init__(self, path: Path, timeline: Timeline, *, threads: int = 0) -> None:
        self._path, self._timeline, self._threads = path, timeline, threads
        self._source = open_source(path, threads)
        self._counted = self._source.info.container.split(",")[0] in UNTIMED
        self._index_of = {int(pts): index for index, pts in enumerate(timeline.pts)}
        self._frames: Iterator[tuple[int, Look]] | None = None
        self._needed = 0
        """Time before which pictures that no other depends on may be left out."""
        self._at = len(timeline)
        """Index of the picture that was given last; as many as there are when there is none to go on from."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Release the file and the decoder. Safe to call twice."""
        self._frames = None
        self._source.decoding.close()

    def picture(
        self, index: int, *, patience_s: float | None = None, wanted: Callable[[], bool] = lambda: True
    ) -> Picture:
        """The picture of that index; after `patience_s` seconds, or once it is not `wanted` any more (asked after each
        picture), one before it will do, the nearest there is by then. Asked for again, decoding goes on from there.

        Raises
        ------
        IndexError: there is no such picture.
        InputError: it can't be decoded, or the recording is no longer the one of the timeline.
        """
        if not 0 <= index < len(self._timeline):
            raise IndexError(index)
        until = float("inf") if patience_s is None else time.monotonic() + patience_s

        def enough() -> bool:
            return time.monotonic() >= until or not wanted()

        self._needed = int(self._timeline.pts[index])
        try:
            found = self._onward(index, enough) or self._anew(index, enough)
        except av.error.FFmpegError as error:
            raise self._changed() from error
        if found is None:
            raise self._changed()
        return found()

    def _onward(self, index: int, enough: Enough) -> Look | None:
        """By going on from the picture that was given last, if that is quicker than from a key frame."""
        return self._walk(index, enough) if self._at < index and index - self._at <= self._reach(index) else None

    def _reach(self, index: int) -> int:
        """From how many pictures before it decoding goes on."""
        if self._counted:
            return len(self._timeline)  # there is no other way but from the start
        keys = [self._source.decoding.key_frame_before(int(self._timeline.pts[at])) for at in (self._at, index)]
        if None in keys:
            return ONWARD
        return len(self._timeline) if keys[0] == keys[1] else ACROSS

    def _anew(self, index: int, enough: Enough) -> Look | None:
        """From a key frame at or before it; from the start where that does not find it."""
        if not self._counted:
            for earlier_s in EARLIER_S:
                self._frames = self._from_key_frame(index, earlier_s)
                found = self._walk(index, enough)
                if found is not None:
                    return found
            # Its time was mended while reading, or this container can't be searched: counting off always finds it.
            self._counted = True
        self._frames = self._count()
        return self._walk(index, enough)

    def _walk(self, index: int, enough: Enough) -> Look | None:
        for at, look in self._frames or ():
            if at > index:
                break
            self._at = at
            if at == index or enough():
                return look
        self._frames, self._at = None, len(self._timeline)
        return None

    def _count(self) -> Iterator[tuple[int, Look]]:
        with VideoReader(self._path, threads=self._threads) as reader:
            for picture in reader:
                yield picture.index, partial(_itself, picture)

    def _from_key_frame(self, index: int, earlier_s: float) -> Iterator[tuple[int, Look]]:
        pts, line = int(self._timeline.pts[index]), self._timeline
        frames = self._source.decoding.frames_from(pts - round(earlier_s / line.time_base), lambda: self._needed)
        for frame in without_combs(_timed(frames), line.time_base, lambda: None):
            at = None if frame.pts is None else self._index_of.get(frame.pts)
            if at is not None:
                yield at, partial(self._picture, at, frame)

    def _picture(self, index: int, frame: av.VideoFrame) -> Picture:
        return Picture(index, int(self._timeline.pts[index]), self._source.i420(frame))

    def _changed(self) -> InputError:
        return InputError(
            tr("this picture can't be decoded"),
            remedy=tr("leave the recording unchanged and where it is while it is open"),
            file=self._path,
        )


def _timed(frames: Iterator[av.VideoFrame]) -> Iterator[av.VideoFrame]:
    """Those that have a time, from the first key frame on: some containers are entered in the middle of a group, and
    what comes before a key frame there is grey."""
    whole = False
    for frame in frames:
        whole = whole or bool(frame.key_frame)
        if whole and frame.pts is not None and not frame.is_corrupt:
            yield frame


def _itself(picture: Picture) -> Picture:
    return picture
