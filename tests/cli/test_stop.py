"""Ctrl-C and the system asking to stop, in the middle of a real run: no output, no temporary file, one line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.helpers import lesson, names_in
from tests.hostile.program import environment
from tests.support.waiting import PATIENCE_S, until

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")

LINE = "avg-blur: interrupted, nothing half done was left; run the same command again to start over\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return lesson(tmp_path_factory.mktemp("made") / "lesson.mp4").read_bytes()


@pytest.mark.parametrize("stage", ["looking", "making"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_stopped_in_the_middle(made: bytes, tmp_path: Path, stage: str, number: signal.Signals) -> None:
    work, mark = tmp_path / "work", tmp_path / "mark"
    work.mkdir()
    (work / "lesson.mp4").write_bytes(made)
    args = [sys.executable, "-m", "tests.support.held", str(work / "lesson.mp4"), "--threads", "1"]
    held = environment(HELD=f"{stage}:{mark}")
    running = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=held)
    try:
        until(lambda: mark.exists() or running.poll() is not None)
        assert running.poll() is None, running.communicate()
        if stage == "making":
            assert [name for name in names_in(work) if name.endswith(".part")]
        running.send_signal(number)
        out, err = running.communicate(timeout=PATIENCE_S)
    finally:
        running.kill()
    assert (err, out, running.returncode) == (LINE, "", 130)
    assert names_in(work) == {"lesson.mp4"}


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
    ended = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S, check=False, env=environment()
    )
    return ended.stderr, ended.stdout, ended.returncode


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_stopped_inside_code_run_from_text(made: bytes, tmp_path: Path, name: str) -> None:
    """As dataclasses and named tuples run it while modules are loaded."""
    (tmp_path / "lesson.mp4").write_bytes(made)
    what = f"exec('import os, signal; os.kill(os.getpid(), signal.{name}); [None for _ in range(1000)]')"
    assert stopped_inside(tmp_path, what) == (LINE, "", 130)


def test_stopped_inside_a_library_that_makes_an_error_of_it(made: bytes, tmp_path: Path) -> None:
    (tmp_path / "lesson.mp4").write_bytes(made)
    what = """
    import os, signal
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        [None for _ in range(1000)]
    except KeyboardInterrupt:
        raise ImportError("initialization failed") from None
"""
    assert stopped_inside(tmp_path, what) == (LINE, "", 130)


def test_stopped_inside_a_destructor(made: bytes, tmp_path: Path) -> None:
    """Python can't raise there, and would print a traceback; the next report of progress raises."""
    (tmp_path / "lesson.mp4").write_bytes(made)
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
