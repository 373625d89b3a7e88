"""The log under scrutiny: every way to tamper with a folder of copies is told, and what is allowed is no fault."""

from __future__ import annotations

import json
import os
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from avg_video.errors import UsageError
from avg_video.record import envelope
from avg_video.record.envelope import open_line
from avg_video.record.keys import public_key_path, read_key
from avg_video.record.log import LOG_NAME, read_lines
from avg_video.verification import check_log, verify
from avg_video.verification.log import LogCheck, ranges
from avg_video.verification.papers import Papers
from tests.cli.helpers import avg_blur, names_in, without_root_rights
from tests.record.logs import add, another_computer, lines_of, log_of
from tests.tamper import ROWS, Row, flip, log_line, make, rename, run, write_anew

CENTERFACE = ("--detector", "centerface")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four copies, their records, and a log of four lines."""
    return make(tmp_path_factory.mktemp("log"))


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy of it, to spoil."""
    shutil.copytree(made, tmp_path / "out")
    return tmp_path / "out"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_tampering_is_told(row: Row, made: Path, tmp_path: Path) -> None:
    code, said = run(row, made, tmp_path / "out")
    assert code == row.code
    assert row.said in said
    assert ("Verified" in said) == (code != 1)


def test_no_row_would_pass_if_nothing_had_been_done(made: Path, tmp_path: Path) -> None:
    """What the rows of the table look for is not said of a folder that is as it was made."""
    _, said = run(ROWS[0], made, tmp_path / "out")
    assert [row.name for row in ROWS if row.code and row.said in said] == []


def test_every_byte_of_the_log_counts(tmp_path: Path) -> None:
    path = log_of(tmp_path, 2)
    whole = path.read_bytes()
    first = len(lines_of(path)[0])
    control = check_log(path).control_number
    assert control is not None
    assert check_log(path).break_of(control) is None
    for at in (*range(0, first - 1, 5), *range(first - 1, len(whole))):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        check = check_log(path)
        assert check.faults, at
        if at >= first:
            assert check.break_of(control) is not None, at


def test_every_cut_is_told_by_the_control_number_and_only_whole_lines_pass_without(tmp_path: Path) -> None:
    path = log_of(tmp_path, 3)
    whole = path.read_bytes()
    control = check_log(path).control_number or ""
    ends = {at + 1 for at, byte in enumerate(whole) if byte == 10} | {0}
    for left in range(0, len(whole), 7):
        path.write_bytes(whole[:left])
        check = check_log(path)
        assert check.break_of(control) is not None
        assert check.faults == []
        assert bool(check.doubts) == (left not in ends), left
    path.write_bytes(whole[:-1])  # only the end of the line is gone
    assert (check_log(path).faults, len(check_log(path).doubts)) == ([], 1)


def test_control_numbers_of_earlier_runs_hold_for_ever(tmp_path: Path) -> None:
    path = tmp_path / LOG_NAME
    numbers = [add(path, name).control_number for name in "abcd"]
    assert [check_log(path).break_of(number) for number in numbers] == [None] * 4
    (tmp_path / "other").mkdir()
    other = add(tmp_path / "other" / LOG_NAME, "x").control_number
    assert "up to line 1 it is not the log" in str(check_log(path).break_of(other))


def test_a_line_from_another_log_of_the_same_key_does_not_fit_in(tmp_path: Path) -> None:
    path = log_of(tmp_path, 3)
    (tmp_path / "other").mkdir()
    other = log_of(tmp_path / "other", 3)
    lines = lines_of(path)
    path.write_bytes(b"".join([lines[0], lines_of(other)[1], lines[2]]))
    assert check_log(path).faults == [
        "line 2 does not follow on line 1 as it is now: line 1 was changed or replaced",
        "line 3 does not follow on line 2 as it is now: line 2 was changed or replaced",
    ]


def test_lines_before_the_first_can_not_be_taken_out_by_numbering_anew(tmp_path: Path) -> None:
    """Only the holder of the key could write such a line; it still tells that something came before."""
    path = log_of(tmp_path, 2)
    path.write_bytes(lines_of(path)[1])
    assert "stands the one numbered 2" in check_log(path).faults[0]


