"""How a run can end badly: every exception becomes one line and an exit code."""

from __future__ import annotations

import errno
import os
import re
import sys
import traceback
from pathlib import Path

import click

from avg_video.errors import EXIT_FAILED, EXIT_USAGE, AvgError, Interrupted, printable
from avg_video.language import mark, tr

__all__ = ["DEBUG_VARIABLE", "describe", "details", "give_up", "interrupted", "tidy_up"]

DEBUG_VARIABLE = "AVG_BLUR_DEBUG"
"""Set in the environment, it prints the traceback of an error as well."""

SYSTEM_REMEDIES = {
    errno.ENOSPC: mark("free some space and run it again"),
    errno.EDQUOT: mark("free some space and run it again"),
    errno.EACCES: mark("check that you may read the input and write into the folder of the output"),
    errno.EPERM: mark("check that you may read the input and write into the folder of the output"),
    errno.EROFS: mark("choose another folder with -o"),
    errno.ENAMETOOLONG: mark("choose a shorter name with -o"),
    errno.EMFILE: mark("close other programs and run it again"),
    errno.EIO: mark("check the disk or the stick it is on"),
}
"""What to do about errors of the system that no part of the program expected."""


HINTS = (mark("Did you mean"), mark("Possible options"))
"""How the sentence begins in which click proposes something, in the words of the catalogue too."""


def interrupted() -> Interrupted:
    """The error for Ctrl-C and for the system asking to stop."""
    return Interrupted(
        tr("interrupted, nothing half done was left"), remedy=tr("run the same command again to start over")
    )


def describe(error: BaseException) -> tuple[str, int]:
    """The line for the user (without the program's name) and the exit code for an error that ended a run."""
    if isinstance(error, AvgError):
        return str(error), error.exit_code
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return describe(interrupted())
    if isinstance(error, click.ClickException):
        return _usage(error), EXIT_USAGE
    if isinstance(error, MemoryError):
        return tr("the memory is full; close other programs, or use a smaller --threads or --jobs"), EXIT_FAILED
    if isinstance(error, OSError) and error.strerror:
        name = "" if error.filename is None else f"{printable(os.fsdecode(error.filename))}: "
        if error.errno in SYSTEM_REMEDIES:
            remedy = tr(SYSTEM_REMEDIES[error.errno])
        else:
            remedy = tr("set {variable}=1 for details", variable=DEBUG_VARIABLE)
        return f"{name}{printable(tr(error.strerror)).lower()}; {remedy}", EXIT_FAILED
    what = printable(f"{type(error).__name__}: {error}".removesuffix(": "))
    return (
        tr(
            "a fault of the program, not yours ({what}); run it again with {variable}=1 for details to report",
            what=what,
            variable=DEBUG_VARIABLE,
        ),
        EXIT_FAILED,
    )


def give_up(file: Path) -> None:
    """End the program at once, tidied up, because FFmpeg does not come back from `file`; see `media.watch`."""
    from avg_video.media.watch import stalled

    tidy_up()
    error = stalled(file)
    clear = "\r\x1b[K" if sys.stderr.isatty() else ""  # the bar
    os.write(2, f"{clear}avg-blur: {error}\n".encode("utf-8", "replace"))
    os._exit(error.exit_code)


def tidy_up() -> None:
    """Remove what a request to stop left half done because it came between two steps; nothing, mostly."""
    if "avg_video.media.temporary" in sys.modules:  # loading it for this would make `--help` slow
        from avg_video.media.temporary import discard_all

        discard_all()


def details(error: BaseException) -> str | None:
    """The traceback, when the environment asks for it."""
    if not os.environ.get(DEBUG_VARIABLE):
        return None
    return "".join(traceback.format_exception(error))


def _usage(error: click.ClickException) -> str:
    """Click's own message in the one form that all lines have: `what; what to do`."""
    what = " ".join(error.format_message().split()).rstrip(".")
    what = printable(what[:1].lower() + what[1:])
    ctx = getattr(error, "ctx", None)
    command = "avg-blur" if ctx is None or ctx.info_name == "run" else ctx.command_path
    hints = "|".join(re.escape(tr(hint)) for hint in HINTS)
    what, *hint = re.split(rf"\.? \(?(?={hints})", what, maxsplit=1)
    if not hint:
        return tr("{what}; see {command} --help", what=what, command=command)
    meant = f"{hint[0][:1].lower()}{hint[0][1:].rstrip('?)')}"
    return tr("{what}; {hint}, or see {command} --help", what=what, hint=meant, command=command)
