"""Numbers in a policy: whose they are, that they are refused elsewhere, and people who are split or joined."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avg_video.errors import PolicyError, UsageError
from avg_video.policy.decide import SPLIT_DOUBT_S, decide
from avg_video.policy.document import Policy, parse_policy, policy_of
from avg_video.policy.people import bind, numbers_of, people_fingerprint, split_tracks
from avg_video.policy.plan import Plan
from avg_video.track.types import CameraMotion, Evidence, Track
from tests.policy.worlds import FPS, LEFT, WHOLE, by_id, judged, quick, reasons, seen, timeline, track

HASH = "0123456789abcdef" * 4
NUMBERS = {"recording": HASH, "people": HASH}
N = 200


def plan(tracks: tuple[Track, ...], source: str = HASH) -> Plan:
    return Plan(source, timeline(N), CameraMotion.still(N), tracks, (), {})


def two() -> tuple[Track, ...]:
    return track(1, 0, 99, (100, 100)), track(2, 20, 180, (900, 400))


def bound(tracks: tuple[Track, ...], **tables: Any) -> tuple[Plan, Policy]:
    """A plan and a policy for it, split as it says."""
    found = plan(tracks)
    policy = policy_of({"numbers": numbers_of(found).model_dump(), **tables})
    return bind(found, policy), policy


def decided(tracks: tuple[Track, ...], **tables: Any) -> tuple[Any, tuple[Track, ...]]:
    found, policy = bound(tracks, **tables)
    return decide(found.tracks, found.timeline, found.motion, policy), found.tracks


def test_numbers_without_their_search_are_refused() -> None:
    for text in ("[[objected]]\nnumber = 3", '[[show]]\nwho = "a"\nnumber = 3', "[[same]]\nnumbers = [1, 2]"):
        with pytest.raises(PolicyError, match="not in which search they got it"):
            parse_policy(text)


@pytest.mark.parametrize("number", ["0", "-1", "1.5", "true", '"3"', "1000000"])
def test_what_is_no_number_is_refused(number: str) -> None:
    with pytest.raises(PolicyError, match="it is not the number of a person"):
        parse_policy(f"[[objected]]\nnumber = {number}")


@pytest.mark.parametrize(
    "line", ['show = [{ who = "a" }]', 'show = [{ who = "a", number = 1, at = { t=1, x=0, y=0 } }]']
)
def test_a_show_line_says_who_in_exactly_one_way(line: str) -> None:
    with pytest.raises(PolicyError, match=r"show 1: it says (nobody|two ways)"):
        parse_policy(line)


def test_numbers_hold_only_for_their_recording_and_their_search() -> None:
    found, policy = bound(two(), objected=[{"number": 1}])
    assert bind(found, policy) is found
    with pytest.raises(PolicyError, match="belong to another recording"):
        bind(replace(found, source_sha256="f" * 64), policy)
    for other in (
        (found.tracks[0],),
        (found.tracks[0], track(2, 20, 180, (900, 401))),
        (found.tracks[0], track(2, 20, 180, (900, 400), evidence=[Evidence.FLOWED] + [Evidence.DETECTED] * 160)),
        (found.tracks[0], track(2, 20, 180, (900, 400), confirmed=False)),
        (track(2, 0, 99, (100, 100)), track(1, 20, 180, (900, 400))),
    ):
        with pytest.raises(PolicyError, match="belong to another search"):
            bind(plan(other), policy)


def test_a_policy_without_numbers_fits_every_recording() -> None:
    found = plan(two())
    assert bind(found, Policy()) is found
    assert bind(found, policy_of({"numbers": NUMBERS})) is found


def test_the_fingerprint_is_that_of_the_people_alone() -> None:
    assert people_fingerprint(two(), timeline(N)) == people_fingerprint(two(), timeline(N))
    assert people_fingerprint(two(), timeline(N)) != people_fingerprint(two(), timeline(N, cuts=[50]))
    assert people_fingerprint(two(), timeline(N)) != people_fingerprint(two(), timeline(N, fps=24))


def test_people_by_number_are_covered_and_shown_as_on_the_command_line() -> None:
    verdicts, tracks = decided(two(), objected=[{"number": 2, "pupil": "L07"}], show=[{"who": "teacher", "number": 1}])
    assert reasons(verdicts) == {1: "shown-number", 2: "objected-number"}
    assert [d.rule for d in verdicts.decisions] == ["show teacher", "objected L07"]
    same = decide(tracks, timeline(N), CameraMotion.still(N), Policy(), objected=[2], shown=[1])
    assert reasons(same) == reasons(verdicts)


def test_a_number_that_nobody_has_is_refused() -> None:
    with pytest.raises(PolicyError, match="objected 1: there is no person number 9"):
        bound(two(), objected=[{"number": 9}])
    with pytest.raises(PolicyError, match="same 1: there is no person number 9"):
        bound(two(), same=[{"numbers": [1, 9]}])
    with pytest.raises(UsageError, match="there is no person with the number 9"):
        judged(two(), {"numbers": NUMBERS, "objected": [{"number": 9}]}, N)


# -- split ---------------------------------------------------------------------------------------------------------


def test_a_split_loses_no_box() -> None:
    before = two()
    after = split_tracks(
        before, timeline(N), policy_of({"numbers": NUMBERS, "split": [_split(2, 4.0, 3), _split(3, 6, 4)]}).split
    )
    assert [(t.id, t.first, t.last) for t in after] == [(1, 0, 99), (2, 20, 99), (3, 100, 149), (4, 150, 180)]
    again = np.concatenate([t.boxes_xyxy for t in after[1:]])
    np.testing.assert_array_equal(again, before[1].boxes_xyxy)


def _split(number: int, at: float, then: int) -> dict[str, float]:
    return {"number": number, "at": at, "then": then}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (_split(9, 1.0, 3), "there is no person number 9"),
        (_split(2, 1.0, 1), "number 1 is taken"),
        (_split(2, 0.8, 3), "person 2 is not in view before and after 00:00:00.800"),
        (_split(2, 7.25, 3), "person 2 is not in view"),
        (_split(1, 99.0, 3), "person 1 is not in view"),
    ],
)
def test_a_split_that_means_nothing_is_refused(line: dict[str, float], why: str) -> None:
    with pytest.raises(PolicyError, match=f"split 1: {why}"):
        bound(two(), split=[line])


def test_a_piece_in_which_nobody_was_detected_is_never_shown() -> None:
    kinds = [Evidence.DETECTED] * 100 + [Evidence.HELD] * 20
    verdicts, tracks = decided(
        (track(1, 0, 119, evidence=kinds),), split=[_split(1, 4.0, 2)], show=[{"who": "a", "number": 2}]
    )
    assert [t.confirmed for t in tracks] == [True, False]
    assert reasons(verdicts)[2] == "unconfirmed"


def test_an_objection_reaches_both_sides_of_a_split() -> None:
    verdicts, _ = decided(two(), split=[_split(2, 4.0, 3)], objected=[{"number": 3}], show=[{"who": "a", "number": 2}])
    assert reasons(verdicts) == {1: "no-rule", 2: "objection-inherited", 3: "objected-number"}


def test_around_a_split_nobody_shown_is_visible() -> None:
    verdicts, tracks = decided(two(), split=[_split(2, 4.0, 3)], show=[{"who": "a", "number": 2}])
    visible = {picture for number, picture in seen(verdicts, tracks) if number == 2}
    assert visible == set(range(20, 100 - round(SPLIT_DOUBT_S * FPS)))
    assert by_id(verdicts)[3].verdict == "cover"


# -- one person ----------------------------------------------------------------------------------------------------


def pieces() -> tuple[Track, ...]:
    """Three pieces of one person, too far from each other to be joined by themselves, the last one weak."""
    return track(1, 0, 20, (100, 100)), track(2, 130, 150, (900, 400)), track(3, 160, 199, (100, 400), confirmed=False)


def test_an_objection_to_one_is_an_objection_to_all() -> None:
    alone, _ = decided(pieces(), objected=[{"number": 1}], consent_region=[{"polygon": WHOLE}])
    assert reasons(alone) == {1: "objected-number", 2: "in-region", 3: "unconfirmed"}
    verdicts, _ = decided(
        pieces(), objected=[{"number": 1}], consent_region=[{"polygon": WHOLE}], same=[{"numbers": [1, 2]}]
    )
    assert reasons(verdicts) == {1: "objected-number", 2: "objection-inherited", 3: "unconfirmed"}


def test_who_inherits_by_being_the_same_passes_it_on() -> None:
    follows = track(4, 155, 199, (900, 430))  # begins where and when number 2 ended
    verdicts, _ = decided(
        (*pieces()[:2], follows),
        objected=[{"number": 1}],
        consent_region=[{"polygon": WHOLE}],
        same=[{"numbers": [1, 2]}],
    )
    assert reasons(verdicts)[4] == "objection-inherited"


def test_who_is_shown_by_name_is_shown_in_every_sure_piece() -> None:
    verdicts, _ = decided(pieces(), show=[{"who": "teacher", "number": 2}], same=[{"numbers": [1, 2, 3]}])
    assert reasons(verdicts) == {1: "shown-number", 2: "shown-number", 3: "unconfirmed"}
    assert by_id(verdicts)[1].rule == "show teacher"


def test_one_person_must_be_in_the_region_in_all_pieces() -> None:
    apart, _ = decided(pieces(), consent_region=[{"polygon": LEFT}])
    assert reasons(apart) == {1: "in-region", 2: "outside-region", 3: "unconfirmed"}
    for numbers in ([1, 2], [1, 2, 3]):
        verdicts, _ = decided(pieces(), consent_region=[{"polygon": LEFT}], same=[{"numbers": numbers}])
        assert reasons(verdicts)[1] == "outside-region"
    verdicts, _ = decided(pieces(), consent_region=[{"polygon": LEFT}], same=[{"numbers": [1, 3]}])
    assert reasons(verdicts)[1] == "in-region"  # the weak piece lies in it too, and stays covered


def test_lines_that_share_a_number_make_one_group() -> None:
    verdicts, _ = decided(pieces(), objected=[{"number": 3}], same=[{"numbers": [1, 2]}, {"numbers": [2, 3]}])
    assert set(reasons(verdicts).values()) == {"objected-number", "objection-inherited"}


def test_two_faces_seen_at_once_are_not_one_person_and_are_not_shown() -> None:
    verdicts, _ = decided(two(), show=[{"who": "a", "number": 1}], same=[{"numbers": [1, 2]}])
    assert reasons(verdicts) == {1: "show-unclear", 2: "no-rule"}
    assert by_id(verdicts)[1].rule == "same 1"
    assert verdicts.needs_look
    assert verdicts.warnings == (
        "same 1: 1 and 2 are seen in two places at 00:00:00.800, so they are not one person; none of them is shown",
    )


kinds_of_lines = st.fixed_dictionaries(
    {},
    optional={
        "objected": st.just([{"number": 2}]),
        "consent_region": st.just([{"polygon": LEFT}]) | st.just([{"polygon": WHOLE}]),
        "show": st.sampled_from([[{"who": "a", "number": 1}], [{"who": "a", "number": 3}]]),
    },
)


@quick
@given(kinds_of_lines, st.lists(st.sets(st.integers(1, 4), min_size=2, max_size=3).map(sorted), max_size=3))
def test_calling_people_the_same_shows_nobody_but_those_named(tables: dict[str, Any], groups: list[list[int]]) -> None:
    tracks = (*pieces(), track(4, 60, 110, (300, 300)))
    before, _ = decided(tracks, **tables)
    after, _ = decided(tracks, **tables, same=[{"numbers": g} for g in groups])
    named = {line["number"] for line in tables.get("show", [])}
    for number, reason in reasons(after).items():
        if by_id(after)[number].verdict == "show" and by_id(before)[number].verdict == "cover":
            assert reason == "shown-number"
            assert named, "shown without a line that names anybody"
        if reasons(before)[number] in ("objected-number", "objection-inherited", "unconfirmed"):
            assert by_id(after)[number].verdict == "cover"
