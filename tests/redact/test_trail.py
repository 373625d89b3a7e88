"""A box drawn around something stays on it while it moves, and says when it no longer can."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np
import pytest

from avg_video.media.picture import Picture
from avg_video.media.timing import Timeline
from avg_video.redact.still import picture_of
from avg_video.redact.trail import MOST_DOUBT, Wish, follow
from tests.support.clips import noise

SIZE = (320, 180)
N = 50
SIDE = 40


def timeline(cuts: tuple[int, ...] = ()) -> Timeline:
    return Timeline(np.arange(N, dtype=np.int64), N, Fraction(1, 25), SIZE, 0, Fraction(1), np.array(cuts, np.int32))


def film(at: Callable[[int], tuple[int, int]], gone: range = range(0)) -> Iterator[Picture]:
    """A patch of another texture that moves over a wall; in the pictures of `gone` there is only flicker."""
    wall, patch = noise(SIZE, seed=1), noise((SIDE, SIDE), seed=9)
    for i in range(N):
        picture = noise(SIZE, seed=100 + i) if i in gone else wall.copy()
        x, y = at(i)
        if i not in gone:
            picture[y : y + SIDE, x : x + SIDE] = patch
        made = picture_of(picture)
        yield Picture(i, i, made.i420)


def moving(i: int) -> tuple[int, int]:
    return 40 + 3 * i, 60 + i // 2


def box(i: int, at: Callable[[int], tuple[int, int]] = moving) -> np.ndarray:
    x, y = at(i)
    return np.array([x, y, x + SIDE, y + SIDE], np.float32)


def test_it_stays_on_what_moves() -> None:
    (trail,) = follow(film(moving), [Wish(5, N, box(5))], timeline())
    assert trail.lost is None
    assert len(trail.boxes_xyxy) == N - 5
    for k, found in enumerate(trail.boxes_xyxy):
        true = box(5 + k)
        assert (found[:2] <= true[:2] + 0.5).all(), f"picture {5 + k}"
        assert (found[2:] >= true[2:] - 0.5).all(), f"picture {5 + k}"
        assert (np.abs(found - true) <= SIDE * MOST_DOUBT + 4).all()


def test_it_ends_where_it_is_to_end_and_reads_no_further() -> None:
    read: list[int] = []

    def watched() -> Iterator[Picture]:
        for picture in film(moving):
            read.append(picture.index)
            yield picture

    trails = follow(watched(), [Wish(5, 20, box(5)), Wish(12, 13, box(12))], timeline())
    assert [len(trail.boxes_xyxy) for trail in trails] == [15, 1]
    assert max(read) == 20


@pytest.mark.parametrize(("gone", "lost"), [(range(20, 25), 15), (range(24, 25), 19)])
def test_it_is_lost_where_the_picture_no_longer_tells(gone: range, lost: int) -> None:
    (trail,) = follow(film(moving, gone), [Wish(5, N, box(5))], timeline())
    assert trail.lost == lost == len(trail.boxes_xyxy)


def test_it_is_never_followed_across_a_cut() -> None:
    (trail,) = follow(film(moving), [Wish(5, N, box(5))], timeline((30,)))
    assert trail.lost == 25 == len(trail.boxes_xyxy)
    (begins_there,) = follow(film(moving), [Wish(30, N, box(30))], timeline((30,)))
    assert begins_there.lost is None


def test_nothing_wished_is_nothing_read() -> None:
    assert follow(film(moving), [], timeline()) == []
