"""Ctrl-C, and the system asking to stop: both end a run in the same clean way."""

from __future__ import annotations

import signal
import sys
import threading
import time
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

__all__ = ["StopSign", "exit_as_told"]

CALM_S = 2.0
"""Seconds in which further requests are ignored, so that an impatient second Ctrl-C can't break off the cleaning up."""

NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
"""What asks a program to stop; SIGHUP is a closed terminal, SIGBREAK is Ctrl-Break on Windows."""


class StopSign:
    """While entered, every request to stop raises `KeyboardInterrupt` in the main thread.

    An exception raised by a signal can be swallowed (inside a destructor or a callback from C); `check`, called
    wherever progress is reported, raises it again. Outside the main thread nothing is changed.
    """

    def __init__(self) -> None:
        self._asked_at: float | None = None
        self._raised_again = False
        self._before: dict[int, Any] = {}
        self._hook = sys.unraisablehook

    def __enter__(self) -> StopSign:
        if threading.current_thread() is threading.main_thread():
            for number in (getattr(signal, name) for name in NAMES if hasattr(signal, name)):
                if signal.getsignal(number) is not signal.SIG_IGN:  # nohup: leave it be
                    self._before[number] = signal.signal(number, self._asked)
        self._hook, sys.unraisablehook = sys.unraisablehook, self._swallowed
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)
        self._before = {}
        sys.unraisablehook = self._hook

    @property
    def asked(self) -> bool:
        """Whether a request to stop was made."""
        return self._asked_at is not None

    def check(self) -> None:
        """Raise `KeyboardInterrupt` once more if a request was made and the first exception got lost."""
        if self.asked and not self._raised_again:
            self._raised_again = True
            raise KeyboardInterrupt

    def _swallowed(self, what: UnraisableHookArgs) -> None:
        """Python prints what it can't raise. A request to stop needs no lines of its own: `check` raises it again."""
        if not (self.asked and what.exc_type is KeyboardInterrupt):
            self._hook(what)

    def _asked(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._asked_at is None or now - self._asked_at > CALM_S:
            self._asked_at = now
            raise KeyboardInterrupt


def exit_as_told() -> None:
    """Let the process end with the code it is given, and not by a signal.

    CPython remembers that a KeyboardInterrupt left a piece of code run from text, as dataclasses and named tuples are
    when modules are loaded. Run with `-m`, it then ends by SIGINT although that was caught (`run_eval_code_obj` in
    pythonrun.c). Running another piece makes it forget.
    """
    exec("")
