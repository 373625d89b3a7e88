"""Killed at any moment, the program leaves nothing wrong under a final name, and the next run completes the work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from avg_video.papers.office import Office
from avg_video.pipeline import Settings, anonymise, default_output
from avg_video.record.keys import private_key_path, public_key_path
from avg_video.record.log import LOG_NAME
from avg_video.register.database import default_register, open_register
from benchmarks.kills import look_at, look_at_papers, make_lessons

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills are those of POSIX")

ROOT = Path(__file__).parent.parent.parent


def kills(what: str) -> dict[str, Any]:
    """What was found after kills, made in a process of its own, since it forks."""
    command = [sys.executable, "-m", "tests.hostile.killing", what]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1800, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.mark.slow
@pytest.mark.parametrize("disk", ["steps", "steps without hard links"])
def test_at_every_step_on_the_disk(disk: str) -> None:
    found = kills(disk)
    assert found["faults"] == []
    # Two files made, synced, named and their folder synced; before that the key, the log and every statement of SQLite.
    assert found["killed"] >= 60
    assert found["lines_without_copy"] > 0  # killed after the line and before the name


@pytest.mark.slow
def test_at_random_moments_of_a_batch() -> None:
    found = kills("batch")
    assert found["faults"] == []
    assert found["killed"] == 2


def test_the_check_sees_a_copy_that_is_wrong(tmp_path: Path) -> None:
    lesson = make_lessons(tmp_path, 1) / "lesson0.mp4"
    output = default_output(lesson)
    anonymise(lesson, output, settings=Settings(detector="centerface", threads=1, preset="ultrafast"))
    lesson.unlink()
    assert look_at(tmp_path) == (1, 0, [])
    part = tmp_path / "in" / f".avg-blur-{'0' * 16}.part"
    part.touch(0o644)
    assert look_at(tmp_path) == (1, 1, [f"{part.name} can be read by others"])
    part.unlink()
    whole = output.read_bytes()
    output.write_bytes(whole[:-100])
    assert look_at(tmp_path)[0] == 0
    assert any("hash" in fault for fault in look_at(tmp_path)[2])
    output.write_bytes(whole)
    output.with_name("lesson0.avg.json").unlink()
    assert look_at(tmp_path)[2] == ["lesson0.avg.mp4: no record: there is no such record"]


def test_the_check_sees_papers_that_are_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVG_BLUR_DATA", str(tmp_path / "data"))
    lesson = make_lessons(tmp_path, 1) / "lesson0.mp4"
    output, log, register = default_output(lesson), lesson.with_name(LOG_NAME), default_register()
    settings = Settings(detector="centerface", threads=1, preset="ultrafast", overwrite=True)
    for _ in range(2):
        anonymise(lesson, output, settings=settings, office=Office(log=log, register=register))
    assert look_at_papers(lesson.parent) == []
    whole = log.read_bytes()
    first, second, _ = whole.split(b"\n")
    log.write_bytes(first + b"\n")
    assert look_at_papers(lesson.parent) == [f"{LOG_NAME}: no line is about {output.name} with its record"]
    log.write_bytes(first + b"\n" + second[:100])
    assert "broke off" in look_at_papers(lesson.parent)[0]
    assert not any("broke off" in fault for fault in look_at_papers(lesson.parent, killed=True))
    log.write_bytes(second + b"\n")
    assert "lines were taken out" in look_at_papers(lesson.parent, killed=True)[0]
    log.unlink()
    assert look_at_papers(lesson.parent, killed=True) == [f"{LOG_NAME} is missing"]
    log.write_bytes(whole)
    log.chmod(0o600)
    with open_register(register) as opened, opened.changing() as db:
        db.execute("UPDATE output SET sha256 = ?", ("0" * 64,))
    assert look_at_papers(lesson.parent, killed=True) == [f"register: no row of {output.name}"]
    private_key_path().write_bytes(private_key_path().read_bytes()[:60])
    public_key_path().unlink()
    assert "the key is only half there" in look_at_papers(lesson.parent, killed=True)
