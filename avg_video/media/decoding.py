"""Decoding the one picture stream of a recording, stopping at the first sign of damage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Final, Self, cast

import av
import av.error
from av.codec.context import Flags as CodecFlags
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from avg_video.errors import DamagedInput, InputError, UnsupportedInput
from avg_video.language import mark, tr
from avg_video.media.clock import PictureClock
from avg_video.media.contents import choose_sound, choose_video, has_decoder
from avg_video.media.limits import MAX_PIXELS, Pace, refuse_too_many
from avg_video.media.opening import open_plain
from avg_video.media.riders import Riders
from avg_video.media.watch import stalled, watched

__all__ = ["Decoding", "declared_end"]

_HIDING_CODECS: Final = frozenset({"vp8", "libvpx"})
"""Codecs whose files hold packets that are never shown (VP8's reference pictures), so packets can't be counted off."""

_ALPHA_DECODERS: Final = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""FFmpeg's own VP8 and VP9 decoders leave the alpha channel out, and show what lies hidden under it."""

_DECLARING: Final = frozenset({"mov", "matroska", "avi", "flv", "asf", "gif", "mxf"})
"""Containers whose header says how long the recording is. For the others FFmpeg estimates from what is there."""

_TOLERANCE_S: Final = 0.5
"""How much shorter than declared a recording may be: sound that ends a little later, rounding in headers."""

_STRICTNESS: Final = "crccheck+bitstream+buffer"
"""What decoders look for and mark as corrupt beyond what they stumble over. Of 60 damaged WMV clips 54 are then caught
instead of 22; H.264 and HEVC are as before (measured)."""

_COPY_AGAIN: Final = mark("copy it from the camera again, or repair it with another program first")


class Decoding:
    """The frames of a recording in order of display, each with an exact pts.

    Attributes
    ----------
    box, stream: the open container and the chosen stream.
    sound_stream: index of the chosen sound stream, or None.
    time_base: seconds per unit of every pts.
    hidden: categories of hidden data met in the packets so far (`Riders`), and "trimmed-picture" where an edit list
        keeps stored pictures from being shown.
    """

    def __init__(self, path: Path, threads: int, *, draft: bool = False) -> None:
        self.file = path
        self.box = open_plain(path)
        try:
            self.stream = choose_video(self.box, path)
            sound = choose_sound(self.box)
            self.sound_stream = None if sound is None else sound.index
            if self.stream.time_base is None:
                raise InputError(tr("does not say when its pictures are shown"), remedy=tr(_COPY_AGAIN), file=path)
            self.time_base: Fraction = self.stream.time_base
            self._bytes = path.stat().st_size
            # MP4 and MOV list every picture to be shown, after edit lists; for others this is empty.
            refuse_too_many(max(self.stream.frames, len(self.stream.index_entries)), self._bytes, path)
            self._context = self._decoder(threads, draft)
        except BaseException:
            self.box.close()
            raise
        # AVI stores no display times; see PictureClock.
        self.clock = PictureClock(self.time_base, path, by_order=self.box.format.name == "avi")
        self._riders = Riders(self._context.codec.canonical_name, self._context.extradata)
        self.hidden: set[str] = set(self._riders.in_extradata)
        self._pace = Pace(self.time_base, declared_end(self), path)
        self.pictures = 0
        self.end_pts = 0
        self._packets = 0
        self._awaited: set[int] = set()
        self._first_pts: int | None = None
        self._interlaced = False
        self._others_end_s = 0.0  # where the last packet of any other stream ends

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Release the file. Safe to call twice."""
        self.box.close()

    @property
    def codec(self) -> str:
        """FFmpeg's name of the codec."""
        return self.stream.codec_context.codec.name

    def _decoder(self, threads: int, draft: bool) -> VideoCodecContext:
        context = self.stream.codec_context
        if self.stream.metadata.get("alpha_mode") == "1":
            name = _ALPHA_DECODERS.get(context.name)
            if name is None or name not in av.codecs_available:
                raise UnsupportedInput(
                    tr("has a transparent layer that can't be read"),
                    remedy=tr("convert it without alpha"),
                    file=self.file,
                )
            other = av.CodecContext.create(name, "r")
            assert isinstance(other, VideoCodecContext)
            other.extradata = context.extradata
            context = other
        context.thread_type = "AUTO"
        context.thread_count = threads
        # Pictures that lack their references are to be delivered, marked as corrupt, and refused here: without this
        # flag some decoders drop them without a word.
        context.flags |= CodecFlags.output_corrupt
        context.options = {"max_pixels": str(MAX_PIXELS), "err_detect": _STRICTNESS}
        if draft:
            # Blocks stay a little sharper in pictures that no other is predicted from; a tenth of the time is saved.
            context.options |= {"skip_loop_filter": "noref"}
        return context

    def frames(self) -> Iterator[tuple[int, av.VideoFrame]]:
        """Every picture as (pts, frame); the frame's memory belongs to the decoder.

        Raises `DamagedInput`, `UnsupportedInput` or `InputError` at the first thing that can't be decoded, and at the
        end where pictures are missing.
        """
        try:
            for packet in self._demux():
                self._look_at(packet)
                for frame in self._decode(packet):
                    yield self._note(frame), frame
        except av.error.ArgumentError as e:
            # What decoders answer to a size beyond MAX_PIXELS.
            raise UnsupportedInput(
                tr("its pictures are too large, or wrongly described"),
                remedy=tr("scale it to 8K or less first"),
                file=self.file,
            ) from e
        except av.error.ExitError as e:
            raise stalled(self.file) from e
        except av.error.MemoryError as e:
            raise UnsupportedInput(
                tr("asks for more memory than there is"),
                remedy=tr("close other programs, or scale it down first"),
                file=self.file,
            ) from e
        except av.error.FFmpegError as e:
            raise self._damaged(tr("can't be decoded"), e) from e
        except IndexError as e:
            # PyAV's answer when FFmpeg meets a stream that the header did not tell of (FLV, TS). It never hands such
            # packets over, so what is in them would be missing without a word.
            raise UnsupportedInput(
                tr("holds a stream that begins on the way"), remedy=tr("convert it to MP4 first"), file=self.file
            ) from e
        self._check_whole()

    def key_frame_before(self, pts: int) -> int | None:
        """A number for the key frame from which decoding to that time begins, where the container's index tells."""
        at = self.stream.index_entries.search_timestamp(pts)
        return at if at >= 0 else None

    def frames_from(self, pts: int, needed: Callable[[], int]) -> Iterator[av.VideoFrame]:
        """Frames from a key frame at or before `pts` on, as decoded, with the pts that the container gives them.

        For single looks: nothing is checked, and frames before `needed` (asked at each) that no other depends on may be
        left out.
        Raises what FFmpeg raises.
        """
        self.box.seek(pts, stream=self.stream, backward=True)
        self._context.flush_buffers()
        for packet in self.box.demux(self.stream):
            early = packet.pts is not None and packet.pts < needed() and not self._interlaced
            self._context.skip_frame = "NONREF" if early else "DEFAULT"
            if packet.size or _ends_stream(packet):
                yield from self._called(packet if packet.size else None)

    def _demux(self) -> Iterator[Packet[VideoStream]]:
        """Packets of the picture; of the others only where they stop is noted, for the check of the length."""
        # Where the picture's own length is known, nothing of the others is needed.
        wanted = [self.stream] if self.stream.duration else list(self.box.streams)
        packets = self.box.demux(wanted)
        while True:
            with watched(self.file):
                packet = next(packets, None)
            if packet is None:
                return
            # Not `packet.stream_index`: that is 0 in the packets with which PyAV ends each stream.
            if packet.stream.index == self.stream.index:
                yield cast("Packet[VideoStream]", packet)
            elif packet.size and packet.pts is not None and packet.time_base:
                end = packet.pts + (packet.duration or 0)
                self._others_end_s = max(self._others_end_s, float(end * packet.time_base))

    def _look_at(self, packet: Packet[VideoStream]) -> None:
        if _ends_stream(packet):
            return
        self._packets += 1
        if packet.has_sidedata("encryption_info"):
            raise InputError(
                tr("is encrypted (copy protection)"), remedy=tr("ask its owner for a version without"), file=self.file
            )
        if packet.is_corrupt:
            raise self._damaged(tr("breaks off or has lost data"))
        # Looked for in the packet and not among the side data of every frame: PyAV ties a frame whose side data was
        # asked for to itself, so its memory would come free only with the next sweep of the garbage collector.
        self.hidden |= self._riders.in_packet(bytes(packet))
        if packet.is_discard:
            self.hidden.add("trimmed-picture")
        elif packet.pts is not None:
            self._awaited.add(packet.pts)
        if packet.size:
            self.clock.packet(packet.dts)

    def _decode(self, packet: Packet[VideoStream]) -> Iterator[av.VideoFrame]:
        if _ends_stream(packet):
            yield from self._called(None)  # empties the decoder
        elif packet.size:
            yield from self._called(packet)
        else:
            # Stored empty: the picture before stays on. To a decoder it would mean the end.
            self._awaited.discard(packet.pts or 0)

    def _called(self, packet: Packet[VideoStream] | None) -> list[av.VideoFrame]:
        with watched(self.file):
            return self._context.decode(packet)

    def _note(self, frame: av.VideoFrame) -> int:
        if frame.is_corrupt:
            raise self._damaged(tr("holds a damaged picture"))
        if frame.pts is not None:
            self._awaited.discard(frame.pts)
            if self._first_pts is None:
                self._first_pts = frame.pts
        pts = self.clock.picture(frame.pts)
        self._interlaced = self._interlaced or frame.interlaced_frame
        self.pictures += 1
        refuse_too_many(self.pictures, self._bytes, self.file)
        self._pace.picture(pts)
        self.end_pts = pts + max(int(frame.duration or 0), 0)
        return pts

    def _check_whole(self) -> None:
        """Compare what was decoded with what the container promised."""
        if not self.pictures:
            raise self._damaged(tr("holds no picture"))
        if not self._hides_packets() and any(pts > (self._first_pts or 0) for pts in self._awaited):
            raise self._damaged(tr("{n} of its pictures can't be decoded", n=len(self._awaited)))
        # MP4 and MOV list every stored picture, after edit lists.
        if self.box.format.name.startswith("mov") and self._packets < len(self.stream.index_entries):
            raise self._damaged(
                tr(
                    "breaks off: {found} of {declared} pictures are there",
                    found=self._packets,
                    declared=len(self.stream.index_entries),
                )
            )
        end = declared_end(self)
        reached = max(float(self.end_pts * self.time_base), self._others_end_s)
        if end is not None and reached < end - _TOLERANCE_S:
            raise self._damaged(tr("breaks off at {reached:.1f} of {end:.1f} s", reached=reached, end=end))

    def _hides_packets(self) -> bool:
        # The two fields of an interlaced picture may come as two packets, of which one gives the time. AVI has no
        # times to count off.
        return self._interlaced or self._context.name in _HIDING_CODECS or self.box.format.name == "avi"

    def _damaged(self, what: str, cause: av.error.FFmpegError | None = None) -> DamagedInput:
        if self.pictures and cause is not None:
            what = tr("{what} after picture {number}", what=what, number=self.pictures)
        return DamagedInput(what, remedy=tr(_COPY_AGAIN), file=self.file)


def _ends_stream(packet: Packet[VideoStream]) -> bool:
    return not packet.size and packet.pts is None and packet.dts is None


def declared_end(source: Decoding) -> float | None:
    """Second (on the container's own clock) at which the recording ends by its header; None where it does not say."""
    names = set(source.box.format.name.split(","))
    if not names & _DECLARING:
        return None
    stream = source.stream
    if stream.duration is not None and stream.duration > 0:
        start = stream.start_time or 0
        # FLV and others count from zero whatever the start: take the smaller reading.
        return float(min(stream.duration, start + stream.duration) * source.time_base)
    duration = source.box.duration
    if duration is None or duration <= 0 or _is_estimate(source):
        return None
    return duration / 1e6


def _is_estimate(source: Decoding) -> bool:
    """Whether FFmpeg made the duration up from file size and bit rate, as it does where the header has none."""
    timed = [s for s in source.box.streams if s.type in ("video", "audio") and has_decoder(s)]
    rates = sum(s.codec_context.bit_rate or 0 for s in timed)
    return bool(rates) and rates == source.box.bit_rate