def test_a_line_that_claims_broken_lines_which_are_none(tmp_path: Path) -> None:
    """A run found a line broken off; afterwards that line is filled, or taken out."""
    path = log_of(tmp_path, 2)
    whole = lines_of(path)
    path.write_bytes(whole[0] + whole[1][:200])
    add(path)
    torn = lines_of(path)
    assert check_log(path).faults == []
    path.write_bytes(torn[0] + torn[2])
    assert "where its line 2 should be stands the one numbered 3" in " ".join(check_log(path).faults)
    path.write_bytes(whole[0] + whole[1] + torn[2])
    assert check_log(path).faults == ["line 3 does not follow on line 2 as it is now: line 2 was changed or replaced"]
    path.write_bytes(torn[0] + torn[1][:-1] + b"A\n" + torn[2])
    assert check_log(path).faults == ["line 3 does not follow on line 2 as it is now: line 2 was changed or replaced"]


def test_a_line_that_was_cut_short_where_it_stands_did_not_break_off(tmp_path: Path) -> None:
    path = log_of(tmp_path, 3)
    whole = lines_of(path)
    path.write_bytes(whole[0] + whole[1][:200] + b"\n" + whole[2])
    check = check_log(path)
    assert (check.faults, check.doubts, check.notes) == (["line 2 was changed: its signature does not hold"], [], [])


def test_a_clock_that_was_set_back_is_told_and_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = log_of(tmp_path, 1)
    now = open_line(read_lines(path)[0][0]).at

    class Clock:
        @staticmethod
        def now(zone: Any) -> Any:
            return now - timedelta(days=3)

    monkeypatch.setattr(envelope, "datetime", Clock)
    add(path)
    check = check_log(path)
    assert (check.faults, check.doubts) == ([], [])
    assert check.notes == ["line 2 bears an earlier time than the one before: a clock was set back"]


def test_a_file_that_is_no_log_is_told_shortly(tmp_path: Path) -> None:
    path = tmp_path / LOG_NAME
    path.write_bytes(b"hello\n" * 500)
    check = check_log(path)
    assert (len(check.faults), check.faults[-1]) == (51, "450 more things of this kind")
    path.write_bytes(b"")
    check = check_log(path)
    assert (check.faults, check.doubts, check.control_number) == ([], [], None)
    for data in (b"\n" * 100_001, bytes((64 << 20) + 1)):
        path.write_bytes(data)
        with pytest.raises(UsageError, match="it is too large for a log"):
            check_log(path)


@settings(deadline=None)
@given(some.lists(some.one_of(some.binary(max_size=60), some.integers(0, 2)), max_size=8), some.booleans())
def test_any_bytes_are_checked_and_none_pass(tmp_path_factory: pytest.TempPathFactory, parts: Any, ended: bool) -> None:
    """Whole lines of a log and anything else, in any order."""
    folder = tmp_path_factory.mktemp("any")
    lines = lines_of(log_of(folder, 3))
    data = b"".join(lines[part] if isinstance(part, int) else part + b"\n" for part in parts)
    data = data if ended else data[:-1]
    (folder / LOG_NAME).write_bytes(data)
    check = check_log(folder / LOG_NAME)
    is_sound = any(data == b"".join(lines[:k]) for k in range(4))
    assert bool(check.faults or check.doubts) == (not is_sound)


def test_ranges_are_short() -> None:
    assert [ranges(n) for n in ([], [3], [3, 1, 2], [1, 2, 4, 5, 6, 9])] == ["", "3", "1-3", "1-2, 4-6, 9"]


# One copy alone


def test_a_copy_alone_is_checked_against_the_log_beside_it(folder: Path) -> None:
    ran = avg_blur("verify", folder / "c.avg.png", *CENTERFACE)
    control = check_log(folder / LOG_NAME).control_number
    assert (ran.exit_code, ran.stderr) == (0, "")
    assert f"  log      {folder / LOG_NAME}, 4 lines, each signed and tied to the one before" in ran.stdout
    assert "; about this copy: 3\n" in ran.stdout
    assert ", this computer's\n" in ran.stdout
    assert f"  control  none given, so a cut-off end would not show; it is {control} now\n" in ran.stdout
    ran = avg_blur("verify", folder / "c.avg.png", *CENTERFACE, "--control", str(control).lower())
    assert (ran.exit_code, f"  control  {control}: unchanged up to there\n" in ran.stdout) == (0, True)


