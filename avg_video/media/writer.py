"""The output: one stream of pictures built from pixels, at most one of sound, in an MP4 that holds nothing else."""

from __future__ import annotations

import contextlib
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import numpy as np
import numpy.typing as npt
from av.bitstream import BitStreamFilterContext
from av.packet import Packet
from av.video.stream import VideoStream

from avg_video.errors import CheckFailed, DamagedInput, EncoderFailed, UnsupportedInput
from avg_video.language import cause_of, tr
from avg_video.media.aac import AacTrack
from avg_video.media.boxes_mp4 import MalformedBox
from avg_video.media.encoders import SOFTWARE, Encoder, open_codec
from avg_video.media.faststart import move_index_to_front
from avg_video.media.picture import Picture
from avg_video.media.sound import SoundPlan, SoundSource
from avg_video.media.source import SourceInfo
from avg_video.media.temporary import as_output_error
from avg_video.media.timing import Timeline

__all__ = ["VideoWriter", "keeps_sound"]

# Only picture data and parameter sets pass: no SEI (captions, x264's settings), no filler, no alpha pictures. An
# allowlist, as `filter_units=remove_types=6` would let the rest through.
_NAL_FILTER = "filter_units=pass_types=1-5|7-8"

_TIMESCALE_MIN = 10_000  # as FFmpeg's own muxer: some players can't seek well in coarser clocks
_TIMESCALE_FINE = 100_000  # finer source clocks are reduced where that loses nothing
_FIELD_MAX = 2**31 - 1  # steps and offsets in an MP4 are 32 bits wide
_REORDER = 10  # libx264 stores a picture at most 8 early (B-frames of veryslow), on a clock that is 2 late (pyramid)
_ASPECT_MAX = 4096  # as libx264 keeps it; a thousandth of a pixel's shape can't be seen


def keeps_sound(info: SourceInfo, sound: SoundPlan) -> bool:
    """Whether the plan keeps sound that is there to keep."""
    return sound.keep and info.sound_stream is not None


