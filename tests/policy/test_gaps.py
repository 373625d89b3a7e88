"""Tracks split where nobody was seen."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avg_video.media.timing import Timeline
from avg_video.policy.gaps import split_gaps
from avg_video.track.types import Evidence, Track
from tests.policy.worlds import quick, timeline, track

D, F, HELD = int(Evidence.DETECTED), int(Evidence.FLOWED), int(Evidence.HELD)


def shape(tracks: tuple[Track, ...]) -> list[tuple[int, int, int, bool]]:
    return [(t.id, t.first, t.last, t.confirmed) for t in tracks]


def seen_at(n: int, detected: list[int], number: int = 1, first: int = 0, confirmed: bool = True) -> Track:
    kinds = [D if k in detected else F for k in range(n)]
    return track(number, first, first + n - 1, lambda i: (i, i), evidence=kinds, confirmed=confirmed)


def test_a_gap_of_more_than_half_a_second_is_a_piece_that_is_never_shown() -> None:
    # At 10 pictures a second: seen at 0.2 s and then at 0.8 s.
    pieces = split_gaps([seen_at(12, [0, 2, 8, 9])], timeline(12, fps=10))
    assert shape(pieces) == [(1, 0, 2, True), (2, 3, 7, False), (3, 8, 11, True)]


def test_half_a_second_is_no_gap() -> None:
    assert shape(split_gaps([seen_at(10, [0, 5])], timeline(10, fps=10))) == [(1, 0, 9, True)]
    assert len(split_gaps([seen_at(10, [0, 6])], timeline(10, fps=10))) == 3


def test_the_ends_stay_with_their_piece() -> None:
    assert shape(split_gaps([seen_at(40, [20])], timeline(40, fps=10))) == [(1, 0, 39, True)]


def test_only_detections_count() -> None:
    for kind in (Evidence.INTERPOLATED, Evidence.FLOWED, Evidence.HELD):
        kinds = [D] + [int(kind)] * 9 + [D]
        assert len(split_gaps([track(1, 0, 10, evidence=kinds)], timeline(11, fps=10))) == 3
    assert len(split_gaps([track(1, 0, 10)], timeline(11, fps=10))) == 1


def test_a_track_without_any_detection_is_never_shown() -> None:
    assert shape(split_gaps([track(1, 3, 5, evidence=[HELD] * 3)], timeline(9))) == [(1, 3, 5, False)]


def test_what_was_not_confirmed_stays_so() -> None:
    pieces = split_gaps([seen_at(9, [0, 8], confirmed=False)], timeline(9, fps=10))
    assert [p.confirmed for p in pieces] == [False, False, False]


def test_pictures_far_apart_split_without_a_piece_between() -> None:
    pts = np.array([0, 1, 2, 9, 10], np.int64)  # a picture that stays for 0.7 s
    line = Timeline(pts, 11, Fraction(1, 10), (1000, 500), 0, Fraction(1), np.zeros(0, np.int32))
    assert shape(split_gaps([track(1, 0, 4)], line)) == [(1, 0, 2, True), (2, 3, 4, True)]


def test_people_are_numbered_by_first_appearance() -> None:
    pieces = split_gaps(
        [seen_at(10, [0, 9], number=5, first=2), track(3, 0, 20), track(2, 2, 4)], timeline(30, fps=10), first_id=11
    )
    assert shape(pieces) == [
        (11, 0, 20, True),
        (12, 2, 4, True),
        (13, 2, 2, True),
        (14, 3, 10, False),
        (15, 11, 11, True),
    ]


def test_a_track_beyond_the_recording_is_refused() -> None:
    with pytest.raises(ValueError, match="expected pictures of the timeline only"):
        split_gaps([track(1, 0, 9)], timeline(9))


def rows(tracks: Iterable[Track]) -> list[tuple[float, ...]]:
    """Every box of every track, with its picture and evidence."""
    found = []
    for t in tracks:
        found += [(int(t.frames[k]), *t.boxes_xyxy[k].tolist(), int(t.evidence[k])) for k in range(len(t))]
    return sorted(found)


@quick
@given(st.lists(st.lists(st.sampled_from([D, F, HELD]), min_size=1, max_size=30), max_size=4))
def test_no_box_is_lost_and_every_piece_is_dense(evidence: list[list[int]]) -> None:
    line = timeline(40, fps=10)
    tracks = [track(k + 1, k, k + len(e) - 1, lambda i: (3 * i, i), evidence=e) for k, e in enumerate(evidence)]
    pieces = split_gaps(tracks, line)
    assert [p.id for p in pieces] == list(range(1, len(pieces) + 1))
    assert rows(pieces) == rows(tracks)
    for piece in pieces:
        if piece.confirmed:
            seconds = line.seconds[piece.frames[piece.evidence == D]]
            assert len(seconds)
            assert (np.diff(seconds) <= 0.5 + 1e-6).all()
    assert shape(split_gaps(pieces, line)) == shape(pieces)
