"""Profiles: what the shipped ones say, how a school's own is read, and one clear line for what is wrong in it."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel

from avg_video import language
from avg_video.errors import OutputError, PolicyError
from avg_video.media.folders import data_folder
from avg_video.policy.profile import Event, Profile, Term, add_profile, load_profile, profile_names
from avg_video.policy.profile_model import Places, profile_from

SHIPPED = ("aeres-1", "aeres-2", "aeres-3", "aeres-4", "ap", "cvo", "iclon", "rug")

OWN = """\
name = "our-school"
version = 3
extends = "rug"
title = { en = "Our school", nl = "Onze school" }
source = { en = "Protocol, 2026", nl = "Protocol, 2026" }
audio = "drop"
[places]
audio = "page 2"
[retention.output]
after = "course-end"
text = { en = "until the end of the course", nl = "tot het vak is afgelopen" }
place = "page 3"
[breach]
hours = 12
contact = "privacy@school.example"
place = "page 4"
[[recipients]]
en = "Only the student"
nl = "Alleen de student"
place = "page 5"
[[checklist]]
id = "camera-of-school"
ask = { en = "Is it the school's camera?", nl = "Is het de camera van school?" }
place = "page 6"
"""


def written(folder: Path, text: str, name: str = "own.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def no_added_profiles() -> Iterator[Path]:
    """The folder of added profiles, emptied afterwards."""
    folder = data_folder() / "profiles"
    yield folder
    for path in folder.glob("*"):
        path.unlink()


def test_the_five_guidelines_and_their_categories_are_there() -> None:
    assert profile_names()[: len(SHIPPED)] == SHIPPED
    assert [load_profile(name).name for name in SHIPPED] == list(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_profile_is_the_file_it_was_read_from(name: str) -> None:
    data = Path(__file__).parents[2] / "avg_video" / "policy" / "profiles" / f"{name}.toml"
    assert load_profile(name).file_sha256 == hashlib.sha256(data.read_bytes()).hexdigest()


def reckoned(term: Term | None) -> list[dict[str, Any]] | None:
    """The dates of a term, without its words."""
    return term and [{k: v for k, v in part.items() if k not in ("text", "place")} for part in term.reckoned()]


KEPT = {
    "rug": [{"after": "upload", "weeks": 4}],
    "iclon": [{"after": "recording", "months": 6}, {"after": "study-end"}],
    "cvo": [{"after": "purpose-end"}],
    "ap": None,
    "aeres-1": [{"after": "graduation", "years": 2}],
    "aeres-2": [{"after": "school-year-end"}],
    "aeres-3": None,
    "aeres-4": [{"after": "purpose-end"}],
}


@pytest.mark.parametrize("name", SHIPPED)
def test_how_long_recording_and_copy_are_kept(name: str) -> None:
    kept = load_profile(name).retention
    assert reckoned(kept.original) == KEPT[name]
    assert reckoned(kept.output) == KEPT[name]


def test_what_applies_and_what_a_guideline_is_silent_about() -> None:
    said = {name: load_profile(name) for name in SHIPPED}
    assert {n: p.legal_basis for n, p in said.items()} == {
        "rug": None,
        "iclon": None,
        "cvo": "public-task",
        "ap": "consent",
        "aeres-1": "public-task",
        "aeres-2": "legitimate-interest",
        "aeres-3": "consent",
        "aeres-4": "consent",
    }
    assert {n for n, p in said.items() if p.needs_consent} == {"ap", "aeres-3", "aeres-4", "cvo"}
    assert {n for n, p in said.items() if p.objection} == {"rug", "cvo", "aeres-2"}
    assert {n for n, p in said.items() if p.audio == "drop"} == {"cvo", "aeres-3"}
    assert {n for n, p in said.items() if p.audio == "keep"} == set()
    assert {n for n, p in said.items() if p.controller is not None} == set()
    assert {n: (b.hours, b.contact) for n, p in said.items() if (b := p.breach) is not None} == {
        "rug": (24, "cert@security.rug.nl"),
        "iclon": (24, "privacy@iclon.leidenuniv.nl"),
    }
    assert {n for n, p in said.items() if p.adapted is not None} == {"iclon"}
    assert {n: p.purpose for n, p in said.items() if p.purpose is None} == {"cvo": None, "aeres-3": None}


def test_both_languages_are_said_and_differ() -> None:
    for name in SHIPPED:
        profile = load_profile(name)
        texts = [profile.title, *profile.recipients, *profile.storage, *(rule.text for rule in profile.rules)]
        texts += [check.ask for check in profile.checklist]
        for text in texts:
            assert text.en != text.nl
            assert text.said() == text.en
    try:
        language.use("nl")
        assert load_profile("rug").title.said() == "Lerarenopleiding, Rijksuniversiteit Groningen"
    finally:
        language.use("en")


def test_a_school_begins_from_a_guideline(tmp_path: Path) -> None:
    path = written(tmp_path, OWN)
    own, rug = load_profile(path), load_profile("rug")
    assert (own.name, own.version, own.extends) == ("our-school", 3, "rug")
    assert own.file_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (own.purpose, own.objection, own.audio) == ("teacher-training", True, "drop")
    assert own.places.audio == "page 2"
    assert own.places.purpose == "rug: Nog even over het filmen, par. 1"
    assert own.breach is not None
    assert (own.breach.hours, own.breach.contact, own.breach.place) == (12, "privacy@school.example", "page 4")
    assert [line.place for line in own.recipients] == ["page 5"], "a list of its own takes the place of the other"
    assert [line.place for line in own.storage] == [f"rug: {line.place}" for line in rug.storage]
    assert [check.id for check in own.checklist] == ["camera-of-school", "informed"], "checks are added"
    assert [rule.text for rule in own.rules] == [rule.text for rule in rug.rules]
    assert own.retention.original is not None
    assert own.retention.original.place == "rug: Hoe moet ik die persoonsgegevens opslaan?, par. 3"
    assert reckoned(own.retention.output) == [{"after": "course-end"}]
    assert load_profile(str(path)) == own


def test_a_word_of_its_own_needs_a_place_of_its_own(tmp_path: Path) -> None:
    path = written(tmp_path, OWN.replace("[places]", 'purpose = "open-day"\n[places]'))
    with pytest.raises(PolicyError) as caught:
        load_profile(path)
    assert str(caught.value) == f"{path}: purpose has no place in the guideline; add its place under [places]"
    looser = OWN.replace("[places]", "objection = false\n[places]")
    assert load_profile(written(tmp_path, looser)).places.objection is None


def test_a_check_of_the_same_name_is_put_in_other_words(tmp_path: Path) -> None:
    own = load_profile(written(tmp_path, OWN.replace('"camera-of-school"', '"informed"')))
    assert [(check.id, check.place) for check in own.checklist] == [("informed", "page 6")]


def test_an_added_profile_is_found_by_name(tmp_path: Path, no_added_profiles: Path) -> None:
    added = add_profile(written(tmp_path, OWN))
    assert profile_names() == (*SHIPPED, "our-school")
    assert load_profile("our-school") == added
    assert load_profile("our-school").file_sha256 == hashlib.sha256(OWN.encode()).hexdigest()
    newer = add_profile(written(tmp_path, OWN.replace("version = 3", "version = 4")))
    assert load_profile("our-school").version == newer.version == 4


def test_a_place_that_can_t_be_written_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVG_BLUR_DATA", str(written(tmp_path, "", "data")))
    with pytest.raises(OutputError) as caught:
        add_profile(written(tmp_path, OWN))
    assert str(caught.value).startswith(f"{tmp_path / 'data' / 'profiles'}: ")
    assert profile_names() == SHIPPED


def test_a_file_that_is_called_otherwise_than_its_profile_is_not_taken_for_it(
    tmp_path: Path, no_added_profiles: Path
) -> None:
    add_profile(written(tmp_path, OWN))
    (no_added_profiles / "our-school.toml").rename(no_added_profiles / "other.toml")
    with pytest.raises(PolicyError, match=r"other\.toml: name: it is not other; "):
        load_profile("other")


BARE = """\
name = "bare"
version = 1
title = { en = "a", nl = "b" }
source = { en = "c", nl = "d" }
"""
TERM = "[retention.output]\nafter = 'upload'\ntext = { en = 'a', nl = 'b' }\nplace = 'p'\n"


def test_a_bare_profile_says_nothing(tmp_path: Path) -> None:
    bare = load_profile(written(tmp_path, BARE))
    assert (bare.audio, bare.purpose, bare.legal_basis, bare.needs_consent, bare.breach) == (
        None,
        None,
        None,
        False,
        None,
    )
    assert (bare.retention.original, bare.retention.output, bare.checklist, bare.rules) == (None, None, (), ())


KEYS = (
    "name, version, title, source, extends, audio, purpose, legal_basis, needs_consent, no_consent_of, objection, "
    "controller, places, recipients, storage, retention, breach, checklist, rules, adapted"
)
NUMBER = "it is not a whole number from 1; write a number without quotes, such as 4"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "name is missing (and 3 more); add name = ..."),
        (BARE + "adio = 'drop'", "unknown key adio; did you mean audio?"),
        (BARE + "zzz = 1", f"unknown key zzz; the keys are {KEYS}"),
        (BARE.replace('"b" }', '"b", de = "c" }'), "title: unknown key de; the keys are en, nl"),
        (BARE.replace(', nl = "b"', ""), "title: nl is missing; add nl = ..."),
        (BARE.replace('"a"', '""'), "title en: it is not a line of text; write one line of at most 500 characters"),
        (BARE.replace('"a"', "3"), "title en: it is not a line of text; write one line of at most 500 characters"),
        (
            BARE.replace('"a"', '"a\\nb"'),
            "title en: it is not a line of text; write one line of at most 500 characters",
        ),
        (BARE.replace("1", "0"), f"version: {NUMBER}"),
        (BARE.replace("1", "'1'"), f"version: {NUMBER}"),
        (BARE + "audio = 'drop'", "audio has no place in the guideline; add its place under [places]"),
        (
            BARE + "[places]\npurpose = 'page 1'",
            "it gives a place for purpose, which is not there; take it out of [places]",
        ),
        (
            BARE + "needs_consent = 'yes'",
            "needs_consent: it is neither true nor false; write true or false, without quotes",
        ),
        (BARE + "audio = 'loud'", "audio: it is not 'drop' or 'keep'; write one of these in quotes"),
        (
            BARE + TERM + "weeks = 4\ndays = 3",
            "retention output: it has two stretches of time; give one of days, weeks, months and years",
        ),
        (
            BARE + TERM + "latest = 'upload'",
            "retention output: latest is the event from which it is reckoned; take latest out, or name another event",
        ),
        (
            BARE + TERM.replace("upload", "not-stated"),
            "retention: it has no beginning; name the event after which original and output must go",
        ),
        (BARE + TERM + "weeks = 0", f"retention output weeks: {NUMBER}"),
        (BARE + TERM.replace("place = 'p'", ""), "retention output: place is missing; add place = ..."),
        (
            BARE + "[breach]\nplace = 'p'\ncontact = 'j.jansen@school.example'",
            "breach contact: it looks like the address of a person; "
            "give the address of a function, such as privacy@school.example",
        ),
        (
            BARE + "[breach]\nplace = 'p'\ncontact = 'the director'",
            "breach contact: it is no address; "
            "give the e-mail or https address of a function, such as privacy@school.example",
        ),
        (
            BARE + 2 * "[[checklist]]\nid = 'a'\nask = { en = 'a', nl = 'b' }\nplace = 'p'\n",
            "two lines of the checklist have one id; give each its own id",
        ),
        (BARE + "[[rules]]\ntxt = 1", "rules 1: unknown key txt (and 2 more); did you mean text?"),
        (BARE + "[[rules]]\ntext = 'a'\nplace = 'p'", "rules 1, text: it is not a table; give it the keys en, nl"),
        (BARE + "rules = 'a'", "rules: it is not a list of tables; write [[rules]] with two brackets on each side"),
        (
            BARE.replace("bare", "rug"),
            "name: rug is the name of a profile that comes with the program; give it another name",
        ),
        (
            BARE + "extends = 'rugg'",
            f"extends: it is not the name of a profile that comes with the program; write one of {', '.join(SHIPPED)}",
        ),
        (
            BARE + "extends = 3",
            f"extends: it is not the name of a profile that comes with the program; write one of {', '.join(SHIPPED)}",
        ),
        (
            BARE.replace("bare", "Bare"),
            "name: it is not a short word; use lower-case letters, digits and hyphens, such as teacher; never a name",
        ),
        (BARE + "x =", "it is not TOML (Invalid value (at end of document)); correct that place"),
    ],
)
def test_what_is_wrong_in_a_profile_is_said_in_one_line(tmp_path: Path, text: str, line: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(PolicyError) as caught:
        load_profile(path)
    assert str(caught.value) == f"{path}: {line}"


def test_faults_in_a_profile_that_extends_name_its_own_lines(tmp_path: Path) -> None:
    path = written(tmp_path, OWN + "[[rules]]\nplace = 'page 7'\n")
    with pytest.raises(PolicyError) as caught:
        load_profile(path)
    assert str(caught.value) == f"{path}: rules 1: text is missing; add text = ..."


@pytest.mark.parametrize("name", ["rugg", "", "RUG", "iclon "])
def test_an_unknown_name_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(PolicyError) as caught:
        load_profile(name)
    assert str(caught.value) == (
        f"there is no profile called {name!r}; the profiles are {', '.join(profile_names())}; or give a .toml file"
    )


@pytest.mark.parametrize("name", ["none.toml", "./rug", "../rug.toml", "/rug", "none.TOML"])
def test_what_looks_like_a_file_is_one(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PolicyError, match="there is no such profile file; check its name"):
        load_profile(name)


def test_the_register_reckons_from_every_event_a_profile_may_name() -> None:
    from avg_video.register.deadlines import EVENTS

    assert set(get_args(Event)) - {"not-stated"} == set(EVENTS)


def test_every_single_word_of_a_profile_has_a_place_to_be_given() -> None:
    words = {"audio", "purpose", "legal_basis", "needs_consent", "no_consent_of", "objection", "controller"}
    assert set(Places.model_fields) == words
    assert words <= set(Profile.model_fields)


ODD = [3, -1, 1.5, True, "x", "", [], {}, [3], ["x"], [[]], [{}], {"en": 3}, {"x": {}}]


def paths(model: type[BaseModel], before: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where in a file something may stand, lists by their first item."""
    for name, field in model.model_fields.items():
        here: tuple[str | int, ...] = (*before, name)
        yield here
        if get_origin(field.annotation) is tuple:
            here = (*here, 0)
            yield here
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from paths(kind, here)


