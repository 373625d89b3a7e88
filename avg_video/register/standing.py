"""What the register knows of a pupil's consent on a given day: the latest word for that very purpose counts.

A word is an answer, or its being withdrawn. Of two words of one day, the one that was entered later counts. Consent
counts from the day it was given up to and including its last day, and is gone on the day it is withdrawn. Below 16 it
counts only when a parent gave it, from 16 on only when the pupil did, by the age on the day it was given. (The data
protection authority asks for both; see the profile "ap".)
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import date
from typing import Literal

from avg_video.register.database import Register

__all__ = ["AGAINST", "State", "last_day_in", "standing", "standing_in", "state_of"]

State = Literal["given", "refused", "withdrawn", "expired", "unknown", "invalid"]
"""given: it counts. invalid: somebody gave it who can't, for the pupil's age. unknown: nothing was said.
withdrawn: also where there was nothing to withdraw, since the person was shown on another ground than consent."""
AGAINST: tuple[State, ...] = ("withdrawn", "refused")
"""Somebody said no: whoever it is about is covered, whatever the ground of the recording."""


def standing(register: Register, tokens: Iterable[str], purpose: str | None, on: date) -> dict[str, State]:
    """The standing of each of `tokens` for `purpose` on the day `on`.

    For a recording without a purpose (None) nobody's consent counts, since it is always given for one; somebody who
    refused or withdrew for any purpose is then taken at their word.

    Raises `RegisterError` as `Register.reading`.
    """
    with register.reading() as db:
        return {token: standing_in(db, token, purpose, on) for token in dict.fromkeys(tokens)}


def standing_in(db: sqlite3.Connection, token: str, purpose: str | None, on: date) -> State:
    """As `standing`, of one token, within a block that has more to read or change."""
    rows = db.execute("SELECT * FROM consent WHERE token = ?", (token,)).fetchall()
    if purpose is not None:
        return _latest(rows, purpose, on)
    said = {_latest(rows, other, on) for other in {row["purpose"] for row in rows}}
    return next((state for state in AGAINST if state in said), "unknown")


def last_day_in(db: sqlite3.Connection, token: str, purpose: str, on: date) -> date | None:
    """The last day on which the consent of a token counts, or counted, for that purpose, by what is known on the day
    `on`; None where it has no end, or there is none."""
    rows = db.execute("SELECT * FROM consent WHERE token = ?", (token,)).fetchall()
    last = _latest_word(rows, purpose, on)
    if last is None or last[0] not in ("given", "expired") or last[1]["valid_until"] is None:
        return None
    return date.fromisoformat(last[1]["valid_until"])


def _latest(rows: list[sqlite3.Row], purpose: str | None, on: date) -> State:
    last = _latest_word(rows, purpose, on)
    return "unknown" if last is None else last[0]


def _latest_word(rows: list[sqlite3.Row], purpose: str | None, on: date) -> tuple[State, sqlite3.Row] | None:
    """What was said last for that purpose, and what it is worth."""
    words = [
        ((row["withdrawn_on"] if state == "withdrawn" else None) or row["given_on"], row["id"], state, row)
        for row in rows
        if row["purpose"] in (purpose, None) and (state := state_of(row, on)) != "unknown"
    ]
    return max(words, key=lambda word: word[:2])[2:] if words else None


def state_of(row: sqlite3.Row, on: date) -> State:
    """What one row of the table of consents is worth on a day, if nothing else was said."""
    day = on.isoformat()  # written so, days sort as text
    if row["given_on"] > day:
        return "unknown"
    if row["withdrawn_on"] is not None and row["withdrawn_on"] <= day:
        return "withdrawn"
    if row["answer"] == "refused":
        return "withdrawn" if row["source"] == "withdraw" else "refused"
    if (row["age_group"], row["given_by"]) not in (("under-16", "parent"), ("16-plus", "pupil")):
        return "invalid"
    if row["valid_until"] is not None and row["valid_until"] < day:
        return "expired"
    return "given"
