"""Who does the work: processes of our own, or an executor that was given; and how they report and are stopped."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from avg_video import language
from avg_video.batch.collect import Job
from avg_video.batch.summary import JobResult
from avg_video.errors import EXIT_FAILED, AvgError, Interrupted, printable
from avg_video.language import tr
from avg_video.media.temporary import discard_all
from avg_video.media.watch import stalled, when_stalled
from avg_video.pipeline import Progress

__all__ = ["Crew", "Describe", "Ended", "HiredCrew", "LocalCrew", "Work", "describe"]

Work = Callable[[Job, Progress], JobResult]
Describe = Callable[[BaseException], tuple[str, int]]
Event = tuple[int, str, tuple[Any, ...]]
"""The job's number, what happened ("begin", "stage", "at", "warn", "stalled", "end"), and the arguments of that."""

REPORT_S = 0.1
"""Least time between two reports of how far a job is; more often can't be read and costs time."""
SENT_S = 1.0
"""How long a process that ends itself waits for its last report to get away."""
STOP_S = 10.0
"""How long a job may take to leave after it was asked to; a job asks itself at every picture."""


@dataclass(frozen=True)
class Ended:
    """How a job ended: with a result, or with the line and the exit code of an error. Can cross process borders."""

    seconds: float
    result: JobResult | None
    error: str | None = None
    exit_code: int = EXIT_FAILED


def describe(error: BaseException) -> tuple[str, int]:
    """The line and the exit code for an error."""
    if isinstance(error, AvgError):
        return str(error), error.exit_code
    what = printable(f"{type(error).__name__}: {error}".removesuffix(": "))
    return (
        tr("a fault of the program, not yours ({what}); nothing was written, please report it", what=what),
        EXIT_FAILED,
    )


class Crew(Protocol):
    """Something that does jobs."""

    reports: bool
    """Whether every job reports, last of all that it has ended."""

    def submit(self, number: int, job: Job) -> Future[Ended]:
        """Begin a job; its events carry `number`. Raises `BrokenExecutor` when the crew can't work any more."""

    def events(self, wait_s: float = 0.0) -> list[Event]:
        """What was reported since the last call, waiting at most so long for the first."""

    def stop(self) -> None:
        """Ask every job to leave; they end with `Interrupted`."""

    def kill(self) -> None:
        """End what didn't leave, and see it ended."""

    def close(self) -> None:
        """Let go of everything, once no job runs."""


@dataclass(frozen=True)
class _Desk:
    """What a job needs besides itself."""

    work: Work
    describe: Describe
    put: Callable[[Event], object]
    stopped: Callable[[], bool]

    def do(self, number: int, job: Job) -> Ended:
        """Do one job. Every error becomes words here, since an error need not survive the way between processes."""
        begun = time.perf_counter()
        self.put((number, "begin", ()))
        try:
            if self.stopped():
                raise _stopped(job)
            result = self.work(job, _Teller(number, job, self))
            return Ended(time.perf_counter() - begun, result)
        except Exception as error:  # noqa: BLE001 - one recording must not end the batch; it is reported, not swallowed
            line, code = self.describe(error)
            return Ended(time.perf_counter() - begun, None, line, code)
        finally:
            self.put((number, "end", ()))


class _Teller:
    """A job's `Progress`: passes it on, and raises when the batch is being stopped."""

    def __init__(self, number: int, job: Job, desk: _Desk) -> None:
        self._number, self._job, self._desk = number, job, desk
        self._told = 0.0

    def stage(self, name: str, total_s: float | None) -> None:
        self._tell("stage", name, total_s)

    def at(self, second: float, pictures: int) -> None:
        now = time.monotonic()
        if now - self._told >= REPORT_S:
            self._told = now
            self._tell("at", second, pictures)
        elif self._desk.stopped():
            raise _stopped(self._job)

    def warn(self, text: str) -> None:
        self._tell("warn", text)

    def _tell(self, kind: str, *what: Any) -> None:
        if self._desk.stopped():
            raise _stopped(self._job)
        self._desk.put((self._number, kind, what))


def _stopped(job: Job) -> Interrupted:
    return Interrupted(tr("stopped with the batch"), remedy=tr("run the same command again to go on"), file=job.source)


