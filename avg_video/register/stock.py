"""What the register holds: recordings with the places where they lie, and the copies that were made of them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from avg_video.errors import RegisterError
from avg_video.language import tr
from avg_video.register.database import Register, path_in, path_out
from avg_video.register.deadlines import EVENTS, Dates, Deadline, Event, Term, deadline, first_of, read_terms

__all__ = ["CopyRow", "Place", "RecordingRow", "Stock", "read_stock"]


@dataclass(frozen=True)
class Place:
    """Where a recording was seen, and isn't known to be gone from."""

    id: int
    path: Path


@dataclass(frozen=True)
class RecordingRow:
    """A recording that copies were made of. `first_seen` is the day by the clock of this computer."""

    id: int
    sha256: str
    bytes: int
    first_seen: date
    places: tuple[Place, ...]


@dataclass(frozen=True)
class CopyRow:
    """One copy: the same bytes at one path.

    Attributes
    ----------
    state: "kept", "make-again", "replaced" or "deleted"; with the last two it is gone from `path`.
    facts: days of events, without the upload.
    tokens: pupils who are visible in it; those that were erased are counted in `erased`.
    marked_on: the day on which it was last marked as to be made again: somebody in it may be shown no longer.
    """

    id: int
    sha256: str
    run_id: str
    recording_id: int
    path: Path
    record_path: Path
    record_sha256: str
    bytes: int
    made_at: datetime
    profile: str | None
    purpose: str | None
    breach_hours: int | None
    breach_contact: str | None
    keep_original: tuple[Term, ...]
    keep_copy: tuple[Term, ...]
    uploaded_on: date | None
    facts: Mapping[Event, date]
    state: str
    deleted_at: datetime | None
    tokens: tuple[str, ...] = ()
    erased: int = 0
    marked_on: date | None = None

    @property
    def there(self) -> bool:
        """Whether it should still lie at its path."""
        return self.state in ("kept", "make-again")


@dataclass(frozen=True)
class Stock:
    """Everything, at one moment; copies in the order in which they were first made."""

    recordings: Mapping[int, RecordingRow] = field(default_factory=dict)
    copies: tuple[CopyRow, ...] = ()

    def copies_of(self, recording: RecordingRow) -> tuple[CopyRow, ...]:
        """The copies of one recording, those that are gone too."""
        return tuple(copy for copy in self.copies if copy.recording_id == recording.id)

    def find_copies(self, path: Path, sha256: str | None) -> tuple[CopyRow, ...]:
        """The copies with that hash, those at `path` first, then the newest; without a hash, those at `path`."""
        name = path_in(path)
        same = [copy for copy in self.copies if (copy.sha256 == sha256 if sha256 else path_in(copy.path) == name)]
        return tuple(sorted(same, key=lambda copy: (path_in(copy.path) != name, not copy.there, -copy.id)))

    def find_recording(self, path: Path, sha256: str | None) -> RecordingRow | None:
        """The recording with that hash; without a hash, the newest that was seen at `path`."""
        name = path_in(path)
        for recording in sorted(self.recordings.values(), key=lambda each: -each.id):
            lies_there = any(path_in(place.path) == name for place in recording.places)
            if recording.sha256 == sha256 if sha256 else lies_there:
                return recording
        return None

    def dates(self, copy: CopyRow) -> Dates:
        """The days that its terms run from."""
        recording = self.recordings[copy.recording_id]
        known: dict[Event, date] = dict(copy.facts)
        made_on = [other.facts["recording"] for other in self.copies_of(recording) if "recording" in other.facts]
        if made_on:
            known["recording"] = min(made_on)
        if copy.uploaded_on is not None:
            known["upload"] = copy.uploaded_on
        return Dates(known, {"recording": recording.first_seen})

    def deadline_of_copy(self, copy: CopyRow) -> Deadline:
        """Until when the copy may be kept."""
        return deadline(copy.keep_copy, self.dates(copy))

    def deadline_of_recording(self, recording: RecordingRow) -> Deadline:
        """Until when the recording may be kept: the first day that any of its copies, with its profile, sets.

        A copy that is gone counts too: the clock that its upload started goes on for the recording.
        """
        return first_of(deadline(copy.keep_original, self.dates(copy)) for copy in self.copies_of(recording))


def read_stock(register: Register) -> Stock:
    """What the register holds now. Raises `RegisterError` when it can't be read, or holds what makes no sense."""
    with register.reading() as db:
        places: dict[int, list[Place]] = {}
        for row in db.execute("SELECT id, recording_id, path FROM place WHERE deleted_at IS NULL ORDER BY id"):
            places.setdefault(row["recording_id"], []).append(Place(row["id"], path_out(row["path"])))
        recordings = {
            row["id"]: RecordingRow(
                row["id"], row["sha256"], row["bytes"], _here(row["added_at"]).date(), tuple(places.get(row["id"], ()))
            )
            for row in db.execute("SELECT * FROM recording ORDER BY id")
        }
        shown: dict[int, list[str | None]] = {}
        for row in db.execute("SELECT output_id, token FROM shown ORDER BY token"):
            shown.setdefault(row["output_id"], []).append(row["token"])
        marks = _marks(db)
        try:
            copies = tuple(
                _copy(row, shown.get(row["id"], []), marks.get(row["id"]))
                for row in db.execute("SELECT * FROM output ORDER BY id")
            )
        except (ValueError, TypeError, AttributeError) as error:
            raise RegisterError(
                tr("a copy in it has a storage term or a date that makes no sense ({why})", why=str(error)),
                remedy=tr("put back a backup; nothing was changed"),
                file=register.path,
            ) from error
    return Stock(recordings, copies)


def _marks(db: sqlite3.Connection) -> dict[int, date]:
    """The day on which a copy was last marked as to be made again."""
    rows = db.execute("SELECT output_id, max(at) FROM event WHERE kind = 'make-again' GROUP BY output_id")
    return {row[0]: _here(row[1]).date() for row in rows}


def _copy(row: sqlite3.Row, shown: list[str | None], marked_on: date | None) -> CopyRow:
    return CopyRow(
        id=row["id"],
        sha256=row["sha256"],
        run_id=row["run_id"],
        recording_id=row["recording_id"],
        path=path_out(row["path"]),
        record_path=path_out(row["record_path"]),
        record_sha256=row["record_sha256"],
        bytes=row["bytes"],
        made_at=_here(row["made_at"]),
        profile=row["profile"],
        purpose=row["purpose"],
        breach_hours=row["breach_hours"],
        breach_contact=row["breach_contact"],
        keep_original=read_terms(row["keep_original"]),
        keep_copy=read_terms(row["keep_output"]),
        uploaded_on=_day(row["uploaded_on"]),
        facts=_facts(row["facts"]),
        state=row["state"],
        deleted_at=None if row["deleted_at"] is None else _here(row["deleted_at"]),
        tokens=tuple(token for token in shown if token is not None),
        erased=shown.count(None),
        marked_on=marked_on,
    )


def _facts(text: str) -> dict[Event, date]:
    given: dict[str, Any] = json.loads(text)
    return {event: date.fromisoformat(given[event]) for event in EVENTS if event in given}


def _here(text: str) -> datetime:
    """A moment in the time of this computer."""
    return datetime.fromisoformat(text).astimezone()


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
