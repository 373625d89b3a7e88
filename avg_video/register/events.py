"""What happened, in the register: events, which are added and never changed."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime

__all__ = ["add_event", "moment"]


def moment(at: datetime | None = None) -> str:
    """A moment as the register writes it, "YYYY-MM-DDTHH:MM:SSZ"; without one, now."""
    return (at or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def add_event(
    db: sqlite3.Connection,
    kind: str,
    /,
    *,
    output_id: int | None = None,
    role: str | None = None,
    at: datetime | None = None,
    **facts: object,
) -> int:
    """Write down that something happened; an event can never be changed or removed. Returns its id.

    Parameters
    ----------
    db: of `Register.changing`.
    kind: a fixed word, such as "withdrawal".
    role: of whoever did it, as a short word ("student", "teacher"); never a name.
    facts: anything JSON can hold, but no token: a token may have to be erased, and an event may not. A consent is
        named by its id.
    """
    text = json.dumps(facts, sort_keys=True)
    row = db.execute(
        "INSERT INTO event (at, kind, output_id, role, text) VALUES (?, ?, ?, ?, ?)",
        (moment(at), kind, output_id, role, text),
    )
    assert row.lastrowid is not None
    return row.lastrowid
