"""`avg-blur consent`: whose consent was given for what, by token, and what follows when somebody says no."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from avg_video.cli.consent_words import (
    added_lines,
    copy_lines,
    counts,
    entry_lines,
    erased_lines,
    idle_lines,
    withdrawn_lines,
)
from avg_video.cli.options import PATH, register_of_group, register_option
from avg_video.cli.spoken import Group
from avg_video.errors import EXIT_DONE, EXIT_LOOK, UsageError
from avg_video.language import mark, tr, trn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from avg_video.register.answers import Answer
    from avg_video.register.database import Register
    from avg_video.register.runs import Copy

__all__ = ["consent"]

F = TypeVar("F", bound="Callable[..., Any]")

# Written out, so that `--help` need not load the register; a test holds them equal to the real ones.
AGE_GROUPS = ("under-16", "16-plus")
GIVERS = ("pupil", "parent")
ANSWERS = ("given", "refused")

OPTIONS = {"given_on": "--on", "valid_until": "--until", "age_group": "--age-group", "given_by": "--given-by"}
"""The option for a column of an answer, where it isn't called like it."""


def common_options(function: F) -> F:
    """`--register` and `--json`."""
    as_json = click.option("--json", "as_json", is_flag=True, help=mark("For machines."))
    return register_option("file")(as_json(function))


def role_option(function: F) -> F:
    """`--role`."""
    return click.option(
        "--role",
        metavar="WORD",
        help=mark("Your role, such as student or teacher, for the register; never a name."),
    )(function)


@click.group(cls=Group)
@register_of_group
def consent() -> None:
    """Consents by token: add one, take in a sheet of them, list, withdraw, erase.

    Pupils are known by tokens such as L07 only. Keep the list that says who L07 is elsewhere, and never write a name.
    """


@consent.command(short_help=mark("Write down what a pupil, or a parent, answered."))
@click.argument("token")
@click.option("--purpose", metavar="WORD", help=mark("What for, such as website; it never counts for anything else."))
@click.option("--age-group", type=click.Choice(AGE_GROUPS), help=mark("The pupil's age on the day it was given."))
@click.option("--given-by", type=click.Choice(GIVERS), help=mark("Who gave it: the pupil, or a parent."))
@click.option(
    "--answer", type=click.Choice(ANSWERS), default="given", show_default=True, help=mark("What the answer was.")
)
@click.option("--on", metavar="DAY", help=mark("The day it was given, as 2026-09-01. Default: today."))
@click.option("--until", metavar="DAY", help=mark("The last day on which it counts. Default: no end."))
@click.option(
    "--proof",
    metavar="TEXT",
    help=mark('Where the signed form lies, in short, such as "binder 3, form 12"; never a name.'),
)
@role_option
@common_options
def add(token: str, on: str | None, until: str | None, role: str | None, file: Path | None, as_json: bool,
        **said: str | None) -> int:  # fmt: skip
    """Write down what the pupil TOKEN, or a parent, answered to the question for consent.

    Consent needs a purpose, the age group, who gave it, and where the proof lies. Below 16 it counts only when a parent
    gave it, from 16 on only when the pupil did. A refusal needs nothing but the token, and with --purpose it is about
    that purpose only. The latest answer counts. A proof with a person's name in it can't be told from another: write
    down where the form lies, not whose it is.

    Exit code 3: it was written down, but does not count, or copies still show somebody who refused.
    """
    from avg_video.register import consents
    from avg_video.register.database import open_register

    today = date.today()
    fields = {**said, "token": token, "given_on": on or today.isoformat(), "valid_until": until}
    answer = _answer(fields, today)
    with open_register(file) as register:
        done = consents.add(register, answer, role=_role(role), today=today)
    code = EXIT_LOOK if done.copies or not counts(answer, done) else EXIT_DONE
    if as_json:
        _say(code, token=token, new=done.new, standing=done.standing, copies=_rows(done.copies))
    else:
        click.echo("\n".join(added_lines(answer, done, file)))
    return code


