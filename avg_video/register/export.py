"""The register as the records of processing activities that art. 30(1) GDPR asks for: one row per copy, CSV or JSON.

A cell holds what the register and the record of the copy say. What neither says is "not stated" for people and null for
machines: a form that a data-protection officer must complete is no place for guesses.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from avg_video.language import mark, tr, trn
from avg_video.register.contents import Contents
from avg_video.register.deadlines import Deadline, Term
from avg_video.register.runs import reference
from avg_video.register.wording import basis_text, event_text, state_text, term_text

__all__ = ["COLUMNS", "Activity", "csv_text", "json_text"]

Cell = str | int | bool | tuple[str, ...] | None
"""A value for machines."""

COLUMNS: Mapping[str, str] = {
    "made_at": mark("Copy made at (UTC)"),
    "controller": mark("30(1)(a) Controller"),
    "contact": mark("30(1)(a) Contact"),
    "operator_role": mark("Role of the operator"),
    "purpose": mark("30(1)(b) Purpose"),
    "legal_basis": mark("Legal basis (art. 6)"),
    "profile": mark("Rules followed"),
    "data_subjects": mark("30(1)(c) Categories of data subjects"),
    "visible_tokens": mark("Visible pupils by token"),
    "personal_data": mark("30(1)(c) Categories of personal data"),
    "recipients": mark("30(1)(d) Categories of recipients"),
    "transfers": mark("30(1)(e) Transfers to third countries"),
    "keep_original": mark("30(1)(f) Original: storage term"),
    "erase_original_by": mark("30(1)(f) Original: erase by"),
    "keep_copy": mark("30(1)(f) Copy: storage term"),
    "erase_copy_by": mark("30(1)(f) Copy: erase by"),
    "storage": mark("Where it may be kept"),
    "security": mark("30(1)(g) Security measures"),
    "uploaded_on": mark("Uploaded on"),
    "state": mark("State of the copy"),
    "deleted_at": mark("Copy deleted at (UTC)"),
    "register_ref": mark("Entry in the school's register"),
    "dpia_ref": mark("Impact assessment (DPIA)"),
    "run_id": mark("Run"),
    "copy_sha256": mark("SHA-256 of the copy"),
    "recording_sha256": mark("SHA-256 of the recording"),
}
"""The columns in order: a key for machines, a heading for people; the letters are those of art. 30(1)."""


@dataclass(frozen=True)
class Activity:
    """One run: what the register knows of it, and what its record says (None: it can't be read)."""

    run_id: str
    made_at: str
    profile: str | None
    purpose: str | None
    tokens: tuple[str, ...]
    keep_original: tuple[Term, ...]
    keep_copy: tuple[Term, ...]
    original: Deadline
    copy: Deadline
    uploaded_on: date | None
    state: str
    deleted_at: str | None
    copy_sha256: str
    recording_sha256: str
    contents: Contents | None


def json_text(activities: Sequence[Activity]) -> str:
    """A list of objects with the keys of `COLUMNS`: fixed words and numbers, null for what isn't known."""
    return json.dumps([_row(activity) for activity in activities], indent=2, ensure_ascii=False) + "\n"


def csv_text(activities: Sequence[Activity]) -> str:
    """RFC 4180, headings and cells in the active language.

    A cell that a spreadsheet would take for a formula gets an apostrophe in front: text of a record or a profile must
    not be able to run anything.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([tr(heading) for heading in COLUMNS.values()])
    for activity in activities:
        row = _row(activity) | _for_people(activity)
        writer.writerow([_cell(row[key]) for key in COLUMNS])
    return out.getvalue()


def _row(activity: Activity) -> dict[str, Cell]:
    said = activity.contents
    return {
        "made_at": activity.made_at,
        "controller": said.controller if said else None,
        "contact": said.contact if said else None,
        "operator_role": said.operator_role if said else None,
        "purpose": (said.purpose if said else None) or activity.purpose,
        "legal_basis": said.legal_basis if said else None,
        "profile": (said.profile if said else None) or activity.profile,
        "data_subjects": (tr("people in view of the recording, such as pupils and teachers"),),
        "visible_tokens": activity.tokens,
        "personal_data": _personal_data(said),
        "recipients": (said.recipients if said else ()) or None,
        "transfers": None,
        "keep_original": _terms(activity.keep_original),
        "erase_original_by": _iso(activity.original.on),
        "keep_copy": _terms(activity.keep_copy),
        "erase_copy_by": _iso(activity.copy.on),
        "storage": (said.storage if said else ()) or None,
        "security": _security(said),
        "uploaded_on": _iso(activity.uploaded_on),
        "state": activity.state,
        "deleted_at": activity.deleted_at,
        "register_ref": _register_ref(activity),
        "dpia_ref": said.dpia_ref if said else None,
        "run_id": activity.run_id,
        "copy_sha256": activity.copy_sha256,
        "recording_sha256": activity.recording_sha256,
    }


def _for_people(activity: Activity) -> dict[str, Cell]:
    """The cells that read otherwise for people than for machines."""
    said = activity.contents
    return {
        "legal_basis": basis_text(said.legal_basis) if said else None,
        "transfers": tr("none by this program, which sends nothing; what happens after the upload is not stated"),
        "erase_original_by": _by(activity.original, activity.keep_original),
        "erase_copy_by": _by(activity.copy, activity.keep_copy),
        "state": state_text(activity.state),
    }


def _by(deadline: Deadline, terms: Sequence[Term]) -> str | None:
    if deadline.on is not None:
        return deadline.on.isoformat()
    if not terms:
        return None
    events = ", ".join(event_text(event) for event in deadline.missing)
    return tr("the date is not known of: {events}", events=events)


def _personal_data(said: Contents | None) -> tuple[str, ...] | None:
    if said is None:
        return None
    faces = said.covered + said.shown
    images = trn("images of people: {n} face covered", "images of people: {n} faces covered", said.covered)
    shown = trn("{n} face visible", "{n} faces visible", said.shown)
    kinds = [f"{images}, {shown}" if faces else tr("images; no face was found")]
    if said.sound_kept:
        kinds.append(tr("voices"))
    return tuple(kinds)


def _security(said: Contents | None) -> tuple[str, ...] | None:
    """What the record shows was done; nothing that would have to be believed."""
    if said is None:
        return None
    done = [tr("made on one computer, without a network")]
    if said.covered:
        done.append(tr("faces covered"))
    if not said.sound_kept:
        done.append(tr("sound left out"))
    done.append(tr("hidden data left out, and the finished file searched for it"))
    if said.second_look:
        done.append(tr("covered pictures looked at a second time"))
    if said.human_review:
        done.append(tr("watched by a person"))
    return tuple(done)


def _terms(terms: Sequence[Term]) -> tuple[str, ...] | None:
    """As the guideline words them; two that hold together often share their words."""
    said = (f"{term.text or term_text(term)}{f' ({term.place})' if term.place else ''}" for term in terms)
    return tuple(dict.fromkeys(said)) or None


def _register_ref(activity: Activity) -> str | None:
    """Where the school's own register speaks of it; the line in this one, which is its default, is no such place."""
    said = activity.contents
    if said is None or said.register_ref == reference(UUID(activity.run_id)):
        return None
    return said.register_ref


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _cell(value: Cell) -> str:
    if value is None:
        text = tr("not stated")
    elif isinstance(value, tuple):
        text = "; ".join(value)
    else:
        text = str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
