"""What holds for every policy and every recording."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from avg_video.track.types import CameraMotion, Track
from tests.policy.worlds import FPS, LEFT, RIGHT, WHOLE, H, W, by_id, camera, judged, quick, reasons, seen, track

N = 150
Case = dict[str, Any]

# Plain tuples, mapped: strategies that are built anew for every case cost far more than deciding it.
PERSON = st.tuples(
    st.integers(0, N - 1),
    st.integers(0, N),
    st.integers(0, 20),
    st.integers(1, 4),
    st.sampled_from([(0.0, 0.0), (0.0, 0.0), (2.0, 0.0), (-3.0, 1.0), (8.0, -1.0)]),
    st.sampled_from([8, 40, 90]),
    st.integers(0, 5),
)
MOMENT = st.tuples(st.integers(0, N), st.integers(0, 20), st.integers(1, 4)).map(
    lambda at: {"t": at[0] / FPS, "x": at[1] / 20, "y": at[2] / 5}
)
PLACE = st.one_of(
    st.sampled_from([WHOLE, LEFT, RIGHT]),
    st.tuples(st.integers(0, 18), st.integers(0, 3), st.integers(1, 10), st.integers(1, 5)).map(
        lambda at: rectangle(at[0] / 20, at[1] / 5, at[2] / 10, at[3] / 5)
    ),
)
SPAN = st.tuples(st.sampled_from([0, 0, 0, 30, 75]), st.sampled_from([None, None, None, 40, 75])).map(
    lambda at: {"from": at[0] / FPS} | ({} if at[1] is None else {"to": (at[0] + at[1]) / FPS})
)
REGION = st.tuples(PLACE, SPAN).map(lambda parts: {"polygon": parts[0], **parts[1]})
WHO = st.one_of(
    MOMENT.map(lambda at: {"at": at}), st.tuples(PLACE, SPAN).map(lambda parts: {"seat": parts[0], **parts[1]})
)
PUPIL = st.sampled_from(["", "1", "2"])
OBJECTION = st.tuples(WHO, PUPIL).map(lambda parts: parts[0] | ({"pupil": "L" + parts[1]} if parts[1] else {}))
OTHER_PUPIL = st.tuples(WHO, PUPIL).map(lambda parts: parts[0] | ({"pupil": "M" + parts[1]} if parts[1] else {}))
SHOW = MOMENT.map(lambda at: {"who": "teacher", "at": at})
# Mostly few objections: in most cases somebody must be shown, or the properties would say little.
FEW = st.sampled_from([frozenset(), frozenset(), frozenset(), frozenset({1}), frozenset({2, 3})])
MANY = st.frozensets(st.integers(1, 6), max_size=4)
PARTS = st.tuples(
    st.lists(PERSON, min_size=1, max_size=6),
    st.one_of(st.just([{"polygon": WHOLE}]), st.lists(REGION, max_size=3)),
    st.one_of(st.just([]), st.lists(OBJECTION, max_size=2)),
    st.lists(SHOW, max_size=2),
    FEW,
    MANY,
    st.sampled_from([[], [], [75]]),
    st.integers(0, 3),
)
CAMERAS = [
    CameraMotion.still(N),
    CameraMotion.still(N),
    camera(N, [[1, 0, -1.5], [0, 1, 0]]),
    camera(N, [[1.003, 0, 0], [0, 1.003, 0]], untrusted=[100]),
]


def rectangle(x: float, y: float, w: float, h: float) -> list[list[float]]:
    right, low = min(x + w, 1), min(y + h, 1)
    return [[x, y], [right, y], [right, low], [x, low]]


def person(number: int, parts: tuple[Any, ...], cuts: list[int]) -> Track:
    first, length, x, y, (dx, dy), size, sure = parts
    last = min([first + length, N - 1, *(c - 1 for c in cuts if c > first)])  # no track lives across a cut
    steps = np.arange(last - first + 1)[:, None]
    return track(
        number, first, last, np.array([x * W / 20, y * H / 5]) + steps * np.array([dx, dy]), size, confirmed=sure > 0
    )


def case_of(parts: tuple[Any, ...]) -> Case:
    people, regions, objections, shows, objected, shown, cuts, view = parts
    tracks = [person(k, each, cuts) for k, each in enumerate(people, 1)]
    return {
        "tracks": tracks,
        "policy": {"consent_region": regions, "objected": objections, "show": shows},
        "numbers": {
            "objected": {k for k in objected if k <= len(tracks)},
            "shown": {k for k in shown if k <= len(tracks)},
        },
        "cuts": cuts,
        "motion": CAMERAS[view],
    }


CASE = PARTS.map(case_of)


def visible(case: Case, **changed: Any) -> set[tuple[int, int]]:
    numbers = {**case["numbers"], **changed.pop("numbers", {})}
    tracks = changed.pop("tracks", case["tracks"])
    policy = {**case["policy"], **changed}
    verdicts = judged(tracks, policy, N, cuts=case["cuts"], motion=case["motion"], **numbers)
    return seen(verdicts, tracks)


@quick
@given(CASE, OTHER_PUPIL)
def test_adding_an_objection_never_shows_anyone_new(case: Case, line: dict[str, Any]) -> None:
    # By another pupil: a further seat line of the same pupil says where that pupil sits now, and may end a loss.
    more = [*case["policy"]["objected"], line]
    assert visible(case, objected=more) <= visible(case)


@quick
@given(CASE, st.integers(0, 5))
def test_objecting_by_number_never_shows_anyone_new(case: Case, k: int) -> None:
    number = k % len(case["tracks"]) + 1
    after = visible(case, numbers={"objected": case["numbers"]["objected"] | {number}})
    assert after <= visible(case)
    assert number not in {person for person, _ in after}


@quick
@given(CASE, st.integers(0, 2))
def test_removing_a_region_never_shows_anyone_new(case: Case, k: int) -> None:
    lines = case["policy"]["consent_region"]
    assume(k < len(lines))
    assert visible(case, consent_region=lines[:k] + lines[k + 1 :]) <= visible(case)


@quick
@given(CASE)
def test_no_policy_shows_nobody(case: Case) -> None:
    assert seen(judged(case["tracks"], {}, N, cuts=case["cuts"], motion=case["motion"]), case["tracks"]) == set()


@quick
@given(CASE)
def test_the_unconfirmed_are_never_shown_and_nobody_is_forgotten(case: Case) -> None:
    shown = {person for person, _ in visible(case)}
    assert not shown & {t.id for t in case["tracks"] if not t.confirmed}
    verdicts = judged(case["tracks"], case["policy"], N, cuts=case["cuts"], motion=case["motion"], **case["numbers"])
    assert [d.track_id for d in verdicts.decisions] == [t.id for t in case["tracks"]]
    assert all((d.verdict == "show") == d.reason.shows for d in verdicts.decisions)
    assert all(d.rule is not None for d in verdicts.decisions if d.verdict == "show")


@quick
@given(CASE, st.randoms(use_true_random=False))
def test_the_order_of_tracks_changes_nothing(case: Case, random: Any) -> None:
    mixed = list(case["tracks"])
    random.shuffle(mixed)
    both = [
        judged(tracks, case["policy"], N, cuts=case["cuts"], motion=case["motion"], **case["numbers"])
        for tracks in (case["tracks"], mixed)
    ]
    assert reasons(both[0]) == reasons(both[1])
    assert seen(both[0], mixed) == seen(both[1], mixed)
    assert {i: d.rule for i, d in by_id(both[0]).items()} == {i: d.rule for i, d in by_id(both[1]).items()}
    assert both[0].needs_look == both[1].needs_look


@quick
@given(CASE, st.integers(0, N - 1))
def test_one_picture_outside_every_region_is_enough(case: Case, slip: int) -> None:
    victim = case["tracks"][0]
    k = slip % len(victim)
    moved = victim.boxes_xyxy.copy()
    moved[k] += np.float32(50_000)  # further than any camera here carries a region
    tracks = [Track(victim.id, victim.frames, moved, victim.evidence, victim.confirmed), *case["tracks"][1:]]
    after = visible(case, tracks=tracks, show=[], numbers={"shown": set()})
    assert victim.id not in {person for person, _ in after}


def test_the_cases_do_show_and_cover_people() -> None:
    # Properties over cases in which nobody is ever shown would hold for a program that does nothing.
    counts = {"show": 0, "cover": 0, "partly": 0}
    why: set[str] = set()

    @quick
    @given(CASE)
    def count(case: Case) -> None:
        verdicts = judged(
            case["tracks"], case["policy"], N, cuts=case["cuts"], motion=case["motion"], **case["numbers"]
        )
        for decision in verdicts.decisions:
            counts[decision.verdict] += 1
            counts["partly"] += len(decision.covered_frames) > 0
            why.add(str(decision.reason))

    count()
    assert min(counts["show"], counts["cover"]) > 15, counts
    assert counts["partly"] > 0, counts
    assert len(why) >= 7, why
