"""Single pictures in any order are the very pictures that reading from the start gives."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from avg_video.errors import InputError
from avg_video.media.peek import ONWARD, Look, Peek
from avg_video.media.picture import Picture
from avg_video.media.reader import VideoReader
from avg_video.media.timing import Timeline
from tests.support.clips import ffmpeg, noise, write_clip

N = 60
ORDER = (0, 59, 3, 4, 5, 30, 29, 12, 58, 59, 1, 44)


def rolling(n: int = N, size: tuple[int, int] = (160, 96)) -> list[np.ndarray]:
    """A picture that moves by two px a picture, so that no two are alike."""
    wide = noise((size[0] + 2 * n, size[1]), seed=5)
    return [wide[:, 2 * i : 2 * i + size[0]] for i in range(n)]


def read(path: Path) -> tuple[list[Picture], Timeline]:
    with VideoReader(path) as reader:
        return list(reader), reader.timeline()


def long_groups(path: Path) -> Path:
    """Key frames far apart, pictures that lean on later ones, groups that are not closed."""
    options = {"preset": "veryfast", "x264-params": "keyint=25:min-keyint=25:scenecut=0:open-gop=1:bframes=3"}
    return write_clip(path, rolling(), options=options)


def made(kind: str, folder: Path) -> Path:
    if kind in ("mp4", "mkv", "ts", "mov"):
        return long_groups(folder / f"a.{kind}")
    if kind == "varying":
        times = np.cumsum(np.random.default_rng(3).integers(1, 90, N)).tolist()
        return write_clip(folder / "a.mp4", rolling(), pts=times, time_base=Fraction(1, 1000))
    if kind == "odd":
        return write_clip(folder / "a.mkv", rolling(size=(95, 63)), codec="ffv1", pix_fmt="yuv444p", options={})
    source = long_groups(folder / "source.mp4")
    target = folder / ("a.avi" if kind == "avi" else "a.mp4")
    if kind == "turned":
        ffmpeg("-display_rotation", "90", "-i", source, "-c", "copy", target)
    elif kind == "late":
        ffmpeg("-ss", "0.5", "-i", source, "-c", "copy", target)
    else:
        ffmpeg("-i", source, "-c:v", "mpeg4", target)
    return target


@pytest.mark.parametrize("kind", ["mp4", "mkv", "mov", "ts", "varying", "odd", "avi", "turned", "late"])
def test_every_picture_is_the_one_that_reading_gives(kind: str, tmp_path: Path) -> None:
    path = made(kind, tmp_path)
    pictures, timeline = read(path)
    with Peek(path, timeline) as peek:
        for index in ORDER:
            if index >= len(pictures):
                continue
            found = peek.picture(index)
            assert (found.index, found.pts) == (index, pictures[index].pts)
            np.testing.assert_array_equal(found.i420, pictures[index].i420, err_msg=f"picture {index}")


def test_interlaced_pictures_come_whole(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "source.mp4", rolling())
    path = tmp_path / "a.mp4"
    weave = ["-vf", "tinterlace=interleave_top", "-flags", "+ilme+ildct", "-x264opts", "tff=1:keyint=10"]
    ffmpeg("-i", source, *weave, path)
    pictures, timeline = read(path)
    with Peek(path, timeline) as peek:
        for index in (len(pictures) - 1, 2, 15):
            found = peek.picture(index)
            assert found.index == index
            apart = np.abs(found.i420.astype(int) - pictures[index].i420)
            assert apart.mean() < 2.0


def test_who_can_t_wait_gets_one_before_it(tmp_path: Path) -> None:
    path = long_groups(tmp_path / "a.mp4")
    pictures, timeline = read(path)
    with Peek(path, timeline) as peek:
        found = peek.picture(48, patience_s=0.0)
        assert found.index <= 48
        np.testing.assert_array_equal(found.i420, pictures[found.index].i420)
        assert peek.picture(48).index == 48
        assert peek.picture(48, patience_s=60.0).index == 48


def sought_by(peek: Peek) -> list[int]:
    """The pictures for which a key frame is searched, from now on."""
    sought: list[int] = []
    begin = peek._from_key_frame

    def noted(index: int, earlier_s: float) -> Iterator[tuple[int, Look]]:
        sought.append(index)
        return begin(index, earlier_s)

    peek._from_key_frame = noted  # type: ignore[method-assign]
    return sought


@pytest.mark.parametrize("stops", ["in time", "by whoever asked"])
def test_what_was_decoded_for_one_that_came_sooner_is_not_decoded_again(stops: str, tmp_path: Path) -> None:
    """Between key frames decoding goes on however far it is; across one it is quicker to begin there."""
    options = {"preset": "ultrafast", "x264-params": "keyint=120:min-keyint=120:scenecut=0:bframes=2"}
    path = write_clip(tmp_path / "a.mp4", rolling(200), options=options)
    pictures, timeline = read(path)
    with Peek(path, timeline) as peek:
        sought = sought_by(peek)
        early = peek.picture(110, patience_s=0.0) if stops == "in time" else peek.picture(110, wanted=lambda: False)
        assert early.index < 110 - ONWARD
        np.testing.assert_array_equal(early.i420, pictures[early.index].i420)
        for index in (100, 112):
            np.testing.assert_array_equal(peek.picture(index).i420, pictures[index].i420)
        assert sought == [110]
        np.testing.assert_array_equal(peek.picture(150).i420, pictures[150].i420)
        assert sought == [110, 150], "a key frame is nearer"


def test_there_is_nothing_before_the_start_or_behind_the_end(tmp_path: Path) -> None:
    path = long_groups(tmp_path / "a.mp4")
    _, timeline = read(path)
    with Peek(path, timeline) as peek:
        for index in (-1, N):
            with pytest.raises(IndexError):
                peek.picture(index)


def test_another_recording_under_its_name_is_noticed(tmp_path: Path) -> None:
    _, timeline = read(long_groups(tmp_path / "a.mp4"))
    other = write_clip(tmp_path / "b.mp4", rolling(20))
    with Peek(other, timeline) as peek, pytest.raises(InputError, match="can't be decoded"):
        peek.picture(50)


def test_going_on_is_quicker_than_looking_anew(tmp_path: Path) -> None:
    path = long_groups(tmp_path / "a.mp4")
    _, timeline = read(path)
    with Peek(path, timeline) as peek:
        sought = sought_by(peek)
        for index in range(N):
            assert peek.picture(index).index == index
        assert sought == [0]
        peek.picture(0)
        assert sought == [0, 0]
