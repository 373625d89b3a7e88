"""Storage terms: which day is the last one."""

from __future__ import annotations

import calendar
import json
from datetime import date, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avg_video.policy import profile_model
from avg_video.policy.profile import load_profile, profile_names
from avg_video.register.deadlines import EVENTS, Dates, Deadline, Term, Unit, add_months, deadline, first_of, read_terms

DAYS = st.dates(date(1990, 1, 1), date(2100, 12, 31))


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2027, 1, 31), 1, date(2027, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2027, 1, 28), 1, date(2027, 2, 28)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2026, 11, 22), 1, date(2026, 12, 22)),
        (date(2026, 11, 22), 2, date(2027, 1, 22)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2028, 2, 29), 48, date(2032, 2, 29)),
        (date(2026, 5, 31), 0, date(2026, 5, 31)),
        (date(2026, 5, 31), 1, date(2026, 6, 30)),
    ],
)
def test_months_by_the_calendar(day: date, months: int, expected: date) -> None:
    assert add_months(day, months) == expected


@given(DAYS, st.integers(0, 1200))
def test_months_land_in_the_right_month_on_the_same_day_or_its_last(day: date, months: int) -> None:
    later = add_months(day, months)
    assert (later.year - day.year) * 12 + later.month - day.month == months
    last = calendar.monthrange(later.year, later.month)[1]
    assert later.day == day.day or (later.day == last < day.day)


@given(DAYS, DAYS, st.integers(0, 100))
def test_who_begins_later_never_ends_earlier(one: date, other: date, months: int) -> None:
    early, late = sorted((one, other))
    assert add_months(early, months) <= add_months(late, months)


def test_beyond_the_calendar_is_an_error() -> None:
    with pytest.raises(ValueError, match="year 10000"):
        add_months(date(9999, 12, 31), 1)


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        (Term("upload", 4, "weeks"), date(2026, 12, 20)),
        (Term("upload", 10, "days"), date(2026, 12, 2)),
        (Term("upload", 6, "months"), date(2027, 5, 22)),
        (Term("upload", 7, "years"), date(2033, 11, 22)),
        (Term("upload"), date(2026, 11, 22)),
    ],
)
def test_a_term_ends(term: Term, expected: date) -> None:
    assert term.ends(date(2026, 11, 22)) == expected


@pytest.mark.parametrize("unit", ["weeks", "months", "years"])
def test_a_term_beyond_the_calendar_ends_with_it(unit: Unit) -> None:
    assert Term("upload", 10_000, unit).ends(date(9990, 1, 1)) == date.max


def test_events_are_those_of_the_profiles() -> None:
    assert {*EVENTS, "not-stated"} == set(get_args(profile_model.Event))


@pytest.mark.parametrize("name", profile_names())
def test_the_terms_of_every_profile_are_understood(name: str) -> None:
    retention = load_profile(name).retention
    for term in (retention.original, retention.output):
        if term is not None:
            terms = read_terms(json.dumps(term.reckoned()))
            assert [each.after for each in terms] == [after for after in (term.after, term.latest) if after]
            first = terms[0]
            stated = {unit: n for unit in ("days", "weeks", "months", "years") if (n := getattr(term, unit))}
            assert stated == ({first.unit: first.amount} if first.amount else {})
            assert first.place == term.place


def test_the_last_day_is_due_and_not_yet_overdue() -> None:
    found = deadline([Term("upload", 4, "weeks")], Dates({"upload": date(2026, 11, 22)}))
    last = date(2026, 12, 20)
    assert found.on == last
    day = timedelta(days=1)
    assert [found.due(last - day), found.due(last), found.due(last + day)] == [False, True, True]
    assert [found.overdue(last - day), found.overdue(last), found.overdue(last + day)] == [False, False, True]


def test_without_a_date_nothing_is_due_and_the_event_is_named() -> None:
    found = deadline([Term("course-end")], Dates({"upload": date(2026, 11, 22)}))
    assert found == Deadline(missing=("course-end",))
    assert not found.due(date.max)
    assert not found.overdue(date.max)


