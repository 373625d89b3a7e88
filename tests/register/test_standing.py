"""What consent is worth: for which purpose, by whom, from when to when, and which word is the latest."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from avg_video.policy import document
from avg_video.register.answers import COLUMNS, Answer, AnswerFaults, is_slug, is_token, read_answer
from avg_video.register.consents import add, withdraw
from avg_video.register.database import open_register
from avg_video.register.standing import standing

SEP, OCT, NOV = date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1)
TODAY = date(2026, 11, 22)
DAY = timedelta(days=1)


def yes(on: date = SEP, *, purpose: str = "website", until: date | None = None, age: str = "under-16",
        by: str = "parent") -> Answer:  # fmt: skip
    return Answer("L07", purpose, "given", on, age, by, until, "binder 3")  # type: ignore[arg-type]


def no(on: date = SEP, *, purpose: str | None = "website") -> Answer:
    return Answer("L07", purpose, "refused", on)


def stands(folder: Path, *words: Answer | date, purpose: str | None = "website", on: date = TODAY) -> str:
    """The standing after these words: answers, and days of withdrawal."""
    with open_register(folder / "register.sqlite") as register:
        for word in words:
            if isinstance(word, Answer):
                add(register, word, today=TODAY)
            else:
                withdraw(register, "L07", on=word, today=TODAY)
        return standing(register, ["L07"], purpose, on)["L07"]


def test_nothing_was_said(tmp_path: Path) -> None:
    assert stands(tmp_path) == "unknown"


def test_given_counts_from_its_day_to_its_last_day(tmp_path: Path) -> None:
    until = yes(SEP, until=OCT)
    assert stands(tmp_path, until, on=SEP - DAY) == "unknown"
    assert stands(tmp_path, on=SEP) == "given"
    assert stands(tmp_path, on=OCT) == "given"
    assert stands(tmp_path, on=OCT + DAY) == "expired"


def test_one_purpose_never_counts_for_another(tmp_path: Path) -> None:
    assert stands(tmp_path, yes(purpose="website"), purpose="teacher-training") == "unknown"
    assert stands(tmp_path, purpose="web") == "unknown"
    assert stands(tmp_path, purpose=None) == "unknown"
    assert stands(tmp_path, purpose="website") == "given"


def test_a_no_for_one_purpose_leaves_another_alone(tmp_path: Path) -> None:
    assert stands(tmp_path, yes(purpose="website"), no(OCT, purpose="portal"), purpose="website") == "given"
    assert stands(tmp_path, purpose="portal") == "refused"


def test_without_a_purpose_any_no_is_taken_at_its_word(tmp_path: Path) -> None:
    assert stands(tmp_path, yes(purpose="website"), no(purpose="portal"), purpose=None) == "refused"


@pytest.mark.parametrize(
    ("age", "by", "worth"),
    [
        ("under-16", "parent", "given"),
        ("under-16", "pupil", "invalid"),
        ("16-plus", "pupil", "given"),
        ("16-plus", "parent", "invalid"),
    ],
)
def test_the_rule_of_sixteen(tmp_path: Path, age: str, by: str, worth: str) -> None:
    assert stands(tmp_path, yes(age=age, by=by)) == worth


def test_the_latest_word_counts(tmp_path: Path) -> None:
    assert stands(tmp_path, yes(SEP), no(OCT)) == "refused"
    assert stands(tmp_path, yes(NOV)) == "given"
    assert stands(tmp_path, on=OCT) == "refused"
    assert stands(tmp_path, on=SEP) == "given"


def test_the_order_of_entering_does_not_matter_but_that_of_days(tmp_path: Path) -> None:
    assert stands(tmp_path, no(OCT), yes(SEP)) == "refused"


def test_of_two_words_of_one_day_the_one_entered_later_counts(tmp_path: Path) -> None:
    assert stands(tmp_path, no(SEP), yes(SEP)) == "given"
    assert stands(tmp_path, no(SEP)) == "refused"


def test_a_later_one_that_does_not_count_takes_the_place_of_one_that_does(tmp_path: Path) -> None:
    assert stands(tmp_path, yes(SEP), yes(OCT, by="pupil")) == "invalid"


def test_withdrawn_stays_withdrawn_until_a_new_one_is_given(tmp_path: Path) -> None:
    assert stands(tmp_path, yes(SEP), OCT) == "withdrawn"
    assert stands(tmp_path, on=OCT) == "withdrawn"
    assert stands(tmp_path, on=OCT - DAY) == "given"
    assert stands(tmp_path, yes(SEP + DAY)) == "withdrawn"  # an older form turns up
    assert stands(tmp_path, yes(NOV)) == "given"
    assert stands(tmp_path, NOV) == "withdrawn"  # on the very day


def test_given_again_on_the_day_it_was_withdrawn(tmp_path: Path) -> None:
    assert stands(tmp_path, yes(OCT), OCT, yes(OCT)) == "given"


def test_a_refusal_of_everything_holds_for_every_purpose(tmp_path: Path) -> None:
    assert stands(tmp_path, yes(SEP), no(OCT, purpose=None)) == "refused"
    assert stands(tmp_path, purpose="never-asked-for") == "refused"
    assert stands(tmp_path, yes(NOV), purpose="website") == "given"
    assert stands(tmp_path, purpose="never-asked-for") == "refused"


def test_an_expired_one_that_is_withdrawn(tmp_path: Path) -> None:
    assert stands(tmp_path, yes(SEP, until=SEP + DAY), OCT) == "withdrawn"


def test_each_token_once_and_only_its_own(tmp_path: Path) -> None:
    with open_register(tmp_path / "register.sqlite") as register:
        add(register, yes(), today=TODAY)
        found = standing(register, ["L8", "L07", "L8", "L0"], "website", TODAY)
    assert list(found.items()) == [("L8", "unknown"), ("L07", "given"), ("L0", "unknown")]


words = st.lists(st.tuples(st.sampled_from(["yes", "no", "withdraw"]), st.integers(0, 20)), max_size=8)


@settings(max_examples=25, deadline=None)
@given(words)
def test_after_a_no_of_today_nothing_counts_whatever_was_said_before(
    tmp_path_factory: pytest.TempPathFactory, said: list[tuple[str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("register")
    stands(folder, yes(TODAY - 30 * DAY))
    for word, ago in said:
        day = TODAY - ago * DAY
        stands(folder, yes(day) if word == "yes" else no(day) if word == "no" else day)
    assert stands(folder, TODAY) in ("withdrawn", "refused")
    assert stands(folder, yes(TODAY)) == "given"


def taken(kind: object, text: str) -> bool:
    """Whether a policy takes the text for one."""
    try:
        TypeAdapter(kind).validate_python(text)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    "text",
    [
        "L07",
        "ABC1234",
        "A1",
        "ABCD1",
        "L12345",
        "l07",
        "L",
        "7",
        "Jan",
        "L07 ",
        "L07\n",
        "\u013d07",
        "L\u0660\u0667",
        "",
    ],
)
def test_a_token_is_what_a_policy_takes_for_one(text: str) -> None:
    assert is_token(text) == taken(document.Token, text)


@pytest.mark.parametrize(
    "text", ["website", "teacher-training", "a--b", "-a", "Web", "x" * 40, "x" * 41, "web site", ""]
)
def test_a_short_word_is_what_a_policy_takes_for_one(text: str) -> None:
    assert is_slug(text) == taken(document.Slug, text)


GOOD = dict(
    zip(
        COLUMNS,
        ("L07", "under-16", "parent", "website", "given", "2026-09-01", "2027-07-31", "binder 3, form 12"),
        strict=True,
    )
)


def faults(**other: str) -> dict[str, str]:
    with pytest.raises(AnswerFaults) as caught:
        read_answer({**GOOD, **other}, TODAY)
    return {fault.column: fault.what for fault in caught.value.faults}


def test_an_answer_is_read() -> None:
    assert read_answer(GOOD, TODAY) == Answer(
        "L07", "website", "given", SEP, "under-16", "parent", date(2027, 7, 31), "binder 3, form 12"
    )
    refusal = {"token": " L07 ", "answer": "refused", "given_on": "2026-11-22"}
    assert read_answer(refusal, TODAY) == Answer("L07", None, "refused", TODAY)


@pytest.mark.parametrize(
    ("column", "text", "what"),
    [
        ("token", "Jan", "not a token"),
        ("token", "", "left out"),
        ("age_group", "15", "not one of: under-16, 16-plus"),
        ("age_group", "", "left out"),
        ("given_by", "mother", "not one of: pupil, parent"),
        ("given_by", "", "left out"),
        ("purpose", "The Website", "not a short word"),
        ("purpose", "", "left out"),
        ("answer", "yes", "not one of: given, refused"),
        ("answer", "", "left out"),
        ("given_on", "01-09-2026", "not a day such as 2026-09-01"),
        ("given_on", "20260901", "not a day such as 2026-09-01"),
        ("given_on", "2026-W36-2", "not a day such as 2026-09-01"),
        ("given_on", "2026-02-30", "no such day"),
        ("given_on", "2026-11-23", "after today"),
        ("given_on", "0026-09-01", "before the year 2000"),
        ("given_on", "", "left out"),
        ("valid_until", "2026-08-31", "before the day it was given"),
        ("valid_until", "summer", "not a day"),
        ("proof", "", "left out"),
        ("proof", "jan@school.nl", "not a short reference"),
        ("proof", "=1+1", "not a short reference"),
        ("proof", "x" * 61, "not a short reference"),
        ("proof", "binder\n3", "not a short reference"),
    ],
)
def test_what_is_no_answer_is_refused_without_repeating_it(column: str, text: str, what: str) -> None:
    found = faults(**{column: text})
    assert set(found) == {column}
    assert what in found[column]
    assert not text or text not in found[column]


def test_every_fault_is_told_in_the_order_of_the_columns() -> None:
    assert list(faults(proof="@", token="Jan", given_on="today", valid_until="x")) == [
        "token",
        "given_on",
        "valid_until",
        "proof",
    ]


def test_a_refusal_has_no_end() -> None:
    assert "a refusal has no end" in faults(answer="refused")["valid_until"]
