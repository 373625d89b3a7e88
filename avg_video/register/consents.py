"""The consents in the register: added, taken in from a sheet, listed, withdrawn, and a token erased.

Whenever somebody says no, every copy that shows them is found in the same step and marked as to be made again or
deleted.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from avg_video.errors import UsageError
from avg_video.language import tr
from avg_video.register.answers import Answer
from avg_video.register.database import Register, add_event
from avg_video.register.runs import Copy, copies_showing, make_again
from avg_video.register.sheet import read_sheet
from avg_video.register.standing import AGAINST, State, standing, standing_in, state_of

__all__ = [
    "Added",
    "Entry",
    "Erased",
    "Imported",
    "Withdrawal",
    "add",
    "entries",
    "erase_token",
    "import_csv",
    "standing",
    "withdraw",
]


_NEVER_ASKED = ""
"""A purpose that no answer and no copy has: only a word about everything counts for it."""


@dataclass(frozen=True)
class Entry:
    """One answer in the register.

    Attributes
    ----------
    token: None where it was erased.
    state: what it is worth on the day that was asked for, by itself; "unknown" if it was given later.
    latest: whether it is the last word of that token for that purpose (for a refusal of everything: the last of these).
        An older one no longer counts.
    """

    id: int
    token: str | None
    age_group: str | None
    given_by: str | None
    purpose: str | None
    answer: str
    given_on: str
    valid_until: str | None
    proof: str | None
    withdrawn_on: str | None
    state: State
    latest: bool


@dataclass(frozen=True)
class Added:
    """What came of adding an answer.

    Attributes
    ----------
    standing: of the token for that purpose now; not "given" when the answer does not count, or a later one does.
    new: False when the register held the very same answer already.
    copies: those that show somebody who said no by it.
    """

    id: int
    standing: State
    new: bool
    copies: tuple[Copy, ...]


@dataclass(frozen=True)
class Imported:
    """What came of a sheet: how many answers are new, how many were known, the copies that are to go, and those new
    answers that are yes and don't count, each with what it is worth ("invalid" or "expired")."""

    new: int
    known: int
    copies: tuple[Copy, ...]
    idle: tuple[tuple[Answer, State], ...] = ()


@dataclass(frozen=True)
class Withdrawal:
    """What came of a withdrawal.

    Attributes
    ----------
    consents: how many it ended.
    copies: those that show the person.
    still_given: purposes for which a consent of a later day counts now.
    """

    consents: int
    copies: tuple[Copy, ...]
    still_given: tuple[str, ...]


@dataclass(frozen=True)
class Erased:
    """What came of erasing a token: in how many answers it stood, the copies that show the person, and older copies of
    the register, which still hold it."""

    consents: int
    copies: tuple[Copy, ...]
    backups: tuple[Path, ...]


def add(register: Register, answer: Answer, *, role: str | None = None, today: date | None = None) -> Added:
    """Add an answer. A refusal marks every copy that shows the person for that purpose.

    The same answer twice in a row is added once. After another word, such as a withdrawal, it is a new one.
    Raises `RegisterError` as `Register.changing`.
    """
    today = today or date.today()
    with register.changing() as db:
        (last,) = db.execute("SELECT max(id) FROM consent WHERE token = ?", (answer.token,)).fetchone()
        new = all(row["id"] != last or row["withdrawn_on"] is not None for row in _same(db, answer))
        consent = _insert(db, answer, "add", role) if new else int(last)
        copies = _mark(db, answer.token, answer.purpose, today, role, [consent])
        state = standing_in(db, answer.token, answer.purpose, today)
    return Added(consent, state, new, copies)


def import_csv(register: Register, path: Path, *, role: str | None = None, today: date | None = None) -> Imported:
    """Take in a sheet of answers (see `sheet`), all of it or nothing.

    Answers that the register holds already are passed over, also when they were withdrawn since: importing a sheet
    once more brings no consent back.

    Raises
    ------
    SheetError: something in the sheet is wrong; its `faults` say what, line by line.
    UsageError: the sheet can't be read.
    RegisterError: as `Register.changing`.
    """
    today = today or date.today()
    answers = read_sheet(path, today)
    new, copies, idle = 0, dict[int, Copy](), []
    with register.changing() as db:
        for answer in answers:
            if _same(db, answer):
                continue
            consent = _insert(db, answer, "import", role)
            new += 1
            copies |= {copy.id: copy for copy in _mark(db, answer.token, answer.purpose, today, role, [consent])}
            worth = state_of(db.execute("SELECT * FROM consent WHERE id = ?", (consent,)).fetchone(), today)
            if worth in ("invalid", "expired"):
                idle.append((answer, worth))
    return Imported(new, len(answers) - new, tuple(copies.values()), tuple(idle))


