"""What a container holds: which stream is the recording, and which kinds of hidden data come with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar, cast

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.sidedata.sidedata import SideData
from av.sidedata.sidedata import Type as SideDataType
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from avg_video.errors import InputError, UnsupportedInput
from avg_video.language import cause_of, tr
from avg_video.media.leftovers import hidden_in_file

__all__ = [
    "choose_sound",
    "choose_video",
    "has_decoder",
    "hidden_in_container",
    "hidden_in_frame",
    "real_videos",
    "side_data_of",
]

_NOT_MOVING: Final = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
"""Cover art, image attachments of Matroska, thumbnail tracks and photos: listed among the video streams by FFmpeg."""

_NOT_ALONE: Final = Disposition.dependent
"""Parts of another picture (the tiles of a photo, an enhancement layer), not a recording of their own."""

_STILL_CODES: Final = frozenset({"png", "mjpeg", "jpeg2000", "bmp", "gif", "webp", "tiff"})
"""Codes of photos. A recording may be in one (old cameras write MJPEG), but beside a stream in a code for film such a
stream is a cover whose mark was lost: Matroska keeps none for tracks."""

_STILL_BRANDS: Final = frozenset({"heic", "heix", "heim", "heis", "mif1", "msf1", "avif", "avis"})

_STRUCTURE_KEYS: Final = frozenset({"major_brand", "minor_version", "compatible_brands", "vendor_id"})
_NO_LANGUAGE: Final = frozenset({"", "und"})
_PROGRAM_KEYS: Final = frozenset({"encoder", "encoding_tool", "com.apple.quicktime.software", "software"})
_USUAL_NAMES: Final = frozenset(
    ("handler_name", f"{part}{name}")
    for part in ("", "\x0c")  # QuickTime counts the letters in a byte before them
    for name in ("VideoHandler", "SoundHandler", "VideoHandle", "SoundHandle", "Core Media Video", "Core Media Audio")
)
"""What the programs of phones and FFmpeg itself call every track."""
_TIME_KEYS: Final = frozenset({"creation_time", "date", "creationdate", "com.apple.quicktime.creationdate"})
_PLACE_WORDS: Final = ("location", "gps", "geo", "xyz", "loci", "coordinates")

_S = TypeVar("_S", bound=Stream)


def choose_video(box: InputContainer, file: Path) -> VideoStream:
    """The recording's picture stream: the default one among the real ones, else the first; film before photos.

    Raises `InputError` where there is none, `UnsupportedInput` where it is a photo, or in an unknown code.
    """
    if box.metadata.get("major_brand", "").strip() in _STILL_BRANDS:
        raise UnsupportedInput(tr("is a picture, not a recording"), remedy=tr("give a video file"), file=file)
    real = real_videos(box)
    if not real:
        raise InputError(
            tr("has no picture, only sound or data"), remedy=tr("give a file with moving pictures"), file=file
        )
    stream = _default_or_first([s for s in real if not _is_still_code(s)] or real)
    if not has_decoder(stream):
        raise UnsupportedInput(
            tr("its pictures are in a code that FFmpeg can't read"),
            remedy=tr("convert it to MP4 (H.264) first"),
            file=file,
        )
    return stream


def choose_sound(box: InputContainer) -> AudioStream | None:
    """The sound stream to use: the default one, else the first, else None. Streams without a decoder don't count."""
    sounds = [s for s in box.streams.audio if has_decoder(s)]
    return _default_or_first(sounds) if sounds else None


def real_videos(box: InputContainer) -> list[VideoStream]:
    """Video streams that are moving pictures, not cover art, attachments or thumbnails."""
    return [s for s in box.streams.video if not s.disposition & (_NOT_MOVING | _NOT_ALONE)]


def _is_still_code(stream: VideoStream) -> bool:
    return has_decoder(stream) and stream.codec_context.name in _STILL_CODES


def has_decoder(stream: Stream) -> bool:
    """Whether FFmpeg can decode it; PyAV gives such streams no context, against its type stubs."""
    context: object = stream.codec_context
    return context is not None


def hidden_in_container(box: InputContainer, chosen: VideoStream, file: Path) -> tuple[str, ...]:
    """Sorted categories of what the container holds besides one picture and one sound. Values are never kept.

    Raises `InputError` when the file can't be read.
    """
    found = set(_tag_kinds([box.metadata, *(s.metadata for s in box.streams)]))
    try:
        found |= hidden_in_file(file)
    except OSError as e:
        remedy = tr("check the disk, and that nothing changes the file")
        raise InputError(
            tr("can't be read ({why})", why=cause_of(e) or type(e).__name__), remedy=remedy, file=file
        ) from e
    if box.chapters():
        found.add("chapters")
    for stream in box.streams:
        if stream.index != chosen.index:
            found |= _kinds_of(stream)
    if len(box.streams.audio) > 1:
        found.add("second-sound")
    return tuple(sorted(found))


def hidden_in_frame(frame: av.VideoFrame) -> frozenset[str]:
    """Categories of hidden data that ride on one decoded frame, out of its bitstream."""
    data = side_data_of(frame)
    if data is None:
        return frozenset({"frame-data"})
    return frozenset(_FRAME_KINDS[d.type] for d in data if d.type in _FRAME_KINDS)


def side_data_of(frame: av.VideoFrame) -> list[SideData] | None:
    """What rides on a frame; None where a part is of a kind newer than PyAV's list of names (EXIF, for one)."""
    try:
        return list(cast(Iterable[SideData], frame.side_data))
    except ValueError:
        return None


_FRAME_KINDS: Final = {
    SideDataType.A53_CC: "captions",
    SideDataType.SEI_UNREGISTERED: "encoder-notes",
    SideDataType.GOP_TIMECODE: "timecode",
    SideDataType.S12M_TIMECODE: "timecode",
    SideDataType.DETECTION_BBOXES: "frame-data",
    SideDataType.ICC_PROFILE: "frame-data",
}


def _default_or_first(streams: Sequence[_S]) -> _S:
    return next((s for s in streams if s.disposition & Disposition.default), streams[0])


def _tag_kinds(tags: Iterable[Mapping[str, str]]) -> Iterable[str]:
    for key, value in {(k.lower(), v) for group in tags for k, v in group.items()}:
        if key == "language":
            if value not in _NO_LANGUAGE:
                yield "language"
        elif key in _TIME_KEYS:
            yield "creation-time"
        elif key in _PROGRAM_KEYS:
            yield "encoder-notes"
        elif any(word in key for word in _PLACE_WORDS):
            yield "location"
        elif key == "timecode":
            yield "timecode"
        elif key not in _STRUCTURE_KEYS and (key, value) not in _USUAL_NAMES:
            yield "tags"


def _kinds_of(stream: Stream) -> set[str]:
    if stream.type == "video":
        if stream.disposition & Disposition.attached_pic:
            return {"cover-art"}
        if stream.disposition & (_NOT_MOVING | _NOT_ALONE):
            return {"thumbnails"}
        return {"second-video"}
    if stream.type == "audio":
        return set()
    if stream.type == "subtitle":
        return {"subtitles"}
    if stream.type == "attachment":
        return {"attachments"}
    return {"data-track"}
