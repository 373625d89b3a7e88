"""Runs a program and says how long it took and how much memory it used."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

OURS = (sys.executable, "-m", "avg_video")
"""The program itself, as `avg-blur` starts it, with the Python that runs the benchmark."""


@dataclass(frozen=True)
class Run:
    """One finished run.

    Attributes
    ----------
    wall_s: seconds from start to end, loading included.
    peak_bytes: the most resident memory of its largest process; None where the system does not tell (Windows).
    output: what it wrote to stdout.
    exit_code: as it ended; 0 or one of those that were allowed.
    """

    wall_s: float
    peak_bytes: int | None
    output: str
    exit_code: int


def run(command: Sequence[str | Path], allowed: Sequence[int] = (0,)) -> Run:
    """Run `command` to its end.

    Raises `RuntimeError`, with the last lines of its stderr, when it ends with another exit code than those allowed.
    """
    words = [str(word) for word in command]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.perf_counter()
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        peak: int | None = None
        if hasattr(os, "wait4"):
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        else:
            process.wait()
        wall_s = time.perf_counter() - started
        out.seek(0)
        err.seek(0)
        text, trouble = (f.read().decode("utf-8", "replace") for f in (out, err))
    if process.returncode not in allowed:
        last = "\n".join(trouble.replace("\r", "\n").splitlines()[-5:])
        raise RuntimeError(f"{shlex.join(words)} ended with {process.returncode}:\n{last}")
    return Run(wall_s, peak, text, process.returncode)


def make_copy(clip: Path, output: Path, options: Sequence[str] = ()) -> Run:
    """Run the real program on `clip`. It may end with 3: done, but a person must look."""
    return run([*OURS, clip, "-o", output, "--overwrite", *options], allowed=(0, 3))
