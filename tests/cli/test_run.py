"""The main job through the real command: where things go, what is said, and the numbers of `avg-blur look`."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import av
import pytest

from avg_video import read_record
from avg_video.record.codes import control_number
from tests.cli.helpers import avg_blur, lesson, names_in
from tests.support.waiting import PATIENCE_S

CLOSING = (
    "De-identified, not anonymous: posture, clothes, text in view and the room can still tell who is who.",
    "Watch the copy once before you pass it on.",
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording with sound and two people."""
    return lesson(tmp_path_factory.mktemp("made") / "lesson.mp4", tone_s=0.48, faces=2)


@pytest.fixture
def clip(made: Path, tmp_path: Path) -> Path:
    path = tmp_path / "lesson.mp4"
    path.write_bytes(made.read_bytes())
    return path


@pytest.fixture
def private(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where look pages of this test go."""
    folder = tmp_path_factory.mktemp("private")
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def control_number_of(log: Path) -> str:
    """That of the first and only line."""
    [line] = log.read_bytes().splitlines()
    return control_number(1, hashlib.sha256(line).hexdigest())


def kinds_of_streams(path: Path) -> list[str]:
    with av.open(str(path)) as box:
        return [stream.type for stream in box.streams]


def test_copy_and_record_beside_the_input(clip: Path) -> None:
    before = clip.read_bytes()
    ran = avg_blur(clip)
    output, record_path = clip.with_name("lesson.avg.mp4"), clip.with_name("lesson.avg.json")
    record = read_record(record_path)
    assert (ran.exit_code, ran.stderr) == (0, "")
    assert ran.stdout.splitlines() == [
        f"Made {output}",
        "  people   2 faces covered, nobody shown (somebody who was lost from sight counts again)",
        "  sound    not in the copy, since voices tell who someone is (--audio keep keeps it)",
        f"  check    {record.second_look.looks} covered pictures looked at again, nobody left over",
        f"  left out {', '.join(record.input.hidden)}",
        f"  record   {record_path}",
        f"  log      control number {control_number_of(clip.with_name('avg-log.jsonl'))}",
        f"To show someone, such as the teacher: avg-blur look {clip}",
        *CLOSING,
    ]
    assert kinds_of_streams(output) == ["video"]
    assert clip.read_bytes() == before
    assert names_in(clip.parent) == {"lesson.mp4", "lesson.avg.mp4", "lesson.avg.json", "avg-log.jsonl"}


def test_quiet_and_a_named_output_with_sound(clip: Path) -> None:
    ran = avg_blur("-q", "--audio", "keep", "--style", "solid", clip, "-o", clip.with_name("copy.mp4"))
    assert (ran.exit_code, ran.stdout, ran.stderr) == (0, "", "")
    assert kinds_of_streams(clip.with_name("copy.mp4")) == ["video", "audio"]
    record = read_record(clip.with_name("copy.avg.json"))
    assert record.output.style == "solid"
    assert record.output.sound.kept


def test_sound_that_was_wanted_where_there_is_none(tmp_path: Path) -> None:
    silent = lesson(tmp_path / "silent.mp4")
    none = "  sound    none, since the recording has none"
    assert none in avg_blur("--audio", "keep", silent).stdout.splitlines()
    assert none not in avg_blur("--overwrite", silent).stdout.splitlines()
    silent.with_name("silent.avg.toml").write_text('audio = "keep"\n')
    assert none in avg_blur("--overwrite", silent).stdout.splitlines()
    silent.with_name("silent.avg.toml").unlink()
    profile = tmp_path / "our-school.toml"
    profile.write_text(
        """
name = "our-school"
version = 1
title = { en = "Our school", nl = "Onze school" }
source = { en = "Protocol, 2026", nl = "Protocol, 2026" }
audio = "keep"
[places]
audio = "section 2"
"""
    )
    assert none in avg_blur("--overwrite", silent, "--profile", profile).stdout.splitlines()


def test_a_folder_as_output_and_json(clip: Path) -> None:
    folder = clip.parent / "out"
    folder.mkdir()
    ran = avg_blur(clip, "-o", folder, "--json", "--no-second-look")
    told = json.loads(ran.stdout)
    assert (ran.exit_code, ran.stderr, told["exit_code"]) == (0, "", 0)
    assert told["output"] == str(folder / "lesson.avg.mp4")
    assert told["record"] == json.loads(Path(told["record_path"]).read_text())
    assert set(told["stage_s"]) == {"looking", "making", "checking"}
    assert told["record"]["second_look"]["on"] is False


def test_overwrite_replaces(clip: Path) -> None:
    clip.with_name("lesson.avg.mp4").write_text("old")
    assert avg_blur(clip, "--overwrite", "-q").exit_code == 0
    assert kinds_of_streams(clip.with_name("lesson.avg.mp4")) == ["video"]


def test_look_then_choose_by_number(clip: Path, private: Path) -> None:
    looked = avg_blur("look", clip)
    assert f"Next: avg-blur {clip} --show 1 shows number 1 and covers all others;" in looked.stdout
    assert f"      avg-blur {clip} --object 2 covers number 2 whatever the policy says." in looked.stdout
    assert (looked.exit_code, looked.stderr) == (0, "")
    page, plan = (Path(line.split(maxsplit=1)[1]) for line in looked.stdout.splitlines()[1:3])
    assert looked.stdout.splitlines()[0].startswith("Found 2 numbers to choose from ")
    assert page.is_relative_to(private)
    assert plan.is_relative_to(private)
    if os.name == "posix":
        assert page.stat().st_mode & 0o777 == plan.stat().st_mode & 0o777 == 0o600
    ran = avg_blur(clip, "--show", "1", "--object", "2")
    assert (ran.exit_code, ran.stderr) == (0, "")
    assert "  people   1 face covered, 1 shown (somebody who was lost from sight counts again)\n" in ran.stdout
    record = read_record(clip.with_name("lesson.avg.json"))
    assert {person.number: person.verdict for person in record.people} == {1: "show", 2: "cover"}
    assert record.policy.source == "numbers"


@pytest.mark.skipif(os.name != "posix", reason="quotes of a POSIX shell")
def test_commands_that_are_proposed_can_be_typed(clip: Path, private: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(clip.parent)
    clip.rename("-my #1 lesson.mp4")
    ran = avg_blur("look", "--", "-my #1 lesson.mp4")
    assert "Next: avg-blur './-my #1 lesson.mp4' --show 1 shows number 1" in ran.stdout
    ran = avg_blur("--", "-my #1 lesson.mp4")
    assert "such as the teacher: avg-blur look './-my #1 lesson.mp4'\n" in ran.stdout
    Path("other.mp4").write_bytes(b"another")
    ran = avg_blur("--show", "1", "--", "other.mp4")
    assert "; run avg-blur look other.mp4 first and " in ran.stderr


def test_objection_beats_show(clip: Path, private: Path) -> None:
    assert avg_blur("look", clip, "-q").exit_code == 0
    assert avg_blur(clip, "--show", "1,2", "--object", "1", "-q").exit_code in (0, 3)
    record = read_record(clip.with_name("lesson.avg.json"))
    assert {person.number: person.verdict for person in record.people} == {1: "cover", 2: "show"}


def test_look_at_a_named_place_and_plan(clip: Path, private: Path) -> None:
    page = clip.with_name("who.html")
    ran = avg_blur("look", clip, "-o", page, "-q")
    assert (ran.exit_code, ran.stdout) == (0, f"{page}\n")
    assert names_in(clip.parent) == {"lesson.mp4", "who.html", "who.avgplan"}
    assert avg_blur(clip, "--show", "2", "-q", "--plan", clip.with_name("who.avgplan")).exit_code == 0


@pytest.mark.skipif(os.name != "posix", reason="a shell script as the browser")
def test_look_opens_the_page(clip: Path, tmp_path: Path) -> None:
    browser, noted = tmp_path / "browser", tmp_path / "noted"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > "{noted}"\n')
    browser.chmod(0o700)
    page = tmp_path / "who.html"
    environment = {**os.environ, "BROWSER": f"{browser} %s", "TMPDIR": str(tmp_path)}
    args = [sys.executable, "-m", "avg_video", "look", str(clip), "-o", str(page), "--open"]
    ran = subprocess.run(args, env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert noted.read_text() == page.as_uri()


def test_a_policy_beside_the_input(clip: Path) -> None:
    clip.with_name("lesson.avg.toml").write_text(
        'audio = "keep"\n[[show]]\nwho = "teacher"\nat = { t = "00:00:00", x = 0.28, y = 0.46 }\n'
    )
    ran = avg_blur(clip)
    assert (ran.exit_code, ran.stderr) == (0, "")
    record = read_record(clip.with_name("lesson.avg.json"))
    assert (record.policy.source, record.shown, record.output.sound.kept) == ("file", 1, True)
    assert "  sound    kept; voices tell who someone is\n" in ran.stdout