@consent.command("list")
@click.option("--token", metavar="TOKEN", help=mark("Only this pupil's."))
@click.option("--purpose", metavar="WORD", help=mark("Only those for this purpose, and refusals of everything."))
@click.option("--on", metavar="DAY", help=mark("What they were worth on that day, as 2026-09-01. Default: today."))
@common_options
def list_(token: str | None, purpose: str | None, on: str | None, file: Path | None, as_json: bool) -> None:
    """Show every answer and what it is worth.

    given: it counts. refused, withdrawn: the pupil is covered. expired: its last day is over. invalid: for the pupil's
    age, somebody else had to give it. older: a later answer took its place.
    """
    from avg_video.register import consents

    day = None if on is None else _day(on)
    with _existing(file) as register:
        found = consents.entries(register, token=None if token is None else _token(token), purpose=purpose, on=day)
    if as_json:
        click.echo(json.dumps([asdict(entry) for entry in found], indent=2))
    else:
        click.echo("\n".join(entry_lines(found)))


@consent.command(short_help=mark("A pupil, or a parent, no longer agrees."))
@click.argument("token")
@click.option("--purpose", metavar="WORD", help=mark("Only for this purpose. Default: for everything."))
@click.option("--on", metavar="DAY", help=mark("The day it was said, as 2026-10-12. Default: today."))
@role_option
@common_options
def withdraw(
    token: str, purpose: str | None, on: str | None, role: str | None, file: Path | None, as_json: bool
) -> int:
    """The pupil TOKEN, or a parent, no longer agrees.

    From that day on no consent counts until a new one is given, and the next copy covers the pupil. Every copy that
    shows the pupil is listed at once and marked as to be made again or deleted, also those that show the pupil on
    another ground than consent; copies that were uploaded are named too.

    Exit code 3: there are such copies.
    """
    from avg_video.register import consents

    _token(token)
    with _existing(file) as register:
        done = consents.withdraw(
            register, token, purpose=_purpose(purpose), on=None if on is None else _day(on), role=_role(role)
        )
    code = EXIT_LOOK if done.copies else EXIT_DONE
    if as_json:
        _say(code, token=token, consents=done.consents, still_given=done.still_given, copies=_rows(done.copies))
    else:
        click.echo("\n".join(withdrawn_lines(token, purpose, done, file)))
    return code


@consent.command("import", short_help=mark("Take in a sheet of answers (CSV)."))
@click.argument("sheet", metavar="FILE", type=PATH)
@role_option
@common_options
def import_(sheet: Path, role: str | None, file: Path | None, as_json: bool) -> int:
    """Take in FILE, a sheet of answers saved as CSV (UTF-8; commas, semicolons or tabs): all of its rows, or none.

    The first line names the columns, all of these and no other:

    \b
    token,age_group,given_by,purpose,answer,given_on,valid_until,proof
    L07,under-16,parent,website,given,2026-09-01,2027-07-31,"binder 3, form 12"
    L08,16-plus,pupil,website,refused,2026-09-01,,

    token: one to three capitals and one to four digits. age_group: under-16 or 16-plus, on that day. given_by: pupil or
    parent. answer: given or refused. Days are written 2026-09-01; valid_until is the last day on which it counts, and
    empty for no end. A refusal may leave age_group, given_by and proof empty, and purpose too if it is about
    everything. Rows that are in the register already are passed over.

    Never write a name. A sheet with other columns, or with something else where a token or a day belongs, is refused
    with the number of each line. A name in the column proof can't be told: keep it a short reference to where the form
    lies.

    Exit code 3: copies still show somebody who refused, or a yes does not count, since somebody gave it who can't, or
    its last day is over.
    """
    from avg_video.register import consents
    from avg_video.register.database import open_register
    from avg_video.register.sheet import SheetError, read_sheet

    try:
        read_sheet(sheet, date.today())  # before an empty register is made for nothing
        with open_register(file) as register:
            done = consents.import_csv(register, sheet, role=_role(role))
    except SheetError as error:
        if len(error.faults) > 1:
            click.echo("\n".join(error.faults), err=True)
        raise
    code = EXIT_LOOK if done.copies or done.idle else EXIT_DONE
    if as_json:
        idle = [{"token": a.token, "purpose": a.purpose, "standing": worth} for a, worth in done.idle]
        _say(code, new=done.new, known=done.known, do_not_count=idle, copies=_rows(done.copies))
        return code
    lines = [trn("{n} answer taken in.", "{n} answers taken in.", done.new)]
    if done.known:
        lines.append(trn("{n} was known already.", "{n} were known already.", done.known))
    click.echo("\n".join(lines + idle_lines(done.idle) + copy_lines(done.copies, file)))
    return code


