"""The recordings and copies that the register knows: each run is added, and whoever is shown in which copy is found.

A copy is one file: certain bytes at a certain path. Made again at that path with other bytes, the older one is gone
("replaced"); made again with the same bytes, it stays one copy, of the newer run.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

from avg_video.register.database import Register, add_event, moment, path_in, path_out
from avg_video.register.standing import AGAINST, State, standing_in

__all__ = [
    "Copy",
    "RunRow",
    "Terms",
    "add_run",
    "add_run_in",
    "call_off_in",
    "copies_showing",
    "expect_in",
    "make_again",
    "no_longer_shown",
    "reference",
    "standings_in_copy",
    "state_of",
    "visible_before",
    "withdrawn_outputs",
]

Terms = Mapping[str, str | int | None] | Sequence[Mapping[str, str | int | None]] | None
"""A term of storage such as {"after": "upload", "weeks": 4, "text": ..., "place": ...}, several that hold together, or
none."""


@dataclass(frozen=True)
class RunRow:
    """What one run leaves in the register.

    Attributes
    ----------
    run_id: the run's own number, as in its record.
    made_at: when the copy was finished, with its time zone.
    recording_sha256, recording_bytes, recording_path: the recording or photo that went in.
    output_sha256, output_bytes, output_path: the copy.
    record_path, record_sha256: its record.
    profile, purpose: short words, as in the policy.
    shown: tokens of those who are visible in the copy.
    breach_hours, breach_contact: within how many hours, and where, a breach is reported.
    keep_original, keep_output: how long the recording and the copy may be kept.
    facts: days of events that are known already, such as {"course-end": date(2027, 7, 1)}.
    role: of the operator.
    """

    run_id: UUID
    made_at: datetime
    recording_sha256: str
    recording_bytes: int
    recording_path: Path
    output_sha256: str
    output_bytes: int
    output_path: Path
    record_path: Path
    record_sha256: str
    profile: str | None = None
    purpose: str | None = None
    shown: tuple[str, ...] = ()
    breach_hours: int | None = None
    breach_contact: str | None = None
    keep_original: Terms = None
    keep_output: Terms = None
    facts: Mapping[str, date] | None = None
    role: str | None = None


@dataclass(frozen=True)
class Copy:
    """A copy as the register knows it.

    Attributes
    ----------
    path: where it was made.
    recording: where its recording was seen last; None where no place of it is left.
    profile, purpose: short words, or None where none was stated.
    uploaded_on: None where no upload is known.
    state: "kept", "make-again", "replaced" (its path holds another file now) or "deleted".
    """

    id: int
    sha256: str
    path: Path
    recording: Path | None
    profile: str | None
    purpose: str | None
    made_at: str
    uploaded_on: str | None
    state: str


def reference(run_id: UUID) -> str:
    """What the record of a run calls its line in the register; known before that line is written."""
    return f"run {run_id}"


def add_run(register: Register, run: RunRow) -> str:
    """Add a finished run: its recording, its copy and who is shown in it. Returns its `reference`.

    A copy that another one has taken the place of becomes "replaced". Where somebody who is shown has said no while the
    run was at work, the copy is to be made again at once; `no_longer_shown` tells who. Added a second time, a run
    changes nothing.

    Raises `RegisterError` as `Register.changing`.
    """
    with register.changing() as db:
        return add_run_in(db, run)


def add_run_in(db: sqlite3.Connection, run: RunRow) -> str:
    """As `add_run`, within a block of `Register.changing` that has more to do."""
    if not _was_added(db, run):
        found = db.execute("SELECT id FROM output WHERE run_id = ?", (str(run.run_id),)).fetchone()
        output_id = _output(db, run, _recording(db, run)) if found is None else found["id"]
        add_event(
            db,
            "run",
            output_id=output_id,
            role=run.role,
            run_id=str(run.run_id),
            output_sha256=run.output_sha256,
            record_sha256=run.record_sha256,
        )
        _settle(db, run, output_id)
        if _against(db, _visible(db, output_id), run.purpose, date.today()):
            make_again(db, [output_id], because="no-longer-shown", role=run.role)
    return reference(run.run_id)


def expect_in(db: sqlite3.Connection, run: RunRow) -> str:
    """Write down a copy that is about to get its name, within a block of `Register.changing`; then give it its name,
    and then `add_run_in`, or `call_off_in` when it got none. Returns its `reference`.

    Whatever happens in between, power cuts too, no copy is there that the register does not know. A row without its
    copy is harmless, and so is an older copy of that path that still counts as there: files are compared with their
    hashes before anything is done with them.
    """
    known = db.execute(
        "SELECT id FROM output WHERE sha256 = ? AND path = ? AND state IN ('kept', 'make-again')",
        (run.output_sha256, path_in(run.output_path)),
    ).fetchone()
    if known is not None:
        tokens = {token for (token,) in db.execute("SELECT token FROM shown WHERE output_id = ?", (known["id"],))}
        if tokens.issuperset(run.shown):
            return reference(run.run_id)  # the very same copy lies there; it becomes that of this run in the end
    _output(db, run, _recording(db, run))
    return reference(run.run_id)


def call_off_in(db: sqlite3.Connection, run: RunRow) -> None:
    """Take back what `expect_in` wrote for a copy that got no name, within a block of `Register.changing`.

    A row that something was written down about stays: that bytes were there once, or that they are to go.
    """
    row = db.execute(
        """
        SELECT id, recording_id FROM output WHERE run_id = ?1
            AND NOT EXISTS (SELECT 1 FROM event WHERE event.output_id = output.id)
        """,
        (str(run.run_id),),
    ).fetchone()
    if row is None:
        return
    db.execute("DELETE FROM shown WHERE output_id = ?", (row["id"],))
    db.execute("DELETE FROM output WHERE id = ?", (row["id"],))
    only = "NOT EXISTS (SELECT 1 FROM output WHERE recording_id = ?1)"
    db.execute(f"DELETE FROM place WHERE recording_id = ?1 AND {only}", (row["recording_id"],))
    db.execute(f"DELETE FROM recording WHERE id = ?1 AND {only}", (row["recording_id"],))


def _was_added(db: sqlite3.Connection, run: RunRow) -> bool:
    """Whether its event is there, which is written last."""
    done = "SELECT 1 FROM event WHERE kind = 'run' AND instr(text, ?)"
    return db.execute(done, (str(run.run_id),)).fetchone() is not None


def state_of(register: Register, sha256: str, path: Path) -> str | None:
    """What the register says of that copy, as `Copy.state`; None when it does not know it."""
    with register.reading() as db:
        found = "SELECT state FROM output WHERE sha256 = ? AND path = ?"
        row = db.execute(found, (sha256, path_in(path.absolute()))).fetchone()
        return None if row is None else str(row["state"])


def standings_in_copy(register: Register, sha256: str, path: Path, on: date) -> dict[str, State]:
    """How the consent of everybody stands who is visible in that copy, by token, for the purpose it was made for; empty
    for a copy that the register does not know, or that is gone."""
    with register.reading() as db:
        found = "SELECT id, purpose FROM output WHERE sha256 = ? AND path = ? AND state IN ('kept', 'make-again')"
        row = db.execute(found, (sha256, path_in(path.absolute()))).fetchone()
        if row is None:
            return {}
        return {token: standing_in(db, token, row["purpose"], on) for token in _visible(db, row["id"])}


def no_longer_shown(register: Register, run_id: UUID, on: date) -> tuple[str, ...]:
    """Tokens of those who are shown in the copy of that run although they refused or withdrew by the day `on`."""
    with register.reading() as db:
        row = db.execute("SELECT id, purpose FROM output WHERE run_id = ?", (str(run_id),)).fetchone()
        if row is None:
            return ()
        return _against(db, _visible(db, row["id"]), row["purpose"], on)


def visible_before(db: sqlite3.Connection, recording_sha256: str | None = None) -> tuple[str, ...]:
    """Tokens of those who are or were visible in some copy of that recording, or of any."""
    rows = db.execute(
        """
        SELECT DISTINCT token FROM shown JOIN output ON output.id = shown.output_id
        JOIN recording ON recording.id = output.recording_id
        WHERE token IS NOT NULL AND (?1 IS NULL OR recording.sha256 = ?1) ORDER BY token
        """,
        (recording_sha256,),
    )
    return tuple(token for (token,) in rows)


def withdrawn_outputs(register: Register, token: str) -> tuple[Copy, ...]:
    """The copies that show somebody and are to be made again or deleted."""
    with register.reading() as db:
        return tuple(copy for copy in copies_showing(db, token) if copy.state == "make-again")


def copies_showing(db: sqlite3.Connection, token: str, purpose: str | None = None) -> list[Copy]:
    """The copies that show somebody and may still exist: those that are here, and others that were uploaded.

    With a purpose, those that were made for it, and those made for no stated one: they may be used for it.
    """
    rows = db.execute(
        """
        SELECT output.*, (
            SELECT path FROM place WHERE recording_id = output.recording_id AND deleted_at IS NULL
            ORDER BY seen_at DESC, id DESC LIMIT 1
        ) AS source
        FROM output JOIN shown ON shown.output_id = output.id
        WHERE shown.token = ?1 AND (?2 IS NULL OR purpose IS NULL OR purpose = ?2)
            AND (state IN ('kept', 'make-again') OR uploaded_on IS NOT NULL)
        ORDER BY output.id
        """,
        (token, purpose),
    )
    return [
        Copy(
            id=row["id"],
            sha256=row["sha256"],
            path=path_out(row["path"]),
            recording=None if row["source"] is None else path_out(row["source"]),
            profile=row["profile"],
            purpose=row["purpose"],
            made_at=row["made_at"],
            uploaded_on=row["uploaded_on"],
            state=row["state"],
        )
        for row in rows
    ]


def make_again(
    db: sqlite3.Connection, output_ids: Iterable[int], *, because: str, role: str | None, consents: Sequence[int] = ()
) -> None:
    """Mark copies that are kept as to be made again or deleted, and write down why.

    Parameters
    ----------
    because: a fixed word.
    consents: ids of the answers that it comes from.
    """
    for output_id in output_ids:
        marked = db.execute("UPDATE output SET state = 'make-again' WHERE id = ? AND state = 'kept'", (output_id,))
        if marked.rowcount:
            add_event(db, "make-again", output_id=output_id, role=role, because=because, consents=list(consents))


def _against(db: sqlite3.Connection, tokens: Iterable[str], purpose: str | None, on: date) -> tuple[str, ...]:
    return tuple(token for token in tokens if standing_in(db, token, purpose, on) in AGAINST)


def _visible(db: sqlite3.Connection, output_id: int) -> list[str]:
    """Tokens of those who are visible in the copy, in order."""
    rows = db.execute("SELECT token FROM shown WHERE output_id = ? AND token IS NOT NULL ORDER BY token", (output_id,))
    return [token for (token,) in rows]


def _recording(db: sqlite3.Connection, run: RunRow) -> int:
    """The id of the recording, which is added with the place it was seen at."""
    now = moment()
    db.execute(
        "INSERT OR IGNORE INTO recording (sha256, bytes, added_at) VALUES (?, ?, ?)",
        (run.recording_sha256, run.recording_bytes, now),
    )
    (found,) = db.execute("SELECT id FROM recording WHERE sha256 = ?", (run.recording_sha256,)).fetchone()
    db.execute(
        """
        INSERT INTO place (recording_id, path, seen_at) VALUES (?, ?, ?)
        ON CONFLICT (recording_id, path) DO UPDATE SET seen_at = excluded.seen_at, deleted_at = NULL
        """,
        (found, path_in(run.recording_path), now),
    )
    return int(found)


def _output(db: sqlite3.Connection, run: RunRow, recording_id: int) -> int:
    """The id of the copy, added or brought up to date, with who is shown in it."""
    # The day a course ends is as true for the new copy as it was for the last one of the same recording.
    last = db.execute("SELECT facts FROM output WHERE recording_id = ? ORDER BY id DESC", (recording_id,)).fetchone()
    facts = {} if last is None else json.loads(last["facts"])
    facts |= {event: day.isoformat() for event, day in (run.facts or {}).items()}
    values = {
        "run_id": str(run.run_id),
        "recording_id": recording_id,
        "record_path": path_in(run.record_path),
        "record_sha256": run.record_sha256,
        "bytes": run.output_bytes,
        "made_at": moment(run.made_at),
        "profile": run.profile,
        "purpose": run.purpose,
        "breach_hours": run.breach_hours,
        "breach_contact": run.breach_contact,
        "keep_original": _json(run.keep_original),
        "keep_output": _json(run.keep_output),
        "facts": json.dumps(facts, sort_keys=True),
        "state": "kept",
        "deleted_at": None,
        "sha256": run.output_sha256,
        "path": path_in(run.output_path),
    }
    columns = ", ".join(values)
    places = ", ".join(f":{column}" for column in values)
    anew = ", ".join(f"{column} = excluded.{column}" for column in values)
    db.execute(
        f"INSERT INTO output ({columns}) VALUES ({places}) ON CONFLICT (sha256, path) DO UPDATE SET {anew}", values
    )
    (output_id,) = db.execute("SELECT id FROM output WHERE run_id = ?", (str(run.run_id),)).fetchone()
    _shown(db, run, int(output_id))
    return int(output_id)


def _shown(db: sqlite3.Connection, run: RunRow, output_id: int) -> None:
    """Who is visible in the copy: those of an earlier run with the same bytes are so still, whatever this one says."""
    known = "SELECT token FROM shown JOIN output ON id = output_id WHERE sha256 = ? AND token IS NOT NULL"
    visible = {token for (token,) in db.execute(known, (run.output_sha256,))}.union(run.shown)
    here = {token for (token,) in db.execute("SELECT token FROM shown WHERE output_id = ?", (output_id,))}
    db.executemany(
        "INSERT INTO shown (output_id, token) VALUES (?, ?)", [(output_id, t) for t in sorted(visible - here)]
    )


def _json(terms: Terms) -> str | None:
    if terms is None:
        return None
    return json.dumps(dict(terms) if isinstance(terms, Mapping) else [dict(term) for term in terms], sort_keys=True)


def _settle(db: sqlite3.Connection, run: RunRow, output_id: int) -> None:
    """Other bytes that lay at the path of the new copy are gone from it."""
    older = db.execute(
        "SELECT id FROM output WHERE path = ? AND id <> ? AND state IN ('kept', 'make-again')",
        (path_in(run.output_path), output_id),
    ).fetchall()
    for (gone,) in older:
        db.execute("UPDATE output SET state = 'replaced', deleted_at = ? WHERE id = ?", (moment(run.made_at), gone))
        add_event(db, "replaced", output_id=gone, role=run.role, run_id=str(run.run_id))
