"""Following on synthetic motion: nobody slips through between, before or after the looks."""

from __future__ import annotations

import numpy as np
import pytest

from avg_video.detect.boxes import Boxes
from avg_video.track.camera import CameraEstimator
from avg_video.track.flow import carry_many
from avg_video.track.follow import Follower, FollowSettings
from avg_video.track.types import Evidence, Track
from tests.track.scene import FPS, SIZE_WH, Head, covered_share, follow, wall

STILL = Head(lambda i: (160.0, 90.0))


def least_cover(tracks: tuple[Track, ...], head: Head, frames: range) -> float:
    shares = [covered_share(tracks, box, i) for i in frames if (box := head.box(i)) is not None]
    assert len(shares) == len(frames), "the head must be there in all of them"
    return min(shares)


def test_a_face_found_in_one_look_of_five_is_covered_in_every_picture() -> None:
    tracks, _ = follow([STILL], 150, lambda i, k: 0.9 if i % 25 == 0 else None)
    assert least_cover(tracks, STILL, range(150)) > 0.95
    assert len(tracks) == 1


def test_someone_who_walks_between_sparse_looks_is_covered_in_every_picture() -> None:
    walker = Head(lambda i: (30 + 2.2 * i, 90 + 12 * np.sin(i / 6)))
    tracks, _ = follow([walker], 110)
    assert least_cover(tracks, walker, range(110)) > 0.8
    assert len(tracks) == 1


def test_someone_who_walks_and_is_lost_for_a_second_is_carried_by_the_picture() -> None:
    walker = Head(lambda i: (30 + 2.0 * i, 90.0))
    tracks, _ = follow([walker], 100, lambda i, k: None if 30 < i < 56 else 0.9)
    assert least_cover(tracks, walker, range(100)) > 0.8
    assert len(tracks) == 1
    assert Evidence.FLOWED in tracks[0].evidence


def test_covered_a_quarter_second_before_the_first_and_after_the_last_hit() -> None:
    # There all the time, but only found in the middle; a wall without texture, so that flow cannot help.
    tracks, _ = follow([STILL], 150, lambda i, k: 0.9 if 60 <= i <= 80 else None)
    assert tracks[0].first <= 60 - 0.25 * FPS
    assert tracks[0].last >= 80 + 0.25 * FPS
    assert least_cover(tracks, STILL, range(54, 87)) > 0.95


def test_ends_are_held_a_quarter_second_even_when_the_picture_gives_no_support() -> None:
    # The head is only in the picture while it is found: what is held after that has nothing to hold on to.
    flash = Head(lambda i: (160.0, 90.0) if 60 <= i <= 80 else None)
    tracks, _ = follow([flash], 150)
    assert len(tracks) == 1
    assert tracks[0].first <= 60 - 6
    assert tracks[0].last >= 80 + 6


def test_a_head_that_turns_away_for_two_seconds_stays_covered() -> None:
    tracks, _ = follow([STILL], 200, lambda i, k: None if 80 < i <= 130 else 0.9)
    assert least_cover(tracks, STILL, range(200)) > 0.9
    assert len(tracks) == 1


def test_an_end_is_extended_while_the_picture_shows_that_the_head_is_still_there() -> None:
    drifting = Head(lambda i: (60 + 1.5 * i, 90.0))
    tracks, _ = follow([drifting], 120, lambda i, k: 0.9 if 50 <= i <= 70 else None)
    assert least_cover(tracks, drifting, range(30, 106)) > 0.75


def test_weak_hits_count_when_they_repeat_and_only_a_single_one_is_dropped() -> None:
    once, _ = follow([STILL], 100, lambda i, k: 0.2 if i == 50 else None)
    assert once == ()
    twice, _ = follow([STILL], 100, lambda i, k: 0.2 if i in (50, 55) else None)
    assert len(twice) == 1
    assert not twice[0].confirmed
    assert least_cover(twice, STILL, range(46, 60)) > 0.95
    often, _ = follow([STILL], 100, lambda i, k: 0.2 if i >= 20 else None)
    assert [t.confirmed for t in often] == [True]


