"""The policy file: what is accepted, and one clear line for everything that is not."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avg_video.errors import PolicyError
from avg_video.policy.document import Policy, load_policy, parse_policy
from tests.policy.worlds import quick

WHOLE_FILE = """\
profile = "iclon"
purpose = "teacher-training"
audio = "keep"
[[mute]]
from = "00:00:01"
to = 2.5
[[consent_region]]
polygon = [[0.0, 0.35], [0.55, 0.35], [0.55, 1], [0.0, 1.0], [0.0, 0.35]]
from = 00:00:03
[[objected]]
pupil = "L07"
at = { t = "00:03:12.5", x = 0.42, y = 0.55 }
[[objected]]
seat = [[0.10, 0.50], [0.20, 0.50], [0.20, 0.70], [0.10, 0.70]]
from = 1
to = 9
[[show]]
who = "teacher"
at = { t = "00:00:05", x = 0.5, y = 0.4 }
"""


def test_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "klas.avg.toml"
    path.write_text(WHOLE_FILE, encoding="utf-8")
    policy = load_policy(path)
    assert (policy.profile, policy.purpose, policy.audio) == ("iclon", "teacher-training", "keep")
    assert policy.mutes_s == ((1.0, 2.5),)
    region = policy.consent_region[0]
    assert region.polygon == ((0.0, 0.35), (0.55, 0.35), (0.55, 1.0), (0.0, 1.0))
    assert (region.start_s, region.end_s) == (3.0, None)
    by_point, by_seat = policy.objected
    assert by_point.at is not None
    assert (by_point.rule(1), by_point.at.t, by_point.at.x, by_point.at.y) == ("objected L07", 192.5, 0.42, 0.55)
    assert (by_seat.rule(2), by_seat.start_s, by_seat.end_s) == ("objected 2", 1.0, 9.0)
    assert policy.show[0].rule == "show teacher"
    assert policy.file_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_default_shows_nobody_and_drops_the_sound() -> None:
    policy = Policy()
    assert policy.audio is None, "as the profile says, else dropped"
    assert (policy.consent_region, policy.show, policy.objected, policy.mutes_s) == ((), (), (), ())
    assert policy.file_sha256 is None
    assert parse_policy("") == policy


def test_the_mark_and_the_line_ends_of_windows_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_bytes(b"\xef\xbb\xbf" + WHOLE_FILE.replace("\n", "\r\n").encode())
    assert load_policy(path).model_dump() == parse_policy(WHOLE_FILE).model_dump()


SQUARE = "[[0, 0], [1, 0], [1, 1]]"
FRACTIONS = "write fractions of the upright picture"
CORNERS = "list at least three corners in order around the place, without crossing"
TIME = 'write "HH:MM:SS" in quotes, such as "00:03:12.5", or seconds'
TOKEN = "use a token such as L07 (one to three capitals, then digits); never a name"
ORDER = "give a stretch of time, from its start to its end"
WHO = "add at = { t = ..., x = ..., y = ... } or seat = [[x, y], ...]"
WORD = "use lower-case letters, digits and hyphens, such as teacher; never a name"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("audo = 'keep'", "unknown key audo; did you mean audio?"),
        ("[[mute]]\nwho = 1\nfrom = 1\nto = 2", "mute 1: unknown key who; the keys are from, to"),
        (
            f"[[consent_region]]\npoligon = {SQUARE}",
            "consent_region 1: unknown key poligon (and 1 more); did you mean polygon?",
        ),
        ("[[show]]\nwho='a'\nat={t=1,x=0,y=0,z=0}", "show 1, at: unknown key z; the keys are t, x, y"),
        (
            f"[[consent_region]]\nstart_s = 1\npolygon = {SQUARE}",
            "consent_region 1: unknown key start_s; the keys are from, to, polygon, pupils, withheld",
        ),
        ("audio = 'both'", "audio: it is not 'drop' or 'keep'; write one of these in quotes"),
        (
            "[consent_region]",
            "consent_region: it is not a list of tables; write [[consent_region]] with two brackets on each side",
        ),
        ("mute = [3]", "mute 1: it is not a table; give it the keys from, to"),
        ("[[objected]]\nat = 3", "objected 1, at: it is not a table; give it the keys t, x, y"),
        ("[[consent_region]]", "consent_region 1: polygon is missing; add polygon = ..."),
        ("[[mute]]\nfrom = 1", "mute 1: to is missing; add to = ..."),
        (
            f"[[consent_region]]\npolygon={SQUARE}\n[[consent_region]]\npolygon = [[0, 0], [1, 0], [1.2, 1]]",
            f"consent_region 2, polygon point 3: 1.2 is outside 0..1; {FRACTIONS}",
        ),
        (
            "[[consent_region]]\npolygon = [[0, 0], [1, -0.1], [1, 1]]",
            f"consent_region 1, polygon point 2: -0.1 is outside 0..1; {FRACTIONS}",
        ),
        (
            "[[consent_region]]\npolygon = [[0, 0], [1, nan], [1, 1]]",
            f"consent_region 1, polygon point 2: the number is outside 0..1; {FRACTIONS}",
        ),
        (
            "[[consent_region]]\npolygon = [[0, 0], [true, 0], [1, 1]]",
            f"consent_region 1, polygon point 2: it is not a number; {FRACTIONS}, from 0 to 1",
        ),
        (
            "[[consent_region]]\npolygon = [[0, 0], [1, 0, 1], [1, 1]]",
            "consent_region 1, polygon point 2: it is not a point; write [x, y] in fractions of the upright picture",
        ),
        (
            "[[consent_region]]\npolygon = 'all'",
            "consent_region 1, polygon: it is not a list of points; "
            "write [[x, y], [x, y], [x, y]] in fractions of the upright picture",
        ),
        (
            "[[consent_region]]\npolygon = [[0, 0], [1, 1]]",
            f"consent_region 1, polygon: 2 points make no area; {CORNERS}",
        ),
        (
            "[[objected]]\nseat = [[0, 0], [1, 1], [1, 0], [0, 1]]",
            f"objected 1, seat: its sides from point 1 and from point 3 cross; {CORNERS}",
        ),
        (
            f"[[consent_region]]\npolygon = [{'[0.5, 0.5],' * 65}]",
            "consent_region 1, polygon: it has more than 64 points; draw it with fewer",
        ),
        ("[[mute]]\nfrom = '1:00'\nto = 3", f"mute 1, from: it is not a time; {TIME}"),
        ("[[mute]]\nfrom = -1\nto = 3", f"mute 1, from: it lies before the start; {TIME}"),
        ("[[mute]]\nfrom = 3\nto = 3", f"mute 1: to is not after from; {ORDER}"),
        (f"[[consent_region]]\npolygon={SQUARE}\nto = 0", f"consent_region 1: to is not after from; {ORDER}"),
        ("[[objected]]\npupil = 'L07'", f"objected 1: it says nobody; {WHO}"),
        (
            "[[objected]]\nat = {t=1,x=0,y=0}\nfrom = 1",
            "objected 1: from and to go with a seat; take them out, or add seat = [[x, y], ...]",
        ),
        ("[[objected]]\npupil = 'Noor'\nat = {t=1,x=0,y=0}", f"objected 1, pupil: it is not a token; {TOKEN}"),
        ("[[objected]]\npupil = 'NOOR'\nat = {t=1,x=0,y=0}", f"objected 1, pupil: it is not a token; {TOKEN}"),
        ("[[objected]]\npupil = 7\nat = {t=1,x=0,y=0}", f"objected 1, pupil: it is not a token; {TOKEN}"),
        ("[[show]]\nwho = 'Mevrouw X'\nat = {t=1,x=0,y=0}", f"show 1, who: it is not a short word; {WORD}"),
        ("[[show]]\nwho = 'teacher\\n'\nat = {t=1,x=0,y=0}", f"show 1, who: it is not a short word; {WORD}"),
        ("profile = 'ICLON'", f"profile: it is not a short word; {WORD}"),
        ("purpose = 3", f"purpose: it is not a short word; {WORD}"),
        ("[[show]]\nwho = 'a'\nat = {t=1,x=0.5,y=1.5}", f"show 1, at y: 1.5 is outside 0..1; {FRACTIONS}"),
        ("[[mute]]\nfrom = 1\nto = 2\n" * 201, "mute: there are more than 200 of them; keep the ones that matter"),
        ("a = " + "[" * 5000, "its brackets are nested too deeply; write it flat"),
        ("a = " + "1" * 5000, "it is not TOML (a number is too long); correct that place"),
        ("a" + ".a" * 3000 + " = 1", "line 1 is too long; break it into several"),
        ("\n# " + "x" * 9000, "line 2 is too long; break it into several"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, text: str, line: str) -> None:
    path = tmp_path / "klas.avg.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        load_policy(path)
    assert str(caught.value) == f"{path}: {line}"
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("text", ["audio", "audio = 'drop'\naudio = 'keep'", "[[show]", "a = \x01"])
def test_what_is_not_toml_says_where(text: str) -> None:
    with pytest.raises(PolicyError, match=r"^it is not TOML \(.+ \(at .+\)\); correct that place$"):
        parse_policy(text)


def test_a_name_never_reaches_the_message() -> None:
    with pytest.raises(PolicyError) as caught:
        parse_policy("[[objected]]\npupil = 'Zebedeus'\nat = {t=1,x=0,y=0}\n[[show]]\nwho='Zebedeus Q'")
    assert "Zebedeus" not in str(caught.value)


@pytest.mark.parametrize("table", ["consent_region", "objected", "show", "mute"])
def test_every_table_refuses_unknown_keys(table: str) -> None:
    with pytest.raises(PolicyError, match="unknown key extra"):
        parse_policy(f"[[{table}]]\nextra = 1")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PolicyError) as caught:
        load_policy(tmp_path / "none.toml")
    assert str(caught.value) == f"{tmp_path / 'none.toml'}: there is no such policy file; check its name"


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(PolicyError) as caught:
        load_policy(tmp_path)
    assert str(caught.value) == f"{tmp_path}: it is a folder; give a policy file (NAME.avg.toml)"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with a name are a POSIX matter")
def test_a_pipe_is_refused_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p")
    with pytest.raises(PolicyError, match="it is not a plain file"):
        load_policy(tmp_path / "p")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text("")
    path.chmod(0)
    with pytest.raises(PolicyError, match="can't be read"):
        load_policy(path)


def test_a_name_that_no_file_can_have(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"can't be read|no such"):
        load_policy(tmp_path / "a\0b")


def test_a_large_file(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_bytes(b"# \n" * 333_334)
    with pytest.raises(PolicyError, match="it is larger than 1 MB"):
        load_policy(path)
    path.write_bytes(b"# \n" * 333_333)
    assert load_policy(path).model_dump() == Policy().model_dump()


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_bytes(b"audio = 'drop'\n# caf\xe9\n")
    with pytest.raises(PolicyError, match=r"line 2 is not UTF-8; save it as UTF-8"):
        load_policy(path)


TABLES = "[[objected]] [[show]] [[consent_region]] [[mute]]"
KEYS = "pupil at seat polygon from to t x y who"
VALUES = """"L07" "00:00:01" "teacher" 0.5 1e999 nan -1 true"""
WORDS = st.sampled_from([*f"{TABLES} {KEYS} {VALUES}".split(), *"={}[],.\n"])


@quick
@given(st.one_of(st.text(max_size=80), st.lists(WORDS, max_size=25).map(" ".join)))
def test_any_text_is_a_policy_or_one_line(text: str) -> None:
    try:
        parse_policy(text)
    except PolicyError as error:
        line = str(error)
    else:
        line = "fine; nothing to do"
    assert "\n" not in line
    assert "; " in line


PAPERS = """\
profile = "ap"
purpose = "open-day"
legal_basis = "consent"
controller = "Scholengroep De Brug"
contact = "privacy@school.example"
operator_role = "student-teacher"
recipients = ["parents", "pupils"]
confirm = ["consent-free", "secured"]
dpia_ref = "DPIA-2026/03"
register_ref = "V12"
[[reviewed]]
from = "00:00:10"
to = "00:01:00"
[[reviewed]]
from = 90
[[consent_region]]
polygon = [[0, 0], [1, 0], [1, 1]]
pupils = ["L01", "L02"]
[[show]]
who = "pupil"
pupil = "L07"
at = { t = 1, x = 0.5, y = 0.5 }
withheld = true
"""


def test_what_a_policy_says_about_the_processing() -> None:
    policy = parse_policy(PAPERS)
    assert (policy.legal_basis, policy.controller, policy.contact) == (
        "consent",
        "Scholengroep De Brug",
        "privacy@school.example",
    )
    assert (policy.operator_role, policy.recipients) == ("student-teacher", ("parents", "pupils"))
    assert (policy.confirm, policy.dpia_ref, policy.register_ref) == (
        ("consent-free", "secured"),
        "DPIA-2026/03",
        "V12",
    )
    assert [(r.start_s, r.end_s) for r in policy.reviewed] == [(10.0, 60.0), (90.0, None)]
    assert not policy.reviewed_all
    assert policy.consent_region[0].pupils == ("L01", "L02")
    assert (policy.show[0].pupil, policy.show[0].withheld, policy.show[0].rule) == ("L07", True, "show pupil L07")


def test_everything_may_have_been_watched() -> None:
    assert parse_policy('reviewed = "all"').reviewed_all
    assert not parse_policy("").reviewed_all
    assert parse_policy("").reviewed == ()


FUNCTION = "give the address of a function, such as privacy@school.example"
ADDRESS = "give the e-mail or https address of a function, such as privacy@school.example"
REFERENCE = "write a number such as DPIA-2026-03: letters, digits and . _ / -, with at least one digit"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("contact = 'a.b.dejong@school.example'", f"contact: it looks like the address of a person; {FUNCTION}"),
        ("contact = 'Jan de Jong'", f"contact: it is no address; {ADDRESS}"),
        ("contact = 'http://school.example'", f"contact: it is no address; {ADDRESS}"),
        ("contact = 3", f"contact: it is no address; {ADDRESS}"),
        ("operator_role = 'Jan'", f"operator_role: it is not a short word; {WORD}"),
        ("recipients = ['Jan']", f"recipients 1: it is not a short word; {WORD}"),
        ("recipients = 'parents'", 'recipients: it is not a list; write ["...", "..."]'),
        ("confirm = ['a', 'a']", "confirm: one of them stands there twice; write each once"),
        ("dpia_ref = 'Jan de Jong'", f"dpia_ref: it is not a reference; {REFERENCE}"),
        ("register_ref = 'jan'", f"register_ref: it is not a reference; {REFERENCE}"),
        (
            "controller = ''",
            "controller: it is not the name of an organisation; "
            "write one line of at most 120 characters, such as the school's name",
        ),
        (
            "controller = 'a@b.example'",
            "controller: it is an address; write the organisation here, and the address under contact",
        ),
        ("[[show]]\nwho='a'\npupil='Jan'\nat={t=1,x=0,y=0}", f"show 1, pupil: it is not a token; {TOKEN}"),
        (
            f"[[consent_region]]\npupils=['jan']\npolygon={SQUARE}",
            f"consent_region 1, pupils 1: it is not a token; {TOKEN}",
        ),
        (
            f"[[consent_region]]\nwithheld=1\npolygon={SQUARE}",
            "consent_region 1, withheld: it is neither true nor false; write true or false, without quotes",
        ),
        (
            "reviewed = true",
            'reviewed: it is neither all nor a list of stretches; write reviewed = "all", or [[reviewed]] with '
            "from and to",
        ),
        ("[[reviewed]]\nfrom = 3\nto = 2", f"reviewed 1: to is not after from; {ORDER}"),
    ],
)
def test_what_could_be_a_name_is_refused(text: str, line: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_policy(text)
    assert str(caught.value) == line
