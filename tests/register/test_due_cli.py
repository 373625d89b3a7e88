"""`avg-blur register due`: what must go by when, and why."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from avg_video.cli import main
from avg_video.register.answers import read_answer
from avg_video.register.consents import add
from tests.register.asking import register, rows, said, withdraw
from tests.register.shelf import Shelf, days_ago
from tests.support.calendar import NOW

pytestmark = pytest.mark.usefixtures("one_day")

STUDIO_TERM = {"after": "recording", "months": 6, "text": "zes maanden"}


def test_due_asks_for_the_days_that_are_missing(shelf: Shelf) -> None:
    copy = shelf.copy()
    text = said(register(shelf, "due"))
    assert f"the date of the upload is not known: avg-blur register uploaded {copy}" in text
    assert f"the date of the end of the course is not known: avg-blur register fact course-end DAY {copy}" in text
    assert said(register(shelf, "due", "-q")) == ""


def test_due_goes_by_the_day_and_says_why(shelf: Shelf) -> None:
    copy = shelf.copy()
    register(shelf, "uploaded", copy, "--on", str(days_ago(28)))
    text = said(register(shelf, "due"))  # the last day is not overdue yet
    assert text.splitlines()[0] == f"TODAY      {days_ago(0)}  recording {shelf.folder / 'lesson.mp4'}"
    assert text.splitlines()[1].strip() == "4 weeks after the upload (rug, Opslaan, par. 3)"
    assert said(register(shelf, "due", "--quiet")) == ""
    register(shelf, "uploaded", copy, "--on", str(days_ago(29)))
    late = said(register(shelf, "due", "--quiet"), 3)
    assert late.splitlines()[0] == f"OVERDUE    {days_ago(1)}  recording {shelf.folder / 'lesson.mp4'}"
    assert "course-end" not in late
    assert said(register(shelf, "due"), 3).startswith("OVERDUE")


def test_due_does_not_ask_for_an_upload_that_is_yet_to_come(shelf: Shelf) -> None:
    register(shelf, "uploaded", shelf.copy(keep_output=None), "--on", str(days_ago(3)))
    shelf.copy(recording=shelf.folder / "lesson.mp4", content=b" again", keep_output=None)
    (head, why) = said(register(shelf, "due")).splitlines()[:2]
    assert head.startswith(str(days_ago(-25)))
    assert "forward" not in said(register(shelf, "due"))
    assert "4 weeks after the upload" in why
    assert "may be kept until" not in said(register(shelf, "list")).split("replaced")[1].split("copy")[0]


def test_due_says_what_could_bring_a_day_forward_until_it_has_come(shelf: Shelf) -> None:
    copy = shelf.copy(keep_original=[STUDIO_TERM, {"after": "study-end", "text": "studie"}], keep_output=None)
    hint = f"avg-blur register fact study-end DAY {copy} (it could bring the day forward)"
    assert hint in said(register(shelf, "due"))
    register(shelf, "fact", "recording", "2020-01-31", copy)
    late = said(register(shelf, "due"), 3)
    assert "OVERDUE    2020-07-31" in late
    assert "bring the day forward" not in late


def agree(shelf: Shelf, token: str, until: date | None, *, given_on: date | None = None) -> None:
    fields = {
        "token": token,
        "age_group": "16-plus",
        "given_by": "pupil",
        "purpose": "website",
        "answer": "given",
        "given_on": (given_on or days_ago(90)).isoformat(),
        "valid_until": "" if until is None else until.isoformat(),
        "proof": "binder 3",
    }
    with shelf.open() as the_register:
        add(the_register, read_answer(fields, date.today()))


@pytest.mark.parametrize(
    ("days", "code", "head"), [(-3, 0, " in 3 days"), (0, 0, "TODAY      "), (1, 3, "OVERDUE    ")]
)
def test_due_names_copies_that_outlive_a_consent(shelf: Shelf, days: int, code: int, head: str) -> None:
    """Where the guideline asks for consent, and only there; the first of those who are visible counts."""
    until = days_ago(days)
    for name, profile in (("ap", "ap"), ("rug", "rug"), ("gone", "own-school"), ("none", None)):
        shelf.copy(name, profile=profile, purpose="website", shown=("L05", "L06"), keep_output=None, keep_original=None)
    shelf.copy("free", profile="ap", purpose="website", shown=("L07",), keep_output=None, keep_original=None)
    agree(shelf, "L05", until)
    agree(shelf, "L06", until + timedelta(days=30))
    agree(shelf, "L07", None)
    found = rows(register(shelf, "due", "--json"), code)["due"]
    assert [(row["what"], row["ground"], row["last_day"], row["days_left"], row["overdue"]) for row in found] == [
        ("copy", "consent-ends", until.isoformat(), -days, days > 0)
    ] * 2
    assert sorted(Path(row["paths"][0]).name for row in found) == ["ap.avg.mp4", "gone.avg.mp4"]
    text = said(register(shelf, "due"), code)
    assert head in text
    assert "shows somebody whose consent counts until then, and ap asks for one\n" in text
    assert "after that day: make it again, or delete it" in text
    assert "8 files have no storage term" in text
    # A new consent with a later end brings the day further off; one for another purpose does not.
    agree(shelf, "L05", until + timedelta(days=60), given_on=date.today())
    later = rows(register(shelf, "due", "--json"))["due"]
    assert [row["last_day"] for row in later] == [(until + timedelta(days=30)).isoformat()] * 2


def test_delete_takes_what_outlived_a_consent(shelf: Shelf) -> None:
    copy = shelf.copy("ap", profile="ap", purpose="website", shown=("L05",), keep_output=None, keep_original=None)
    agree(shelf, "L05", days_ago(1))
    assert "deleted" in said(register(shelf, "delete", "--due", "--yes"))
    assert not copy.exists()
    (event,) = shelf.events("deletion")
    assert (event["text"]["ground"], event["text"]["last_day"]) == ("consent-ends", days_ago(1).isoformat())


def test_the_earlier_of_a_term_and_the_end_of_a_consent_counts(shelf: Shelf) -> None:
    month = {"after": "recording", "months": 1, "text": "een maand", "place": "par. 1"}
    shelf.copy("ap", profile="ap", purpose="website", shown=("L05",), keep_output=month, keep_original=None)
    for until, ground in ((days_ago(-365), "storage-term"), (days_ago(1), "consent-ends")):
        agree(shelf, "L05", until, given_on=days_ago(2))
        (row,) = json.loads(register(shelf, "due", "--json").stdout)["due"]
        assert row["ground"] == ground


def test_due_for_machines(shelf: Shelf) -> None:
    copy = shelf.copy()
    register(shelf, "uploaded", copy, "--on", str(days_ago(30)))
    answer = rows(register(shelf, "due", "--json"), 3)
    assert answer["exit_code"] == 3
    first, second = answer["due"]
    assert (first["what"], first["overdue"], first["days_left"]) == ("recording", True, -2)
    assert first["term"] == {"after": "upload", "weeks": 4, "place": "Opslaan, par. 3"}
    assert (second["what"], second["overdue"], second["last_day"]) == ("copy", False, None)
    assert second["missing"] == ["course-end"]
    assert [each["what"] for each in rows(register(shelf, "due", "--json", "-q"), 3)["due"]] == ["recording"]


def test_a_withdrawal_is_overdue_at_once(shelf: Shelf) -> None:
    copy = shelf.copy(shown=("L05",))
    withdraw(shelf, copy)
    text = said(register(shelf, "due", "-q"), 3)
    assert text.splitlines()[0] == f"MAKE AGAIN {days_ago(0)}  copy {copy}"
    assert "make it again, or delete it" in text


def test_from_a_withdrawal_to_the_end(shelf: Shelf) -> None:
    def consent(*words: str) -> None:
        args = ["consent", *words, "--register", str(shelf.register_file)]
        result = CliRunner().invoke(main, args, prog_name="avg-blur")
        assert result.exit_code in (0, 3), result.output

    purpose = ("--purpose", "teacher-training")
    consent(
        "add",
        "L05",
        "--age-group",
        "16-plus",
        "--given-by",
        "pupil",
        "--proof",
        "binder 3",
        *purpose,
        "--on",
        str(days_ago(9)),
    )
    copy = shelf.copy(shown=("L05",), made_at=NOW)
    assert said(register(shelf, "due", "-q")) == ""
    consent("withdraw", "L05")
    assert said(register(shelf, "due", "-q"), 3).startswith(f"MAKE AGAIN {days_ago(0)}  copy {copy}")
    assert "Visible pupils by token: L05 (consent: withdrawn)" in said(register(shelf, "incident", copy, "--english"))
    said(register(shelf, "delete", "--due", "--yes"))
    assert said(register(shelf, "due", "-q")) == ""
    consent("erase", "L05", "--yes")
    assert "visible ?" in said(register(shelf, "list"))
    assert "1 whose token was erased" in said(register(shelf, "incident", copy, "--english"))


def test_a_bound_is_told_as_one(shelf: Shelf) -> None:
    shelf.copy(keep_original=STUDIO_TERM, keep_output=None)
    text = said(register(shelf, "due"))
    assert "6 months after the recording (rug)" in text
    assert "at the latest, since the date of the recording is not known" in text
    assert "1 file has no storage term, since it was made without a profile or with one that sets none" in text


def test_nothing_due(shelf: Shelf) -> None:
    shelf.copy(keep_original=None, keep_output=None)
    text = said(register(shelf, "due"))
    assert text.startswith("Nothing has a day by which it must go.\n2 files have no storage term")
