"""Which part of which picture is looked at: everything within about a second, more where it is needed."""

from __future__ import annotations

import numpy as np
import pytest

from avg_video.detect.boxes import Boxes
from avg_video.detect.centerface import CenterFace
from avg_video.detect.looks import Agenda, LookSettings, Rounds
from avg_video.detect.views import View, close_views, look, merged
from avg_video.media.picture import Picture
from tests.support.clips import noise
from tests.support.people import place
from tests.support.pictures import picture_from

SIZES = [(1920, 1080), (1280, 720), (1080, 1920), (3840, 2160), (640, 360), (2560, 1080), (480, 270), (64, 36)]


NOBODY = Boxes.none()
STILL = np.full((90, 160), 128, np.uint8)


def busy(k: float) -> np.ndarray:
    """A reduced plane on which everything differs from one moment to the next."""
    return np.full((90, 160), 60 + (round(k * 1000) * 37) % 140, np.uint8)


def views_of(agenda: Agenda, second: float) -> tuple[View, ...]:
    """What a busy picture is looked at with at that second; nobody is ever found."""
    now = agenda.due(second, busy(second))
    return () if now is None else now.views


def people(*scores: float, shift: float = 0.0) -> Boxes:
    """Faces in a row, as far to the right as `shift` says."""
    left = 200 + 300 * np.arange(len(scores)) + shift
    boxes = np.stack([left, left * 0 + 500, left + 60, left * 0 + 570], axis=1)
    return Boxes(boxes.astype(np.float32), np.array(scores, np.float32))


def times(seconds: float, fps: float = 25) -> list[float]:
    return [i / fps for i in range(round(seconds * fps))]


@pytest.mark.parametrize("size_wh", SIZES)
def test_every_pixel_is_seen_sharply_within_two_seconds(size_wh: tuple[int, int]) -> None:
    agenda = Agenda(size_wh)
    w, h = size_wh
    sharp = max(view.size_wh[0] / (view.crop_xyxy[2] - view.crop_xyxy[0]) for view in (*agenda.wide, *agenda.tiles))
    seen = np.zeros((h, w), np.bool_)
    for second in times(2.0):
        for view in views_of(agenda, second):
            x1, y1, x2, y2 = view.crop_xyxy
            if view.size_wh[0] / (x2 - x1) > sharp * 0.97:
                seen[y1:y2, x1:x2] = True
    assert seen.all()
    assert max(w, h) * sharp >= min(1920, 1.5 * max(w, h)) * 0.97


@pytest.mark.parametrize("size_wh", SIZES)
def test_tiles_stay_inside_the_picture_and_keep_its_shape(size_wh: tuple[int, int]) -> None:
    for view in (*Agenda(size_wh).wide, *Agenda(size_wh).tiles):
        x1, y1, x2, y2 = view.crop_xyxy
        assert 0 <= x1 < x2 <= size_wh[0]
        assert 0 <= y1 < y2 <= size_wh[1]
        assert view.size_wh[0] / (x2 - x1) == pytest.approx(view.size_wh[1] / (y2 - y1), rel=0.03)
        assert max(view.size_wh) <= LookSettings().tile_px + 8


def test_looks_are_four_a_second_and_take_turns() -> None:
    agenda = Agenda((1920, 1080))
    views = [v for t in times(4) if (v := views_of(agenda, t))]
    assert len(views) == 17  # every sixth picture of 25 a second: the last one within a quarter of a second
    assert [v[0] for v in views[1:5]] == [agenda.wide[1], agenda.wide[0], agenda.wide[1], agenda.wide[0]]
    assert [len(v) for v in views[1:5]] == [2, 1, 2, 1]


def test_a_picture_in_which_nothing_changes_is_looked_at_once_a_second() -> None:
    agenda = Agenda((1920, 1080))
    answers = {t: agenda.due(t, STILL) for t in times(5)}
    rounds = {t: now for t, now in answers.items() if now is not None}
    assert [t for t, now in rounds.items() if now.views] == pytest.approx([0, 0.96, 1.92, 2.88, 3.84, 4.8])
    assert sum(not now.views for now in rounds.values()) == 15  # in between: it is time, but nothing is new


def test_a_change_in_one_corner_brings_a_look_at_the_tile_there() -> None:
    agenda = Agenda((1920, 1080))
    agenda.due(0.0, STILL)
    nod = STILL.copy()
    nod[82:88, 150:156] = 150
    now = agenda.due(0.6, nod)
    assert now is not None
    assert now.views[0] == agenda.wide[1]
    assert [v.crop_xyxy[2:] for v in now.views[1:]] == [(1920, 1080)]


