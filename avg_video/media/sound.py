"""The sound of a recording as plain samples on the pictures' clock: placed, muted, cut into blocks for AAC."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from avg_video.errors import DamagedInput, InputError
from avg_video.language import tr
from avg_video.media.opening import open_plain
from avg_video.media.watch import watched

__all__ = ["BLOCK", "SoundPlan", "SoundSource", "whole_blocks"]

F32 = npt.NDArray[np.float32]

BLOCK = 1024
"""Samples in one AAC packet (ISO/IEC 14496-3, the long block of AAC-LC)."""

_RATES = (32000, 44100, 48000)  # rates that every player takes; others become 48 kHz

# How far a lossy codec spreads what happens at one moment. A muted word is gone from its own samples, but in a lossy
# source its pre-echo lies before them: up to a window of HE-AAC (4096 samples; MP3, AAC-LC and Opus reach less).
_SOURCE_REACH = 4096
_RESAMPLER_REACH = 64

# Time stamps of sound jitter (Matroska and FLV round to a millisecond) and drift. A jump is followed at once, a small
# difference when it has lasted, so that jitter does not tear the sound.
_JUMP_S = 0.040  # where people begin to notice (ITU-R BT.1359)
_DRIFT_S = 0.005
_DRIFT_LASTS_S = 0.5

_LEAD_S = Fraction(1)  # read before a stretch to listen to, so that the decoder is settled when it begins

_SILENCE = 48000  # longest piece of silence made at once, so that a gap of hours costs no memory


@dataclass(frozen=True)
class SoundPlan:
    """What becomes of the sound.

    Attributes
    ----------
    keep: False drops it whole.
    mutes_s: stretches (from, to) that are silent, in seconds from the first picture. They are widened by what the
        source's codec smears beyond them, under a tenth of a second a side at 48 kHz.

    Raises `ValueError` when a stretch is not 0 <= from < to.
    """

    keep: bool = False
    mutes_s: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        for start, end in self.mutes_s:
            if not (0 <= start < end < math.inf):
                raise ValueError(f"mutes_s: expected 0 <= from < to, got {start} and {end}")


def whole_blocks(duration: Fraction, rate: int) -> int:
    """How many AAC packets fit into `duration` seconds; the sound never outlasts the picture.

    Less than two count as none: the first packet only starts the decoder.
    """
    blocks = math.floor(duration * rate / BLOCK)
    return blocks if blocks >= 2 else 0


class SoundSource:
    """The sound stream of one recording. A context manager, for one pass.

    Parameters
    ----------
    path, stream: the recording and the index of its sound stream.
    origin: the first picture's time on the recording's own clock, in seconds. That moment is sample 0.
    duration: seconds of picture.
    plan: what to silence.
    skip_s: for listening: so many seconds are passed over at the start, without reading them. Sample 0 is then there.

    Raises the errors of `open_plain`, and `InputError` when the stream is not a sound that can be decoded.

    Attributes
    ----------
    rate: samples per second of what `blocks` delivers: 32, 44.1 or 48 kHz.
    channels: 1 or 2; more are mixed down.
    count: how many blocks of sound belong under the picture.
    """

    def __init__(
        self,
        path: Path,
        stream: int,
        *,
        origin: Fraction,
        duration: Fraction,
        plan: SoundPlan,
        skip_s: Fraction = Fraction(0),
    ) -> None:
        self._file = path
        self._origin = origin + skip_s
        self._plan = plan
        self._skip_s = skip_s
        self._box = open_plain(path)
        try:
            found = self._box.streams[stream] if stream < len(self._box.streams) else None
            if not isinstance(found, av.AudioStream) or not found.codec_context or not found.codec_context.sample_rate:
                raise InputError(
                    tr("its sound can't be decoded"),
                    remedy=tr("leave the sound out with --audio drop"),
                    file=self._file,
                )
            self._stream = found
            own = found.codec_context.sample_rate
            self.rate = own if own in _RATES else 48000
            self.channels = 1 if found.codec_context.layout.nb_channels == 1 else 2
            self.count = whole_blocks(duration - skip_s, self.rate)
            if skip_s and found.time_base:
                early = max(self._origin - _LEAD_S, Fraction(0))
                self._box.seek(int(early / found.time_base), stream=found, backward=True)
            self._reach_s = max(Fraction(_SOURCE_REACH + _RESAMPLER_REACH, own), Fraction(2 * BLOCK, self.rate))
        except BaseException:
            self._box.close()
            raise

    def __enter__(self) -> SoundSource:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the recording."""
        self._box.close()

    def blocks(self) -> Iterator[F32]:
        """float32 (channels, 1024) each, -1 to 1: `count` blocks from the first picture on, silence in every gap.

        Raises `DamagedInput` when the sound breaks off in a way that can't be decoded.
        """
        total = self.count * BLOCK
        pieces = _fit(_muted(self._placed(), self._mute_spans()), total, self.channels)
        waiting = np.zeros((self.channels, 0), np.float32)
        for piece in pieces:
            waiting = np.concatenate((waiting, piece), axis=1)
            whole = waiting.shape[1] // BLOCK
            for k in range(whole):
                yield np.ascontiguousarray(waiting[:, k * BLOCK : (k + 1) * BLOCK])
            waiting = waiting[:, whole * BLOCK :]

    def _mute_spans(self) -> list[tuple[int, int]]:
        """The muted stretches in samples, from and to, widened by what a codec smears."""
        return [
            (
                max(math.floor((Fraction(start) - self._skip_s - self._reach_s) * self.rate), 0),
                max(math.ceil((Fraction(end) - self._skip_s + self._reach_s) * self.rate), 0),
            )
            for start, end in self._plan.mutes_s
        ]

    def _frames(self) -> Iterator[av.AudioFrame]:
        try:
            packets = self._box.demux(self._stream)
            while True:
                with watched(self._file):
                    packet = next(packets, None)
                    frames = [] if packet is None else packet.decode()
                if packet is None:
                    return
                yield from frames
        except (av.FFmpegError, ValueError, IndexError) as error:
            raise DamagedInput(
                tr("its sound is damaged and can't be decoded"),
                remedy=tr("leave the sound out with --audio drop, or copy the recording again"),
                file=self._file,
            ) from error

    def _placed(self) -> Iterator[F32]:
        """Samples without a gap, the first one at the first picture: float32 (channels, n)."""
        layout = "mono" if self.channels == 1 else "stereo"
        at = 0  # the next sample to deliver
        for start, frames in _segments(self._frames(), self._origin):
            resampler = av.AudioResampler(format="fltp", layout=layout, rate=self.rate)
            begin = round(start * self.rate)
            for samples in _resampled(frames, resampler):
                skip = min(max(at - begin, 0), samples.shape[1])
                begin += skip
                if skip == samples.shape[1]:
                    continue
                while at < begin:
                    silence = min(begin - at, _SILENCE)
                    yield np.zeros((self.channels, silence), np.float32)
                    at += silence
                yield samples[:, skip:]
                at += samples.shape[1] - skip
                begin = at


