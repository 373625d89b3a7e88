"""`avg-blur review`: who is covered and who is shown, chosen on screen in the browser, on this computer alone."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from avg_video.cli.filing import Filing
from avg_video.cli.options import PATH, STYLES, encoding_options, filing_options, looking_options, settings_from
from avg_video.cli.progress import FileBar
from avg_video.cli.spoken import Command
from avg_video.cli.stop import StopSign
from avg_video.cli.words import closing_lines
from avg_video.errors import OutputError
from avg_video.language import mark, tr

if TYPE_CHECKING:
    from avg_video.job import Outcome

__all__ = ["review"]

ENDINGS = {
    "asked": mark("The review has ended."),
    "closed": mark("The page was closed, so the review has ended."),
    "idle": mark("Nothing was done for a long time, so the review has ended."),
    "reused": mark(
        "The address was opened a second time, in another browser or by somebody else, so the review has ended; "
        "start it again."
    ),
}


@click.command(cls=Command, short_help=mark("Choose on screen who is covered and who is shown."))
@click.argument("file", type=PATH)
@click.option("--no-open", is_flag=True, help=mark("Don't start the browser; print the address to open in it."))
@click.option(
    "--style",
    type=click.Choice(STYLES),
    default="fill",
    show_default=True,
    help=mark("The cover; mosaic and blur are weaker."),
)
@filing_options
@looking_options
@encoding_options
@click.pass_obj
def review(
    stop: StopSign,
    /,
    file: Path,
    no_open: bool,
    log: Path | None,
    no_log: bool,
    register: Path | None,
    no_register: bool,
    report: bool,
    **chosen: Any,
) -> int:
    """Choose on screen, in the browser, who is covered and who is shown in FILE, and make the copy.

    The page is offered on this computer alone, and nothing leaves it. What you choose is saved as NAME.avg.toml beside
    FILE; avg-blur FILE then makes the same copy. It ends when you close the page, or with Ctrl-C.
    """
    from avg_video.job import no_numbers
    from avg_video.media.photo_kinds import photo_kind
    from avg_video.review.server.serve import Server
    from avg_video.review.server.session import Session
    from avg_video.review.shelf import alone, tidy

    if photo_kind(file) is not None:
        raise no_numbers(file)
    filing = Filing(None, (), log, no_log, register, no_register, report)
    tidy()
    session = Session(file, settings_from(**chosen), filing.office(file.absolute().parent), lambda o: _closing(o, file))
    with Server(session) as server, alone(session.sha256, server.place, file):
        _tell(server.address, no_open=no_open)
        try:
            why = session.work(lambda: FileBar(file, check=stop.check), stop.check)
        except OutputError as error:
            if stop.asked:  # then the last line says only that; that choices are gone must be said as well
                click.echo(f"avg-blur: {error}", err=True)
            raise
    click.echo(tr(ENDINGS.get(why, ENDINGS["asked"])))
    return 0


def _tell(address: str, *, no_open: bool) -> None:
    """Open the page, or say where it is. The address is good for one use, by whoever has it."""
    if not no_open and webbrowser.open(address):
        click.echo(tr("The page is open in your browser. It ends when you close it, or with Ctrl-C here."))
        return
    if not no_open:
        click.echo(f"avg-blur: {tr('no browser could be started; open the address yourself')}", err=True)
    click.echo(tr("Open this address in a browser on this computer; it works once:"))
    click.echo(f"  {address}")


def _closing(outcome: Outcome, file: Path) -> list[str]:
    return closing_lines(outcome, file)