def test_one_strong_hit_is_enough() -> None:
    tracks, _ = follow([STILL], 100, lambda i, k: 0.9 if i == 50 else None)
    assert [t.confirmed for t in tracks] == [True]
    assert least_cover(tracks, STILL, range(44, 57)) > 0.95


def test_a_cut_carries_nothing_over() -> None:
    tracks, motion = follow([STILL], 100, walls=lambda i: 7 if i < 50 else 21)
    assert not motion.trusted[50]
    assert [(t.first, t.last) for t in tracks] == [(0, 49), (50, 99)]


def test_someone_found_only_after_a_cut_is_not_led_back_across_it() -> None:
    tracks, _ = follow([STILL], 100, lambda i, k: 0.9 if i >= 50 else None, walls=lambda i: 7 if i < 50 else 21)
    assert [t.first for t in tracks] == [50]


def test_a_fast_pan_loses_nobody() -> None:
    def pan(i: int) -> float:
        return 0.0 if i < 30 else min((i - 30) * 9.0, 360.0)

    heads = [Head(lambda i, x=x: (x - pan(i), 60 + x / 8), seed=x) for x in (120, 250, 380, 500)]
    inside = [[i for i in range(120) if 14 < heads[k].at(i)[0] < SIZE_WH[0] - 14] for k in range(len(heads))]
    tracks, motion = follow(heads, 120, lambda i, k: 0.9 if i in inside[k] else None, pan=pan)
    assert motion.trusted.all()
    for k, head in enumerate(heads):
        assert min(covered_share(tracks, head.box(i), i) for i in inside[k]) > 0.7


def test_camera_motion_is_measured_to_a_fraction_of_a_pixel() -> None:
    _, motion = follow([], 60, pan=lambda i: 1.3 * i)
    assert motion.affine[1:, 0, 2] == pytest.approx(-1.3, abs=0.15)
    assert motion.affine[1:, 0, 2].sum() == pytest.approx(-1.3 * 59, abs=1.0)
    assert motion.affine[:, 0, 0] == pytest.approx(1.0, abs=0.01)


def test_a_tripod_does_not_drift() -> None:
    walker = Head(lambda i: (30 + 2.0 * i, 90.0), size=40)
    _, motion = follow([walker], 120)
    assert motion.trusted.all()
    assert (motion.affine == np.eye(2, 3, dtype=np.float32)).all()


def test_two_faces_that_touch_stay_two() -> None:
    left, right = Head(lambda i: (146.0, 90.0), seed=1), Head(lambda i: (174.0, 90.0), seed=2)
    tracks, _ = follow([left, right], 100)
    assert len(tracks) == 2
    for head in (left, right):
        assert least_cover(tracks, head, range(100)) > 0.9


def test_after_two_people_crossed_both_have_new_numbers() -> None:
    a, b = Head(lambda i: (100 + 1.0 * i, 90.0), seed=1), Head(lambda i: (220 - 1.0 * i, 92.0), seed=2)
    tracks, _ = follow([a, b], 120)
    before = {t.id for t in tracks for head in (a, b) if covered_share([t], head.box(10), 10) > 0.5}
    after = {t.id for t in tracks for head in (a, b) if covered_share([t], head.box(110), 110) > 0.5}
    assert len(before) == len(after) == 2
    assert not before & after
    for head in (a, b):
        assert least_cover(tracks, head, range(120)) > 0.7


def test_two_people_who_pass_at_a_distance_keep_their_numbers() -> None:
    a, b = Head(lambda i: (100 + 1.0 * i, 50.0), seed=1), Head(lambda i: (220 - 1.0 * i, 130.0), seed=2)
    assert len(follow([a, b], 120)[0]) == 2


