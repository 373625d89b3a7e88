"""Opens the finished file as a player would, compares it with what it should be, and searches it for anything else."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from avg_video.errors import AvgError, CheckFailed
from avg_video.language import cause_of, mark, tr
from avg_video.media.inspect import inspect_file
from avg_video.media.opening import open_plain
from avg_video.media.sound import BLOCK, SoundPlan, whole_blocks
from avg_video.media.source import SourceInfo
from avg_video.media.timing import Timeline
from avg_video.media.writer import keeps_sound

__all__ = ["CHECKED", "read_back"]

CHECKED = (
    "boxes",
    "box-fields",
    "edit-lists",
    "key-frames",
    "nal-units",
    "picture-times",
    "sound-packets",
    "streams",
    "unused-bytes",
)
"""What `read_back` goes through, in words for the record."""

_ASPECT_TOLERANCE = Fraction(1, 1000)  # encoders keep only small numbers

_REMEDY = mark("run again; if it happens again, choose another --encoder")


def read_back(path: Path, info: SourceInfo, timeline: Timeline, *, sound: SoundPlan) -> tuple[str, ...]:
    """Check streams, size, pixel shape, colour tags, every picture's time, the length, the sound's length, and decode
    every key frame. Then search every byte for what is neither picture nor sound (`inspect_file`).

    Returns what was checked, in words for the record.

    Raises `CheckFailed` naming the first thing that is not as it should be.
    """
    try:
        with open_plain(path) as box:
            for what in _differences(box, info, timeline, sound):
                raise _failed(what, path)
        # A second opening: key frames only, which the decoder has to be told before the first packet.
        with open_plain(path) as box:
            for what in _key_frames(box, timeline):
                raise _failed(what, path)
        for what in inspect_file(path):
            raise _failed(tr("it holds something else than picture and sound ({what})", what=what), path)
        return CHECKED
    except av.FFmpegError as error:
        raise _failed(tr("it can't be read back ({why})", why=cause_of(error)), path) from error
    except OSError as error:
        raise _failed(tr("it can't be read back ({why})", why=cause_of(error) or type(error).__name__), path) from error
    except CheckFailed:
        raise
    except AvgError as error:
        raise _failed(tr("it can't be read back ({what})", what=error.what), path) from error


def _failed(what: str, path: Path) -> CheckFailed:
    return CheckFailed(tr("the finished file did not pass its check: {what}", what=what), remedy=tr(_REMEDY), file=path)


def _differences(box: InputContainer, info: SourceInfo, timeline: Timeline, sound: SoundPlan) -> Iterator[str]:
    kinds = [stream.type for stream in box.streams]
    duration = (timeline.end_pts - int(timeline.pts[0])) * timeline.time_base
    if kinds not in (["video"], ["video", "audio"]):
        yield tr("it holds the streams {kinds}", kinds=", ".join(kinds))
    film = box.streams.video[0]
    wants_sound = keeps_sound(info, sound)
    if wants_sound and len(kinds) == 2:
        rate = box.streams.audio[0].rate
        blocks = whole_blocks(duration, rate)
        yield from _packets(box, timeline, blocks)
    else:
        # Sound is left out where the film is too short for a single packet of it, at any of the rates.
        if wants_sound and whole_blocks(duration, 32000):
            yield tr("its sound is missing")
        if len(kinds) == 2:
            yield tr("it holds sound that was to be left out")
        yield from _packets(box, timeline, 0)
    yield from _picture_format(film, info, timeline)
    if film.duration is None or film.time_base is None or film.duration * film.time_base != duration:
        wanted = float(duration)
        if film.duration is None:
            yield tr("it lasts an unknown time instead of {wanted:.6f} s", wanted=wanted)
        else:
            stated = float(film.duration * (film.time_base or 0))
            yield tr("it lasts {stated:.6f} s instead of {wanted:.6f} s", stated=stated, wanted=wanted)


def _picture_format(film: VideoStream, info: SourceInfo, timeline: Timeline) -> Iterator[str]:
    context = film.codec_context
    if context.name != "h264":
        yield tr("its pictures are in {name}", name=context.name)
    if (context.width, context.height) != timeline.size_wh:
        yield tr(
            "its pictures are {width}x{height} instead of {wanted}",
            width=context.width,
            height=context.height,
            wanted=timeline.size_wh,
        )
    aspect = context.sample_aspect_ratio or Fraction(1)
    if abs(aspect / timeline.sample_aspect - 1) > _ASPECT_TOLERANCE:
        yield tr("its pixels are {aspect} instead of {wanted}", aspect=aspect, wanted=timeline.sample_aspect)
    tags = info.colours
    wanted = (tags.range, tags.matrix, tags.primaries, tags.transfer)
    found = (context.color_range, context.colorspace, context.color_primaries, context.color_trc)
    if not all(_says(int(a)) == _says(b) for a, b in zip(found[1:], wanted[1:], strict=True)) or (
        _full_range(int(found[0])) != _full_range(wanted[0])
    ):
        yield tr("its colour tags are {found} instead of {wanted}", found=tuple(map(int, found)), wanted=wanted)


def _says(tag: int) -> int | None:
    """A matrix, primaries or transfer tag; None for 0 and 2, which both say "not stated"."""
    return None if tag in (0, 2) else tag


def _full_range(tag: int) -> bool:
    """Whether the range is the full one (2). Not stated (0) means limited, as 1 does; encoders leave that one out."""
    return tag == 2


def _packets(box: InputContainer, timeline: Timeline, blocks: int) -> Iterator[str]:
    """Every packet's time: that of the pictures against the timeline, that of the sound against its blocks."""
    shown: list[int] = []
    sound: list[int] = []
    for packet in box.demux():
        if packet.pts is None or packet.size == 0:
            continue  # the empty packet that ends each stream
        if packet.is_corrupt:
            yield tr("it holds a damaged packet")
        (shown if packet.stream.type == "video" else sound).append(packet.pts)
    base = box.streams.video[0].time_base or Fraction(1)
    scale = timeline.time_base / base
    wanted = (timeline.pts - timeline.pts[0]) * scale.numerator
    found = np.sort(np.array(shown, np.int64)) * scale.denominator
    if len(found) != len(wanted):
        yield tr("it holds {found} pictures instead of {wanted}", found=len(found), wanted=len(wanted))
    elif np.any(found != wanted):
        yield tr("picture {number} is not at its time", number=int(np.flatnonzero(found != wanted)[0]))
    if blocks and box.streams.audio[0].time_base != Fraction(1, box.streams.audio[0].rate):
        yield tr("its sound has another clock")
    if sound != [k * BLOCK for k in range(blocks)]:
        yield tr(
            "its sound has {found} packets instead of {blocks}, or they are not one after the other",
            found=len(sound),
            blocks=blocks,
        )


def _key_frames(box: InputContainer, timeline: Timeline) -> Iterator[str]:
    film = box.streams.video[0]
    film.codec_context.skip_frame = "NONKEY"
    stored: list[int | None] = []
    decoded: list[int | None] = []
    for packet in box.demux(film):
        if packet.size and not packet.is_keyframe:
            continue
        if packet.size:
            stored.append(packet.pts)
        for frame in packet.decode():  # the empty packet at the end brings out what the decoder still holds
            decoded.append(frame.pts)
            if (frame.width, frame.height) != timeline.size_wh:
                yield tr("a key frame is {width}x{height}", width=frame.width, height=frame.height)
    if not stored or stored[0] != 0:
        yield tr("it does not begin with a key frame")
    if stored != decoded:
        yield tr("of {stored} key frames {decoded} can be decoded", stored=len(stored), decoded=len(decoded))
