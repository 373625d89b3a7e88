"""Tiny files that ask for gigabytes, or for days, end with exit 1, soon and in bounded memory."""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import pytest

from avg_video.errors import AvgError, UnsupportedInput
from avg_video.media import limits
from avg_video.media.limits import MAX_FILM_S, MAX_RATE, Pace
from avg_video.media.reader import VideoReader
from tests.hostile import bombs
from tests.hostile.program import names_in, run
from tests.support.clips import X264, card, noise, write_clip

HUGE = (16384, 16384)

MEMORY_KIB = 300 * 1024
"""How much the program may take to say no. It takes 60 to 100 MiB for the libraries alone; one picture of 16k x 16k
would take 384 MiB more, ten million entries of an index 350."""

SECONDS = 60.0
"""Generous, for slow machines: it takes about one."""


def _mp4(change: bombs.Change) -> Callable[[Path], Path]:
    def make(path: Path) -> Path:
        path.write_bytes(bombs.changed(bombs.plain(path), change))
        return path

    return make


def _fragments(path: Path) -> Path:
    data = card(path, *X264, "-movflags", "+frag_keyframe+empty_moov").read_bytes()
    path.write_bytes(bombs.fragments(data, 50_000_000))
    return path


def _cmov(path: Path) -> Path:
    """A QuickTime index packed by zlib: kilobytes may become gigabytes."""
    packed = bombs.box(b"dcom", b"zlib") + bombs.box(b"cmvd", struct.pack(">I", 1 << 31) + b"x\x9c" * 50)
    path.write_bytes(bombs.box(b"ftyp", b"qt  \0\0\0\0qt  ") + bombs.box(b"moov", bombs.box(b"cmov", packed)))
    return path


BOMBS: dict[str, tuple[str, Callable[[Path], Path], str]] = {
    "sizes": ("a.mp4", _mp4(bombs.samples(10_000_000)), "more samples than it has bytes"),
    "more sizes": ("a.mp4", _mp4(bombs.samples(170_000_000)), "more samples than it has bytes"),
    "fragments": ("a.mp4", _fragments, "more samples than it has bytes"),
    "edits": ("a.mp4", _mp4(bombs.edits(1_000)), "more pictures (10000) than its"),
    "many edits": ("a.mp4", _mp4(bombs.edits(100_000)), "more pictures (1000000) than its"),
    "packed": ("a.mov", _cmov, "has a packed index"),
    "png": ("a.mov", lambda path: bombs.png_in_mov(path, HUGE), "can't be decoded"),
    "mjpeg": ("a.avi", lambda path: bombs.mjpeg(path, HUGE), "can't be decoded"),
    "gif": ("a.gif", lambda path: bombs.gif(path, HUGE), "too large"),
    "h264": ("a.ts", lambda path: bombs.h264(path, HUGE), "can't be decoded"),
    "h264 of 67 million pixels": ("a.ts", lambda path: bombs.h264(path, (8192, 8192)), ""),
    "vp9": ("a.webm", lambda path: bombs.vp9(path, HUGE), "too large"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bomb_ends_soon_and_small(tmp_path: Path, name: str) -> None:
    if sys.platform == "win32":
        pytest.skip("the peak of memory is measured differently there")
    file, make, words = BOMBS[name]
    folder = tmp_path / "in"
    folder.mkdir()
    path = make(folder / file)
    assert path.stat().st_size < 2_000_000
    ran = run(path, note=tmp_path / "note")
    assert ran.code == 1
    assert words in ran.line
    assert ran.peak_kib < MEMORY_KIB, f"{ran.peak_kib} KiB: {ran.line}"
    assert ran.seconds < SECONDS
    assert names_in(folder) == {file}


def refusal(path: Path) -> str:
    with pytest.raises(AvgError) as caught, VideoReader(path) as reader:
        for _ in reader:
            pass
    assert caught.value.exit_code == 1
    return str(caught.value)


def clip_at(path: Path, pts: list[int], time_base: Fraction) -> Path:
    return write_clip(
        path, [noise((32, 32))] * len(pts), pts=pts, time_base=time_base, codec="mjpeg", pix_fmt="yuvj420p", options={}
    )


def test_more_pictures_a_second_than_any_camera(tmp_path: Path) -> None:
    path = clip_at(tmp_path / "a.mov", list(range(MAX_RATE + 50)), Fraction(1, 60000))
    assert f"more than {MAX_RATE} pictures a second" in refusal(path)


def test_slow_motion_of_phones_is_read(tmp_path: Path) -> None:
    path = clip_at(tmp_path / "a.mov", list(range(1100)), Fraction(1, 960))
    with VideoReader(path) as reader:
        assert sum(1 for _ in reader) == 1100


def test_a_film_of_years(tmp_path: Path) -> None:
    path = clip_at(tmp_path / "a.mkv", [0, 1, 2, MAX_FILM_S * 25 + 25], Fraction(1, 25))
    assert "lasts more than 48 hours" in refusal(path)


def declaring(path: Path, seconds: float) -> Path:
    """A Matroska file with another length in its header."""
    data = bytearray(path.read_bytes())
    at = data.index(b"\x44\x89\x88") + 3  # Duration, 8 bytes: milliseconds as a float
    assert struct.unpack(">d", data[at : at + 8])[0] > 0
    data[at : at + 8] = struct.pack(">d", seconds * 1000)
    path.write_bytes(data)
    return path


def test_declared_far_more_than_there_is(tmp_path: Path) -> None:
    """A header that claims ten hours for less than half a second."""
    path = declaring(clip_at(tmp_path / "a.mkv", list(range(10)), Fraction(1, 25)), 36_000)
    assert "breaks off at 0.4 of 36000.0 s" in refusal(path)


def test_far_more_there_than_declared(tmp_path: Path) -> None:
    """A header that claims a second for ten hours of pictures; they are few, so that only their times tell."""
    path = declaring(clip_at(tmp_path / "a.mkv", [k * 25 * 3600 for k in range(11)], Fraction(1, 25)), 1)
    assert "goes on long after the end that it declares" in refusal(path)


def test_headers_may_be_a_little_wrong() -> None:
    pace = Pace(Fraction(1, 25), 10.0, Path("a.mkv"))
    for pts in range(0, 74 * 25, 25):
        pace.picture(pts)
    with pytest.raises(UnsupportedInput, match="goes on long after"):
        pace.picture(76 * 25)


def test_pictures_without_duration_all_at_once(tmp_path: Path) -> None:
    """Each is moved behind the one before by one step of the clock, which makes a minute of a film of no length."""
    path = clip_at(tmp_path / "a.mov", list(range(1100)), Fraction(1, 25))
    data = path.read_bytes()
    step = int.from_bytes(data[data.index(b"stts") + 16 :][:4])
    rows = struct.pack(">III", 1, 1100, step)
    assert data.count(rows) == 1
    path.write_bytes(data.replace(rows, struct.pack(">III", 1, 1100, 0)))
    assert "goes on long after the end that it declares" in refusal(path)


def test_many_streams(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as box:
        streams = [box.add_stream("mpeg4", rate=25) for _ in range(limits.MAX_STREAMS + 6)]
        for stream in streams:
            stream.width = stream.height = 16
            stream.pix_fmt = "yuv420p"
        for stream in streams:
            frame = av.VideoFrame(16, 16, "yuv420p")
            frame.pts = 0
            box.mux(stream.encode(frame))
            box.mux(stream.encode())
    assert f"more than {limits.MAX_STREAMS} streams" in refusal(path)
