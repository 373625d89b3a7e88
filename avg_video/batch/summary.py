"""What came of a batch, and `batch.json`, which keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from avg_video.batch.collect import Job, LeftOut
from avg_video.errors import EXIT_DONE, EXIT_FAILED, EXIT_INTERRUPTED, EXIT_LOOK, EXIT_USAGE, UsageError, printable
from avg_video.language import cause_of, tr
from avg_video.media.private import write_private
from avg_video.record.codes import read_control_number

__all__ = ["BATCH_FILE", "BatchSummary", "FileEntry", "JobResult", "LeftOutEntry", "read_batch", "worst", "write_batch"]

BATCH_FILE = "batch.json"
SCHEMA_VERSION: Final = 2

BAD_TO_GOOD = (EXIT_INTERRUPTED, EXIT_FAILED, EXIT_USAGE, EXIT_LOOK, EXIT_DONE)
"""An interrupted batch says nothing about the rest. A failure is worse than a request that was refused, which is worse
than a copy that exists and needs a look."""

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class JobResult(_Entry):
    """What the work on one recording returns when it did not fail."""

    status: Literal["done", "look", "skipped", "make-again"]
    """skipped: the copy was there already, from the same recording with the same settings. make-again: a copy is there
    that shows somebody who may no longer be shown, and was not touched."""
    exit_code: Literal[0, 3]
    note: str | None = None
    control_number: str | None = None


class FileEntry(_Entry):
    """One recording of the batch."""

    input: str
    """Its place in the folder that was named, with forward slashes."""
    output: str
    """Where its copy is, below the output folder; without such a folder, the copy's name."""
    status: Literal["done", "look", "skipped", "make-again", "failed", "stopped"]
    """done: made and checked. look: made, and a person must look at it. skipped: it was there already, from the same
    recording with the same settings. make-again: a copy is there that shows somebody who may no longer be shown; it was
    not touched. failed: see `error`. stopped: the batch was interrupted before it was made."""
    exit_code: Literal[0, 1, 2, 3, 130]
    """What `avg-blur` on this file alone would have ended with."""
    error: str | None = None
    """The one line that says what went wrong and what to do."""
    note: str | None = None
    """Something else worth knowing."""
    seconds: Seconds = 0.0
    """How long it took."""
    control_number: str | None = None
    """That of its line in the signed log; null where there is none, or when nothing was made now."""


class LeftOutEntry(_Entry):
    """Something in a folder that was not made."""

    name: str
    reason: str
    problem: bool = False
    """True when it may hold recordings that could not be seen."""


class BatchSummary(_Entry):
    """What came of a batch. It names files, relative to the folders that were named: keep it as private as those."""

    schema_version: Literal[2] = SCHEMA_VERSION
    started: AwareDatetime
    """UTC."""
    finished: AwareDatetime
    """UTC."""
    exit_code: Literal[0, 1, 2, 3, 130]
    """The worst of all files, in the order 130, 1, 2, 3, 0."""
    files: tuple[FileEntry, ...]
    left_out: tuple[LeftOutEntry, ...]

    @property
    def control_number(self) -> str | None:
        """That of the last line which this batch added to the log; None when it added none."""
        numbers = [entry.control_number for entry in self.files if entry.control_number is not None]
        return max(numbers, key=lambda number: read_control_number(number) or (0, ""), default=None)

    @property
    def interrupted(self) -> bool:
        """Whether the batch was stopped before its end."""
        return self.exit_code == EXIT_INTERRUPTED

    def count(self, status: str) -> int:
        """How many files ended so."""
        return sum(entry.status == status for entry in self.files)


def worst(codes: Sequence[int]) -> int:
    """The worst exit code of all: 130, then 1, 2, 3, 0; 0 of none."""
    return min(codes, key=BAD_TO_GOOD.index, default=EXIT_DONE)


def summarise(started: datetime, files: Sequence[FileEntry], left_out: Sequence[LeftOut]) -> BatchSummary:
    """All of it together; a folder that could not be read counts as a failure."""
    problems = [EXIT_FAILED for item in left_out if item.problem]
    return BatchSummary.model_validate(
        {
            "started": started,
            "finished": datetime.now(UTC),
            "exit_code": worst([entry.exit_code for entry in files] + problems),
            "files": tuple(files),
            "left_out": tuple(
                LeftOutEntry(name=printable(item.name), reason=item.reason, problem=item.problem) for item in left_out
            ),
        }
    )


def entry_for(job: Job, out: Path | None, **values: object) -> FileEntry:
    """The entry of a job; names are made printable, since a name on disk need not be text."""
    output = job.output.name if out is None else job.output.relative_to(out).as_posix()
    return FileEntry.model_validate({"input": printable(job.name), "output": printable(output), **values})


def write_batch(summary: BatchSummary, out: Path) -> Path:
    """Write `batch.json` into the folder `out`, whole or not at all, mode 0600, replacing an older one.

    Raises `OutputError` when the folder or the disk refuses.
    """
    path = out / BATCH_FILE
    write_private(path, (summary.model_dump_json(indent=2) + "\n").encode("utf-8"))
    return path


def read_batch(path: Path) -> BatchSummary:
    """What `write_batch` wrote. Raises `UsageError` for anything else."""
    try:
        return BatchSummary.model_validate_json(path.read_bytes())
    except OSError as error:
        why = cause_of(error) or type(error).__name__
        raise UsageError(tr("it can't be read ({why})", why=why), remedy=tr("check the name"), file=path) from error
    except ValidationError as error:
        raise UsageError(tr("it is not the list of a batch"), remedy=tr("run the batch again"), file=path) from error