class HiredCrew:
    """Jobs done by an executor that was given and stays its owner's.

    Threads report and can be stopped. Any other executor gets the bare work: nothing is known between the beginning and
    the end of a job, and a job that runs can't be stopped.
    """

    def __init__(self, executor: Executor, work: Work, words: Describe) -> None:
        self._executor = executor
        self._queue: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._stop = threading.Event()
        self.reports = isinstance(executor, ThreadPoolExecutor)
        self._desk = _Desk(work, words, self._queue.put, self._stop.is_set)

    def submit(self, number: int, job: Job) -> Future[Ended]:
        if self.reports:
            return self._executor.submit(self._desk.do, number, job)
        self._queue.put((number, "begin", ()))
        return self._executor.submit(_do_far, language.active(), self._desk.work, self._desk.describe, job)

    def events(self, wait_s: float = 0.0) -> list[Event]:
        return _drain(self._queue.get, wait_s)

    def stop(self) -> None:
        self._stop.set()

    def kill(self) -> None:
        """Nothing: threads can't be ended, and other executors are their owner's."""

    def close(self) -> None:
        """Nothing: the executor is its owner's."""


class LocalCrew:
    """Processes of our own, so that a crash in one (a decoder, a detector) leaves the others and the batch alive.

    They are spawned, not forked: a fork copies locks that other threads hold. They end when this process does.
    """

    reports = True

    def __init__(self, n: int, work: Work, words: Describe) -> None:
        context = multiprocessing.get_context("spawn")
        self._queue: Any = context.Queue()
        self._stop = context.Event()
        self._before = set(multiprocessing.active_children())
        self._pool = ProcessPoolExecutor(
            n,
            mp_context=context,
            initializer=_begin,
            initargs=(language.active(), work, words, self._queue, self._stop),
        )

    def submit(self, number: int, job: Job) -> Future[Ended]:
        with _signals_held():
            return self._pool.submit(_do_near, number, job)

    def events(self, wait_s: float = 0.0) -> list[Event]:
        return _drain(self._queue.get, wait_s)

    def stop(self) -> None:
        self._stop.set()

    def kill(self) -> None:
        ours = set(multiprocessing.active_children()) - self._before
        for process in ours:
            process.terminate()
        for process in ours:
            process.join(STOP_S)  # until it is gone, its temporary files count as in use

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._queue.close()
        self._queue.cancel_join_thread()


def _drain(get: Callable[..., Event], wait_s: float) -> list[Event]:
    events: list[Event] = []
    with contextlib.suppress(queue.Empty):
        events.append(get(wait_s > 0, wait_s))
        while True:
            events.append(get(False))
    return events


# What follows runs in the processes of a LocalCrew.

_desk: _Desk | None = None
"""This process's desk. It can't be an argument of each job: queues and events only travel when a process begins."""


_watch = contextlib.ExitStack()
"""Open for as long as this process lives."""

_number = -1
"""The job that this process does, or did last."""

_busy = threading.Lock()
"""Held while this process does a job."""


def _begin(speak: str, work: Work, words: Describe, events: Any, stop: Any) -> None:
    global _desk
    language.use(speak)
    # A terminal sends Ctrl-C to every process at once; here the parent alone decides, and says so through `stop`.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    events.cancel_join_thread()  # a parent that stopped reading must not keep this process from ending
    orphaned = threading.Event()
    threading.Thread(target=_leave_with_parent, args=(orphaned,), daemon=True).start()
    _desk = _Desk(work, words, events.put, lambda: orphaned.is_set() or stop.is_set())
    _watch.enter_context(when_stalled(_give_up))


def _give_up(file: Path) -> None:
    """End this process, tidied up, because FFmpeg does not come back; the parent then knows why."""
    discard_all()
    if _desk is not None:
        _desk.put((_number, "stalled", (str(stalled(file)),)))
        time.sleep(SENT_S)
    os._exit(EXIT_FAILED)


def _leave_with_parent(orphaned: threading.Event) -> None:
    """When the parent is gone, stop the job so that it tidies up, then end: nobody is left to take the result."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        orphaned.set()
        _busy.acquire(timeout=STOP_S)
        os._exit(1)


def _do_near(number: int, job: Job) -> Ended:
    global _number
    if _desk is None:
        raise RuntimeError("this process was not prepared by _begin")
    with _busy:
        _number = number
        return _desk.do(number, job)


def _do_far(speak: str, work: Work, words: Describe, job: Job) -> Ended:
    language.use(speak)
    return _Desk(work, words, _forget, _never).do(0, job)


def _forget(event: Event) -> None:
    """Where no way back exists, reports are dropped; the result is not."""


def _never() -> bool:
    return False


@contextlib.contextmanager
def _signals_held() -> Iterator[None]:
    """Hold Ctrl-C back while processes begin: they inherit that, and so can't be hit before `_begin` has run."""
    if not hasattr(signal, "pthread_sigmask") or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
