"""What the register holds becomes days by which something must go."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from avg_video.errors import RegisterError, UsageError
from avg_video.register.dues import dues, without_term
from avg_video.register.happenings import note_incident, set_fact, set_uploaded
from tests.register.shelf import COURSE_END, UPLOAD_4_WEEKS, Shelf, days_ago, sha256
from tests.support.calendar import TODAY

pytestmark = pytest.mark.usefixtures("one_day")


def upload(shelf: Shelf, path: Path, on: date) -> None:
    with shelf.open() as register:
        set_uploaded(register, [shelf.held(path)], on, today=TODAY, role="student")


def know(shelf: Shelf, path: Path, event: str, on: date | None) -> None:
    with shelf.open() as register:
        set_fact(register, [shelf.held(path)], event, on)  # type: ignore[arg-type]


def test_before_the_upload_no_day_is_known(shelf: Shelf) -> None:
    shelf.copy()
    found = dues(shelf.stock())
    assert [(each.what, each.deadline.on, each.deadline.missing) for each in found] == [
        ("copy", None, ("course-end",)),
        ("recording", None, ("upload",)),
    ]
    assert not any(each.due(TODAY) for each in found)


def test_an_upload_starts_the_clock_of_the_recording(shelf: Shelf) -> None:
    copy = shelf.copy()
    upload(shelf, copy, days_ago(28))
    first = dues(shelf.stock())[0]
    assert (first.what, first.deadline.on) == ("recording", TODAY)
    assert first.due(TODAY)
    assert not first.overdue(TODAY)
    assert first.overdue(TODAY + timedelta(days=1))


def test_an_upload_is_an_event_and_its_correction_another(shelf: Shelf) -> None:
    copy = shelf.copy()
    for ago in (10, 10, 20):
        upload(shelf, copy, days_ago(ago))
    assert [(event["role"], event["text"]) for event in shelf.events("upload")] == [
        ("student", {"on": days_ago(10).isoformat(), "before": None}),
        ("student", {"on": days_ago(20).isoformat(), "before": days_ago(10).isoformat()}),
    ]


@pytest.mark.parametrize(("on", "what"), [(days_ago(-1), "has yet to come"), (days_ago(62), "not made yet")])
def test_an_upload_that_cannot_be_is_refused(shelf: Shelf, on: date, what: str) -> None:
    copy = shelf.copy()
    with pytest.raises(UsageError, match=what):
        upload(shelf, copy, on)
    assert shelf.held(copy).uploaded_on is None


def test_a_fact_is_kept_corrected_and_taken_out(shelf: Shelf) -> None:
    copy = shelf.copy()
    know(shelf, copy, "course-end", date(2027, 1, 29))
    assert shelf.stock().deadline_of_copy(shelf.held(copy)).on == date(2027, 1, 29)
    know(shelf, copy, "course-end", None)
    assert shelf.held(copy).facts == {}
    assert [event["text"] for event in shelf.events("fact")] == [
        {"event": "course-end", "on": "2027-01-29", "before": None},
        {"event": "course-end", "on": None, "before": "2027-01-29"},
    ]


def test_an_upload_is_no_fact(shelf: Shelf) -> None:
    copy = shelf.copy()
    with pytest.raises(ValueError, match="set_uploaded"):
        know(shelf, copy, "upload", TODAY)


def test_of_two_copies_the_first_upload_counts_for_the_recording(shelf: Shelf) -> None:
    one = shelf.copy()
    other = shelf.copy("other", recording=shelf.folder / "lesson.mp4")
    upload(shelf, one, days_ago(5))
    upload(shelf, other, days_ago(20))
    assert shelf.stock().deadline_of_recording(shelf.held_recording(one)).on == days_ago(20) + timedelta(weeks=4)


def test_a_copy_that_was_made_again_leaves_the_clock_running(shelf: Shelf) -> None:
    copy = shelf.copy()
    upload(shelf, copy, days_ago(40))
    shelf.copy(recording=shelf.folder / "lesson.mp4", content=b" again")
    assert [each.state for each in shelf.stock().copies] == ["replaced", "kept"]
    found = dues(shelf.stock())
    assert (found[0].what, found[0].deadline.on) == ("recording", days_ago(12))
    assert len(found) == 2, "the copy that is gone is not due"


def test_when_it_was_recorded_is_known_no_later_than_it_was_seen(shelf: Shelf) -> None:
    six_months = {"after": "recording", "months": 6, "text": "zes maanden"}
    copy = shelf.copy(keep_original=six_months, keep_output=[six_months, {"after": "study-end", "text": "studie"}])
    before = shelf.stock().deadline_of_copy(shelf.held(copy))
    assert before.on is not None
    assert before.no_later
    assert before.missing == ("recording", "study-end")
    know(shelf, copy, "recording", date(2026, 1, 31))
    after = shelf.stock().deadline_of_recording(shelf.held_recording(copy))
    assert (after.on, after.no_later, after.missing) == (date(2026, 7, 31), False, ())


def test_when_it_was_recorded_holds_for_every_copy(shelf: Shelf) -> None:
    six_months = {"after": "recording", "months": 6, "text": "zes maanden"}
    one = shelf.copy(keep_output=six_months)
    other = shelf.copy("other", recording=shelf.folder / "lesson.mp4", keep_output=six_months)
    know(shelf, one, "recording", date(2026, 1, 31))
    assert shelf.stock().deadline_of_copy(shelf.held(other)).on == date(2026, 7, 31)


def test_overdue_comes_first_and_what_has_no_day_last(shelf: Shelf) -> None:
    late, soon = shelf.copy("late"), shelf.copy("soon")
    shelf.copy("never")
    upload(shelf, soon, days_ago(1))
    upload(shelf, late, days_ago(50))
    days = [each.deadline.on for each in dues(shelf.stock())]
    assert days == [days_ago(22), days_ago(-27), None, None, None, None]


def test_a_term_is_told_as_that_of_the_profile_that_set_it(shelf: Shelf) -> None:
    """Of one recording that was copied under several profiles, none but one may have set the day."""
    six_months = {"after": "recording", "months": 6, "text": "zes maanden", "place": "par. 1"}
    one = shelf.copy(keep_original=six_months, profile="iclon")
    shelf.copy("other", recording=shelf.folder / "lesson.mp4", keep_output=None, profile="rug")
    know(shelf, one, "recording", date(2026, 1, 31))
    (recording,) = (due for due in dues(shelf.stock()) if due.what == "recording")
    assert (recording.deadline.on, recording.profiles) == (date(2026, 7, 31), ("iclon",))


def test_files_without_a_term_are_counted(shelf: Shelf) -> None:
    shelf.copy("bare", keep_original=None, keep_output=None)
    shelf.copy("half", keep_output=None)
    stock = shelf.stock()
    assert without_term(stock) == 3
    assert [each.what for each in dues(stock)] == ["recording"]


def test_files_are_found_by_bytes_first_and_by_place_where_they_are_gone(shelf: Shelf) -> None:
    copy = shelf.copy()
    moved = copy.rename(shelf.folder / "elsewhere.mp4")
    stock = shelf.stock()
    assert stock.find_copies(moved, sha256(moved))[0].path == copy.resolve()
    assert stock.find_copies(copy, None)[0].path == copy.resolve()
    assert stock.find_copies(moved, None) == ()
    recording = shelf.folder / "lesson.mp4"
    assert stock.find_recording(recording, sha256(recording)) is not None
    assert stock.find_recording(recording, "0" * 64) is None


def test_of_copies_at_one_place_the_one_that_is_there_comes_first(shelf: Shelf) -> None:
    copy = shelf.copy()
    shelf.copy(recording=shelf.folder / "lesson.mp4", content=b" again")
    assert [each.state for each in shelf.stock().find_copies(copy, None)] == ["kept", "replaced"]


def test_an_incident_is_an_event_without_a_token(shelf: Shelf) -> None:
    copy = shelf.copy(shown=("L05",))
    with shelf.open() as register:
        number = note_incident(register, shelf.held(copy), noticed=None, before=None, role="teacher")
    (event,) = shelf.events("incident")
    assert (event["id"], event["role"], event["output_id"]) == (number, "teacher", shelf.held(copy).id)
    assert "L05" not in str(event)


@pytest.mark.parametrize("text", ['{"after": "upload", "weeks": "four"}', "{", '{"after": "some day"}'])
def test_a_term_that_makes_no_sense_is_told(shelf: Shelf, text: str) -> None:
    shelf.copy()
    with shelf.open() as register, register.changing() as db:
        db.execute("UPDATE output SET keep_output = ?", (text,))
    with pytest.raises(RegisterError, match="makes no sense"):
        shelf.stock()


def test_terms_of_the_register_are_those_that_went_in(shelf: Shelf) -> None:
    held = shelf.held(shelf.copy())
    (original,), (output,) = held.keep_original, held.keep_copy
    assert (original.amount, original.unit, original.place) == (4, "weeks", UPLOAD_4_WEEKS["place"])
    assert (output.after, output.amount, output.text) == ("course-end", 0, COURSE_END["text"])
