"""Choosing and cutting the small pictures of each person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest

from avg_video.errors import InputError
from avg_video.media.picture import Picture
from avg_video.review.strips import CROP_PX, STRIP_LENGTH, choose_moments, choose_stills, take
from avg_video.track.types import Evidence, Track
from tests.review.samples import FRAMES, SIZE_WH, room, timeline, track

BOX = (100.0, 100.0, 140.0, 150.0)


def pictures(count: list[int] | None = None, n: int = FRAMES) -> Iterator[Picture]:
    """The room, over and over, counting how many were asked for."""
    yuv = cv2.cvtColor(np.ascontiguousarray(room()[0][..., ::-1]), cv2.COLOR_BGR2YUV_I420)
    for i in range(n):
        if count is not None:
            count.append(i)
        yield Picture(i, i * 512, np.asarray(yuv, np.uint8))


def decoded(jpeg: bytes) -> np.ndarray:
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR))


def test_moments_are_spread_over_the_life_and_only_detections() -> None:
    line = timeline(500)
    someone = track(1, BOX, 20, 480, 7)
    moments = choose_moments(someone, line)
    assert len(moments) == STRIP_LENGTH
    assert moments == sorted(moments)
    assert all(someone.evidence[m - 20] == Evidence.DETECTED for m in moments)
    seconds = line.seconds[moments]
    assert np.diff(seconds).max() < 2 * (480 - 20) / 25 / STRIP_LENGTH + 0.3


def test_the_largest_face_of_each_part_wins() -> None:
    someone = track(1, BOX, 0, 399, 1)
    boxes = someone.boxes_xyxy.copy()
    boxes[[30, 333], 2:] += 20
    moments = choose_moments(replace(someone, boxes_xyxy=boxes), timeline(400))
    assert 30 in moments
    assert 333 in moments


def test_a_large_box_outside_the_picture_does_not_win() -> None:
    someone = track(1, BOX, 0, 9, 1)
    boxes = someone.boxes_xyxy.copy()
    boxes[4] = (-500, -500, 5, 5)
    assert choose_moments(replace(someone, boxes_xyxy=boxes), timeline()) == [0]


def test_a_short_life_gives_few_pictures_and_no_detection_none() -> None:
    assert len(choose_moments(track(1, BOX, 0, 4, 1), timeline())) == 1
    assert choose_moments(track(1, BOX, 0, 40, None), timeline()) == []


def test_stills_show_everyone_with_as_few_pictures_as_possible() -> None:
    people = [
        track(1, BOX, 0, 100, 1),
        track(2, BOX, 60, 200, 1),
        track(3, BOX, 300, 320, 1),
        track(4, BOX, 0, 9, None),
    ]
    stills = choose_stills(people, 400)
    assert stills == [80, 310]  # the middle of 60..100, where 1 and 2 are both there, and of 300..320
    assert choose_stills(people, 400, at_most=1) == [80]
    assert choose_stills([], 400) == []


def test_crops_show_the_face_in_its_surroundings() -> None:
    left, right = room()[1]
    people = [track(1, left, 0, FRAMES - 1, 5), track(2, right, 0, FRAMES - 1, 5)]
    strips = take(pictures(), people, timeline())
    assert [len(strips.crops[n]) for n in (1, 2)] == [5, 5]
    for number, at in ((1, (70, 60)), (2, (250, 160))):
        crop = decoded(strips.crops[number][0].jpeg)
        side = crop.shape[0]
        assert crop.shape == (side, side, 3)
        assert 80 <= side <= 96  # 1.9 face heights of 48 px; small faces are not blown up
        wanted = room()[0][at[1] - 12 : at[1] + 12, at[0] - 12 : at[0] + 12, ::-1].astype(int)
        middle = crop[side // 2 - 12 : side // 2 + 12, side // 2 - 12 : side // 2 + 12].astype(int)
        assert np.abs(middle - wanted).mean() < 25  # another face, or noise, differs by 50 and more
    assert strips.crops[1][0].at_s < strips.crops[1][1].at_s


@pytest.mark.parametrize("box", [(-30, -30, 20, 25), (300, 200, 350, 260), (-400, -300, 900, 800), (10, 10, 11, 11)])
def test_crops_at_the_edge_of_the_picture_and_of_sense(box: tuple[float, float, float, float]) -> None:
    strips = take(pictures(), [track(1, box, 0, 0, 1)], timeline())
    crop = decoded(strips.crops[1][0].jpeg)
    assert min(crop.shape[:2]) >= 2
    assert crop.shape[0] <= CROP_PX


def test_pixels_that_are_not_square_look_right() -> None:
    wide = replace(timeline(), sample_aspect=Fraction(2))
    strips = take(pictures(), [track(1, BOX, 0, 9, 1)], wide)
    assert strips.stills[0].size_wh == (640, 240)
    crop = decoded(strips.crops[1][0].jpeg)
    assert abs(crop.shape[0] - crop.shape[1]) <= 4


def test_labels_are_fractions_and_leave_out_boxes_that_are_only_held() -> None:
    held = track(2, BOX, 0, 9, 1)
    held = Track(2, held.frames, held.boxes_xyxy, np.full(10, Evidence.HELD, np.uint8))
    strips = take(pictures(), [track(1, BOX, 0, 9, 1), held], timeline())
    (label,) = strips.stills[0].labels
    assert label.number == 1
    assert label.box_xyxy == pytest.approx((100 / 320, 100 / 240, 140 / 320, 150 / 240))


def test_reading_ends_with_the_last_picture_needed() -> None:
    count: list[int] = []
    take(pictures(count), [track(1, BOX, 0, 9, 1)], timeline())
    assert len(count) < 12


def test_many_people_get_shorter_strips() -> None:
    people = [track(n, BOX, 0, FRAMES - 1, 5) for n in range(1, 1001)]
    strips = take(pictures(), people, timeline())
    assert all(len(strip) == 3 for strip in strips.crops.values())


def test_another_recording_is_refused() -> None:
    people = [track(1, BOX, 0, FRAMES - 1, 5)]
    with pytest.raises(InputError, match="not the one in which people were looked for"):
        take(pictures(), people, timeline(pts_step=500))
    with pytest.raises(InputError, match="not the one"):
        take(pictures(n=5), people, timeline())
    with pytest.raises(InputError, match="not the one"):
        take(pictures(), people, replace(timeline(), size_wh=(SIZE_WH[0] + 2, SIZE_WH[1])))
