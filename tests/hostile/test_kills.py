"""Killed at any moment, the program leaves nothing wrong under a final name, and the next run completes the work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from avg_video.pipeline import Settings, anonymise, default_output
from benchmarks.kills import look_at, make_lessons

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills are those of POSIX")

ROOT = Path(__file__).parent.parent.parent


def kills(*words: str) -> dict[str, Any]:
    """What `benchmarks.kills` found, in a process of its own, since it forks."""
    command = [sys.executable, "-m", "benchmarks.kills", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.mark.slow
def test_at_every_step_on_the_disk() -> None:
    found = kills("--times", "0")
    assert found["faults"] == []
    assert found["steps_killed"] >= 10  # two files made, synced, named and their folder synced


@pytest.mark.slow
def test_at_random_moments_of_a_batch() -> None:
    found = kills("--times", "2")
    assert found["faults"] == []
    assert found["batches_killed"] == 2


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
