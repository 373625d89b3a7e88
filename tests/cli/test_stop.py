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

ENV = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
LINE = "avg-blur: interrupted, nothing half done was left; run the same command again to start over\n"


@pytest.fixture(scope="module")
def long_lesson(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A recording that takes some seconds."""
    return lesson(tmp_path_factory.mktemp("made") / "lesson.mp4", pictures=400).read_bytes()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_stopped_while_writing(long_lesson: bytes, tmp_path: Path, number: signal.Signals) -> None:
    clip = tmp_path / "lesson.mp4"
    clip.write_bytes(long_lesson)
    # The slowest preset, so that writing lasts long enough to be met in the middle.
    args = [sys.executable, "-m", "avg_video", str(clip), "--preset", "veryslow", "--threads", "1"]
    running = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 120
        while names_in(tmp_path) == {"lesson.mp4"}:
            assert running.poll() is None, running.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        running.send_signal(number)
        out, err = running.communicate(timeout=60)
    finally:
        running.kill()
    assert (err, out, running.returncode) == (LINE, "", 130)
    assert names_in(tmp_path) == {"lesson.mp4"}


def catches(pid: int, number: signal.Signals) -> bool:
    """Whether that process has a handler for the signal (proc(5), SigCgt)."""
    status = Path(f"/proc/{pid}/status").read_text()
    mask = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(mask, 16) >> (number - 1) & 1)


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_stopped_before_writing(long_lesson: bytes, tmp_path: Path) -> None:
    clip = tmp_path / "lesson.mp4"
    clip.write_bytes(long_lesson)
    running = subprocess.Popen(
        [sys.executable, "-m", "avg_video", str(clip)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        while not catches(running.pid, signal.SIGTERM):  # before that, the interpreter itself is still starting
            assert running.poll() is None, running.communicate()
            time.sleep(0.02)
        time.sleep(0.5)
        running.send_signal(signal.SIGTERM)
        out, err = running.communicate(timeout=60)
    finally:
        running.kill()
    assert (err, out, running.returncode) == (LINE, "", 130)
    assert names_in(tmp_path) == {"lesson.mp4"}


INSIDE = """
import sys
from avg_video.cli import main
from avg_video.cli.progress import FileBar

def stage(bar, name, total_s):
    {what}

FileBar.stage = stage
main()
"""


def stopped_inside(folder: Path, what: str) -> tuple[str, str, int]:
    """Run the program on lesson.mp4 with `what` in place of its first report: stderr, stdout and exit code."""
    (folder / "stopped_inside.py").write_text(INSIDE.format(what=what))
    command = [sys.executable, "-m", "stopped_inside", "lesson.mp4"]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False, env=ENV)
    return ended.stderr, ended.stdout, ended.returncode


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_stopped_inside_code_run_from_text(long_lesson: bytes, tmp_path: Path, name: str) -> None:
    """As dataclasses and named tuples run it while modules are loaded."""
    (tmp_path / "lesson.mp4").write_bytes(long_lesson)
    what = f"exec('import os, signal; os.kill(os.getpid(), signal.{name}); [None for _ in range(1000)]')"
    assert stopped_inside(tmp_path, what) == (LINE, "", 130)


def test_stopped_inside_a_library_that_makes_an_error_of_it(long_lesson: bytes, tmp_path: Path) -> None:
    (tmp_path / "lesson.mp4").write_bytes(long_lesson)
    what = """
    import os, signal
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        [None for _ in range(1000)]
    except KeyboardInterrupt:
        raise ImportError("initialization failed") from None
"""
    assert stopped_inside(tmp_path, what) == (LINE, "", 130)


def test_stopped_inside_a_destructor(long_lesson: bytes, tmp_path: Path) -> None:
    """Python can't raise there, and would print a traceback; the next report of progress raises."""
    (tmp_path / "lesson.mp4").write_bytes(long_lesson)
    what = """
    class Thing:
        def __del__(self):
            import os, signal
            os.kill(os.getpid(), signal.SIGTERM)
            [None for _ in range(1000)]
    thing = Thing()
    del thing
"""
    assert stopped_inside(tmp_path, what) == (LINE, "", 130)
