"""What a recording is, known from its container and its first picture."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np
import numpy.typing as npt
from av.sidedata.sidedata import Type as SideDataType

from avg_video.errors import UnsupportedInput
from avg_video.language import tr
from avg_video.media.colours import UNSPECIFIED, ColourTags, tags_of
from avg_video.media.contents import hidden_in_container, hidden_in_frame, real_videos, side_data_of
from avg_video.media.convert import Converter
from avg_video.media.decoding import Decoding, declared_end
from avg_video.media.orient import UPRIGHT, Orientation, even, lay_out

__all__ = ["ColourTags", "OpenSource", "SourceInfo", "open_source", "probe"]

_WIDEST_PIXEL: Final = 8
"""Pixels more than this many times wider than high, or the reverse, are a damaged header, not a lens."""

_DOLBY_VISION_TAGS: Final = frozenset({"dvh1", "dvhe", "dva1", "dvav", "dav1"})


@dataclass(frozen=True)
class SourceInfo:
    """One recording, as it will be read.

    Attributes
    ----------
    path: the file.
    container, codec: FFmpeg's names.
    size_wh: upright and even: the size of every `Picture`, in px.
    stored_size_wh: as stored, before padding and turning.
    rotation_deg: how far pictures are turned clockwise to stand upright: 0, 90, 180 or 270.
    sample_aspect: width / height of one upright pixel.
    time_base: seconds per unit of pts.
    average_rate: pictures per second on average, as the container says or FFmpeg estimates.
    declared_seconds, declared_frames: what the container promises; None where it does not say.
    colours: tags of the pictures delivered, after any conversion.
    interlaced: whether the first picture is; each is then made whole.
    hdr: "PQ" or "HLG" where pictures are brought from it to BT.709.
    has_alpha: transparent pictures, laid on black.
    video_stream, sound_stream: indices in the container of what is used.
    hidden: sorted categories of hidden data in the container and on the first picture. `VideoReader.hidden` knows all.
    warnings: one clause each, for the user and the record.
    """

    path: Path
    container: str
    codec: str
    size_wh: tuple[int, int]
    stored_size_wh: tuple[int, int]
    rotation_deg: int
    sample_aspect: Fraction
    time_base: Fraction
    average_rate: Fraction
    declared_seconds: float | None
    declared_frames: int | None
    colours: ColourTags
    interlaced: bool
    hdr: str | None
    has_alpha: bool
    video_stream: int
    sound_stream: int | None
    hidden: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class OpenSource:
    """An open recording: how to read it, and its pictures from the first on as (pts, frame)."""

    info: SourceInfo
    decoding: Decoding
    converter: Converter
    orientation: Orientation
    first: tuple[int, av.VideoFrame]
    rest: Iterator[tuple[int, av.VideoFrame]]

    def i420(self, frame: av.VideoFrame) -> npt.NDArray[np.uint8]:
        """uint8 (3 * h // 2, w): the planes of a frame, upright, in memory of their own."""
        return lay_out(_planes(self.converter(frame)), self.orientation)


def probe(path: Path) -> SourceInfo:
    """Open a recording, decode its first picture, and say what it is.

    Raises
    ------
    UsageError: not found, or a folder.
    InputError: not readable, not media, empty, without picture, encrypted.
    UnsupportedInput: sound, but nothing that can be treated correctly.
    DamagedInput: not even the first picture can be decoded.
    """
    source = open_source(path)
    source.decoding.close()
    return source.info


def open_source(path: Path, threads: int = 0, *, draft: bool = False) -> OpenSource:
    """Open for reading; the caller closes `decoding`. Raises as `probe`."""
    decoding = Decoding(path, threads, draft=draft)
    try:
        rest = decoding.frames()
        first = next(rest)  # never ends without a picture: it raises then
        frame = first[1]
        _refuse_dolby_only(decoding, frame)
        converter = Converter(frame, path)
        orientation = _orientation_of(frame, path)
        info = _describe(decoding, frame, converter, orientation)
        return OpenSource(info, decoding, converter, orientation, first, rest)
    except BaseException:
        decoding.close()
        raise


def _describe(source: Decoding, frame: av.VideoFrame, converter: Converter, orientation: Orientation) -> SourceInfo:
    stream = source.stream
    stored = (frame.width, frame.height)
    aspect, aspect_warning = _sample_aspect(source)
    rates = (stream.average_rate, stream.guessed_rate, stream.base_rate, Fraction(25))
    end, start = declared_end(source), max(stream.start_time or 0, 0) * source.time_base
    return SourceInfo(
        path=source.file,
        container=source.box.format.name,
        codec=source.codec,
        size_wh=orientation.size(even(stored)),
        stored_size_wh=stored,
        rotation_deg=orientation.rotation_deg,
        sample_aspect=1 / aspect if orientation.swaps else aspect,
        time_base=source.time_base,
        average_rate=next(r for r in rates if r),
        declared_seconds=None if end is None else _declared_seconds(source, end - float(start)),
        declared_frames=stream.frames or None,
        colours=converter.colours,
        interlaced=frame.interlaced_frame,
        hdr=converter.hdr,
        has_alpha=converter.has_alpha,
        video_stream=stream.index,
        sound_stream=source.sound_stream,
        hidden=tuple(sorted({*hidden_in_container(source.box, stream, source.file), *hidden_in_frame(frame)})),
        warnings=tuple(_warnings(source, frame, converter, orientation, end)) + aspect_warning,
    )


def _declared_seconds(source: Decoding, otherwise: float) -> float:
    stream = source.stream
    return float(stream.duration * source.time_base) if stream.duration else max(otherwise, 0.0)


def _warnings(
    source: Decoding, frame: av.VideoFrame, converter: Converter, orientation: Orientation, end: float | None
) -> Iterator[str]:
    videos = len(real_videos(source.box))
    if videos > 1:
        yield tr(
            "holds {n} picture streams; only number {index} is used, nothing of the others",
            n=videos,
            index=source.stream.index,
        )
    if len(source.box.streams.audio) > 1:
        yield tr("holds {n} sound streams; at most one of them is used", n=len(source.box.streams.audio))
    if end is None:
        yield tr("does not say how long it is, so an end that was cut off can't be noticed")
    if converter.hdr is not None:
        yield tr("is HDR ({kind}); brought to ordinary colours (BT.709)", kind=converter.hdr)
    if converter.has_alpha and not frame.format.has_palette and source.box.format.name != "gif":
        yield tr("has transparent pictures; laid on black")
    if frame.interlaced_frame:
        yield tr("is interlaced; deinterlaced")
    if orientation.mirrored:
        yield tr("is stored mirrored; turned as a player would show it")


def _sample_aspect(source: Decoding) -> tuple[Fraction, tuple[str, ...]]:
    aspect = source.stream.sample_aspect_ratio
    if not aspect:
        return Fraction(1), ()
    if not Fraction(1, _WIDEST_PIXEL) <= aspect <= _WIDEST_PIXEL:
        return Fraction(1), (
            tr(
                "declares impossible pixels ({width}:{height}); taken as square",
                width=aspect.numerator,
                height=aspect.denominator,
            ),
        )
    return Fraction(aspect), ()


def _orientation_of(frame: av.VideoFrame, file: Path) -> Orientation:
    data = side_data_of(frame)
    if data is None:
        # The matrix can't be reached; the turn is known all the same, only a mirror is not.
        turn = -frame.rotation % 360
        orientation = Orientation(turn) if turn in (0, 90, 180, 270) else None
    else:
        matrix = next((bytes(d) for d in data if d.type == SideDataType.DISPLAYMATRIX), None)
        orientation = UPRIGHT if matrix is None else Orientation.from_matrix(struct.unpack("9i", matrix))
    if orientation is None:
        raise UnsupportedInput(
            tr("is to be shown slanted, not turned by quarters"), remedy=tr("turn it upright first"), file=file
        )
    return orientation


def _refuse_dolby_only(source: Decoding, frame: av.VideoFrame) -> None:
    """Dolby Vision profile 5 has colours of its own (IPT) and no tags; read as YUV it turns green and violet."""
    tag = source.stream.codec_context.codec_tag
    if tag in _DOLBY_VISION_TAGS and tags_of(frame).transfer == UNSPECIFIED:
        raise UnsupportedInput(
            tr("is Dolby Vision without an ordinary base picture"),
            remedy=tr("convert it to ordinary video (SDR) with another program first"),
            file=source.file,
        )


def _planes(frame: av.VideoFrame) -> list[npt.NDArray[np.uint8]]:
    """Views of Y, U and V in the frame's own memory, without its row padding."""
    views = []
    for plane in frame.planes:
        rows = np.frombuffer(memoryview(plane), np.uint8, plane.height * plane.line_size).reshape(
            plane.height, plane.line_size
        )
        views.append(rows[:, : plane.width])
    return views
