"""The options that several commands share, written once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from avg_video.language import mark, tr

if TYPE_CHECKING:
    from avg_video.pipeline import Settings

__all__ = [
    "DETECTORS",
    "PATH",
    "PRESETS",
    "STYLES",
    "NumberList",
    "encoding_options",
    "looking_options",
    "settings_from",
]

PATH = click.Path(path_type=Path, readable=False)
"""A name, unasked: click's own look at it would answer before those who know what to say (no permission, say)."""

THREADS_MAX = 256
"""More than any laptop has; far more threads than processors would make a run stand still."""

F = TypeVar("F", bound=Callable[..., Any])

# Written out, so that `--help` need not load the libraries behind them; a test holds them equal to the real ones.
STYLES = ("fill", "solid", "mosaic", "blur")
DETECTORS = ("auto", "centerface", "yunet", "blazeface")
PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")


class NumberList(click.ParamType):  # type: ignore[type-arg]  # it can't be indexed in click before 8.5
    """Numbers of people, as the page of `avg-blur look` gives them: `3,7`."""

    name = "numbers"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> frozenset[int]:
        if isinstance(value, frozenset):
            return value
        parts = [part.strip() for part in str(value).split(",")]
        if not all(part.isascii() and part.isdigit() and 0 < len(part) < 10 and int(part) > 0 for part in parts):
            self.fail(tr("{value!r} is not a list of people's numbers such as 3,7", value=value), param, ctx)
        return frozenset(int(part) for part in parts)


def looking_options(function: F) -> F:
    """`--detector` and `--threads`."""
    for option in (
        click.option(
            "--threads",
            type=click.IntRange(0, THREADS_MAX),
            default=0,
            show_default=True,
            metavar="N",
            help=mark("Threads to use; 0 is as many as the computer has."),
        ),
        click.option(
            "--detector",
            type=click.Choice(DETECTORS),
            default="auto",
            show_default=True,
            help=mark("What finds the faces; auto is yunet if it was added, else centerface."),
        ),
    ):
        function = option(function)
    return function


def encoding_options(function: F) -> F:
    """`--encoder`, `--crf` and `--preset`."""
    for option in (
        click.option(
            "--preset",
            type=click.Choice(PRESETS),
            default="veryfast",
            show_default=True,
            metavar=mark("NAME"),
            help=mark("Speed of libx264, ultrafast to veryslow."),
        ),
        click.option(
            "--crf",
            type=click.IntRange(1, 51),
            default=20,
            show_default=True,
            metavar="N",
            help=mark("Quality of the picture; smaller is better and larger in bytes."),
        ),
        click.option(
            "--encoder",
            default="libx264",
            show_default=True,
            metavar=mark("NAME|auto"),
            help=mark("H.264 encoder; auto tries the hardware's first."),
        ),
    ):
        function = option(function)
    return function


def settings_from(**chosen: Any) -> Settings:
    """The pipeline's settings from options of the same names; what a command does not offer keeps its default."""
    from avg_video.pipeline import Settings
    from avg_video.redact.paint import Style

    if "style" in chosen:
        chosen["style"] = Style(chosen["style"])
    return Settings(**chosen)
