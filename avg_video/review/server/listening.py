"""The sound of the recording for the page: how loud it is over time, and short stretches to listen to."""

from __future__ import annotations

import io
import threading
import wave
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from avg_video.errors import AvgError
from avg_video.media.sound import BLOCK, SoundPlan, SoundSource
from avg_video.media.timing import Timeline

__all__ = ["CLIP_S", "PER_SECOND", "Listening"]

PER_SECOND = 20
"""Peaks a second."""
CLIP_S = 30.0
"""Longest stretch to listen to at once."""
CLIP_RATE = 16_000


class Listening:
    """Peaks, read in a thread of its own, and clips.

    Attributes
    ----------
    state: "none" where there is no sound, "reading", "ready", or "failed".
    """

    def __init__(self, path: Path, stream: int | None, timeline: Timeline, changed: Callable[[], None]) -> None:
        self._path, self._stream, self._timeline, self._changed = path, stream, timeline, changed
        self._over = threading.Event()
        self.state = "none" if stream is None else "reading"
        self.peaks: bytes = b""
        self._thread = threading.Thread(target=self._read, name="avg-blur-sound", daemon=True)
        if stream is not None:
            self._thread.start()

    def close(self) -> None:
        """Stop reading."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _read(self) -> None:
        try:
            with self._source(SoundPlan(keep=True)) as source:
                self.peaks = self._peaks(source)
                self.state = "ready"
        except (AvgError, av.error.FFmpegError):
            self.state = "failed"
        self._changed()

    def _peaks(self, source: SoundSource) -> bytes:
        """One byte each twentieth of a second: the loudest sample in it, 255 being full scale."""
        loudest = np.zeros(int(np.ceil(source.count * BLOCK / source.rate * PER_SECOND)) + 1, np.float32)
        edges = np.arange(BLOCK) * PER_SECOND
        for k, block in enumerate(source.blocks()):
            if self._over.is_set():
                break
            loud = np.abs(block).max(axis=0)
            at = (k * BLOCK * PER_SECOND + edges) // source.rate
            np.maximum.at(loudest, at, loud)
        return np.rint(np.clip(loudest, 0, 1) * 255).astype(np.uint8).tobytes()

    def _source(self, plan: SoundPlan, skip_s: float = 0.0) -> SoundSource:
        assert self._stream is not None
        line = self._timeline
        return SoundSource(
            self._path,
            self._stream,
            origin=int(line.pts[0]) * line.time_base,
            duration=(line.end_pts - int(line.pts[0])) * line.time_base,
            plan=plan,
            skip_s=Fraction(skip_s),
        )

    def clip(self, start_s: float, seconds: float, mutes_s: tuple[tuple[float, float], ...]) -> bytes:
        """A stretch of sound as WAV, mono, 16 bit, 16 kHz, with `mutes_s` silent as they will be in the copy.

        Raises `LookupError` where there is no sound, and what reading sound raises.
        """
        if self._stream is None:
            raise LookupError("no sound")
        samples = self._stretch(start_s, min(seconds, CLIP_S), SoundPlan(keep=True, mutes_s=mutes_s))
        held = io.BytesIO()
        with wave.open(held, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(CLIP_RATE)
            file.writeframes(np.rint(samples * 32767).astype("<i2").tobytes())
        return held.getvalue()

    def _stretch(self, start_s: float, seconds: float, plan: SoundPlan) -> npt.NDArray[np.float32]:
        pieces, there = [np.zeros(0, np.float32)], 0
        with self._source(plan, start_s) as source:
            wanted = round(seconds * source.rate)
            for block in source.blocks():
                if there >= wanted:
                    break
                pieces.append(block.mean(axis=0))
                there += block.shape[1]
            whole = np.concatenate(pieces)[:wanted]
            count = round(len(whole) * CLIP_RATE / source.rate)
        if not count:
            return np.zeros(0, np.float32)
        along = np.linspace(0, len(whole) - 1, count)
        return np.asarray(np.interp(along, np.arange(len(whole)), whole), np.float32)
