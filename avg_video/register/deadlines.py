"""Until when something may be kept: storage terms and known dates in, a last day out.

Pure arithmetic on dates, after Regulation (EEC, Euratom) 1182/71, article 3, which says how the law of the Union
counts: the day of the event is not counted, a period ends with the end of its last day, and a period of months or years
ends on the day of the same number, or on the last day of the month where it has no such day (31 January and one month
is 28 or 29 February). Weekends and holidays do not prolong a term here: to delete earlier is never wrong.
"""

from __future__ import annotations

import calendar
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Literal, get_args

__all__ = ["EVENTS", "Dates", "Deadline", "Event", "Term", "add_months", "deadline", "first_of", "read_terms"]

Event = Literal[
    "recording",
    "upload",
    "course-end",
    "study-end",
    "school-year-end",
    "graduation",
    "purpose-end",
    "leaving-school",
    "assessment",
]
"""What a storage term can run from."""
EVENTS: tuple[Event, ...] = get_args(Event)

Unit = Literal["days", "weeks", "months", "years"]
UNITS: tuple[Unit, ...] = get_args(Unit)
LONGEST = 10_000
"""More of any unit is a mistake; a profile refuses it too."""


@dataclass(frozen=True)
class Term:
    """How long after an event something may be kept; `amount` 0 is no longer than until the event itself.

    Attributes
    ----------
    amount, unit: such as 4 and "weeks"; the unit of 0 is "days".
    text: the term as the guideline puts it.
    place: where in the guideline it stands.
    """

    after: Event
    amount: int = 0
    unit: Unit = "days"
    text: str = ""
    place: str = ""

    def ends(self, event: date) -> date:
        """The last day on which it may still be kept, given the day of the event; at most the last of the calendar."""
        try:
            if self.unit in ("days", "weeks"):
                return event + timedelta(days=self.amount * (7 if self.unit == "weeks" else 1))
            return add_months(event, self.amount * (12 if self.unit == "years" else 1))
        except (OverflowError, ValueError):  # beyond the year 9999
            return date.max


@dataclass(frozen=True)
class Dates:
    """What is known about events.

    Attributes
    ----------
    known: the day of an event.
    no_later: where the day itself isn't known, one that it can't be after. A recording was made on the day it was
        first seen here, or before.
    """

    known: Mapping[Event, date] = field(default_factory=dict)
    no_later: Mapping[Event, date] = field(default_factory=dict)


@dataclass(frozen=True)
class Deadline:
    """What came of the terms of one thing.

    Attributes
    ----------
    on: the last day on which it may be kept; None where no date that decides it is known.
    term: the term that ends first, of those whose end is known.
    no_later: the day of its event isn't known, so that the true last day may be before `on`, never after it.
    missing: events whose day isn't known, and that could bring the last day forward, in the order of the terms.
    """

    on: date | None = None
    term: Term | None = None
    no_later: bool = False
    missing: tuple[Event, ...] = ()

    def overdue(self, today: date) -> bool:
        """Whether its last day is over."""
        return self.on is not None and self.on < today

    def due(self, today: date) -> bool:
        """Whether its last day has come, or is over."""
        return self.on is not None and self.on <= today


def add_months(day: date, months: int) -> date:
    """The day of the same number `months` (>= 0) later, or the last day of that month where it has no such day.

    Raises `ValueError` beyond the year 9999.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > date.max.year:
        raise ValueError(f"months: expected a day before the year {date.max.year + 1}")
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def deadline(terms: Iterable[Term], dates: Dates) -> Deadline:
    """The first end of several terms that hold together ("six months, at the latest at the end of the study")."""
    ends: list[tuple[date, bool, Term]] = []
    missing: list[Event] = []
    for term in terms:
        day = dates.known.get(term.after)
        if day is None and term.after not in missing:
            missing.append(term.after)
        bound = dates.no_later.get(term.after) if day is None else day
        if bound is not None:
            ends.append((term.ends(bound), day is None, term))
    if not ends:
        return Deadline(missing=tuple(missing))
    on, no_later, first = min(ends, key=lambda end: end[0])
    return Deadline(on, first, no_later, tuple(missing))


def first_of(deadlines: Iterable[Deadline]) -> Deadline:
    """The first of several deadlines of one thing; what any of them misses could bring it forward."""
    each = tuple(deadlines)
    missing = tuple(dict.fromkeys(event for one in each for event in one.missing))
    dated = [(one.on, one) for one in each if one.on is not None]
    if not dated:
        return Deadline(missing=missing)
    return replace(min(dated, key=lambda pair: pair[0])[1], missing=missing)


def read_terms(text: str | None) -> tuple[Term, ...]:
    """The terms that a column of the register holds as JSON: null, one term, or a list of terms that hold together.

    A term is `{"after": "upload", "weeks": 4, "text": ..., "place": ...}` with at most one of days, weeks, months and
    years; other keys are left alone.

    Raises `ValueError` when it is anything else, with a clause that says what.
    """
    if text is None:
        return ()
    value = json.loads(text)
    if value is None:
        return ()
    return tuple(_term(each) for each in (value if isinstance(value, list) else [value]))


def _term(value: object) -> Term:
    if not isinstance(value, dict):
        raise ValueError("expected a storage term, or a list of them")
    after = value.get("after")
    if after not in EVENTS:
        raise ValueError(f"after: expected one of {', '.join(EVENTS)}")
    given: list[tuple[Unit, object]] = [(unit, value[unit]) for unit in UNITS if value.get(unit) is not None]
    if len(given) > 1:
        raise ValueError("expected one of days, weeks, months and years")
    unit, amount = given[0] if given else ("days", 0)
    if not isinstance(amount, int) or isinstance(amount, bool) or not 0 <= amount <= LONGEST:
        raise ValueError(f"{unit}: expected a whole number from 0 to {LONGEST}")
    words = {key: value[key] for key in ("text", "place") if isinstance(value.get(key), str)}
    return Term(after, amount, unit, **words)
