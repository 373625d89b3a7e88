"""Bars on stderr: what is being done, how fast, and how long it will still take. Only on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import PurePath
from types import TracebackType
from typing import Any

from tqdm import tqdm

from avg_video.errors import printable
from avg_video.language import mark, tr

__all__ = ["FileBar", "say_above", "shortened", "take_away", "tqdm_bar"]

STAGE_WIDTH = 8
STAGES = (mark("looking"), mark("making"), mark("checking"), mark("reading"), mark("plain"))
"""What the library calls its stages; the bars say them in the active language."""
NAME_WIDTH = 28
ECHO_WIDTH = 4
KNOWN = mark("{desc} {percentage:3.0f}%|{bar}| {remaining} left{postfix}")
UNKNOWN = "{desc} {elapsed}{postfix}"


def shortened(name: str | PurePath, width: int = NAME_WIDTH) -> str:
    """A name that fits the width of a bar and can't steer the terminal; the middle is left out if it is too long."""
    text = printable(name.name or str(name)) if isinstance(name, PurePath) else printable(name)
    if len(text) <= width:
        return text
    keep = width - 3
    return f"{text[: keep - keep // 2]}...{text[len(text) - keep // 2 :]}"


def on_terminal(show: bool | None = None) -> bool:
    """Whether bars are drawn: as asked for, else when stderr is a terminal."""
    return sys.stderr.isatty() if show is None else show


def say_above(line: str) -> None:
    """One line on stderr, above the bars if there are any."""
    tqdm.write(line, file=sys.stderr)


def tqdm_bar(head: str, total: float | None, *, position: int = 0, form: str = KNOWN, smoothing: float = 0.05) -> Any:
    """A bar that leaves nothing behind when it is closed; `smoothing` 0 estimates from the whole time so far."""
    bar = tqdm(
        total=total,
        desc=head,
        bar_format=form,
        position=position,
        leave=False,
        dynamic_ncols=True,
        file=sys.stderr,
        mininterval=0.2,
        smoothing=smoothing,
    )
    screen = bar.dynamic_ncols
    if screen:  # room for the ^C that a terminal echoes; in the last column it would break the line
        bar.dynamic_ncols = lambda file: ((shape := screen(file))[0] and shape[0] - ECHO_WIDTH, shape[1])
    return bar


def take_away(bar: Any) -> None:
    """Remove a bar, and on the first line also what the terminal echoed behind it."""
    first = bar.pos == 0
    bar.close()
    if first:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


class FileBar:
    """The bar of one file: its stage, frames a second and the time left; fits the pipeline's `Progress`.

    Parameters
    ----------
    name: how the file is called, in full; warnings begin with it.
    check: called at every report; may raise to stop the run.
    show: whether a bar is drawn; None is when stderr is a terminal. Warnings are written in any case.
    position: the line it takes, counted down from the first.
    """

    def __init__(
        self,
        name: str | PurePath,
        *,
        check: Callable[[], None] = lambda: None,
        show: bool | None = None,
        position: int = 0,
    ) -> None:
        self._name = printable(name)
        self._short = shortened(name)
        self._check = check
        self._show = on_terminal(show)
        self._position = position
        self._bar: Any = None
        self._started = 0.0
        self.warnings: list[str] = []

    def __enter__(self) -> FileBar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def stage(self, name: str, total_s: float | None) -> None:
        """A new stage begins; `total_s` is the length of the film in seconds, if known."""
        self._check()
        self.close()
        self._started = time.monotonic()
        if self._show:
            head = f"{self._short}  {tr(name):<{STAGE_WIDTH}}"
            self._bar = tqdm_bar(head, total_s, position=self._position, form=tr(KNOWN if total_s else UNKNOWN))

    def at(self, second: float, pictures: int) -> None:
        """How far the stage is: seconds of film, and pictures done."""
        self._check()
        if self._bar is None:
            return
        elapsed = time.monotonic() - self._started
        if elapsed > 0 and pictures:
            self._bar.set_postfix_str(tr("{speed:.0f} frames/s", speed=pictures / elapsed), refresh=False)
        ahead = second - self._bar.n
        if self._bar.total is not None:
            ahead = min(ahead, self._bar.total - self._bar.n)
        self._bar.update(max(ahead, 0.0))

    def warn(self, text: str) -> None:
        """Something the user must know, at once and whole, above the bars."""
        self._check()
        self.warnings.append(text)
        say_above(f"avg-blur: {self._name}: {printable(text)}")

    def refresh(self) -> None:
        """Draw now what would otherwise wait its turn."""
        if self._bar is not None:
            self._bar.refresh()

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            take_away(self._bar)
            self._bar = None
