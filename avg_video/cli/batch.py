"""Many recordings in one go: a bar for all and one for each in work, and a table at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click

from avg_video.cli.endings import describe
from avg_video.cli.filing import Filing, write_report
from avg_video.cli.progress import FileBar, on_terminal, say_above, take_away, tqdm_bar
from avg_video.cli.stop import StopSign
from avg_video.cli.words import NOT_ANONYMOUS, again_heading, typed
from avg_video.errors import EXIT_INTERRUPTED, EXIT_LOOK, UsageError, printable
from avg_video.language import mark, tr

if TYPE_CHECKING:
    from avg_video.batch import BatchSummary, FileEntry, Job
    from avg_video.pipeline import Settings
    from avg_video.record.model import Record

__all__ = ["BatchBars", "again_lines", "many", "table"]

NAME_WIDTH_MAX = 60
STATES = (mark("done"), mark("look"), mark("skipped"), mark("make-again"), mark("failed"), mark("stopped"))
"""How the work on a file can end; the table says it in the active language."""
REPORT_FILE = "report.html"
REDRAW_S = 1.0
"""How often the clock of the batch goes on while no recording is finished."""


class BatchBars:
    """Bars for a batch; fits `avg_video.batch.BatchProgress`.

    Parameters
    ----------
    total: how many recordings there are.
    jobs_n: how many are made at once; each has a line of its own below that of the batch.
    check: called at every report; may raise to stop the batch.
    show: whether bars are drawn; None is when stderr is a terminal. Warnings and errors are written in any case.
    """

    def __init__(
        self, total: int, jobs_n: int, *, check: Callable[[], None] = lambda: None, show: bool | None = None
    ) -> None:
        self._show = on_terminal(show)
        self._check = check
        self._free = list(range(jobs_n, 0, -1))
        self._bars: dict[Job, tuple[int, FileBar]] = {}
        self._ended: set[Job] = set()
        self._all: Any = None
        if self._show:
            form = tr("{desc}  {n_fmt} done |{bar}| {elapsed} so far, {remaining} left")
            self._all = tqdm_bar(tr("{total} recordings", total=total), total, form=form, smoothing=0)
        self._drawn = time.monotonic()

    def __enter__(self) -> BatchBars:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _, bar in self._bars.values():
            bar.close()
        if self._all is not None:
            take_away(self._all)

    def started(self, job: Job) -> None:
        self._bar(job)

    def stage(self, job: Job, name: str, total_s: float | None) -> None:
        self._bar(job).stage(name, total_s)

    def at(self, job: Job, second: float, pictures: int) -> None:
        self._bar(job).at(second, pictures)

    def warn(self, job: Job, text: str) -> None:
        self._bar(job).warn(text)

    def finished(self, job: Job, entry: FileEntry) -> None:
        """Take the file's bar away, and say at once what went wrong."""
        self._check()
        if job in self._bars:
            slot, bar = self._bars.pop(job)
            bar.close()
            self._free.append(slot)
        if entry.error is not None:
            say_above(f"avg-blur: {entry.error}")
        if self._all is not None:
            self._all.update(1)
            self._all.refresh()

    def tick(self) -> None:
        self._check()
        if self._all is not None and time.monotonic() - self._drawn >= REDRAW_S:
            self._drawn = time.monotonic()
            self._all.refresh()

    def _bar(self, job: Job) -> FileBar:
        """The bar of a job. A job that is tried again after a crash has no more lines than the first time."""
        if job not in self._bars:
            slot = self._free.pop() if self._free else 1
            self._bars[job] = slot, FileBar(job.name, check=self._check, show=self._show, position=slot)
        return self._bars[job][1]


