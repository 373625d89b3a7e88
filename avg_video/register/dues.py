"""What must go, and by when: overdue first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from avg_video.register.database import Register
from avg_video.register.deadlines import Deadline, Event
from avg_video.register.standing import last_day_in
from avg_video.register.stock import CopyRow, RecordingRow, Stock

__all__ = ["Due", "consent_ends", "dues", "without_term"]


@dataclass(frozen=True)
class Due:
    """One recording, or one copy, that may not be kept for ever.

    Attributes
    ----------
    ground: "storage-term", or "not-to-be-shown": the copy shows somebody who withdrew, refused or was erased, so that
        it must be made again, or go. "consent-ends": it shows somebody whose consent counts no longer than that day,
        under a guideline that asks for one.
    deadline: the last day, or what isn't known; of a copy to be made again, the day on which it was marked so.
    copies: those whose terms set it: the copy itself, or all of the recording.
    """

    thing: RecordingRow | CopyRow
    ground: Literal["storage-term", "not-to-be-shown", "consent-ends"]
    deadline: Deadline
    copies: tuple[CopyRow, ...]

    @property
    def what(self) -> Literal["recording", "copy"]:
        return "copy" if isinstance(self.thing, CopyRow) else "recording"

    def overdue(self, today: date) -> bool:
        """Whether its last day is over; of a copy to be made again it always is."""
        return self.ground == "not-to-be-shown" or self.deadline.overdue(today)

    def due(self, today: date) -> bool:
        """Whether it must go today, or should have gone."""
        return self.ground == "not-to-be-shown" or self.deadline.due(today)

    @property
    def profiles(self) -> tuple[str, ...]:
        """Whose term set the last day, in order; without one, all that have a say in it."""
        term = self.deadline.term
        says = [
            copy
            for copy in self.copies
            if term is None or term in (copy.keep_copy if self.what == "copy" else copy.keep_original)
        ]
        return tuple(sorted({copy.profile for copy in says if copy.profile is not None}))

    def missing_of(self, event: Event) -> tuple[CopyRow, ...]:
        """The copies that need the day of that event."""
        return tuple(
            copy
            for copy in self.copies
            if (copy.uploaded_on is None if event == "upload" else event not in copy.facts)
            and any(term.after == event for term in (copy.keep_copy if self.what == "copy" else copy.keep_original))
        )


def consent_ends(register: Register, stock: Stock, needed: Callable[[str], bool], today: date) -> Mapping[int, date]:
    """By the id of a copy, the last day on which everybody who is visible in it has a consent that counts; only where
    `needed`, asked with the name of its profile, says that consent is needed, and where that day is known.

    Raises `RegisterError` as `Register.reading`.
    """
    ends = {}
    with register.reading() as db:
        for copy in stock.copies:
            if copy.state != "kept" or copy.profile is None or copy.purpose is None or not copy.tokens:
                continue
            if needed(copy.profile):
                days = [last_day_in(db, token, copy.purpose, today) for token in copy.tokens]
                if known := [day for day in days if day is not None]:
                    ends[copy.id] = min(known)
    return ends


def dues(stock: Stock, ends: Mapping[int, date] | None = None) -> tuple[Due, ...]:
    """Everything that has a storage term or must be made again: by its last day, then what has no known day.

    `ends`: as of `consent_ends`; of that day and the last of a storage term the earlier counts.
    """
    found = []
    for recording in stock.recordings.values():
        copies = stock.copies_of(recording)
        if recording.places and any(copy.keep_original for copy in copies):
            found.append(Due(recording, "storage-term", stock.deadline_of_recording(recording), copies))
    for copy in stock.copies:
        if copy.state == "make-again":
            found.append(Due(copy, "not-to-be-shown", Deadline(copy.marked_on), (copy,)))
            continue
        if not copy.there:
            continue
        kept, end = stock.deadline_of_copy(copy), (ends or {}).get(copy.id)
        if end is not None and (kept.on is None or end < kept.on):
            found.append(Due(copy, "consent-ends", Deadline(end), (copy,)))
        elif copy.keep_copy:
            found.append(Due(copy, "storage-term", kept, (copy,)))
    return tuple(sorted(found, key=_order))


def without_term(stock: Stock, ends: Mapping[int, date] | None = None) -> int:
    """How many recordings and copies that are kept have no storage term, so that nothing will ever say they must go."""
    recordings = (
        recording.places and not any(copy.keep_original for copy in stock.copies_of(recording))
        for recording in stock.recordings.values()
    )
    copies = (copy.state == "kept" and not copy.keep_copy and copy.id not in (ends or {}) for copy in stock.copies)
    return sum(map(bool, recordings)) + sum(copies)


def _order(due: Due) -> tuple[int, date, str, int]:
    no_day = due.ground == "not-to-be-shown" and due.deadline.on is None
    rank = 0 if no_day or due.deadline.on is not None else 1
    return rank, due.deadline.on or date.min, due.what, due.thing.id
