"""The register as a table of processing activities."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import date

import pytest

from avg_video.register.contents import contents_of
from avg_video.register.deadlines import Dates, Deadline, Term, deadline
from avg_video.register.export import COLUMNS, Activity, csv_text, json_text
from tests.record.samples import record

UPLOAD = Term("upload", 4, "weeks", "4 weken na upload", "Opslaan, par. 3")
COURSE = Term("course-end")
ACTIVITY = Activity(
    run_id="9f1c0f5e-5a0e-4f3b-8a53-2d6a4d0c8b11",
    made_at="2026-11-01T12:30:00Z",
    profile="rug",
    purpose="teacher-training",
    tokens=("L05", "L07"),
    keep_original=(UPLOAD,),
    keep_copy=(COURSE,),
    original=deadline([UPLOAD], Dates({"upload": date(2026, 11, 3)})),
    copy=deadline([COURSE], Dates()),
    uploaded_on=date(2026, 11, 3),
    state="kept",
    deleted_at=None,
    copy_sha256="b" * 64,
    recording_sha256="a" * 64,
    contents=contents_of(record().model_dump(mode="json")),
)


def table(*activities: Activity) -> list[dict[str, str]]:
    rows = list(csv.reader(io.StringIO(csv_text(activities), newline="")))
    assert rows[0] == list(COLUMNS.values())
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows[1:]]


def test_every_letter_of_art_30_has_a_column() -> None:
    letters = {heading.split()[0] for heading in COLUMNS.values() if heading.startswith("30(1)")}
    assert letters == {f"30(1)({letter})" for letter in "abcdefg"}


def test_a_row_for_people() -> None:
    (row,) = table(ACTIVITY)
    assert row["controller"] == "School for all"
    assert row["contact"] == "privacy@school.example"
    assert row["purpose"] == "teacher-training"
    assert row["legal_basis"] == "consent (art. 6(1)(a) GDPR)"
    assert row["visible_tokens"] == "L05; L07"
    assert row["personal_data"] == "images of people: 1 face covered, 1 face visible; voices"
    assert row["recipients"] == "the student; supervisors"
    assert row["keep_original"] == "4 weken na upload (Opslaan, par. 3)"
    assert row["erase_original_by"] == "2026-12-01"
    assert row["keep_copy"] == "until the end of the course"
    assert row["erase_copy_by"] == "the date is not known of: the end of the course"
    assert row["security"].split("; ") == [
        "made on one computer, without a network",
        "faces covered",
        "hidden data left out, and the finished file searched for it",
        "covered pictures looked at a second time",
        "watched by a person",
    ]
    assert (row["register_ref"], row["dpia_ref"]) == ("VR-2025-11", "DPIA-7")


def test_a_row_for_machines() -> None:
    (row,) = json.loads(json_text([ACTIVITY]))
    assert list(row) == list(COLUMNS)
    assert row["legal_basis"] == "consent"
    assert row["visible_tokens"] == ["L05", "L07"]
    assert (row["erase_original_by"], row["erase_copy_by"]) == ("2026-12-01", None)
    assert row["transfers"] is None


def test_what_nobody_said_is_not_stated() -> None:
    bare = replace(
        ACTIVITY,
        profile=None,
        purpose=None,
        tokens=(),
        keep_original=(),
        keep_copy=(),
        original=Deadline(),
        copy=Deadline(),
        uploaded_on=None,
        contents=None,
    )
    unsaid = {
        "controller",
        "contact",
        "operator_role",
        "purpose",
        "legal_basis",
        "profile",
        "personal_data",
        "recipients",
        "keep_original",
        "erase_original_by",
        "keep_copy",
        "erase_copy_by",
        "storage",
        "security",
        "uploaded_on",
        "deleted_at",
        "register_ref",
        "dpia_ref",
    }
    (row,) = table(bare)
    assert {key for key, cell in row.items() if cell == "not stated"} == unsaid
    (machine,) = json.loads(json_text([bare]))
    assert {key for key, cell in machine.items() if cell is None} == unsaid | {"transfers"}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(start: str) -> None:
    assert ACTIVITY.contents is not None
    evil = replace(ACTIVITY, contents=replace(ACTIVITY.contents, controller=f"{start}1+1"))
    (row,) = table(evil)
    assert row["controller"] == f"'{start}1+1"


def test_separators_inside_a_cell_stay_inside() -> None:
    assert ACTIVITY.contents is not None
    odd = replace(ACTIVITY, contents=replace(ACTIVITY.contents, controller='A, "B"; C'))
    assert [row["controller"] for row in table(odd, ACTIVITY)] == ['A, "B"; C', "School for all"]


def test_terms_that_share_their_words_are_told_once() -> None:
    both = (
        Term("recording", 6, "months", "na zes maanden, of na de studie"),
        Term("study-end", 0, "days", "na zes maanden, of na de studie"),
    )
    (row,) = table(replace(ACTIVITY, keep_copy=both))
    assert row["keep_copy"] == "na zes maanden, of na de studie"


def test_the_line_in_this_register_is_not_that_in_the_register_of_the_school() -> None:
    assert ACTIVITY.contents is not None
    own = replace(ACTIVITY, contents=replace(ACTIVITY.contents, register_ref=f"run {ACTIVITY.run_id}"))
    assert table(own)[0]["register_ref"] == "not stated"


@pytest.mark.parametrize(("state", "text"), [("make-again", "make again or delete"), ("deleted", "deleted")])
def test_the_state_in_words(state: str, text: str) -> None:
    assert table(replace(ACTIVITY, state=state))[0]["state"] == text
    assert json.loads(json_text([replace(ACTIVITY, state=state)]))[0]["state"] == state


def test_sound_left_out_is_a_measure_and_no_kind_of_data() -> None:
    assert ACTIVITY.contents is not None
    silent = replace(ACTIVITY, contents=replace(ACTIVITY.contents, sound_kept=False, human_review=False))
    (row,) = table(silent)
    assert "voices" not in row["personal_data"]
    assert "sound left out" in row["security"]
    assert "watched" not in row["security"]


def test_an_empty_register_is_a_table_of_headings() -> None:
    assert csv_text([]).count("\r\n") == 1
    assert json.loads(json_text([])) == []