def test_of_several_terms_the_first_end_counts() -> None:
    terms = [Term("recording", 6, "months"), Term("study-end")]
    known = {"recording": date(2026, 8, 31), "study-end": date(2027, 7, 31)}
    assert deadline(terms, Dates(known)) == Deadline(date(2027, 2, 28), terms[0])
    assert deadline(terms, Dates(known | {"study-end": date(2027, 1, 31)})).on == date(2027, 1, 31)


def test_an_unknown_end_of_study_can_only_bring_it_forward() -> None:
    terms = [Term("recording", 6, "months"), Term("study-end")]
    found = deadline(terms, Dates({"recording": date(2026, 8, 31)}))
    assert (found.on, found.missing) == (date(2027, 2, 28), ("study-end",))


def test_a_recording_is_no_younger_than_the_day_it_was_first_seen() -> None:
    terms = [Term("recording", 6, "months")]
    found = deadline(terms, Dates(no_later={"recording": date(2026, 8, 31)}))
    assert (found.on, found.no_later, found.missing) == (date(2027, 2, 28), True, ("recording",))
    assert found.overdue(date(2027, 3, 1))
    exact = deadline(terms, Dates({"recording": date(2026, 8, 1)}, {"recording": date(2026, 8, 31)}))
    assert (exact.on, exact.no_later, exact.missing) == (date(2027, 2, 1), False, ())


@given(
    st.lists(
        st.builds(Term, st.sampled_from(EVENTS), st.integers(0, 90), st.sampled_from(("days", "months"))), max_size=4
    ),
    st.dictionaries(st.sampled_from(EVENTS), DAYS),
    st.sampled_from(EVENTS),
    DAYS,
)
def test_to_know_more_never_prolongs(terms: list[Term], known: dict[str, date], event: str, day: date) -> None:
    before = deadline(terms, Dates(known))  # type: ignore[arg-type]
    after = deadline(terms, Dates({event: day} | known))  # type: ignore[arg-type]
    assert before.on is None or (after.on is not None and after.on <= before.on)


def test_of_several_deadlines_the_first_counts_and_all_that_is_missing() -> None:
    early, late = Deadline(date(2026, 12, 20), Term("upload", 4, "weeks")), Deadline(date(2027, 1, 1))
    open_ = Deadline(missing=("course-end", "upload"))
    assert first_of([late, open_, early]) == Deadline(early.on, early.term, missing=("course-end", "upload"))
    assert first_of([open_]) == open_
    assert first_of([]) == Deadline()


def test_no_terms_no_deadline() -> None:
    assert deadline([], Dates({"upload": date(2026, 11, 22)})) == Deadline()


@pytest.mark.parametrize("text", [None, "null", "[]"])
def test_no_terms_are_read(text: str | None) -> None:
    assert read_terms(text) == ()


def test_terms_are_read() -> None:
    one = {"after": "upload", "days": None, "weeks": 4, "months": None, "years": None, "text": "t", "place": "p"}
    two = {"after": "course-end", "text": "t", "place": None}
    assert read_terms(json.dumps(one)) == (Term("upload", 4, "weeks", "t", "p"),)
    assert read_terms(json.dumps([one, two])) == (Term("upload", 4, "weeks", "t", "p"), Term("course-end", text="t"))


@pytest.mark.parametrize(
    ("value", "match"),
    [
        ("upload", "a storage term"),
        ({"weeks": 4}, "after"),
        ({"after": "some day"}, "after"),
        ({"after": "upload", "weeks": 4, "days": 1}, "one of days"),
        ({"after": "upload", "weeks": -1}, "whole number"),
        ({"after": "upload", "weeks": True}, "whole number"),
        ({"after": "upload", "weeks": 4.5}, "whole number"),
        ({"after": "upload", "years": 10_001}, "whole number"),
        ({"after": "not-stated", "years": 7}, "after"),
        ({"after": ["upload"]}, "after"),
    ],
)
def test_what_is_no_term_is_refused(value: object, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        read_terms(json.dumps(value))


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(ValueError, match="Expecting"):
        read_terms("four weeks")
