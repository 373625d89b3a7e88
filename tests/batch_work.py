"""Work for the tests of the batch: copies a file and checks the copy, or misbehaves as the file says."""

from __future__ import annotations

import os
import time
from pathlib import Path

from avg_video.batch import Job, JobResult
from avg_video.errors import CheckFailed, DamagedInput
from avg_video.media.temporary import PrivateTemporary
from avg_video.pipeline import Progress
from avg_video.record.hashes import sha256_file
from tests.support.waiting import PATIENCE_S


def copy(job: Job, progress: Progress) -> JobResult:
    """Copy through a private temporary file; what the source begins with says what goes wrong on the way."""
    text = job.source.read_text()
    progress.stage("looking", 2.0)
    progress.at(1.0, 25)
    with PrivateTemporary(job.output) as temporary:
        temporary.path.write_text(text)
        if text.startswith("damaged"):
            raise DamagedInput("it breaks off", remedy="copy it again", file=job.source)
        if text.startswith("fault"):
            raise ZeroDivisionError("oh\ndear")
        if text.startswith("crash"):
            os._exit(9)
        if text.startswith("slow"):
            _take_time(job, progress)
        if text.startswith("deaf"):
            _mark(job)
            time.sleep(2 * PATIENCE_S)
        if sha256_file(temporary.path) != sha256_file(job.source):
            raise CheckFailed("the copy differs", remedy="try again", file=job.output)
        temporary.publish()
    progress.warn(f"copied by process {os.getpid()}")
    if text.startswith("look"):
        return JobResult(status="look", exit_code=3)
    return JobResult(status="done", exit_code=0)


def _take_time(job: Job, progress: Progress) -> None:
    _mark(job)
    until = time.monotonic() + 2 * PATIENCE_S
    i = 0
    while time.monotonic() < until:
        progress.at(i / 25, i)
        time.sleep(0.01)
        i += 1
    raise TimeoutError("nobody has stopped it")


def _mark(job: Job) -> None:
    """Say that the work is under way, and in which process."""
    job.source.with_suffix(".pid").write_text(str(os.getpid()))


def marks(top: Path) -> list[int]:
    """The processes that said so."""
    return [int(path.read_text()) for path in sorted(top.rglob("*.pid")) if path.read_text()]