class VideoWriter:
    """Writes the pictures of one recording, each at its own time. A context manager.

    Leaving the `with` block without `finish()` leaves an unusable file behind, for the caller to remove.

    Parameters
    ----------
    path: where to write; replaced if it exists.
    info, timeline: the source, as the first pass found it. Every picture has to come, in order, at its time.
    encoder: what `choose_encoder` returned for this size.
    sound: what becomes of the sound; `source` is the recording it is taken from, if it is kept.
    threads: for the encoder; 0 means as many as the computer has.

    Raises
    ------
    OutputError, EncoderFailed: writing or encoding does not work.
    UnsupportedInput: the source's clock can't be kept exactly in an MP4.
    ValueError: the arguments don't fit each other.
    """

    def __init__(
        self,
        path: Path,
        info: SourceInfo,
        timeline: Timeline,
        encoder: Encoder,
        *,
        sound: SoundPlan = SoundPlan(),  # noqa: B008 -- frozen
        source: Path | None = None,
        threads: int = 0,
    ) -> None:
        if info.size_wh != timeline.size_wh:
            raise ValueError(f"info and timeline differ in size: {info.size_wh} and {timeline.size_wh}")
        self._path = path
        self._source = info.path
        self._timeline = timeline
        self._encoder = encoder
        timescale, self._ticks = _mp4_clock(timeline, info.path)
        self._clock = Fraction(1, timescale)
        self._given = 0
        self._order = _DecodeOrder(self._ticks, encoder.name)
        self._sound: AacTrack | None = None
        self._open = contextlib.ExitStack()
        try:
            self._start(info, sound, source, threads, timescale)
        except BaseException:
            self._abandon()
            raise

    def _start(self, info: SourceInfo, sound: SoundPlan, source: Path | None, threads: int, timescale: int) -> None:
        self._box = av.open(
            f"file:{self._path.absolute()}",  # so that no part of the name is taken for a protocol
            "w",
            format="mp4",
            container_options={
                "fflags": "+bitexact",  # no writing library, no creation time
                "video_track_timescale": str(timescale),
                "write_btrt": "0",
                "movie_timescale": str(timescale),  # FFmpeg's own 1000 would round the edit list and the durations
            },
        )
        try:
            self._stream = self._add_pictures(info, threads)
            if keeps_sound(info, sound):
                self._sound = self._add_sound(info, sound, source)
            self._box.start_encoding()
        except (av.FFmpegError, OSError, ValueError) as error:
            raise self._refusal(error) from error
        self._filter = BitStreamFilterContext(_NAL_FILTER, self._stream)

    def _add_pictures(self, info: SourceInfo, threads: int) -> VideoStream:
        stream = self._box.add_stream(self._encoder.name)
        if not isinstance(stream, VideoStream):
            raise ValueError(f"{self._encoder.name} is not an encoder of pictures")
        context = stream.codec_context
        open_codec(
            context,
            self._encoder,
            size_wh=self._timeline.size_wh,
            rate=info.average_rate,
            clock=self._clock,
            threads=threads,
        )
        context.sample_aspect_ratio = self._timeline.sample_aspect.limit_denominator(_ASPECT_MAX)
        context.color_range = info.colours.range
        context.colorspace = info.colours.matrix
        context.color_primaries = info.colours.primaries
        context.color_trc = info.colours.transfer
        try:
            context.open()
        except (av.FFmpegError, OSError, ValueError) as error:
            raise self._encoder_failed(error) from error
        return stream

    def _add_sound(self, info: SourceInfo, sound: SoundPlan, source: Path | None) -> AacTrack | None:
        if source is None or info.sound_stream is None:
            raise ValueError("source: expected the recording to take the sound from")
        line = self._timeline
        samples = SoundSource(
            source,
            info.sound_stream,
            origin=int(line.pts[0]) * line.time_base,
            duration=(line.end_pts - int(line.pts[0])) * line.time_base,
            plan=sound,
        )
        self._open.enter_context(samples)
        return AacTrack(self._box, samples) if samples.count else None

    def write(self, picture: Picture) -> None:
        """Add the next picture.

        Raises `DamagedInput` when it is not the one the timeline announces, `EncoderFailed` and `OutputError`.
        """
        k = self._given
        line = self._timeline
        if k >= len(line) or picture.pts != int(line.pts[k]) or picture.size_wh != line.size_wh or picture.index != k:
            raise self._differs()
        frame = _frame(picture.i420)
        frame.pts, frame.time_base = int(self._ticks[k]), self._clock
        self._given += 1
        self._encode(frame)
        self._add_sound_until(frame.pts * self._clock)

    def finish(self) -> None:
        """Write what is left, the index, and move the index to the front.

        Raises `DamagedInput` when pictures are missing, `EncoderFailed` and `OutputError`.
        """
        if self._given != len(self._timeline):
            raise self._differs()
        self._encode(None)
        self._order.check_complete()
        self._add_sound_until(int(self._ticks[-1]) * self._clock)
        try:
            self._box.close()
            move_index_to_front(self._path)
        except MalformedBox as error:
            raise CheckFailed(
                tr("the finished file has an unexpected shape ({why})", why=error),
                remedy=tr("run again; if it happens again, choose another --encoder"),
                file=self._path,
            ) from error
        except (av.FFmpegError, OSError) as error:
            raise self._refusal(error) from error
        self._open.close()

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._abandon()

    def _abandon(self) -> None:
        """Let go of the files. Does nothing after `finish`."""
        self._open.close()
        box = getattr(self, "_box", None)
        if box is None:
            return
        # Closing writes the index, whatever has happened. What it raises is about a file that nobody wants.
        with contextlib.suppress(av.FFmpegError, OSError):
            box.close()

    def _encode(self, frame: av.VideoFrame | None) -> None:
        try:
            packets = self._stream.codec_context.encode(frame)
            clean = [out for packet in packets for out in self._filter.filter(packet)]
        except (av.FFmpegError, OSError) as error:
            raise self._encoder_failed(error) from error
        for packet in clean:
            packet.stream = self._stream
            packet.time_base = self._clock
            self._order.stamp(packet)
            self._mux(packet)

    def _add_sound_until(self, seconds: Fraction) -> None:
        if self._sound is not None:
            for packet in self._sound.packets_until(seconds):
                self._mux(packet)

    def _mux(self, packet: Packet[VideoStream] | Packet[av.AudioStream]) -> None:
        try:
            self._box.mux_one(packet)
        except (av.FFmpegError, OSError) as error:
            raise self._refusal(error) from error

    def _refusal(self, error: Exception) -> Exception:
        """What the system or FFmpeg objected to."""
        if isinstance(error, (av.FFmpegError, OSError)):
            return as_output_error(error, self._path)
        return error

    def _encoder_failed(self, error: Exception) -> EncoderFailed:
        why = cause_of(error) or error
        other = (
            tr("free some memory and run again")
            if self._encoder.name == SOFTWARE
            else tr("choose --encoder {encoder}", encoder=SOFTWARE)
        )
        return EncoderFailed(
            tr("the encoder {encoder} failed ({why})", encoder=self._encoder.name, why=why), remedy=other
        )

    def _differs(self) -> DamagedInput:
        return DamagedInput(
            tr(
                "its second reading differs from its first at picture {number} of {pictures}",
                number=self._given + 1,
                pictures=len(self._timeline),
            ),
            remedy=tr("make sure that nothing changes the file, then run again"),
            file=self._source,
        )


