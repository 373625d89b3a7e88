"""The bench: real figures of a real run, nothing left behind, errors as they are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from avg_video import InputError, Settings
from avg_video.bench import measure, peak_memory_bytes
from tests.cli.helpers import avg_blur, lesson, names_in


@pytest.fixture
def private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary folder of this test, in which the bench works."""
    folder = tmp_path / "private"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


class Told:
    """Notes what is reported."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stages: list[str] = []
        self.modes: set[int] = set()

    def stage(self, name: str, total_s: float | None) -> None:
        self.stages.append(name)
        self.modes |= {path.stat().st_mode & 0o777 for path in self.folder.glob("avg-blur-bench-*")}

    def at(self, second: float, pictures: int) -> None:
        assert pictures > 0

    def warn(self, text: str) -> None:
        raise AssertionError(text)


def test_figures_of_a_real_run(tmp_path: Path, private: Path) -> None:
    clip = lesson(tmp_path / "lesson.mp4", pictures=50)
    told = Told(private)
    result = measure(clip, Settings(threads=1), told)
    assert (result.pictures, result.size_wh, result.encoder) == (50, (320, 240), "libx264")
    assert result.film_s == pytest.approx(2.0)
    assert told.stages == ["looking", "making", "checking", "reading", "plain"]
    assert set(result.stage_s) == {"looking", "making", "checking"}
    assert 0 < sum(result.stage_s.values()) <= result.whole_s
    assert result.ratio == pytest.approx(result.whole_s / result.transcode_s)
    assert 0 < result.decode_s < result.whole_s
    assert result.ratio > 0.1, "the job encodes too, and does more; on a quiet computer it is above 1"
    assert 50 * 2**20 < result.peak_bytes < 2**32
    assert names_in(private) == set()
    assert names_in(tmp_path) == {"lesson.mp4", "private"}
    if os.name == "posix":
        assert told.modes == {0o700}


def test_an_error_of_the_job_arrives_whole(tmp_path: Path, private: Path) -> None:
    path = tmp_path / "notes.mp4"
    path.write_text("no recording")
    with pytest.raises(InputError) as caught:
        measure(path, Settings())
    assert caught.value.file == path
    assert names_in(private) == set()


@pytest.mark.slow
def test_the_command(tmp_path: Path, private: Path) -> None:
    clip = lesson(tmp_path / "lesson.mp4")
    ran = avg_blur("bench", clip, "--json")
    figures = json.loads(ran.stdout)
    assert ran.exit_code == 0
    assert figures["pictures"] == 12
    assert figures["whole_fps"] == pytest.approx(12 / figures["whole_s"])
    assert set(figures["stage_fps"]) == set(figures["stage_s"])


def test_peak_memory_is_that_of_the_process_itself() -> None:
    # A parent that has held much must not show in its child: on Linux ru_maxrss would.
    held = bytearray(300 * 2**20)
    held[::4096] = b"x" * len(held[::4096])
    code = "from avg_video.bench import peak_memory_bytes as p; a = p(); b = bytearray(100 << 20); print(a, p())"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, after = map(int, run.stdout.split())
    assert before < 200 * 2**20
    assert after - before > 90 * 2**20
    assert peak_memory_bytes() > 300 * 2**20
