"""`avg-blur register`: what it prints, what it ends with, and what it does to files."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from avg_video.register.database import add_event
from tests.register.asking import refused, register, rows, said, withdraw
from tests.register.shelf import Shelf, days_ago, sha256
from tests.support.calendar import NOON

pytestmark = pytest.mark.usefixtures("one_day")


def test_without_a_register_there_is_nothing_to_say(shelf: Shelf) -> None:
    for words in (("list",), ("due",), ("due", "-q"), ("delete", "--due"), ("export",), ("uploaded", "x.mp4")):
        assert "there is no register here" in refused(register(shelf, *words))
    assert not shelf.register_file.exists()


def test_list_shows_recordings_with_their_copies(shelf: Shelf) -> None:
    copy = shelf.copy(shown=("L05", "L07"))
    register(shelf, "uploaded", copy, "--on", str(days_ago(3)))
    text = said(register(shelf, "list"))
    digest = sha256(shelf.folder / "lesson.mp4")[:12]
    assert f"recording {digest}, first seen {days_ago(0)}" in text
    assert str(shelf.folder / "lesson.mp4") in text
    assert f"rules rug, purpose teacher-training, visible L05 L07, uploaded {days_ago(3)}" in text
    assert f"may be kept until {days_ago(-25)}" in text
    assert "until when it may be kept is not known, since the date is missing of: the end of the course" in text


def test_list_for_machines(shelf: Shelf) -> None:
    copy = shelf.copy(shown=("L05",))
    register(shelf, "fact", "course-end", "2027-01-29", copy)
    (recording,) = rows(register(shelf, "list", "--json"))
    assert recording["places"] == [str(shelf.folder / "lesson.mp4")]
    (held,) = recording["copies"]
    assert (held["path"], held["sha256"], held["visible"]) == (str(copy), sha256(copy), ["L05"])
    assert (held["facts"], held["keep_until"], held["state"]) == ({"course-end": "2027-01-29"}, "2027-01-29", "kept")


def test_uploaded_starts_the_clock(shelf: Shelf) -> None:
    copy = shelf.copy()
    text = said(register(shelf, "uploaded", copy, "--role", "student"))
    assert text.splitlines() == [
        f"{copy}: uploaded {days_ago(0)}",
        f"  recording: may be kept until {days_ago(-28)}",
        "  copy: until when it may be kept is not known, since the date is missing of: the end of the course",
    ]
    assert [event["role"] for event in shelf.events("upload")] == ["student"]


def test_uploaded_again_does_not_set_the_clock_back(shelf: Shelf) -> None:
    copy = shelf.copy()
    register(shelf, "uploaded", copy, "--on", str(days_ago(20)))
    assert f"uploaded {days_ago(20)}" in said(register(shelf, "uploaded", copy))
    assert f"uploaded {days_ago(10)}" in said(register(shelf, "uploaded", copy, "--on", str(days_ago(10))))


def test_uploaded_knows_a_copy_that_was_moved_or_is_gone(shelf: Shelf) -> None:
    copy = shelf.copy()
    moved = copy.rename(shelf.folder / "handed-in.mp4")
    assert f"{moved}: uploaded" in said(register(shelf, "uploaded", moved))
    moved.unlink()
    assert f"uploaded {days_ago(2)}" in said(register(shelf, "uploaded", copy, "--on", str(days_ago(2))))


def test_what_can_not_have_been_uploaded(shelf: Shelf) -> None:
    copy = shelf.copy()
    stranger = shelf.recording("stranger.mp4")
    assert "it is a recording, in which nobody is covered" in refused(
        register(shelf, "uploaded", shelf.folder / "lesson.mp4")
    )
    assert "it is not registered" in refused(register(shelf, "uploaded", stranger))
    assert "no such file, and none is registered" in refused(register(shelf, "uploaded", shelf.folder / "no.mp4"))
    assert "this is not a plain file" in refused(register(shelf, "uploaded", shelf.folder))
    assert "has yet to come" in refused(register(shelf, "uploaded", copy, "--on", str(days_ago(-1))))
    copy.write_bytes(b"other bytes")
    assert "another file was registered at this place" in refused(register(shelf, "uploaded", copy))
    assert shelf.events("upload") == []


def test_of_several_uploads_all_or_none_are_written(shelf: Shelf) -> None:
    copy = shelf.copy()
    refused(register(shelf, "uploaded", copy, shelf.recording("stranger.mp4")))
    assert shelf.held(copy).uploaded_on is None


@pytest.mark.parametrize("role", ["Jan Jansen", "jan@school.nl", "Jan", ""])
def test_a_role_is_no_name(shelf: Shelf, role: str) -> None:
    copy = shelf.copy()
    assert "a role is a short word" in refused(register(shelf, "uploaded", copy, "--role", role))


def test_fact_by_copy_by_recording_and_for_all(shelf: Shelf) -> None:
    one, other = shelf.copy(), shelf.copy("other")
    assert said(register(shelf, "fact", "course-end", "2027-01-29", shelf.folder / "lesson.mp4")) == (
        "Written down for 1 copy: the end of the course 2027-01-29\n"
    )
    assert [shelf.held(each).facts for each in (one, other)] != [{}, {}]
    assert shelf.held(other).facts == {}
    assert "for 2 copies: the end of the course 2027-02-01" in said(
        register(shelf, "fact", "course-end", "2027-02-01", "--all")
    )
    assert {str(shelf.held(each).facts["course-end"]) for each in (one, other)} == {"2027-02-01"}
    assert "the end of the course not known" in said(register(shelf, "fact", "course-end", "unknown", one))
    assert shelf.held(one).facts == {}


def test_fact_refuses_what_it_cannot_mean(shelf: Shelf) -> None:
    copy = shelf.copy()
    assert "an upload has its own command" in refused(register(shelf, "fact", "upload", "2026-11-01", copy))
    assert "for which files" in refused(register(shelf, "fact", "course-end", "2027-01-29"))
    assert "for which files" in refused(register(shelf, "fact", "course-end", "2027-01-29", copy, "--all"))
    assert "is not a day" in refused(register(shelf, "fact", "course-end", "29-01-2027", copy))
    assert "is not a day" in refused(register(shelf, "fact", "course-end", "20270129", copy))
    assert "is not one of" in refused(register(shelf, "fact", "holiday", "2027-01-29", copy))
    assert shelf.events("fact") == []


@pytest.fixture
def late(shelf: Shelf) -> Path:
    """The recording of a copy that was uploaded five weeks ago."""
    register(shelf, "uploaded", shelf.copy(), "--on", str(days_ago(35)))
    return shelf.folder / "lesson.mp4"


def test_delete_asks_first_and_no_is_no(shelf: Shelf, late: Path) -> None:
    for answer in ("n\n", "\n"):
        result = register(shelf, "delete", "--due", answer=answer)
        text = said(result, 3)
        assert f"recording {late}" in text
        assert f"was to be kept until {days_ago(7)}: 4 weeks after the upload" in text
        assert "Delete 1 file for good? [y/N]" in result.stderr
        assert text.endswith("Nothing was deleted.\n")
    assert late.exists()


def test_delete_and_say_what_deleting_can_not_do(shelf: Shelf, late: Path) -> None:
    text = said(register(shelf, "delete", "--due", "--role", "student", answer="y\n"))
    assert f"{late}: deleted" in text
    assert "USB stick" in text
    assert not late.exists()
    assert (shelf.folder / "lesson.avg.mp4").exists()
    assert [event["role"] for event in shelf.events("deletion")] == ["student"]
    assert said(register(shelf, "delete", "--due", "--yes")) == "Nothing is due, so nothing was deleted.\n"
    assert said(register(shelf, "due", "-q")) == ""


@pytest.mark.parametrize("answer", ["ja", "J", "yes"])
def test_yes_is_yes_in_both_languages(shelf: Shelf, late: Path, answer: str) -> None:
    result = register(shelf, "delete", "--due", "--lang", "nl", answer=f"{answer}\n")
    assert "verwijderd" in said(result)
    assert not late.exists()


def test_delete_needs_to_be_told_what(shelf: Shelf, late: Path) -> None:
    assert "what to delete was not said" in refused(register(shelf, "delete", "--yes"))
    assert late.exists()


def test_delete_with_nobody_to_ask_deletes_nothing(shelf: Shelf, late: Path) -> None:
    command = [sys.executable, "-m", "avg_video", "register", "delete", "--due"]
    done = subprocess.run(
        [*command, "--register", str(shelf.register_file)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=os.environ | {"AVG_BLUR_LANG": "en"},
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert done.returncode == 2
    assert "nobody answered, so nothing was done; give --yes" in done.stderr
    assert late.exists()


def test_delete_leaves_what_is_not_the_registered_file(shelf: Shelf, late: Path) -> None:
    late.write_bytes(b"the holiday film that took its name")
    text = said(register(shelf, "delete", "--due", "--yes"), 3)
    assert "is another file by now, and was left alone" in text
    assert "USB stick" not in text
    assert late.exists()


def test_delete_does_not_follow_links(shelf: Shelf, late: Path) -> None:
    treasure = late.rename(shelf.folder.parent / "treasure.mp4")
    late.symlink_to(treasure)
    assert "is a link" in said(register(shelf, "delete", "--due", "--yes"), 3)
    assert "is a link" in said(register(shelf, "delete", "--due", "--yes", late), 3)
    assert treasure.exists()


def test_delete_tells_of_files_that_are_gone_and_settles_them_when_told(shelf: Shelf, late: Path) -> None:
    late.unlink()
    text = said(register(shelf, "delete", "--due", "--yes"), 3)
    assert "is no longer there" in text
    assert "avg-blur register delete --due --gone" in text
    assert f"{late}: written down as gone" in said(register(shelf, "delete", "--due", "--yes", "--gone"))
    assert said(register(shelf, "due", "-q")) == ""


def test_delete_by_name_takes_the_same_bytes_anywhere_and_nothing_else(shelf: Shelf, late: Path) -> None:
    stick = shelf.folder.parent / "stick.mp4"
    stick.write_bytes(late.read_bytes())
    said(register(shelf, "delete", "--due", "--yes", stick))
    assert not stick.exists()
    assert late.exists()
    assert "registered, but not due" in refused(
        register(shelf, "delete", "--due", "--yes", shelf.folder / "lesson.avg.mp4")
    )
    assert "it is not registered" in refused(
        register(shelf, "delete", "--due", "--yes", shelf.recording("stranger.mp4"))
    )
    said(register(shelf, "delete", "--due", "--yes", late))
    assert not late.exists()


def test_delete_for_machines(shelf: Shelf, late: Path) -> None:
    digest = sha256(late)
    (row,) = rows(register(shelf, "delete", "--due", "--yes", "--json"))
    assert row == {
        "what": "recording",
        "sha256": digest,
        "path": str(late),
        "ground": "storage-term",
        "last_day": days_ago(7).isoformat(),
        "found": "deleted",
        "written_down_as_gone": False,
        "other_names": 0,
    }
    assert rows(register(shelf, "delete", "--due", "--json")) == []


def test_delete_takes_what_was_withdrawn_and_keeps_its_record(shelf: Shelf) -> None:
    copy = shelf.copy(shown=("L05",), keep_original=None)
    withdraw(shelf, copy)
    assert "shows somebody who may be shown no longer" in said(register(shelf, "delete", "--due", answer="y\n"))
    assert not copy.exists()
    assert (shelf.folder / "lesson.avg.json").exists()
    assert (shelf.folder / "lesson.mp4").exists()


def test_delete_tells_of_other_names(shelf: Shelf, late: Path) -> None:
    (shelf.folder / "twin.mp4").hardlink_to(late)
    assert "1 other name of the same file is left" in said(register(shelf, "delete", "--due", "--yes"))


def test_incident_drafts_from_register_and_record(shelf: Shelf) -> None:
    copy = shelf.copy(shown=("L05",), breach_hours=24, breach_contact="cert@security.rug.nl")
    noticed = NOON - timedelta(hours=1)
    moment = noticed.strftime("%Y-%m-%d %H:%M")
    text = said(register(shelf, "incident", copy, "--noticed", moment, "--role", "student", "--english"))
    assert text.startswith("DRAFT: note about a possible data breach\n")
    assert "Report to: cert@security.rug.nl" in text
    assert (noticed + timedelta(hours=24)).strftime("%Y, %H:%M (24 hours after it was found)") in text
    assert "Visible pupils by token: L05 (consent: not known)" in text
    assert "Controller: School for all" in text
    assert f"run {shelf.held(copy).run_id}" in text
    assert str(shelf.folder) not in text, "a path may hold a name"
    (event,) = shelf.events("incident")
    assert event["role"] == "student"
    assert event["text"]["noticed"].startswith(noticed.strftime("%Y-%m-%dT%H:%M"))


def test_incident_is_drafted_in_dutch_whatever_language_is_spoken(shelf: Shelf) -> None:
    copy = shelf.copy()
    dutch = said(register(shelf, "incident", copy))
    assert dutch.startswith("CONCEPT: melding van een mogelijk datalek")
    assert said(register(shelf, "incident", copy, "--lang", "en")) == dutch
    assert said(register(shelf, "incident", copy, "--english")).startswith("DRAFT")


def test_incident_of_a_copy_that_is_gone(shelf: Shelf) -> None:
    copy = shelf.copy()
    copy.unlink()
    assert f"SHA-256 of the copy: {shelf.held(copy).sha256}" in said(register(shelf, "incident", copy, "--english"))


@pytest.mark.parametrize("damage", ["gone", "changed", "not one"])
def test_incident_does_not_trust_another_record(shelf: Shelf, damage: str) -> None:
    copy = shelf.copy()
    path = shelf.held(copy).record_path
    if damage == "gone":
        path.unlink()
    elif damage == "changed":
        path.write_text(path.read_text().replace("School for all", "School for some"))
    else:
        path.write_text("{}")
    text = said(register(shelf, "incident", copy, "--english"))
    assert "the record of the copy could not be read" in " ".join(text.split())
    assert "School for" not in text


def test_incident_refuses_what_it_does_not_know(shelf: Shelf) -> None:
    copy = shelf.copy()
    assert "has yet to come" in refused(register(shelf, "incident", copy, "--noticed", "2999-01-01 00:00"))
    assert "it is not registered" in refused(register(shelf, "incident", shelf.recording("stranger.mp4")))
    assert shelf.events("incident") == []


def test_export(shelf: Shelf) -> None:
    copy = shelf.copy(shown=("L05",))
    register(shelf, "uploaded", copy, "--on", str(days_ago(3)))
    table = list(csv.reader(io.StringIO(said(register(shelf, "export")), newline="")))
    assert len(table) == 2
    assert table[0][1] == "30(1)(a) Controller"
    assert table[1][1] == "School for all"
    (row,) = rows(register(shelf, "export", "--format", "json"))
    assert (row["copy_sha256"], row["visible_tokens"], row["legal_basis"]) == (sha256(copy), ["L05"], "consent")
    assert row["erase_original_by"] == days_ago(-25).isoformat()


def test_a_page_of_faces_that_is_left_is_named(shelf: Shelf, late: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(shelf.folder.parent))
    from avg_video.review.places import page_paths

    _, plan = page_paths(sha256(late), None)
    plan.write_bytes(b"a plan")
    plan.chmod(0o600)
    assert f"are left: {plan}" in said(register(shelf, "delete", "--due", "--yes"))
    assert plan.exists()


def test_events_of_others_do_not_disturb(shelf: Shelf, late: Path) -> None:
    with shelf.open() as opened, opened.changing() as db:
        add_event(db, "something-new", anything=1)
    assert said(register(shelf, "due", "-q"), 3)
