"""Checking a finished copy: it holds as it was made, and every single change to it or its record is told."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from avg_video.errors import UnsupportedInput, UsageError
from avg_video.pipeline import Settings, analyse, anonymise
from avg_video.redact.detail import face_detail
from avg_video.verification import Verification, verify
from avg_video.verification.faces import clock
from tests.cli.helpers import avg_blur, lesson
from tests.support.clips import card, ffmpeg, noise
from tests.support.people import place

FAST = Settings(preset="ultrafast", detector="centerface", threads=2)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy with sound, its record beside it, and the recording."""
    folder = tmp_path_factory.mktemp("made")
    source = lesson(folder / "les.mp4", tone_s=0.48, faces=2)
    settings = Settings(preset="ultrafast", detector="centerface", threads=2, audio="keep")
    assert anonymise(source, folder / "les.avg.mp4", settings=settings).exit_code == 0
    return folder


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    """A copy of its own for a test to spoil."""
    for name in ("les.avg.mp4", "les.avg.json"):
        shutil.copy(made / name, tmp_path / name)
    return tmp_path / "les.avg.mp4"


def check(file: Path, record: Path | None = None) -> Verification:
    return verify(file, record, detector="centerface", threads=2)


def parts(done: Verification) -> list[str]:
    return [fault.part for fault in done.faults]


def change_record(copy: Path, **changes: Any) -> None:
    path = copy.with_name("les.avg.json")
    data = json.loads(path.read_text("utf-8"))
    for name, value in changes.items():
        room, _, key = name.partition("__")
        data[room][key] = value
    path.write_text(json.dumps(data), "utf-8")


def test_a_copy_as_it_was_made_holds(copy: Path) -> None:
    done = check(copy)
    assert (done.faults, done.finds) == ((), ())
    assert done.holds
    assert (done.pictures, done.looks, done.explained) == (12, 1, 0)


def test_the_command_says_what_was_checked(copy: Path) -> None:
    ran = avg_blur("verify", copy, "--detector", "centerface")
    assert (ran.exit_code, ran.stderr) == (0, "")
    assert ran.stdout == (
        f"Verified {copy}\n"
        f"  record   {copy.with_name('les.avg.json')}, about these very bytes\n"
        "  content  pictures and sound and nothing else\n"
        "  pictures 12 pictures, all decoded\n"
        "  faces    looked at 1 picture, nobody seen\n"
        "  log      none beside it, so only the record vouches for it, and anyone could have written that\n"
    )
    assert avg_blur("verify", copy, "-q", "--detector", "centerface").stdout == ""


def test_the_command_answers_machines(copy: Path, made: Path) -> None:
    ran = avg_blur("verify", copy, "--json", "--detector", "centerface")
    data = json.loads(ran.stdout)
    record = json.loads((made / "les.avg.json").read_text("utf-8"))
    assert ran.exit_code == data["exit_code"] == 0
    assert (data["faults"], data["finds"], data["run_id"]) == ([], [], record["run_id"])
    copy.with_name("les.avg.json").unlink()
    ran = avg_blur("verify", copy, "--json", "--detector", "centerface")
    data = json.loads(ran.stdout)
    assert ran.exit_code == data["exit_code"] == 1
    assert data["faults"] == [{"part": "record", "what": "its record les.avg.json is not beside it"}]


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.98])
def test_one_changed_byte_of_the_copy_is_told(share: float, copy: Path) -> None:
    data = bytearray(copy.read_bytes())
    data[round(len(data) * share)] ^= 0x10
    copy.write_bytes(data)
    done = check(copy)
    assert "was changed since: its SHA-256 is" in done.faults[0].what
    ran = avg_blur("verify", copy, "--detector", "centerface")
    assert (ran.exit_code, ran.stdout) == (1, "")
    lines = ran.stderr.splitlines()
    assert len(lines) == len(done.faults)
    assert all(line.startswith(f"avg-blur: {copy}: ") for line in lines)


def test_one_changed_digit_of_a_hash_in_the_record_is_told(copy: Path) -> None:
    path = copy.with_name("les.avg.json")
    sha256 = json.loads(path.read_text("utf-8"))["output"]["sha256"]
    other = ("0" if sha256[7] != "0" else "1").join((sha256[:7], sha256[8:]))
    path.write_text(path.read_text("utf-8").replace(sha256, other), "utf-8")
    assert parts(check(copy)) == ["record"]


