"""Every way to fail: the whole of stderr, the exit code, nothing on stdout, and nothing left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import ffmpeg
import imageio_ffmpeg
import pytest

from tests.cli.helpers import avg_blur, lesson, names_in, without_root_rights
from tests.support.waiting import PATIENCE_S

KINDS = "give a video file such as MP4, MOV, MKV, WebM, AVI or TS"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording that every test may copy."""
    return lesson(tmp_path_factory.mktemp("made") / "lesson.mp4")


@pytest.fixture
def clip(made: Path, tmp_path: Path) -> Path:
    """A recording alone in a folder."""
    path = tmp_path / "lesson.mp4"
    path.write_bytes(made.read_bytes())
    return path


def refused(folder: Path, code: int, line: str, *args: str | Path) -> None:
    """`avg-blur ARGS` ends with that code and that one line, and changes nothing in the folder."""
    before = {name: (folder / name).lstat().st_mtime_ns for name in names_in(folder)}
    ran = avg_blur(*args)
    assert ran.stderr == f"avg-blur: {line}\n"
    assert ran.exit_code == code
    assert ran.stdout == ""
    assert {name: (folder / name).lstat().st_mtime_ns for name in names_in(folder)} == before


# What the input is


def test_not_found(tmp_path: Path) -> None:
    path = tmp_path / "none.mp4"
    refused(tmp_path, 2, f"{path}: not found; check the name and the folder", path)
    refused(tmp_path, 2, f"{path}: not found; check the name and the folder", "look", path)
    refused(tmp_path, 2, f"{path}: not found; check the name and the folder", "bench", path)


def test_a_name_that_would_steer_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[2Jb\nc.mp4"
    refused(tmp_path, 2, f"{tmp_path}/a\\x1b[2Jb\\nc.mp4: not found; check the name and the folder", path)


def test_a_name_like_an_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    refused(tmp_path, 2, "-x.mp4: not found; check the name and the folder", "--", "-x.mp4")
    refused(tmp_path, 2, "-x.mp4: not found; check the name and the folder", "--json", "--", "-x.mp4")


def test_a_name_like_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "look").write_text("not a recording")
    line = f"look: is not a recording this program can read; {KINDS}"
    refused(tmp_path, 1, line, "./look")
    refused(tmp_path, 1, line, "--", "look")
    refused(tmp_path, 1, line, "--json", "look")
    refused(tmp_path, 2, "missing argument 'FILE'; see avg-blur look --help", "look")


def test_not_media(tmp_path: Path) -> None:
    path = tmp_path / "notes.mp4"
    path.write_text("minutes of the meeting\n" * 50)
    refused(tmp_path, 1, f"{path}: is not a recording this program can read; {KINDS}", path)


def test_empty(tmp_path: Path) -> None:
    path = tmp_path / "lesson.mp4"
    path.touch()
    refused(tmp_path, 1, f"{path}: is empty; copy the recording from the camera again", path)


