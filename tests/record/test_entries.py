"""What the other rooms know, as lines of the record."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from avg_video.media.timing import Timeline
from avg_video.record.entries import not_checked, person_entry
from avg_video.record.model import PersonEntry
from avg_video.track.types import Evidence, Track


def timeline(*pts: int, end: int) -> Timeline:
    """Pictures at those tenths of a second."""
    return Timeline(
        pts=np.array(pts, np.int64),
        end_pts=end,
        time_base=Fraction(1, 10),
        size_wh=(64, 48),
        rotation_deg=0,
        sample_aspect=Fraction(1),
        cuts=np.zeros(0, np.int32),
    )


def entry(first: int, last: int, of: Timeline, covered: tuple[int, ...] = (), **changes: object) -> PersonEntry:
    """Somebody shown from picture `first` to picture `last`, covered all the same in some."""
    frames = np.arange(first, last + 1, dtype=np.int32)
    boxes = np.tile(np.array([[10, 10, 20, 20]], np.float32), (len(frames), 1))
    track = Track(1, frames, boxes, np.full(len(frames), Evidence.DETECTED, np.uint8), confirmed=True)
    values: dict[str, object] = {"verdict": "show", "reason": "shown-point", "rule": "show teacher"}
    return person_entry(track, of, covered_frames=np.array(covered, np.int32), **(values | changes))  # type: ignore[arg-type]


STEADY = timeline(*range(20), end=20)


@pytest.mark.parametrize(
    ("first", "last", "covered", "shown_s"),
    [
        (2, 9, (), ((0.2, 1.0),)),  # to the end of its last picture, not to its start
        (2, 9, (4, 5), ((0.2, 0.4), (0.6, 1.0))),
        (2, 9, (2, 9), ((0.3, 0.9),)),
        (2, 9, (3, 5, 7), ((0.2, 0.3), (0.4, 0.5), (0.6, 0.7), (0.8, 1.0))),
        (2, 9, tuple(range(2, 10)), ()),
        (0, 19, (), ((0.0, 2.0),)),
        (19, 19, (), ((1.9, 2.0),)),
    ],
)
def test_it_says_when_somebody_can_be_seen(
    first: int, last: int, covered: tuple[int, ...], shown_s: tuple[tuple[float, float], ...]
) -> None:
    made = entry(first, last, STEADY, covered)
    assert made.shown_s == shown_s
    assert made.frames_covered_though_shown == len(covered)


def test_somebody_covered_is_never_seen() -> None:
    assert entry(2, 9, STEADY, verdict="cover", reason="no-rule", rule=None).shown_s == ()


def test_pictures_of_unequal_length_keep_their_own() -> None:
    uneven = timeline(0, 1, 5, 6, 30, end=31)
    assert entry(1, 4, uneven, (2,)).shown_s == ((0.1, 0.5), (0.6, 3.1))


def test_in_a_photo_that_lasts_no_time_somebody_is_still_seen() -> None:
    assert entry(0, 0, timeline(0, end=10), lasts_s=0.0).shown_s == ((0.0, 0.0),)


def test_what_was_not_checked_depends_on_the_run() -> None:
    least = not_checked(sound=False, second_look=True)
    assert set(not_checked(sound=True, second_look=False)) - set(least) == {
        "who can be heard, and what is said: the sound was kept",
        "whether a face was missed: the second look was switched off",
    }
    assert any("clothes" in text for text in least)