def test_a_damaged_record_is_told_and_the_rest_is_checked_all_the_same(copy: Path) -> None:
    path = copy.with_name("les.avg.json")
    path.write_text(path.read_text("utf-8").replace('"covered"', '"coverer"', 1), "utf-8")
    done = check(copy)
    assert done.record is None
    assert [fault.what.split(": ")[:2] for fault in done.faults] == [["les.avg.json", "the record is not valid"]]
    assert done.pictures == 12


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"output__bytes": 5}, "the record says 5"),
        ({"output__frames": 13}, "it holds 12 pictures, the record says 13"),
        ({"output__size_wh": [320, 242]}, "its pictures are 320x240, the record says 320x242"),
        ({"output__seconds": 0.6}, "it lasts 0.480 s, the record says 0.600 s"),
        (
            {"output__sound": {"kept": False, "muted_seconds": 0.0}},
            "it holds sound, the record says that it was left out",
        ),
    ],
)
def test_a_record_that_says_something_else_is_told(change: dict[str, Any], said: str, copy: Path) -> None:
    change_record(copy, **change)
    done = check(copy)
    assert parts(done) == ["record"]
    assert said in done.faults[0].what


def test_the_record_of_another_file_is_told(copy: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    anonymise(lesson(other / "b.mp4", pictures=9), other / "b.avg.mp4", settings=FAST)
    done = check(copy, other / "b.avg.json")
    assert "it is not the file that b.avg.json is about" in done.faults[0].what
    assert set(parts(done)) == {"record"}


def test_the_recording_itself_is_not_its_copy_and_its_faces_are_seen(made: Path) -> None:
    done = check(made / "les.mp4")
    assert done.faults[0].what == "it is the recording itself, not the copy that les.avg.json is about"
    assert {"record", "content", "faces"} <= set(parts(done))
    assert len(done.finds) == 2


def uncovered(source: Path, to: Path) -> None:
    """A file such as this program writes, in which nobody is covered: made by the program, with everybody shown."""
    plan = analyse(source, FAST)
    everybody = {track.id for track in plan.tracks if track.confirmed}
    assert anonymise(source, to, settings=FAST, plan=plan, shown=everybody).record.shown == len(everybody) > 0


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shown")
    uncovered(lesson(folder / "open.mp4", pictures=20, faces=2), folder / "open.avg.mp4")
    return folder / "open.avg.mp4"


def test_people_who_are_shown_by_the_record_are_no_fault(shown: Path) -> None:
    done = check(shown)
    assert done.faults == ()
    assert done.explained == done.looks == 2
    said = avg_blur("verify", shown, "--detector", "centerface").stdout
    assert "nobody seen but 2 faces that the record says are shown" in said


def test_a_face_left_visible_is_told_with_time_and_place(shown: Path, tmp_path: Path) -> None:
    """The same bytes under a record that says, of one or of both, that they were covered."""
    copy = tmp_path / "open.avg.mp4"
    shutil.copy(shown, copy)
    data = json.loads(shown.with_name("open.avg.json").read_text("utf-8"))
    for n in range(2):
        person = next(p for p in data["people"] if p["verdict"] == "show")
        person |= {"verdict": "cover", "reason": "no-rule", "shown_s": []}
        data |= {"shown": data["shown"] - 1, "covered": data["covered"] + 1}
        copy.with_name("open.avg.json").write_text(json.dumps(data), "utf-8")
        done = check(copy)
        assert parts(done) == ["faces", "faces"], n
        assert done.faults[0].what.startswith("a face is seen from 0:00.0 to 0:00.5, ")
        (ax1, ay1, ax2, ay2), (bx1, by1, bx2, by2) = sorted(find.box_xyxy for find in done.finds)
        assert (ax1 < 90 < ax2, ay1 < 110 < ay2) == (bx1 < 230 < bx2, by1 < 110 < by2) == (True, True)
    assert avg_blur("verify", copy, "--detector", "centerface").exit_code == 1


def test_a_face_is_explained_only_while_the_record_says_that_it_can_be_seen(shown: Path, tmp_path: Path) -> None:
    """Somebody who is shown, and who was covered from 0.2 s on because another came in the way."""
    copy = tmp_path / "open.avg.mp4"
    shutil.copy(shown, copy)
    data = json.loads(shown.with_name("open.avg.json").read_text("utf-8"))
    person = next(p for p in data["people"] if p["verdict"] == "show")
    person |= {"shown_s": [[0.0, 0.2]], "frames_covered_though_shown": 15}
    copy.with_name("open.avg.json").write_text(json.dumps(data), "utf-8")
    done = check(copy)
    assert parts(done) == ["faces", "faces"]
    assert "a face is seen at 0:00.5, " in done.faults[0].what
    assert "with others, while 1 may be shown" in done.faults[0].what


def test_a_record_of_another_file_explains_nobody(shown: Path, tmp_path: Path) -> None:
    copy = tmp_path / "open.avg.mp4"
    copy.write_bytes(shown.read_bytes() + bytes(8))
    done = check(copy, shown.with_name("open.avg.json"))
    assert parts(done).count("faces") == 2


def test_an_mp4_of_others_is_told_by_its_boxes(tmp_path: Path) -> None:
    plain = card(tmp_path / "plain.mp4")
    tagged = tmp_path / "tagged.mp4"
    ffmpeg(
        "-i", plain, "-c", "copy", "-metadata", "title=needle-in-a-title", "-metadata", "location=+52.1+4.5/", tagged
    )
    done = check(tagged)
    assert done.faults[0].what == "its record tagged.avg.json is not beside it"
    told = [fault.what for fault in done.faults if fault.part == "content"]
    assert "moov/udta: is not on the list" in told
    assert any("SEI of type 5" in what for what in told)
    assert "needle" not in avg_blur("verify", tagged, "--detector", "centerface").stderr


def test_something_added_at_the_end_is_told(copy: Path) -> None:
    copy.write_bytes(copy.read_bytes() + (16).to_bytes(4, "big") + b"freeneedle!!")
    assert "free: is not on the list" in [fault.what for fault in check(copy).faults]


def test_a_copy_that_breaks_off_is_told(copy: Path) -> None:
    copy.write_bytes(copy.read_bytes()[:-3000])
    assert {"record", "content", "pictures"} <= set(parts(check(copy)))


def test_sound_that_can_not_be_decoded_is_told(copy: Path) -> None:
    with av.open(str(copy)) as box:
        at = next(p.pos for p in box.demux(audio=0) if p.size > 16)
    data = bytearray(copy.read_bytes())
    data[at : at + 6] = b"\xff" * 6
    copy.write_bytes(data)
    assert "sound" in parts(check(copy))


@pytest.mark.parametrize("end", ["mkv", "avi", "gif"])
def test_other_containers_are_refused_plainly(end: str, tmp_path: Path) -> None:
    file = card(tmp_path / f"a.{end}", *(("-c:v", "gif") if end == "gif" else ()))
    with pytest.raises(UnsupportedInput, match=r"only an MP4 .* made by avg-blur can be verified"):
        check(file)
    ran = avg_blur("verify", file)
    assert (ran.exit_code, ran.stdout, ran.stderr.count("\n")) == (1, "", 1)


@pytest.mark.parametrize("end", ["jpg", "png"])
def test_the_copy_of_a_photo_holds_until_something_is_added(end: str, tmp_path: Path) -> None:
    room = noise((320, 240), seed=3)
    place(room, 70, (160, 110))
    Image.fromarray(room).save(tmp_path / f"class.{end}")
    copy = anonymise(tmp_path / f"class.{end}", tmp_path / f"class.avg.{end}", settings=FAST).output
    done = check(copy)
    assert (done.faults, done.pictures, done.looks) == ((), 1, 1)
    assert "content  one picture and nothing else" in avg_blur("verify", copy, "--detector", "centerface").stdout
    copy.write_bytes(copy.read_bytes() + b"needle")
    assert set(parts(check(copy))) - {"log"} == {"record", "content"}
    assert {"record", "faces"} <= set(parts(check(tmp_path / f"class.{end}")))


def test_what_is_not_there_is_a_matter_of_usage(copy: Path, tmp_path: Path) -> None:
    for missing in ("gone.mp4", "."):
        with pytest.raises(UsageError):
            check(tmp_path / missing)
    with pytest.raises(UsageError, match="no such record"):
        check(copy, tmp_path / "gone.json")
    assert avg_blur("verify", copy, "--record", tmp_path / "gone.json").exit_code == 2
    assert avg_blur("verify").exit_code == 2


def test_times_are_said_as_on_a_player() -> None:
    assert [clock(s) for s in (0, 3.54, 59.96, 3723.0)] == ["0:00.0", "0:03.5", "1:00.0", "1:02:03.0"]


def test_shading_is_no_detail_and_marks_are() -> None:
    y, x = np.mgrid[0:80, 0:80]
    smooth = (40 + x + 0.01 * y * x).astype(np.uint8)
    assert face_detail(smooth, (10, 10, 70, 70)) < 1
    marked = smooth.copy()
    marked[30:36, 25:35] = marked[30:36, 45:55] = 10
    assert face_detail(marked, (10, 10, 70, 70)) > 6
    assert face_detail(smooth, (-50, 10, 3, 70)) == float("inf")


@pytest.mark.slow
def test_the_copy_of_the_sample_class_holds_and_the_class_does_not(tmp_path: Path) -> None:
    sample = Path(__file__).parent.parent / "sample_media" / "klas.mp4"
    short = tmp_path / "klas.mp4"
    ffmpeg("-i", sample, "-t", "2", "-c", "copy", "-an", short)
    anonymise(short, tmp_path / "klas.avg.mp4", settings=FAST)
    assert check(tmp_path / "klas.avg.mp4").faults == ()
    assert parts(check(short)).count("faces") > 8
