"""Boxes carried through held pictures: they follow what is in them, and grow with doubt."""

from __future__ import annotations

import numpy as np
import pytest

from avg_video.media.picture import Picture
from avg_video.redact.carried import DOUBT, between, carried, grown
from tests.redact.scenes import F32, i420
from tests.support.clips import noise
from tests.support.people import place


def film(length: int, height: int, dx: float, dy: float) -> tuple[list[Picture], F32]:
    pictures, boxes = [], []
    for i in range(length):
        rgb = noise((640, 360), seed=5)
        boxes.append(place(rgb, height, (round(240 + dx * i), round(180 + dy * i))))
        pictures.append(Picture(i, i, i420(rgb)))
    return pictures, np.array(boxes, np.float32)


@pytest.mark.parametrize(("height", "dx", "dy"), [(16, 1, 0), (40, 3, -1), (110, -6, 2), (220, 9, 1)])
def test_follows_a_head_of_any_size_both_ways(height: int, dx: float, dy: float) -> None:
    pictures, truth = film(10, height, dx, dy)
    for way in (slice(None), slice(None, None, -1)):
        boxes, supported = carried(pictures[way], truth[way][:1])
        assert boxes.shape == (10, 1, 4)
        assert boxes.dtype == np.float32
        assert supported.all()
        assert np.abs(boxes[:, 0] - truth[way]).max() < max(0.12 * height, 3)


def test_heads_of_differing_sizes_are_followed_together() -> None:
    pictures, large = film(8, 150, 4, 0)
    for picture in pictures:
        rgb = np.zeros((60, 80, 3), np.uint8)
        place(rgb, 24, (20 + 2 * picture.index, 30))
        picture.y[4:64, 500:580] = i420(rgb)[:60]
    small = np.array([[510.8, 22, 529.2, 46]], np.float32)
    boxes, supported = carried(pictures, np.concatenate([small, large[:1]]))
    assert supported.all()
    assert np.abs(boxes[-1, 0] - small[0] - np.array([14, 0, 14, 0])).max() < 3
    assert np.abs(boxes[-1, 1] - large[-1]).max() < 15


def test_loses_support_where_the_head_is_gone_or_outside() -> None:
    pictures, truth = film(6, 60, 0, 0)
    pictures[3].y[:] = 255 - np.roll(pictures[3].y, 37, axis=1)
    _, supported = carried(pictures, truth[:1])
    assert supported[:3].all()
    assert not supported[3:].any()
    boxes, supported = carried(pictures, np.array([[900, 40, 960, 100]], np.float32))
    np.testing.assert_array_equal(boxes[-1, 0], [900, 40, 960, 100])
    assert not supported[-1].any()


def test_nothing_to_carry() -> None:
    pictures, truth = film(3, 60, 0, 0)
    assert carried(pictures, truth[:0])[0].shape == (3, 0, 4)
    np.testing.assert_array_equal(carried(pictures[:1], truth[:1])[0], truth[None, :1])


def test_boxes_grow_with_time_and_more_when_lost() -> None:
    boxes = np.tile(np.array([[100, 100, 140, 150]], np.float32), (3, 2, 1))
    supported = np.array([[True, True], [True, False], [True, False]])
    wide = grown(boxes, supported, np.array([0.0, 0.2, 0.4]))
    by = boxes[..., 0] - wide[..., 0]
    np.testing.assert_allclose(wide[..., 2] - boxes[..., 2], by, atol=1e-4)
    np.testing.assert_allclose(by[0], 50 * DOUBT, atol=1e-4)
    assert (np.diff(by, axis=0) > 0).all()
    assert (by[1:, 1] > by[1:, 0] + 3).all()


def test_the_way_between_two_places_of_someone_alike() -> None:
    start = np.array([[0, 0, 40, 40], [300, 0, 310, 10]], np.float32)
    end = np.array([[100, 20, 150, 70], [900, 0, 940, 40]], np.float32)
    way = between(start, end, np.array([0, 0.5, 1.0]))
    np.testing.assert_allclose(way[:, 0], [[0, 0, 40, 40], [50, 10, 95, 55], [100, 20, 150, 70]])
    assert way.shape == (3, 1, 4)  # the others are too far, or too unlike, to be the same person
    assert between(start[:0], end, np.array([0.0, 1.0])).shape == (2, 0, 4)
