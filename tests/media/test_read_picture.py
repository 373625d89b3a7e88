"""Pictures come upright, even, whole and in memory of their own."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from avg_video.errors import UnsupportedInput
from avg_video.media.orient import Orientation, lay_out
from avg_video.media.reader import SUSPECT_PICTURES, VideoReader
from avg_video.media.source import probe
from tests.support.clips import X264, card, decoded, ffmpeg, noise, write_clip

SHARED_GIF = Path(__file__).parents[3] / "shared/media/classroom.gif"
SAMPLE = Path(__file__).parents[2] / "sample_media/klas.mp4"


def test_plain_clip_is_bit_exact_and_owned(tmp_path: Path) -> None:
    path = card(tmp_path / "clip.mp4", size_wh=(130, 98))
    with VideoReader(path) as reader:
        pictures = list(reader)
    wanted = decoded(path, size_wh=(130, 98))
    assert [p.index for p in pictures] == list(range(10))
    for picture in pictures:
        picture.i420[:] = 0 if picture.index % 2 else picture.i420  # painting one must not reach another
    for picture, want in zip(pictures, wanted, strict=True):
        assert picture.i420.flags.owndata
        assert np.array_equal(picture.i420, want) == (picture.index % 2 == 0)
    assert not any(p.suspect for p in pictures)


def test_painting_while_reading_does_not_reach_later_pictures(tmp_path: Path) -> None:
    """Decoder frames are reference frames: paint in one would be predicted from."""
    path = card(tmp_path / "clip.mp4")
    wanted = decoded(path, size_wh=(64, 48))
    with VideoReader(path, threads=1) as reader:
        for picture in reader:
            assert np.array_equal(picture.i420, wanted[picture.index])
            picture.i420[:] = 255


@pytest.mark.parametrize("mirror", ["", "-display_hflip", "-display_vflip"])
@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_display_matrix(tmp_path: Path, degrees: int, mirror: str) -> None:
    """All eight ways a picture can lie, against ffmpeg's own turning, bit for bit."""
    plain = card(tmp_path / "plain.mp4", "-vf", "setsar=4/3", "-frames:v", "4", *X264, size_wh=(96, 64))
    path = tmp_path / "turned.mp4"
    ffmpeg("-display_rotation", str(degrees), *([mirror] if mirror else []), "-i", plain, "-c", "copy", path)
    size = (64, 96) if degrees in (90, 270) else (96, 64)
    with VideoReader(path) as reader:
        got = np.stack([p.i420 for p in reader])
        timeline = reader.timeline()
    assert np.array_equal(got, decoded(path, size_wh=size))
    assert reader.info.size_wh == timeline.size_wh == size
    assert reader.info.stored_size_wh == (96, 64)
    assert timeline.sample_aspect == (Fraction(3, 4) if degrees in (90, 270) else Fraction(4, 3))
    if not mirror:
        assert timeline.rotation_deg == (360 - degrees) % 360  # FFmpeg counts the other way round


def test_slanted_display_is_refused(tmp_path: Path) -> None:
    plain = card(tmp_path / "plain.mp4")
    ffmpeg("-display_rotation", "30", "-i", plain, "-c", "copy", tmp_path / "slanted.mp4")
    with pytest.raises(UnsupportedInput, match="slanted"):
        probe(tmp_path / "slanted.mp4")


@pytest.mark.parametrize(
    "matrix", [(0,) * 9, (65536, 0, 0, 65536, 0, 0, 0, 0, 1), (65536, 0, 0, 0, 200000, 0, 0, 0, 1)]
)
def test_degenerate_matrices_have_no_orientation(matrix: tuple[int, ...]) -> None:
    assert Orientation.from_matrix(matrix) is None