@consent.command(short_help=mark("Erase a token from the register."))
@click.argument("token")
@click.option("-y", "--yes", is_flag=True, help=mark("Do not ask."))
@role_option
@common_options
def erase(token: str, yes: bool, role: str | None, file: Path | None, as_json: bool) -> int:
    """Erase the pupil TOKEN from the register, after asking.

    What was answered, when and for what stays, and so do events and logs, but nothing tells any more whose it was.
    Copies that show the pupil are marked as to be made again or deleted. A refusal is erased too: to keep the pupil
    covered, keep the line in the policy. Records and policies beside the copies still hold the token; it means nothing
    once it is taken off the list that says whose it is.

    Exit code 3: there are such copies, or older copies of the register that still hold the token.
    """
    from avg_video.cli.register_lookup import agreed
    from avg_video.register import consents

    _token(token)
    with _existing(file) as register:
        if not yes and not agreed(tr("Erase {token} from the register for good? [y/N]", token=token)):
            click.echo(tr("Nothing was erased."), err=as_json)
            return EXIT_LOOK
        done = consents.erase_token(register, token, role=_role(role))
    code = EXIT_LOOK if done.copies or done.backups else EXIT_DONE
    if as_json:
        _say(code, consents=done.consents, backups=[str(path) for path in done.backups], copies=_rows(done.copies))
    else:
        click.echo("\n".join(erased_lines(done, file)))
    return code


def _existing(file: Path | None) -> Register:
    from avg_video.register.database import open_register

    return open_register(file, create=False)


def _answer(fields: dict[str, str | None], today: date) -> Answer:
    from avg_video.register.answers import AnswerFaults, read_answer

    try:
        return read_answer({column: text or "" for column, text in fields.items()}, today)
    except AnswerFaults as error:
        faults = [f"{OPTIONS.get(f.column, f'--{f.column}')}: {f.what}" for f in error.faults if f.column != "token"]
        faults += [f"TOKEN: {f.what}" for f in error.faults if f.column == "token"]
        raise UsageError(", ".join(faults), remedy=tr("see avg-blur consent add --help")) from None


def _token(text: str) -> str:
    from avg_video.register.answers import is_token

    if not is_token(text):
        raise UsageError(
            tr("that is not a token"),
            remedy=tr("give one such as L07 (one to three capitals, then digits); never a name"),
        )
    return text


def _purpose(text: str | None) -> str | None:
    return _word(text, tr("that is not a purpose"))


def _role(text: str | None) -> str | None:
    return _word(text, tr("that is not a role"))


def _word(text: str | None, what: str) -> str | None:
    from avg_video.register.answers import is_slug

    if text is not None and not is_slug(text):
        raise UsageError(what, remedy=tr("give a short word such as teacher or website, in lower case; never a name"))
    return text


def _day(text: str) -> date:
    from avg_video.register.answers import parse_day

    try:
        return parse_day(text)
    except ValueError as error:
        raise UsageError(f"--on: {error}", remedy=tr("write the year, the month and the day")) from None


def _say(code: int, **parts: object) -> None:
    click.echo(json.dumps({"exit_code": code, **parts}, indent=2))


def _rows(copies: Sequence[Copy]) -> list[dict[str, object]]:
    return [
        {**asdict(copy), "path": str(copy.path), "recording": None if copy.recording is None else str(copy.recording)}
        for copy in copies
    ]
