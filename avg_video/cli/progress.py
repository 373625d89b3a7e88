"""Bars on stderr: what is being done, how fast, and how long it will still take. Only on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import click
from tqdm import tqdm

from avg_video.errors import printable

__all__ = ["Bars", "short_name"]

STAGE_WIDTH = 8
NAME_WIDTH = 28


def short_name(path: Path, width: int = NAME_WIDTH) -> str:
    """A file's name that fits the width of a bar and can't steer the terminal; the middle is left out if too long."""
    name = printable(path.name or str(path))
    if len(name) <= width:
        return name
    keep = width - 3
    return f"{name[: keep - keep // 2]}...{name[len(name) - keep // 2 :]}"


class Bars:
    """The bar of one file (and, in a batch, one for all files); fits the pipeline's `Progress`.

    Parameters
    ----------
    check: called at every report; may raise to stop the run.
    show: whether bars are drawn; None is when stderr is a terminal. Warnings are written in any case.
    """

    def __init__(self, name: str, *, check: Callable[[], None] = lambda: None, show: bool | None = None) -> None:
        self._name = name
        self._check = check
        self._show = sys.stderr.isatty() if show is None else show
        self._bar: Any = None
        self._started = 0.0
        self.warnings: list[str] = []

    def __enter__(self) -> Bars:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def stage(self, name: str, total_s: float | None) -> None:
        """A new stage begins; `total_s` is the length of the film in seconds, if known."""
        self._check()
        self._close()
        self._started = time.monotonic()
        if self._show:
            self._bar = file_bar(self._name, name, total_s)

    def at(self, second: float, pictures: int) -> None:
        """How far the stage is: seconds of film, and pictures done."""
        self._check()
        if self._bar is None:
            return
        elapsed = time.monotonic() - self._started
        if elapsed > 0 and pictures:
            self._bar.set_postfix_str(f"{pictures / elapsed:.0f} frames/s", refresh=False)
        ahead = second - self._bar.n
        if self._bar.total is not None:
            ahead = min(ahead, self._bar.total - self._bar.n)
        self._bar.update(max(ahead, 0.0))

    def warn(self, text: str) -> None:
        """Something the user must know, at once and whole, above the bars."""
        self._check()
        self.warnings.append(text)
        line = f"avg-blur: {self._name}: {printable(text)}"
        if self._bar is None:
            click.echo(line, err=True)
        else:
            tqdm.write(line, file=sys.stderr)

    def refresh(self) -> None:
        """Draw now what would otherwise wait its turn."""
        if self._bar is not None:
            self._bar.refresh()

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def file_bar(name: str, stage: str, total_s: float | None, position: int = 0) -> Any:
    """A tqdm bar in seconds of film."""
    head = f"{name}  {stage:<{STAGE_WIDTH}}"
    whole = "{desc} {percentage:3.0f}%|{bar}| {remaining} left{postfix}"
    unknown = "{desc} {elapsed}{postfix}"
    return tqdm(
        total=total_s,
        desc=head,
        bar_format=whole if total_s else unknown,
        position=position,
        leave=False,
        dynamic_ncols=True,
        file=sys.stderr,
        mininterval=0.2,
    )
