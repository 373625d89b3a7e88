"""Commands whose help, usage and errors are in the language that was chosen, and the option that chooses it."""

from __future__ import annotations

import copy
import gettext
import inspect
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from avg_video import language
from avg_video.language import LANGUAGES, mark, tr

__all__ = ["Command", "Group", "Spoken", "chosen_language", "in_language", "speaking"]

OPTION = "--lang"
CLICK_VARIABLE = "LANGUAGE"
"""Where `gettext`, which click asks for the words of its own, looks for the language first."""
LOCALE = Path(__file__).parent.parent / "locale"


def chosen_language(args: Sequence[str]) -> str:
    """The language that the arguments ask for, wherever `--lang` stands, else that of the environment.

    Known before anything is parsed, so that also an error in the arguments is told in it. What is no language is left
    to the parser, which refuses it.
    """
    asked = language.language_of_computer()
    before = ""
    for arg in args:
        if arg == "--":
            break
        value = arg if before == OPTION else arg.removeprefix(f"{OPTION}=")
        if (before == OPTION or value != arg) and value in LANGUAGES:
            asked = value
        before = arg
    return asked


@contextmanager
def speaking(name: str) -> Iterator[None]:
    """Within the block, this program and click speak that language; afterwards the one before."""
    before, click_before = language.active(), os.environ.get(CLICK_VARIABLE)
    _speak(name)
    try:
        yield
    finally:
        language.use(before)
        if click_before is None:
            os.environ.pop(CLICK_VARIABLE, None)
        else:
            os.environ[CLICK_VARIABLE] = click_before


def _speak(name: str) -> None:
    language.use(name)
    # Click's own words lie in our catalogue too (see `click_words`); for English there is none, so they stay.
    gettext.bindtextdomain(language.DOMAIN, str(LOCALE))
    gettext.textdomain(language.DOMAIN)
    os.environ[CLICK_VARIABLE] = name


def _chosen(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    if value is not None:
        _speak(value)


_LANG = click.Option(
    [OPTION],
    type=click.Choice(LANGUAGES),
    expose_value=False,
    is_eager=True,
    callback=_chosen,
    help=mark("Language of all messages. Default: that in AVG_BLUR_LANG, else that of this computer."),
)


def in_language(param: click.Parameter, ctx: click.Context) -> click.Parameter:
    """A copy of an option or argument whose help and placeholder are in the active language."""
    said = copy.copy(param)
    if isinstance(said, click.Option) and said.help:
        said.help = tr(said.help)
    said.metavar = tr(_metavar(said, ctx))
    return said


def _metavar(param: click.Parameter, ctx: click.Context) -> str:
    try:
        return param.make_metavar(ctx)
    except TypeError:  # before click 8.2
        return param.make_metavar()  # type: ignore[call-arg]


if TYPE_CHECKING:
    _Base = click.Command
else:
    _Base = object


class Spoken(_Base):
    """Put before a click command's class: its help, and its errors about arguments, are translated when shown.

    Texts are given to click in English, marked with `mark`; docstrings need no mark. Every such command has `--lang`.
    """

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """As click's, with `--lang` before `--help`."""
        params = super().get_params(ctx)
        at = len(params) - (self.get_help_option(ctx) is not None)
        return [*params[:at], _LANG, *params[at:]]

    def get_help_option(self, ctx: click.Context) -> Any:
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = mark("Show this message and exit.")  # click would have it in the language of its first use
        return option

    def get_short_help_str(self, limit: int = 45) -> str:
        said = copy.copy(self)
        said.short_help = tr(self.short_help or "")
        said.help = tr(inspect.cleandoc(self.help or ""))
        return super(Spoken, said).get_short_help_str(limit)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        said = copy.copy(self)
        said.help = tr(inspect.cleandoc(self.help or ""))
        super(Spoken, said).format_help(ctx, formatter)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        pieces = [tr(self.options_metavar)] if self.options_metavar else []
        for param in self.get_params(ctx):
            pieces += in_language(param, ctx).get_usage_pieces(ctx)
        if isinstance(self, click.Group):
            pieces.append(tr(self.subcommand_metavar))
        return pieces

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.write_options(ctx, formatter, self.get_params(ctx))
        if isinstance(self, click.Group):
            self.format_commands(ctx, formatter)

    def write_options(
        self, ctx: click.Context, formatter: click.HelpFormatter, params: Sequence[click.Parameter]
    ) -> None:
        """The options among `params`, as a section of the help."""
        options = [in_language(param, ctx) for param in params if isinstance(param, click.Option)]
        rows = [row for option in options if (row := option.get_help_record(ctx))]
        with formatter.section(tr("Options")):
            formatter.write_dl(rows)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.MissingParameter as error:
            if isinstance(error.param, click.Argument) and error.param_hint is None:
                error.param_hint = f"'{tr(_metavar(error.param, ctx))}'"
            raise


class Command(Spoken, click.Command):
    """A command in the language that was chosen."""


class Group(Spoken, click.Group):
    """A group of commands in the language that was chosen; so are the commands made with its decorator."""

    command_class = Command
