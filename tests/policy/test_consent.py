"""Consents on record against the lines of a policy: whoever may not be shown is not, and the record can say why."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avg_video.policy.consent import STATES, Finding, apply_consents, purpose_of, tokens_asked, tokens_behind
from avg_video.policy.document import Policy
from avg_video.policy.profile import load_profile
from tests.policy.worlds import WHOLE, judged, quick, reasons, track

AT = {"t": 1, "x": 0.1, "y": 0.5}
AP, RUG, AERES_3, AERES_4, CVO = (load_profile(name) for name in ("ap", "rug", "aeres-3", "aeres-4", "cvo"))


def policy(**tables: Any) -> Policy:
    return Policy.model_validate(tables)


def one_show(pupil: str | None = "L07", who: str = "pupil") -> Policy:
    line = {"who": who, "at": AT} | ({} if pupil is None else {"pupil": pupil})
    return policy(show=[line])


@pytest.mark.parametrize("state", [*STATES, None])
def test_with_ap_a_person_is_shown_only_with_a_valid_consent(state: str | None) -> None:
    done = apply_consents(one_show(), {} if state is None else {"L07": state}, profile=AP)
    assert done.policy.show[0].withheld is (state != "given")
    assert done.needs_look is (state != "given")
    assert bool(done.warnings) is (state != "given")
    assert done.findings == (Finding("L07", state or "unknown", "show pupil L07"),)


@pytest.mark.parametrize(
    ("state", "withheld", "warned"),
    [
        ("given", False, False),
        ("unknown", False, False),
        ("expired", False, True),
        ("invalid", False, True),
        ("refused", True, True),
        ("withdrawn", True, True),
    ],
)
@pytest.mark.parametrize("profile", [RUG, None])
def test_where_no_consent_is_needed_only_a_no_covers(profile: Any, state: str, withheld: bool, warned: bool) -> None:
    done = apply_consents(one_show(), {"L07": state}, profile=profile)
    assert (done.policy.show[0].withheld, bool(done.warnings), done.needs_look) == (withheld, warned, withheld)


def test_without_a_token_nobody_is_shown_where_consent_is_needed() -> None:
    lines = policy(show=[{"who": "pupil", "at": AT}], consent_region=[{"polygon": WHOLE}])
    done = apply_consents(lines, {}, profile=AP)
    assert (done.policy.show[0].withheld, done.policy.consent_region[0].withheld) == (True, True)
    assert done.warnings == (
        "consent_region 1: it shows nobody, because it does not say whose consent it needs",
        "show pupil: it shows nobody, because it does not say whose consent it needs",
    )
    assert apply_consents(lines, {}, profile=RUG).policy == lines
    assert apply_consents(lines, {}, profile=None).policy == lines


def test_a_region_needs_everybody_in_it() -> None:
    region = policy(consent_region=[{"polygon": WHOLE, "pupils": ["L01", "L02", "L03"]}])
    good = {"L01": "given", "L02": "given", "L03": "given"}
    assert apply_consents(region, good, profile=AP).policy == region
    for state in set(STATES) - {"given"}:
        done = apply_consents(region, {**good, "L02": state}, profile=AP)
        assert done.policy.consent_region[0].withheld
        assert [f.state for f in done.findings] == ["given", state, "given"]
        assert "L02" in done.warnings[0]
    assert apply_consents(region, {**good, "L03": "withdrawn"}, profile=RUG).policy.consent_region[0].withheld


def test_a_withdrawal_changes_what_the_same_policy_shows() -> None:
    lines = policy(
        show=[{"who": "pupil", "pupil": "L07", "at": {"t": 1, "x": 0.1, "y": 0.5}}],
        consent_region=[{"polygon": WHOLE, "pupils": ["L01"]}],
    )
    tracks = [track(1, 0, 99, (100, 250)), track(2, 0, 99, (800, 250))]
    before = apply_consents(lines, {"L01": "given", "L07": "given"}, profile=AP)
    after = apply_consents(lines, {"L01": "given", "L07": "withdrawn"}, profile=AP)
    assert reasons(judged(tracks, before.policy.model_dump(by_alias=True))) == {1: "shown-point", 2: "in-region"}
    assert reasons(judged(tracks, after.policy.model_dump(by_alias=True))) == {1: "consent-missing", 2: "in-region"}
    assert after.warnings == ("show pupil L07: it shows nobody, because L07 withdrew consent",)
    assert before.policy.model_dump() != after.policy.model_dump(), "a copy made before must not count as done"


def test_numbers_of_the_command_line() -> None:
    shown = {1: "L05", 2: "L06", 3: None, 4: "teacher"}
    done = apply_consents(Policy(), {"L05": "given", "L06": "refused"}, profile=AP, shown=shown)
    assert (done.shown, done.objected) == ({1}, {2, 3, 4})
    assert [(f.token, f.state, f.rule) for f in done.findings] == [
        ("L05", "given", "--show 1 L05"),
        ("L06", "refused", "--show 2 L06"),
    ]
    done = apply_consents(Policy(), {"L06": "refused"}, profile=RUG, shown=shown)
    assert (done.shown, done.objected) == ({1, 3, 4}, {2})


@pytest.mark.parametrize(
    ("who", "shows"),
    [
        *((who, False) for who in ("pupil", "leerling", "chosen", "student", "girl", "choir-leader")),
        *((who, True) for who in ("teacher", "docent", "parent")),
    ],
)
def test_only_a_role_that_no_pupil_has_may_be_shown_after_a_no(who: str, shows: bool) -> None:
    """Any other word, such as the one that the page of review writes, could mean who said no."""
    lines = policy(show=[{"who": who, "at": AT}])
    done = apply_consents(lines, {}, profile=None, shown={1: who}, said_no={"L07": "withdrawn"})
    assert (done.policy.show[0].withheld, done.shown, done.objected) == (
        not shows,
        frozenset({1} if shows else ()),
        frozenset(() if shows else {1}),
    )
    # A guideline that names the role says that it is none of a pupil's.
    named = RUG.model_copy(update={"no_consent_of": ("choir-leader",)})
    done = apply_consents(lines, {}, profile=named, said_no={"L07": "withdrawn"})
    assert done.policy.show[0].withheld == (not shows and who != "choir-leader")


def test_lines_that_name_nobody_do_not_show_who_said_no_since_an_earlier_copy() -> None:
    lines = policy(
        show=[{"who": "teacher", "at": AT}, {"who": "pupil", "at": AT}, {"who": "pupil", "pupil": "L05", "at": AT}],
        consent_region=[{"polygon": WHOLE}, {"polygon": WHOLE, "pupils": ["L01"]}],
    )
    shown = {1: None, 2: "teacher", 3: "L05"}
    done = apply_consents(lines, {}, profile=None, shown=shown, said_no={"L07": "withdrawn"})
    assert (done.shown, done.objected, done.needs_look) == ({2, 3}, {1}, True)
    assert [line.withheld for line in done.policy.show] == [False, True, False]
    assert [line.withheld for line in done.policy.consent_region] == [True, False]
    assert done.warnings[0] == (
        "consent_region 1: it shows nobody, because it does not say whom it shows, and L07, who could be seen in an "
        "earlier copy of this recording, said no"
    )
    found = [finding.rule for finding in done.findings if (finding.token, finding.state) == ("L07", "withdrawn")]
    assert found == ["consent_region 1", "show pupil", "--show 1"]


@pytest.mark.parametrize("by", ["objected", "show", "number"])
def test_once_a_line_points_at_who_said_no_the_others_count_again(by: str) -> None:
    at = {"pupil": "L07", "at": AT}
    named = policy(**{by: [at if by == "objected" else at | {"who": "pupil"}]} if by != "number" else {})
    lines = named.model_copy(update={"consent_region": policy(consent_region=[{"polygon": WHOLE}]).consent_region})
    shown = {4: "L07"} if by == "number" else None
    done = apply_consents(lines, {"L07": "withdrawn"}, profile=RUG, shown=shown, said_no={"L07": "withdrawn"})
    assert not done.policy.consent_region[0].withheld
    assert not done.shown
    assert all(line.withheld for line in done.policy.show)


def test_a_teacher_who_chose_to_be_filmed_needs_no_consent_on_record() -> None:
    teacher = one_show(None, "teacher")
    assert apply_consents(teacher, {}, profile=AERES_4).policy == teacher
    assert apply_consents(one_show(None, "pupil"), {}, profile=AERES_4).policy.show[0].withheld
    assert apply_consents(teacher, {}, profile=AP).policy.show[0].withheld
    done = apply_consents(Policy(), {}, profile=AERES_4, shown={1: "teacher", 2: None, 3: "assistant"})
    assert (done.shown, done.objected) == ({1}, {2, 3})
    told = apply_consents(one_show("T01", "teacher"), {"T01": "withdrawn"}, profile=AERES_4)
    assert told.policy.show[0].withheld, "a token's own word beats the role"


def test_cvo_asks_consent_of_pupils_and_not_of_the_teacher() -> None:
    teacher = one_show(None, "teacher")
    assert apply_consents(teacher, {}, profile=CVO).policy == teacher
    assert apply_consents(one_show(None, "pupil"), {}, profile=CVO).policy.show[0].withheld


def test_a_consent_holds_for_one_purpose_so_none_holds_without_one() -> None:
    lines = one_show()
    assert purpose_of(lines, AERES_3) is None
    done = apply_consents(lines, {"L07": "given"}, profile=AERES_3)
    assert done.policy.show[0].withheld
    assert done.warnings[0] == "no purpose is stated, and a consent holds for one purpose, so none of them holds"
    stated = lines.model_copy(update={"purpose": "open-day"})
    assert purpose_of(stated, AERES_3) == "open-day"
    assert apply_consents(stated, {"L07": "given"}, profile=AERES_3).policy == stated
    assert purpose_of(lines, AP) == "publication"
    assert purpose_of(stated, AP) == "open-day"
    assert purpose_of(lines, None) is None


def test_sound_that_is_kept_against_the_guideline_is_told() -> None:
    assert apply_consents(Policy(), {}, profile=CVO).warnings == ()
    done = apply_consents(Policy(), {}, profile=CVO, keep_sound=True)
    assert done.needs_look
    assert done.warnings == (
        "the sound is kept: everybody who can be heard must have given consent, which was not checked",
    )
    assert apply_consents(Policy(), {}, profile=RUG, keep_sound=True).warnings == ()


def test_what_was_withheld_by_hand_stays_so() -> None:
    line = policy(show=[{"who": "pupil", "pupil": "L07", "at": AT, "withheld": True}])
    assert apply_consents(line, {"L07": "given"}, profile=AP).policy.show[0].withheld


def test_tokens_that_are_asked_and_those_behind_a_rule() -> None:
    lines = policy(
        show=[{"who": "pupil", "pupil": "L07", "at": AT}, {"who": "teacher", "at": AT}],
        consent_region=[{"polygon": WHOLE, "pupils": ["L02", "L01"]}, {"polygon": WHOLE, "pupils": ["L03", "L01"]}],
        objected=[{"pupil": "L09", "at": AT}],
    )
    shown = {4: "L05", 5: None, 6: "teacher"}
    assert tokens_asked(lines, shown) == ("L01", "L02", "L03", "L05", "L07")
    assert tokens_asked(lines) == ("L01", "L02", "L03", "L07")
    assert tokens_behind("consent_region 1", lines, shown) == ("L01", "L02")
    assert tokens_behind("consent_region 1, 2", lines, shown) == ("L01", "L02", "L03")
    assert tokens_behind("show pupil L07", lines, shown) == ("L07",)
    assert tokens_behind("--show 4 L05", lines, shown) == ("L05",)
    assert tokens_behind("--show 5", lines, shown) == ()
    assert tokens_behind("show teacher", lines, shown) == ()


STANDING = st.dictionaries(st.sampled_from(["L01", "L02", "L03"]), st.sampled_from(STATES))


@quick
@given(
    standing=STANDING,
    region=st.lists(st.sampled_from(["L01", "L02", "L03"]), unique=True, max_size=3),
    pupil=st.sampled_from(["L01", "L02", "L03", None]),
    profile=st.sampled_from([AP, RUG, AERES_4, CVO, None]),
    said=st.sampled_from(["L01", "L03", "teacher", None]),
)
def test_no_answer_of_the_register_ever_shows_more(
    standing: dict[str, str], region: list[str], pupil: str | None, profile: Any, said: str | None
) -> None:
    lines = one_show(pupil).model_copy(
        update={"consent_region": policy(consent_region=[{"polygon": WHOLE, "pupils": region}]).consent_region}
    )
    done = apply_consents(lines, standing, profile=profile, shown={1: said})
    assert done.shown | done.objected == {1}
    assert not done.shown & done.objected
    tokens = set(region) | {token for token in (pupil,) if token}
    visible: set[str] = set()
    if not done.policy.consent_region[0].withheld:
        visible |= set(region)
    if not done.policy.show[0].withheld and pupil is not None:
        visible.add(pupil)
    assert all(standing.get(token) not in ("refused", "withdrawn") for token in visible)
    if profile is not None and profile.needs_consent and lines.purpose is None and profile.purpose is None:
        assert not visible
    if profile is not None and profile.needs_consent:
        assert all(standing.get(token) == "given" for token in visible)
    assert {f.token for f in done.findings} >= tokens
    strip = {"consent_region": lines.consent_region, "show": lines.show}
    assert done.policy.model_copy(update=strip) == lines, "nothing else changes"
