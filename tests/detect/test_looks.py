"""Which part of which picture is looked at: everything within about a second, more where it is needed."""

from __future__ import annotations

import numpy as np
import pytest

from avg_video.detect.boxes import Boxes
from avg_video.detect.centerface import CenterFace
from avg_video.detect.looks import Agenda, LookSettings, Rounds, View, look, merged
from avg_video.media.picture import Picture
from tests.support.clips import noise
from tests.support.people import place
from tests.support.pictures import picture_from

SIZES = [(1920, 1080), (1280, 720), (1080, 1920), (3840, 2160), (640, 360), (2560, 1080), (480, 270), (64, 36)]


STILL = np.full((90, 160), 128, np.uint8)


def busy(k: float) -> np.ndarray:
    """A reduced plane on which everything differs from one moment to the next."""
    return np.full((90, 160), 60 + (round(k * 1000) * 37) % 140, np.uint8)


def times(seconds: float, fps: float = 25) -> list[float]:
    return [i / fps for i in range(round(seconds * fps))]


@pytest.mark.parametrize("size_wh", SIZES)
def test_every_pixel_is_seen_sharply_within_two_seconds(size_wh: tuple[int, int]) -> None:
    agenda = Agenda(size_wh)
    w, h = size_wh
    sharp = max(view.size_wh[0] / (view.crop_xyxy[2] - view.crop_xyxy[0]) for view in (*agenda.wide, *agenda.tiles))
    seen = np.zeros((h, w), np.bool_)
    for second in times(2.0):
        for view in agenda.due(second, busy(second)) or ():
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


def test_looks_are_five_a_second_and_take_turns() -> None:
    agenda = Agenda((1920, 1080))
    views = [v for t in times(4) if (v := agenda.due(t, busy(t)))]
    assert len(views) == 20
    assert [v[0] for v in views[1:5]] == [agenda.wide[1], agenda.wide[0], agenda.wide[1], agenda.wide[0]]
    assert [len(v) for v in views[1:5]] == [2, 1, 2, 1]


def test_a_picture_in_which_nothing_changes_is_looked_at_once_a_second() -> None:
    agenda = Agenda((1920, 1080))
    answers = {t: agenda.due(t, STILL) for t in times(5)}
    assert [t for t, views in answers.items() if views] == pytest.approx([0, 1, 2, 3, 4], abs=0.05)
    assert sum(views == () for views in answers.values()) == 20  # in between: it is time, but nothing is new


def test_a_change_in_one_corner_brings_a_look_at_the_tile_there() -> None:
    agenda = Agenda((1920, 1080))
    agenda.due(0.0, STILL)
    nod = STILL.copy()
    nod[82:88, 150:156] = 150
    views = agenda.due(0.6, nod)
    assert views[0] == agenda.wide[1]
    assert [v.crop_xyxy[2:] for v in views[1:]] == [(1920, 1080)]


def test_everything_is_looked_at_in_the_first_picture_of_a_shot() -> None:
    agenda = Agenda((1920, 1080))
    agenda.due(0.0, busy(0.0))
    assert agenda.due(0.04, busy(0.04)) is None
    assert agenda.due(0.08, busy(0.08), cut=True) == (*agenda.wide, *agenda.tiles)


def test_the_tile_with_someone_who_was_not_found_for_long_comes_sooner() -> None:
    def wait(people: bool) -> float:
        agenda = Agenda((1920, 1080))
        agenda.due(0.0, busy(0.0), cut=True)
        _, _, x2, y2 = agenda.tiles[-1].crop_xyxy
        box = np.array([[x2 - 50, y2 - 50, x2 - 20, y2 - 20]], np.float32)
        for second in times(3)[1:]:
            who = (box, np.zeros(1)) if people else None
            if agenda.tiles[-1] in (agenda.due(second, busy(second), people=who) or ()):
                return second
        raise AssertionError("never looked at")

    assert wait(people=True) < wait(people=False)


def test_a_tile_with_someone_lost_does_not_starve_the_others() -> None:
    agenda = Agenda((1920, 1080))
    x1, y1, _, _ = agenda.tiles[0].crop_xyxy
    who = (np.array([[x1 + 5, y1 + 5, x1 + 30, y1 + 30]], np.float32), np.full(1, -10.0))
    seen: dict[View, list[float]] = {tile: [] for tile in agenda.tiles}
    for second in times(6):
        for view in agenda.due(second, busy(second), people=who) or ():
            if view in seen:
                seen[view].append(second)
    assert max(float(np.diff([0.0, *at]).max()) for at in seen.values()) < 3.5


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
    agenda = Agenda((1920, 1080))
    rounds = Rounds(agenda)
    seen = [view for _ in range(2 * len(agenda.tiles)) for view in rounds.views()]
    assert set(seen) == {*agenda.wide, *agenda.tiles}
    small = Rounds(Agenda((64, 36)))
    assert [len(small.views()) for _ in range(4)] == [1, 1, 1, 1]
