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
    "ShownList",
    "SlugList",
    "encoding_options",
    "filing_options",
    "looking_options",
    "paper_options",
    "register_of_group",
    "register_option",
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


class SlugList(click.ParamType):  # type: ignore[type-arg]  # it can't be indexed in click before 8.5
    """Words such as the checks of a profile: `informed,steps`."""

    name = "words"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        from avg_video.policy.answers import is_slug

        if isinstance(value, tuple):
            return value
        parts = [part.strip() for part in str(value).split(",")]
        if not all(is_slug(part) for part in parts):
            self.fail(tr("{value!r} is not a list of words such as informed,steps", value=value), param, ctx)
        return tuple(dict.fromkeys(parts))


class NumberList(click.ParamType):  # type: ignore[type-arg]  # it can't be indexed in click before 8.5
    """Numbers of people, as the page of `avg-blur look` gives them: `3,7`."""

    name = "numbers"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> frozenset[int]:
        if isinstance(value, frozenset):
            return value
        parts = [part.strip() for part in str(value).split(",")]
        if not all(_is_number(part) for part in parts):
            self.fail(tr("{value!r} is not a list of people's numbers such as 3,7", value=value), param, ctx)
        return frozenset(int(part) for part in parts)


class ShownList(click.ParamType):  # type: ignore[type-arg]  # it can't be indexed in click before 8.5
    """Numbers of people who may be shown, each with a pupil's token or a role where that is known: `1=L05,2=teacher,3`.

    A dict from each number to its token or role, or None.
    """

    name = "numbers"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[int, str | None]:
        from avg_video.policy.answers import is_slug, is_token

        if isinstance(value, dict):
            return value
        found: dict[int, str | None] = {}
        for part in str(value).split(","):
            number, equals, said = (piece.strip() for piece in part.partition("="))
            # l05 is no role but a slip of the pen for L05, whose consent would not be asked.
            known = not equals or is_token(said) or (is_slug(said) and not is_token(said.upper()))
            if not _is_number(number) or not known or int(number) in found:
                what = tr("{value!r} is not a list of people's numbers such as 1=L05,2=teacher,3", value=value)
                self.fail(what, param, ctx)
            found[int(number)] = said if equals else None
        return found


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text) > 0


def register_option(name: str) -> Callable[[F], F]:
    """`--register`, as the parameter `name`; one that stood before the command, at its group, holds as well."""

    def nearest(ctx: click.Context, param: click.Parameter, value: Path | None) -> Path | None:
        before: Path | None = ctx.meta.get(_REGISTER)
        return before if value is None else value

    help_ = mark("The register. Default: the one of this user.")
    return click.option("--register", name, metavar=mark("FILE"), type=PATH, callback=nearest, help=help_)


def register_of_group(function: F) -> F:
    """`--register` before the command; not in the help, where every command has its own."""

    def keep(ctx: click.Context, param: click.Parameter, value: Path | None) -> None:
        ctx.meta[_REGISTER] = value

    return click.option("--register", type=PATH, callback=keep, expose_value=False, hidden=True)(function)


_REGISTER = f"{__name__}.register"


def paper_options(function: F) -> F:
    """`--profile` and `--confirm`."""
    for option in (
        click.option(
            "--confirm",
            type=SlugList(),
            default=(),
            metavar="A,B",
            help=mark("What you confirm of the profile's checklist; avg-blur profiles show NAME lists it."),
        ),
        click.option(
            "--profile",
            metavar="NAME|FILE",
            help=mark("Whose guideline is followed; avg-blur profiles list names them. Default: as the policy says."),
        ),
    ):
        function = option(function)
    return function


def filing_options(function: F) -> F:
    """`--log`, `--no-log`, `--register`, `--no-register` and `--report`."""
    for option in (
        click.option(
            "--report",
            is_flag=True,
            help=mark("Make a page for people too: NAME.avg.html, or report.html of a folder."),
        ),
        click.option(
            "--no-register", is_flag=True, help=mark("Neither ask the register about consents nor put the copy in it.")
        ),
        click.option(
            "--register",
            metavar="FILE",
            type=PATH,
            help=mark("The register of consents and deadlines. Default: yours, once there is one or a profile holds."),
        ),
        click.option("--no-log", is_flag=True, help=mark("Add no line to the signed log.")),
        click.option(
            "--log",
            metavar="FILE",
            type=PATH,
            help=mark(
                "The signed log that gets a line for each copy. Default: avg-log.jsonl in the folder of the copies."
            ),
        ),
    ):
        function = option(function)
    return function


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
