"""The tables of the register, as the steps that lead from one version to the next.

A step that users may have run is never changed: a new version is a new step. Wherever a fixed word, a day or a token is
expected, the database itself refuses anything else, so that no slip in a program can put a name there.

Days are "YYYY-MM-DD", moments "YYYY-MM-DDTHH:MM:SSZ" in UTC, paths as `database.path_in` writes them.
"""

from __future__ import annotations

__all__ = ["APPLICATION_ID", "STEPS"]

APPLICATION_ID = 0x41564752
"""The letters AVGR in the head of the file: this SQLite database is a register and not another program's."""


def _token(column: str) -> str:
    """One to three capitals, then one to four digits, and nothing else."""
    letters = f"rtrim({column}, '0123456789')"
    return (
        f"length({letters}) BETWEEN 1 AND 3 AND {letters} NOT GLOB '*[^A-Z]*' "
        f"AND length({column}) - length({letters}) BETWEEN 1 AND 4"
    )


def _slug(column: str) -> str:
    return f"length({column}) BETWEEN 1 AND 40 AND {column} NOT GLOB '*[^a-z0-9-]*'"


def _day(column: str) -> str:
    return f"{column} IS NULL OR date({column}, '+0 days') IS {column}"


def _moment(column: str) -> str:
    return f"{column} IS NULL OR strftime('%Y-%m-%dT%H:%M:%SZ', {column}, '+0 days') IS {column}"


def _sha256(column: str) -> str:
    return f"length({column}) = 64 AND {column} NOT GLOB '*[^0-9a-f]*'"


_CONSENT = f"""
CREATE TABLE consent (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    token TEXT CHECK (token IS NULL OR ({_token("token")})),          -- null: erased
    age_group TEXT CHECK (age_group IN ('under-16', '16-plus')),       -- at giving; null only where refused
    given_by TEXT CHECK (given_by IN ('pupil', 'parent')),             -- null only where refused
    purpose TEXT CHECK (purpose IS NULL OR ({_slug("purpose")})),      -- null only where refused: for every purpose
    answer TEXT NOT NULL CHECK (answer IN ('given', 'refused')),
    given_on TEXT NOT NULL CHECK ({_day("given_on")}),                 -- the day of the answer
    valid_until TEXT CHECK ({_day("valid_until")}),                    -- the last day on which it counts; null: no end
    proof TEXT CHECK (proof IS NULL OR (length(proof) <= 60 AND instr(proof, '@') = 0)),
    withdrawn_on TEXT CHECK ({_day("withdrawn_on")}),                  -- the first day on which it no longer counts
    source TEXT NOT NULL CHECK (source IN ('add', 'import', 'withdraw')),
    CHECK (answer = 'refused' OR (age_group IS NOT NULL AND given_by IS NOT NULL AND purpose IS NOT NULL)),
    CHECK (valid_until IS NULL OR valid_until >= given_on),
    CHECK (withdrawn_on IS NULL OR (answer = 'given' AND withdrawn_on >= given_on))
)"""

_RECORDING = f"""
CREATE TABLE recording (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sha256 TEXT NOT NULL UNIQUE CHECK ({_sha256("sha256")}),
    bytes INTEGER NOT NULL CHECK (bytes >= 0),
    added_at TEXT NOT NULL CHECK ({_moment("added_at")})
)"""

_PLACE = f"""
CREATE TABLE place (                                                   -- where a recording was seen
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    recording_id INTEGER NOT NULL REFERENCES recording (id),
    path NOT NULL,
    seen_at TEXT NOT NULL CHECK ({_moment("seen_at")}),
    deleted_at TEXT CHECK ({_moment("deleted_at")}),                   -- null: as far as is known it is still there
    UNIQUE (recording_id, path)
)"""

_OUTPUT = f"""
CREATE TABLE output (                                                  -- one file: the same bytes at one path
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sha256 TEXT NOT NULL CHECK ({_sha256("sha256")}),
    run_id TEXT NOT NULL UNIQUE CHECK (length(run_id) = 36),           -- the last run that made it
    recording_id INTEGER NOT NULL REFERENCES recording (id),
    path NOT NULL,
    record_path NOT NULL,
    record_sha256 TEXT NOT NULL CHECK ({_sha256("record_sha256")}),
    bytes INTEGER NOT NULL CHECK (bytes >= 0),
    made_at TEXT NOT NULL CHECK ({_moment("made_at")}),
    profile TEXT CHECK (profile IS NULL OR ({_slug("profile")})),
    purpose TEXT CHECK (purpose IS NULL OR ({_slug("purpose")})),
    breach_hours INTEGER CHECK (breach_hours > 0),
    breach_contact TEXT,
    keep_original TEXT,                                                -- JSON, null: no term is known
    keep_output TEXT,                                                  -- JSON, null: no term is known
    uploaded_on TEXT CHECK ({_day("uploaded_on")}),
    facts TEXT NOT NULL DEFAULT '{{}}',                                -- JSON: days by event, such as course-end
    state TEXT NOT NULL DEFAULT 'kept' CHECK (state IN ('kept', 'make-again', 'replaced', 'deleted')),
    deleted_at TEXT CHECK ({_moment("deleted_at")}),                   -- since when its bytes are gone from its path
    UNIQUE (sha256, path),
    CHECK ((state IN ('replaced', 'deleted')) = (deleted_at IS NOT NULL))
)"""

_SHOWN = f"""
CREATE TABLE shown (                                                   -- who is visible in it
    output_id INTEGER NOT NULL REFERENCES output (id),
    token TEXT CHECK (token IS NULL OR ({_token("token")})),           -- null: somebody whose token was erased
    UNIQUE (output_id, token)
)"""

_EVENT = f"""
CREATE TABLE event (                                                   -- append-only; never holds a token
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL CHECK ({_moment("at")}),
    kind TEXT NOT NULL CHECK ({_slug("kind")}),
    output_id INTEGER REFERENCES output (id),
    role TEXT CHECK (role IS NULL OR ({_slug("role")})),               -- of whoever did it
    text TEXT NOT NULL DEFAULT '{{}}'                                  -- JSON
)"""

STEPS: tuple[tuple[str, ...], ...] = (
    (  # version 1
        _CONSENT,
        _RECORDING,
        _PLACE,
        _OUTPUT,
        _SHOWN,
        _EVENT,
        "CREATE INDEX consent_token ON consent (token)",
        "CREATE INDEX output_recording ON output (recording_id)",
        "CREATE INDEX output_path ON output (path)",
        "CREATE INDEX shown_token ON shown (token)",
        "CREATE TRIGGER event_stays BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'an event stays as it is'); END",
        "CREATE TRIGGER event_remains BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'an event stays'); END",
    ),
)
"""The statements that lead from version 0 (nothing) to 1, from 1 to 2, and so on; as many steps as versions."""
