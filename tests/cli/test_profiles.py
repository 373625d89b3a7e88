"""`avg-blur profiles`, and the options that go with profiles and consents."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from avg_video.cli.options import ShownList, SlugList
from avg_video.media.folders import data_folder
from avg_video.policy.profile import load_profile, profile_names
from tests.cli.helpers import avg_blur
from tests.policy.lines import placed
from tests.policy.test_profile import OWN, written


def squeezed(text: str) -> str:
    """The text on one line, however it was wrapped."""
    return " ".join(text.split())


def test_list_names_every_profile() -> None:
    ran = avg_blur("profiles", "list")
    assert (ran.exit_code, ran.stderr) == (0, "")
    lines = ran.stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(profile_names())
    assert "iclon    Teacher training, ICLON, Leiden University" in lines


def test_list_for_machines() -> None:
    rows = json.loads(avg_blur("profiles", "list", "--json").stdout)
    assert [row["name"] for row in rows] == list(profile_names())
    rug = load_profile("rug")
    assert {"name": "rug", "version": 1, "title": rug.title.en, "sha256": rug.file_sha256} in rows


@pytest.mark.parametrize("name", ["rug", "iclon", "cvo", "ap", "aeres-1", "aeres-2", "aeres-3", "aeres-4"])
def test_show_tells_every_line_with_its_place(name: str) -> None:
    ran = avg_blur("profiles", "show", name)
    assert ran.exit_code == 0
    text, profile = squeezed(ran.stdout), load_profile(name)
    for key, place in placed(profile):
        assert f"[{place}]" in text, key
    for check in profile.checklist:
        assert f"{check.id}: {check.ask.en} [{check.place}]" in text
    for rule in profile.rules:
        assert f"{rule.text.en} [{rule.place}]" in text
    assert f"Source: {profile.source.en}" in text


@pytest.mark.parametrize(
    ("name", "still_open"),
    [
        (
            "aeres-3",
            "the purpose, the controller, who may see it, where it may be kept, how long the recording is kept, "
            "how long the copy is kept, what to do when it came into the wrong hands",
        ),
        ("rug", "the legal basis, the controller, what happens to the sound"),
        ("iclon", "the legal basis, the controller, what happens to the sound, who may see it"),
    ],
)
def test_show_says_what_a_guideline_leaves_open(name: str, still_open: str) -> None:
    assert squeezed(avg_blur("profiles", "show", name).stdout).endswith(f" Left open: {still_open}")


def test_show_says_whether_consent_is_needed_and_how_soon_a_breach_is_reported() -> None:
    rug, ap = (squeezed(avg_blur("profiles", "show", name).stdout) for name in ("rug", "ap"))
    assert "report it within 24 hours [Wat als er iets mis gaat?, par. 1]" in rug
    assert "report it to cert@security.rug.nl [Wat als er iets mis gaat?, par. 1]" in rug
    assert "nobody is shown without a valid consent in the register [Mag ik als school" in ap
    assert "none is needed to show somebody; whoever refused or withdrew it in the register is covered" in rug


def test_show_speaks_dutch() -> None:
    ran = avg_blur("profiles", "show", "rug", "--lang", "nl")
    text, rug = squeezed(ran.stdout), load_profile("rug")
    assert rug.title.nl in text
    for rule in rug.rules:
        assert f"{rule.text.nl} [{rule.place}]" in text
        assert rule.text.en not in text


def test_show_for_machines_holds_both_languages() -> None:
    shown = json.loads(avg_blur("profiles", "show", "ap", "--json").stdout)
    ap = load_profile("ap")
    assert shown["title"] == {"en": ap.title.en, "nl": ap.title.nl}
    assert (shown["needs_consent"], shown["legal_basis"], shown["sha256"]) == (True, "consent", ap.file_sha256)
    assert shown["places"]["needs_consent"] == ap.places.needs_consent


def test_an_unknown_profile_is_one_line() -> None:
    ran = avg_blur("profiles", "show", "rugg")
    assert (ran.exit_code, ran.stdout) == (2, "")
    names = ", ".join(profile_names())
    assert ran.stderr == (
        f"avg-blur: there is no profile called 'rugg'; the profiles are {names}; or give a .toml file\n"
    )


def test_a_school_s_own_profile_is_shown_from_its_file_and_can_be_added(tmp_path: Path) -> None:
    path = written(tmp_path, OWN)
    shown = avg_blur("profiles", "show", path)
    assert "Is it the school's camera? [page 6]" in squeezed(shown.stdout)
    assert "[rug: Nog even over het filmen, par. 2]" in squeezed(shown.stdout)
    assert "our-school" not in profile_names()
    added = avg_blur("profiles", "add", path)
    try:
        assert (added.exit_code, added.stdout) == (0, "Added our-school: Our school\n")
        assert "our-school" in avg_blur("profiles", "list").stdout
        assert avg_blur("profiles", "show", "our-school").stdout == shown.stdout
    finally:
        (data_folder() / "profiles" / "our-school.toml").unlink()


def test_nothing_is_added_of_a_profile_with_a_fault(tmp_path: Path) -> None:
    path = written(tmp_path, OWN + "[[rules]]\nplace = 'page 7'\n")
    ran = avg_blur("profiles", "add", path)
    assert ran.exit_code == 2
    assert ran.stderr == f"avg-blur: {path}: rules 1: text is missing; add text = ...\n"
    assert "our-school" not in profile_names()


def test_lines_fit_the_terminal() -> None:
    from avg_video.cli.main import main

    ran = CliRunner().invoke(main, ["profiles", "show", "ap"], prog_name="avg-blur", env={"COLUMNS": "60"})
    assert max(len(line) for line in ran.stdout.splitlines()[1:]) <= 60


def test_shown_people_with_tokens_and_roles() -> None:
    read = ShownList()
    assert read.convert("1=L05,2", None, None) == {1: "L05", 2: None}
    assert read.convert(" 4 = teacher , 3 = ABC1234 ", None, None) == {4: "teacher", 3: "ABC1234"}
    assert read.convert({1: None}, None, None) == {1: None}


@pytest.mark.parametrize(
    "text", ["", "0", "1=", "1=Jan", "1=l05", "1=L05=L06", "1,1", "1=L05,1=L06", "L05", "1;2", "a=L05"]
)
def test_what_is_not_a_list_of_people_is_refused(text: str) -> None:
    ran = avg_blur("x.mp4", "--show", text)
    assert ran.exit_code == 2
    assert ran.stderr == (
        f"avg-blur: invalid value for '--show': {text!r} is not a list of people's numbers such as 1=L05,2=teacher,3; "
        "see avg-blur --help\n"
    )


def test_what_is_confirmed() -> None:
    assert SlugList().convert("informed, steps,informed", None, None) == ("informed", "steps")
    ran = avg_blur("x.mp4", "--confirm", "Jan de Jong")
    assert ran.exit_code == 2
    assert ran.stderr == (
        "avg-blur: invalid value for '--confirm': 'Jan de Jong' is not a list of words such as informed,steps; "
        "see avg-blur --help\n"
    )
