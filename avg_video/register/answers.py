"""One answer to the question for consent: what belongs to it, and what is refused because a name could hide in it.

Both the command line and the sheets of `consent import` hand over text, column by column, which is judged here alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, cast

from avg_video.language import tr

__all__ = [
    "AGE_GROUPS",
    "ANSWERS",
    "COLUMNS",
    "GIVERS",
    "Answer",
    "AnswerFaults",
    "Fault",
    "is_slug",
    "is_token",
    "parse_day",
    "read_answer",
]

AGE_GROUPS = ("under-16", "16-plus")
GIVERS = ("pupil", "parent")
ANSWERS = ("given", "refused")
COLUMNS = ("token", "age_group", "given_by", "purpose", "answer", "given_on", "valid_until", "proof")
"""Every column of an answer; the header of a sheet."""

EARLIEST = date(2000, 1, 1)
"""No school keeps an older answer; such a day is a slip of the pen."""

# These two are those of policies; the tests hold them equal.
_TOKEN = re.compile(r"[A-Z]{1,3}[0-9]{1,4}")
_SLUG = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_SLUG_LENGTH = 40
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PROOF = re.compile(r"\w[\w .,/\\:#()+-]{0,59}")
"""A short reference. Without @ it is no mail address, and a spreadsheet takes none of its beginnings for a formula."""


@dataclass(frozen=True)
class Answer:
    """What a pupil, or a parent, said; made by `read_answer`.

    Attributes
    ----------
    token: the pupil's.
    purpose: what for; None for a refusal that counts for every purpose.
    answer: "given" or "refused".
    given_on: the day of the answer.
    age_group: the pupil's, on that day; a refusal may leave it out.
    given_by: who answered; a refusal may leave it out.
    valid_until: the last day on which it counts; None has no end.
    proof: where the signed form lies; a refusal needs none.
    """

    token: str
    purpose: str | None
    answer: Literal["given", "refused"]
    given_on: date
    age_group: Literal["under-16", "16-plus"] | None = None
    given_by: Literal["pupil", "parent"] | None = None
    valid_until: date | None = None
    proof: str | None = None


@dataclass(frozen=True)
class Fault:
    """What is wrong with one column of an answer; `what` is a clause and never repeats what stood there."""

    column: str
    what: str


class AnswerFaults(ValueError):
    """An answer that can't be taken in, with every fault of it."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__(faults)
        self.faults = faults


def is_token(text: str) -> bool:
    """Whether it is a token such as L07: one to three capitals, then one to four digits."""
    return _TOKEN.fullmatch(text) is not None


def is_slug(text: str) -> bool:
    """Whether it is a short word such as teacher-training."""
    return len(text) <= _SLUG_LENGTH and _SLUG.fullmatch(text) is not None


def parse_day(text: str) -> date:
    """The day that "YYYY-MM-DD" names; other ways to write one are not taken. Raises `ValueError`, with a clause."""
    if not _DAY.fullmatch(text):
        raise ValueError(tr("it is not a day such as 2026-09-01"))
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(tr("there is no such day in the calendar")) from None


def read_answer(fields: Mapping[str, str], today: date) -> Answer:
    """The answer that the text of `COLUMNS` gives; an empty text is one that was left out.

    Raises `AnswerFaults` with everything that is wrong.
    """
    reader = _Reader(fields, today)
    answer = reader.word("answer", ANSWERS, required=True)
    refused = answer == "refused"
    token = reader.token()
    purpose = reader.purpose(required=not refused)
    age_group = reader.word("age_group", AGE_GROUPS, required=not refused)
    given_by = reader.word("given_by", GIVERS, required=not refused)
    given_on = reader.given_on()
    valid_until = reader.valid_until(given_on, refused=refused)
    proof = reader.proof(required=not refused)
    if reader.faults or given_on is None:
        order = {column: number for number, column in enumerate(COLUMNS)}
        raise AnswerFaults(tuple(sorted(reader.faults, key=lambda fault: order[fault.column])))
    return Answer(
        token=token,
        purpose=purpose,
        answer=cast(Literal["given", "refused"], answer),
        given_on=given_on,
        age_group=cast(Literal["under-16", "16-plus"] | None, age_group),
        given_by=cast(Literal["pupil", "parent"] | None, given_by),
        valid_until=valid_until,
        proof=proof,
    )


class _Reader:
    """Reads column after column and remembers what is wrong."""

    def __init__(self, fields: Mapping[str, str], today: date) -> None:
        self._fields, self._today = fields, today
        self.faults: list[Fault] = []

    def _text(self, column: str, *, required: bool) -> str:
        text = self._fields.get(column, "").strip()
        if not text and required:
            self._wrong(column, tr("it was left out"))
        return text

    def _wrong(self, column: str, what: str) -> None:
        self.faults.append(Fault(column, what))

    def token(self) -> str:
        text = self._text("token", required=True)
        if text and not is_token(text):
            self._wrong(
                "token", tr("it is not a token such as L07 (one to three capitals, then digits); never write a name")
            )
        return text

    def purpose(self, *, required: bool) -> str | None:
        text = self._text("purpose", required=required)
        if text and not is_slug(text):
            self._wrong(
                "purpose",
                tr("it is not a short word such as teacher-training (lower-case letters, digits and hyphens)"),
            )
        return text or None

    def word(self, column: str, words: tuple[str, ...], *, required: bool) -> str | None:
        text = self._text(column, required=required)
        if text and text not in words:
            self._wrong(column, tr("it is not one of: {words}", words=", ".join(words)))
        return text or None

    def _day(self, column: str, *, required: bool) -> date | None:
        text = self._text(column, required=required)
        if not text:
            return None
        try:
            day = parse_day(text)
        except ValueError as error:
            self._wrong(column, str(error))
            return None
        if day < EARLIEST:
            self._wrong(column, tr("it is before the year {year}", year=EARLIEST.year))
            return None
        return day

    def given_on(self) -> date | None:
        day = self._day("given_on", required=True)
        if day is not None and day > self._today:
            self._wrong("given_on", tr("it is after today"))
        return day

    def valid_until(self, given_on: date | None, *, refused: bool) -> date | None:
        day = self._day("valid_until", required=False)
        if day is not None and refused:
            self._wrong("valid_until", tr("a refusal has no end; leave it empty"))
        elif day is not None and given_on is not None and day < given_on:
            self._wrong("valid_until", tr("it is before the day it was given"))
        return day

    def proof(self, *, required: bool) -> str | None:
        text = self._text("proof", required=required)
        if text and not _PROOF.fullmatch(text):
            self._wrong(
                "proof",
                tr("it is not a short reference such as binder 3, form 12 (at most 60 characters, no @); never a name"),
            )
        return text or None
