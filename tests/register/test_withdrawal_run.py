"""A withdrawal and the copies that are really made: the next one covers who said no."""

from __future__ import annotations

import contextlib
import json
import sqlite3
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
