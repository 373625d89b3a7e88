"""What must go, and by when: overdue first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from avg_video.register.deadlines import Deadline, Event
from avg_video.register.stock import CopyRow, RecordingRow, Stock

__all__ = ["Due", "dues", "without_term"]


@dataclass(frozen=True)
class Due:
    """One recording, or one copy, that may not be kept for ever.

    Attributes
    ----------
    ground: "storage-term", or "not-to-be-shown": the copy shows somebody who withdrew, refused or was erased, so that
        it must be made again, or go.
    deadline: the last day, or what isn't known; of a copy to be made again, the day on which it was marked so.
    copies: those whose terms set it: the copy itself, or all of the recording.
    """

    thing: RecordingRow | CopyRow
    ground: Literal["storage-term", "not-to-be-shown"]
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


def dues(stock: Stock) -> tuple[Due, ...]:
    """Everything that has a storage term or must be made again: by its last day, then what has no known day."""
    found = []
    for recording in stock.recordings.values():
        copies = stock.copies_of(recording)
        if recording.places and any(copy.keep_original for copy in copies):
            found.append(Due(recording, "storage-term", stock.deadline_of_recording(recording), copies))
    for copy in stock.copies:
        if copy.state == "make-again":
            found.append(Due(copy, "not-to-be-shown", Deadline(copy.marked_on), (copy,)))
        elif copy.there and copy.keep_copy:
            found.append(Due(copy, "storage-term", stock.deadline_of_copy(copy), (copy,)))
    return tuple(sorted(found, key=_order))


def without_term(stock: Stock) -> int:
    """How many recordings and copies that are kept have no storage term, so that nothing will ever say they must go."""
    recordings = (
        recording.places and not any(copy.keep_original for copy in stock.copies_of(recording))
        for recording in stock.recordings.values()
    )
    return sum(map(bool, recordings)) + sum(copy.state == "kept" and not copy.keep_copy for copy in stock.copies)


def _order(due: Due) -> tuple[int, date, str, int]:
    no_day = due.ground == "not-to-be-shown" and due.deadline.on is None
    rank = 0 if no_day or due.deadline.on is not None else 1
    return rank, due.deadline.on or date.min, due.what, due.thing.id
