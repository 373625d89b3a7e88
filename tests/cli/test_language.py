"""The language of the command line: chosen anywhere on the line, complete, and that of every process."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import click
import pytest

from avg_video import language
from avg_video.batch.summary import FileEntry
from avg_video.cli import batch, main, words
from avg_video.cli.spoken import Spoken, chosen_language
from avg_video.policy import regions
from avg_video.record import report_words
from avg_video.record.store import read_record
from tests.cli.helpers import avg_blur, lesson

NO_FILE = {
    "en": "avg-blur: nope.mp4: not found; check the name and the folder\n",
    "nl": "avg-blur: nope.mp4: niet gevonden; controleer de naam en de map\n",
}


def commands(group: click.Group, *names: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command below, with the words that call it."""
    yield names, group
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *names, name)
        else:
            yield (*names, name), command


COMMANDS = dict(commands(main))


@pytest.mark.parametrize(
    "args",
    [
        ("--lang", "nl", "nope.mp4"),
        ("nope.mp4", "--lang", "nl"),
        ("--lang=nl", "nope.mp4"),
        ("nope.mp4", "--quiet", "--lang=nl"),
        ("--lang", "nl", "-q", "nope.mp4"),
        ("look", "nope.mp4", "--lang", "nl"),
        ("look", "--lang", "nl", "nope.mp4"),
        ("--lang", "nl", "look", "nope.mp4"),
        ("--lang", "en", "nope.mp4", "--lang", "nl"),
    ],
)
def test_anywhere_on_the_line(args: tuple[str, ...]) -> None:
    ran = avg_blur(*args)
    assert (ran.exit_code, ran.stderr) == (2, NO_FILE["nl"])
    assert language.active() == "en", "afterwards the process speaks as before"
    assert "LANGUAGE" not in os.environ


def test_the_line_comes_before_the_variable_and_the_variable_before_the_computer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "nl_NL.UTF-8")
    monkeypatch.setenv("AVG_BLUR_LANG", "en")
    assert avg_blur("nope.mp4").stderr == NO_FILE["en"]
    assert avg_blur("nope.mp4", "--lang", "nl").stderr == NO_FILE["nl"]
    monkeypatch.delenv("AVG_BLUR_LANG")
    assert avg_blur("nope.mp4").stderr == NO_FILE["nl"]
    assert avg_blur("nope.mp4", "--lang", "en").stderr == NO_FILE["en"]
    monkeypatch.setenv("LANG", "fr_FR.UTF-8")
    assert avg_blur("nope.mp4").stderr == NO_FILE["en"]


def test_what_comes_after_two_hyphens_is_a_file() -> None:
    assert chosen_language(["--", "--lang", "nl"]) == "en"
    assert chosen_language(["--lang"]) == "en"


def test_a_language_that_is_none_is_refused() -> None:
    ran = avg_blur("x.mp4", "--lang", "de")
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert ran.stderr.startswith("avg-blur: invalid value for '--lang': 'de' is not one of 'en', 'nl'")


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (("look",), "avg-blur: er ontbreekt een argument: 'BESTAND'; zie avg-blur look --help"),
        (("x.mp4", "--stijl"), "avg-blur: er is geen optie '--stijl'; bedoelde je '--style', of zie avg-blur --help"),
        (
            ("x.mp4", "--style", "x"),
            "avg-blur: ongeldige waarde voor '--style': 'x' is geen van 'fill', 'solid', 'mosaic', 'blur'; "
            "zie avg-blur --help",
        ),
        (("x.mp4", "--crf", "99"), "avg-blur: ongeldige waarde voor '--crf': 99 ligt niet binnen 1<=x<=51; "),
        (("x.mp4", "--crf"), "avg-blur: optie '--crf' heeft een waarde nodig; zie avg-blur --help"),
        (("models", "lst"), "avg-blur: er is geen opdracht 'lst'; bedoelde je 'list', of zie avg-blur models --help"),
        (("look", "a", "b"), "avg-blur: onverwacht extra argument (b); zie avg-blur look --help"),
    ],
)
def test_the_errors_of_click_are_dutch_too(args: tuple[str, ...], line: str) -> None:
    ran = avg_blur("--lang", "nl", *args)
    assert ran.exit_code == 2
    assert ran.stderr.startswith(line), ran.stderr
    assert ran.stderr.count("\n") == 1


