"""Recordings to write: pictures with times of their own, and sources with a sound of their own."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from avg_video.media.encoders import Encoder, choose_encoder
from avg_video.media.picture import Picture
from avg_video.media.sound import SoundPlan
from avg_video.media.source import ColourTags, SourceInfo
from avg_video.media.timing import Timeline
from avg_video.media.writer import VideoWriter
from tests.support.clips import noise

F32 = npt.NDArray[np.float32]

SIZE = (96, 64)
BT709 = ColourTags(range=1, matrix=1, primaries=1, transfer=1)


def line_of(
    pts: Sequence[int],
    time_base: Fraction,
    *,
    last: int = 1,
    size_wh: tuple[int, int] = SIZE,
    sample_aspect: Fraction = Fraction(1),
) -> Timeline:
    """A timeline whose last picture lasts `last` units."""
    times = np.array(pts, np.int64)
    return Timeline(times, int(times[-1]) + last, time_base, size_wh, 0, sample_aspect, np.zeros(0, np.int32))


def info_of(
    line: Timeline, *, path: Path = Path("in.mp4"), colours: ColourTags = BT709, sound: int | None = None
) -> SourceInfo:
    rate = Fraction(max(len(line) - 1, 1)) / max(
        (int(line.pts[-1]) - int(line.pts[0])) * line.time_base, Fraction(1, 9)
    )
    return SourceInfo(
        path=path,
        container="mp4",
        codec="h264",
        size_wh=line.size_wh,
        stored_size_wh=line.size_wh,
        rotation_deg=0,
        sample_aspect=line.sample_aspect,
        time_base=line.time_base,
        average_rate=rate.limit_denominator(1000),
        declared_seconds=None,
        declared_frames=None,
        colours=colours,
        interlaced=False,
        hdr=None,
        has_alpha=False,
        video_stream=0,
        sound_stream=sound,
        hidden=(),
        warnings=(),
    )


def picture(index: int, pts: int, size_wh: tuple[int, int] = SIZE, level: int | None = None) -> Picture:
    """A picture of soft noise, or of one grey level."""
    w, h = size_wh
    if level is not None:
        i420 = np.full((h * 3 // 2, w), 128, np.uint8)
        i420[:h] = level
    else:
        frame = av.VideoFrame.from_ndarray(noise(size_wh, index % 7), format="rgb24").reformat(format="yuv420p")
        i420 = np.ascontiguousarray(frame.to_ndarray(), dtype=np.uint8)
    return Picture(index, pts, i420)


def pictures(line: Timeline) -> Iterator[Picture]:
    for index, pts in enumerate(line.pts):
        yield picture(index, int(pts), line.size_wh)


def write(
    path: Path,
    line: Timeline,
    *,
    encoder: Encoder | None = None,
    colours: ColourTags = BT709,
    sound: SoundPlan = SoundPlan(),  # noqa: B008 -- frozen
    source: Path | None = None,
) -> SourceInfo:
    """Write noise pictures at the times of `line`."""
    info = info_of(line, colours=colours, sound=1 if source else None)
    used = encoder or choose_encoder("libx264", line.size_wh)
    with VideoWriter(path, info, line, used, sound=sound, source=source) as writer:
        for one in pictures(line):
            writer.write(one)
        writer.finish()
    return info


def recording(
    path: Path,
    wave: F32,
    *,
    rate: int = 48000,
    codec: str = "aac",
    picture_starts_s: Fraction = Fraction(0),
    sound_starts_s: Fraction = Fraction(0),
    fps: int = 25,
    seconds: float = 2.0,
    gap: tuple[int, int] | None = None,
) -> Path:
    """A source with grey pictures and the given sound, float32 (channels, n), each starting when told.

    `gap` leaves out the samples between two indices, and their time stamps with them.
    """
    with av.open(str(path), "w") as box:
        film = box.add_stream("libx264", rate=fps, options={"preset": "ultrafast", "bf": "0"})
        film.width, film.height, film.pix_fmt = 32, 32, "yuv420p"
        film.codec_context.time_base = Fraction(1, 1000)
        tune = box.add_stream(codec, rate=rate)
        tune.codec_context.layout = "mono" if len(wave) == 1 else "stereo"
        tune.codec_context.time_base = Fraction(1, rate)
        for i in range(round(seconds * fps)):
            frame = av.VideoFrame.from_ndarray(np.full((48, 32), 100, np.uint8), format="yuv420p")
            frame.pts, frame.time_base = round((picture_starts_s + Fraction(i, fps)) * 1000), Fraction(1, 1000)
            box.mux(film.encode(frame))
        box.mux(film.encode())
        for start in range(0, wave.shape[1], 1024):
            if gap and gap[0] <= start < gap[1]:
                continue
            piece = np.ascontiguousarray(wave[:, start : start + 1024], dtype=np.float32)
            kind = tune.codec_context.format.name
            if kind != "fltp":
                piece = np.ascontiguousarray((piece.T.reshape(1, -1) * 32767).astype(np.int16))
            sound = av.AudioFrame.from_ndarray(piece, format=kind, layout=tune.codec_context.layout.name)
            sound.sample_rate, sound.time_base = rate, Fraction(1, rate)
            sound.pts = start + round(sound_starts_s * rate)
            box.mux(tune.encode(sound))
        box.mux(tune.encode())
    return path


def decoded_sound(path: Path | io.BytesIO) -> tuple[F32, int]:
    """All samples of the one sound stream, float32 (channels, n) from its pts 0, and its rate; edit lists ignored, as
    some players do."""
    with av.open(path if isinstance(path, io.BytesIO) else str(path), options={"ignore_editlist": "1"}) as box:
        stream = box.streams.audio[0]
        parts = [frame.to_ndarray() for frame in box.decode(stream)]
        assert stream.start_time == 0
        return np.concatenate(parts, axis=1).astype(np.float32), stream.rate