def test_a_copy_without_a_log_says_so_and_holds(folder: Path) -> None:
    (folder / LOG_NAME).unlink()
    ran = avg_blur("verify", folder / "c.avg.png", *CENTERFACE)
    assert (ran.exit_code, ran.stderr) == (0, "")
    assert "  log      none beside it, so only the record vouches for it" in ran.stdout
    ran = avg_blur("verify", folder / "c.avg.png", *CENTERFACE, "--control", "1-0000-0000-0000-000Y")
    assert "there is no log beside it that a control number could be of" in ran.stderr
    assert ran.exit_code == 1


def test_a_copy_is_not_trusted_to_a_log_that_was_spoilt_elsewhere(folder: Path) -> None:
    flip(folder / LOG_NAME, 100)
    ran = avg_blur("verify", folder / "c.avg.png", *CENTERFACE)
    assert (ran.exit_code, ran.stdout) == (1, "")
    assert f"{folder / 'c.avg.png'}: log: avg-log.jsonl: line 1 was changed" in ran.stderr


def test_a_copy_and_its_record_changed_together_are_told_by_the_log(folder: Path) -> None:
    """A record that agrees with the changed copy proves nothing; the line of the log was written for another."""
    shutil.copy(folder / "d.avg.png", folder / "c.avg.png")
    shutil.copy(folder / "d.avg.png.json", folder / "c.avg.png.json")
    assert verify(folder / "c.avg.png", detector="centerface").holds  # a copy of d, which has a line
    record = folder / "c.avg.png.json"
    data = json.loads(record.read_text("utf-8"))
    record.write_text(json.dumps(data, indent=1), "utf-8")
    ran = avg_blur("verify", folder / "c.avg.png", *CENTERFACE)
    assert "c.avg.png.json is not the record that line 4 is about" in ran.stderr


def test_a_copy_made_again_in_place_of_another_is_told_with_its_line(folder: Path) -> None:
    with (folder / "c.avg.png").open("ab") as file:
        file.write(b"x")
    ran = avg_blur("verify", folder / "c.avg.png", *CENTERFACE)
    assert "avg-log.jsonl: line 3 is about the run of its record, and about another file" in ran.stderr


def test_a_renamed_copy_finds_its_record_by_the_log(folder: Path) -> None:
    rename(folder)
    done = verify(folder / "holiday.png", detector="centerface")
    assert (done.faults, done.record_path.name) == ((), "c.avg.png.json")


def test_a_copy_below_the_folder_of_the_log_finds_it(folder: Path) -> None:
    below = folder / "a" / "b"
    below.mkdir(parents=True)
    for name in ("c.avg.png", "c.avg.png.json"):
        (folder / name).rename(below / name)
    done = verify(below / "c.avg.png", detector="centerface")
    assert (done.faults, [log.path for log in done.logs]) == ((), [folder / LOG_NAME])
    (folder.parent / "elsewhere").mkdir()
    (folder / LOG_NAME).rename(folder.parent / "elsewhere" / LOG_NAME)
    assert verify(below / "c.avg.png", detector="centerface").logs == ()
    ran = avg_blur("verify", below / "c.avg.png", "--log", folder.parent / "elsewhere" / LOG_NAME, *CENTERFACE)
    assert (ran.exit_code, "about this copy: 3" in ran.stdout) == (0, True)


