"""Folders through the real command: the tree is kept, failures don't stop it, what is done is skipped, bars add up."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from avg_video import read_record
from avg_video.batch import FileEntry, Job
from avg_video.batch.summary import read_batch
from avg_video.cli.batch import BatchBars
from tests.cli.helpers import avg_blur, lesson, names_in
from tests.hostile.program import environment
from tests.support.waiting import PATIENCE_S, until


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return lesson(tmp_path_factory.mktemp("made") / "lesson.mp4").read_bytes()


@pytest.fixture
def school(made: bytes, tmp_path: Path) -> Path:
    """A folder with two recordings, one of them damaged, and notes."""
    folder = tmp_path / "school"
    (folder / "3b").mkdir(parents=True)
    (folder / "3b" / "les1.mp4").write_bytes(made)
    (folder / "broken.mp4").write_bytes(made[:2000])
    (folder / "notes.txt").write_text("notes")
    return folder


def test_a_folder_then_once_more(school: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ran = avg_blur(school, "-o", out)
    lines = ran.stdout.splitlines()
    assert ran.exit_code == 1
    assert ran.stderr == (
        "avg-blur: broken.mp4: its index or its content is missing or damaged; "
        "copy it from the camera again, or repair it with another program first\n"
    )
    assert re.fullmatch(r"broken\.mp4   failed       0:\d\d:\d\d", lines[0])
    assert re.fullmatch(r"3b/les1\.mp4  done         0:\d\d:\d\d", lines[1])
    assert lines[2:] == [
        "notes.txt    left out: not a recording",
        "2 recordings: 1 done, 1 failed",
        "De-identified, not anonymous: posture, clothes, text in view and the room can still tell who is who.",
        "Watch the copy once before you pass it on.",
        f"List: {out / 'batch.json'}",
        f"Control number of the log: {read_batch(out / 'batch.json').control_number}",
    ]
    assert names_in(out) == {"3b", "3b/les1.avg.mp4", "3b/les1.avg.json", "batch.json", "avg-log.jsonl"}
    (school / "broken.mp4").unlink()
    again = avg_blur(school, "-o", out, "--json")
    assert (again.exit_code, again.stderr) == (0, "")
    assert [entry["status"] for entry in json.loads(again.stdout)["files"]] == ["skipped"]


def test_several_files_quietly_with_a_policy(made: bytes, tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / name).write_bytes(made)
    policy = tmp_path / "rules.toml"
    policy.write_text('[[show]]\nwho = "teacher"\nat = { t = 0.0, x = 0.28, y = 0.46 }\n')
    args = [tmp_path / "a.mp4", tmp_path / "b.mp4", "-o", tmp_path / "out", "-q", "--policy", policy]
    ran = avg_blur(*args)
    assert (ran.exit_code, ran.stdout, ran.stderr) == (0, "", "")
    assert [read_record(tmp_path / "out" / f"{name}.avg.json").shown for name in "ab"] == [1, 1]


def test_two_inputs_for_one_output(made: bytes, tmp_path: Path) -> None:
    for name in ("les.mp4", "les.mov"):
        (tmp_path / name).write_bytes(made)
    ran = avg_blur(tmp_path, "-o", tmp_path / "out")
    there = tmp_path / "out" / "les.avg.mp4"
    assert ran.stderr == (
        f"avg-blur: {tmp_path / 'les.mp4'}: {tmp_path / 'les.mov'} would be written to the same place, {there}; "
        "rename one of the two, or make them in two runs\n"
    )
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert names_in(tmp_path) == {"les.mp4", "les.mov"}


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_stopped(tmp_path: Path) -> None:
    source, out, mark = tmp_path / "in", tmp_path / "out", tmp_path / "mark"
    source.mkdir()
    clip = lesson(source / "a.mp4")
    (source / "b.mp4").write_bytes(clip.read_bytes())
    args = [sys.executable, "-m", "tests.support.held", str(source), "-o", str(out), "--threads", "1"]
    held = environment(HELD=f"making:{mark}")
    running = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=held)
    try:
        until(lambda: mark.exists() or running.poll() is not None)
        assert running.poll() is None, running.communicate()
        assert any(name.endswith(".part") for name in names_in(out))
        running.send_signal(signal.SIGTERM)
        said, err = running.communicate(timeout=PATIENCE_S)
    finally:
        running.kill()
    assert running.returncode == 130
    assert err == "avg-blur: interrupted, nothing half done was left; run the same command again to go on\n"
    assert "2 recordings: 2 stopped\n" in said
    assert names_in(out) == {"batch.json"}


def test_bars(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    jobs = [Job(tmp_path / f"{name}.mp4", tmp_path / f"{name}.avg.mp4", f"{name}.mp4") for name in "abc"]
    with BatchBars(3, 2, show=True) as bars:
        for job in jobs[:2]:
            bars.started(job)
            bars.stage(job, "looking", 10.0)
            bars.at(job, 5.0, 100)
        bars.warn(jobs[0], "the picture shakes")
        bars.finished(
            jobs[0], FileEntry(input="a.mp4", output="a", status="failed", exit_code=1, error="a.mp4: bad; go")
        )
        bars.stage(jobs[2], "making", 10.0)
        bars.tick()
    err = capfd.readouterr().err
    assert "3 recordings  0 done |" in err
    assert "3 recordings  1 done |" in err
    assert "avg-blur: a.mp4: the picture shakes\n" in err
    assert "avg-blur: a.mp4: bad; go\n" in err
    assert "\n\n\n" not in err, "the third recording takes the line of the first"


def test_no_bars_off_a_terminal(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    job = Job(tmp_path / "a.mp4", tmp_path / "a.avg.mp4", "a.mp4")
    with BatchBars(1, 1) as bars:
        bars.stage(job, "looking", 10.0)
        bars.tick()
        bars.finished(job, FileEntry(input="a.mp4", output="a", status="done", exit_code=0))
    assert capfd.readouterr() == ("", "")