@pytest.mark.parametrize("names", COMMANDS, ids=" ".join)
def test_every_command_speaks(names: tuple[str, ...]) -> None:
    assert isinstance(COMMANDS[names], Spoken), "made without cls=Command or cls=Group of avg_video.cli.spoken"


# Words that stand in nearly every English sentence and in no Dutch one.
ENGLISH = re.compile(
    r"\b(the|and|which|where|not|this|that|with|for|from|file|folder|default|show|usage)\b", re.IGNORECASE
)
SAME = re.compile(
    r"^  [a-z]+  |`[^`]*`|\"[^\"]*\"|'[^']*'|\[[^\]]*\]|--?[a-z][a-z-]*|avg-blur [a-z ]+|\S*_\S*|\S*[0-9,|]\S*"
)
"""What is typed as it stands, in every language."""
VALUES = re.compile(r"\b(DAY|EVENT|FILE|FOLDER|NAME|NUMBER|OUTPUT|PAGE|TEXT|TOKEN|WORD)\b")


@pytest.mark.parametrize("names", COMMANDS, ids=" ".join)
def test_the_help_of_every_command_is_dutch(names: tuple[str, ...]) -> None:
    dutch, english = (avg_blur("--lang", name, *names, "--help") for name in ("nl", "en"))
    assert dutch.exit_code == english.exit_code == 0
    assert "Gebruik: avg-blur" in dutch.stdout
    assert "Toon deze uitleg." in dutch.stdout
    assert "Usage: avg-blur" in english.stdout
    assert ENGLISH.search(english.stdout)
    left = [line for line in dutch.stdout.splitlines() if ENGLISH.search(SAME.sub("", line))]
    assert left == []
    assert VALUES.findall(dutch.stdout) == []


def test_help_in_one_language_after_the_other_is_that_language() -> None:
    before = avg_blur("--help").stdout
    assert avg_blur("--lang", "nl", "--help").stdout != before
    assert avg_blur("--help").stdout == before


def test_processes_of_a_batch_speak_it_too(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / "in" / name).write_bytes(b"")
    ran = avg_blur("--lang", "nl", tmp_path / "in", "-o", tmp_path / "out", "--jobs", "2")
    assert ran.exit_code == 1
    for name in ("a.mp4", "b.mp4"):
        assert f"avg-blur: {name}: is leeg; kopieer de opname opnieuw van de camera\n" in ran.stderr
    assert "2 opnames: 2 mislukt\n" in ran.stdout


def test_the_words_that_are_translated_are_all_there_are() -> None:
    statuses = get_args(FileEntry.model_fields["status"].annotation)
    assert set(batch.STATES) == set(statuses)
    assert set(words.HIDDEN) == set(report_words.HIDDEN)
    assert get_args(regions.Lost) == regions.LOST


def test_a_run_and_its_record_are_in_one_language(tmp_path: Path) -> None:
    clip = lesson(tmp_path / "les.mp4")
    ran = avg_blur("--lang", "nl", clip)
    assert ran.exit_code == 0, ran.stderr
    said = ran.stdout.splitlines()
    assert said[0] == f"Gemaakt: {tmp_path / 'les.avg.mp4'}"
    assert any(line.startswith("  personen ") and "afgedekt, niemand zichtbaar" in line for line in said)
    assert said[-1] == "Bekijk de kopie één keer helemaal voordat je haar doorgeeft."
    record = read_record(tmp_path / "les.avg.json")
    assert record.language == "nl"
    assert "weerspiegelingen in ramen en spiegels" in record.not_checked
    assert avg_blur(clip, "--overwrite").stdout.startswith("Made ")
    assert read_record(tmp_path / "les.avg.json").language == "en"
