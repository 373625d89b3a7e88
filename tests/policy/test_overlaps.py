"""Whose covers meet is found the same way however many there are, and quickly."""

from __future__ import annotations

import time

import numpy as np

from avg_video.detect.boxes import COVER_HALF, COVER_SPARE_PX
from avg_video.policy.overlaps import overlap_frames
from avg_video.track.types import Evidence, Track


def crowd(n: int, length: int, seed: int, pictures: int) -> list[Track]:
    """People who wander about."""
    rng = np.random.default_rng(seed)
    tracks = []
    for number in range(1, n + 1):
        first, k = int(rng.integers(0, pictures)), int(rng.integers(1, length))
        middle = rng.uniform(0, 600, 2) + rng.normal(0, 3, (k, 2)).cumsum(0)
        half = rng.uniform(3, 60)
        boxes = np.concatenate([middle - half, middle + half], axis=1).astype(np.float32)
        frames = np.arange(first, first + k, dtype=np.int32)
        tracks.append(Track(number, frames, boxes, np.full(k, Evidence.DETECTED, np.uint8), confirmed=True))
    return tracks


def reach(track: Track, index: int) -> tuple[float, float, float, float] | None:
    box = track.box_at(index)
    if box is None:
        return None
    x1, y1, x2, y2 = (float(v) for v in box)
    more_x, more_y = (max((COVER_HALF - 0.5) * side, COVER_SPARE_PX) for side in (x2 - x1, y2 - y1))
    return x1 - more_x, y1 - more_y, x2 + more_x, y2 + more_y


def meet(a: Track, b: Track, index: int) -> bool:
    p, q = reach(a, index), reach(b, index)
    return p is not None and q is not None and p[0] <= q[2] and q[0] <= p[2] and p[1] <= q[3] and q[1] <= p[3]


def test_the_pictures_are_those_in_which_covers_meet_one_by_one() -> None:
    for seed in range(8):
        tracks = crowd(12, 40, seed, 30)
        shown, covered = tracks[:5], tracks[5:]
        found = overlap_frames(shown, covered)
        for track in shown:
            want = [i for i in range(track.first, track.last + 1) if any(meet(track, other, i) for other in covered)]
            assert found[track.id].tolist() == want
            assert found[track.id].dtype == np.int32


def test_nobody_meets_where_there_is_nobody() -> None:
    tracks = crowd(3, 10, 1, 5)
    assert [len(frames) for frames in overlap_frames(tracks, []).values()] == [0, 0, 0]
    assert overlap_frames([], tracks) == {}


def test_a_thousand_numbers_of_a_lesson_take_no_time() -> None:
    """A decision must be seen at once; comparing each with each one by one took a third of a second."""
    tracks = crowd(1000, 60, 2, 90_000)
    began = time.process_time()
    overlap_frames(tracks[::2], tracks[1::2])
    assert time.process_time() - began < 0.12
