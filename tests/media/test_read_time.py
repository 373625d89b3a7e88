"""Every picture keeps its exact time, however the source counts."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from avg_video.errors import DamagedInput, UnsupportedInput
from avg_video.media.clock import LARGEST_REPAIR_S, PictureClock
from avg_video.media.reader import VideoReader
from avg_video.media.timing import Timeline
from tests.support.clips import X264, card, decoded, ffmpeg, noise, write_clip


def read(path: Path) -> tuple[VideoReader, Timeline, list[int]]:
    """The reader at its end, its timeline, and the pts of the pictures."""
    with VideoReader(path) as reader:
        pts = [p.pts for p in reader]
    return reader, reader.timeline(), pts


@pytest.mark.parametrize("name", ["v.mp4", "v.mkv", "v.mov"])
def test_variable_frame_rate(tmp_path: Path, name: str) -> None:
    wanted = [0, 7, 40, 41, 90, 500, 501, 1300]
    pictures = [noise((64, 48), k) for k in range(len(wanted))]
    path = write_clip(tmp_path / name, pictures, pts=wanted, time_base=Fraction(1, 1000))
    reader, timeline, pts = read(path)
    seconds = [float((p - pts[0]) * reader.info.time_base) for p in pts]
    assert seconds == pytest.approx([w / 1000 for w in wanted], abs=1e-9)
    assert timeline.pts.tolist() == pts
    assert timeline.end_pts > pts[-1]


def test_start_that_is_not_zero(tmp_path: Path) -> None:
    path = card(tmp_path / "late.ts", *X264)
    _, timeline, pts = read(path)
    with av.open(str(path)) as box:
        wanted = [f.pts for f in box.decode(video=0)]
    assert pts == wanted
    assert pts[0] > 90000
    assert timeline.seconds[0] == 0
    assert timeline.duration_s == pytest.approx(0.4)


def test_edit_list_hides_pictures_and_is_named(tmp_path: Path) -> None:
    """Trimmed without encoding anew: the hidden pictures are in the file, and must neither be shown nor called lost."""
    whole = card(tmp_path / "whole.mp4", "-bf", "2", *X264, seconds=2)
    path = tmp_path / "trimmed.mp4"
    ffmpeg("-ss", "0.72", "-i", whole, "-t", "0.6", "-c", "copy", path)
    with av.open(str(path), options={"ignore_editlist": "1"}) as box:
        stored = sum(1 for _ in box.decode(video=0))
    with av.open(str(path)) as box:
        wanted = [f.pts for f in box.decode(video=0)]
    reader, _, pts = read(path)
    assert pts == wanted
    assert len(pts) == len(decoded(path, size_wh=(64, 48))) < stored
    assert "trimmed-picture" in reader.hidden
    assert "trimmed-picture" not in read(whole)[0].hidden


@pytest.mark.parametrize("encoder", [["-c:v", "libx264", "-bf", "3"], ["-c:v", "mpeg4", "-bf", "2"], ["-c:v", "mjpeg"]])
def test_avi_stores_no_times(tmp_path: Path, encoder: list[str]) -> None:
    """FFmpeg hands out the order of storage as times, which B-frames shuffle; pictures must stay in order."""
    path = card(tmp_path / "old.avi", *encoder, "-pix_fmt", "yuvj420p" if "mjpeg" in encoder else "yuv420p")
    reader, _, pts = read(path)
    assert np.diff(pts).tolist() == [1] * 9
    assert reader.info.time_base == Fraction(1, 25)
    with VideoReader(path) as again:
        got = np.stack([p.i420 for p in again])
    if "mjpeg" not in encoder:  # ffmpeg would change its range
        assert np.array_equal(got, decoded(path, size_wh=(64, 48)))


@pytest.mark.parametrize("name", ["a.flv", "a.wmv", "a.mpg", "a.ogv", "a.webm", "a.mxf", "a.3gp", "a.m2ts", "a.nut"])
def test_other_containers(tmp_path: Path, name: str) -> None:
    codec = {"a.wmv": "wmv2", "a.mpg": "mpeg2video", "a.ogv": "libtheora", "a.webm": "libvpx", "a.mxf": "mpeg2video"}
    hidden_references = ["-deadline", "realtime", "-auto-alt-ref", "1", "-lag-in-frames", "8"]
    args = hidden_references if name == "a.webm" else []
    path = card(tmp_path / name, "-c:v", codec.get(name, "libx264"), *args, "-pix_fmt", "yuv420p", size_wh=(176, 144))
    _, timeline, pts = read(path)
    assert len(pts) == 10
    assert timeline.duration_s == pytest.approx(0.4, abs=0.03)


def test_gif_times(tmp_path: Path) -> None:
    path = card(tmp_path / "a.gif", "-c:v", "gif", fps=20)
    _, timeline, pts = read(path)
    assert pts == [0, 5, 10, 15, 20, 25, 30, 35]
    assert timeline.end_pts == 40


def test_same_time_twice_is_moved_and_told(tmp_path: Path) -> None:
    path = with_pts(tmp_path / "twice.mkv", [0, 40, 80, 80, 120, 160])
    reader, timeline, pts = read(path)
    assert pts == [0, 40, 80, 81, 120, 160]
    assert timeline.pts.tolist() == pts
    assert any("1 pictures had no time of their own" in w for w in reader.warnings)


def test_clock_that_jumps_back_is_refused(tmp_path: Path) -> None:
    path = with_pts(tmp_path / "back.mkv", [0, 40, 5000, 5040, 80, 120])
    with pytest.raises(DamagedInput, match="jumps back"):
        read(path)


def with_pts(path: Path, pts: list[int]) -> Path:
    """Matroska with single pictures (MJPEG) at any times, in file order."""
    source = card(path.with_suffix(".avi"), "-c:v", "mjpeg", "-pix_fmt", "yuvj420p")
    with av.open(str(source)) as box, av.open(str(path), "w") as out:
        stream = out.add_stream_from_template(box.streams.video[0])
        packets = [p for p in box.demux(video=0) if p.size]
        for dts, (packet, at) in enumerate(zip(packets, pts, strict=False)):
            packet.stream, packet.time_base = stream, Fraction(1, 1000)
            packet.pts, packet.dts, packet.duration = at, min(at, dts), 40
            out.mux(packet)
    return path


def test_clock() -> None:
    clock = PictureClock(Fraction(1, 1000), Path("x"), by_order=False)
    assert [clock.picture(t) for t in (-5, 0, 0, 0, 10)] == [-5, 0, 1, 2, 10]
    assert clock.repaired == 2
    assert clock.largest_repair_s == pytest.approx(0.002)
    with pytest.raises(UnsupportedInput, match="without a time"):
        clock.picture(None)
    with pytest.raises(DamagedInput, match="jumps back"):
        clock.picture(10 - round(LARGEST_REPAIR_S * 1000))


def test_clock_by_order() -> None:
    clock = PictureClock(Fraction(1, 25), Path("x"), by_order=True)
    for dts in (0, 1, None, 3):
        clock.packet(dts)
    assert [clock.picture(t) for t in (9, None, 2)] == [0, 1, 3]
    with pytest.raises(UnsupportedInput, match="without a time"):
        clock.picture(4)


def test_single_picture_lasts_as_long_as_its_rate_says(tmp_path: Path) -> None:
    path = card(tmp_path / "one.mkv", "-frames:v", "1", *X264)
    _, timeline, pts = read(path)
    assert len(pts) == 1
    assert timeline.duration_s == pytest.approx(0.04)
