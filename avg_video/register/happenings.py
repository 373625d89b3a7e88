"""Days that only people know, written into the register: an upload, the end of a course, a possible breach."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import date, datetime

from avg_video.errors import UsageError
from avg_video.language import tr
from avg_video.register.database import Register, add_event
from avg_video.register.deadlines import Event
from avg_video.register.stock import CopyRow

__all__ = ["note_incident", "set_fact", "set_uploaded"]


def set_uploaded(
    register: Register, copies: Sequence[CopyRow], on: date, *, today: date, role: str | None = None
) -> None:
    """Write down that these copies, of equal bytes, were uploaded on that day; an earlier entry is corrected.

    What it was before stays known: the event says so.

    Raises
    ------
    UsageError: the day lies in the future, or before the copy was made.
    """
    if on > today:
        raise UsageError(tr("{day} has yet to come", day=on), remedy=tr("give the day of the upload with --on"))
    for copy in copies:
        # A day of slack: an upload just after midnight elsewhere.
        if (copy.made_at.date() - on).days > 1:
            raise UsageError(
                tr("on {day} this copy was not made yet", day=on),
                remedy=tr("give the day of the upload with --on"),
                file=copy.path,
            )
    with register.changing() as db:
        for copy in copies:
            row = db.execute("SELECT uploaded_on FROM output WHERE id = ?", (copy.id,)).fetchone()
            if row["uploaded_on"] != on.isoformat():
                db.execute("UPDATE output SET uploaded_on = ? WHERE id = ?", (on.isoformat(), copy.id))
                add_event(db, "upload", output_id=copy.id, role=role, on=on.isoformat(), before=row["uploaded_on"])


def set_fact(
    register: Register, copies: Sequence[CopyRow], event: Event, on: date | None, *, role: str | None = None
) -> None:
    """Write down on which day `event` is, or was, for these copies; None takes the day out again.

    Raises `ValueError` for the upload, which has its own place: `set_uploaded`.
    """
    if event == "upload":
        raise ValueError("event: expected another than upload, which set_uploaded writes down")
    with register.changing() as db:
        for copy in copies:
            facts = _facts(db, copy.id)
            before = facts.pop(event, None)
            after = None if on is None else on.isoformat()
            if before == after:
                continue
            if after is not None:
                facts[event] = after
            db.execute("UPDATE output SET facts = ? WHERE id = ?", (json.dumps(facts, sort_keys=True), copy.id))
            add_event(db, "fact", output_id=copy.id, role=role, event=event, on=after, before=before)


def note_incident(
    register: Register, copy: CopyRow, *, noticed: datetime | None, before: datetime | None, role: str | None = None
) -> int:
    """Write down that a note about a possible breach was drafted. Returns the number of that event.

    Parameters
    ----------
    noticed: when it was found, if that is known; before: by when it is to be reported.
    """
    with register.changing() as db:
        return add_event(
            db,
            "incident",
            output_id=copy.id,
            role=role,
            noticed=None if noticed is None else noticed.isoformat(timespec="minutes"),
            report_before=None if before is None else before.isoformat(timespec="minutes"),
        )


def _facts(db: sqlite3.Connection, output_id: int) -> dict[str, str]:
    row = db.execute("SELECT facts FROM output WHERE id = ?", (output_id,)).fetchone()
    facts: dict[str, str] = json.loads(row["facts"])
    return facts
