"""Carries a batch through: keeps everyone busy, goes on after failures and crashes, stops cleanly, sums up."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Protocol

from avg_video.batch.collect import Job, LeftOut
from avg_video.batch.crew import STOP_S, Crew, Describe, Ended, HiredCrew, LocalCrew, Work, describe
from avg_video.batch.summary import BatchSummary, FileEntry, entry_for, summarise, write_batch
from avg_video.errors import EXIT_FAILED, EXIT_INTERRUPTED, printable
from avg_video.language import tr
from avg_video.media.temporary import remove_stale

__all__ = ["BatchProgress", "run_batch"]

TICK_S = 0.1
LAST_WORDS_S = 1.0
"""How long to wait for the last reports of a job that has ended; they travel beside its result."""


class BatchProgress(Protocol):
    """Told how a batch goes, always in the thread that called `run_batch`. May raise `KeyboardInterrupt` to stop it."""

    def started(self, job: Job) -> None:
        """The work on a file begins."""

    def stage(self, job: Job, name: str, total_s: float | None) -> None:
        """As of `pipeline.Progress`, for that file."""

    def at(self, job: Job, second: float, pictures: int) -> None:
        """As of `pipeline.Progress`, for that file; at most ten times a second."""

    def warn(self, job: Job, text: str) -> None:
        """As of `pipeline.Progress`, for that file."""

    def finished(self, job: Job, entry: FileEntry) -> None:
        """The work on a file has ended, well or not."""

    def tick(self) -> None:
        """Called about ten times a second while waiting."""


class _Silent:
    def started(self, job: Job) -> None: ...
    def stage(self, job: Job, name: str, total_s: float | None) -> None: ...
    def at(self, job: Job, second: float, pictures: int) -> None: ...
    def warn(self, job: Job, text: str) -> None: ...
    def finished(self, job: Job, entry: FileEntry) -> None: ...
    def tick(self) -> None: ...


def run_batch(
    jobs: Sequence[Job],
    work: Work,
    *,
    executor: Executor | None = None,
    jobs_n: int = 1,
    progress: BatchProgress | None = None,
    out: Path | None = None,
    left_out: Sequence[LeftOut] = (),
    words: Describe = describe,
) -> BatchSummary:
    """Do all jobs, `jobs_n` at once, and say what came of each.

    Parameters
    ----------
    work: does one job (see `batch.worker`). Must be importable, since it is sent to other processes.
    executor: who does it; None is processes of our own, which survive a crash of any of them. It is not shut down.
    out: the output folder; the summary is written there as `batch.json`. None writes none.
    left_out: what `collect` left out, for the summary.
    words: turns an error into its line and exit code; must be importable, too.

    A failure ends one file, not the batch. A process that crashes takes along those beside it; each of these is tried
    again alone, so that the one which did it is found and the others are made. An interrupt stops all: what runs
    removes what it has begun, and the summary says 130. Any other error of `progress` stops all and is raised.

    Raises
    ------
    OutputError: `batch.json` can't be written.
    """
    batch = _Batch(jobs, progress or _Silent(), out)

    def crew(n: int) -> Crew:
        return LocalCrew(n, work, words) if executor is None else HiredCrew(executor, work, words)

    begun = datetime.now(UTC)
    # Interrupted before or between jobs: nothing runs then, and what has no entry gets one below.
    with contextlib.suppress(KeyboardInterrupt):
        batch.run(crew, max(min(jobs_n, len(jobs)), 1), renewable=executor is None)
    batch.stop_the_rest()
    summary = summarise(begun, batch.entries(), left_out)
    if out is not None and out.is_dir():
        write_batch(summary, out)
    return summary


class _Batch:
    """The books of a batch."""

    def __init__(self, jobs: Sequence[Job], progress: BatchProgress, out: Path | None) -> None:
        self._jobs = jobs
        self._progress = progress
        self._out = out
        self._entries: dict[int, FileEntry] = {}
        self._ended: set[int] = set()  # those whose last report has come
        self._stalled: dict[int, str] = {}  # those that ended their process because nothing came any more, and the line

    def entries(self) -> list[FileEntry]:
        return [self._entries[number] for number in range(len(self._jobs))]

    def run(self, crew: Callable[[int], Crew], n: int, *, renewable: bool) -> None:
        waiting = deque(range(len(self._jobs)))
        while waiting:
            suspects = self._go(crew(n), waiting, n)
            for number in suspects:
                # A crash breaks the whole pool, so each that was in it is tried alone; one that was alone did it.
                if number in self._stalled or not renewable or n == 1 or self._go(crew(1), deque([number]), 1):
                    self._crashed(number)
            if suspects and not renewable:
                while waiting:
                    self._crashed(waiting.popleft())

    def stop_the_rest(self) -> None:
        """Give an entry to everything that has none, because the batch was stopped."""
        for number, job in enumerate(self._jobs):
            if number not in self._entries:
                self._entries[number] = entry_for(job, self._out, status="stopped", exit_code=EXIT_INTERRUPTED)

    def _go(self, crew: Crew, waiting: deque[int], n: int) -> list[int]:
        """Work through `waiting`. Returns the jobs in hand when the crew broke down; none when all ended."""
        running: dict[Future[Ended], int] = {}
        try:
            while waiting or running:
                while waiting and len(running) < n:
                    number = waiting.popleft()
                    try:
                        running[crew.submit(number, self._jobs[number])] = number
                    except BrokenExecutor:
                        return sorted([*running.values(), number])
                ended, _ = wait(running, timeout=TICK_S, return_when=FIRST_COMPLETED)
                self._report(crew, 0.0)
                self._progress.tick()
                if any(isinstance(future.exception(), BrokenExecutor) for future in ended):
                    return self._salvage(running)
                for future in ended:
                    self._book(crew, running[future], future.result())
                    del running[future]
            return []
        except BaseException:
            self._stop(crew, running)
            raise
        finally:
            crew.close()

    def _salvage(self, running: dict[Future[Ended], int]) -> list[int]:
        """After a breakdown: book what had ended well before it, return the rest."""
        wait(running)  # the pool breaks all of them at once
        suspects = []
        for future, number in running.items():
            if future.exception() is None:
                self._close_books(number, future.result())
            else:
                suspects.append(number)
        return sorted(suspects)

    def _stop(self, crew: Crew, running: dict[Future[Ended], int]) -> None:
        """Ask those who work to leave, end those who don't, and book what came of each."""
        crew.stop()
        for future in running:
            future.cancel()
        try:
            late = wait(running, timeout=STOP_S).not_done
        except KeyboardInterrupt:  # asked again: don't wait any longer
            late = set(running)
        if late:
            crew.kill()
            wait(running, timeout=STOP_S)
        for future, number in running.items():
            if future.done() and not future.cancelled() and future.exception() is None:
                self._close_books(number, future.result())
            else:
                self._tidy(number)

    def _report(self, crew: Crew, wait_s: float) -> None:
        """Pass on what was reported."""
        for number, kind, what in crew.events(wait_s):
            job = self._jobs[number]
            if kind == "begin":
                self._ended.discard(number)
                self._progress.started(job)
            elif kind == "stage":
                self._progress.stage(job, *what)
            elif kind == "at":
                self._progress.at(job, *what)
            elif kind == "warn":
                self._progress.warn(job, *what)
            elif kind == "stalled":
                self._stalled[number] = what[0]
            elif kind == "end":
                self._ended.add(number)

    def _book(self, crew: Crew, number: int, ended: Ended) -> None:
        until = time.monotonic() + LAST_WORDS_S
        while crew.reports and number not in self._ended and time.monotonic() < until:
            self._report(crew, TICK_S)
        self._close_books(number, ended)
        self._progress.finished(self._jobs[number], self._entries[number])

    def _close_books(self, number: int, ended: Ended) -> None:
        job, seconds = self._jobs[number], round(ended.seconds, 3)
        if ended.result is not None:
            values = ended.result.model_dump() | {"seconds": seconds}
        else:
            status = "stopped" if ended.exit_code == EXIT_INTERRUPTED else "failed"
            line = _without_folders(ended.error or "", job, self._out)
            values = {"status": status, "exit_code": ended.exit_code, "error": line, "seconds": seconds}
        self._entries[number] = entry_for(job, self._out, **values)

    def _crashed(self, number: int) -> None:
        job = self._jobs[number]
        self._tidy(number)
        line = self._stalled.get(number) or tr(
            "{name}: the process that worked on it ended suddenly; close other programs or use fewer --jobs, and if it "
            "stays so, report it",
            name=printable(job.name),
        )
        line = _without_folders(line, job, self._out)
        self._entries[number] = entry_for(job, self._out, status="failed", exit_code=EXIT_FAILED, error=line)
        self._progress.finished(job, self._entries[number])

    def _tidy(self, number: int) -> None:
        """Remove what a process that was ended left half done."""
        with contextlib.suppress(OSError):  # no such folder, or none of ours: then nothing was left
            remove_stale(self._jobs[number].output.parent)


def _without_folders(line: str, job: Job, out: Path | None) -> str:
    """An error with its files named relative to the folders that were named.

    The list may be passed on; where the folders are on this computer is nobody's business.
    """
    line = line.replace(printable(job.source), printable(job.name))
    folders = [job.source.parents[len(PurePath(job.name).parts) - 1]]
    folders += [] if out is None else [out]
    folders += [] if job.policy is None else [job.policy.parent]
    for folder in sorted(map(printable, folders), key=len, reverse=True):
        # At the beginning of a word only: a folder called `t` must not be taken out of `cat/x`.
        line = re.sub(rf"(?<!\S){re.escape(folder.rstrip(os.sep) + os.sep)}", "", line)
    return line
