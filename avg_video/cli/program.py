"""The group of subcommands, in which `avg-blur FILE` needs no subcommand and every ending is one line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click
from click_default_group import DefaultGroup

from avg_video.cli.endings import describe, details, give_up, interrupted, tidy_up
from avg_video.cli.spoken import Command, Group, Spoken, chosen_language, speaking
from avg_video.cli.stop import StopSign, exit_as_told
from avg_video.errors import EXIT_USAGE
from avg_video.language import tr
from avg_video.media.watch import when_stalled

__all__ = ["Program"]

_NO_ARGUMENTS: Any = getattr(click.exceptions, "NoArgsIsHelpError", ())
"""What click raises, since 8.2, for a group of commands without a command; its message is the help."""


class Program(Spoken, DefaultGroup):  # type: ignore[misc]  # click-default-group carries no types
    """A click group whose default command takes everything that is not the name of a subcommand.

    The first argument alone decides: a subcommand's name, an option of the group itself, or else a file for the
    default command. A file that is called like a subcommand is written `./look`, or after `--`. `--lang` may stand
    before it.
    """

    command_class = Command
    group_class = Group

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        language, args = _split_language(args)
        if not args:
            click.echo(ctx.get_help(), err=True)
            ctx.exit(EXIT_USAGE)
        own = {name for param in self.get_params(ctx) for name in param.opts}
        if args[0] in self.commands:
            args = [args[0], *language, *args[1:]]
        elif args[0] in own:
            args = [*language, *args]
        else:
            args = [str(self.default_cmd_name), *language, *args]
        return list(super().parse_args(ctx, args))

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run, print one line on an error, and exit with the code that the errors or the command gave."""
        with speaking(chosen_language(sys.argv[1:] if args is None else args)):
            if not standalone_mode:
                return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
            code = self._run(args, prog_name, complete_var, **extra)
        exit_as_told()
        sys.exit(code)

    def _run(self, args: Sequence[str] | None, prog_name: str | None, complete_var: str | None, **extra: Any) -> int:
        """Run to an exit code, whatever happens; an error becomes one line."""
        code: int | None
        stop = StopSign()
        try:
            with stop, when_stalled(give_up):
                try:
                    code = super().main(
                        args, prog_name or "avg-blur", complete_var, standalone_mode=False, obj=stop, **extra
                    )
                finally:
                    tidy_up()
        except _NO_ARGUMENTS as error:
            click.echo(error.format_message(), err=True)
            code = EXIT_USAGE
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last stop: nothing may end in a traceback
            text = details(error)
            if text is not None:
                click.echo(text, err=True, nl=False)
            # A library may turn the request to stop into an error of its own, such as a module that can't be loaded.
            line, code = describe(interrupted() if stop.asked else error)
            click.echo(f"avg-blur: {line}", err=True)
        return code or 0

    def invoke(self, ctx: click.Context) -> Any:
        """As click's, but Ctrl-C reaches `main` as it is: click would print an empty line for it."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise interrupted() from error

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        prefix = f"{tr('Usage:')} "
        formatter.write_usage("avg-blur", tr("FILE|FOLDER ... [OPTIONS]"), prefix=prefix)
        formatter.write_usage("avg-blur", tr("COMMAND ... [OPTIONS]"), prefix=" " * len(prefix))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options of the default command, since that is what `avg-blur --help` is asked for, then the commands."""
        run = self.commands[str(self.default_cmd_name)]
        self.write_options(ctx, formatter, [*run.params, *self.get_params(ctx)])
        self.format_commands(ctx, formatter)


def _split_language(args: list[str]) -> tuple[list[str], list[str]]:
    """`--lang LANGUAGE` at the beginning, and the rest."""
    if args[:1] == ["--lang"]:
        return args[:2], args[2:]
    if args and args[0].startswith("--lang="):
        return args[:1], args[1:]
    return [], args