def test_everything_is_looked_at_in_the_first_picture_of_a_shot() -> None:
    agenda = Agenda((1920, 1080))
    agenda.due(0.0, busy(0.0))
    assert agenda.due(0.04, busy(0.04)) is None
    now = agenda.due(0.08, busy(0.08), cut=True)
    assert now is not None
    assert now.views == (*agenda.wide, *agenda.tiles)


def rounds_told(agenda: Agenda, found: list[Boxes], start_s: float = 0.0) -> list[bool | None]:
    """Go through one round every 0.2 s; each look at the whole picture finds the next of `found`.

    Returns for each round whether it was one at the whole picture; None where nothing was looked at.
    """
    left, kinds = list(found), []
    for k in range(len(found)):
        now = agenda.due(start_s + 0.2 * k, busy(start_s + 0.2 * k))
        if now is not None and now.whole:
            agenda.saw(left.pop(0))
        kinds.append(None if now is None else now.whole)
    return kinds


@pytest.mark.parametrize("fps", [10, 12.5, 15, 24, 25, 29.97, 30, 50, 59.94, 60, 120])
def test_everybody_can_be_found_twice_within_half_a_second_at_any_picture_rate(fps: float) -> None:
    agenda = Agenda((1920, 1080))
    seen = []
    for second in times(4, fps):
        now = agenda.due(second, busy(second))
        if now is not None and now.whole:
            agenda.saw(people(0.9, 0.8))
            if agenda.wide[0] in now.views:
                seen.append(second)
    assert max(np.diff(seen)) <= 0.5 + 1e-9  # beyond, a track is split


def test_while_everybody_is_calm_every_fourth_round_is_left_out() -> None:
    kinds = rounds_told(Agenda((1920, 1080)), [people(0.9, 0.8)] * 13)
    assert kinds == [True, True, True, None] * 3 + [True]


def test_who_was_missed_is_looked_for_at_once_and_up_close() -> None:
    agenda = Agenda((1920, 1080))
    before = people(0.9, 0.2)
    rounds_told(agenda, [before] * 6)
    now = agenda.due(1.2, busy(1.2))
    assert now is not None
    assert now.views == agenda.wide[:1]
    for left, right in ((0, 1), (1, 0)):
        (view,) = agenda.missed(before.take(np.array([left])))
        x1, y1, x2, y2 = view.crop_xyxy
        box = before.boxes_xyxy[right]
        assert x1 < box[0] < box[2] < x2
        assert y1 < box[1] < box[3] < y2
    assert agenda.missed(before) == ()


def test_a_moving_a_weak_a_new_and_a_lost_face_are_looked_at_in_between() -> None:
    calm = people(0.9, 0.8)
    for last, spot in (
        (Boxes(calm.boxes_xyxy + np.float32(80), calm.scores), calm.boxes_xyxy[0] + 80),
        (people(0.9, 0.3), calm.boxes_xyxy[1]),
        (people(0.9, 0.8, 0.9), people(0.9, 0.8, 0.9).boxes_xyxy[2]),
        (people(0.9), calm.boxes_xyxy[1]),
    ):
        agenda = Agenda((1920, 1080))
        assert rounds_told(agenda, [calm, calm, last]) == [True] * 3
        now = agenda.due(0.6, busy(0.6))
        assert now is not None
        assert not now.whole
        crops = np.array([view.crop_xyxy for view in now.views])
        holds = (crops[:, :2] <= spot[:2]).all(axis=1) & (crops[:, 2:] >= spot[2:]).all(axis=1)
        assert holds.any()
        after = agenda.due(0.8, busy(0.8))
        assert after is not None
        assert after.whole


def test_where_hardly_anybody_is_calm_everything_is_looked_at_every_time() -> None:
    crowd = people(*[0.3] * 6)
    crowd = Boxes(np.concatenate([crowd.boxes_xyxy + np.float32(d) for d in (0, -350, 350)]), np.tile(crowd.scores, 3))
    assert rounds_told(Agenda((1920, 1080)), [crowd] * 8) == [True] * 8


