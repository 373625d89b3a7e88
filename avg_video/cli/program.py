"""The group of subcommands, in which `avg-blur FILE` needs no subcommand and every ending is one line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click
from click_default_group import DefaultGroup

from avg_video.cli.endings import describe, details, give_up, interrupted, tidy_up
from avg_video.cli.stop import StopSign
from avg_video.errors import EXIT_USAGE
from avg_video.media.watch import when_stalled

__all__ = ["Program"]

_NO_ARGUMENTS: Any = getattr(click.exceptions, "NoArgsIsHelpError", ())
"""What click raises, since 8.2, for a group of commands without a command; its message is the help."""


class Program(DefaultGroup):  # type: ignore[misc]  # click-default-group carries no types
    """A click group whose default command takes everything that is not the name of a subcommand.

    The first argument alone decides: a subcommand's name, an option of the group itself, or else a file for the
    default command. A file that is called like a subcommand is written `./look`, or after `--`.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args:
            click.echo(ctx.get_help(), err=True)
            ctx.exit(EXIT_USAGE)
        own = {name for param in self.get_params(ctx) for name in param.opts}
        if args and args[0] not in self.commands and args[0] not in own:
            args = [str(self.default_cmd_name), *args]
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
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        try:
            with StopSign() as stop, when_stalled(give_up):
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
            line, code = describe(error)
            click.echo(f"avg-blur: {line}", err=True)
        sys.exit(code or 0)

    def invoke(self, ctx: click.Context) -> Any:
        """As click's, but Ctrl-C reaches `main` as it is: click would print an empty line for it."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise interrupted() from error

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage("avg-blur", "FILE|FOLDER ... [OPTIONS]")
        formatter.write_usage("avg-blur", "COMMAND ... [OPTIONS]", prefix="       ")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options of the default command, since that is what `avg-blur --help` is asked for, then the commands."""
        run = self.commands[str(self.default_cmd_name)]
        options = [p for p in run.params if isinstance(p, click.Option)] + self.get_params(ctx)
        rows = [row for option in options if (row := option.get_help_record(ctx))]
        with formatter.section("Options"):
            formatter.write_dl(rows)
        self.format_commands(ctx, formatter)