def test_someone_hidden_behind_another_leaves_the_other_with_a_new_number_too() -> None:
    front = Head(lambda i: (60 + 1.5 * i, 90.0), seed=1)
    back = Head(lambda i: (150.0, 92.0) if i < 64 else None, seed=2)
    tracks, _ = follow([back, front], 130, lambda i, k: None if k == 0 and i >= 56 else 0.9)
    first = {t.id for t in tracks if covered_share([t], front.box(10), 10) > 0.5}
    last = {t.id for t in tracks if covered_share([t], front.box(125), 125) > 0.5}
    assert not first & last


def test_a_face_that_enters_at_the_edge_is_covered_from_its_first_picture() -> None:
    w = SIZE_WH[0]
    entering = Head(lambda i: (w + 20 - 1.5 * i, 90.0))
    whole = [i for i in range(100) if entering.at(i)[0] < w - 14]
    tracks, _ = follow([entering], 100, lambda i, k: 0.9 if i >= whole[0] else None)
    partly = [i for i in range(100) if entering.at(i)[0] < w]
    assert tracks[0].first <= partly[0] + 1
    assert min(covered_share(tracks, entering.box(i), i) for i in partly[2:]) > 0.6


def test_numbers_follow_first_appearance() -> None:
    late = Head(lambda i: (60.0, 60.0) if i >= 50 else None, seed=3)
    tracks, _ = follow([late, STILL], 100)
    assert [t.id for t in tracks] == [1, 2]
    assert tracks[0].first < tracks[1].first
    assert covered_share([tracks[0]], STILL.box(0), 0) > 0.9


def test_every_track_is_without_holes() -> None:
    rng = np.random.default_rng(5)
    hits = rng.random((200, 2)) < 0.4
    walker = Head(lambda i: (30 + 1.2 * i, 40.0), seed=4)
    tracks, _ = follow([STILL, walker], 200, lambda i, k: 0.9 if hits[i, k] else None)
    for track in tracks:
        assert (np.diff(track.frames) == 1).all()
        assert (track.boxes_xyxy[:, 2:] > track.boxes_xyxy[:, :2]).all()


def test_longer_holding_never_covers_less() -> None:
    short, _ = follow([STILL], 150, lambda i, k: 0.9 if i == 75 else None, settings=FollowSettings(hold_s=0.5))
    long, _ = follow([STILL], 150, lambda i, k: 0.9 if i == 75 else None, settings=FollowSettings(hold_s=2.5))
    assert long[0].last > short[0].last


def grown(head: Head, by: float) -> Head:
    return Head(head.at, round(head.size * by), head.seed)


