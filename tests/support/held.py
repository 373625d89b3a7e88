"""The program, held in the middle of its work, so that no test has to be quick to meet it there.

`HELD=making:FILE python -m tests.support.held ARGS` is `avg-blur ARGS`, but at the third picture of that stage FILE
appears, and the same picture is reported again and again until FILE is taken away. All other threads go on.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from avg_video import pipeline
from avg_video.cli import main

THIRD = 3
_stage, _, _file = os.environ["HELD"].partition(":")
_search, _write = pipeline.search, pipeline._write

Report = Callable[[float, int], None]


def _held(report: Report) -> Report:
    def at(second: float, pictures: int) -> None:
        report(second, pictures)
        if pictures == THIRD:
            Path(_file).touch()
            while Path(_file).exists():
                report(second, pictures)
                time.sleep(0.01)

    return at


def _searching(*args: Any, at: Report, **named: Any) -> Any:
    return _search(*args, at=_held(at), **named)


def _writing(job: Any, *args: Any) -> Any:
    class Held:
        def __getattr__(self, name: str) -> Any:
            return _held(progress.at) if name == "at" else getattr(progress, name)

    progress, job.progress = job.progress, Held()
    try:
        return _write(job, *args)
    finally:
        job.progress = progress


# Not only where this is the program itself, but also in the processes that a batch starts.
if _stage == "looking":
    pipeline.search = _searching
else:
    pipeline._write = _writing

if __name__ == "__main__":
    main(prog_name="avg-blur")
