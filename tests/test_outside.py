"""What lies outside the file: neighbours of the input, times, rights and attributes of the output."""

from __future__ import annotations

import errno
import json
import os
import stat
import time
from pathlib import Path

import pytest

from avg_video.pipeline import Settings, anonymise
from tests.cli.helpers import avg_blur, lesson, names_in

QUICK = ("--preset", "ultrafast", "--detector", "centerface", "--threads", "1", "--no-second-look")
LONG_AGO_S = 978307200  # 2001-01-01
NOTE = "user.avg_test"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A recording from long ago that everybody may read."""
    (tmp_path / "in").mkdir()
    path = lesson(tmp_path / "in" / "lesson.mp4", pictures=5)
    path.chmod(0o644)
    os.utime(path, (LONG_AGO_S, LONG_AGO_S))
    return path


def attribute(path: Path) -> None:
    """Give a file an extended attribute; skips where that can't be."""
    if not hasattr(os, "setxattr"):
        pytest.skip("this system has no extended attributes that Python can set")
    try:
        os.setxattr(path, NOTE, b"needle-in-an-attribute")
    except OSError as error:
        if error.errno not in (errno.ENOTSUP, errno.EPERM, errno.EACCES):
            raise
        pytest.skip("this file system has no extended attributes")


def all_outputs(source: Path, out: Path) -> list[Path]:
    """A copy, its record, the log and the list of a batch."""
    ran = avg_blur(source.parent, "-o", out, *QUICK)
    assert ran.exit_code == 0, ran.stderr
    assert names_in(out) == {"lesson.avg.mp4", "lesson.avg.json", "avg-log.jsonl", "batch.json"}
    return sorted(out.iterdir())


def test_every_output_is_of_now_and_not_of_the_input(source: Path, tmp_path: Path) -> None:
    begun = time.time()
    for path in all_outputs(source, tmp_path / "out"):
        state = path.stat()
        assert begun - 2 <= state.st_mtime <= time.time() + 2, path
    assert source.stat().st_mtime == LONG_AGO_S


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_every_output_is_private_whatever_the_umask(umask: int, source: Path, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        paths = all_outputs(source, tmp_path / "out")
    finally:
        os.umask(before)
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o600}


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_an_output_that_replaces_an_open_one_is_private_and_of_now(source: Path, tmp_path: Path) -> None:
    copy, record = tmp_path / "c.mp4", tmp_path / "c.avg.json"
    for path in (copy, record):
        path.write_bytes(b"old")
        path.chmod(0o666)
        os.utime(path, (LONG_AGO_S, LONG_AGO_S))
    anonymise(source, copy, settings=Settings(preset="ultrafast", detector="centerface", overwrite=True))
    for path in (copy, record):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.stat().st_mtime > LONG_AGO_S + 1e6


def test_no_output_has_an_extended_attribute(source: Path, tmp_path: Path) -> None:
    attribute(source)
    for path in all_outputs(source, tmp_path / "out"):
        assert os.listxattr(path) == [], path
    assert os.getxattr(source, NOTE) == b"needle-in-an-attribute"


def test_attributes_of_a_file_that_is_replaced_do_not_stay(source: Path, tmp_path: Path) -> None:
    copy, record = tmp_path / "c.mp4", tmp_path / "c.avg.json"
    for path in (copy, record):
        path.write_bytes(b"old")
        attribute(path)
    anonymise(source, copy, settings=Settings(preset="ultrafast", detector="centerface", overwrite=True))
    assert (os.listxattr(copy), os.listxattr(record)) == ([], [])


def test_neighbours_are_named_once_counted_in_the_record_and_not_copied(source: Path, tmp_path: Path) -> None:
    for name in ("lesson.srt", "lesson.THM", "LESSON.vtt"):
        (source.parent / name).write_text("needle-in-a-neighbour")
    out = tmp_path / "out"
    out.mkdir()
    ran = avg_blur(source, "-o", out, *QUICK)
    assert ran.exit_code == 0
    assert ran.stderr == (
        f"avg-blur: {source}: LESSON.vtt, lesson.THM and lesson.srt lie beside it and may tell more; "
        "they were not copied\n"
    )
    assert names_in(out) == {"lesson.avg.mp4", "lesson.avg.json", "avg-log.jsonl"}
    text = (out / "lesson.avg.json").read_text("utf-8")
    record = json.loads(text)
    assert record["input"]["neighbours"] == {"subtitles": 2, "thumbnails": 1}
    assert record["warnings"] == [w for w in record["warnings"] if "lesson" not in w.lower()]
    assert not any(word in text for word in ("lesson", ".srt", "THM", "vtt"))
    assert all(b"needle" not in path.read_bytes() for path in out.iterdir())


def test_without_neighbours_nothing_is_said(source: Path, tmp_path: Path) -> None:
    ran = avg_blur(source, *QUICK)
    assert (ran.exit_code, ran.stderr) == (0, "")
    record = json.loads((source.parent / "lesson.avg.json").read_text("utf-8"))
    assert record["input"]["neighbours"] == {}


@pytest.mark.skipif(os.name != "posix", reason="other systems refuse such names")
def test_a_neighbour_in_a_batch_is_named_without_steering_the_terminal(source: Path, tmp_path: Path) -> None:
    (source.parent / "lesson.\x1b[31m\x07.srt").write_bytes(b"x")
    ran = avg_blur(source.parent, "-o", tmp_path / "out", *QUICK)
    assert ran.exit_code == 0
    assert r"lesson.\x1b[31m\x07.srt lies beside it and may tell more; it was not copied" in ran.stderr
    assert "\x1b" not in ran.stderr + ran.stdout
    assert "\x07" not in ran.stderr + ran.stdout


def test_the_record_says_what_was_hidden_and_that_the_copy_was_searched(source: Path, tmp_path: Path) -> None:
    from tests.support.clips import ffmpeg

    tagged = tmp_path / "tagged.mp4"
    ffmpeg("-i", source, "-c", "copy", "-metadata", "title=needle-title", "-metadata", "location=+52.1+4.5/", tagged)
    outcome = anonymise(tagged, tmp_path / "c.mp4", settings=Settings(preset="ultrafast", detector="centerface"))
    assert {"location", "tags"} <= set(outcome.record.input.hidden)
    assert {"boxes", "nal-units", "streams", "edit-lists", "unused-bytes"} <= set(outcome.record.output.inspected)
    assert "needle" not in (tmp_path / "c.avg.json").read_text("utf-8")