def test_one_head_with_two_boxes_is_one_person() -> None:
    # At one size a detector sees the face, at another the hair as well; both boxes come in turns, and together.
    large = grown(STILL, 1.7)
    tracks, _ = follow([STILL, large], 120, lambda i, k: (0.9, 0.2)[k] if (i // 5) % 3 != k else None)
    sure = [t for t in tracks if t.confirmed]
    assert len(sure) == 1
    assert least_cover(tracks, STILL, range(120)) > 0.9
    late = [t for t in tracks if t.last > 60]
    assert late == sure


def test_a_second_face_right_behind_the_first_is_not_swallowed() -> None:
    behind = Head(lambda i: (168.0, 84.0), seed=9)
    tracks, _ = follow([STILL, behind], 100, lambda i, k: 0.9)
    assert len({t.id for t in tracks if t.box_at(50) is not None}) == 2


@pytest.mark.parametrize("head", [STILL, Head(lambda i: (40 + 2.0 * i, 90.0), size=60)])
def test_where_only_a_part_of_a_head_was_found_once_all_of_it_stays_covered(head: Head) -> None:
    def lower_part(i: int, box: np.ndarray) -> np.ndarray:
        return np.array([box[0], box[1] * 0.7 + box[3] * 0.3, *box[2:]], np.float32) if i == 50 else box

    tracks, _ = follow([head], 100, told=lower_part)
    assert len(tracks) == 1
    assert least_cover(tracks, head, range(40, 61)) > 0.93


def test_who_is_outside_the_places_that_were_looked_at_was_not_missed() -> None:
    camera, follower = CameraEstimator(), Follower(1.0)
    here, there = Head(lambda i: (80.0, 90.0)), Head(lambda i: (240.0, 90.0), seed=2)
    place = np.array([[40, 50, 120, 130]], np.float32)
    for i in range(100):
        luma = wall(i)
        for head in (here, there):
            head.draw(luma, i)
        step = camera.push(luma)
        follower.push(i, i / FPS, luma, step.affine, cut=step.cut)
        box = here.box(i)
        assert box is not None
        if i == 0:
            follower.look(Boxes(np.array([box, there.box(i)], np.float32), np.full(2, 0.9, np.float32)))
        elif i % 5 == 0 and i < 95:  # 3.8 s: longer than anybody who was looked for and not found is waited for
            follower.look(Boxes(box[None], np.full(1, 0.9, np.float32)), place)
        elif i == 95:
            follower.look(Boxes(np.array([box, there.box(i)], np.float32), np.full(2, 0.9, np.float32)))
    tracks = follower.finish()
    assert len(tracks) == 2
    for head in (here, there):
        assert least_cover(tracks, head, range(100)) > 0.95


def test_somebody_new_in_a_place_that_was_looked_at_becomes_a_person() -> None:
    follower = Follower(1.0)
    for i in range(20):
        follower.push(i, i / FPS, wall(i), np.eye(2, 3), cut=False)
        if i % 5 == 0:
            box = STILL.box(i)
            assert box is not None
            follower.look(Boxes(box[None], np.full(1, 0.9, np.float32)), np.array([[100, 50, 220, 130]], np.float32))
    assert len(follower.finish()) == 1


def test_who_was_lost_before_does_not_go_along_with_a_passer_by() -> None:
    lumas = []
    passer = Head(lambda i: (150 + 3.0 * i, 90.0), size=60, seed=3)
    for i in range(12):
        lumas.append(wall(i))
        passer.draw(lumas[-1], i)
    box = np.array([[146, 76, 174, 104]], np.float32)
    moved, ok = carry_many((lumas, None), box)
    assert ok.all()
    assert moved[-1, 0, 0] > 170  # followed: it is the passer-by's own texture that is seen there
    stays, ok = carry_many((lumas, None), box, np.ones(1, np.bool_))
    assert not ok.any()
    np.testing.assert_array_equal(stays, np.repeat(box[None], 12, axis=0))


def test_who_is_hidden_behind_a_passer_by_stays_covered_throughout() -> None:
    passer = Head(lambda i: (20 + 4.0 * i, 100.0), size=60, seed=3)
    tracks, _ = follow([STILL, passer], 110, lambda i, k: None if k == 0 and 20 < i < 60 else 0.9)
    assert least_cover(tracks, STILL, range(110)) > 0.7  # the shape that is painted is larger than the box


def test_a_weak_box_beside_a_sure_one_does_not_take_the_person() -> None:
    walker = Head(lambda i: (280 - 3.0 * i, 90.0), size=40)
    follower, camera = Follower(1.0), CameraEstimator()
    for i in range(80):
        luma = wall(i)
        walker.draw(luma, i)
        step = camera.push(luma)
        follower.push(i, i / FPS, luma, step.affine, cut=step.cut)
        box = walker.box(i)
        if i % 5 == 0 and box is not None:
            # Both weak ones lie nearer to where the person was and would have been expected.
            weak = [box + np.float32(d) for d in ((6, 0, 6, 0), (10, -4, 10, -4)) if i % 10 == 0]
            scores = np.array([0.9, 0.3, 0.3][: 1 + len(weak)], np.float32)
            sure = box - np.array([8, 0, 8, 0], np.float32) if weak else box
            follower.look(Boxes(np.array([sure, *weak], np.float32), scores))
    assert len(follower.finish()) == 1
