"""Before a run and after it: guideline, checklist, consents, log and register."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from avg_video.errors import CheckFailed, OutputError, PolicyError, UsageError
from avg_video.papers.office import Office, Papers, prepare
from avg_video.policy.document import Policy, parse_policy
from avg_video.policy.profile import load_profile, profile_names
from avg_video.record.log import read_lines
from avg_video.record.model import RecipientEntry, Record, RoleEntry
from avg_video.record.store import record_text
from avg_video.register.answers import read_answer
from avg_video.register.consents import add, withdraw
from avg_video.register.database import open_register
from avg_video.register.runs import reference
from avg_video.verification.log import check_log
from tests.record.samples import person, record

AP = parse_policy(
    """
profile = "ap"
purpose = "open-day"
confirm = ["consent-free"]
[[show]]
who = "pupil"
pupil = "L05"
at = { t = 0, x = 0.5, y = 0.5 }
"""
)
DAY = date(2026, 3, 1)


def says_yes(register: Path, token: str = "L05", purpose: str = "open-day") -> None:
    fields = {
        "token": token,
        "age_group": "16-plus",
        "given_by": "pupil",
        "purpose": purpose,
        "answer": "given",
        "given_on": "2026-01-05",
        "valid_until": "",
        "proof": "binder 3, form 12",
    }
    with open_register(register) as opened:
        add(opened, read_answer(fields, DAY))


def showing(rule: str) -> Record:
    """A record in which one person is visible by that rule."""
    shown = person(1, verdict="show", reason="shown-point", rule=rule)
    return record(people=(shown,), covered=0, shown=1)


def file(papers: Papers, made: Record, folder: Path, names: list[str] | None = None) -> None:
    """Let `papers` file a run whose copy gets its name in `folder`."""
    digest = hashlib.sha256(record_text(made).encode()).hexdigest()
    places = {name: folder / f"les.{name}" for name in ("source", "output", "record_path")}
    with papers.filed(made, digest, **places):
        if names is None:
            raise OutputError("the disk is full", remedy="free some space", file=folder)
        names.append("named")


def test_without_anything_nothing_is_stated_and_nobody_is_asked(tmp_path: Path) -> None:
    papers = prepare(Office(), Policy())
    assert papers.policy == Policy()
    assert (papers.warnings, papers.needs_look, papers.findings) == ((), False, ())
    said = papers.statement(record().run_id, 10.0)
    assert (said.legal_basis, said.profile, said.register_ref) == ("not-stated", None, None)


def test_profile_fills_in_what_the_policy_leaves_open() -> None:
    papers = prepare(Office(profile="rug"), Policy())
    said = papers.statement(record().run_id, 10.0)
    assert said.profile is not None
    assert (papers.policy.profile, papers.policy.audio, said.profile.name) == ("rug", "drop", "rug")
    assert (said.breach_hours, said.breach_contact) == (24, "cert@security.rug.nl")
    assert said.keep_output is not None
    assert (said.keep_output.after, said.keep_output.weeks) == ("upload", 4)
    assert said.legal_basis == "not-stated"  # the guideline names none
    latest = prepare(Office(profile="iclon"), Policy()).statement(record().run_id, 10.0).keep_output
    assert latest is not None
    assert (latest.after, latest.months, latest.latest) == ("recording", 6, "study-end")
    own = parse_policy(
        'profile = "rug"\npurpose = "research"\nlegal_basis = "consent"\nrecipients = ["examiner"]\naudio = "keep"'
    )
    papers = prepare(Office(), own)
    said = papers.statement(record().run_id, 10.0)
    assert (said.purpose, said.legal_basis) == ("research", "consent")
    assert said.recipients == (RecipientEntry(text="examiner"),)
    assert papers.policy.audio == "keep"


def test_whatever_comes_from_a_guideline_has_its_place() -> None:
    for name in (name for name in profile_names() if load_profile(name).extends is None):
        profile, said = load_profile(name), prepare(Office(profile=name), Policy()).statement(record().run_id, 10.0)
        assert [(who.text, who.place) for who in said.recipients] == [(w.en, w.place) for w in profile.recipients]
        assert [(where.text, where.place) for where in said.storage] == [(w.en, w.place) for w in profile.storage]
        assert all(rule.place for rule in said.rules)
        kept = ("needs_consent", "no_consent_of", "objection", "audio")
        assert [rule.place for rule in said.rules[: sum(bool(getattr(profile, key)) for key in kept)]] == [
            getattr(profile.places, key) for key in kept if getattr(profile, key)
        ]
        assert (said.purpose_place, said.legal_basis_place) == (profile.places.purpose, profile.places.legal_basis)
        assert said.breach_place == (profile.breach.place if profile.breach else None)
    assert said.profile is not None
    own = parse_policy(
        'profile = "cvo"\npurpose = "x"\nlegal_basis = "consent"\ncontroller = "School"\nrecipients = ["a"]'
    )
    told = prepare(Office(), own).statement(record().run_id, 10.0)
    assert (told.legal_basis_place, told.purpose_place, told.controller_place) == (None, None, None)
    assert [who.place for who in told.recipients] == [None]


def test_who_is_shown_by_role_is_the_statement_of_the_user() -> None:
    teacher = '\n[[show]]\nwho = "teacher"\nat = { t = 0.0, x = 0.5, y = 0.5 }'
    pupil = '\n[[show]]\nwho = "pupil"\npupil = "L07"\nat = { t = 0.0, x = 0.2, y = 0.5 }'
    place = load_profile("cvo").places.no_consent_of
    for profile, where in (('profile = "cvo"', place), ('profile = "rug"', None), ("", None)):
        papers = prepare(Office(), parse_policy(profile + teacher + pupil), shown={1: "teacher", 2: "L08", 3: None})
        assert papers.statement(record().run_id, 10.0).shown_by_role == (
            RoleEntry(role="teacher", line="show teacher", place=where),
            RoleEntry(role="teacher", line="--show 1 teacher", place=where),
        )
    # Where consent is needed of everybody, such a line shows nobody, so it states nothing.
    withheld = prepare(Office(), parse_policy('profile = "ap"' + teacher), shown={1: "teacher"})
    assert withheld.statement(record().run_id, 10.0).shown_by_role == ()


def test_what_is_not_confirmed_needs_a_look_and_stands_in_the_record() -> None:
    missing = prepare(Office(profile="rug"), Policy())
    assert missing.needs_look
    assert "not confirmed of the checklist of rug: informed" in missing.warnings[0]
    confirmed = prepare(Office(profile="rug", confirmed=("informed",)), Policy())
    assert (confirmed.needs_look, confirmed.warnings) == (False, ())
    for papers, is_confirmed in ((missing, False), (confirmed, True)):
        [check] = papers.statement(record().run_id, 10.0).checklist
        assert (check.id, check.confirmed) == ("informed", is_confirmed)
    by_policy = prepare(Office(), parse_policy('profile = "rug"\nconfirm = ["informed"]'))
    assert not by_policy.needs_look


def test_what_can_t_be_meant_is_refused() -> None:
    with pytest.raises(UsageError, match="informd is not on the checklist of rug; confirm some of informed"):
        prepare(Office(profile="rug", confirmed=("informd",)), Policy())
    with pytest.raises(UsageError, match="nothing can be confirmed without a profile"):
        prepare(Office(confirmed=("informed",)), Policy())
    with pytest.raises(PolicyError, match="the policy names the profile iclon"):
        prepare(Office(profile="rug"), parse_policy('profile = "iclon"'))
    with pytest.raises(PolicyError, match="there is no profile called 'rugg'"):
        prepare(Office(profile="rugg"), Policy())


def test_register_is_begun_only_when_asked_for_or_under_a_profile(tmp_path: Path) -> None:
    register = tmp_path / "register.sqlite"
    quiet = Office(register=register, register_anew=False)
    assert prepare(quiet, Policy()).office.register is None
    assert not register.exists()
    assert prepare(quiet, parse_policy('profile = "rug"')).office.register == register
    assert register.exists()
    assert prepare(quiet, Policy()).office.register == register  # there is one now
    assert prepare(Office(register=tmp_path / "own.sqlite"), Policy()).office.register is not None


def test_consent_decides_who_is_shown(tmp_path: Path) -> None:
    register = tmp_path / "register.sqlite"
    office = Office(register=register)
    assert prepare(office, AP, today=DAY).policy.show[0].withheld
    assert prepare(Office(), AP, today=DAY).policy.show[0].withheld  # nobody to ask: unknown
    says_yes(register, purpose="website")
    assert prepare(office, AP, today=DAY).policy.show[0].withheld  # for another purpose
    says_yes(register)
    papers = prepare(office, AP, today=DAY)
    assert not papers.policy.show[0].withheld
    [consent] = papers.statement(record().run_id, 10.0).consents
    assert (consent.token, consent.state, consent.line) == ("L05", "given", "show pupil L05")
    assert prepare(office, AP, today=date(2026, 1, 4)).policy.show[0].withheld  # the day before
    by_number = prepare(office, Policy(profile="ap", purpose="open-day"), shown={1: "L05", 2: None}, today=DAY)
    assert (by_number.shown, by_number.objected) == (frozenset({1}), frozenset({2}))


def test_a_register_that_was_not_asked_is_told(tmp_path: Path) -> None:
    named = AP.model_copy(update={"profile": None, "confirm": ()})
    papers = prepare(Office(), named)
    assert papers.needs_look
    assert papers.warnings == ("whether somebody said no was not looked up in a register, for: L05",)
    assert prepare(Office(), Policy(), shown={3: "L08"}).needs_look
    assert not prepare(Office(), Policy(), shown={3: "teacher"}).needs_look  # whose no could it be?
    assert not prepare(Office(register=tmp_path / "register.sqlite"), named).needs_look


def test_who_said_no_since_an_earlier_copy_is_shown_by_no_line_that_names_nobody(tmp_path: Path) -> None:
    register, source = tmp_path / "register.sqlite", tmp_path / "les.source"
    source.write_bytes(b"the recording")
    says_yes(register)
    made = showing("show pupil L05")
    of_source = made.input.model_copy(update={"sha256": hashlib.sha256(b"the recording").hexdigest()})
    office = Office(register=register)
    file(prepare(office, AP, today=DAY), made.model_copy(update={"input": of_source}), tmp_path, [])
    region = parse_policy('purpose = "open-day"\n[[consent_region]]\npolygon = [[0, 0], [1, 0], [1, 1]]')
    assert not prepare(office, region, source=source).needs_look
    with open_register(register) as opened:
        withdraw(opened, "L05", purpose="open-day")
    papers = prepare(office, region, shown={3: None}, source=source)
    assert papers.policy.consent_region[0].withheld
    assert (papers.shown, papers.objected, papers.needs_look) == (frozenset(), frozenset({3}), True)
    assert [consent.state for consent in papers.statement(made.run_id, 1.0).consents] == ["withdrawn", "withdrawn"]
    assert prepare(office, region, source=of_source.sha256).policy.consent_region[0].withheld
    (tmp_path / "other").write_bytes(b"another recording")
    assert not prepare(office, region, source=tmp_path / "other").needs_look
    elsewhere = region.model_copy(update={"purpose": "website"})
    assert not prepare(office, elsewhere, source=source).needs_look  # the no was for the open day


def test_log_and_register_know_the_copy_when_it_has_its_name(tmp_path: Path) -> None:
    register, log = tmp_path / "register.sqlite", tmp_path / "avg-log.jsonl"
    says_yes(register)
    papers = prepare(Office(register=register, log=log), AP, today=DAY)
    made, named = showing("show pupil L05"), list[str]()
    file(papers, made, tmp_path, named)
    assert named == ["named"]
    lines, ended = read_lines(log)
    assert (len(lines), ended) == (1, True)
    with open_register(register) as opened, opened.reading() as db:
        [row] = db.execute("SELECT * FROM output").fetchall()
        assert (row["sha256"], row["purpose"], row["profile"]) == (made.output.sha256, "open-day", "ap")
        assert [token for (token,) in db.execute("SELECT token FROM shown")] == ["L05"]
    assert papers.statement(made.run_id, 1.0).register_ref == reference(made.run_id)


def everything_in(register: Path) -> list[int]:
    """How many rows of each table there are."""
    with open_register(register) as opened, opened.reading() as db:
        tables = ("recording", "place", "output", "shown", "event")
        return [db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables]


def test_copy_that_got_no_name_leaves_nothing(tmp_path: Path) -> None:
    register, log = tmp_path / "register.sqlite", tmp_path / "avg-log.jsonl"
    says_yes(register)
    papers = prepare(Office(register=register, log=log), AP, today=DAY)
    before = everything_in(register)
    with pytest.raises(OutputError, match="the disk is full"):
        file(papers, showing("show pupil L05"), tmp_path)
    assert everything_in(register) == before
    assert not log.exists()


def test_line_of_a_copy_that_got_no_name_stays_in_a_log_that_was_there(tmp_path: Path) -> None:
    """Nothing is ever taken out of a log: others may have gone on after that line."""
    log = tmp_path / "avg-log.jsonl"
    papers = prepare(Office(log=log), Policy())
    file(papers, record(), tmp_path, [])
    with pytest.raises(OutputError, match="the disk is full"):
        file(papers, record(), tmp_path)
    file(papers, record(), tmp_path, [])
    check = check_log(log)
    assert (len(check.lines), check.faults, check.doubts) == (3, [], [])


def test_copy_has_its_row_before_its_name_and_says_so_when_the_power_fails(tmp_path: Path) -> None:
    """Whoever looks while names are given, or after a run that was killed there, finds the copy and who is shown."""
    register, log = tmp_path / "register.sqlite", tmp_path / "avg-log.jsonl"
    says_yes(register)
    papers, made = prepare(Office(register=register, log=log), AP, today=DAY), showing("show pupil L05")
    digest = hashlib.sha256(record_text(made).encode()).hexdigest()
    places = {name: tmp_path / f"les.{name}" for name in ("source", "output", "record_path")}
    with papers.filed(made, digest, **places), open_register(register) as other:
        (copy,) = withdraw(other, "L05", on=date.today()).copies
        assert copy.path == places["output"]
        assert [entry.output for entry in check_log(log).entries.values()] == [made.output.sha256]
    with open_register(register) as opened, opened.reading() as db:
        assert [row["state"] for row in db.execute("SELECT state FROM output")] == ["make-again"]


def test_ctrl_c_after_the_copy_got_its_name_takes_nothing_back(tmp_path: Path) -> None:
    register, log = tmp_path / "register.sqlite", tmp_path / "avg-log.jsonl"
    papers = prepare(Office(register=register, log=log), Policy())
    made = record()
    made = made.model_copy(update={"output": made.output.model_copy(update={"sha256": sha256(b"a copy")})})
    places = {name: tmp_path / f"les.{name}" for name in ("source", "output", "record_path")}

    def interrupted() -> None:
        with papers.filed(made, sha256(b"its record"), **places):
            places["output"].write_bytes(b"a copy")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert len(check_log(log).lines) == 1
    with open_register(register) as opened, opened.reading() as db:
        assert [row["sha256"] for row in db.execute("SELECT sha256 FROM output")] == [sha256(b"a copy")]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_consent_withdrawn_while_the_copy_is_made_stops_it(tmp_path: Path) -> None:
    register, log = tmp_path / "register.sqlite", tmp_path / "avg-log.jsonl"
    says_yes(register)
    papers = prepare(Office(register=register, log=log), AP, today=DAY)
    with open_register(register) as opened:
        withdraw(opened, "L05", on=date.today())
    named: list[str] = []
    with pytest.raises(CheckFailed, match="L05 said no while the copy was being made; run it again"):
        file(papers, showing("show pupil L05"), tmp_path, named)
    assert named == []
    assert not log.exists()
    file(papers, replace_people(showing("show pupil L05")), tmp_path, named)  # somebody else's copy is none of theirs
    assert named == ["named"]


def replace_people(made: Record) -> Record:
    return record(run_id=made.run_id, people=(), covered=0, shown=0)


def test_place_of_the_log_is_known_before_any_work(tmp_path: Path) -> None:
    log = tmp_path / "avg-log.jsonl"
    log.write_text("shopping list\n")
    with pytest.raises(UsageError, match="last line"):
        prepare(Office(log=log), Policy())
    assert log.read_text() == "shopping list\n"


@pytest.mark.parametrize(
    ("reviewed", "all_of_it", "stretches"),
    [
        ('reviewed = "all"', True, ()),
        ("[[reviewed]]\nfrom = 0\nto = 60", True, ()),
        ("[[reviewed]]\nfrom = 5\nto = 9\n[[reviewed]]\nfrom = 1\nto = 2", False, ((1.0, 2.0), (5.0, 9.0))),
        ("[[reviewed]]\nfrom = 1\nto = 4\n[[reviewed]]\nfrom = 3\nto = 5", False, ((1.0, 5.0),)),
        ("[[reviewed]]\nfrom = 50\nto = 60", False, ()),
        ("", False, ()),
    ],
)
def test_what_a_person_watched(reviewed: str, all_of_it: bool, stretches: tuple[tuple[float, float], ...]) -> None:
    review = prepare(Office(), parse_policy(reviewed)).statement(record().run_id, 10.0).human_review
    assert (review.done, review.all, review.stretches_s) == (bool(all_of_it or stretches), all_of_it, stretches)


def test_office_travels_to_other_processes() -> None:
    import pickle

    office = Office("rug", ("informed",), Path("log"), Path("register"))
    assert pickle.loads(pickle.dumps(office)) == office
    assert replace(office, register_anew=False) != office