@pytest.mark.parametrize("size", [(65, 49), (64, 49), (65, 48), (1, 1)])
@pytest.mark.parametrize("degrees", [0, 90])
def test_odd_sides_are_padded_by_repeating_the_edge(tmp_path: Path, size: tuple[int, int], degrees: int) -> None:
    w, h = size
    cut = ["-vf", f"format=yuv420p,crop={w}:{h}:0:0:exact=1", "-c:v", "ffv1"]
    plain = card(tmp_path / "odd.mkv", *cut, size_wh=(80, 60))
    path = plain
    if degrees:
        path = tmp_path / "turned.mkv"
        ffmpeg("-display_rotation", "-90", "-i", plain, "-c", "copy", path)
    with VideoReader(path) as reader:
        first = next(iter(reader))
    even = (w + w % 2, h + h % 2)
    assert reader.info.size_wh == (even[::-1] if degrees else even)
    raw = np.frombuffer(ffmpeg("-i", plain, "-frames:v", "1", "-f", "rawvideo", "-"), np.uint8)
    y = np.pad(raw[: w * h].reshape(h, w), ((0, h % 2), (0, w % 2)), mode="edge")
    u = raw[w * h :][: even[0] * even[1] // 4].reshape(even[1] // 2, even[0] // 2)
    turns = -1 if degrees else 0
    assert np.array_equal(first.y, np.rot90(y, turns))
    assert np.array_equal(first.u, np.rot90(u, turns))


def test_padding_keeps_chroma_with_its_pixels() -> None:
    """Turned by 180 degrees, the repeated column lies left, so that pairs of columns stay pairs."""
    y = np.array([[1, 2, 3], [4, 5, 6]], np.uint8)
    u = v = np.array([[10, 20]], np.uint8)
    got = lay_out([y, u, v], Orientation(180))
    assert got.tolist() == [[6, 6, 5, 4], [3, 3, 2, 1], [20, 10, 20, 10]]


def test_non_square_pixels(tmp_path: Path) -> None:
    assert probe(card(tmp_path / "a.mp4", "-vf", "setsar=16/15", *X264)).sample_aspect == Fraction(16, 15)
    silly = probe(card(tmp_path / "b.mp4", "-vf", "setsar=1/20", *X264))
    assert silly.sample_aspect == 1
    assert any("impossible pixels" in w for w in silly.warnings)


@pytest.mark.parametrize(
    ("name", "encoder"),
    [("a.mp4", ["-c:v", "libx264", "-x264opts", "tff=1"]), ("a.ts", ["-c:v", "mpeg2video", "-q:v", "2"])],
)
def test_interlaced_is_made_whole_one_for_one(tmp_path: Path, name: str, encoder: list[str]) -> None:
    """Moving waves, their two fields a fiftieth of a second apart: combs before, none after; times and count exact."""
    waves = "format=yuv420p,geq=lum='128+100*sin((X-4*N)/8)':cb=128:cr=128"
    fields = ["-vf", f"{waves},tinterlace=interleave_top,setfield=tff", "-flags", "+ilme+ildct"]
    path = card(tmp_path / name, *fields, *encoder, fps=50, seconds=0.8, size_wh=(128, 96))
    with av.open(str(path)) as box:
        frames = list(box.decode(video=0))
    assert all(f.interlaced_frame for f in frames)
    with VideoReader(path) as reader:
        pictures = list(reader)
    assert reader.info.interlaced
    assert [p.pts for p in pictures] == [f.pts for f in frames]
    before = np.mean([combing(f.to_ndarray()[:96]) for f in frames])
    after = np.mean([combing(p.y) for p in pictures])
    assert after < 0.25 * before


def combing(y: np.ndarray) -> float:
    """How much more neighbouring rows differ than rows of one field."""
    rows = y.astype(np.float64)
    return float(np.abs(rows[1:-1] - (rows[:-2] + rows[2:]) / 2).mean())


def test_progressive_is_left_alone_and_one_interlaced_picture_is_enough(tmp_path: Path) -> None:
    assert not probe(card(tmp_path / "p.mp4")).interlaced
    one = ["-vf", "tinterlace=interleave_top,setfield=tff,format=yuv420p", "-flags", "+ilme+ildct"]
    path = card(tmp_path / "one.ts", *one, "-c:v", "mpeg2video", "-frames:v", "1", fps=50)
    with VideoReader(path) as reader:
        assert len(list(reader)) == len(reader.timeline()) == 1


def changing(folder: Path, sizes: list[tuple[int, int]], *args: str, fps: int = 25) -> Path:
    """A transport stream whose resolution changes on the way, its clock running on."""
    for k, size in enumerate(sizes):
        card(folder / f"{k}.ts", *(args or X264), size_wh=size, fps=fps, seconds=0.32)
    (folder / "list.txt").write_text("".join(f"file {k}.ts\n" for k in range(len(sizes))))
    path = folder / "changing.ts"
    ffmpeg("-f", "concat", "-safe", "0", "-i", folder / "list.txt", "-c", "copy", path)
    return path


def test_change_of_resolution(tmp_path: Path) -> None:
    path = changing(tmp_path, [(96, 64), (64, 96), (96, 64)])
    with VideoReader(path) as reader:
        pictures = list(reader)
        timeline = reader.timeline(cuts=[3])
    assert [p.size_wh for p in pictures] == [(96, 64)] * 24
    assert reader.forced_cuts == (8, 16)
    assert timeline.cuts.tolist() == [3, 8, 16]
    near = {i for cut in (8, 16) for i in range(cut - SUSPECT_PICTURES, cut + SUSPECT_PICTURES)}
    assert {p.index for p in pictures if p.suspect} == near
    small = cv2.resize(decoded(tmp_path / "1.ts", size_wh=(64, 96))[4][:96], (96, 64), interpolation=cv2.INTER_AREA)
    assert np.abs(pictures[12].y.astype(int) - small).mean() < 12
    assert any("changes its resolution at picture 8" in w for w in reader.warnings)


def test_change_of_resolution_while_interlaced(tmp_path: Path) -> None:
    fields = ["-vf", "tinterlace=interleave_top,setfield=tff,format=yuv420p", "-flags", "+ilme+ildct"]
    path = changing(tmp_path, [(96, 64), (128, 96)], *fields, "-c:v", "mpeg2video", fps=50)
    with av.open(str(path)) as box:
        wanted = [f.pts for f in box.decode(video=0)]
    with VideoReader(path) as reader:
        assert [p.pts for p in reader] == wanted
    assert len(reader.forced_cuts) == 1


def test_reads_once_and_knows_its_timeline_only_at_the_end(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", [noise((64, 48), k) for k in range(5)])
    with VideoReader(path) as reader:
        pictures = iter(reader)
        next(pictures)
        with pytest.raises(RuntimeError, match="after every picture"):
            reader.timeline()
        assert len(list(pictures)) == 4
        assert len(reader.timeline()) == 5
        with pytest.raises(RuntimeError, match="reads once"):
            iter(reader)


def test_two_readings_are_alike(tmp_path: Path) -> None:
    path = changing(tmp_path, [(96, 64), (64, 48)])
    runs = []
    for threads in (1, 3):
        with VideoReader(path, threads=threads) as reader:
            runs.append([(p.pts, p.suspect, p.i420.tobytes()) for p in reader])
    assert runs[0] == runs[1]


@pytest.mark.skipif(not SHARED_GIF.exists(), reason="the shared recordings are not on this computer")
def test_a_real_class() -> None:
    with VideoReader(SHARED_GIF) as reader:
        pictures = list(reader)
        timeline = reader.timeline()
    assert (len(pictures), timeline.size_wh) == (45, (480, 270))
    assert timeline.duration_s == pytest.approx(2.99)


def test_a_draft_differs_by_some_smoothing_alone() -> None:
    with VideoReader(SAMPLE) as whole, VideoReader(SAMPLE, draft=True) as draft:
        apart = []
        for one, other in zip(whole, draft, strict=True):
            assert (one.index, one.pts) == (other.index, other.pts)
            apart.append(float(cv2.absdiff(one.i420, other.i420).mean()))
    assert 0 < max(apart) < 1  # levels of 255: it has an effect, and a small one
    assert min(apart) == 0  # pictures that others are predicted from are the same
