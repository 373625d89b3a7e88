"""Reading a finished file back: what fits passes, every difference and damage is named."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from avg_video.errors import AvgError, CheckFailed
from avg_video.media.readback import read_back
from avg_video.media.sound import SoundPlan
from avg_video.media.source import ColourTags
from avg_video.media.timing import Timeline
from tests.media.writing import info_of, line_of, recording, write

KEEP = SoundPlan(keep=True)


def refused(path: Path, line: Timeline, words: str, *, sound: SoundPlan = SoundPlan()) -> None:  # noqa: B008
    with pytest.raises(CheckFailed, match=words):
        read_back(path, info_of(line, sound=1), line, sound=sound)


def test_reading_back_notices_every_kind_of_difference(tmp_path: Path) -> None:
    base = Fraction(1, 25)
    out = tmp_path / "out.mp4"
    line = line_of(range(10), base, last=2)
    write(out, line)
    read_back(out, info_of(line), line, sound=SoundPlan())
    refused(out, line_of(range(9), base, last=3), "10 pictures instead of 9")
    refused(out, line_of([*range(8), 9, 10], base), "picture 8 is not at its time")
    refused(out, line_of(range(10), base, last=3), "lasts 0.440000 s instead of 0.480000 s")
    refused(out, line_of(range(10), base, last=2, size_wh=(98, 64)), "pictures are 96x64 instead of")
    refused(out, line_of(range(10), base, last=2, sample_aspect=Fraction(4, 3)), "pixels are 1 instead of 4/3")
    refused(out, line, "its sound is missing", sound=KEEP)
    other = info_of(line, colours=ColourTags(2, 6, 6, 6))
    with pytest.raises(CheckFailed, match="colour tags are"):
        read_back(out, other, line, sound=SoundPlan())


def test_a_range_that_is_not_stated_is_the_limited_one(tmp_path: Path) -> None:
    # Where nothing else about the colours is stated, the encoder leaves the limited range out as well.
    line = line_of(range(3), Fraction(1, 25))
    out = tmp_path / "out.mp4"
    for tags in (ColourTags(1, 2, 2, 2), ColourTags(0, 2, 2, 2)):
        info = write(out, line, colours=tags)
        read_back(out, info, line, sound=SoundPlan())
    with pytest.raises(CheckFailed, match="colour tags are"):
        read_back(out, info_of(line, colours=ColourTags(2, 2, 2, 2)), line, sound=SoundPlan())
    full = write(out, line, colours=ColourTags(2, 2, 2, 2))
    read_back(out, full, line, sound=SoundPlan())
    with pytest.raises(CheckFailed, match="colour tags are"):
        read_back(out, info_of(line, colours=ColourTags(1, 2, 2, 2)), line, sound=SoundPlan())


def test_reading_back_notices_sound_that_is_not_wanted_or_too_short(tmp_path: Path) -> None:
    line = line_of(range(25), Fraction(1, 25))
    source = recording(tmp_path / "in.mp4", np.zeros((1, 96000), np.float32))
    info = write(tmp_path / "out.mp4", line, sound=KEEP, source=source)
    read_back(tmp_path / "out.mp4", info, line, sound=KEEP)
    refused(tmp_path / "out.mp4", line, "sound that was to be left out")
    short = line_of(range(20), Fraction(1, 25), last=8)
    info = write(tmp_path / "short.mp4", short, sound=KEEP, source=source)
    refused(tmp_path / "short.mp4", line_of(range(20), Fraction(1, 25), last=1), "its sound has 50 packets", sound=KEEP)


@pytest.mark.parametrize("damage", ["cut", "key frame", "not media", "empty"])
def test_reading_back_notices_damage(tmp_path: Path, damage: str) -> None:
    out = tmp_path / "out.mp4"
    line = line_of(range(30), Fraction(1, 25))
    write(out, line)
    data = out.read_bytes()
    at = data.index(b"mdat") + 4
    changed = {
        "cut": data[: len(data) * 2 // 3],
        "key frame": data[:at] + b"\0\0\0\x09\x65" + bytes(500) + data[at + 505 :],
        "not media": b"nothing of the sort",
        "empty": b"",
    }[damage]
    out.write_bytes(changed)
    with pytest.raises(CheckFailed, match="did not pass its check"):
        read_back(out, info_of(line), line, sound=SoundPlan())


def test_reading_back_notices_what_is_hidden(tmp_path: Path) -> None:
    # A player sees nothing of either: a note behind the film, and one in the picture stream's own words.
    line = line_of(range(3), Fraction(1, 25))
    out = tmp_path / "out.mp4"
    write(out, line)
    data = out.read_bytes()
    read_back(out, info_of(line), line, sound=SoundPlan())
    out.write_bytes(data + b"\0\0\0\x0cfreename")
    refused(out, line, "holds something else than picture and sound .*free: is not on the list")
    out.write_bytes(data.replace(b"VideoHandler", b"Jan de Vries"))
    refused(out, line, "holds something else than picture and sound .*hdlr")


def test_all_these_errors_are_one_line(tmp_path: Path) -> None:
    line = line_of(range(3), Fraction(1, 25))
    (tmp_path / "x.mp4").write_bytes(b"")
    with pytest.raises(AvgError) as caught:
        read_back(tmp_path / "x.mp4", info_of(line), line, sound=SoundPlan())
    assert str(caught.value).startswith(f"{tmp_path / 'x.mp4'}: the finished file did not pass its check: ")
    assert "\n" not in str(caught.value)
