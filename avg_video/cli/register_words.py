"""What `avg-blur register` prints: lines for people, rows for machines."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from avg_video.cli.words import typed
from avg_video.errors import printable
from avg_video.language import tr, trn
from avg_video.register.database import moment
from avg_video.register.deadlines import Deadline, Event, Term
from avg_video.register.deletion import Result, Spot
from avg_video.register.dues import Due
from avg_video.register.removal import Found
from avg_video.register.stock import CopyRow, RecordingRow, Stock
from avg_video.register.wording import event_text, state_text, term_text

__all__ = [
    "clock_lines",
    "deletion_lines",
    "deletion_rows",
    "due_lines",
    "due_row",
    "flash_note",
    "list_lines",
    "list_rows",
    "pages_left",
    "plan_lines",
    "question",
    "without_term_line",
]


def list_lines(stock: Stock) -> list[str]:
    """Every recording with its copies below it."""
    lines = []
    for recording in stock.recordings.values():
        lines += [*_recording_lines(recording), _until(stock.deadline_of_recording(recording))]
        for copy in stock.copies_of(recording):
            until = [_until(stock.deadline_of_copy(copy))] if copy.there else []
            lines += [f"  {part}" for part in (*_copy_lines(copy), *until)]
    return lines or [tr("Nothing is registered yet.")]


def _recording_lines(recording: RecordingRow) -> list[str]:
    head = tr("recording {sha256}, first seen {day}", sha256=recording.sha256[:12], day=recording.first_seen)
    places = [f"  {printable(place.path)}" for place in recording.places]
    return [head, *(places or ["  " + tr("no place of it is known any more")])]


def _copy_lines(copy: CopyRow) -> list[str]:
    day = copy.made_at.date()
    head = tr("copy {sha256}, made {day}: {state}", sha256=copy.sha256[:12], day=day, state=state_text(copy.state))
    parts = []
    if copy.profile is not None:
        parts.append(tr("rules {profile}", profile=copy.profile))
    if copy.purpose is not None:
        parts.append(tr("purpose {purpose}", purpose=copy.purpose))
    if copy.tokens or copy.erased:
        tokens = (*copy.tokens, *("?" * copy.erased))
        parts.append(tr("visible {tokens}", tokens=" ".join(tokens)))
    uploaded = tr("not uploaded") if copy.uploaded_on is None else tr("uploaded {day}", day=copy.uploaded_on)
    parts.append(uploaded)
    return [head, f"  {printable(copy.path)}", "  " + ", ".join(parts)]


def _until(deadline: Deadline) -> str:
    if deadline.on is not None:
        return "  " + tr("may be kept until {day}", day=deadline.on)
    if deadline.missing:
        events = ", ".join(event_text(event) for event in deadline.missing)
        return "  " + tr(
            "until when it may be kept is not known, since the date is missing of: {events}", events=events
        )
    return "  " + tr("no storage term")


def list_rows(stock: Stock) -> list[dict[str, Any]]:
    """The same for machines."""
    return [
        {
            "sha256": recording.sha256,
            "bytes": recording.bytes,
            "first_seen": recording.first_seen.isoformat(),
            "places": [str(place.path) for place in recording.places],
            "keep_until": _iso(stock.deadline_of_recording(recording).on),
            "copies": [_copy_row(copy, stock) for copy in stock.copies_of(recording)],
        }
        for recording in stock.recordings.values()
    ]


def _copy_row(copy: CopyRow, stock: Stock) -> dict[str, Any]:
    return {
        "sha256": copy.sha256,
        "bytes": copy.bytes,
        "path": str(copy.path),
        "record_path": str(copy.record_path),
        "run_id": copy.run_id,
        "made_at": moment(copy.made_at),
        "profile": copy.profile,
        "purpose": copy.purpose,
        "visible": list(copy.tokens),
        "visible_erased": copy.erased,
        "uploaded_on": _iso(copy.uploaded_on),
        "facts": {event: day.isoformat() for event, day in copy.facts.items()},
        "state": copy.state,
        "deleted_at": None if copy.deleted_at is None else moment(copy.deleted_at),
        "keep_until": _iso(stock.deadline_of_copy(copy).on),
    }


def due_lines(found: Sequence[Due], stock: Stock, today: date) -> list[str]:
    """Two lines or more for each thing: how urgent and which, then why."""
    heads = [_urgency(each, today) for each in found]
    wide = max(map(len, heads), default=0)
    lines = []
    for head, each in zip(heads, found, strict=True):
        first, *more = [printable(path) for path in _paths(each)]
        lines.append(f"{head:<{wide}}  {_kind(each)} {first}")
        lines += [f"{'':<{wide}}  {part}" for part in (*more, *_why(each, stock, today))]
    return lines


def _urgency(due: Due, today: date) -> str:
    on = due.deadline.on
    if due.ground == "not-to-be-shown":
        return tr("MAKE AGAIN {day}", day=on) if on else tr("MAKE AGAIN")
    if on is None:
        return tr("no date")
    if on < today:
        return tr("OVERDUE    {day}", day=on)
    days = (on - today).days
    return trn("{day} in {n} day", "{day} in {n} days", days, day=on) if days else tr("TODAY      {day}", day=on)


def _kind(due: Due) -> str:
    return tr("copy") if due.what == "copy" else tr("recording")


def _paths(due: Due) -> list[Path]:
    return [due.thing.path] if isinstance(due.thing, CopyRow) else [place.path for place in due.thing.places]


def _why(due: Due, stock: Stock, today: date) -> list[str]:
    if due.ground == "not-to-be-shown":
        copy = due.copies[0]
        said = [tr("shows somebody who may be shown no longer: make it again, or delete it")]
        if not stock.recordings[copy.recording_id].places:
            said.append(tr("no place of its recording is known any more, so it can't be made again"))
        return said
    deadline = due.deadline
    lines = []
    if due.ground == "consent-ends":
        text = tr("shows somebody whose consent counts until then, and {profile} asks for one", profile=due.profiles[0])
        return [text, tr("after that day: make it again, or delete it")]
    if deadline.term is not None:
        lines.append(_because(deadline.term, due))
        if deadline.no_later:
            lines.append(
                tr("at the latest, since the date of {event} is not known", event=event_text(deadline.term.after))
            )
    if deadline.due(today):
        return lines  # no day that is missing could make it more urgent
    # An upload of another copy has set the day already; one that is still to come can't be before it.
    settled = deadline.term.after if deadline.term is not None and not deadline.no_later else None
    return lines + [_ask_for(event, due) for event in deadline.missing if event != settled]


def _because(term: Term, due: Due) -> str:
    source = ", ".join(part for part in (*due.profiles, term.place) if part)
    return f"{term_text(term)} ({source})" if source else term_text(term)


def _ask_for(event: Event, due: Due) -> str:
    copies = due.missing_of(event) or due.copies
    name = typed(copies[-1].path)
    command = (
        f"avg-blur register uploaded {name}"
        if event == "upload"
        else f"avg-blur register fact {event} {tr('DAY')} {name}"
    )
    text = tr("the date of {event} is not known: {command}", event=event_text(event), command=command)
    if due.deadline.on is None:
        return text
    return tr("{text} (it could bring the day forward)", text=text)


def due_row(due: Due, stock: Stock, today: date) -> dict[str, Any]:
    """One thing that is due, for machines."""
    on, term = due.deadline.on, due.deadline.term
    return {
        "what": due.what,
        "sha256": due.thing.sha256,
        "paths": [str(path) for path in _paths(due)],
        "ground": due.ground,
        "last_day": _iso(on),
        "days_left": None if on is None or due.ground == "not-to-be-shown" else (on - today).days,
        "overdue": due.overdue(today),
        "no_later": due.deadline.no_later,
        "missing": list(due.deadline.missing),
        "term": None if term is None else {"after": term.after, term.unit: term.amount, "place": term.place or None},
        "profiles": list(due.profiles),
        "why": _why(due, stock, today),
    }


def without_term_line(n: int) -> list[str]:
    """What nobody will be reminded of."""
    if not n:
        return []
    return [
        trn(
            "{n} file has no storage term, since it was made without a profile or with one that sets none; this list "
            "will never name it.",
            "{n} files have no storage term, since they were made without a profile or with one that sets none; this "
            "list will never name them.",
            n,
        )
    ]


def clock_lines(file: Path, stock: Stock, ids: Collection[int]) -> list[str]:
    """What an upload has set going."""
    copies = [copy for copy in stock.copies if copy.id in ids]
    recording = stock.recordings[copies[0].recording_id]
    lines = [tr("{file}: uploaded {day}", file=printable(file), day=copies[0].uploaded_on)]
    for name, deadline in (
        (tr("recording"), stock.deadline_of_recording(recording)),
        (tr("copy"), stock.deadline_of_copy(copies[0])),
    ):
        lines.append(f"  {name}: {_until(deadline).strip()}")
    return lines


def plan_lines(chosen: Sequence[Spot]) -> list[str]:
    """What is about to be deleted, before asking."""
    lines = [tr("To be deleted:")]
    for spot in chosen:
        state = spot.look()
        lines.append(f"  {_kind(spot.due)} {printable(spot.path)}")
        lines.append(f"    {_ground(spot.due)}")
        if state is not Found.THERE:
            lines.append(f"    {_outcome(state)}")
    return lines


def _ground(due: Due) -> str:
    if due.ground == "not-to-be-shown":
        return tr("shows somebody who may be shown no longer")
    assert due.deadline.term is not None  # nothing is due without one
    return tr("was to be kept until {day}: {term}", day=due.deadline.on, term=_because(due.deadline.term, due))


def question(chosen: Sequence[Spot]) -> str:
    """What the user is asked."""
    return trn("Delete {n} file for good? [y/N]", "Delete {n} files for good? [y/N]", len(chosen))


def deletion_lines(results: Sequence[Result], settled: Collection[Spot]) -> list[str]:
    """What became of each file."""
    lines = []
    for each in results:
        said = tr("written down as gone") if each.spot in settled else _outcome(each.found)
        lines.append(f"{printable(each.spot.path)}: {said}")
        if each.other_names:
            lines.append(
                trn(
                    "  {n} other name of the same file is left on this disk (a hard link); delete it yourself",
                    "  {n} other names of the same file are left on this disk (hard links); delete them yourself",
                    each.other_names,
                )
            )
    missing = [each for each in results if each.found in (Found.GONE, Found.OTHER) and each.spot not in settled]
    if missing:
        lines.append(
            tr("What is no longer at its place stays due. If it is really gone: avg-blur register delete --due --gone")
        )
    return lines


def _outcome(found: Found) -> str:
    return {
        Found.THERE: tr("is there"),
        Found.DELETED: tr("deleted"),
        Found.GONE: tr("is no longer there; moved or deleted by hand?"),
        Found.NO_FOLDER: tr("its folder is not there; connect the drive, then run again"),
        Found.OTHER: tr("is another file by now, and was left alone"),
        Found.LINK: tr("is a link, or lies behind one, and was left alone"),
        Found.REFUSED: tr("could not be deleted; check its permissions, or close what has it open"),
    }[found]


def deletion_rows(results: Sequence[Result], settled: Collection[Spot]) -> list[dict[str, Any]]:
    """The same for machines."""
    return [
        {
            "what": each.spot.due.what,
            "sha256": each.spot.due.thing.sha256,
            "path": str(each.spot.path),
            "ground": each.spot.due.ground,
            "last_day": _iso(each.spot.due.deadline.on),
            "found": str(each.found),
            "written_down_as_gone": each.spot in settled,
            "other_names": each.other_names,
        }
        for each in results
    ]


def flash_note() -> str:
    """What deleting can't do."""
    return tr(
        "Deleted means that the file's name is gone. A USB stick, memory card or SSD may keep copies that a recovery "
        "program finds, and so may backups, a recycle bin of a cloud folder, and the mail: empty those too."
    )


def pages_left(results: Sequence[Result]) -> list[str]:
    """Pages of faces, which no register lists, of recordings that were deleted just now."""
    from avg_video.review.places import find_plan

    lines = []
    for each in results:
        if each.found is Found.DELETED and each.spot.due.what == "recording":
            plan = find_plan(each.spot.due.thing.sha256)
            if plan is not None:
                lines.append(
                    tr("A page of faces of avg-blur look, and its plan, are left: {plan}", plan=printable(plan))
                )
    return list(dict.fromkeys(lines))


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
