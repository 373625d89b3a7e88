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

ways = st.sampled_from([(0.0, 0.0), (0.0, 0.0), (2.0, 0.0), (-3.0, 1.0), (8.0, -1.0)])


@st.composite
def people(draw: st.DrawFn) -> list[Track]:
    tracks = []
    for number in range(1, draw(st.integers(1, 6)) + 1):
        first = draw(st.integers(0, N - 1))
        last = min(first + draw(st.integers(0, N)), N - 1)
        x, y = draw(st.integers(0, 20)) * W / 20, draw(st.integers(1, 4)) * H / 5
        dx, dy = draw(ways)
        confirmed = draw(st.integers(0, 5)) > 0
        tracks.append(
            track(
                number,
                first,
                last,
                lambda i, s=(x, y, dx, dy, first): (s[0] + s[2] * (i - s[4]), s[1] + s[3] * (i - s[4])),
                draw(st.sampled_from([8, 40, 90])),
                confirmed=confirmed,
            )
        )
    return tracks


@st.composite
def boxes(draw: st.DrawFn) -> list[list[float]]:
    x, y = draw(st.integers(0, 18)) / 20, draw(st.integers(0, 3)) / 5
    w, h = draw(st.integers(1, 10)) / 10, draw(st.integers(1, 5)) / 5
    return [[x, y], [min(x + w, 1), y], [min(x + w, 1), min(y + h, 1)], [x, min(y + h, 1)]]


moments = st.builds(
    lambda i, x, y: {"t": i / FPS, "x": x / 20, "y": y / 5}, st.integers(0, N), st.integers(0, 20), st.integers(1, 4)
)


@st.composite
def spans(draw: st.DrawFn) -> dict[str, float]:
    first, length = draw(st.sampled_from([0, 0, 0, 30, 75])), draw(st.sampled_from([None, None, None, 40, 75]))
    return {"from": first / FPS} | ({} if length is None else {"to": (first + length) / FPS})


regions = st.builds(
    lambda polygon, span: {"polygon": polygon, **span},
    st.one_of(st.sampled_from([WHOLE, LEFT, RIGHT]), boxes()),
    spans(),
)
by_point = st.builds(lambda at: {"at": at}, moments)
by_seat = st.builds(lambda seat, span: {"seat": seat, **span}, boxes(), spans())


@st.composite
def objections(draw: st.DrawFn, tokens: str) -> dict[str, Any]:
    line: dict[str, Any] = dict(draw(st.one_of(by_point, by_seat)))
    pupil = draw(st.sampled_from([None, f"{tokens}1", f"{tokens}2"]))
    return line if pupil is None else {**line, "pupil": pupil}


@st.composite
def cases(draw: st.DrawFn) -> Case:
    cuts = draw(st.sampled_from([[], [], [75]]))
    tracks = [
        # Tracks never live across a cut.
        t if not any(t.first < c <= t.last for c in cuts) else _until(t, cuts[0])
        for t in draw(people())
    ]
    # Mostly few objections: in most cases somebody must be shown, or the properties would say little.
    some = st.one_of(st.just(set()), st.sets(st.sampled_from([t.id for t in tracks]), max_size=2))
    few = st.one_of(st.just([]), st.lists(objections("L"), max_size=2))
    return {
        "tracks": tracks,
        "policy": {
            "consent_region": draw(st.lists(regions, min_size=draw(st.sampled_from([0, 1, 1])), max_size=3)),
            "objected": draw(few),
            "show": draw(st.lists(st.builds(lambda at: {"who": "teacher", "at": at}, moments), max_size=2)),
        },
        "numbers": {"objected": draw(some), "shown": draw(some)},
        "cuts": cuts,
        "motion": draw(st.sampled_from(CAMERAS)),
    }


def _until(t: Track, cut: int) -> Track:
    k = cut - t.first
    return Track(t.id, t.frames[:k], t.boxes_xyxy[:k], t.evidence[:k], t.confirmed)


CAMERAS = [
    CameraMotion.still(N),
    CameraMotion.still(N),
    camera(N, [[1, 0, -1.5], [0, 1, 0]]),
    camera(N, [[1.003, 0, 0], [0, 1.003, 0]], untrusted=[100]),
]


def visible(case: Case, **changed: Any) -> set[tuple[int, int]]:
    numbers = {**case["numbers"], **changed.pop("numbers", {})}
    tracks = changed.pop("tracks", case["tracks"])
    policy = {**case["policy"], **changed}
    verdicts = judged(tracks, policy, N, cuts=case["cuts"], motion=case["motion"], **numbers)
    return seen(verdicts, tracks)


@quick
@given(cases(), objections("M"))
def test_adding_an_objection_never_shows_anyone_new(case: Case, line: dict[str, Any]) -> None:
    # By another pupil: a further seat line of the same pupil says where that pupil sits now, and may end a loss.
    more = [*case["policy"]["objected"], line]
    assert visible(case, objected=more) <= visible(case)


@quick
@given(cases(), st.data())
def test_objecting_by_number_never_shows_anyone_new(case: Case, data: st.DataObject) -> None:
    number = data.draw(st.sampled_from([t.id for t in case["tracks"]]))
    after = visible(case, numbers={"objected": case["numbers"]["objected"] | {number}})
    assert after <= visible(case)
    assert number not in {person for person, _ in after}


@quick
@given(cases(), st.integers(0, 2))
def test_removing_a_region_never_shows_anyone_new(case: Case, k: int) -> None:
    lines = case["policy"]["consent_region"]
    assume(k < len(lines))
    assert visible(case, consent_region=lines[:k] + lines[k + 1 :]) <= visible(case)


@quick
@given(cases())
def test_no_policy_shows_nobody(case: Case) -> None:
    assert seen(judged(case["tracks"], {}, N, cuts=case["cuts"], motion=case["motion"]), case["tracks"]) == set()


@quick
@given(cases())
def test_the_unconfirmed_are_never_shown_and_nobody_is_forgotten(case: Case) -> None:
    shown = {person for person, _ in visible(case)}
    assert not shown & {t.id for t in case["tracks"] if not t.confirmed}
    verdicts = judged(case["tracks"], case["policy"], N, cuts=case["cuts"], motion=case["motion"], **case["numbers"])
    assert [d.track_id for d in verdicts.decisions] == [t.id for t in case["tracks"]]
    assert all((d.verdict == "show") == d.reason.shows for d in verdicts.decisions)
    assert all(d.rule is not None for d in verdicts.decisions if d.verdict == "show")


@quick
@given(cases(), st.randoms(use_true_random=False))
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
@given(cases(), st.integers(0, N - 1))
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
    @given(cases())
    def count(case: Case) -> None:
        verdicts = judged(
            case["tracks"], case["policy"], N, cuts=case["cuts"], motion=case["motion"], **case["numbers"]
        )
        for decision in verdicts.decisions:
            counts[decision.verdict] += 1
            counts["partly"] += len(decision.covered_frames) > 0
            why.add(str(decision.reason))

    count()
    assert min(counts["show"], counts["cover"]) > 20, counts
    assert counts["partly"] > 2, counts
    assert len(why) >= 10, why
