"""Plane geometry, held against counting points."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avg_video.policy.polygons import inside, overlap_area, polygon_fault
from tests.policy.worlds import quick

SQUARE = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)]
HOLLOW = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (5.0, 2.0), (0.0, 10.0)]


def corners(points: list[tuple[float, float]]) -> npt.NDArray[np.float64]:
    return np.asarray(points, np.float64)[None]


@pytest.mark.parametrize(
    ("points", "fault"),
    [
        ([(0, 0), (1, 1)], "2 points make no area"),
        ([(0, 0), (1, 0), (1, 1), (1, 0)], "twice through the same point"),
        ([(0, 0), (1, 1), (1, 0), (0, 1)], "from point 1 and from point 3 cross"),
        ([(0, 0), (0.5, 0.5), (1, 1)], "lies on the one before"),
        ([(0, 0), (1, 0), (0.5, 0)], "lies on the one before"),
        ([(0, 0), (1, 0), (1, 1), (0.5, 0), (0, 1)], "cross"),  # a corner on another side
        ([(0, 0), (1e-5, 0), (0, 1e-5)], "on one line"),
    ],
)
def test_what_is_wrong_is_named(points: list[tuple[float, float]], fault: str) -> None:
    assert fault in (polygon_fault(points) or "")


@pytest.mark.parametrize("turned", range(5))
@pytest.mark.parametrize("way", [1, -1])
def test_a_simple_polygon_has_no_fault_wherever_it_begins(turned: int, way: int) -> None:
    points = [(x / 10, y / 10) for x, y in HOLLOW][::way]
    assert polygon_fault(points[turned:] + points[:turned]) is None


def test_a_straight_corner_is_no_fault() -> None:
    assert polygon_fault([(0, 0), (0.5, 0), (1, 0), (1, 1)]) is None


@pytest.mark.parametrize("points", [SQUARE, SQUARE[::-1], HOLLOW])
def test_inside(points: list[tuple[float, float]]) -> None:
    xy = np.array([[5, 1], [1, 5], [9, 5], [5, 5], [-1, 5], [5, 11], [11, 5]], np.float64)
    want = [True, True, True, points != HOLLOW, False, False, False]
    assert inside(corners(points), xy).tolist() == want


def test_each_point_has_its_own_polygon() -> None:
    both = np.concatenate([corners(SQUARE), corners(SQUARE) + 100])
    assert inside(both, np.array([[5.0, 5.0], [5.0, 5.0]])).tolist() == [True, False]
    assert overlap_area(both, np.array([[5.0, 5.0, 15, 6], [105.0, 105, 106, 107]])).tolist() == [5.0, 2.0]


@pytest.mark.parametrize("way", [1, -1])
def test_areas_by_hand(way: int) -> None:
    boxes = np.array([[0, 0, 10, 10], [2, 2, 4, 4], [-5, -5, 5, 5], [20, 0, 30, 10], [-5, -5, 25, 25]], np.float64)
    assert overlap_area(corners(SQUARE[::way]), boxes) == pytest.approx([100, 4, 25, 0, 100])
    assert overlap_area(corners(HOLLOW[::way]), boxes)[4] == pytest.approx(60)
    assert overlap_area(corners(HOLLOW[::way]), np.array([[4.0, 6, 6, 9]])) == pytest.approx([0])


@quick
@given(st.lists(st.floats(0, 10), min_size=6, max_size=6), st.lists(st.floats(-3, 13), min_size=4, max_size=4))
def test_areas_against_counted_points(triangle: list[float], sides: list[float]) -> None:
    x1, x2, y1, y2 = *sorted(sides[:2]), *sorted(sides[2:])
    points = corners(list(zip(triangle[::2], triangle[1::2], strict=True)))
    grid = (np.arange(100) + 0.5) / 100
    x, y = np.meshgrid(x1 + grid * (x2 - x1), y1 + grid * (y2 - y1))
    counted = inside(points, np.stack([x.ravel(), y.ravel()], axis=1)).mean() * (x2 - x1) * (y2 - y1)
    found = overlap_area(points, np.array([[x1, y1, x2, y2]]))[0]
    assert found == pytest.approx(counted, abs=0.02 * (1 + (x2 - x1) * (y2 - y1)))


def test_a_side_that_rises_by_next_to_nothing_does_not_spoil_the_area() -> None:
    vertices = np.array([[[0.0, 0.0], [0.0, 0.0], [1.0, 2.2e-313]]])
    boxes = np.array([[0.0, 0.0, 1.0, 1.0]])
    assert overlap_area(vertices, boxes) == pytest.approx([0.0], abs=1e-12)
    half = np.array([[[0.0, 0.0], [4.0, 1e-300], [4.0, 2.0], [0.0, 2.0]]])
    assert overlap_area(half, np.array([[1.0, 1.0, 3.0, 3.0]])).tolist() == pytest.approx([2.0])
