"""The draft of a note about a possible data breach, from what the register and the record of a copy know.

It never guesses: what neither of them knows is a line to fill in. Art. 33(3) GDPR lists what such a note must say.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from babel.dates import format_date, format_datetime

from avg_video.language import active, tr, trn
from avg_video.register.contents import Contents, Visible
from avg_video.register.wording import basis_text, standing_text

__all__ = ["AUTHORITY_HOURS", "BLANK", "Incident", "incident_note", "report_before"]

BLANK = "____________________"
"""A line to fill in."""
AUTHORITY_HOURS = 72
"""Within this many hours after finding out, the controller tells the authority, where it must: art. 33(1) GDPR."""
WIDTH = 100
STRETCHES = 6
"""A note lists so many stretches of one person; the record holds all."""

Fact = tuple[str, str | None]
"""A line of the note: what it is about, and what is known of it; None is to be filled in."""


@dataclass(frozen=True)
class Incident:
    """What is known about a copy that may have come into the wrong hands.

    Attributes
    ----------
    register_ref: how the register calls this copy.
    made_at: with its time zone.
    tokens: the pupils who are visible in it, with the standing of their consent now; None where nobody asked for one.
    erased: how many visible pupils there are whose token was erased from the register.
    contents: what its record says; None where the record can't be read.
    original_kept: whether a place of the uncovered recording is still registered.
    noticed: when somebody found out, with its time zone; None when it isn't known.
    now: the present, with its time zone.
    """

    register_ref: str
    output_sha256: str
    made_at: datetime
    uploaded_on: date | None
    deleted_at: datetime | None
    profile: str | None
    purpose: str | None
    breach_hours: int | None
    breach_contact: str | None
    tokens: tuple[tuple[str, str | None], ...]
    erased: int
    contents: Contents | None
    original_kept: bool
    noticed: datetime | None
    now: datetime


def report_before(noticed: datetime, hours: int) -> datetime:
    """`hours` of real time after `noticed` (which has its time zone), in the time of this computer.

    A night in which the clocks change has 23 or 25 hours.
    """
    return (noticed.astimezone() + timedelta(hours=hours)).astimezone()


def incident_note(incident: Incident) -> str:
    """The note in the active language, as plain text."""
    parts = (
        _head(incident),
        _section(1, tr("What happened"), _what_happened(incident)),
        _section(2, tr("Which file"), _which_file(incident)),
        _section(3, tr("Who and what can be seen"), _who(incident)),
        _section(4, tr("What it was for"), _what_for(incident)),
        _section(5, tr("What may follow from it for those who are visible"), [(tr("Consequences"), None)]),
        _section(6, tr("What was done about it"), _measures()),
        _foot(incident),
    )
    return "\n\n".join(parts) + "\n"


def _head(incident: Incident) -> str:
    title = tr("DRAFT: note about a possible data breach")
    about = tr(
        "Drafted by avg-blur from its register and the record of the copy. Fill in what is left open, check the rest, "
        "and send it yourself: this program sends nothing. Do not write names of pupils into it."
    )
    if incident.contents is not None and incident.contents.language != active():
        quoted = tr("What is taken from the record of the copy is in the language of that record.")
        about = f"{about} {quoted}"
    rows = [(tr("Report to"), incident.breach_contact), (tr("Report before"), _report_before(incident))]
    return "\n".join([title, "=" * len(title), _wrapped(about), "", *_rows(rows)])


def _report_before(incident: Incident) -> str | None:
    hours, noticed = incident.breach_hours, incident.noticed
    if hours is None:
        return None
    if noticed is None:
        return trn(
            "{blank} ({n} hour after it was found)", "{blank} ({n} hours after it was found)", hours, blank=BLANK
        )
    before = report_before(noticed, hours)
    text = trn(
        "{moment} ({n} hour after it was found)",
        "{moment} ({n} hours after it was found)",
        hours,
        moment=_moment(before),
    )
    if before >= incident.now:
        return text
    return tr("{moment}. That hour is over: report it now, and say why it is late", moment=text)


def _what_happened(incident: Incident) -> list[Fact]:
    noticed = incident.noticed
    return [
        (tr("Found on"), None if noticed is None else _moment(noticed)),
        (tr("Found by (role)"), None),
        (tr("What went wrong"), None),
        (tr("Since when others could see the file"), None),
        (tr("Who may have seen it"), None),
    ]


def _which_file(incident: Incident) -> list[Fact]:
    contents = incident.contents
    uploaded, deleted = incident.uploaded_on, incident.deleted_at
    original = (
        tr("still registered; nobody is covered in it. Was it lost too? {blank}", blank=BLANK)
        if incident.original_kept
        else tr("no place of it is registered any more")
    )
    rows: list[Fact] = [
        (tr("In the register"), incident.register_ref),
        (tr("SHA-256 of the copy"), incident.output_sha256),
        (tr("Copy made on"), _moment(incident.made_at)),
        (tr("Uploaded on"), tr("not registered as uploaded") if uploaded is None else _day(uploaded)),
        (tr("Copy deleted here on"), tr("not deleted") if deleted is None else _moment(deleted)),
        (tr("The original recording"), original),
        (tr("Length"), None if contents is None else _length(contents)),
        (tr("Sound"), None if contents is None else _sound(contents)),
    ]
    if contents is not None and contents.hidden:
        kinds = ", ".join(tr(kind) for kind in contents.hidden)
        rows.append((tr("Hidden data of the recording"), tr("not in the copy: {kinds}", kinds=kinds)))
    return rows


def _who(incident: Incident) -> list[Fact]:
    contents = incident.contents
    rows: list[Fact] = [
        (tr("Visible pupils by token"), _tokens(incident.tokens, incident.erased)),
        (tr("Number of people concerned"), None),
    ]
    if contents is None:
        unread = tr("the record of the copy could not be read, so it is not known who is visible in it")
        return [*rows, (tr("Faces"), None), (tr("Note"), unread)]
    rows += [
        (tr("Faces that were covered"), str(contents.covered)),
        (tr("Faces that are visible"), str(contents.shown)),
        *((tr("Visible, number {number}", number=each.number), _visible(each)) for each in contents.visible),
    ]
    if contents.covered + contents.shown:
        note = tr("somebody who was lost from sight counts again, so these are faces and not people")
    else:
        note = tr("no face was found, which does not prove that there is none")
    rows.append((tr("Note"), note))
    if contents.weak_style is not None:
        weak = tr("{style}, which is made from the face and can partly be undone", style=contents.weak_style)
        rows.append((tr("How faces were covered"), weak))
    rows += [(tr("Warning of the run"), text) for text in contents.warnings]
    # Fixed texts of this program, which the catalogue knows if the record is in English.
    rows += [(tr("Not checked"), tr(text)) for text in contents.not_checked]
    return rows


def _what_for(incident: Incident) -> list[Fact]:
    contents = incident.contents
    profile = (contents.profile if contents is not None else None) or incident.profile
    purpose = (contents.purpose if contents is not None else None) or incident.purpose
    return [
        (tr("Controller"), contents.controller if contents is not None else None),
        (tr("Contact of the controller"), contents.contact if contents is not None else None),
        (tr("Rules followed"), profile),
        (tr("Purpose"), purpose),
        (tr("Legal basis"), basis_text(contents.legal_basis) if contents is not None else None),
        (tr("Who may look"), _listed(contents.recipients if contents is not None else ())),
        (tr("Where it may be kept"), _listed(contents.storage if contents is not None else ())),
        *((tr("Confirmed when it was made"), ask) for ask in (contents.confirmed if contents is not None else ())),
        *(
            (tr("Not confirmed when it was made"), ask)
            for ask in (contents.unconfirmed if contents is not None else ())
        ),
    ]


def _measures() -> list[Fact]:
    return [
        (tr("Done already (taken down, access closed, password changed)"), None),
        (tr("Still to be done, by when"), None),
        (tr("Pupils or parents told on"), None),
    ]


def _foot(incident: Incident) -> str:
    told = tr(
        "Whether the authority and those who are visible must be told is for the controller to decide (art. 33 and 34 "
        "GDPR). The authority is told within {hours} hours after it was found, unless a risk is unlikely.",
        hours=AUTHORITY_HOURS,
    )
    if incident.noticed is not None:
        moment = _moment(report_before(incident.noticed, AUTHORITY_HOURS))
        told = " ".join((told, tr("That is before {moment}.", moment=moment)))
    return _wrapped(told)


def _section(number: int, title: str, facts: Iterable[Fact]) -> str:
    return "\n".join([f"{number}. {title}", *_rows(facts)])


def _rows(facts: Iterable[Fact]) -> list[str]:
    return [
        textwrap.fill(
            f"{label}: {BLANK if known is None else known}",
            WIDTH,
            initial_indent="   ",
            subsequent_indent="      ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        for label, known in facts
    ]


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _tokens(tokens: Sequence[tuple[str, str | None]], erased: int) -> str:
    known = [
        token
        if standing is None
        else tr("{token} (consent: {standing})", token=token, standing=standing_text(standing))
        for token, standing in tokens
    ]
    if erased:
        known.append(trn("{n} whose token was erased", "{n} whose tokens were erased", erased))
    return ", ".join(known) or tr("none registered")


def _listed(lines: Sequence[str]) -> str | None:
    return "; ".join(lines) or None


def _visible(each: Visible) -> str:
    rule = tr('by the rule "{rule}"', rule=each.rule) if each.rule else tr("no rule is named")
    if not each.stretches_s:
        return rule
    stretches = [f"{_clock(start)}-{_clock(end)}" for start, end in each.stretches_s]
    more = len(stretches) - STRETCHES
    if more > 0:
        stretches[STRETCHES:] = [trn("{n} more stretch", "{n} more stretches", more)]
    return tr("{when} in the film, {rule}", when=", ".join(stretches), rule=rule)


def _length(contents: Contents) -> str:
    width, height = contents.size_wh
    size = f"{width}x{height}"
    if contents.pictures == 1:
        return tr("one picture, {size}", size=size)
    return tr("{clock} (hours:minutes:seconds), {size}", clock=_clock(contents.seconds), size=size)


def _sound(contents: Contents) -> str:
    if not contents.sound_kept:
        return tr("none in the copy")
    if contents.muted_seconds:
        return tr(
            "kept, {seconds} seconds of it silenced; voices tell who someone is", seconds=f"{contents.muted_seconds:g}"
        )
    return tr("kept; voices tell who someone is")


def _clock(seconds: float) -> str:
    """Seconds as h:mm:ss.s."""
    tenths = round(seconds * 10)
    return f"{tenths // 36000}:{tenths // 600 % 60:02d}:{tenths // 10 % 60:02d}.{tenths % 10}"


def _day(day: date) -> str:
    return format_date(day, "d MMMM y", locale=active())


def _moment(moment: datetime) -> str:
    """In the time of this computer, in words that a reader can't take for another day."""
    return format_datetime(moment.astimezone().replace(tzinfo=None), "EEEE d MMMM y, HH:mm", locale=active())
