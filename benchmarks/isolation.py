"""Work in processes that may crash or hang: each stays for many tasks, and is ended and replaced when it must be."""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

__all__ = ["Answer", "answers"]

_LAST_WORDS_S = 1.0
"""So long before its limit a task's threads are written down, for the report on a hang."""


@dataclass(frozen=True)
class Answer:
    """What came of one task.

    Attributes
    ----------
    result: what the work returned; None when its process ended or took too long.
    ended: "" or how the process ended, such as "signal 11" or "hung for 60 s"; `stack` is then where it was.
    """

    task: Any
    result: Any
    seconds: float
    ended: str = ""
    stack: str = ""


def answers(
    work: Callable[[Path, Any], Any], tasks: Iterable[Any], *, processes: int, limit_s: float
) -> Iterator[Answer]:
    """Do every task with `work(folder, task)` and yield the answers as they come.

    `folder` is the process's own, kept for all its tasks. `work` must be importable, and must not raise.
    """
    with tempfile.TemporaryDirectory(prefix="isolated-") as top:
        hands = [_Hand(work, Path(top), limit_s) for _ in range(processes)]
        try:
            waiting = iter(tasks)
            while True:
                for hand in hands:
                    if hand.task is None and (task := next(waiting, None)) is not None:
                        hand.give(task)
                busy = [hand for hand in hands if hand.task is not None]
                if not busy:
                    return
                wait([hand.line for hand in busy], timeout=0.2)
                for hand in busy:
                    answer = hand.take()
                    if answer is not None:
                        yield answer
        finally:
            for hand in hands:
                hand.end()


class _Hand:
    """One process, renewed as often as needed."""

    def __init__(self, work: Callable[[Path, Any], Any], top: Path, limit_s: float) -> None:
        self._work, self._limit_s = work, limit_s
        self._folder = Path(tempfile.mkdtemp(dir=top))
        self.task: Any = None
        self._begin()

    def _begin(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.line, far = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(self._work, far, self._folder, self._limit_s - _LAST_WORDS_S), daemon=True
        )
        self._process.start()
        far.close()
        self.line.recv()  # ready: loading does not count as work

    def give(self, task: Any) -> None:
        self.task, self._since = task, time.monotonic()
        self.line.send(task)

    def take(self) -> Answer | None:
        """The answer, if the process has given it, has died or is late."""
        seconds = time.monotonic() - self._since
        if self.line.poll():
            try:
                answer = Answer(self.task, self.line.recv(), seconds)
            except EOFError:
                return self._broken(seconds)
        elif seconds > self._limit_s:
            self._process.kill()
            return self._broken(seconds, f"hung for {seconds:.0f} s")
        else:
            return None
        self.task = None
        return answer

    def _broken(self, seconds: float, how: str = "") -> Answer:
        self._process.join()
        code = self._process.exitcode or 0
        how = how or (f"signal {-code}" if code < 0 else f"exit of the process with {code}")
        trace = _trace(self._folder)
        answer = Answer(self.task, None, seconds, how, trace.read_text(errors="replace") if trace.exists() else "")
        self.task = None
        self.line.close()
        self._begin()
        return answer

    def end(self) -> None:
        """Let the process leave by itself, unless it is at work."""
        self.line.close()
        self._process.join(0.0 if self.task is not None else _LAST_WORDS_S)
        self._process.kill()
        self._process.join()


def _trace(folder: Path) -> Path:
    return folder.with_suffix(".stacks")


def _serve(work: Callable[[Path, Any], Any], line: Connection, folder: Path, tell_after_s: float) -> None:
    os.nice(10) if hasattr(os, "nice") else None
    with _trace(folder).open("w") as stacks:
        faulthandler.enable(stacks)
        line.send("ready")
        while True:
            try:
                task = line.recv()
            except EOFError:
                return
            stacks.seek(0)
            stacks.truncate()
            faulthandler.dump_traceback_later(tell_after_s, file=stacks)
            result = work(folder, task)
            faulthandler.cancel_dump_traceback_later()
            line.send(result)
