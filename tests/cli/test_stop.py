"""Ctrl-C and the system asking to stop, in the middle of a real run: no output, no temporary file, one line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.helpers import lesson, names_in

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")

LINE = "avg-blur: interrupted, nothing half done was left; run the same command again to start over\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_stopped_while_writing(tmp_path: Path, number: signal.Signals) -> None:
    clip = lesson(tmp_path / "lesson.mp4", pictures=1500)
    # The slowest preset, so that writing lasts long enough to be met in the middle.
    args = [sys.executable, "-m", "avg_video", str(clip), "--preset", "veryslow", "--threads", "1"]
    running = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 60
        while names_in(tmp_path) == {"lesson.mp4"}:
            assert running.poll() is None, running.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        running.send_signal(number)
        out, err = running.communicate(timeout=20)
    finally:
        running.kill()
    assert (err, out, running.returncode) == (LINE, "", 130)
    assert names_in(tmp_path) == {"lesson.mp4"}


def test_stopped_while_looking(tmp_path: Path) -> None:
    clip = lesson(tmp_path / "lesson.mp4", pictures=1500)
    running = subprocess.Popen(
        [sys.executable, "-m", "avg_video", str(clip)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        time.sleep(2.0)
        running.send_signal(signal.SIGTERM)
        out, err = running.communicate(timeout=20)
    finally:
        running.kill()
    assert (err, out, running.returncode) == (LINE, "", 130)
    assert names_in(tmp_path) == {"lesson.mp4"}