def entries(
    register: Register, *, token: str | None = None, purpose: str | None = None, on: date | None = None
) -> list[Entry]:
    """The answers, in the order of tokens and days; with `token` or `purpose` only those.

    Raises `RegisterError` as `Register.reading`.
    """
    on = on or date.today()
    with register.reading() as db:
        rows = db.execute(
            """
            SELECT * FROM consent WHERE (?1 IS NULL OR token = ?1) AND (?2 IS NULL OR purpose = ?2 OR purpose IS NULL)
            ORDER BY token IS NULL, token, max(given_on, ifnull(withdrawn_on, '')), id
            """,
            (token, purpose),
        ).fetchall()
    # The rows of a token come in the order of their words: the last one that is put here is the latest.
    last: dict[tuple[str, str | None], int] = {}
    for row in rows:
        spoken_of = {row["purpose"]} if row["purpose"] is not None else {row["purpose"] for row in rows}
        last |= {(row["token"], purpose): row["id"] for purpose in spoken_of}
    columns = ("id", "token", "age_group", "given_by", "purpose", "answer", "given_on", "valid_until", "proof")
    return [
        Entry(
            **{name: row[name] for name in columns},
            withdrawn_on=row["withdrawn_on"],
            state=state_of(row, on),
            latest=row["token"] is not None and last[row["token"], row["purpose"]] == row["id"],
        )
        for row in rows
    ]


def withdraw(
    register: Register,
    token: str,
    *,
    purpose: str | None = None,
    on: date | None = None,
    role: str | None = None,
    today: date | None = None,
) -> Withdrawal:
    """Somebody no longer agrees: end the consents given up to the day `on`, and mark the copies that show them.

    A no to everything, and one where a copy shows the person on another ground than consent, is kept as a refusal.

    Parameters
    ----------
    purpose: what they no longer agree to; None is everything.
    on: the day they said so; None is today.

    Raises
    ------
    UsageError: nothing is known of that token (for that purpose), or `on` is after today. Nothing is changed.
    RegisterError: as `Register.changing`.
    """
    today = today or date.today()
    on = on or today
    if on > today:
        raise UsageError(tr("the day of the withdrawal is after today"), remedy=tr("give the day on which it was said"))
    with register.changing() as db:
        known = db.execute(
            "SELECT * FROM consent WHERE token = ?1 AND (?2 IS NULL OR purpose = ?2 OR purpose IS NULL)",
            (token, purpose),
        ).fetchall()
        shown = copies_showing(db, token, purpose)
        if not known and not shown:
            rows = db.execute("SELECT DISTINCT purpose FROM consent WHERE token = ? ORDER BY purpose", (token,))
            others = [*(row["purpose"] for row in rows), *(copy.purpose for copy in copies_showing(db, token))]
            if purpose is not None and others:
                raise _other_purposes(token, purpose, [each for each in others if each is not None], register.path)
            raise _unknown(token, register.path)
        day = on.isoformat()
        ended = [
            int(row["id"])
            for row in known
            if row["answer"] == "given" and row["withdrawn_on"] is None and row["given_on"] <= day
        ]
        db.executemany("UPDATE consent SET withdrawn_on = ? WHERE id = ?", [(day, consent) for consent in ended])
        consents = list(ended)
        # Everything is also what nobody asked about yet: the no itself is kept, and not only the end of each yes.
        asked = {purpose} if purpose is not None else {copy.purpose for copy in shown} | {_NEVER_ASKED}
        if any(standing_in(db, token, each, on) not in AGAINST for each in asked):
            consents.append(_insert(db, Answer(token, purpose, "refused", on), "withdraw", role))
        add_event(db, "withdrawal", role=role, purpose=purpose, on=day, consents=consents)
        copies = _mark(db, token, purpose, today, role, consents)
        purposes = sorted({row["purpose"] for row in known if row["purpose"] is not None})
        still_given = tuple(each for each in purposes if standing_in(db, token, each, today) == "given")
    return Withdrawal(len(ended), copies, still_given)