def many(
    stop: StopSign,
    inputs: Sequence[Path],
    out: Path | None,
    settings: Settings,
    *,
    policy: Path | None,
    filing: Filing,
    jobs_n: int,
    as_json: bool,
    quiet: bool,
    neutral: bool = False,
    given: Sequence[str] = (),
) -> int:
    """Make a copy of every recording among `inputs` and below, and say what came of each.

    `given`: the options that were given and hold for a single recording too, as they are typed.

    Raises `UsageError` when there is no folder for the copies, or what `batch.collect` raises.
    """
    from avg_video.batch import BATCH_FILE, collect, run_batch, worker
    from avg_video.policy.document import load_policy

    if out is None:
        raise UsageError(
            tr("several recordings need a folder for the copies"),
            remedy=tr("give one with -o FOLDER"),
            file=inputs[0],
        )
    if policy is not None:
        load_policy(policy)  # one line before anything starts, rather than one for every recording
    found = collect(inputs, out, policy, neutral=neutral)
    with BatchBars(len(found.jobs), jobs_n, check=stop.check, show=False if quiet or as_json else None) as bars:
        summary = run_batch(
            found.jobs,
            worker(settings, jobs_n, filing.office(out)),
            jobs_n=jobs_n,
            progress=bars,
            out=out,
            left_out=found.left_out,
            words=describe,
        )
    records = records_of(summary, out) if filing.report else []
    page = write_report(records, out / REPORT_FILE) if records else None
    if as_json:
        click.echo(summary.model_dump_json())
    elif not quiet:
        click.echo("\n".join(table(summary)))
        click.echo(tr("List: {path}", path=printable(out / BATCH_FILE)))
        if page is not None:
            click.echo(tr("Report: {path}", path=printable(page)))
        if summary.control_number is not None:
            click.echo(tr("Control number of the log: {number}", number=summary.control_number))
    again = again_lines(found.jobs, summary, out, given)
    if again:
        click.echo("\n".join(again), err=as_json or quiet)
    if summary.exit_code == EXIT_INTERRUPTED:
        what = tr("interrupted, nothing half done was left; run the same command again to go on")
        click.echo(f"avg-blur: {what}", err=True)
    return summary.exit_code


def records_of(summary: BatchSummary, out: Path) -> list[Record]:
    """The records of all copies that are there now, in the order of the list."""
    from avg_video.pipeline import record_path_for
    from avg_video.record.store import read_record

    made = [entry for entry in summary.files if entry.status in ("done", "look", "skipped")]
    return [read_record(record_path_for(out / entry.output)) for entry in made]


def again_lines(jobs: Sequence[Job], summary: BatchSummary, out: Path, given: Sequence[str]) -> list[str]:
    """The copies that show somebody who may no longer be shown, each with the command that makes it again."""
    from avg_video.record.log import LOG_NAME

    stale = [job for job, entry in zip(jobs, summary.files, strict=True) if entry.status == "make-again"]
    if not stale:
        return []
    lines = [again_heading(len(stale))]
    for job in stale:
        options = [*given]
        if job.output.parent != out and not {"--log", "--no-log"}.intersection(given):
            options += ["--log", typed(out / LOG_NAME)]  # where the batch has it, and not in the folder below
        command = f"avg-blur {typed(job.source)} -o {typed(job.output)} --overwrite"
        lines += [f"  {printable(job.output)}", f"    {' '.join([command, *options])}"]
    return lines


def table(summary: BatchSummary) -> list[str]:
    """A line for each recording, what was left out and why, and the sum."""
    names = [entry.input for entry in summary.files] + [item.name for item in summary.left_out]
    width = min(max(len(name) for name in names), NAME_WIDTH_MAX)
    wide = max(len(tr(word)) for word in STATES) + 1
    lines = [f"{entry.input:<{width}}  {tr(entry.status):<{wide}}{_clock(entry.seconds):>9}" for entry in summary.files]
    lines += [f"{item.name:<{width}}  {tr('left out: {reason}', reason=item.reason)}" for item in summary.left_out]
    counts = [f"{n} {tr(word)}" for word in STATES if (n := summary.count(word))]
    lines.append(tr("{n} recordings: {counts}", n=len(summary.files), counts=", ".join(counts)))
    if any(entry.exit_code == EXIT_LOOK and entry.status != "make-again" for entry in summary.files):
        lines.append(tr("look: a person must look at the copy before it is used; its record says where and why."))
    if any(entry.status in ("done", "look") for entry in summary.files):
        lines.append(tr(NOT_ANONYMOUS))
    return lines


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"
