"""Consents: added, taken in from a sheet all or nothing, listed, withdrawn with every copy, and a token erased."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from avg_video.errors import UsageError
from avg_video.register import schema
from avg_video.register.answers import COLUMNS, Answer
from avg_video.register.consents import Entry, Imported, add, entries, erase_token, import_csv, withdraw
from avg_video.register.database import Register, add_event, open_register
from avg_video.register.runs import add_run, withdrawn_outputs
from avg_video.register.sheet import MAX_BYTES, SheetError
from avg_video.register.standing import standing
from tests.register.rows import run_row

SEP, OCT = date(2026, 9, 1), date(2026, 10, 1)
TODAY = date(2026, 11, 22)
HEADER = ",".join(COLUMNS)
ROW = 'L07,under-16,parent,website,given,2026-09-01,2027-07-31,"binder 3, form 12"'


def yes(token: str = "L07", purpose: str = "website", on: date = SEP) -> Answer:
    return Answer(token, purpose, "given", on, "under-16", "parent", None, f"form {token}")


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    with open_register(tmp_path / "register.sqlite") as opened:
        yield opened


def now(register: Register, token: str = "L07", purpose: str | None = "website") -> str:
    return standing(register, [token], purpose, TODAY)[token]


def values(register: Register, statement: str) -> list[object]:
    with register.reading() as db:
        return [row[0] for row in db.execute(statement)]


# --- adding


def test_adding(register: Register) -> None:
    done = add(register, yes(), role="teacher", today=TODAY)
    assert (done.standing, done.new, done.copies) == ("given", True, ())
    assert values(register, "SELECT role FROM event") == ["teacher"]


def test_the_same_answer_twice_in_a_row_is_one(register: Register) -> None:
    first = add(register, yes(), today=TODAY)
    again = add(register, yes(), today=TODAY)
    assert (again.id, again.new, again.standing) == (first.id, False, "given")
    assert len(entries(register)) == 1


def test_back_and_forth_on_one_day(register: Register) -> None:
    refusal = Answer("L07", "website", "refused", SEP)
    for answer, state in ((yes(), "given"), (refusal, "refused"), (yes(), "given"), (refusal, "refused")):
        assert add(register, answer, today=TODAY).standing == state
    assert len(entries(register)) == 4


def test_a_refusal_marks_the_copies(register: Register, tmp_path: Path) -> None:
    add_run(register, run_row(tmp_path, shown=("L07",), purpose="website"))
    add_run(register, run_row(tmp_path, "b.mp4", source="b", shown=("L08",), purpose="website"))
    add_run(register, run_row(tmp_path, "c.mp4", source="c", shown=("L07",), purpose="portal"))
    done = add(register, Answer("L07", "website", "refused", TODAY), today=TODAY)
    assert [(copy.path.name, copy.state) for copy in done.copies] == [("lesson.avg.mp4", "make-again")]
    assert values(register, "SELECT state FROM output ORDER BY id") == ["make-again", "kept", "kept"]


def test_an_older_refusal_marks_nothing_that_a_later_consent_allows(register: Register, tmp_path: Path) -> None:
    add(register, yes(on=OCT), today=TODAY)
    add_run(register, run_row(tmp_path, shown=("L07",), purpose="website"))
    assert add(register, Answer("L07", "website", "refused", SEP), today=TODAY).copies == ()
    assert values(register, "SELECT state FROM output") == ["kept"]


# --- withdrawing


def test_withdrawing_lists_and_marks_every_copy_at_once(register: Register, tmp_path: Path) -> None:
    add(register, yes(), today=TODAY)
    for name, shown, purpose in (
        ("one", ("L07", "L08"), "website"),
        ("two", ("L08",), "website"),
        ("three", ("L07",), "portal"),
        ("four", ("L07",), None),
    ):
        add_run(register, run_row(tmp_path, f"{name}.avg.mp4", source=name, shown=shown, purpose=purpose))
    done = withdraw(register, "L07", role="student", today=TODAY)
    assert done.consents == 1
    assert [copy.path.name for copy in done.copies] == ["one.avg.mp4", "three.avg.mp4", "four.avg.mp4"]
    assert [copy.recording for copy in done.copies] == [tmp_path / "one", tmp_path / "three", tmp_path / "four"]
    assert withdrawn_outputs(register, "L07") == done.copies
    assert withdrawn_outputs(register, "L08") == (done.copies[0],)
    assert now(register) == "withdrawn"
    assert now(register, purpose="portal") == "withdrawn"  # shown there on another ground than consent
    assert now(register, purpose=None) == "withdrawn"


def test_withdrawing_for_one_purpose(register: Register, tmp_path: Path) -> None:
    for purpose in ("website", "portal"):
        add(register, yes(purpose=purpose), today=TODAY)
        add_run(register, run_row(tmp_path, f"{purpose}.mp4", source="s", shown=("L07",), purpose=purpose))
    add_run(register, run_row(tmp_path, "unstated.mp4", source="s", shown=("L07",)))
    done = withdraw(register, "L07", purpose="website", today=TODAY)
    assert [copy.path.name for copy in done.copies] == ["website.mp4", "unstated.mp4"]  # it may be used for either
    assert (now(register), now(register, purpose="portal")) == ("withdrawn", "given")


def test_withdrawing_where_nothing_was_ever_asked(register: Register, tmp_path: Path) -> None:
    add_run(register, run_row(tmp_path, shown=("L07",), purpose="teacher-training"))
    done = withdraw(register, "L07", today=TODAY)
    assert (done.consents, len(done.copies)) == (0, 1)
    assert now(register, purpose="teacher-training") == "withdrawn"
    assert now(register, purpose="website") == "withdrawn"


def test_withdrawing_for_a_purpose_that_only_copies_know(register: Register, tmp_path: Path) -> None:
    add_run(register, run_row(tmp_path, shown=("L07",), purpose="teacher-training"))
    withdraw(register, "L07", purpose="teacher-training", today=TODAY)
    assert now(register, purpose="teacher-training") == "withdrawn"
    assert now(register, purpose="website") == "unknown"


def test_withdrawing_twice(register: Register, tmp_path: Path) -> None:
    add(register, yes(), today=TODAY)
    add_run(register, run_row(tmp_path, shown=("L07",), purpose="website"))
    first = withdraw(register, "L07", on=OCT, today=TODAY)
    again = withdraw(register, "L07", today=TODAY)
    assert (again.consents, again.copies) == (0, first.copies)
    everything, entry = sorted(entries(register, on=TODAY), key=lambda each: each.purpose or "")
    assert entry.withdrawn_on == everything.given_on == "2026-10-01"  # the first day stays
    assert values(register, "SELECT count(*) FROM event WHERE kind = 'make-again'") == [1]


def test_a_withdrawal_of_everything_counts_for_what_was_never_asked(register: Register) -> None:
    add(register, yes(), today=TODAY)
    withdraw(register, "L07", on=OCT, today=TODAY)
    assert now(register, purpose="open-day") == now(register, purpose=None) == now(register) == "withdrawn"
    add(register, yes(purpose="open-day", on=TODAY), today=TODAY)
    assert (now(register, purpose="open-day"), now(register)) == ("given", "withdrawn")


def test_a_consent_of_a_later_day_still_counts(register: Register, tmp_path: Path) -> None:
    add(register, yes(on=OCT), today=TODAY)
    add_run(register, run_row(tmp_path, shown=("L07",), purpose="website"))
    done = withdraw(register, "L07", on=SEP, today=TODAY)
    assert (done.consents, done.copies, done.still_given) == (0, (), ("website",))
    assert now(register) == "given"


def test_copies_that_were_uploaded_are_named_even_when_they_are_gone_from_here(
    register: Register, tmp_path: Path
) -> None:
    add(register, yes(), today=TODAY)
    for name in ("uploaded", "local"):
        add_run(register, run_row(tmp_path, f"{name}.mp4", source=name, shown=("L07",), purpose="website"))
    with register.changing() as db:
        db.execute("UPDATE output SET state = 'deleted', deleted_at = made_at")
        db.execute("UPDATE output SET uploaded_on = '2026-11-20' WHERE path LIKE '%uploaded.mp4'")
    (copy,) = withdraw(register, "L07", today=TODAY).copies
    assert (copy.path.name, copy.state, copy.uploaded_on) == ("uploaded.mp4", "deleted", "2026-11-20")


def test_a_token_that_nobody_knows_is_a_slip(register: Register) -> None:
    add(register, yes(), today=TODAY)
    for token, purpose in (("L70", None), ("L07", "portal")):
        with pytest.raises(UsageError, match=f"nothing is known of {token}"):
            withdraw(register, token, purpose=purpose, today=TODAY)
    with pytest.raises(UsageError, match="after today"):
        withdraw(register, "L07", on=date(2026, 11, 23), today=TODAY)
    assert now(register) == "given"
    assert values(register, "SELECT kind FROM event") == ["consent"]


# --- erasing


def test_a_token_is_erased_and_everything_else_stays(register: Register, tmp_path: Path) -> None:
    add(register, yes(), today=TODAY)
    add(register, yes("L08"), today=TODAY)
    add_run(register, run_row(tmp_path, shown=("L07", "L08"), purpose="website"))
    withdraw(register, "L07", on=OCT, today=TODAY)
    before = values(register, "SELECT text FROM event ORDER BY id")
    done = erase_token(register, "L07")
    assert (done.consents, len(done.copies), done.backups) == (2, 1, ())  # the consent, and the no to everything
    assert values(register, "SELECT text FROM event ORDER BY id")[: len(before)] == before
    assert values(register, "SELECT token FROM shown ORDER BY token") == [None, "L08"]
    erased = next(entry for entry in entries(register, on=TODAY) if entry.token is None)
    assert (erased.proof, erased.purpose, erased.given_on, erased.withdrawn_on) == (
        None,
        "website",
        "2026-09-01",
        "2026-10-01",
    )
    assert (now(register), now(register, "L08")) == ("unknown", "given")


def test_an_erased_token_is_nowhere_in_the_files(tmp_path: Path) -> None:
    place = tmp_path / "register.sqlite"
    with open_register(place) as register:
        add(register, Answer("QZX7431", "website", "given", SEP, "16-plus", "pupil", None, "form 98712"), today=TODAY)
        add_run(register, run_row(tmp_path, shown=("QZX7431",), purpose="website"))
        withdraw(register, "QZX7431", today=TODAY)
        register.sweep()
        assert b"QZX7431" in place.read_bytes()
        assert b"form 98712" in place.read_bytes()
        erase_token(register, "QZX7431")
        for path in tmp_path.iterdir():
            assert b"QZX7431" not in path.read_bytes(), path
            assert b"form 98712" not in path.read_bytes(), path


def test_no_event_ever_holds_a_token(register: Register, tmp_path: Path) -> None:
    add(register, yes(), today=TODAY)
    add(register, Answer("L07", None, "refused", OCT), today=TODAY)
    add_run(register, run_row(tmp_path, shown=("L07",), purpose="website"))
    withdraw(register, "L07", today=TODAY)
    add_run(register, run_row(tmp_path, shown=("L07",), purpose="website", salt="2"))
    erase_token(register, "L07")
    texts = values(register, "SELECT text FROM event")
    assert len(texts) >= 7
    assert not [text for text in texts if "L07" in str(text)]


def test_copies_of_an_erased_token_are_marked_first(register: Register, tmp_path: Path) -> None:
    add_run(register, run_row(tmp_path, shown=("L07",)))
    (copy,) = erase_token(register, "L07").copies
    assert values(register, "SELECT state FROM output") == ["make-again"]
    assert (copy.path, copy.state) == (tmp_path / "lesson.avg.mp4", "make-again")


def test_erasing_tells_of_older_copies_of_the_register(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "register.sqlite"
    with open_register(place) as register:
        add(register, yes(), today=TODAY)
    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, ("ALTER TABLE consent ADD COLUMN note TEXT",)))
    with open_register(place) as register:
        (backup,) = erase_token(register, "L07").backups
    assert b"L07" in backup.read_bytes()


def test_an_unknown_token_can_not_be_erased(register: Register) -> None:
    with pytest.raises(UsageError, match="nothing is known of L07"):
        erase_token(register, "L07")


# --- listing


def test_listing(register: Register) -> None:
    add(register, yes("L09"), today=TODAY)
    add(register, yes("L07"), today=TODAY)
    add(register, yes("L07", "portal"), today=TODAY)
    withdraw(register, "L07", purpose="website", on=OCT, today=TODAY)
    add(register, Answer("L09", None, "refused", OCT), today=TODAY)

    def told(found: list[Entry]) -> list[tuple[object, ...]]:
        return [(entry.token, entry.purpose, entry.state, entry.latest) for entry in found]

    assert told(entries(register, on=TODAY)) == [
        ("L07", "portal", "given", True),
        ("L07", "website", "withdrawn", True),
        ("L09", "website", "given", False),  # the refusal of everything came later
        ("L09", None, "refused", True),
    ]
    assert told(entries(register, token="L09", purpose="portal", on=TODAY)) == [("L09", None, "refused", True)]
    assert entries(register, on=date(2026, 9, 30), token="L07")[1].state == "given"
    assert told(entries(register, purpose="website", on=TODAY))[1:] == [
        ("L09", "website", "given", False),
        ("L09", None, "refused", True),
    ]


# --- sheets


def sheet(folder: Path, *lines: str, encoding: str = "utf-8", end: str = "\n") -> Path:
    path = folder / "sheet.csv"
    path.write_bytes((end.join(lines) + end).encode(encoding))
    return path


def test_a_sheet_is_taken_in(register: Register, tmp_path: Path) -> None:
    path = sheet(tmp_path, HEADER, ROW, "", "L08,,,,refused,2026-09-01,,")
    done = import_csv(register, path, role="administration", today=TODAY)
    assert (done.new, done.known, done.copies) == (2, 0, ())
    first, second = entries(register, on=TODAY)
    assert (first.token, first.age_group, first.given_by, first.purpose, first.valid_until, first.proof) == (
        "L07",
        "under-16",
        "parent",
        "website",
        "2027-07-31",
        "binder 3, form 12",
    )
    assert (second.token, second.purpose, second.state) == ("L08", None, "refused")


@pytest.mark.parametrize(
    ("mark", "encoding", "end"),
    [(",", "utf-8-sig", "\r\n"), (";", "utf-8", "\n"), ("\t", "utf-8-sig", "\n"), (";", "utf-8-sig", "\r\n")],
)
def test_sheets_of_every_office(register: Register, tmp_path: Path, mark: str, encoding: str, end: str) -> None:
    header = mark.join(reversed(COLUMNS))
    row = mark.join(
        reversed(["L07", "under-16", "parent", "website", "given", "2026-09-01", "", '"binder 3, form 12"'])
    )
    assert import_csv(register, sheet(tmp_path, header, row, encoding=encoding, end=end), today=TODAY).new == 1
    assert entries(register)[0].proof == "binder 3, form 12"


def test_a_sheet_imported_again_changes_nothing_and_brings_nothing_back(register: Register, tmp_path: Path) -> None:
    path = sheet(tmp_path, HEADER, ROW, ROW)
    assert import_csv(register, path, today=TODAY) == Imported(1, 1, ())
    assert import_csv(register, path, today=TODAY) == Imported(0, 2, ())
    withdraw(register, "L07", on=SEP, today=TODAY)  # on the very day it was given
    done = import_csv(register, path, today=TODAY)
    assert (done.new, done.known) == (0, 2)
    assert now(register) == "withdrawn"


def test_a_refusal_on_a_sheet_marks_the_copies(register: Register, tmp_path: Path) -> None:
    add_run(register, run_row(tmp_path, shown=("L07", "L08"), purpose="website"))
    path = sheet(tmp_path, HEADER, "L07,,,website,refused,2026-09-01,,", "L08,,,,refused,2026-09-01,,")
    (copy,) = import_csv(register, path, today=TODAY).copies
    assert copy.state == "make-again"


def test_all_rows_or_none_and_each_fault_with_its_line(register: Register, tmp_path: Path) -> None:
    path = sheet(
        tmp_path,
        HEADER,
        ROW,
        "Jan de Vries,under-16,parent,website,given,2026-09-01,,binder 3",
        "",
        'L08,16-plus,pupil,website,given,2026-09-01,,"binder 3,\nform 12"',
        "L09,16-plus,pupil,website,given,31-12-2026,,jan@school.nl",
        "L10,16-plus,pupil",
        "L07,,,website,refused,2026-09-01,,",
    )
    with pytest.raises(SheetError) as caught:
        import_csv(register, path, today=TODAY)
    assert [fault[: fault.index(":")] for fault in caught.value.faults] == [
        "line 3, token",
        "line 6, proof",  # its row ends there
        "line 7, given_on",
        "line 7, proof",
        "line 8",
        "line 9",
    ]
    assert "3 columns, where the first line has 8" in caught.value.faults[4]
    assert "the opposite of line 2" in caught.value.faults[5]
    assert "6 faults, the first: line 3, token" in str(caught.value)
    assert not [text for text in ("Vries", "jan@") if text in str(caught.value) + str(caught.value.faults)]
    assert (caught.value.exit_code, entries(register)) == (2, [])
    assert values(register, "SELECT * FROM event") == []


@pytest.mark.parametrize(
    ("header", "what"),
    [
        (f"{HEADER},naam", "1 column that is not known"),
        (f"{HEADER},token", "a column comes twice"),
        (HEADER.replace("token", "naam"), "these columns are missing: token"),
        (ROW, "these columns are missing: token, age_group"),
        ("", "these columns are missing"),
    ],
)
def test_a_sheet_with_other_columns_is_refused(register: Register, tmp_path: Path, header: str, what: str) -> None:
    with pytest.raises(SheetError, match=what) as caught:
        import_csv(register, sheet(tmp_path, header, ROW), today=TODAY)
    assert f"the first line must be: {HEADER}" in str(caught.value)
    assert caught.value.faults[0].startswith("line ")
    assert entries(register) == []


def test_what_is_no_sheet(register: Register, tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    with pytest.raises(UsageError, match="no such file"):
        import_csv(register, path)
    path.mkdir()
    with pytest.raises(UsageError, match="not a plain file"):
        import_csv(register, path)
    path.rmdir()
    path.write_bytes(f"{HEADER}\n{ROW}\n".encode() + b"L08,\xe9")
    with pytest.raises(SheetError, match="line 3 is not UTF-8"):
        import_csv(register, path)
    path.write_bytes(b"x" * (MAX_BYTES + 1))
    with pytest.raises(UsageError, match="larger than 5 MB"):
        import_csv(register, path)
    path.write_text(f'{HEADER}\n{ROW}\n"L08')
    with pytest.raises(SheetError, match="line 3: it is not CSV"):
        import_csv(register, path)
    with pytest.raises(UsageError, match="no valid name"):
        import_csv(register, tmp_path / "a\0b")
    assert entries(register) == []


def test_events_tell_what_was_done(register: Register, tmp_path: Path) -> None:
    add(register, yes(), role="teacher", today=TODAY)
    add_run(register, run_row(tmp_path, shown=("L07",), purpose="website", role="student"))
    withdraw(register, "L07", role="mentor", today=TODAY)
    with register.changing() as db:
        add_event(db, "trial")
    with register.reading() as db:
        told = [(row["kind"], row["role"], json.loads(row["text"])) for row in db.execute("SELECT * FROM event")]
    assert [kind for kind, _, _ in told] == ["consent", "run", "consent", "withdrawal", "make-again", "trial"]
    assert [role for _, role, _ in told] == ["teacher", "student", "mentor", "mentor", "mentor", None]
    assert told[3][2] == {"consents": [1, 2], "on": "2026-11-22", "purpose": None}
    assert told[4][2] == {"because": "no-longer-shown", "consents": [1, 2]}
