"""A withdrawal and the copies that are really made: the next one covers who said no."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import sqlite3
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.cli.helpers import avg_blur, lesson

POLICY = """
purpose = "website"
{profile}
[[show]]
who = "pupil"
pupil = "L07"
at = {{ t = 0.1, x = 0.28, y = 0.45 }}
"""
AGREED = ("--age-group", "under-16", "--given-by", "parent", "--proof", "binder 3", "--on", "2026-09-01")


def shown(film: Path, register: Path) -> tuple[int, list[str]]:
    """Make the copy; how many faces it shows, and the states of consent in its record."""
    done = avg_blur(film, "--overwrite", "--register", register, "--json")
    assert done.exit_code in (0, 3), done.stderr
    record = json.loads(film.with_name("lesson.avg.json").read_text(encoding="utf-8"))
    return record["shown"], [consent["state"] for consent in record["processing"]["consents"]]


@pytest.mark.slow
@pytest.mark.parametrize(("profile", "before"), [('profile = "ap"', 0), ("", 1)])
def test_a_withdrawal_changes_the_next_copy(tmp_path: Path, profile: str, before: int) -> None:
    film, register = lesson(tmp_path / "lesson.mp4", faces=2), tmp_path / "register.sqlite"
    film.with_name("lesson.avg.toml").write_text(POLICY.format(profile=profile))
    # Where the guideline asks for consent, nobody is shown without it; elsewhere the choice of the user counts.
    assert shown(film, register)[0] == before
    assert avg_blur("consent", "add", "L07", "--purpose", "portal", *AGREED, "--register", register).exit_code == 0
    assert shown(film, register)[0] == before  # for another purpose
    assert avg_blur("consent", "add", "L07", "--purpose", "website", *AGREED, "--register", register).exit_code == 0
    assert shown(film, register)[0] == 1
    withdrawn = avg_blur("consent", "withdraw", "L07", "--register", register, "--json")
    assert withdrawn.exit_code == 3
    (copy,) = json.loads(withdrawn.stdout)["copies"]
    assert copy["path"] == str(tmp_path / "lesson.avg.mp4")
    assert shown(film, register) == (0, ["withdrawn"])
    again = avg_blur("consent", "withdraw", "L07", "--register", register, "--json")
    assert (again.exit_code, json.loads(again.stdout)["copies"]) == (0, [])
    assert (
        avg_blur("consent", "add", "L07", "--purpose", "website", *AGREED[:-2], "--register", register).exit_code == 0
    )
    assert shown(film, register) == (1, ["given"])


@pytest.mark.parametrize("profile", ['profile = "ap"', ""])
@pytest.mark.parametrize("harm", ["damaged", "newer"])
def test_a_register_that_can_not_be_asked_gives_no_copy(tmp_path: Path, profile: str, harm: str) -> None:
    film, register = lesson(tmp_path / "lesson.mp4", faces=2), tmp_path / "register.sqlite"
    film.with_name("lesson.avg.toml").write_text(POLICY.format(profile=profile))
    assert avg_blur("consent", "add", "L07", "--purpose", "website", *AGREED, "--register", register).exit_code == 0
    if harm == "damaged":
        register.write_bytes(b"no database" * 1000)
    else:
        with contextlib.closing(sqlite3.connect(register)) as db:
            db.execute("PRAGMA user_version = 99")
    done = avg_blur(film, "--register", register)
    assert (done.exit_code, done.stdout) == (1, "")
    assert not film.with_name("lesson.avg.mp4").exists()


@pytest.mark.slow
def test_a_batch_says_which_copies_must_be_made_again(tmp_path: Path) -> None:
    """It leaves them as they are until it is asked to replace them; the command it gives makes that one again."""
    lessons, out, register = tmp_path / "my lessons" / "3b", tmp_path / "out", tmp_path / "register.sqlite"
    lessons.mkdir(parents=True)
    film, other = lesson(lessons / "lesson.mp4", faces=2), lesson(lessons / "other.mp4", pictures=8)
    film.with_name("lesson.avg.toml").write_text(POLICY.format(profile=""))
    args = (lessons.parent, "-o", out, "--register", register, "--style", "solid")
    assert avg_blur(*args).exit_code == 0
    copy = out / "3b" / "lesson.avg.mp4"
    withdrawn = avg_blur("consent", "withdraw", "L07", "--register", register)
    assert (withdrawn.exit_code, str(copy) in withdrawn.stdout) == (3, True)
    before = copy.read_bytes()
    alone = avg_blur(film, "-o", copy, "--register", register)
    assert (alone.exit_code, copy.read_bytes()) == (2, before)
    assert alone.stderr.endswith(
        "lesson.avg.mp4: it exists already, and shows somebody who may no longer be shown; "
        "make it again with --overwrite, or delete it\n"
    )
    told = avg_blur(*args)
    assert (told.exit_code, told.stderr, copy.read_bytes()) == (3, "", before)
    lines = told.stdout.splitlines()
    assert [line.split()[:2] for line in lines[:2]] == [["3b/lesson.mp4", "make-again"], ["3b/other.mp4", "skipped"]]
    assert all(re.fullmatch(r"0:\d\d:\d\d", line.split()[2]) for line in lines[:2])
    command = (
        f"avg-blur '{film}' -o {copy} --overwrite --style solid --register {register} --log {out / 'avg-log.jsonl'}"
    )
    at = lines.index("1 copy shows somebody who may no longer be shown. Make it again, or delete it:")
    assert [lines[at + 1], sorted(lines[at + 2].split())] == [f"  {copy}", sorted(command.split())]
    asked = avg_blur(*args, "--json")
    assert (asked.exit_code, str(copy) in asked.stderr) == (3, True)
    stale, kept = json.loads(asked.stdout)["files"]
    assert (stale["status"], stale["exit_code"], stale["error"]) == ("make-again", 3, None)
    assert stale["note"] == (
        "it shows somebody who may no longer be shown; make it again with --overwrite, or delete it"
    )
    assert kept["status"] == "skipped"
    others = other.stat().st_mtime_ns, (out / "3b" / "other.avg.mp4").stat().st_mtime_ns
    made = avg_blur(*shlex.split(lines[at + 2])[1:])
    assert made.exit_code == 3, made.stderr  # a line of the policy shows nobody now
    assert json.loads((out / "3b" / "lesson.avg.json").read_text(encoding="utf-8"))["shown"] == 0
    assert (other.stat().st_mtime_ns, (out / "3b" / "other.avg.mp4").stat().st_mtime_ns) == others
    assert not (out / "3b" / "avg-log.jsonl").exists()
    last = avg_blur(*args, "--json")
    assert [entry["status"] for entry in json.loads(last.stdout)["files"]] == ["skipped", "skipped"]


@pytest.mark.slow
def test_a_batch_with_overwrite_makes_them_again(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    film, out = lesson(tmp_path / "in" / "lesson.mp4", faces=2), tmp_path / "out"
    register = tmp_path / "register.sqlite"
    film.with_name("lesson.avg.toml").write_text(POLICY.format(profile='profile = "ap"'))
    until = (date.today() + timedelta(days=1)).isoformat()
    add = ("consent", "add", "L07", "--purpose", "website", "--register", register)
    assert avg_blur(*add, *AGREED, "--until", until).exit_code == 0
    args = (film.parent, "-o", out, "--register", register, "--json")
    shows = out / "lesson.avg.json"
    assert avg_blur(*args).exit_code == 3  # nothing of the checklist is confirmed
    assert json.loads(shows.read_text(encoding="utf-8"))["shown"] == 1
    # Where consent is needed, one that has run out counts no more than one that was taken back.
    with contextlib.closing(sqlite3.connect(register)) as db, db:
        db.execute("UPDATE consent SET valid_until = '2026-09-02'")
    assert [entry["status"] for entry in json.loads(avg_blur(*args).stdout)["files"]] == ["make-again"]
    again = avg_blur(*args, "--overwrite")
    assert [entry["status"] for entry in json.loads(again.stdout)["files"]] == ["look"]
    record = json.loads(shows.read_text(encoding="utf-8"))
    assert (record["shown"], [c["state"] for c in record["processing"]["consents"]]) == (0, ["expired"])
