"""Recordings and copies: each run is added once, what takes another's place settles it, and who is shown is found."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from avg_video.register.answers import Answer
from avg_video.register.consents import add, withdraw
from avg_video.register.database import Register, open_register
from avg_video.register.runs import (
    RunRow,
    add_run,
    call_off_in,
    expect_in,
    no_longer_shown,
    reference,
    withdrawn_outputs,
)
from tests.register.rows import run_row, sha256_of
from tests.support.calendar import TODAY

SEP = date(2026, 9, 1)
pytestmark = pytest.mark.usefixtures("one_day")


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    with open_register(tmp_path / "register.sqlite") as opened:
        yield opened


def rows(register: Register, statement: str, *values: object) -> list[dict[str, object]]:
    with register.reading() as db:
        return [dict(row) for row in db.execute(statement, values)]


def states(register: Register) -> dict[str, str]:
    found = rows(register, "SELECT run_id, state FROM output")
    return {str(row["run_id"]): str(row["state"]) for row in found}


def kinds(register: Register) -> list[object]:
    return [row["kind"] for row in rows(register, "SELECT kind FROM event ORDER BY id")]


def test_everything_of_a_run_is_kept(register: Register, tmp_path: Path) -> None:
    terms = ({"after": "recording", "months": 6}, {"after": "study-end"})
    run = run_row(
        tmp_path,
        profile="iclon",
        purpose="teacher-training",
        shown=("L07", "T1", "L07"),
        breach_hours=24,
        breach_contact="privacy@iclon.leidenuniv.nl",
        keep_original=terms,
        keep_output={"after": "upload", "weeks": 4},
        facts={"study-end": date(2027, 7, 1)},
        role="student",
    )
    assert add_run(register, run) == reference(run.run_id)
    (output,) = rows(register, "SELECT * FROM output")
    assert {name: output[name] for name in ("run_id", "sha256", "record_sha256", "bytes", "profile", "purpose")} == {
        "run_id": str(run.run_id),
        "sha256": run.output_sha256,
        "record_sha256": run.record_sha256,
        "bytes": run.output_bytes,
        "profile": "iclon",
        "purpose": "teacher-training",
    }
    assert (output["path"], output["record_path"]) == (str(run.output_path), str(run.record_path))
    assert (output["breach_hours"], output["breach_contact"]) == (24, "privacy@iclon.leidenuniv.nl")
    assert json.loads(str(output["keep_original"])) == list(terms)
    assert json.loads(str(output["keep_output"])) == {"after": "upload", "weeks": 4}
    assert json.loads(str(output["facts"])) == {"study-end": "2027-07-01"}
    assert (output["made_at"], output["state"], output["deleted_at"]) == ("2026-11-20T09:30:00Z", "kept", None)
    assert rows(register, "SELECT token FROM shown ORDER BY token") == [{"token": "L07"}, {"token": "T1"}]
    (place,) = rows(register, "SELECT sha256, path FROM place JOIN recording ON recording.id = recording_id")
    assert place == {"sha256": run.recording_sha256, "path": str(run.recording_path)}
    (event,) = rows(register, "SELECT * FROM event")
    assert (event["kind"], event["role"]) == ("run", "student")
    assert "L07" not in str(event["text"])


def test_a_run_is_added_once(register: Register, tmp_path: Path) -> None:
    run = run_row(tmp_path)
    assert add_run(register, run) == add_run(register, run)
    assert len(rows(register, "SELECT * FROM output")) == 1
    assert kinds(register) == ["run"]


def test_a_run_that_makes_no_sense_leaves_nothing(register: Register, tmp_path: Path) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        add_run(register, run_row(tmp_path, shown=("Jan",)))
    for table in ("recording", "place", "output", "shown", "event"):
        assert rows(register, f"SELECT * FROM {table}") == []


def test_made_again_at_the_same_path_settles_the_older_copy(register: Register, tmp_path: Path) -> None:
    first = run_row(tmp_path, shown=("L07",), purpose="website")
    add_run(register, first)
    withdraw(register, "L07")
    assert [copy.id for copy in withdrawn_outputs(register, "L07")] == [1]
    second = run_row(tmp_path, purpose="website", salt="made again")
    add_run(register, second)
    assert states(register) == {str(first.run_id): "replaced", str(second.run_id): "kept"}
    assert withdrawn_outputs(register, "L07") == ()
    (older,) = rows(register, "SELECT deleted_at FROM output WHERE state = 'replaced'")
    assert older["deleted_at"] == "2026-11-20T09:30:00Z"
    assert "replaced" in kinds(register)


def test_made_again_elsewhere_the_older_copy_still_has_to_go(register: Register, tmp_path: Path) -> None:
    add_run(register, run_row(tmp_path, shown=("L07",)))
    withdraw(register, "L07")
    add_run(register, run_row(tmp_path, "elsewhere.mp4"))
    assert [copy.path.name for copy in withdrawn_outputs(register, "L07")] == ["lesson.avg.mp4"]


def test_the_same_bytes_at_the_same_path_are_one_copy_of_the_newer_run(register: Register, tmp_path: Path) -> None:
    first = run_row(tmp_path, shown=("L07",))
    add_run(register, first)
    withdraw(register, "L07")
    second = run_row(tmp_path)
    assert second.output_sha256 == first.output_sha256
    add_run(register, second)
    # The very same pictures: whoever could be seen in them can be seen still, whatever the newer run says.
    assert states(register) == {str(second.run_id): "make-again"}
    assert [row["token"] for row in rows(register, "SELECT * FROM shown")] == ["L07"]
    assert kinds(register).count("run") == 2  # the events know both


def test_the_same_bytes_at_two_paths_show_the_same_people(register: Register, tmp_path: Path) -> None:
    first = run_row(tmp_path, "a.mp4", shown=("L07",))
    add_run(register, first)
    add_run(register, replace(run_row(tmp_path, "b.mp4", shown=("L08",)), output_sha256=first.output_sha256))
    withdraw(register, "L07")
    assert [copy.path.name for copy in withdrawn_outputs(register, "L07")] == ["a.mp4", "b.mp4"]


def test_the_same_bytes_at_two_paths_are_two_copies(register: Register, tmp_path: Path) -> None:
    first = run_row(tmp_path, "a.mp4")
    second = replace(run_row(tmp_path, "b.mp4"), output_sha256=first.output_sha256)
    add_run(register, first)
    add_run(register, second)
    assert list(states(register).values()) == ["kept", "kept"]
    assert len(rows(register, "SELECT * FROM recording")) == 1
    assert len(rows(register, "SELECT * FROM place")) == 1


def test_known_days_of_a_recording_go_on(register: Register, tmp_path: Path) -> None:
    add_run(register, run_row(tmp_path, facts={"course-end": SEP, "graduation": SEP}))
    add_run(register, run_row(tmp_path, salt="2", facts={"graduation": TODAY}))
    (newer,) = rows(register, "SELECT facts FROM output WHERE state = 'kept'")
    assert json.loads(str(newer["facts"])) == {"course-end": "2026-09-01", "graduation": TODAY.isoformat()}
    add_run(register, run_row(tmp_path, "other.avg.mp4", source="other.mp4"))
    (other,) = rows(register, "SELECT facts FROM output ORDER BY id DESC LIMIT 1")
    assert other["facts"] == "{}"


def test_withdrawn_while_the_run_was_at_work(register: Register, tmp_path: Path) -> None:
    add(register, Answer("L07", "website", "given", SEP, "16-plus", "pupil", None, "binder 3"))
    withdraw(register, "L07")
    run = run_row(tmp_path, shown=("L07", "T1"), purpose="website")
    add_run(register, run)
    assert list(states(register).values()) == ["make-again"]
    assert no_longer_shown(register, run.run_id, TODAY) == ("L07",)


def test_nobody_said_no(register: Register, tmp_path: Path) -> None:
    run = run_row(tmp_path, shown=("L07",), purpose="website")
    add_run(register, run)
    assert no_longer_shown(register, run.run_id, TODAY) == ()
    assert no_longer_shown(register, run_row(tmp_path).run_id, TODAY) == ()  # never added
    assert list(states(register).values()) == ["kept"]


def test_a_recording_that_moved(register: Register, tmp_path: Path) -> None:
    add_run(register, run_row(tmp_path, shown=("L07",)))
    moved = run_row(tmp_path, "other.avg.mp4", source="moved.mp4", recording_sha256=sha256_of("lesson.mp4"))
    add_run(register, moved)
    assert len(rows(register, "SELECT * FROM recording")) == 1
    with register.changing() as db:
        db.execute("UPDATE place SET deleted_at = seen_at WHERE path LIKE '%lesson.mp4'")
    (copy,) = withdraw(register, "L07").copies
    assert copy.recording == tmp_path / "moved.mp4"


def expected(register: Register, run: RunRow) -> None:
    with register.changing() as db:
        assert expect_in(db, run) == reference(run.run_id)


def called_off(register: Register, run: RunRow) -> None:
    with register.changing() as db:
        call_off_in(db, run)


def contents(register: Register) -> list[list[dict[str, object]]]:
    return [rows(register, f"SELECT * FROM {t}") for t in ("recording", "place", "output", "shown", "event")]


def test_an_expected_copy_is_known_and_the_older_one_still_counts(register: Register, tmp_path: Path) -> None:
    older, run = run_row(tmp_path, shown=("L07",)), run_row(tmp_path, salt="2", shown=("L07",))
    add_run(register, older)
    expected(register, run)
    assert states(register) == {str(older.run_id): "kept", str(run.run_id): "kept"}
    assert kinds(register) == ["run"]  # that of the older one
    add_run(register, run)
    assert states(register) == {str(older.run_id): "replaced", str(run.run_id): "kept"}
    assert kinds(register) == ["run", "run", "replaced"]
    before = contents(register)
    add_run(register, run)
    called_off(register, run)  # what was added is not taken back
    assert contents(register) == before


@pytest.mark.parametrize("with_another", [False, True])
def test_what_was_expected_in_vain_leaves_nothing(register: Register, tmp_path: Path, with_another: bool) -> None:
    if with_another:
        add_run(register, run_row(tmp_path, "other.avg.mp4", shown=("T1",)))
    before, run = contents(register), run_row(tmp_path, shown=("L07",))
    expected(register, run)
    assert contents(register) != before
    called_off(register, run)
    assert [len(part) for part in contents(register)] == [len(part) for part in before]
    assert contents(register)[2:] == before[2:]


def test_withdrawn_between_the_row_and_the_name(register: Register, tmp_path: Path) -> None:
    run = run_row(tmp_path, shown=("L07",), purpose="website")
    expected(register, run)
    withdraw(register, "L07")
    add_run(register, run)
    assert list(states(register).values()) == ["make-again"]
    called_off(register, run)
    assert list(states(register).values()) == ["make-again"]


def test_the_same_bytes_expected_again_change_nothing_before_they_are_there(register: Register, tmp_path: Path) -> None:
    add_run(register, run_row(tmp_path, shown=("L07",)))
    withdraw(register, "L07")
    before, run = contents(register), run_row(tmp_path)
    expected(register, run)
    assert contents(register) == before
    called_off(register, run)
    assert contents(register) == before
    with_more = run_row(tmp_path, shown=("T1",))
    expected(register, with_more)
    called_off(register, with_more)
    assert states(register) != {}  # bytes that were there once stay known
