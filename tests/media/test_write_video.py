"""The pictures of an output: exact times and lengths, shape and colours, nothing hidden, nothing half done."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from avg_video.errors import DamagedInput, EncoderFailed, OutputError, UnsupportedInput
from avg_video.media import writer as writer_module
from avg_video.media.encoders import Encoder, choose_encoder
from avg_video.media.inspect import inspect_file
from avg_video.media.picture import Picture
from avg_video.media.readback import read_back
from avg_video.media.sound import SoundPlan
from avg_video.media.source import ColourTags
from avg_video.media.timing import Timeline
from avg_video.media.writer import VideoWriter
from tests.media.writing import SIZE, info_of, line_of, picture, pictures, recording, write

KEEP = SoundPlan(keep=True)
FAST = Encoder("libx264", (("preset", "ultrafast"), ("flags", "+bitexact+global_header")))
VERYFAST = choose_encoder("libx264", SIZE)

# Times of real kinds of source: steady, NTSC, Matroska's milliseconds, a transport stream that starts late, a phone in
# the dark with gaps, one picture only, two, and a container clock of nanoseconds.
LINES = {
    "25 pictures a second": (list(range(40)), Fraction(1, 25), 1),
    "29.97 pictures a second": (list(range(40)), Fraction(1001, 30000), 1),
    "Matroska at 30": ([round(i * 1000 / 30) for i in range(40)], Fraction(1, 1000), 33),
    "a late start": ([133200 + 3003 * i for i in range(40)], Fraction(1, 90000), 3003),
    "a start before zero": ([-7 + 2 * i for i in range(20)], Fraction(1, 50), 2),
    "uneven": ([5, 9, 13, 14, 30, 31, 32, 60, 61, 70, 71, 90, 91, 92, 1000], Fraction(1, 600), 77),
    "a long still": ([0, 1, 2, 90_000 * 40, 90_000 * 40 + 1], Fraction(1, 90000), 90_000 * 20),
    "a day of stills": ([90_000 * 2000 * i for i in range(30)], Fraction(1, 90000), 90_000 * 3600),
    "one picture": ([12345], Fraction(1, 1000), 40),
    "two pictures": ([0, 3], Fraction(1, 25), 9),
    "three pictures": ([0, 1, 2], Fraction(1, 25), 1),
    "nanoseconds": ([i * 33_333_000 for i in range(40)], Fraction(1, 10**9), 33_333_000),
}


def seconds(line: Timeline) -> list[Fraction]:
    return [Fraction(int(p) - int(line.pts[0])) * line.time_base for p in line.pts]


def total(line: Timeline) -> Fraction:
    return (line.end_pts - int(line.pts[0])) * line.time_base


@pytest.mark.parametrize("name", LINES)
def test_every_picture_keeps_its_time_and_the_last_one_its_length(tmp_path: Path, name: str) -> None:
    pts, base, last = LINES[name]
    line = line_of(pts, base, last=last)
    info = write(tmp_path / "out.mp4", line, encoder=VERYFAST)
    with av.open(str(tmp_path / "out.mp4")) as box:
        film = box.streams.video[0]
        assert film.time_base is not None
        assert [frame.pts * film.time_base for frame in box.decode(film) if frame.pts is not None] == seconds(line)
        assert film.duration is not None
        assert film.duration * film.time_base == total(line)
        assert film.start_time == 0
    read_back(tmp_path / "out.mp4", info, line, sound=SoundPlan())
    assert inspect_file(tmp_path / "out.mp4") == ()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.integers(1, 5000), min_size=1, max_size=24),
    start=st.integers(-(10**6), 10**9),
    base=st.sampled_from([Fraction(1, 25), Fraction(1, 1000), Fraction(1, 90000), Fraction(1001, 24000)]),
)
def test_any_times_are_kept(tmp_path: Path, steps: list[int], start: int, base: Fraction) -> None:
    line = line_of([start, *(start + int(t) for t in np.cumsum(steps)[:-1])], base, last=steps[-1])
    info = write(tmp_path / "out.mp4", line, encoder=VERYFAST)
    read_back(tmp_path / "out.mp4", info, line, sound=SoundPlan())
    assert inspect_file(tmp_path / "out.mp4") == ()


@pytest.mark.parametrize("name", ["29.97 pictures a second", "uneven", "a late start"])
def test_another_ffmpeg_sees_the_same_times(tmp_path: Path, name: str) -> None:
    pts, base, last = LINES[name]
    line = line_of(pts, base, last=last)
    write(tmp_path / "out.mp4", line, encoder=VERYFAST)
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-i", str(tmp_path / "out.mp4")]
    command += ["-fps_mode", "passthrough", "-copyts", "-vf", "showinfo", "-f", "null", "-"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    config = re.search(r"config in time_base: (\d+)/(\d+)", told)
    assert config is not None
    clock = Fraction(int(config[1]), int(config[2]))
    assert [int(p) * clock for p in re.findall(r"n: *\d+ pts: *(-?\d+) ", told)] == seconds(line)
    assert "start: 0.000000" in told
    duration = re.search(r"Duration: (\d+):(\d+):([\d.]+)", told)
    assert duration is not None
    assert float(duration[3]) + 60 * int(duration[2]) == pytest.approx(float(total(line)), abs=0.011)


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_exiftool_finds_the_length_and_no_tag(tmp_path: Path) -> None:
    pts, base, last = LINES["uneven"]
    line = line_of(pts, base, last=last)
    source = recording(tmp_path / "in.mp4", np.zeros((1, 96000), np.float32))
    write(tmp_path / "out.mp4", line, sound=KEEP, source=source)
    command = ["exiftool", "-json", "-n", "-a", "-u", "-ee", "-G1", str(tmp_path / "out.mp4")]
    (tags,) = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    for track, tolerance in (("Track1", 1e-6), ("Track2", 0.022)):
        assert tags[f"{track}:TrackDuration"] == pytest.approx(float(total(line)), abs=tolerance)
        assert tags[f"{track}:TrackCreateDate"] == tags[f"{track}:MediaModifyDate"] == "0000:00:00 00:00:00"
        assert tags[f"{track}:MediaLanguageCode"] == "und"
    assert tags["QuickTime:CreateDate"] == "0000:00:00 00:00:00"
    assert tags["Composite:Rotation"] == 0
    assert not [key for key in tags if re.search("Encoder|Title|GPS|Comment|Vendor|Free|Compressor(?!ID)", key)]


def test_shape_and_colours_travel(tmp_path: Path) -> None:
    colours = ColourTags(range=2, matrix=6, primaries=6, transfer=6)
    line = line_of(range(5), Fraction(1, 25), sample_aspect=Fraction(16, 15), size_wh=(72, 128))
    info = write(tmp_path / "out.mp4", line, colours=colours)
    with av.open(str(tmp_path / "out.mp4")) as box:
        context = box.streams.video[0].codec_context
        assert (context.width, context.height) == (72, 128)
        assert context.sample_aspect_ratio == Fraction(16, 15)
        frame = next(box.decode(video=0))
        assert (frame.color_range, frame.colorspace, frame.color_primaries, frame.color_trc) == (2, 6, 6, 6)
        assert frame.rotation == 0
    read_back(tmp_path / "out.mp4", info, line, sound=SoundPlan())
    assert inspect_file(tmp_path / "out.mp4") == ()


@pytest.mark.parametrize("aspect", [Fraction(1), Fraction(64, 45), Fraction(1, 3), Fraction(1234567, 1234500)])
@pytest.mark.parametrize("rate", [Fraction(0), Fraction(90000), Fraction(10**9 + 7, 10**9)])
def test_odd_shapes_and_rates_are_taken(tmp_path: Path, aspect: Fraction, rate: Fraction) -> None:
    line = line_of(range(5), Fraction(1, 25), sample_aspect=aspect)
    info = replace(info_of(line), average_rate=rate)
    with VideoWriter(tmp_path / "out.mp4", info, line, FAST) as writer:
        for one in pictures(line):
            writer.write(one)
        writer.finish()
    read_back(tmp_path / "out.mp4", info, line, sound=SoundPlan())
    assert inspect_file(tmp_path / "out.mp4") == ()


def test_unstated_colours_stay_unstated(tmp_path: Path) -> None:
    line = line_of(range(5), Fraction(1, 25))
    info = write(tmp_path / "out.mp4", line, colours=ColourTags(range=0, matrix=2, primaries=2, transfer=2))
    assert b"colr" not in (tmp_path / "out.mp4").read_bytes()
    read_back(tmp_path / "out.mp4", info, line, sound=SoundPlan())


def test_the_pictures_are_those_given(tmp_path: Path) -> None:
    line = line_of(range(12), Fraction(1, 25))
    write(tmp_path / "out.mp4", line, encoder=choose_encoder("libx264", SIZE, crf=5))
    with av.open(str(tmp_path / "out.mp4")) as box:
        for given_picture, frame in zip(pictures(line), box.decode(video=0), strict=True):
            assert np.abs(frame.to_ndarray().astype(int) - given_picture.i420).mean() < 2


def test_there_is_an_index_at_the_front_and_it_is_the_same_every_time(tmp_path: Path) -> None:
    line = line_of(range(30), Fraction(1, 25))
    source = recording(tmp_path / "in.mp4", np.zeros((2, 96000), np.float32))
    write(tmp_path / "a.mp4", line, sound=KEEP, source=source)
    write(tmp_path / "b.mp4", line, sound=KEEP, source=source)
    data = (tmp_path / "a.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    assert data == (tmp_path / "b.mp4").read_bytes()


def test_sound_and_picture_lie_side_by_side(tmp_path: Path) -> None:
    """A player that reads from the front never has to jump: no packet is far from what belongs to the same moment."""
    line = line_of(range(250), Fraction(1, 25))
    source = recording(tmp_path / "in.mp4", np.zeros((1, 480000), np.float32), seconds=1)
    write(tmp_path / "out.mp4", line, encoder=FAST, sound=KEEP, source=source)
    with av.open(str(tmp_path / "out.mp4")) as box:
        places = [(p.pos, float(p.dts * p.time_base)) for p in box.demux() if p.dts is not None and p.pos]
    times = [t for _, t in sorted(places)]
    assert max(abs(b - a) for a, b in pairwise(times)) < 1.2


# --- what must not happen ---------------------------------------------------------------------------------------------


def start(path: Path, line: Timeline, encoder: Encoder = FAST) -> VideoWriter:
    return VideoWriter(path, info_of(line), line, encoder)


@pytest.mark.parametrize(
    ("index", "pts", "size"), [(1, 2, SIZE), (2, 1, SIZE), (1, 1, (98, 64)), (0, 0, SIZE)], ids=str
)
def test_a_picture_that_was_not_announced_stops_the_work(
    tmp_path: Path, index: int, pts: int, size: tuple[int, int]
) -> None:
    line = line_of(range(5), Fraction(1, 25))
    with start(tmp_path / "out.mp4", line) as writer:
        writer.write(picture(0, 0))
        with pytest.raises(DamagedInput, match=r"in\.mp4: its second reading differs from its first at picture 2 of 5"):
            writer.write(picture(index, pts, size))


def test_missing_and_surplus_pictures_stop_the_work(tmp_path: Path) -> None:
    line = line_of(range(2), Fraction(1, 25))
    with start(tmp_path / "out.mp4", line) as writer:
        writer.write(picture(0, 0))
        with pytest.raises(DamagedInput, match="at picture 2 of 2"):
            writer.finish()
        writer.write(picture(1, 1))
        with pytest.raises(DamagedInput, match="at picture 3 of 2"):
            writer.write(picture(2, 2))


def test_an_error_in_the_middle_lets_go_of_everything(tmp_path: Path) -> None:
    line = line_of(range(50), Fraction(1, 25))
    source = recording(tmp_path / "in.mp4", np.zeros((1, 96000), np.float32))
    handles = Path("/proc/self/fd")
    open_before = len(list(handles.iterdir())) if handles.is_dir() else 0
    info = info_of(line, sound=1)
    with (
        pytest.raises(ZeroDivisionError),
        VideoWriter(tmp_path / "out.mp4", info, line, FAST, sound=KEEP, source=source) as writer,
    ):
        fail_after(writer, pictures(line), 20)
    if open_before:
        assert len(list(handles.iterdir())) == open_before


def fail_after(writer: VideoWriter, given_pictures: Iterable[Picture], count: int) -> None:
    for k, one in enumerate(given_pictures):
        if k == count:
            raise ZeroDivisionError
        writer.write(one)


@pytest.mark.parametrize(
    ("pts", "base"),
    [
        ([0, 10**9 + 7, 10**12], Fraction(1, 10**9 + 9)),
        ([0, 1, 2], Fraction(1, 2**31)),
        ([0, 90_000 * 24_000, 90_000 * 24_001 + 1], Fraction(1, 90_000)),
        ([90_000 * 2500 * i + i for i in range(12)], Fraction(1, 90_000)),
    ],
    ids=["a gap", "the clock itself", "one long step", "many steps"],
)
def test_a_clock_that_no_mp4_can_keep_is_refused(tmp_path: Path, pts: list[int], base: Fraction) -> None:
    line = line_of(pts, base)
    with pytest.raises(UnsupportedInput, match="its clock is too fine"):
        start(tmp_path / "out.mp4", line)
    assert not (tmp_path / "out.mp4").exists()


def test_a_missing_folder_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="does not exist"):
        start(tmp_path / "no" / "out.mp4", line_of(range(3), Fraction(1, 25)))


def test_an_encoder_that_fails_is_named(tmp_path: Path) -> None:
    broken = Encoder("libx264", (("preset", "nonsense"),))
    with pytest.raises(EncoderFailed, match="the encoder libx264 failed"):
        start(tmp_path / "out.mp4", line_of(range(3), Fraction(1, 25)), broken)


LIMITED = """
import resource, sys
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
import numpy as np
from avg_video.errors import AvgError
from avg_video.media.temporary import PrivateTemporary
from avg_video.media.writer import VideoWriter
from tests.media.test_write_video import FAST
from tests.media.writing import info_of, line_of, pictures, recording
from avg_video.media.sound import SoundPlan

