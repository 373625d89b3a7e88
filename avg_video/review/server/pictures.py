"""Pictures of the recording for the page: found quickly, kept within a bound, painted as the copy is."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np

from avg_video.media.peek import Peek
from avg_video.media.picture import Picture
from avg_video.media.timing import Timeline
from avg_video.policy.plan import Plan
from avg_video.redact.paint import Style, paint_picture
from avg_video.review.server.court import Judgement
from avg_video.review.strips import choose_moments, crop, jpeg

__all__ = ["Bounded", "Film", "Unwanted"]

CACHED_BYTES = 96 << 20
"""Most bytes of decoded pictures that are kept: thirty at 1080p, so that stepping back and forth is quick."""
CACHED_CROPS = 24 << 20
"""Most bytes of crops of faces, as JPEG: some three thousand."""
BACK = 12
"""Pictures before it that are kept along with one that is stepped back to: getting one takes as long as getting all."""
NEAR_S = 0.08
"""How long decoding goes on for a picture that need not be the very one; with what else is done it makes 150 ms."""

K = TypeVar("K")
V = TypeVar("V")


class Unwanted(Exception):
    """Whoever asked for a picture is gone."""


class Bounded(Generic[K, V]):
    """The values used last, as many as fit into so many bytes; one that is larger than that is not kept.

    Parameters
    ----------
    most: bytes of all values together.
    size: bytes of one.
    """

    def __init__(self, most: int, size: Callable[[V], int]) -> None:
        self._most, self._size = most, size
        self._held: OrderedDict[K, V] = OrderedDict()
        self.bytes = 0

    def get(self, key: K) -> V | None:
        """The value, or None where it is not held."""
        if key in self._held:
            self._held.move_to_end(key)
        return self._held.get(key)

    def put(self, key: K, value: V) -> None:
        """Hold it, and let go of those that were not used for longest."""
        if key in self._held:
            self.bytes -= self._size(self._held.pop(key))
        self._held[key] = value
        self.bytes += self._size(value)
        while self.bytes > self._most:
            _, old = self._held.popitem(last=False)
            self.bytes -= self._size(old)

    def clear(self) -> None:
        """Hold nothing."""
        self._held.clear()
        self.bytes = 0


class Film:
    """The pictures and faces of one recording; safe for several threads.

    Film and faces are decoded apart from each other, so that a row of cards does not hold up who is dragging.
    """

    def __init__(self, path: Path, plan: Plan, style: Style, *, threads: int = 0) -> None:
        self._path, self._timeline, self._style, self._threads = path, plan.timeline, style, threads
        self._film_lock, self._faces_lock = threading.Lock(), threading.Lock()
        self._film: Peek | None = None
        self._faces: Peek | None = None
        self._pictures: Bounded[int, Picture] = Bounded(CACHED_BYTES, lambda picture: picture.i420.nbytes)
        self._given = -1
        self._crops: Bounded[tuple[int, tuple[float, ...]], bytes] = Bounded(CACHED_CROPS, len)

    @property
    def timeline(self) -> Timeline:
        """When its pictures are shown."""
        return self._timeline

    def size_of(self, width: int) -> tuple[int, int]:
        """Width and height in square pixels of a picture that is asked for at that width; it is never enlarged."""
        w, h = self._timeline.size_wh
        wide = w * float(self._timeline.sample_aspect)
        k = min(width / wide, 1.0)
        return max(round(wide * k), 2), max(round(h * k), 2)

    def picture(self, index: int, *, near: bool, wanted: Callable[[], bool]) -> Picture:
        """The picture, or with `near` one before it that can be had at once; not to be painted into.

        Raises `Unwanted` when `wanted`, asked before each picture that is decoded, says no; and what `Peek.picture`
        raises.
        """
        with self._film_lock:
            back, self._given = index == self._given - 1, index
            held = self._pictures.get(index)
            if held is not None:
                return held
            if not wanted():
                raise Unwanted
            if self._film is None:
                self._film = Peek(self._path, self._timeline, threads=self._threads)
            patience_s = NEAR_S if near else None
            # Who steps back goes on doing so, and decoding goes forward only.
            for each in range(max(index - self._back(), 0) if back else index, index + 1):
                found = self._film.picture(each, patience_s=patience_s, wanted=wanted)
                self._pictures.put(found.index, found)
                if found.index != each and not near:
                    raise Unwanted
            return found

    def _back(self) -> int:
        w, h = self._timeline.size_wh
        return min(BACK, CACHED_BYTES // (w * h * 3 // 2) // 2)

    def jpeg(self, picture: Picture, width: int, judged: Judgement | None) -> bytes:
        """The picture as JPEG; with `judged` as it will be in the copy, but for what the second look adds."""
        if judged is not None:
            boxes = judged.boxes_at(picture.index)
            if len(boxes) or picture.suspect:
                picture = Picture(picture.index, picture.pts, picture.i420.copy(), picture.suspect)
                paint_picture(picture, boxes, self._style)
        return jpeg(picture.bgr(self.size_of(width)))

    def face(self, judged: Judgement, number: int, k: int, wanted: Callable[[], bool]) -> bytes:
        """The `k`-th moment of a person's strip as JPEG. Made on the fly, and kept in memory only.

        Raises `IndexError` for another number or moment, else as `picture`.
        """
        track = next((t for t in judged.plan.tracks if t.id == number), None)
        moments = [] if track is None else choose_moments(track, self._timeline)
        if track is None or not 0 <= k < len(moments):
            raise IndexError(number)
        index = moments[k]
        box = track.boxes_xyxy[index - track.first]
        key = index, tuple(float(v) for v in box)
        with self._faces_lock:
            held = self._crops.get(key)
            if held is None:
                if not wanted():
                    raise Unwanted
                if self._faces is None:
                    self._faces = Peek(self._path, self._timeline, threads=self._threads)
                picture = self._faces.picture(index, wanted=wanted)
                if picture.index != index:
                    raise Unwanted
                held = crop(picture, np.asarray(box), float(self._timeline.sample_aspect))
                self._crops.put(key, held)
            return held

    def close(self) -> None:
        """Release the recording, and forget all pictures."""
        with self._film_lock, self._faces_lock:
            for peek in (self._film, self._faces):
                if peek is not None:
                    peek.close()
            self._film = self._faces = None
            self._pictures.clear()
            self._crops.clear()
