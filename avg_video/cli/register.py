"""`avg-blur register`: which recordings and copies there are, what must go by when, and what to tell whom."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

import click

from avg_video.cli.options import PATH, register_of_group, register_option
from avg_video.cli.spoken import Group, speaking
from avg_video.errors import EXIT_DONE, EXIT_LOOK, UsageError
from avg_video.language import mark, tr, trn
from avg_video.register.deadlines import EVENTS, Event

__all__ = ["register"]

_WHERE = register_option("register_file")
_JSON = click.option("--json", "as_json", is_flag=True, help=mark("For machines."))
_DAY = click.DateTime(["%Y-%m-%d"])


def _role(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    from avg_video.register.answers import is_slug

    if value is not None and not is_slug(value):
        raise click.BadParameter(tr("a role is a short word such as student or teacher, never a name"), ctx, param)
    return value


_ROLE = click.option(
    "--role",
    metavar=mark("WORD"),
    callback=_role,
    help=mark("Your role, such as student or teacher, for the register; never a name."),
)


@click.group(cls=Group)
@register_of_group
def register() -> None:
    """Recordings and copies: list them, see what must go by when, delete it, and report a breach."""


@register.command("list", short_help=mark("Show recordings and copies."))
@_JSON
@_WHERE
def list_(as_json: bool, register_file: Path | None) -> None:
    """Show every recording, and the copies that were made of it."""
    from avg_video.cli.register_lookup import stock_of
    from avg_video.cli.register_words import list_lines, list_rows

    stock = stock_of(register_file)
    if as_json:
        click.echo(json.dumps(list_rows(stock), indent=2))
    else:
        click.echo("\n".join(list_lines(stock)))


@register.command(short_help=mark("Show what must go by when; exit 3 if overdue."))
@_JSON
@click.option("-q", "--quiet", is_flag=True, help=mark("Print only what is overdue."))
@_WHERE
def due(as_json: bool, quiet: bool, register_file: Path | None) -> int:
    """Show what must be deleted by which day, overdue first.

    The last day of a term is part of it: what may be kept until the 20th is overdue on the 21st. Exit code 3 when
    something is overdue, or shows somebody who may be shown no longer. For a scheduled job: avg-blur register due -q.
    """
    from avg_video.cli.register_lookup import dues_of, opened
    from avg_video.cli.register_words import due_lines, due_row, without_term_line
    from avg_video.register.stock import read_stock

    today = date.today()
    with opened(register_file) as the_register:
        stock = read_stock(the_register)
        found, without = dues_of(the_register, stock, today)
    late = [each for each in found if each.overdue(today)]
    code = EXIT_LOOK if late else EXIT_DONE
    if as_json:
        rows = [due_row(each, stock, today) for each in (late if quiet else found)]
        click.echo(json.dumps({"exit_code": code, "today": today.isoformat(), "due": rows}, indent=2))
        return code
    lines = due_lines(late if quiet else found, stock, today)
    if not quiet:
        lines = (lines or [tr("Nothing has a day by which it must go.")]) + without_term_line(without)
    if lines:
        click.echo("\n".join(lines))
    return code


@register.command(short_help=mark("Start the clock of an upload."))
@click.argument("files", metavar=mark("FILE..."), nargs=-1, required=True, type=PATH)
@click.option("--on", type=_DAY, metavar=mark("DAY"), help=mark("The day, as 2026-11-30. Default: today."))
@_ROLE
@_WHERE
def uploaded(files: tuple[Path, ...], on: datetime | None, role: str | None, register_file: Path | None) -> None:
    """Write down that FILE was uploaded, which starts the clock of terms that run from the upload.

    FILE is a copy that was made here; it may be gone by now. Given again with --on, the day is corrected.
    """
    from avg_video.cli.register_lookup import copies_at, opened
    from avg_video.cli.register_words import clock_lines
    from avg_video.register.happenings import set_uploaded
    from avg_video.register.stock import read_stock

    today = date.today()
    with opened(register_file) as the_register:
        stock = read_stock(the_register)
        chosen = [copies_at(stock, file) for file in files]  # all of them, before anything is written
        for copies in chosen:
            known = next((copy.uploaded_on for copy in copies if copy.uploaded_on is not None), None)
            set_uploaded(the_register, copies, on.date() if on else known or today, today=today, role=role)
        stock = read_stock(the_register)
        for file, copies in zip(files, chosen, strict=True):
            click.echo("\n".join(clock_lines(file, stock, [copy.id for copy in copies])))


@register.command(short_help=mark("Tell a day, such as the end of a course."))
@click.argument("event", type=click.Choice(EVENTS))
@click.argument("day", metavar=mark("DAY"))
@click.argument("files", metavar=mark("[FILE]..."), nargs=-1, type=PATH)
@click.option("--all", "everything", is_flag=True, help=mark("For everything in the register."))
@_ROLE
@_WHERE
def fact(
    event: Event, day: str, files: tuple[Path, ...], everything: bool, role: str | None, register_file: Path | None
) -> None:
    """Write down on which DAY an EVENT is, or was, that storage terms run from.

    EVENT is one of: recording, course-end, study-end, school-year-end, graduation, purpose-end, leaving-school,
    assessment. DAY is as 2026-11-30, or unknown to take it out again. FILE is a copy, or the recording, and then it
    holds for all of its copies.
    """
    from avg_video.cli.register_lookup import copies_about, day_of, opened, unique
    from avg_video.register.happenings import set_fact
    from avg_video.register.stock import read_stock
    from avg_video.register.wording import event_text

    if event == "upload":
        raise UsageError(tr("an upload has its own command"), remedy=tr("run avg-blur register uploaded FILE"))
    if everything == bool(files):
        raise UsageError(tr("it is not clear for which files"), remedy=tr("name one or more files, or give --all"))
    on = day_of(day)
    with opened(register_file) as the_register:
        stock = read_stock(the_register)
        copies = stock.copies if everything else unique(copies_about(stock, file) for file in files)
        set_fact(the_register, copies, event, on, role=role)
    click.echo(
        trn("Written down for {n} copy: {event} {day}", "Written down for {n} copies: {event} {day}", len(copies),
            event=event_text(event), day=tr("not known") if on is None else on.isoformat())
    )  # fmt: skip


@register.command(short_help=mark("Delete what is due, after asking."))
@click.argument("files", metavar=mark("[FILE]..."), nargs=-1, type=PATH)
@click.option("--due", "due_", is_flag=True, help=mark("Needed, so that nothing is deleted by a slip."))
@click.option("-y", "--yes", is_flag=True, help=mark("Do not ask."))
@click.option("--gone", is_flag=True, help=mark("Write down files that are no longer at their place as gone."))
@_ROLE
@_JSON
@_WHERE
def delete(
    files: tuple[Path, ...],
    due_: bool,
    yes: bool,
    gone: bool,
    role: str | None,
    as_json: bool,
    register_file: Path | None,
) -> int:
    """Delete what is due, after asking.

    That is recordings and copies whose last day has come, and copies that show somebody who may be shown no longer.
    Only files that are registered, each after its bytes were compared; links are not followed. With FILE, only what
    is due and has these bytes, wherever it lies: on a stick, say. What was deleted, when, on which ground and by
    which role stays in the register. The record of a copy is kept: it shows what was done.
    """
    from avg_video.cli.register_lookup import agreed, dues_of, opened, spots_of
    from avg_video.cli.register_words import (
        deletion_lines,
        deletion_rows,
        flash_note,
        pages_left,
        plan_lines,
        question,
    )
    from avg_video.register.deletion import delete_spot, settle_gone
    from avg_video.register.removal import Found
    from avg_video.register.stock import read_stock

    if not due_:
        raise UsageError(tr("what to delete was not said"), remedy=tr("give --due to delete what is due"))
    today = date.today()
    with opened(register_file) as the_register:
        stock = read_stock(the_register)
        chosen = spots_of([each for each in dues_of(the_register, stock, today)[0] if each.due(today)], files, stock)
        if not chosen:
            click.echo("[]" if as_json else tr("Nothing is due, so nothing was deleted."))
            return EXIT_DONE
        if not yes:
            click.echo("\n".join(plan_lines(chosen)), err=as_json)
            if not agreed(question(chosen)):
                click.echo(tr("Nothing was deleted."), err=as_json)
                return EXIT_LOOK
        results = [delete_spot(the_register, spot, role=role) for spot in chosen]
        settled = settle_gone(the_register, results, role=role) if gone else ()
    left = [each for each in results if each.found is not Found.DELETED and each.spot not in settled]
    if as_json:
        click.echo(json.dumps(deletion_rows(results, settled), indent=2))
    else:
        lines = deletion_lines(results, settled)
        if any(each.found is Found.DELETED for each in results):
            lines += [*pages_left(results), flash_note()]
        click.echo("\n".join(lines))
    return EXIT_LOOK if left else EXIT_DONE


@register.command(short_help=mark("Draft a note about a possible data breach."))
@click.argument("output", type=PATH)
@click.option(
    "--noticed",
    type=click.DateTime(["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"]),
    metavar=mark("MOMENT"),
    help=mark('When it was found, as "2026-11-30 14:05", by the clock of this computer; the term runs from then.'),
)
@click.option(
    "--english", is_flag=True, help=mark("Draft it in English. Default: in Dutch, whatever language is spoken here.")
)
@_ROLE
@_WHERE
def incident(
    output: Path, noticed: datetime | None, english: bool, role: str | None, register_file: Path | None
) -> None:
    """Draft a note about a possible data breach: what the copy held, who is visible, whom to tell by which hour.

    OUTPUT is a copy that was made here; it may be gone by now. What is not known is left open to fill in. The note
    goes to the terminal; nothing is sent. It is in Dutch, as those who get it expect.
    """
    from avg_video.cli.register_lookup import copies_at, opened, read_contents, reference_of
    from avg_video.register.happenings import note_incident
    from avg_video.register.incident import Incident, incident_note, report_before
    from avg_video.register.standing import standing
    from avg_video.register.stock import read_stock

    now = datetime.now().astimezone()
    found = None if noticed is None else noticed.astimezone()
    if found is not None and found > now:
        raise UsageError(tr("that moment has yet to come"), remedy=tr("give --noticed when it was found"))
    with opened(register_file) as the_register:
        stock = read_stock(the_register)
        copy = copies_at(stock, output)[0]
        consents = standing(the_register, copy.tokens, copy.purpose, now.date())
        before = None if found is None or copy.breach_hours is None else report_before(found, copy.breach_hours)
        note_incident(the_register, copy, noticed=found, before=before, role=role)
    note = Incident(
        register_ref=reference_of(copy),
        output_sha256=copy.sha256,
        made_at=copy.made_at,
        uploaded_on=copy.uploaded_on,
        deleted_at=copy.deleted_at,
        profile=copy.profile,
        purpose=copy.purpose,
        breach_hours=copy.breach_hours,
        breach_contact=copy.breach_contact,
        tokens=tuple((token, consents[token]) for token in copy.tokens),
        erased=copy.erased,
        contents=read_contents(copy),
        original_kept=bool(stock.recordings[copy.recording_id].places),
        noticed=found,
        now=now,
    )
    with speaking("en" if english else "nl"):
        text = incident_note(note)
    click.echo(text, nl=False)


@register.command(short_help=mark("Print the columns of art. 30 GDPR."))
@click.option("--format", "kind", type=click.Choice(["csv", "json"]), default="csv", show_default=True,
              help=mark("csv for a spreadsheet, json for machines."))  # fmt: skip
@_WHERE
def export(kind: str, register_file: Path | None) -> None:
    """Print every run with the columns of art. 30 GDPR, for a register of processing activities.

    What neither the register nor the record of the copy says is not stated, and left to you.
    """
    from avg_video.cli.register_lookup import read_contents, stock_of
    from avg_video.register.database import moment
    from avg_video.register.export import Activity, csv_text, json_text

    stock = stock_of(register_file)
    rows = []
    for copy in stock.copies:
        recording = stock.recordings[copy.recording_id]
        rows.append(
            Activity(
                run_id=copy.run_id,
                made_at=moment(copy.made_at),
                profile=copy.profile,
                purpose=copy.purpose,
                tokens=copy.tokens,
                keep_original=copy.keep_original,
                keep_copy=copy.keep_copy,
                original=stock.deadline_of_recording(recording),
                copy=stock.deadline_of_copy(copy),
                uploaded_on=copy.uploaded_on,
                state=copy.state,
                deleted_at=None if copy.deleted_at is None else moment(copy.deleted_at),
                copy_sha256=copy.sha256,
                recording_sha256=recording.sha256,
                contents=read_contents(copy),
            )
        )
    # As bytes: the line ends of a CSV file are its own, on every system.
    click.echo((csv_text(rows) if kind == "csv" else json_text(rows)).encode("utf-8"), nl=False)
