"""What is drawn by hand lies under the cover, in every picture of its stretch, wherever the camera goes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avg_video.errors import PolicyError
from avg_video.policy.covers import Followed, cover_tracks
from avg_video.policy.decide import Verdicts, decide
from avg_video.policy.document import parse_policy, policy_of
from avg_video.redact.script import Script
from avg_video.redact.shape import cover_mask
from avg_video.track.types import CameraMotion
from tests.policy.worlds import FPS, H, W, camera, quick, timeline, track

N = 100
PAN = [[1, 0, 2], [0, 1, -1]]
BOARD = [0.1, 0.2, 0.3, 0.3]


def drawn(
    line: dict[str, Any], motion: CameraMotion | None = None, cuts: tuple[int, ...] = (), **more: Any
) -> Verdicts:
    return decide((), timeline(N, cuts), motion or CameraMotion.still(N), policy_of({"cover": [line]}), **more)


@quick
@given(st.floats(0, 0.99), st.floats(0, 0.99), st.floats(0.002, 1), st.floats(0.002, 1))
def test_all_of_the_box_lies_under_the_cover(x: float, y: float, wide: float, high: float) -> None:
    box = [x, y, min(x + wide, 1.0), min(y + high, 1.0)]
    (cover,) = drawn({"box": box}).covers
    mask = cover_mask(cover.parts_at(0), (W, H))
    left, top, right, bottom = np.array(box) * [W, H, W, H]
    inside = mask[int(np.ceil(top)) : int(bottom), int(np.ceil(left)) : int(right)]
    assert inside.all()
    # ... and not much more than that: the half of a side beyond each edge, of the parts that it is cut into.
    if min(right - left, bottom - top) >= 20:
        assert mask.sum() < 3.5 * (right - left) * (bottom - top)


def test_it_lasts_from_its_first_to_its_last_moment() -> None:
    (cover,) = drawn({"box": BOARD, "from": 1.0, "to": 2.0}).covers
    assert (cover.first, cover.last) == (FPS, 2 * FPS)
    assert cover.box_at(FPS - 1) is None
    assert cover.box_at(2 * FPS + 1) is None
    assert len(cover.parts_at(0)) == 0
    np.testing.assert_allclose(cover.box_at(30), [100, 100, 300, 150])


def test_it_follows_the_camera() -> None:
    (cover,) = drawn({"box": BOARD, "from": 1.0, "follow": "camera"}, camera(N, PAN)).covers
    assert cover.lost is None
    for picture in (FPS, 60, N - 1):
        by = (picture - FPS) * np.array([2, -1, 2, -1])
        np.testing.assert_allclose(cover.box_at(picture), np.array([100, 100, 300, 150]) + by, atol=0.01)


def test_where_the_camera_can_t_be_followed_it_stays_and_somebody_must_look() -> None:
    verdicts = drawn({"box": BOARD, "follow": "camera", "what": "board"}, camera(N, PAN, untrusted=[40]))
    (cover,) = verdicts.covers
    assert cover.lost == 40
    assert cover.last == N - 1
    np.testing.assert_array_equal(cover.box_at(N - 1), cover.box_at(39))
    assert verdicts.needs_look
    assert verdicts.warnings == (
        "cover 1 board: it can't be followed from 00:00:01.600 on and stays where it was; look at it from there",
        "one place is covered by hand",
    )


def test_a_loss_after_its_end_is_none() -> None:
    verdicts = drawn({"box": BOARD, "follow": "camera", "to": 1.0}, camera(N, PAN, untrusted=[40]))
    assert verdicts.covers[0].lost is None
    assert not verdicts.needs_look


def test_what_follows_its_content_lies_where_that_was_found() -> None:
    found = np.array([[100 + i, 100, 200 + i, 160] for i in range(30)], np.float32)
    line = {"box": [0.1, 0.2, 0.2, 0.32], "from": 1.0, "follow": "content"}
    verdicts = drawn(line, followed={1: Followed(found, 30)})
    (cover,) = verdicts.covers
    np.testing.assert_array_equal(cover.box_at(FPS + 29), found[29])
    np.testing.assert_array_equal(cover.box_at(N - 1), found[29])
    assert cover.lost == FPS + 30
    assert verdicts.needs_look
    with pytest.raises(ValueError, match="expected where cover 1 went"):
        drawn(line)


def test_one_that_begins_after_the_end_is_told() -> None:
    verdicts = drawn({"box": BOARD, "from": 99})
    assert verdicts.needs_look
    assert verdicts.warnings == ("cover 1: it begins after the end of the recording",)
    assert cover_tracks(verdicts.covers, 1) == ()


def test_covers_are_painted_like_people_and_nobody_is_shown_by_them() -> None:
    verdicts = drawn({"box": [0.1, 0.2, 0.9, 0.3], "from": 1.0, "to": 2.0})
    people = (track(7, 0, N - 1, (500, 400)),)
    tracks = cover_tracks(verdicts.covers, 8)
    assert [t.id for t in tracks] == list(range(8, 8 + len(tracks)))
    assert len(tracks) > 1
    script = Script((*people, *tracks), {7: people[0].frames[:0]})
    for picture in (0, 25, 50, 51):
        covered, shown = script.at(picture)
        np.testing.assert_array_equal(covered, verdicts.covers[0].parts_at(picture))
        assert len(shown) == 1


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("box = [0.1, 0.2, 0.3]", "it is not a box"),
        ("box = [0.1, 0.2, 1.3, 0.5]", "not a box inside the picture"),
        ("box = [0.5, 0.2, 0.3, 0.5]", "it has no area"),
        ("box = [0.3, 0.2, 0.3, 0.5]", "it has no area"),
        ('box = [0.1, 0.2, 0.3, 0.5]\nfollow = "me"', "it is not 'fixed', 'camera' or 'content'"),
        ("from = 1", "box is missing"),
        ("box = [0.1, 0.2, 0.3, 0.5]\nfrom = 2\nto = 1", "to is not after from"),
        ('box = [0.1, 0.2, 0.3, 0.5]\nwhat = "Jan"', "it is not a short word"),
    ],
)
def test_a_slip_of_the_pen_is_refused(line: str, why: str) -> None:
    with pytest.raises(PolicyError, match=why):
        parse_policy(f"[[cover]]\n{line}\n")