def test_another_computer_is_told_that_it_does_not_know_the_key(folder: Path, tmp_path: Path) -> None:
    public = shutil.copy(public_key_path(), tmp_path / "school.pem")
    with another_computer(tmp_path / "data"):
        ran = avg_blur("verify", folder / "c.avg.png", *CENTERFACE)
        assert ran.exit_code == 3
        assert "for a person to judge: avg-log.jsonl: this computer does not know the key that signed it" in ran.stderr
        assert "Verified" in ran.stdout
        assert not (tmp_path / "data").exists()  # checking makes no key
        ran = avg_blur("verify", folder / "c.avg.png", *CENTERFACE, "--key", public)
        assert (ran.exit_code, ran.stderr) == (0, "")
        add(tmp_path / LOG_NAME)  # now it has a key of its own
        ran = avg_blur("verify", folder, *CENTERFACE)
        assert "it is signed with another key than that of this computer" in ran.stderr
        assert avg_blur("verify", folder, *CENTERFACE, "--key", public_key_path()).exit_code == 1
        both = ("--key", public_key_path(), "--key", public)
        assert avg_blur("verify", folder, *CENTERFACE, *both).exit_code == 0


def test_the_answers_for_machines(folder: Path) -> None:
    control = check_log(folder / LOG_NAME).control_number
    data = json.loads(avg_blur("verify", folder / "c.avg.png", "--json", *CENTERFACE).stdout)
    (log,) = data["logs"]
    assert (data["exit_code"], data["log_lines"], data["doubts"], data["notes"]) == (0, [3], [], [])
    assert (log["lines"], log["control_number"], list(log["keys"].values())) == (4, control, [[1, 2, 3, 4]])
    (folder / "stray.avg.png").write_bytes((folder / "c.avg.png").read_bytes() + b"x")
    data = json.loads(avg_blur("verify", folder, "--json", *CENTERFACE).stdout)
    assert data["exit_code"] == 1
    assert {Path(fault["file"]).name for fault in data["faults"]} == {"stray.avg.png"}
    assert [copy["log_lines"] for copy in data["copies"]] == [[1], [2], [3], [4], []]
    assert [copy["holds"] for copy in data["copies"]] == [True] * 4 + [False]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--control", "4-0000"), "4-0000 is not a control number; compare it with what was noted"),
        (("--log", "gone.jsonl"), "there is no such log"),
        (("--key", "gone.pem"), "there is no such file"),
        (("--record", "c.avg.png.json"), "a folder has many records"),
    ],
)
def test_what_is_asked_wrongly_is_a_matter_of_usage(options: tuple[str, str], said: str, folder: Path) -> None:
    ran = avg_blur("verify", folder, *CENTERFACE, *options)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert said in ran.stderr
    if options[0] != "--record":
        ran = avg_blur("verify", folder / "c.avg.png", *CENTERFACE, *options)
        assert (ran.exit_code, said in ran.stderr) == (2, True)


# A whole folder


def test_recordings_links_and_hidden_files_are_not_accused(made: Path, folder: Path) -> None:
    """The recordings of which these are the copies, beside them, share the names of the records."""
    for name in ("a.png", "b.mp4", "c.png"):
        shutil.copy(made.parent / "work" / name, folder / name)
    (folder / "a.avg.png").unlink()  # its record alone is left, which is about a.png as the recording
    shutil.copy(made.parent / "work" / "d.png", folder / "somebody.png")
    (folder / "notes.txt").write_text("hello", "utf-8")
    (folder / ".hidden.avg.png").write_bytes(b"x")
    (folder / "link.avg.png").symlink_to(folder / "d.avg.png")
    ran = avg_blur("verify", folder, *CENTERFACE)
    assert (ran.exit_code, ran.stderr) == (0, "")
    assert "  copies   3 copies, each as its record says" in ran.stdout


def test_a_changed_copy_under_a_plain_name_is_told(folder: Path) -> None:
    """As of a copy that -o called shown.png: its record is beside it, so it is one."""
    (folder / "c.avg.png").rename(folder / "shown.png")
    (folder / "c.avg.png.json").rename(folder / "shown.avg.png.json")
    assert avg_blur("verify", folder, *CENTERFACE).exit_code == 0
    flip(folder / "shown.png", 700)
    ran = avg_blur("verify", folder, *CENTERFACE)
    assert (ran.exit_code, "shown.png: record: it is not the file" in ran.stderr) == (1, True)


