"""Deletes what must go: registered files only, each after its bytes were compared, with an event for each.

The event and the new state are written in one transaction, in the middle of which the file's name is taken away. Where
that fails, nothing was written. Where the computer stops at that very moment, the file is gone and the register still
names it; it then counts as gone from its place, and `settle_gone` writes that down when a person says so.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from avg_video.register.database import Register, add_event, moment
from avg_video.register.dues import Due
from avg_video.register.removal import Found, look_at, opened
from avg_video.register.stock import CopyRow

__all__ = ["Result", "Spot", "delete_spot", "settle_gone", "spots"]


@dataclass(frozen=True)
class Spot:
    """One file of something that is due.

    Attributes
    ----------
    place_id: which registered place of a recording; None for a copy, and for a file at a place that isn't registered.
    registered: whether the register names this place; a file with the same bytes may lie elsewhere too, on a stick.
    """

    due: Due
    path: Path
    place_id: int | None = None
    registered: bool = True

    def look(self) -> Found:
        """What lies there now, without reading it."""
        return look_at(self.path, self.due.thing.bytes)


@dataclass(frozen=True)
class Result:
    """What became of one file; `other_names` further names (hard links) of it are left."""

    spot: Spot
    found: Found
    other_names: int = 0


def spots(due: Due) -> tuple[Spot, ...]:
    """The registered files of one thing."""
    if isinstance(due.thing, CopyRow):
        return (Spot(due, due.thing.path),)
    return tuple(Spot(due, place.path, place.id) for place in due.thing.places)


def delete_spot(register: Register, spot: Spot, *, role: str | None = None) -> Result:
    """Delete that file, if it is the registered one, and write down what, when, on which ground and by which role.

    Raises `RegisterError` when the register can't be written to; the file is still there then.
    """
    thing = spot.due.thing
    with opened(spot.path, thing.sha256, thing.bytes) as target:
        if target.found is not Found.THERE:
            return Result(spot, target.found)
        try:
            with register.changing() as db:
                if spot.registered:
                    _leaves_its_place(db, spot)
                _add_event(db, "deletion", spot, role)
                target.delete()
        except OSError:
            return Result(spot, Found.REFUSED)  # the transaction was undone
        return Result(spot, Found.DELETED, target.other_names)


def settle_gone(register: Register, results: Sequence[Result], *, role: str | None = None) -> tuple[Spot, ...]:
    """Write down which registered files are no longer at their place: gone, or another file by now.

    Only when a person says so: a drive that isn't connected can look the same. Returns those that were written down.
    """
    gone = [each.spot for each in results if each.spot.registered and each.found in (Found.GONE, Found.OTHER)]
    with register.changing() as db:
        for spot in gone:
            if _leaves_its_place(db, spot):
                _add_event(db, "gone", spot, role)
    return tuple(gone)


def _leaves_its_place(db: sqlite3.Connection, spot: Spot) -> bool:
    """Note that the file is no longer at its place; whether that was news: another process may have been faster."""
    if isinstance(spot.due.thing, CopyRow):
        statement = "UPDATE output SET state = 'deleted', deleted_at = ? WHERE id = ? AND deleted_at IS NULL"
        return db.execute(statement, (moment(), spot.due.thing.id)).rowcount == 1
    statement = "UPDATE place SET deleted_at = ? WHERE id = ? AND deleted_at IS NULL"
    return db.execute(statement, (moment(), spot.place_id)).rowcount == 1


def _add_event(db: sqlite3.Connection, kind: str, spot: Spot, role: str | None) -> None:
    """What happened to which file. No path in it: file names may hold names of people."""
    due = spot.due
    term = due.deadline.term
    add_event(
        db,
        kind,
        output_id=due.thing.id if isinstance(due.thing, CopyRow) else None,
        role=role,
        what=due.what,
        sha256=due.thing.sha256,
        ground=due.ground,
        last_day=None if due.deadline.on is None else due.deadline.on.isoformat(),
        term=None if term is None else {"after": term.after, term.unit: term.amount, "place": term.place},
        registered_place=spot.registered,
    )
