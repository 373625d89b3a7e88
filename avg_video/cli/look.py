"""`avg-blur look`: finds and numbers the people, and writes a page of faces to choose from."""

from __future__ import annotations

import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from avg_video.cli.options import PATH, looking_options, settings_from
from avg_video.cli.progress import FileBar
from avg_video.cli.spoken import Command
from avg_video.cli.stop import StopSign
from avg_video.cli.words import rows, typed
from avg_video.errors import printable
from avg_video.language import mark, tr, trn

if TYPE_CHECKING:
    from avg_video.policy.plan import Plan

__all__ = ["look"]


@click.command(cls=Command, short_help=mark("Number the people and make a page of faces to choose from."))
@click.argument("file", type=PATH)
@click.option(
    "-o",
    "--output",
    "page",
    metavar=mark("PAGE"),
    type=PATH,
    help=mark("Where the page goes. Default: a private folder in the system's temporary folder."),
)
@click.option("--open", "open_it", is_flag=True, help=mark("Open the page in the browser."))
@click.option("-q", "--quiet", is_flag=True, help=mark("Print the page's name only."))
@looking_options
@click.pass_obj
def look(stop: StopSign, /, file: Path, page: Path | None, open_it: bool, quiet: bool, **chosen: Any) -> int:
    """Find and number the people in FILE and write one private page with a strip of faces for each number.

    Then `avg-blur FILE --object 3,7 --show 1` uses the same numbers. The page shows faces: delete it, and the
    .avgplan file beside it, when you have chosen.
    """
    from avg_video.pipeline import analyse
    from avg_video.review.page import make_page
    from avg_video.review.places import check_page, page_paths

    if page is not None:
        check_page(page)  # before the looking, which takes its time
    with FileBar(file, check=stop.check, show=False if quiet else None) as bars:
        plan = analyse(file, settings_from(**chosen), bars)
    page_path, plan_path = page_paths(plan.source_sha256, page)
    make_page(file, plan, page_path)
    plan.save(plan_path)  # after the page: numbers must not be usable before their faces can be seen
    click.echo(printable(page_path) if quiet else "\n".join(closing_lines(file, plan, page_path, plan_path)))
    if open_it and not webbrowser.open(page_path.absolute().as_uri()):
        what = tr("no browser could be started; open it yourself")
        click.echo(f"avg-blur: {printable(page_path)}: {what}", err=True)
    return 0


def closing_lines(file: Path, plan: Plan, page_path: Path, plan_path: Path) -> list[str]:
    """What was found, and what to do next."""
    numbers = [track.id for track in plan.tracks if track.confirmed]
    name = typed(file)
    return [
        trn(
            "Found {n} number to choose from (somebody who was lost from sight has several).",
            "Found {n} numbers to choose from (somebody who was lost from sight has several).",
            len(numbers),
        ),
        *rows((tr("page"), printable(page_path)), (tr("plan"), printable(plan_path))),
        *(_next(name, numbers) if numbers else []),
        tr("The page shows faces and is meant for you alone: delete it and the plan when you have chosen."),
    ]


def _next(name: str, numbers: Sequence[int]) -> list[str]:
    """The commands to choose with, by numbers that are there."""
    first, last = numbers[0], numbers[-1]
    text = tr(
        "Next: avg-blur {name} --show {first} shows number {first} and covers all others;\n"
        "      avg-blur {name} --object {last} covers number {last} whatever the policy says.",
        name=name,
        first=first,
        last=last,
    )
    return text.split("\n")