def test_folders_below_are_checked_too(folder: Path) -> None:
    """As a batch leaves them: each folder with a log of its own."""
    below = folder / "week 2"
    below.mkdir()
    for name in ("c.avg.png", "c.avg.png.json"):
        shutil.copy(folder / name, below / name)
    log_line(below / "c.avg.png")
    ran = avg_blur("verify", folder, *CENTERFACE)
    assert (ran.exit_code, "  copies   5 copies" in ran.stdout) == (0, True)
    flip(below / LOG_NAME, 200)
    ran = avg_blur("verify", folder, *CENTERFACE)
    assert ran.exit_code == 1
    assert ran.stderr.splitlines() == [
        f"avg-blur: {below / LOG_NAME}: log: line 1 was changed: its signature does not hold"
    ]


def test_a_copy_that_is_no_picture_any_more_does_not_end_the_check(folder: Path) -> None:
    (folder / "a.avg.png").write_bytes(b"no picture")
    (folder / "d.avg.png").write_bytes((folder / "d.avg.png").read_bytes() + b"x")
    said = avg_blur("verify", folder, *CENTERFACE).stderr
    assert f"{folder / 'a.avg.png'}: content: it is not an MP4" in said
    assert f"{folder / 'a.avg.png'}: log: no line of the log is about it" in said
    assert f"{folder / 'd.avg.png'}: record: it is not the file" in said


def test_a_record_that_nobody_logged_is_told(folder: Path) -> None:
    shutil.copy(folder / "c.avg.png.json", folder / "z.avg.json")
    assert avg_blur("verify", folder, *CENTERFACE).exit_code == 0  # the very bytes that line 3 is about
    (folder / "z.avg.json").write_bytes(b"{}")
    ran = avg_blur("verify", folder, *CENTERFACE)
    assert ran.stderr.splitlines() == [
        f"avg-blur: {folder / 'z.avg.json'}: log: no line of the log is about this record, or it was changed since"
    ]


def test_quiet_says_nothing_where_all_holds(folder: Path) -> None:
    ran = avg_blur("verify", folder, "-q", *CENTERFACE)
    assert (ran.exit_code, ran.stdout, ran.stderr) == (0, "", "")


def test_checking_leaves_nothing(folder: Path) -> None:
    before = names_in(folder)
    avg_blur("verify", folder, *CENTERFACE)
    assert names_in(folder) == before


@pytest.mark.skipif(os.name != "posix", reason="rights are of POSIX systems")
def test_what_may_not_be_read_is_a_fault_and_no_end(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir()
    closed.chmod(0)
    listed = folder / "listed"
    listed.mkdir()
    (listed / "a.avg.png").write_bytes(b"")
    listed.chmod(0o444)
    (folder / "c.avg.png").chmod(0)
    try:
        with without_root_rights():
            ran = avg_blur("verify", folder, *CENTERFACE)
    finally:
        closed.chmod(0o700)
        listed.chmod(0o700)
    assert ran.exit_code == 1
    for path in (closed, folder / "c.avg.png", listed / "a.avg.png"):
        assert f"{path}: content: it can't be read (Permission denied)" in ran.stderr


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert avg_blur("verify", tmp_path / "no").exit_code == 2


def test_who_has_the_key_can_write_another_log_which_only_a_control_number_tells(made: Path, folder: Path) -> None:
    write_anew(folder)
    assert len(check_log(folder / LOG_NAME, [read_key(public_key_path())]).faults) == 1
    (folder / LOG_NAME).unlink()
    for name in ("d.avg.png", "a.avg.png"):
        log_line(folder / name)
    check = check_log(folder / LOG_NAME, [read_key(public_key_path())])
    assert (check.faults, check.doubts) == ([], [])
    control = check_log(made / LOG_NAME).control_number or ""
    assert check.break_of(control) is not None
    with pytest.raises(UsageError):
        check.break_of("no number")


def test_logs_of_one_name_are_told_apart(tmp_path: Path) -> None:
    """Two folders of a tree may each have one."""
    logs = [LogCheck(tmp_path / folder / LOG_NAME, []) for folder in ("3a", "3b")]
    for asked, names in ((logs[:1], LOG_NAME), (logs, f"{logs[0].path}, {logs[1].path}")):
        papers = Papers(tmp_path / "les.avg.mp4", tmp_path / "les.avg.json", asked, [])
        papers.read_log()
        assert [fault.what for fault in papers.faults] == [f"{names}: no line is about it"]