def erase_token(register: Register, token: str, *, role: str | None = None) -> Erased:
    """Make it unknown whose answers these were, and mark the copies that show the person.

    What was answered, when and for what stays, as do events and the number of people in a copy; the token and the
    reference to the signed form are overwritten. Older copies of the register keep them.

    Raises
    ------
    UsageError: the register does not hold that token.
    RegisterError: as `Register.changing`.
    """
    with register.changing() as db:
        consents = [row["id"] for row in db.execute("SELECT id FROM consent WHERE token = ?", (token,))]
        held = db.execute("SELECT 1 FROM shown WHERE token = ?", (token,)).fetchone()
        if not consents and held is None:
            raise _unknown(token, register.path)
        make_again(
            db, [copy.id for copy in copies_showing(db, token)], because="token-erased", role=role, consents=consents
        )
        copies = tuple(copies_showing(db, token))
        db.execute("UPDATE consent SET token = NULL, proof = NULL WHERE token = ?", (token,))
        db.execute("UPDATE shown SET token = NULL WHERE token = ?", (token,))
        add_event(db, "token-erased", role=role, consents=consents)
    register.sweep()
    return Erased(len(consents), copies, register.backups())


def _unknown(token: str, file: Path) -> UsageError:
    return UsageError(
        tr("nothing is known of {token} here", token=token),
        remedy=tr("check the token; a refusal that was never asked for is written down by avg-blur consent add"),
        file=file,
    )


def _other_purposes(token: str, purpose: str, known: Sequence[str], file: Path) -> UsageError:
    """Somebody is known, but not for that purpose: a slip, after which all would think that it was written down."""
    return UsageError(
        tr("nothing is known of {token} for {purpose}, so nothing was withdrawn", token=token, purpose=purpose),
        remedy=tr(
            "known are: {purposes}; leave out --purpose to withdraw for everything, or write down a no that was never "
            "asked for with avg-blur consent add {token} --answer refused --purpose {purpose}",
            purposes=", ".join(dict.fromkeys(known)) or tr("none"),
            token=token,
            purpose=purpose,
        ),
        file=file,
    )


def _same(db: sqlite3.Connection, answer: Answer) -> list[sqlite3.Row]:
    """The rows that say the very same thing."""
    return db.execute(
        """
        SELECT * FROM consent WHERE token = :token AND purpose IS :purpose AND answer = :answer
            AND given_on = :given_on AND age_group IS :age_group AND given_by IS :given_by
            AND valid_until IS :valid_until AND proof IS :proof
        """,
        _columns(answer),
    ).fetchall()


def _columns(answer: Answer) -> dict[str, str | None]:
    return {
        **vars(answer),
        "given_on": answer.given_on.isoformat(),
        "valid_until": None if answer.valid_until is None else answer.valid_until.isoformat(),
    }


def _insert(db: sqlite3.Connection, answer: Answer, source: str, role: str | None) -> int:
    row = db.execute(
        """
        INSERT INTO consent (token, age_group, given_by, purpose, answer, given_on, valid_until, proof, source)
        VALUES (:token, :age_group, :given_by, :purpose, :answer, :given_on, :valid_until, :proof, :source)
        """,
        {**_columns(answer), "source": source},
    )
    assert row.lastrowid is not None
    add_event(db, "consent", role=role, consent=row.lastrowid, answer=answer.answer, source=source)
    return row.lastrowid


def _mark(
    db: sqlite3.Connection, token: str, purpose: str | None, today: date, role: str | None, consents: Iterable[int]
) -> tuple[Copy, ...]:
    """Mark the copies that show somebody who says no to what the copy is for, and give them."""
    copies = [
        copy for copy in copies_showing(db, token, purpose) if standing_in(db, token, copy.purpose, today) in AGAINST
    ]
    make_again(db, [copy.id for copy in copies], because="no-longer-shown", role=role, consents=list(consents))
    marked = {copy.id for copy in copies}
    return tuple(copy for copy in copies_showing(db, token, purpose) if copy.id in marked)
