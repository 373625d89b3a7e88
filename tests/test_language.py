"""The language: what is said in it, which one is taken, and that it belongs to the process."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

import pytest

from avg_video import language
from avg_video.errors import UsageError
from avg_video.language import LANGUAGE_VARIABLE, LANGUAGES, active, cause_of, language_of_computer, mark, tr, trn, use

VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    use("en")


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment that asks for no language."""
    for name in (LANGUAGE_VARIABLE, *VARIABLES):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("locale.getlocale", lambda: (None, None))
    return monkeypatch


def test_english_is_what_the_code_says() -> None:
    assert active() == "en"
    assert tr("not found") == "not found"
    assert tr("no text of ours {n}", n=3) == "no text of ours 3"
    assert (trn("{n} face", "{n} faces", 1), trn("{n} face", "{n} faces", 2)) == ("1 face", "2 faces")


def test_dutch_says_it_in_dutch_and_the_rest_as_it_is() -> None:
    use("nl")
    assert active() == "nl"
    assert tr("not found") == "niet gevonden"
    assert tr("line {number} is not UTF-8", number=7) == "regel 7 is geen UTF-8"
    assert trn("{n} face covered", "{n} faces covered", 1) == "1 gezicht afgedekt"
    assert trn("{n} face covered", "{n} faces covered", 0) == "0 gezichten afgedekt"
    assert tr("no text of ours") == "no text of ours"
    assert tr("") == "", "an empty text is not the head of the catalogue"


def test_a_marked_text_is_translated_when_it_is_shown() -> None:
    text = mark("not found")
    use("nl")
    assert text == "not found"
    assert tr(text) == "niet gevonden"


def test_braces_stay_where_nothing_is_put_in() -> None:
    assert tr("write { t = 1 }") == "write { t = 1 }"


def test_an_error_keeps_the_language_in_which_it_was_raised() -> None:
    use("nl")
    error = UsageError(tr("not found"), remedy=tr("check the name and the folder"), file="a.mp4")
    use("en")
    assert str(error) == "a.mp4: niet gevonden; controleer de naam en de map"


def test_what_the_system_says() -> None:
    error = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    assert cause_of(error) == "No such file or directory"
    assert cause_of(ValueError("x")) is None
    assert cause_of(OSError("x")) is None
    use("nl")
    assert cause_of(error) == "geen bestand of map met deze naam"


def test_only_languages_there_are() -> None:
    assert LANGUAGES == ("en", "nl")
    with pytest.raises(ValueError, match="expected one of"):
        use("de")
    assert active() == "en"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "en"),
        ({"LANG": "nl_NL.UTF-8"}, "nl"),
        ({"LANG": "nl_BE@euro"}, "nl"),
        ({"LANG": "fr_FR.UTF-8"}, "en"),
        ({"LANG": "nl_NL.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "nl_NL.UTF-8"}, "nl"),
        ({"LANG": "en_US.UTF-8", LANGUAGE_VARIABLE: "nl"}, "nl"),
        ({"LANG": "nl_NL.UTF-8", LANGUAGE_VARIABLE: "EN"}, "en"),
        ({"LANG": "nl_NL.UTF-8", LANGUAGE_VARIABLE: "klingon"}, "nl"),
    ],
)
def test_the_language_of_the_computer(bare: pytest.MonkeyPatch, environment: dict[str, str], expected: str) -> None:
    for name, value in environment.items():
        bare.setenv(name, value)
    assert language_of_computer() == expected


@pytest.mark.parametrize(("spoken", "expected"), [("nl_NL", "nl"), ("Dutch_Netherlands", "nl"), ("en_GB", "en")])
def test_where_no_variable_says_it_the_locale_does(bare: pytest.MonkeyPatch, spoken: str, expected: str) -> None:
    bare.setattr("locale.getlocale", lambda: (spoken, "UTF-8"))
    assert language_of_computer() == expected


def test_the_public_names_are_listed() -> None:
    assert set(language.__all__) >= {"tr", "trn", "mark", "mark_plural", "use", "active", "cause_of"}
