"""`avg-blur FILE|FOLDER ...`: the main job."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from avg_video.cli.batch import many
from avg_video.cli.filing import Filing, write_report
from avg_video.cli.options import (
    PATH,
    STYLES,
    NumberList,
    ShownList,
    encoding_options,
    filing_options,
    looking_options,
    paper_options,
    settings_from,
)
from avg_video.cli.progress import FileBar
from avg_video.cli.spoken import Command
from avg_video.cli.stop import StopSign
from avg_video.cli.words import closing_lines, typed
from avg_video.errors import UsageError
from avg_video.language import mark, tr

if TYPE_CHECKING:
    from avg_video.pipeline import Outcome, Settings
    from avg_video.policy.document import Policy
    from avg_video.policy.plan import Plan

__all__ = ["run"]


@dataclass(frozen=True)
class Chosen:
    """Who was chosen on the command line, and how much is said."""

    policy: Path | None
    objected: Collection[int]
    shown: Mapping[int, str | None]
    plan: Path | None
    filing: Filing
    as_json: bool
    quiet: bool
    neutral: bool


@click.command(cls=Command, name="run", hidden=True, short_help=mark("Cover the faces in recordings (the default)."))
@click.argument("inputs", nargs=-1, required=True, metavar=mark("FILE|FOLDER ..."), type=PATH)
@click.option(
    "-o",
    "--output",
    metavar=mark("FILE|FOLDER"),
    help=mark(
        "Where the copy goes: a file (.mp4; of a photo .jpg or .png), or a folder. Default: NAME.avg.mp4 (.jpg, .png) "
        "beside the input."
    ),
)
@click.option(
    "--policy",
    metavar=mark("FILE"),
    type=PATH,
    help=mark("Who may be shown. Default: NAME.avg.toml beside the input, else everybody is covered."),
)
@click.option(
    "--object",
    "objected",
    type=NumberList(),
    default=frozenset(),
    metavar="3,7",
    help=mark("Cover these people's numbers."),
)
@click.option(
    "--show",
    "shown",
    type=ShownList(),
    default={},
    metavar="1[=L05]",
    help=mark("Show these people's numbers; with =L05 or =teacher, whose consent or choice that rests on."),
)
@click.option(
    "--plan",
    metavar=mark("FILE"),
    type=PATH,
    help=mark("The .avgplan that the numbers come from. Default: the one that `avg-blur look` kept."),
)
@click.option(
    "--audio",
    type=click.Choice(("drop", "keep")),
    help=mark("The sound. Default: as the policy or the profile says, else drop."),
)
@click.option(
    "--style",
    type=click.Choice(STYLES),
    default="fill",
    show_default=True,
    help=mark("The cover; mosaic and blur are weaker."),
)
@paper_options
@filing_options
@looking_options
@encoding_options
@click.option("--no-second-look", is_flag=True, help=mark("Don't look at the covered pictures again (weaker)."))
@click.option(
    "--neutral-names",
    "neutral",
    is_flag=True,
    help=mark(
        "Call the copies avg-0001.mp4, avg-0002.mp4 and so on, so that no name of an input goes along. "
        "Which is which says batch.json, which is for you alone."
    ),
)
@click.option("--overwrite", is_flag=True, help=mark("Replace an output that exists."))
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help=mark("Recordings made at once."),
)
@click.option("--json", "as_json", is_flag=True, help=mark("Print the result for machines."))
@click.option("-q", "--quiet", is_flag=True, help=mark("Print errors and warnings only."))
@click.pass_obj
def run(
    stop: StopSign,
    /,
    inputs: tuple[Path, ...],
    output: str | None,
    jobs: int,
    no_second_look: bool,
    policy: Path | None,
    objected: frozenset[int],
    shown: dict[int, str | None],
    plan: Path | None,
    as_json: bool,
    quiet: bool,
    neutral: bool,
    profile: str | None,
    confirm: tuple[str, ...],
    log: Path | None,
    no_log: bool,
    register: Path | None,
    no_register: bool,
    report: bool,
    **settings: Any,
) -> int:
    """Make a copy of each recording or photo in which nobody is recognisable who must not be."""
    made = settings_from(second_look=not no_second_look, **settings)
    filing = Filing(profile, confirm, log, no_log, register, no_register, report)
    chosen = Chosen(policy, objected, shown, plan, filing, as_json, quiet, neutral)
    if len(inputs) == 1 and not is_folder(inputs[0]):
        return one(stop, inputs[0], output, made, chosen)
    if objected or shown or plan is not None:
        raise UsageError(
            tr("numbers of people and plans belong to one recording"),
            remedy=tr("give one FILE with --object, --show or --plan"),
        )
    out = None if output is None else Path(output)
    return many(
        stop,
        inputs,
        out,
        made,
        policy=policy,
        filing=filing,
        jobs_n=jobs,
        as_json=as_json,
        quiet=quiet,
        neutral=neutral,
        given=given_options(click.get_current_context()),
    )


NOT_OF_ONE = frozenset({"inputs", "output", "overwrite", "jobs", "neutral", "as_json", "quiet"})
"""Parameters that a command for a single copy of a batch does without, or has of its own."""


def given_options(ctx: click.Context) -> list[str]:
    """The options that were given on the command line, as they are typed, but for `NOT_OF_ONE`."""
    words: list[str] = []
    for param in ctx.command.params:
        name = param.name or ""
        if name in NOT_OF_ONE or ctx.get_parameter_source(name) is not click.core.ParameterSource.COMMANDLINE:
            continue
        value = ctx.params[name]
        words.append(param.opts[-1])
        if value is not True:
            words.append(typed(Path(",".join(value) if isinstance(value, tuple) else str(value))))
    return words


def one(stop: StopSign, source: Path, output: str | None, settings: Settings, chosen: Chosen) -> int:
    """Make the copy of one file."""
    from avg_video.job import must_be_made_again
    from avg_video.pipeline import anonymise, policy_beside
    from avg_video.policy.document import load_policy

    target = target_of(source, output)
    if chosen.neutral:
        target, settings = neutral_target(source, output, settings)
    policy = policy_beside(source) if chosen.policy is None else load_policy(chosen.policy)
    office = chosen.filing.office(target.parent)
    if not settings.overwrite and must_be_made_again(source, target, settings=settings, policy=policy, office=office):
        raise UsageError(
            tr("it exists already, and shows somebody who may no longer be shown"),
            remedy=tr("make it again with --overwrite, or delete it"),
            file=target,
        )
    with FileBar(source, check=stop.check, show=False if chosen.quiet or chosen.as_json else None) as bars:
        outcome = anonymise(
            source,
            target,
            settings=settings,
            policy=policy,
            plan=plan_for(source, chosen, policy),
            objected=chosen.objected,
            shown=chosen.shown,
            office=office,
            progress=bars,
        )
    page = None
    if chosen.filing.report:
        page = write_report([outcome.record], outcome.record_path.with_suffix(".html"))
    if chosen.as_json:
        click.echo(json.dumps(machine(outcome, page)))
    elif not chosen.quiet:
        lines = closing_lines(outcome, source, said=bars.warnings, report=page)
        click.echo("\n".join(lines))
    return outcome.exit_code


def target_of(source: Path, output: str | None) -> Path:
    """Where the copy of one file goes.

    Raises `UsageError` for a name that is neither that of a folder nor, for a recording, that of an MP4 file.
    """
    from avg_video.media.photo_kinds import photo_kind
    from avg_video.pipeline import default_output

    if output is None:
        return default_output(source)
    path = Path(output)
    if is_folder(path):
        return path / default_output(source).name
    if output.endswith(("/", os.sep)):
        raise UsageError(tr("there is no such folder"), remedy=tr("make it first, or name a file with -o"), file=path)
    if path.suffix.lower() != ".mp4" and photo_kind(source) is None:
        raise UsageError(
            tr("the copy is always an MP4 file"),
            remedy=tr("give -o a name that ends in .mp4, or a folder that exists"),
            file=path,
        )
    return path


def neutral_target(source: Path, output: str | None, settings: Settings) -> tuple[Path, Settings]:
    """Where the copy of one file goes when its name must say nothing; a name that was free replaces nothing.

    Raises `UsageError` when a name was given all the same.
    """
    from avg_video.batch.neutral import NeutralNames

    if output is not None and not is_folder(Path(output)):
        raise UsageError(tr("--neutral-names chooses the name"), remedy=tr("give -o a folder that exists"), file=output)
    place = NeutralNames(source.parent if output is None else Path(output)).place(source)
    return place.output, replace(settings, overwrite=settings.overwrite and not place.fresh)


def is_folder(path: Path) -> bool:
    """Whether it is a folder; a name that can't even be asked about is none, and whoever opens it says why."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def plan_for(source: Path, chosen: Chosen, policy: Policy) -> Plan | None:
    """The plan whose numbers were chosen from, on the command line or in the policy; None if it has to be made anew.

    Numbers without the page they came from could show the wrong person, so they need the very plan: the one that was
    named, or the one kept for a recording with this hash.

    Raises `UsageError` when numbers were given and there is none.
    """
    from avg_video.job import no_numbers
    from avg_video.media.photo_kinds import photo_kind
    from avg_video.policy.plan import Plan
    from avg_video.record.hashes import sha256_file
    from avg_video.review.places import find_plan, find_plan_of

    if chosen.plan is not None:
        return Plan.load(chosen.plan)
    if policy.by_number and policy.numbers is not None:
        kept = find_plan_of(policy.numbers)
        if kept is not None or not (chosen.objected or chosen.shown):
            return kept
    if not chosen.objected and not chosen.shown:
        return None
    if photo_kind(source) is not None:
        raise no_numbers(source)
    kept_at = find_plan(sha256_file(source))
    if kept_at is None:
        raise UsageError(
            tr("people were chosen by number, but this recording has not been looked at"),
            remedy=tr("run avg-blur look {name} first and take the numbers from its page", name=typed(source)),
            file=source,
        )
    return Plan.load(kept_at)


def machine(outcome: Outcome, report: Path | None = None) -> dict[str, Any]:
    """The result of one recording, for `--json`."""
    head = outcome.filed.head
    from avg_video.record.store import record_data

    return {
        "exit_code": outcome.exit_code,
        "output": str(outcome.output),
        "record_path": str(outcome.record_path),
        "report_path": None if report is None else str(report),
        "control_number": None if head is None else head.control_number,
        "stage_s": outcome.stage_s,
        "record": record_data(outcome.record),
    }