def test_no_video_stream(clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "sound.m4a"
    run_ffmpeg(ffmpeg.input("sine=duration=1", f="lavfi").output(str(path)))
    refused(tmp_path, 1, f"{path}: has no picture, only sound or data; give a file with moving pictures", path)


def test_encrypted(clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "locked.mp4"
    key = "0123456789abcdef0123456789abcdef"
    lock = {"encryption_scheme": "cenc-aes-ctr", "encryption_key": key, "encryption_kid": key}
    run_ffmpeg(ffmpeg.input(str(clip)).output(str(path), c="copy", **lock))
    refused(tmp_path, 1, f"{path}: is encrypted (copy protection); ask its owner for a version without", path)


def test_truncated(clip: Path) -> None:
    data = clip.read_bytes()
    clip.write_bytes(data[: len(data) * 2 // 3])
    line = "its index or its content is missing or damaged"
    remedy = "copy it from the camera again, or repair it with another program first"
    refused(clip.parent, 1, f"{clip}: {line}; {remedy}", clip)


def test_truncated_between_two_pictures(clip: Path, tmp_path: Path) -> None:
    # With the index in front, FFmpeg reads what is there and reports nothing.
    path = tmp_path / "fast.mp4"
    run_ffmpeg(ffmpeg.input(str(clip)).output(str(path), c="copy", movflags="+faststart"))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    line = "breaks off or has lost data"
    remedy = "copy it from the camera again, or repair it with another program first"
    refused(tmp_path, 1, f"{path}: {line}; {remedy}", path)


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_no_permission(clip: Path) -> None:
    clip.chmod(0)
    with without_root_rights():
        refused(
            clip.parent,
            1,
            f"{clip}: no permission to read it; change the rights of the file or its folder",
            clip,
        )
    clip.chmod(0o600)
    policy = clip.with_name("rules.toml")
    policy.touch(0)
    line = "the policy can't be read (Permission denied); check its permissions"
    with without_root_rights():
        refused(clip.parent, 2, f"{policy}: {line}", clip, "--policy", policy)


# Where the output goes


def test_output_exists(clip: Path) -> None:
    there = clip.with_name("lesson.avg.mp4")
    there.write_text("mine")
    remedy = "give --overwrite, or another name with -o"
    refused(clip.parent, 2, f"{there}: it exists already; {remedy}", clip)
    refused(clip.parent, 2, f"{there}: it exists already; {remedy}", clip, "-o", there)


@pytest.mark.parametrize("way", ["name", "link", "hard link", "folder link", "case"])
def test_output_is_the_input(clip: Path, way: str) -> None:
    same = clip
    if way == "link":
        same = clip.with_name("other.mp4")
        same.symlink_to(clip)
    elif way == "hard link":
        same = clip.with_name("other.mp4")
        same.hardlink_to(clip)
    elif way == "folder link":
        (clip.parent / "there").symlink_to(clip.parent)
        same = clip.parent / "there" / clip.name
    elif way == "case":
        same = clip.with_name("LESSON.mp4")
        if not same.exists():
            pytest.skip("this file system tells capitals from small letters")
    line = f"{clip}: the output would replace the recording; give another name with -o"
    for more in ((), ("--overwrite",)):
        refused(clip.parent, 2, line, clip, "-o", same, *more)


def test_a_folder_where_the_output_should_be(clip: Path) -> None:
    there = clip.with_name("lesson.avg.mp4")
    there.mkdir()
    refused(clip.parent, 2, f"{there}: the output is a folder; give the name of a file with -o", clip, "--overwrite")


def test_output_names_that_are_neither_mp4_nor_folder(clip: Path) -> None:
    folder = clip.parent
    remedy = "give -o a name that ends in .mp4, or a folder that exists"
    for name in ("copy.mkv", "copy"):
        refused(folder, 2, f"{folder / name}: the copy is always an MP4 file; {remedy}", clip, "-o", folder / name)
    line = f"{folder / 'none'}: there is no such folder; make it first, or name a file with -o"
    refused(folder, 2, line, clip, "-o", f"{folder / 'none'}/")


def test_a_name_that_is_too_long(clip: Path) -> None:
    there = clip.with_name("n" * 300 + ".mp4")
    line = "file name too long; choose a shorter name with -o"
    refused(clip.parent, 1, f"{there}: {line}", clip, "-o", there)


def test_a_place_where_no_look_page_can_go(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def looked(*_: object) -> None:
        raise AssertionError("it was looked at before the place of the page was checked")

    monkeypatch.setattr("avg_video.pipeline.analyse", looked)
    folder = clip.parent
    line = "there is something else than a look page; name another place with -o"
    refused(folder, 2, f"{clip}: {line}", "look", clip, "-o", clip)
    refused(folder, 2, f"{folder}: {line}", "look", clip, "-o", folder)
    plan = folder / "page.avgplan"
    line = "this is the name of a plan, not of a page; give -o a name in .html"
    refused(folder, 2, f"{plan}: {line}", "look", clip, "-o", plan)
    page = folder / "none" / "page.html"
    line = "its folder does not exist; make the folder first, or choose another"
    refused(folder, 1, f"{page}: {line}", "look", clip, "-o", page)


def test_output_folder_missing(clip: Path) -> None:
    there = clip.parent / "none" / "x.mp4"
    line = "its folder does not exist; make the folder first, or choose another"
    refused(clip.parent, 1, f"{there}: {line}", clip, "-o", there)


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_output_folder_not_writable(clip: Path) -> None:
    folder = clip.parent / "shut"
    folder.mkdir(mode=0o500)
    line = "the folder can't be written to; choose another folder with -o, or change its permissions"
    with without_root_rights():
        refused(clip.parent, 1, f"{folder / 'lesson.avg.mp4'}: {line}", clip, "-o", folder)


@pytest.mark.skipif(sys.platform != "linux", reason="a limit on the size of files, as Linux has it")
def test_disk_full(clip: Path) -> None:
    # A limit of 8 kB on every file that the process writes: what a full disk does, at the first real write.
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192));"
        "from avg_video.cli import main; main(sys.argv[1:], prog_name='avg-blur')"
    )
    # -B: Python 3.11 leaves what it could write of a compiled module, and breaks down at it the next time.
    args = [sys.executable, "-B", "-c", code, str(clip)]
    ran = subprocess.run(args, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    line = "there is no room left on the disk; free some space, or choose another disk with -o"
    assert ran.stderr == f"avg-blur: {clip.with_name('lesson.avg.mp4')}: {line}\n"
    assert (ran.returncode, ran.stdout) == (1, "")
    assert names_in(clip.parent) == {"lesson.mp4"}


def test_many_inputs_need_a_folder(clip: Path) -> None:
    other = clip.with_name("other.mp4")
    other.write_bytes(clip.read_bytes())
    line = "several recordings need a folder for the copies; give one with -o FOLDER"
    refused(clip.parent, 2, f"{clip}: {line}", clip, other)
    refused(clip.parent, 2, f"{clip.parent}: {line}", clip.parent)
    line = f"{other}: it is a file; name a folder with -o for several recordings"
    refused(clip.parent, 2, line, clip.parent, "-o", other)


# Who may be shown


@pytest.fixture
def looked(clip: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording that `avg-blur look` has numbered, in a private folder of this test."""
    temporary = tmp_path_factory.mktemp("private")
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    assert avg_blur("look", clip, "-q").exit_code == 0
    return clip


def test_numbers_without_a_look(clip: Path) -> None:
    line = "people were chosen by number, but this recording has not been looked at"
    remedy = f"run avg-blur look {clip} first and take the numbers from its page"
    refused(clip.parent, 2, f"{clip}: {line}; {remedy}", clip, "--show", "1")
    refused(clip.parent, 2, f"{clip}: {line}; {remedy}", clip, "--object", "1")


def test_unknown_numbers(looked: Path) -> None:
    line = f"{looked}: there is no person number 8 in it; choose from the page that avg-blur look made: numbers 1 to 1"
    refused(looked.parent, 2, line, looked, "--object", "8,9", "--show", "1")


def test_a_plan_that_is_none_or_of_another_recording(looked: Path, made: Path) -> None:
    folder = looked.parent
    notes = folder / "notes.avgplan"
    notes.write_text("no plan")
    refused(
        folder,
        2,
        f"{notes}: it is damaged, or it is no plan; make a new one with avg-blur look FILE",
        looked,
        "--plan",
        notes,
    )
    other = lesson(folder / "other.mp4", pictures=5)
    page = folder / "page.html"
    assert avg_blur("look", looked, "-q", "-o", page).exit_code == 0
    line = f"{other}: the plan belongs to another recording; run avg-blur look on this one"
    refused(folder, 2, line, other, "--plan", folder / "page.avgplan", "--show", "1")


def test_numbers_with_many_inputs(clip: Path) -> None:
    out = clip.parent / "out"
    line = "numbers of people and plans belong to one recording; give one FILE with --object, --show or --plan"
    for more in (("--object", "1"), ("--show", "1"), ("--plan", "x.avgplan")):
        refused(clip.parent, 2, line, clip.parent, "-o", out, *more)


def test_policies_that_are_wrong(clip: Path) -> None:
    policy = clip.parent / "rules.toml"
    line = "there is no such policy file; check its name"
    refused(clip.parent, 2, f"{policy}: {line}", clip, "--policy", policy)
    policy.write_text('audoi = "keep"\n')
    line = "unknown key audoi; did you mean audio?"
    refused(clip.parent, 2, f"{policy}: {line}", clip, "--policy", policy)
    policy.write_text("[[consent_region]]\npolygon = [[0.0, 0.0], [1.5, 0.0], [1.0, 1.0]]\n")
    line = "consent_region 1, polygon point 2: 1.5 is outside 0..1; write fractions of the upright picture"
    refused(clip.parent, 2, f"{policy}: {line}", clip, "--policy", policy)
    beside = clip.with_name("lesson.avg.toml")
    refused(clip.parent, 2, f"{policy}: {line}", clip.parent, "-o", clip.parent / "out", "--policy", policy)
    policy.rename(beside)
    refused(clip.parent, 2, f"{beside}: {line}", clip)


# What does the work


def test_detector_that_is_not_there(clip: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AVG_BLUR_MODELS", str(tmp_path / "none"))
    line = "the weights of yunet are not on this computer; run avg-blur models fetch yunet, or avg-blur models add FILE"
    refused(tmp_path, 1, line, clip, "--detector", "yunet")


def test_encoder_that_does_not_exist(clip: Path) -> None:
    known = "auto, libx264, h264_nvenc, h264_videotoolbox, h264_qsv, h264_amf, h264_v4l2m2m"
    line = f"there is no encoder called 'no_such_encoder' here; choose one of {known}"
    refused(clip.parent, 2, line, clip, "--encoder", "no_such_encoder")


# The command itself


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (["x.mp4", "--crf", "99"], "invalid value for '--crf': 99 is not in the range 1<=x<=51; see avg-blur --help"),
        (["x.mp4", "--outputt"], "no such option '--outputt'; did you mean '--output', or see avg-blur --help"),
        (["x.mp4", "-o"], "option '-o' requires an argument; see avg-blur --help"),
        (["--json"], "missing argument 'FILE|FOLDER ...'; see avg-blur --help"),
        (
            ["x.mp4", "--threads", "9999"],
            "invalid value for '--threads': 9999 is not in the range 0<=x<=256; see avg-blur --help",
        ),
        (["look"], "missing argument 'FILE'; see avg-blur look --help"),
        (["bench", "a", "b"], "got unexpected extra argument (b); see avg-blur bench --help"),
    ],
)
def test_usage(tmp_path: Path, args: list[str], line: str) -> None:
    refused(tmp_path, 2, line, *args)


def test_a_fault_of_the_program(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("avg_video.pipeline.probe", broken)
    line = (
        "a fault of the program, not yours (ZeroDivisionError: division by zero); "
        "run it again with AVG_BLUR_DEBUG=1 for details to report"
    )
    refused(clip.parent, 1, line, clip)
    monkeypatch.setenv("AVG_BLUR_DEBUG", "1")
    ran = avg_blur(clip)
    assert ran.stderr.startswith("Traceback (most recent call last):\n")
    assert ran.stderr.endswith(f"avg-blur: {line}\n")


def run_ffmpeg(node: object) -> None:
    ffmpeg.run(node, cmd=imageio_ffmpeg.get_ffmpeg_exe(), quiet=True, overwrite_output=True)
