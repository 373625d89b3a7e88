"""`avg-blur consent` as a user types it: what it prints, what it keeps, and its exit codes."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from avg_video.cli import consent as cli
from avg_video.register import answers
from avg_video.register.database import default_register, open_register
from avg_video.register.runs import add_run
from tests.cli.helpers import avg_blur
from tests.register.rows import run_row
from tests.support.calendar import TODAY
from tests.support.waiting import PATIENCE_S

pytestmark = pytest.mark.usefixtures("one_day")
AGREED = ("--age-group", "under-16", "--given-by", "parent", "--proof", "binder 3, form 12")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "register.sqlite"


def consent(file: Path, *words: str | Path) -> Result:
    return avg_blur("consent", *words, "--register", file)


def failure(result: Result, code: int = 2) -> str:
    assert (result.exit_code, result.stdout) == (code, "")
    return result.stderr


def with_copies(
    file: Path | None, *tokens: str, folder: Path | None = None, purpose: str | None = "website", **other: Any
) -> Path:
    """One copy per token, in `folder`, else in that of the register."""
    folder = folder or (file or default_register()).parent
    with open_register(file) as register:
        for token in tokens:
            add_run(
                register,
                run_row(folder, f"{token}.avg.mp4", source=f"{token} b.mp4", shown=(token,), purpose=purpose, **other),
            )
    return folder


def test_words_are_those_of_the_register() -> None:
    assert (cli.AGE_GROUPS, cli.GIVERS, cli.ANSWERS) == (answers.AGE_GROUPS, answers.GIVERS, answers.ANSWERS)
    options = {option for command in (cli.add,) for param in command.params for option in param.opts}
    for column in set(answers.COLUMNS) - {"token"}:
        assert cli.OPTIONS.get(column, f"--{column}") in options
    for column in answers.COLUMNS:
        assert column in (cli.import_.help or "")


def test_add_and_list(file: Path) -> None:
    until = (TODAY + timedelta(days=200)).isoformat()
    done = consent(file, "add", "L07", "--purpose", "website", *AGREED, "--on", "2026-09-01", "--until", until)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == f"L07 agreed to website on 2026-09-01, up to and including {until}.\n"
    assert consent(file, "add", "L08", "--answer", "refused").stdout == f"L08 refused everything on {TODAY}.\n"
    listed = consent(file, "list")
    assert listed.exit_code == 0
    assert [line.split() for line in listed.stdout.splitlines()] == [
        ["token", "purpose", "worth", "day", "until", "withdrawn", "age", "by", "proof"],
        ["L07", "website", "given", "2026-09-01", until, "-", "under-16", "parent", "binder", "3,", "form", "12"],
        ["L08", "everything", "refused", TODAY.isoformat(), "-", "-", "-", "-", "-"],
    ]
    (row,) = json.loads(consent(file, "list", "--token", "L07", "--on", "2026-08-31", "--json").stdout)
    assert (row["token"], row["state"], row["proof"]) == ("L07", "unknown", "binder 3, form 12")
    assert len(consent(file, "list", "--purpose", "portal").stdout.splitlines()) == 2


def test_an_empty_register_has_no_answers(file: Path) -> None:
    with open_register(file):
        pass
    assert consent(file, "list").stdout == "There are no answers in the register.\n"
    assert consent(file, "list", "--json").stdout == "[]\n"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--age-group", "under-16", "--given-by", "pupil"), "below 16 a parent must give it"),
        (("--age-group", "16-plus", "--given-by", "parent"), "from 16 on the pupil must give it"),
        (
            ("--age-group", "16-plus", "--given-by", "pupil", "--on", "2026-09-01", "--until", "2026-09-02"),
            "its last day is over",
        ),
    ],
)
def test_what_does_not_count_is_kept_and_said(file: Path, words: tuple[str, ...], why: str) -> None:
    done = consent(file, "add", "L07", "--purpose", "website", "--proof", "binder 3", *words)
    assert (done.exit_code, done.stderr) == (3, "")
    assert done.stdout.splitlines()[1] == f"It does not count: {why}."
    assert len(json.loads(consent(file, "list", "--json").stdout)) == 1


def test_an_older_answer_that_turns_up(file: Path) -> None:
    consent(file, "add", "L07", "--answer", "refused", "--purpose", "website")
    done = consent(file, "add", "L07", "--purpose", "website", *AGREED, "--on", "2026-09-01")
    assert (done.exit_code, done.stdout.splitlines()[1]) == (3, "It does not count: a later answer does (refused).")
    again = consent(file, "add", "L07", "--purpose", "website", *AGREED, "--on", "2026-09-01")
    assert again.stdout.splitlines()[0] == "L07: that answer was known already."
    machine = json.loads(consent(file, "add", "L07", "--purpose", "website", *AGREED, "--json").stdout)
    assert machine == {"exit_code": 0, "token": "L07", "new": True, "standing": "given", "copies": []}


def test_every_fault_of_an_answer_is_told(file: Path) -> None:
    line = failure(consent(file, "add", "Jan", "--given-by", "parent", "--until", "soon"))
    for part in ("--age-group: it was left out", "--purpose: it was left out", "--proof: it was left out",
                 "--until: it is not a day", "TOKEN: it is not a token"):  # fmt: skip
        assert part in line
    assert "Jan" not in line
    assert not file.exists()


def test_withdraw(file: Path) -> None:
    folder = with_copies(file, "L07", "L08", profile="ap")
    consent(file, "add", "L07", "--purpose", "website", *AGREED)
    done = consent(file, "withdraw", "L07", "--role", "teacher")
    source, copy = shlex.quote(str(folder / "L07 b.mp4")), folder / "L07.avg.mp4"
    assert (done.exit_code, done.stderr) == (3, "")
    assert done.stdout.splitlines() == [
        "1 consent of L07 is withdrawn.",
        "From now on L07 is covered, also where a policy would show that token.",
        "1 copy shows somebody who may no longer be shown. Make it again, or delete it:",
        f"  {copy}",
        f"    avg-blur {source} -o {copy} --overwrite --profile ap --register {file}",
    ]
    machine = json.loads(consent(file, "withdraw", "L07", "--json").stdout)
    assert (machine["exit_code"], machine["consents"], machine["still_given"]) == (3, 0, [])
    assert [(row["path"], row["recording"], row["state"]) for row in machine["copies"]] == [
        (str(copy), str(folder / "L07 b.mp4"), "make-again")
    ]


def test_the_command_that_makes_a_copy_again_names_no_more_than_it_must(tmp_path: Path) -> None:
    with_copies(None, "L07", folder=tmp_path)
    done = avg_blur("consent", "withdraw", "L07")
    assert done.stdout.splitlines()[-1].endswith(f" -o {tmp_path / 'L07.avg.mp4'} --overwrite")


def test_withdraw_where_no_copy_is_known(file: Path) -> None:
    consent(file, "add", "L07", "--purpose", "website", *AGREED, "--on", "2026-09-01")
    done = consent(file, "withdraw", "L07", "--purpose", "website", "--on", "2026-10-01")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[1:] == [
        "From now on L07 is covered in copies for website, also where a policy would show that token.",
        "The register knows no copy that shows L07.",
    ]
    (row,) = json.loads(consent(file, "list", "--json").stdout)
    assert row["withdrawn_on"] == "2026-10-01"


def test_withdraw_tells_where_a_copy_can_not_be_made_again(file: Path) -> None:
    folder = with_copies(file, "L07", "T1")
    (folder / "L07 b.mp4").unlink()
    (folder / "T1.avg.mp4").unlink()
    with open_register(file) as register, register.changing() as db:
        db.execute("UPDATE output SET uploaded_on = '2026-11-20' WHERE path LIKE '%L07%'")
    assert consent(file, "withdraw", "L07").stdout.splitlines()[-3:] == [
        "    its recording is no longer at its place, so the copy can only be deleted",
        "These were uploaded; have them removed there too:",
        f"  {folder / 'L07.avg.mp4'}, on 2026-11-20",
    ]
    assert consent(file, "withdraw", "T1").stdout.splitlines()[-1] == "    it is no longer at this place"


def test_a_later_consent_still_counts(file: Path) -> None:
    consent(file, "add", "L07", "--purpose", "website", *AGREED, "--on", "2026-10-01")
    done = consent(file, "withdraw", "L07", "--on", "2026-09-01")
    assert done.stdout.splitlines()[:2] == [
        "There was no consent of L07 left to end.",
        "A later consent of L07 still counts, for: website",
    ]


def test_a_slip_is_no_withdrawal(file: Path, tmp_path: Path) -> None:
    consent(file, "add", "L07", "--purpose", "website", *AGREED)
    assert "nothing is known of L70 here" in failure(consent(file, "withdraw", "L70"))
    slip = failure(consent(file, "withdraw", "L07", "--purpose", "web"))
    assert "nothing is known of L07 for web, so nothing was withdrawn; known are: website; leave out --purpose" in slip
    assert "that is not a token" in failure(consent(file, "withdraw", "Jan"))
    assert "that is not a purpose" in failure(consent(file, "withdraw", "L07", "--purpose", "The Site"))
    assert "that is not a role" in failure(consent(file, "withdraw", "L07", "--role", "Mr X"))
    assert "--on: it is not a day" in failure(consent(file, "withdraw", "L07", "--on", "yesterday"))
    other = tmp_path / "registre.sqlite"
    for words in (("withdraw", "L07"), ("list",), ("erase", "L07", "--yes")):
        assert f"{other}: there is no register here" in failure(consent(other, *words))
    assert not other.exists()
    assert json.loads(consent(file, "list", "--json").stdout)[0]["state"] == "given"


HEADER = ",".join(answers.COLUMNS)


def test_import(file: Path, tmp_path: Path) -> None:
    folder = with_copies(file, "L08")
    sheet = tmp_path / "sheet.csv"
    sheet.write_text(f"{HEADER}\nL07,under-16,parent,website,given,2026-09-01,,binder 3\nL08,,,,refused,2026-09-01,,\n")
    done = consent(file, "import", sheet)
    assert (done.exit_code, done.stderr) == (3, "")
    assert done.stdout.splitlines()[:3] == [
        "2 answers taken in.",
        "1 copy shows somebody who may no longer be shown. Make it again, or delete it:",
        f"  {folder / 'L08.avg.mp4'}",
    ]
    again = consent(file, "import", sheet)
    assert (again.exit_code, again.stdout) == (0, "0 answers taken in.\n2 were known already.\n")
    machine = json.loads(consent(file, "import", sheet, "--json").stdout)
    assert machine == {"exit_code": 0, "new": 0, "known": 2, "do_not_count": [], "copies": []}


def test_import_tells_which_answers_do_not_count(file: Path, tmp_path: Path) -> None:
    """As `add` does: a sheet of a colleague with the wrong signature in it is not a sheet in order."""
    sheet = tmp_path / "sheet.csv"
    rows = ("L07,under-16,pupil,website,given,2026-09-01,,b 3", "L08,16-plus,parent,website,given,2026-09-01,,b 3")
    over, good = "L09,16-plus,pupil,site,given,2026-09-01,2026-09-02,b", "L10,16-plus,pupil,site,given,2026-09-01,,b 3"
    sheet.write_text("\n".join((HEADER, *rows, over, good)))
    done = consent(file, "import", sheet)
    assert (done.exit_code, done.stdout.splitlines()) == (
        3,
        [
            "4 answers taken in.",
            "L07, website: It does not count: below 16 a parent must give it.",
            "L08, website: It does not count: from 16 on the pupil must give it.",
            "L09, site: It does not count: its last day is over.",
        ],
    )
    sheet.write_text("\n".join((HEADER, rows[0].replace("L07", "L11"))))
    machine = json.loads(consent(file, "import", sheet, "--json").stdout)
    assert machine["do_not_count"] == [{"token": "L11", "purpose": "website", "standing": "invalid"}]


def test_import_tells_every_fault_and_makes_nothing(file: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_text(f"{HEADER}\nJan de Vries,under-16,parent,website,given,2026-09-01,,jan@school.nl\n")
    lines = failure(consent(file, "import", sheet)).splitlines()
    assert [line.split(":")[0] for line in lines] == ["line 2, token", "line 2, proof", "avg-blur"]
    assert "Vries" not in "".join(lines)
    assert not file.exists()
    sheet.write_text(f"{HEADER}\nJan,under-16,parent,website,given,2026-09-01,,binder 3\n")
    assert len(failure(consent(file, "import", sheet)).splitlines()) == 1


def test_the_example_in_the_help_can_be_imported(file: Path, tmp_path: Path) -> None:
    shown = [line.strip() for line in (cli.import_.help or "").splitlines()]
    start = shown.index(HEADER)
    (tmp_path / "sheet.csv").write_text("\n".join(shown[start : start + 3]))
    assert consent(file, "import", tmp_path / "sheet.csv").stdout == "2 answers taken in.\n"


def test_erase(file: Path) -> None:
    folder = with_copies(file, "L07")
    consent(file, "add", "L07", "--purpose", "website", *AGREED)
    asked = consent(file, "erase", "L07")
    assert (asked.exit_code, asked.stdout) == (2, "")
    assert "nobody answered, so nothing was done; give --yes" in asked.stderr
    done = consent(file, "erase", "L07", "--yes")
    assert (done.exit_code, done.stderr) == (3, "")
    assert done.stdout.splitlines()[0] == "The token was erased from 1 answer."
    assert f"  {folder / 'L07.avg.mp4'}" in done.stdout.splitlines()
    assert "L07" not in consent(file, "list").stdout
    assert consent(file, "list").stdout.splitlines()[1].split()[:3] == ["erased", "website", "given"]
    assert "nothing is known of L07" in failure(consent(file, "erase", "L07", "--yes"))


@pytest.mark.skipif(sys.platform == "win32", reason="needs a terminal of the POSIX kind")
@pytest.mark.parametrize(("typed", "code", "left"), [("n", 3, 1), ("", 3, 1), ("y", 0, 0), ("ja", 0, 0)])
def test_erase_asks(file: Path, typed: str, code: int, left: int) -> None:
    consent(file, "add", "L07", "--purpose", "website", *AGREED)
    ours, theirs = os.openpty()
    try:
        os.write(ours, f"{typed}\n".encode())
        command = [sys.executable, "-m", "avg_video", "consent", "erase", "L07", "--register", str(file)]
        done = subprocess.run(command, stdin=theirs, capture_output=True, text=True, timeout=PATIENCE_S)
    finally:
        os.close(ours)
        os.close(theirs)
    left_over = json.loads(consent(file, "list", "--json", "--token", "L07").stdout)
    assert "Erase L07 from the register for good? [y/N]" in done.stderr
    assert (done.returncode, len(left_over)) == (code, left)


def test_backups_that_still_hold_a_token_are_named(file: Path) -> None:
    consent(file, "add", "L07", "--purpose", "website", *AGREED)
    backup = file.with_name(f"{file.name}.v0-20260101T000000000000Z.backup")
    backup.write_bytes(b"an older copy")
    done = consent(file, "erase", "L07", "--yes")
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (3, f"  {backup}")


def test_the_register_of_this_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVG_BLUR_DATA", str(tmp_path / "own"))
    assert avg_blur("consent", "add", "L07", "--answer", "refused").exit_code == 0
    assert (tmp_path / "own" / "register.sqlite").is_file()
    assert "L07" in avg_blur("consent", "list").stdout


@pytest.mark.parametrize("group", ["consent", "register"])
def test_the_register_may_be_named_before_the_command_too(file: Path, tmp_path: Path, group: str) -> None:
    assert consent(file, "add", "L07", "--answer", "refused").exit_code == 0
    assert avg_blur(group, "--register", file, "list").exit_code == 0
    nowhere = tmp_path / "nowhere.sqlite"
    assert "there is no register here" in failure(avg_blur(group, "--register", nowhere, "list"), 2)
    # The one behind the command is nearer to it.
    assert avg_blur(group, "--register", nowhere, "list", "--register", file).exit_code == 0
    assert avg_blur(group, "--help").stdout.count("--register") == 0


def test_a_damaged_register_is_one_line(file: Path) -> None:
    file.write_bytes(bytes(10_000))
    for words in (("list",), ("withdraw", "L07"), ("add", "L07", "--answer", "refused"), ("erase", "L07", "--yes")):
        lines = failure(consent(file, *words), 1).splitlines()
        assert len(lines) == 1
        assert lines[0].startswith(f"avg-blur: {file}: it is damaged, or no register of avg-blur; ")
    assert file.read_bytes() == bytes(10_000)