def put(path: tuple[str | int, ...], value: object) -> object:
    """A table that holds just that value at that place."""
    for part in reversed(path):
        value = [value] if part == 0 else {part: value}
    return value


@pytest.mark.parametrize("path", list(paths(Profile)), ids=lambda path: ".".join(map(str, path)))
def test_whatever_stands_wherever_is_taken_or_refused(path: tuple[str | int, ...]) -> None:
    bare = {"name": "a", "version": 1, "title": {"en": "a", "nl": "b"}, "source": {"en": "a", "nl": "b"}}
    for value in ODD:
        table = put(path, value)
        assert isinstance(table, dict)
        with contextlib.suppress(PolicyError):
            profile_from({**bare, **table})


def test_the_places_that_were_tried_are_all_of_them() -> None:
    tried = {".".join(map(str, path)) for path in paths(Profile)}
    assert {
        "retention.more.0.text.nl",
        "breach.hours",
        "no_consent_of.0",
        "recipients.0.place",
        "places.audio",
    } <= tried


GUIDE = Path(__file__).parents[2] / "docs" / "profiles.md"


def test_the_example_of_the_guide_is_a_profile(tmp_path: Path) -> None:
    text = GUIDE.read_text(encoding="utf-8")
    own = load_profile(written(tmp_path, text.split("```toml\n")[1].split("```")[0]))
    assert (own.extends, own.needs_consent, own.no_consent_of) == ("rug", True, ("teacher",))
    assert reckoned(own.retention.output) == [{"after": "course-end", "weeks": 2}, {"after": "school-year-end"}]
    assert [check.id for check in own.checklist] == ["camera-of-school", "informed"]


@pytest.mark.parametrize("name", SHIPPED)
def test_the_table_of_the_guide_says_what_the_profile_does(name: str) -> None:
    row = next(line for line in GUIDE.read_text(encoding="utf-8").splitlines() if line.startswith(f"| `{name}`"))
    _, _, _, consent, kept, _ = (cell.strip() for cell in row.split("|"))
    profile = load_profile(name)
    assert consent.startswith("yes") is profile.needs_consent
    assert ("sound dropped" in consent) is (profile.audio == "drop")
    assert ("may object" in consent) is profile.objection
    assert (kept == "not stated") is (profile.retention.output is None)