class _DecodeOrder:
    """Gives each packet its place on the decoder's clock.

    The i-th packet gets the i-th smallest pts, less one fixed delay. So the steps of the decoder's clock are the very
    durations of the pictures, whatever order they are stored in, and their sum is the length of the recording.
    """

    def __init__(self, ticks: npt.NDArray[np.int64], encoder: str) -> None:
        self._ticks = ticks
        self._encoder = encoder
        self._delay = 0
        self._seen = np.zeros(len(ticks) - 1, np.bool_)
        self.made = 0

    def stamp(self, packet: Packet[VideoStream]) -> None:
        """Set the packet's dts and duration. Raises `EncoderFailed` when its pts is none of the pictures', or used."""
        ticks, i = self._ticks, self.made
        n = len(self._seen)
        if i >= n or packet.pts is None:
            raise self._confused()
        shown = int(np.searchsorted(ticks[:n], packet.pts))
        if shown >= n or ticks[shown] != packet.pts or self._seen[shown]:
            raise self._confused()
        if i == 0:
            self._delay = self._longest_delay(packet)
        dts = int(ticks[i]) - self._delay
        if dts > packet.pts:
            raise self._confused()
        packet.dts = dts
        # The muxer takes the last step of the decoder's clock, and the end of the picture shown last, from here.
        packet.duration = int(ticks[i + 1] - ticks[i]) if i == n - 1 else int(ticks[shown + 1] - ticks[shown])
        self._seen[shown] = True
        self.made += 1

    def _longest_delay(self, first: Packet[VideoStream]) -> int:
        """The most that reordering can delay any picture. The first packet tells over how many pictures it goes."""
        if first.pts is None or first.dts is None:
            return 0
        depth = int(np.searchsorted(self._ticks[:-1], self._ticks[0] + first.pts - first.dts))
        return int(np.max(self._ticks[depth:-1] - self._ticks[: len(self._ticks) - 1 - depth], initial=0))

    def check_complete(self) -> None:
        """Raises `EncoderFailed` when the encoder has kept a picture to itself."""
        if self.made != len(self._seen):
            raise EncoderFailed(
                tr(
                    "the encoder {encoder} made {made} of {pictures} pictures",
                    encoder=self._encoder,
                    made=self.made,
                    pictures=len(self._seen),
                ),
                remedy=tr("choose another encoder"),
            )

    def _confused(self) -> EncoderFailed:
        return EncoderFailed(
            tr("the encoder {encoder} mixed up the times of the pictures", encoder=self._encoder),
            remedy=tr("choose another encoder"),
        )


def _mp4_clock(timeline: Timeline, file: Path) -> tuple[int, npt.NDArray[np.int64]]:
    """Units per second for the MP4, and in them int64 (n + 1,): each picture's start, from 0, and the end of the last.

    Raises `UnsupportedInput` when no clock that fits into an MP4 hits every picture exactly.
    """
    numerator, scale = timeline.time_base.numerator, timeline.time_base.denominator
    steps = np.append(timeline.pts, np.int64(timeline.end_pts)) - timeline.pts[0]
    if scale > _TIMESCALE_FINE:
        shared = int(np.gcd.reduce(steps))
        coarser = Fraction(shared * numerator, scale)
        steps, numerator, scale = steps // shared, coarser.numerator, coarser.denominator
    finer = 1
    while scale * finer < _TIMESCALE_MIN:
        finer *= 2
    factor = numerator * finer
    # The longest step, and the longest wait of a picture for others that are stored before it.
    longest = int(np.max(steps[_REORDER:] - steps[:-_REORDER], initial=int(np.diff(steps).max()))) * factor
    if scale * finer > _FIELD_MAX or int(steps[-1]) * factor > 2**62 or longest > _FIELD_MAX:
        raise UnsupportedInput(
            tr("its clock is too fine for an MP4"), remedy=tr("convert it to a constant frame rate first"), file=file
        )
    return scale * finer, steps * factor


def _frame(i420: npt.NDArray[np.uint8]) -> av.VideoFrame:
    """The picture as FFmpeg takes it, without a copy where that can be: the encoder takes one of its own, and the
    buffer keeps the array alive as long as it is used."""
    if i420.shape[0] % 6:
        # A height that four does not divide: PyAV (18.1) would take the picture for two rows lower than it is, and find
        # its colours two rows too early.
        return av.VideoFrame.from_ndarray(i420, format="yuv420p")
    return av.VideoFrame.from_numpy_buffer(i420, format="yuv420p")