def _segments(frames: Iterator[av.AudioFrame], origin: Fraction) -> Iterator[tuple[Fraction, Iterator[av.AudioFrame]]]:
    """Runs of frames that follow each other without a gap in one format: start in seconds, and the frames.

    Each run has to be used up before the next is asked for.
    """
    clock = _Clock(origin)
    following = next(frames, None)

    def run(first: av.AudioFrame) -> Iterator[av.AudioFrame]:
        nonlocal following
        yield first
        kind = _format_of(first)
        while (frame := next(frames, None)) is not None:
            if _format_of(frame) != kind or clock.jumped(frame):
                break
            clock.passed(frame)
            yield frame
        following = frame

    while following is not None:
        first = following
        start = clock.start(first)
        clock.passed(first)
        yield start, run(first)


def _format_of(frame: av.AudioFrame) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate


class _Clock:
    """Where the next sound should be, against where it says it is; seconds from the first picture."""

    def __init__(self, origin: Fraction) -> None:
        self._origin = origin
        self._expected = Fraction(0)
        self._off_for_s = 0.0

    def _stated(self, frame: av.AudioFrame) -> Fraction:
        """A frame without a time follows the one before it."""
        if frame.pts is None or frame.time_base is None:
            return self._expected
        return frame.pts * frame.time_base - self._origin

    def start(self, frame: av.AudioFrame) -> Fraction:
        """Begin anew at this frame; returns its time."""
        self._expected = self._stated(frame)
        self._off_for_s = 0.0
        return self._expected

    def jumped(self, frame: av.AudioFrame) -> bool:
        """Whether this frame is far from where it should be, or all frames have been a little off for a while."""
        off = abs(self._stated(frame) - self._expected)
        self._off_for_s = self._off_for_s + frame.samples / frame.sample_rate if off > _DRIFT_S else 0.0
        return off > _JUMP_S or self._off_for_s > _DRIFT_LASTS_S

    def passed(self, frame: av.AudioFrame) -> None:
        self._expected += Fraction(frame.samples, frame.sample_rate)


def _resampled(frames: Iterable[av.AudioFrame], resampler: av.AudioResampler) -> Iterator[F32]:
    """float32 (channels, n) of all frames; values that are no number, or beyond full scale, are brought into range."""
    for frame in frames:
        frame.pts = None  # the run is without gaps: the resampler only has to count
        for out in resampler.resample(frame):
            yield _samples(out)
    for out in resampler.resample(None):
        yield _samples(out)


def _samples(frame: av.AudioFrame) -> F32:
    return np.asarray(np.clip(np.nan_to_num(frame.to_ndarray()), -1.0, 1.0), dtype=np.float32)


def _muted(pieces: Iterable[F32], spans: list[tuple[int, int]]) -> Iterator[F32]:
    """The same samples with those of `spans` (from, to) set to zero."""
    at = 0
    for piece in pieces:
        n = piece.shape[1]
        touching = [(max(start - at, 0), min(end - at, n)) for start, end in spans if start < at + n and end > at]
        if touching:
            piece = piece.copy()
            for start, end in touching:
                piece[:, start:end] = 0.0
        yield piece
        at += n


def _fit(pieces: Iterable[F32], total: int, channels: int) -> Iterator[F32]:
    """Exactly `total` samples: the rest cut off, or silence added."""
    at = 0
    if total:
        for piece in pieces:
            piece = piece[:, : total - at]
            yield piece
            at += piece.shape[1]
            if at >= total:
                return
    while at < total:
        silence = min(total - at, _SILENCE)
        yield np.zeros((channels, silence), np.float32)
        at += silence
