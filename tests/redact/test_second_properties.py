"""Whatever the second look finds, and wherever cuts fall: no picture is lost, and every find is covered."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from avg_video.detect.boxes import Boxes
from avg_video.media.picture import Picture
from avg_video.redact.paint import Style
from avg_video.redact.second import SecondLook
from avg_video.redact.shape import cover_mask
from avg_video.redact.styles import GREY
from tests.redact.scenes import F32, looked_at, nobody

BASE = Fraction(1, 25)
NONE = np.zeros((0, 4), np.float32)

low = st.floats(-30, 120, width=32)
boxes = st.lists(st.tuples(low, low, st.floats(3, 60, width=32), st.floats(3, 60, width=32)), max_size=3)


def as_boxes(rows: list[tuple[float, float, float, float]]) -> F32:
    return np.array([(x, y, x + w, y + h) for x, y, w, h in rows], np.float32).reshape(-1, 4)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    finds=st.lists(boxes, min_size=24, max_size=24),
    steps=st.lists(st.integers(1, 12), min_size=24, max_size=24),
    cuts=st.sets(st.integers(1, 23), max_size=4),
    suspects=st.sets(st.integers(0, 23), max_size=3),
    held=st.integers(1, 8),
)
def test_whatever_is_found_nothing_is_lost_and_every_find_is_covered(
    finds: list[list[tuple[float, float, float, float]]],
    steps: list[int],
    cuts: set[int],
    suspects: set[int],
    held: int,
) -> None:
    rng = np.random.default_rng(0)
    plane = rng.integers(0, 100, (144, 128), dtype=np.uint8)
    pts = np.cumsum(steps).tolist()
    second = SecondLook(nobody, Style.SOLID, BASE, cuts, max_held_bytes=held * plane.nbytes)
    second.look = lambda p: Boxes(as_boxes(finds[p.index]), np.ones(len(finds[p.index]), np.float32))
    seen = looked_at(second)
    given_in = [(Picture(i, pts[i], plane.copy(), i in suspects), NONE, NONE) for i in range(24)]
    out = list(second(iter(given_in)))
    assert [p.index for p in out] == list(range(24))
    assert [p.pts for p in out] == pts
    for a, b in zip([-1, *seen], seen, strict=False):
        mask = cover_mask(as_boxes(finds[b]), (128, 96))
        window = range(max(a, *[c for c in (*cuts, *(s + 1 for s in suspects)) if c <= b], 0), b + 1)
        # The find itself, where it was seen; and every picture of its window has something added.
        assert (out[b].y[mask] == GREY).all()
        for i in window:
            assert not mask.any() or (out[i].y == GREY).any()
    for i in suspects:
        assert (out[i].i420 == GREY).all()
    for last in {23, *(c - 1 for c in cuts), *(s - 1 for s in suspects)} - suspects - {-1}:
        assert last in seen
    assert second.looks == len(seen) == len(set(seen))
    assert second.finds == len(second.finds_s)
    assert second.ghosts == 0
    assert second.frames_added <= 24