def test_after_a_cut_nobody_is_calm() -> None:
    agenda = Agenda((1920, 1080))
    rounds_told(agenda, [people(0.9)] * 6)
    assert agenda.due(1.24, busy(1.24), cut=True) is not None
    agenda.saw(people(0.9))
    assert rounds_told(agenda, [people(0.9)] * 4, 1.44) == [True, True, None, True]


def test_a_face_of_any_size_is_brought_to_the_same_size_up_close() -> None:
    for size in (20, 64, 300):
        box = np.array([[900, 500, 900 + size, 500 + size]], np.float32)
        (view,) = close_views(box, (1920, 1080), most=1.0, reach=4.0, face_px=64)
        x1, _, x2, _ = view.crop_xyxy
        assert x2 - x1 >= 128
        assert x2 - x1 == pytest.approx(max(4 * size, 128), abs=2)
        assert size * view.size_wh[0] / (x2 - x1) == pytest.approx(min(size, 64), rel=0.05)


def test_places_that_overlap_are_looked_at_once_and_those_outside_not_at_all() -> None:
    boxes = np.array([[900, 500, 960, 560], [930, 510, 990, 570], [-300, 500, -240, 560]], np.float32)
    views = close_views(boxes, (1920, 1080), most=1.0, reach=4.0, face_px=64)
    assert len(views) == 1
    assert close_views(boxes[:0], (1920, 1080), most=1.0, reach=4.0, face_px=64) == ()


def test_a_small_face_is_found_in_its_tile_and_placed_in_the_picture() -> None:
    rgb = noise((1920, 1080), seed=3)
    truth = np.array(place(rgb, 26, (1500, 800)), np.float32)
    agenda = Agenda((1920, 1080))
    found = look(picture_from(rgb), agenda.tiles, CenterFace(threads=2), 0.35)
    centre = (found.boxes_xyxy[:, :2] + found.boxes_xyxy[:, 2:]) / 2
    near = np.linalg.norm(centre - (truth[:2] + truth[2:]) / 2, axis=1) < 8
    assert near.sum() == 1
    assert found.boxes_xyxy[near, 3] - found.boxes_xyxy[near, 1] == pytest.approx(26, rel=0.45)


class EdgeDetector:
    """Reports one box at the right edge of whatever it is given, as a detector does with a head cut in two."""

    name, weak, strong = "edge", 0.2, 0.5

    def __call__(self, bgr: np.ndarray, min_score: float | None = None) -> Boxes:
        h, w = bgr.shape[:2]
        return Boxes(np.array([[w - 20, h / 2 - 10, w, h / 2 + 10]], np.float32), np.array([0.9], np.float32))


def test_a_face_cut_off_at_a_tiles_inner_border_is_left_to_its_neighbour_but_not_at_the_pictures_edge() -> None:
    picture = Picture(0, 0, np.full((1080 * 3 // 2, 1920), 128, np.uint8))
    agenda = Agenda((1920, 1080))
    left = min(agenda.tiles, key=lambda v: (v.crop_xyxy[0], v.crop_xyxy[1]))
    right = max(agenda.tiles, key=lambda v: (v.crop_xyxy[0], -v.crop_xyxy[1]))
    assert len(look(picture, [left], EdgeDetector())) == 0
    assert len(look(picture, [right], EdgeDetector())) == 1


def test_one_face_in_two_views_is_one_box_the_surest() -> None:
    boxes = np.array([[10, 10, 50, 60], [12, 12, 52, 61], [20, 20, 40, 45], [200, 10, 240, 60]], np.float32)
    found = merged(Boxes(boxes, np.array([0.5, 0.9, 0.95, 0.3], np.float32)))
    assert found.scores.tolist() == pytest.approx([0.95, 0.3])


def test_two_faces_side_by_side_stay_two() -> None:
    boxes = np.array([[10, 10, 50, 60], [45, 10, 85, 60]], np.float32)
    assert len(merged(Boxes(boxes, np.array([0.5, 0.9], np.float32)))) == 2


def test_rounds_see_everything_in_turn() -> None:
    agenda, rounds = Agenda((1920, 1080)), Rounds((1920, 1080))
    seen = [rounds.next() for _ in range(2 * len(agenda.tiles))]
    assert seen[1::2] == list(agenda.tiles)
    (whole,) = set(seen[::2])
    assert whole.crop_xyxy == (0, 0, 1920, 1080)
    assert whole.size_wh not in {view.size_wh for view in agenda.wide}
    small = Rounds((64, 36))
    assert len({small.next() for _ in range(4)}) == 1
