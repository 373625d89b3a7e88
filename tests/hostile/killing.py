"""Kills of `benchmarks.kills`, in a process of its own since it forks: `python -m tests.hostile.killing steps|batch`.

What has nothing to do with the disk is loaded once, before the process forks, and not again by each of the hundreds
that are killed.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import onnxruntime  # noqa: F401 -- loaded before the fork
from securesystemslib.signer import CryptoSigner  # noqa: F401 -- loaded before the fork

from avg_video import pipeline
from avg_video.detect.detector import load_detector
from avg_video.media.folders import DATA_VARIABLE
from benchmarks import kills
from benchmarks.kills import Kill, kill_a_batch, kill_at_steps, make_lessons


def _steps(folder: Path, *, links: bool) -> Iterator[Kill]:
    lessons = make_lessons(folder, 1)
    detector = load_detector("centerface", threads=1)  # one thread, so that it starts none that a fork would lose
    pipeline.load_detector = lambda name, *, threads=0: detector
    return kill_at_steps(lessons / "lesson0.mp4", links=links)


def _batches(folder: Path, times: int) -> Iterator[Kill]:
    lessons = make_lessons(folder)
    kills.LIMIT_S = 1000.0  # however busy this computer is
    for seed in range(times):
        yield kill_a_batch(lessons, folder / "out", seed)


def main(what: str) -> None:
    """Kill, and write what was found as JSON."""
    with tempfile.TemporaryDirectory(prefix="kills-") as top:
        folder = Path(top)
        os.environ[DATA_VARIABLE] = str(folder / "data")
        made = list(_batches(folder, 2) if what == "batch" else _steps(folder, links=what == "steps"))
        shutil.rmtree(folder / "data", ignore_errors=True)
    found = {
        "killed": len(made) if what == "batch" else len(made) - 1,  # the last step comes through
        "lines_without_copy": sum(kill.spare for kill in made),
        "faults": [f"{kill.when}: {fault}" for kill in made for fault in kill.faults],
    }
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
