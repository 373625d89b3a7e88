"""A decoder that never comes back: the program ends with one line, exit 1 and nothing left behind."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import pytest

from avg_video.media import watch
from avg_video.media.watch import watched, when_stalled
from tests.cli.helpers import lesson
from tests.hostile.program import environment, names_in
from tests.support.waiting import PATIENCE_S, until

STUCK = '''
import os, sys, time
from avg_video.media import limits
limits.STALL_S = 3.0
from avg_video.media.decoding import Decoding
from avg_video.media.watch import watched

whole = Decoding._called

def stuck(self, packet):
    """As FFmpeg in a circle: no return, no exception, and Python can go on elsewhere."""
    if self.file.name.startswith("stuck") and self.pictures >= int(os.environ["STUCK_AT"]):
        with watched(self.file):
            time.sleep(600)
    return whole(self, packet)

Decoding._called = stuck
if __name__ == "__main__":
    from avg_video.cli import main
    main(prog_name="avg-blur")
'''

LINE = "reading it gave nothing for 3 s; copy it to this computer again, or convert it with another program first"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return lesson(tmp_path_factory.mktemp("made") / "lesson.mp4", pictures=8).read_bytes()


def program(folder: Path, *args: str, at: int) -> subprocess.CompletedProcess[str]:
    code = folder.parent / "program.py"
    code.write_text(STUCK)
    return subprocess.run(
        [sys.executable, str(code), "--preset", "ultrafast", "--threads", "1", *args],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
        cwd=folder,
        env=environment(STUCK_AT=str(at)),
    )


@pytest.mark.parametrize("at", [0, 4], ids=["main thread", "thread of a stage"])
def test_one_recording(tmp_path: Path, made: bytes, at: int) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "stuck.mp4").write_bytes(made)
    ran = program(folder, "stuck.mp4", at=at)
    assert ran.stderr == f"avg-blur: stuck.mp4: {LINE}\n"
    assert (ran.returncode, ran.stdout) == (1, "")
    assert names_in(folder) == {"stuck.mp4"}


@pytest.mark.slow
def test_a_batch_goes_on(tmp_path: Path, made: bytes) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.mp4", "stuck.mp4", "z.mp4"):
        (folder / name).write_bytes(made)
    ran = program(folder, ".", "-o", "out", at=4)
    assert ran.returncode == 1
    assert ran.stderr.count(f"stuck.mp4: {LINE}\n") == 1
    files = json.loads((folder / "out" / "batch.json").read_text())["files"]
    assert [(entry["input"], entry["status"]) for entry in files] == [
        ("a.mp4", "done"),
        ("stuck.mp4", "failed"),
        ("z.mp4", "done"),
    ]
    assert not [name for name in names_in(folder) if name.endswith(".part")]


class Ticks(threading.Event):
    """Stands in for the event that the watch waits on between two looks: it looks when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self._due, self._idle = threading.Semaphore(0), threading.Semaphore(0)

    def wait(self, timeout: float | None = None) -> bool:
        self._idle.release()
        assert self._due.acquire(timeout=PATIENCE_S)
        return self.is_set()

    def set(self) -> None:
        super().set()
        self._due.release()

    def tick(self) -> None:
        """Let it look once, and return when it has."""
        assert self._idle.acquire(timeout=PATIENCE_S)
        self._due.release()
        assert self._idle.acquire(timeout=PATIENCE_S)
        self._idle.release()

    def last(self) -> None:
        """Let it look, without waiting for it."""
        self._due.release()


def test_short_calls_are_let_be_and_long_ones_are_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Path] = []
    ticks = Ticks()
    monkeypatch.setattr(
        watch, "threading", SimpleNamespace(Event=lambda: ticks, Thread=Thread, get_ident=threading.get_ident)
    )
    with when_stalled(told.append, after_s=2.0):
        for _ in range(30):
            with watched(Path("quick.mp4")):
                ticks.tick()
                ticks.tick()
        assert told == []
        with watched(Path("slow.mp4")):
            ticks.tick()
            ticks.tick()
            assert told == []
            ticks.last()
            until(lambda: told)
    assert told == [Path("slow.mp4")]
