"""Turning interlaced pictures into whole ones, one for one, with FFmpeg's bwdif."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction

import av
import av.error
import av.filter

__all__ = ["Deinterlacer", "without_combs"]


class Deinterlacer:
    """One frame out for each frame in, with the same pts, one frame late.

    bwdif reads the frame before and the one after. Only frames that the decoder marks as interlaced are changed,
    so material that switches between film and video keeps its whole pictures. All frames must have one size and
    format.
    """

    def __init__(self, first: av.VideoFrame, time_base: Fraction) -> None:
        self._time_base = time_base
        self.shape = (first.width, first.height, first.format.name)
        graph = av.filter.Graph()
        source = graph.add_buffer(width=first.width, height=first.height, format=first.format, time_base=time_base)
        bwdif = graph.add("bwdif", mode="send_frame", parity="auto", deint="interlaced")
        sink = graph.add("buffersink")
        graph.link_nodes(source, bwdif, sink).configure()
        self._graph = graph

    def push(self, frame: av.VideoFrame) -> Iterator[av.VideoFrame]:
        """Give one frame in, get what is ready."""
        self._graph.vpush(frame)
        yield from self._pull()

    def flush(self) -> Iterator[av.VideoFrame]:
        """Get the rest; nothing can be pushed afterwards."""
        self._graph.vpush(None)
        yield from self._pull()

    def _pull(self) -> Iterator[av.VideoFrame]:
        while True:
            try:
                frame = self._graph.vpull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            # The filter counts in half units of the input's time base.
            if frame.pts is not None and frame.time_base is not None:
                ticks = frame.pts * frame.time_base / self._time_base
                if ticks.denominator != 1:
                    raise RuntimeError(f"bwdif moved a picture to {ticks} units of {self._time_base} s")
                frame.pts, frame.time_base = int(ticks), self._time_base
            yield frame


def without_combs(
    frames: Iterable[av.VideoFrame], time_base: Fraction, begun: Callable[[], None]
) -> Iterator[av.VideoFrame]:
    """Whole frames, of these. Deinterlacing starts with the first interlaced frame, and anew with each size.

    `begun` is called each time it starts. Every frame needs its pts.
    """
    weave: Deinterlacer | None = None
    for frame in frames:
        shape = (frame.width, frame.height, frame.format.name)
        if weave is not None and weave.shape != shape:
            yield from weave.flush()
            weave = None
        if weave is None and frame.interlaced_frame:
            weave = Deinterlacer(frame, time_base)
            begun()
        if weave is None:
            yield frame
        else:
            yield from weave.push(frame)
    if weave is not None:
        yield from weave.flush()
