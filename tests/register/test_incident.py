"""The draft of a note about a breach: all that is known, and open lines for the rest."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from avg_video import language
from avg_video.record.entries import NOT_CHECKED
from avg_video.register.contents import Contents, contents_of
from avg_video.register.incident import BLANK, Incident, incident_note, report_before
from tests.record.samples import person, record

CONTENTS = contents_of(record().model_dump(mode="json"))
NOTICED = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
KNOWN = Incident(
    register_ref="run 9f1c0f5e-5a0e-4f3b-8a53-2d6a4d0c8b11",
    output_sha256="b" * 64,
    made_at=datetime(2026, 11, 1, 12, 30, tzinfo=UTC),
    uploaded_on=datetime(2026, 11, 3).date(),
    deleted_at=None,
    profile="rug",
    purpose="teacher-training",
    breach_hours=24,
    breach_contact="cert@security.rug.nl",
    tokens=(("L05", "given"), ("L07", "withdrawn")),
    erased=0,
    contents=CONTENTS,
    original_kept=True,
    noticed=NOTICED,
    now=datetime(2026, 11, 22, 10, 0, tzinfo=UTC),
)


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    """The clock of the Netherlands, where days and hours differ from UTC."""
    if not hasattr(time, "tzset"):
        pytest.skip("the system can't be told another time zone")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
        time.tzset()
        yield
    time.tzset()


def line(note: str, label: str) -> str:
    """What the note says behind `label:`, on one line."""
    unwrapped = note.replace("\n      ", " ")
    (found,) = [text for text in unwrapped.splitlines() if text.strip().startswith(f"{label}:")]
    return found.split(":", 1)[1].strip()


def test_whom_to_tell_and_by_when() -> None:
    note = incident_note(KNOWN)
    assert line(note, "Report to") == "cert@security.rug.nl"
    assert line(note, "Report before") == "Monday 23 November 2026, 10:00 (24 hours after it was found)"
    assert line(note, "Found on") == "Sunday 22 November 2026, 10:00"
    assert "That is before Wednesday 25 November 2026, 10:00." in " ".join(note.split())


def test_an_hour_that_is_over_is_told() -> None:
    note = incident_note(replace(KNOWN, now=datetime(2026, 11, 23, 9, 1, tzinfo=UTC)))
    assert line(note, "Report before").endswith("That hour is over: report it now, and say why it is late")


@pytest.mark.parametrize(
    ("noticed", "expected"),
    [
        (datetime(2026, 10, 24, 20, 0, tzinfo=UTC), "2026-10-25T21:00:00+01:00"),  # 25 hours in that day
        (datetime(2026, 3, 28, 20, 0, tzinfo=UTC), "2026-03-29T22:00:00+02:00"),  # 23 hours in that day
    ],
)
def test_hours_are_real_hours_also_when_the_clocks_change(noticed: datetime, expected: str) -> None:
    assert report_before(noticed, 24).isoformat() == expected
    assert (report_before(noticed, 24) - noticed).total_seconds() == 24 * 3600


def test_what_is_not_known_is_left_open() -> None:
    nothing = replace(
        KNOWN,
        uploaded_on=None,
        profile=None,
        purpose=None,
        breach_hours=None,
        breach_contact=None,
        tokens=(),
        contents=None,
        original_kept=False,
        noticed=None,
    )
    note = incident_note(nothing)
    open_lines = (
        "Report to",
        "Report before",
        "Found on",
        "Found by (role)",
        "What went wrong",
        "Since when others could see the file",
        "Who may have seen it",
        "Length",
        "Sound",
        "Number of people concerned",
        "Faces",
        "Controller",
        "Contact of the controller",
        "Rules followed",
        "Purpose",
        "Legal basis",
        "Who may look",
        "Where it may be kept",
        "Consequences",
        "Still to be done, by when",
        "Pupils or parents told on",
    )
    assert {label: line(note, label) for label in open_lines} == dict.fromkeys(open_lines, BLANK)
    assert "so it is not known who is visible" in line(note, "Note")
    assert line(note, "Visible pupils by token") == "none registered"
    assert "That is before" not in note
    assert "None" not in note


def test_the_hours_are_known_though_the_moment_is_not() -> None:
    note = incident_note(replace(KNOWN, noticed=None))
    assert line(note, "Report before") == f"{BLANK} (24 hours after it was found)"


def test_who_can_be_seen_and_when() -> None:
    note = incident_note(replace(KNOWN, erased=1))
    assert line(note, "Visible pupils by token") == (
        "L05 (consent: given), L07 (consent: withdrawn), 1 whose token was erased"
    )
    assert (line(note, "Faces that were covered"), line(note, "Faces that are visible")) == ("1", "1")
    assert (
        line(note, "Visible, number 2") == '0:00:00.2-0:00:00.6, 0:00:00.8-0:00:01.0 in the film, by the rule "show[0]"'
    )
    assert line(note, "Not checked") == "text and names that can be read in the picture"
    assert line(note, "Warning of the run") == "the recording has two video streams; only the first was used"


def test_many_stretches_are_counted_and_not_listed() -> None:
    often = replace(CONTENTS.visible[0], stretches_s=tuple((float(i), i + 0.5) for i in range(3600, 3609)))
    said = line(incident_note(replace(KNOWN, contents=replace(CONTENTS, visible=(often,)))), "Visible, number 2")
    assert said.startswith("1:00:00.0-1:00:00.5, 1:00:01.0-1:00:01.5, ")
    assert said.endswith('1:00:05.0-1:00:05.5, 3 more stretches in the film, by the rule "show[0]"')


def test_what_the_file_held() -> None:
    note = incident_note(KNOWN)
    assert line(note, "In the register") == KNOWN.register_ref
    assert line(note, "SHA-256 of the copy") == "b" * 64
    assert line(note, "Copy made on") == "Sunday 1 November 2026, 13:30"
    assert line(note, "Uploaded on") == "3 November 2026"
    assert line(note, "Copy deleted here on") == "not deleted"
    assert line(note, "Length") == "0:00:10.0 (hours:minutes:seconds), 1280x720"
    assert line(note, "Sound") == "kept, 1.5 seconds of it silenced; voices tell who someone is"
    assert line(note, "Hidden data of the recording") == "not in the copy: tags, chapters, cover-art"
    assert (
        line(note, "The original recording") == f"still registered; nobody is covered in it. Was it lost too? {BLANK}"
    )


def test_what_it_was_for() -> None:
    note = incident_note(KNOWN)
    assert line(note, "Controller") == "School for all"
    assert line(note, "Rules followed") == "Wider use"
    assert line(note, "Legal basis") == "consent (art. 6(1)(a) GDPR)"
    assert line(note, "Who may look") == "the student; supervisors"
    assert line(note, "Confirmed when it was made") == "were pupils and parents told?"
    assert line(note, "Not confirmed when it was made") == "is it on no stick?"


def test_a_weak_style_is_told_and_a_strong_one_is_not() -> None:
    assert "How faces were covered" not in incident_note(KNOWN)
    weak = incident_note(replace(KNOWN, contents=replace(CONTENTS, weak_style="mosaic")))
    assert line(weak, "How faces were covered").startswith("mosaic, which is made from the face")


def test_nobody_found_is_no_proof() -> None:
    empty = contents_of(record(people=(), covered=0, shown=0).model_dump(mode="json"))
    assert "does not prove" in line(incident_note(replace(KNOWN, contents=empty)), "Note")


def test_every_line_fits_a_page() -> None:
    long = replace(CONTENTS, not_checked=("a word that says much " * 20,))
    note = incident_note(replace(KNOWN, contents=long))
    assert max(map(len, note.splitlines())) <= 100


def test_a_photo_has_no_length() -> None:
    picture = replace(CONTENTS, pictures=1, seconds=0.0)
    assert line(incident_note(replace(KNOWN, contents=picture)), "Length") == "one picture, 1280x720"


def test_a_record_that_states_nothing_states_nothing() -> None:
    data = record().model_dump(mode="json")
    del data["processing"]
    said = contents_of(data)
    assert (said.controller, said.legal_basis, said.recipients, said.human_review) == (None, None, (), None)
    assert (said.profile, said.purpose) == ("iclon", "teacher-training")


def test_what_a_record_says_is_read() -> None:
    people = (person(1), person(2, verdict="show", rule="show teacher"))
    said = contents_of(record(people=people).model_dump(mode="json"))
    assert [(each.number, each.rule, each.stretches_s) for each in said.visible] == [
        (2, "show teacher", ((0.2, 0.6), (0.8, 1.04)))
    ]
    assert (said.legal_basis, said.dpia_ref, said.register_ref) == ("consent", "DPIA-7", "VR-2025-11")
    assert (said.confirmed, said.unconfirmed) == (("were pupils and parents told?",), ("is it on no stick?",))
    assert (said.human_review, said.weak_style, said.second_look) == (True, None, True)


@pytest.fixture
def dutch() -> Iterator[None]:
    before = language.active()
    language.use("nl")
    yield
    language.use(before)


def labels(note: str) -> set[str]:
    """What stands before the colon of every line."""
    return {text.split(":")[0].strip() for text in note.splitlines() if text.startswith("   ") and ":" in text}


def test_in_dutch_the_note_holds_the_same(dutch: None) -> None:
    note = incident_note(KNOWN)
    language.use("en")
    english = incident_note(KNOWN)
    language.use("nl")
    assert labels(note) & labels(english) == set()
    assert note.startswith("CONCEPT: ")
    assert "maandag 23 november 2026, 10:00 (24 uur" in note
    for known in ("cert@security.rug.nl", "L05", "School for all", "b" * 64, KNOWN.register_ref):
        assert known in note
    assert note.count(BLANK) == english.count(BLANK)


def test_texts_in_another_language_are_told_to_be_so(dutch: None) -> None:
    fixed = replace(CONTENTS, not_checked=(NOT_CHECKED[2],))
    note = incident_note(replace(KNOWN, contents=fixed))
    other = incident_note(replace(KNOWN, contents=replace(fixed, language="nl")))
    assert len(note) > len(other), "a sentence says so"
    assert NOT_CHECKED[2] not in note, "a text of this program is translated all the same"


def test_contents_without_a_time_of_showing() -> None:
    unsaid: Contents = replace(CONTENTS, visible=(replace(CONTENTS.visible[0], stretches_s=(), rule=None),))
    assert line(incident_note(replace(KNOWN, contents=unsaid)), "Visible, number 2") == "no rule is named"