folder, limit = Path(sys.argv[1]), int(sys.argv[2])
line = line_of(range(40), Fraction(1, 25), size_wh=(640, 480))
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    with PrivateTemporary(folder / "out.mp4") as t:
        with VideoWriter(t.path, info_of(line), line, FAST) as writer:
            for one in pictures(line):
                writer.write(one)
            writer.finish()
        t.publish()
except AvgError as error:
    print(type(error).__name__, error.what, "|", error.remedy)
    sys.exit(error.exit_code)
"""


@pytest.mark.skipif(os.name == "nt", reason="file size limits as POSIX has them")
@pytest.mark.parametrize("part", [0.0, 0.001, 0.5, 0.9, 0.9999, 1.0])
def test_no_room_left_leaves_no_file_wherever_it_strikes(tmp_path: Path, part: float, whole_size: int) -> None:
    """In the first bytes, in the pictures, in the index, while the index moves; with exactly enough room it works."""
    run = subprocess.run(
        # -B: Python 3.11 leaves what it could write of a compiled module, and breaks down at it the next time.
        [sys.executable, "-B", "-c", LIMITED, str(tmp_path), str(int(whole_size * part))],
        capture_output=True,
        text=True,
    )
    if part == 1.0:
        assert run.returncode == 0, run.stderr
        assert [p.name for p in tmp_path.iterdir()] == ["out.mp4"]
    else:
        assert (
            run.stdout
            == "OutputError there is no room left on the disk | free some space, or choose another disk with -o\n"
        )
        assert run.returncode == 1
        assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def whole_size(tmp_path_factory: pytest.TempPathFactory) -> int:
    """Room that the writing needs at its widest, which is before the empty boxes are dropped."""
    folder = tmp_path_factory.mktemp("whole")
    line = line_of(range(40), Fraction(1, 25), size_wh=(640, 480))
    write(folder / "out.mp4", line, encoder=FAST)
    return (folder / "out.mp4").stat().st_size + 69  # 61 of empty tags and 8 of a free box


# --- each cleaning step is needed -------------------------------------------------------------------------------------


def test_without_the_nal_filter_the_encoders_settings_would_be_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = line_of(range(5), Fraction(1, 25))
    monkeypatch.setattr(writer_module, "_NAL_FILTER", "null")
    write(tmp_path / "out.mp4", line)
    assert b"x264 - core" in (tmp_path / "out.mp4").read_bytes()
    assert inspect_file(tmp_path / "out.mp4") == ("mdat: picture 0 of moov/trak holds SEI of type 5",)


def test_without_our_own_index_there_would_be_boxes_for_tags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = line_of(range(5), Fraction(1, 25))
    monkeypatch.setattr(writer_module, "move_index_to_front", lambda path: None)
    write(tmp_path / "out.mp4", line)
    findings = inspect_file(tmp_path / "out.mp4")
    assert set(findings) == {"free: is not on the list", "moov/udta: is not on the list"}
