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

_REMEDY = "run again; if it happens again, choose another --encoder"


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
            raise _failed(f"it holds something else than picture and sound ({what})", path)
        return CHECKED
    except av.FFmpegError as error:
        raise _failed(f"it can't be read back ({error.strerror})", path) from error
    except OSError as error:
        raise _failed(f"it can't be read back ({error.strerror or type(error).__name__})", path) from error
    except CheckFailed:
        raise
    except AvgError as error:
        raise _failed(f"it can't be read back ({error.what})", path) from error


def _failed(what: str, path: Path) -> CheckFailed:
    return CheckFailed(f"the finished file did not pass its check: {what}", remedy=_REMEDY, file=path)


def _differences(box: InputContainer, info: SourceInfo, timeline: Timeline, sound: SoundPlan) -> Iterator[str]:
    kinds = [stream.type for stream in box.streams]
    duration = (timeline.end_pts - int(timeline.pts[0])) * timeline.time_base
    if kinds not in (["video"], ["video", "audio"]):
        yield f"it holds the streams {', '.join(kinds)}"
    film = box.streams.video[0]
    wants_sound = keeps_sound(info, sound)
    if wants_sound and len(kinds) == 2:
        rate = box.streams.audio[0].rate
        blocks = whole_blocks(duration, rate)
        yield from _packets(box, timeline, blocks)
    else:
        # Sound is left out where the film is too short for a single packet of it, at any of the rates.
        if wants_sound and whole_blocks(duration, 32000):
            yield "its sound is missing"
        if len(kinds) == 2:
            yield "it holds sound that was to be left out"
        yield from _packets(box, timeline, 0)
    yield from _picture_format(film, info, timeline)
    if film.duration is None or film.time_base is None or film.duration * film.time_base != duration:
        stated = "an unknown time" if film.duration is None else f"{float(film.duration * (film.time_base or 0)):.6f} s"
        yield f"it lasts {stated} instead of {float(duration):.6f} s"


def _picture_format(film: VideoStream, info: SourceInfo, timeline: Timeline) -> Iterator[str]:
    context = film.codec_context
    if context.name != "h264":
        yield f"its pictures are in {context.name}"
    if (context.width, context.height) != timeline.size_wh:
        yield f"its pictures are {context.width}x{context.height} instead of {timeline.size_wh}"
    aspect = context.sample_aspect_ratio or Fraction(1)
    if abs(aspect / timeline.sample_aspect - 1) > _ASPECT_TOLERANCE:
        yield f"its pixels are {aspect} instead of {timeline.sample_aspect}"
    tags = info.colours
    wanted = (tags.range, tags.matrix, tags.primaries, tags.transfer)
    found = (context.color_range, context.colorspace, context.color_primaries, context.color_trc)
    if not all(_says(int(a)) == _says(b) for a, b in zip(found[1:], wanted[1:], strict=True)) or (
        _full_range(int(found[0])) != _full_range(wanted[0])
    ):
        yield f"its colour tags are {tuple(map(int, found))} instead of {wanted}"


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
            yield "it holds a damaged packet"
        (shown if packet.stream.type == "video" else sound).append(packet.pts)
    base = box.streams.video[0].time_base or Fraction(1)
    scale = timeline.time_base / base
    wanted = (timeline.pts - timeline.pts[0]) * scale.numerator
    found = np.sort(np.array(shown, np.int64)) * scale.denominator
    if len(found) != len(wanted):
        yield f"it holds {len(found)} pictures instead of {len(wanted)}"
    elif np.any(found != wanted):
        yield f"picture {int(np.flatnonzero(found != wanted)[0])} is not at its time"
    if blocks and box.streams.audio[0].time_base != Fraction(1, box.streams.audio[0].rate):
        yield "its sound has another clock"
    if sound != [k * BLOCK for k in range(blocks)]:
        yield f"its sound has {len(sound)} packets instead of {blocks}, or they are not one after the other"


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
                yield f"a key frame is {frame.width}x{frame.height}"
    if not stored or stored[0] != 0:
        yield "it does not begin with a key frame"
    if stored != decoded:
        yield f"of {len(stored)} key frames {len(decoded)} can be decoded"
