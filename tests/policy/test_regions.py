"""Places that follow a moving camera, and end where it can't be followed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avg_video.policy.regions import BLOCK, Place, Places, carry_transforms
from avg_video.track.types import CameraMotion, Track
from tests.policy.worlds import FPS, LEFT, H, W, camera, quick, timeline, track

N = 400
PAN = [[1, 0, -1.0], [0, 1, 0.25]]
"""The camera turns right: the room moves 1 px to the left, and a little down, with every picture."""
ZOOM = [[1.002, 0, 0], [0, 1.002, 0]]
"""The room grows by 0.2 % with every picture, from the top left corner."""
ROLL = [[np.cos(0.001), -np.sin(0.001), 0], [np.sin(0.001), np.cos(0.001), 0]]


def carried(step: list[list[float]], start: int, xy: tuple[float, float]) -> dict[int, tuple[float, float]]:
    """Where a point of the room that lies at `xy` in picture `start` is seen afterwards, step by step."""
    here = {start: xy}
    point = np.asarray(xy, np.float64)
    for i in range(start + 1, N):
        point = np.asarray(step)[:, :2] @ point + np.asarray(step)[:, 2]
        here[i] = (float(point[0]), float(point[1]))
    return here


def places(step: list[list[float]], untrusted: tuple[int, ...] = (), cuts: tuple[int, ...] = ()) -> Places:
    return Places(timeline(N, cuts), camera(N, step, untrusted + cuts))


@pytest.mark.parametrize("step", [PAN, ZOOM, ROLL], ids=["pan", "zoom", "roll"])
def test_it_moves_with_the_room(step: list[list[float]]) -> None:
    where = places(step)
    place = where.draw("r", LEFT, 2.0, None)
    sits = carried(step, 50, (440.0, 250.0))
    last = min(place.end, 300) - 1
    pupil = track(1, 50, last, lambda i: sits[i])
    assert place.first == 50
    assert where.held(place, pupil, 0.8)
    neighbour = carried(step, 50, (510.0, 250.0))
    assert not where.held(place, track(3, 50, last, lambda i: neighbour[i]), 0.8)


def test_a_pan_leaves_the_room_where_it_was() -> None:
    where = places(PAN)
    place = where.draw("r", [[0.5, 0.2], [0.7, 0.2], [0.7, 0.8], [0.5, 0.8]], None, None)
    moves = carried(PAN, 0, (600.0, 200.0))
    assert where.held(place, track(1, 0, 399, lambda i: moves[i]), 0.8)
    assert not where.held(place, track(2, 0, 399, (600, 200)), 0.8)
    assert not where.touched(place, track(3, 300, 399, (600, 200)), 0.2)
    assert where.touched(place, track(4, 300, 399, (300, 300)), 0.2)


def test_one_picture_outside_is_outside() -> None:
    where = places(PAN)
    place = where.draw("r", LEFT, None, None)
    moves = carried(PAN, 0, (400.0, 200.0))
    for slip in (0, 1, 127, 128, 129, 255, 256, 320, 399):
        assert not where.held(place, track(slip + 1, 0, 399, lambda i, s=slip: (700, 200) if i == s else moves[i]), 0.8)


@pytest.mark.parametrize("step", [PAN, ZOOM, ROLL], ids=["pan", "zoom", "roll"])
def test_its_corners_are_where_the_room_is(step: list[list[float]]) -> None:
    where = places(step)
    place = where.draw("r", [(0.1, 0.2), (0.5, 0.2), (0.5, 1.0)], 2.0, None)
    corners = [carried(step, 50, (x * W, y * H)) for x, y in [(0.1, 0.2), (0.5, 0.2), (0.5, 1.0)]]
    pictures = [50, 51, 200, place.end - 1]
    want = [[corner[i] for corner in corners] for i in pictures]
    np.testing.assert_allclose(where.vertices(place, np.array(pictures)), want, atol=0.01)


@pytest.mark.parametrize("step", [PAN, [[1, 0, 0], [0, 1, 0]]], ids=["pan", "still"])
def test_a_moment_at_the_edge_of_a_long_way_inside_is_seen(step: list[list[float]]) -> None:
    # The way, from x = 200 to 480, is so long that a step of 25 px over the edge is a small part of what it sweeps.
    where = places(step)
    place = where.draw("r", LEFT, None, None)
    room = np.array(list(carried(step, 0, (0.0, 200.0)).values()))
    for slip in (None, 66, 300):
        way = np.where(np.arange(N) == slip, 505.0, 200.0 + np.arange(N) * 7 % 281)
        person = track(1, 0, N - 1, room + np.stack([way, np.zeros(N)], axis=1))
        assert where.held(place, person, 0.8) is (slip is None)


@pytest.mark.parametrize("step", [PAN, ZOOM, [[1, 0, 0], [0, 1, 0]]], ids=["pan", "zoom", "still"])
def test_it_ends_where_the_camera_can_not_be_followed(step: list[list[float]]) -> None:
    place = places(step, untrusted=(120,)).draw("r", LEFT, None, None)
    assert (place.first, place.end, place.lost) == (0, 120, "camera motion that can't be followed")
    after = places(step, untrusted=(120,)).draw("r", LEFT, 120 / FPS, 160 / FPS)
    assert (after.first, after.end, after.lost) == (120, 160, None)


def test_it_ends_at_a_cut_even_if_the_motion_claims_to_know() -> None:
    where = Places(timeline(N, cuts=(90,)), CameraMotion.still(N))
    place = where.draw("r", LEFT, None, None)
    assert (place.end, place.lost) == (90, "a cut")
    assert where.held(place, track(1, 10, 89), 0.8)
    assert where.draw("r", LEFT, 90 / FPS, None).end == N


@pytest.mark.parametrize(
    ("step", "pictures"),
    [
        ([[1.01, 0, 0], [0, 1.01, 0]], 70),  # 1.01 ** 70 > 2
        ([[0.99, 0, 0], [0, 0.99, 0]], 69),  # 0.99 ** 69 < 0.5
        ([[1.001, 0, 0], [0, 1, 0]], 140),  # one axis more than 1.15 times the other
        ([[1, 0.001, 0], [0, 1, 0]], 140),  # shear
        ([[np.cos(0.01), -np.sin(0.01), 0], [np.sin(0.01), np.cos(0.01), 0]], 79),  # 45 degrees
        ([[-1, 0, 0], [0, 1, 0]], 1),  # a mirror
        ([[0, 0, 0], [0, 0, 0]], 1),
        ([[3e38, 0, 3e38], [0, 3e38, 3e38]], 1),  # overflows
    ],
)
def test_it_ends_where_no_camera_can_have_gone(step: list[list[float]], pictures: int) -> None:
    place = places(step).draw("r", LEFT, None, None)
    assert place.lost == "too much camera motion since it was drawn"
    assert abs(place.end - pictures) <= 1


def test_it_holds_from_the_picture_on_screen_to_the_one_on_screen() -> None:
    where = places(PAN)
    place = where.draw("r", LEFT, 10.5 / FPS, 20.5 / FPS)
    assert (place.first, place.end, place.lost) == (10, 20, None)
    assert where.draw("r", LEFT, 10.5 / FPS, 20.5 / FPS, through=True).end == 21
    assert where.draw("r", LEFT, 20.5 / FPS, None).first == place.end
    beyond = where.draw("r", LEFT, 400 / FPS, None)
    assert (beyond.first, beyond.end, beyond.lost) == (N, N, None)
    assert where.draw("r", LEFT, None, 9999).end == N


def test_centre_and_share_are_both_needed_to_be_held_and_either_touches() -> None:
    where = places([[1, 0, 0], [0, 1, 0]])
    place = where.draw("r", LEFT, None, None)  # up to x = 500
    for x, held, touched in ((487, True, True), (489, False, True), (511, False, True), (513, False, False)):
        person = track(x, 0, 9, (x, 250), 40)
        assert where.held(place, person, 0.8) is held, x
        assert where.touched(place, person, 0.2) is touched, x
    thin = where.draw("r", [[0.24, 0], [0.26, 0], [0.26, 1], [0.24, 1]], None, None)
    assert where.touched(thin, track(1, 0, 9, (250, 250), 200), 0.2)  # 10 % of the box, but its centre
    assert not where.touched(thin, track(2, 0, 9, (290, 250), 200), 0.2)


def test_no_picture_in_common_is_neither_held_nor_touched() -> None:
    where = places(PAN)
    place = where.draw("r", LEFT, 0, 1)
    late = track(1, 200, 300)
    assert not where.held(place, late, 0.8)
    assert not where.touched(place, late, 0.2)


@quick
@given(
    st.lists(st.tuples(st.floats(-3, 3), st.floats(-3, 3), st.floats(-0.004, 0.004)), min_size=1, max_size=150),
    st.integers(0, 40),
)
def test_products_of_steps(parts: list[tuple[float, float, float]], start: int) -> None:
    steps = np.array([[[np.cos(r), -np.sin(r), x], [np.sin(r), np.cos(r), y]] for x, y, r in parts])
    want, product = [], np.eye(3)
    for step in steps:
        product = np.vstack([step, [0, 0, 1]]) @ product
        want.append(product[:2])
    np.testing.assert_allclose(carry_transforms(steps), np.array(want), atol=1e-9)


@quick
@given(st.integers(0, 10_000), st.sampled_from([0.05, 1.0]), st.booleans())
def test_blocks_change_nothing_but_speed(seed: int, sway: float, moving: bool) -> None:
    # The quick answer by blocks against the plain one, picture by picture.
    rng = np.random.default_rng(seed)
    n = 3 * BLOCK
    affine = np.tile(np.eye(2, 3, dtype=np.float32), (n, 1, 1))
    if moving:
        affine[:, :, 2] = rng.normal(0, 1, (n, 2))
        affine[:, 0, 1] = rng.normal(0, 0.002, n)
        affine[:, 1, 0] = -affine[:, 0, 1]
    where = Places(timeline(n), CameraMotion(affine, np.ones(n, np.bool_)))
    first = int(rng.integers(0, n // 2))
    place = where.draw("r", [(0.2, 0.1), (0.6, 0.1), (0.6, 0.9), (0.4, 0.5), (0.2, 0.9)], first / FPS, None)
    begin, x, y = int(rng.integers(0, n - 2)), rng.uniform(150, 650), rng.uniform(50, 400)
    walk = np.cumsum(rng.normal(0, sway, (n, 2)), axis=0) + np.array([x, y])
    person = track(1, begin, n - 1, lambda i: (float(walk[i, 0]), float(walk[i, 1])), float(rng.uniform(4, 60)))
    assert where.held(place, person, 0.8) == all(_plain(where, place, person, 0.8, both=True))
    assert where.touched(place, person, 0.2) == any(_plain(where, place, person, 0.2, both=False))


def _plain(where: Places, place: Place, person: Track, share: float, *, both: bool) -> list[bool]:
    low, high = place.shared(person)
    return where._in(place, person, np.arange(low, high + 1), share, both=both).tolist() if low <= high else [False]


def test_the_drawn_polygon_is_in_fractions_of_the_upright_picture() -> None:
    place = places(PAN).draw("r", [(0.1, 0.2), (0.5, 0.2), (0.5, 1.0)], None, None)
    np.testing.assert_allclose(place.drawn_px, np.array([(0.1, 0.2), (0.5, 0.2), (0.5, 1.0)]) * (W, H))
