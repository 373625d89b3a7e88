"""The second look: who was missed is covered, whoever may be seen stays, and no picture is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from avg_video.detect.boxes import Boxes
from avg_video.detect.detector import Detector, load_detector
from avg_video.media.picture import Picture
from avg_video.redact.paint import Style, paint
from avg_video.redact.second import GHOST_SIZE, SecondLook
from avg_video.redact.shape import cover_mask
from avg_video.redact.styles import GREY
from tests.redact.scenes import F32, U8, Look, i420, leaks, looked_at, nobody
from tests.support.clips import noise
from tests.support.people import place
from tests.support.waiting import PATIENCE_S

SIZE = (384, 256)
BASE = Fraction(1, 25)
NONE = np.zeros((0, 4), np.float32)
Way = Callable[[int], tuple[int, int] | None]


@pytest.fixture(scope="module")
def detector() -> Detector:
    return load_detector("centerface", threads=2)


@pytest.fixture
def real_look(detector: Detector) -> Look:
    return lambda picture: detector(picture.bgr(), 0.5)


def film(length: int, *ways: Way, height: int = 64) -> tuple[list[U8], list[F32]]:
    """I420 planes of a texture with heads on their ways, and the true boxes in each picture."""
    planes, truth = [], []
    ground = noise(SIZE, seed=11) // 2 + 60
    for i in range(length):
        rgb = ground.copy()
        boxes = [place(rgb, height, at) for way in ways if (at := way(i)) is not None]
        planes.append(i420(rgb))
        truth.append(np.array(boxes, np.float32).reshape(-1, 4))
    return planes, truth


def scenes(
    planes: list[U8], covered: list[F32] | None = None, shown: list[F32] | None = None, pts: list[int] | None = None
) -> Iterator[tuple[Picture, F32, F32]]:
    for i, plane in enumerate(planes):
        picture = Picture(i, pts[i] if pts else 1000 + i, plane.copy())
        yield picture, covered[i] if covered else NONE, shown[i] if shown else NONE


def leaked(before: list[U8], after: list[Picture], truth: list[F32]) -> list[int]:
    """Pictures in which a face is still recognisable."""
    h = SIZE[1]
    return [
        i
        for i, (a, b, boxes) in enumerate(zip(before, after, truth, strict=True))
        if any(leaks(a[:h], b.i420[:h], box) for box in boxes)
    ]


def walk(x0: int, y0: int, dx: float, dy: float = 0.0) -> Way:
    return lambda i: (round(x0 + dx * i), round(y0 + dy * i))


@pytest.mark.parametrize(
    "way", [walk(190, 130, 0), walk(110, 120, 3, 0.5), walk(300, 140, -5)], ids=["still", "walk", "run"]
)
def test_a_face_that_was_missed_is_covered_in_every_picture(real_look: Look, way: Way) -> None:
    planes, truth = film(32, way)
    assert leaked(planes, [p for p, *_ in scenes(planes)], truth) == list(range(32))
    second = SecondLook(real_look, Style.FILL, BASE)
    out = list(second(scenes(planes)))
    assert leaked(planes, out, truth) == []
    assert [(p.index, p.pts) for p in out] == [(i, 1000 + i) for i in range(32)]
    assert second.finds == 1
    assert second.frames_added == 32
    assert len(second.finds_s) == 1
    second_found, box = second.finds_s[0]
    assert second_found == 0.0
    assert np.abs(np.array(box) - truth[0][0]).max() < 20


def test_someone_who_enters_between_two_looks_is_covered_from_the_start(real_look: Look) -> None:
    # Looks fall on 0.0, 0.48 or 0.52 s ...; the head slides in from the left from the fifth picture on.
    planes, truth = film(30, lambda i: (min(-40 + 9 * (i - 5), 120), 130) if i >= 5 else None)
    second = SecondLook(real_look, Style.FILL, BASE)
    out = list(second(scenes(planes)))
    inside = [b if len(b) and b[0, 0] > 0 else b[:0] for b in truth]
    assert sum(len(b) for b in inside) == 17
    assert leaked(planes, out, inside) == []
    assert second.finds >= 1


def test_faces_that_are_covered_already_are_not_found(real_look: Look) -> None:
    planes, truth = film(16, walk(100, 120, 1), walk(280, 150, -1))
    second = SecondLook(real_look, Style.FILL, BASE)
    out = list(second(scenes(planes, covered=truth)))
    assert (second.finds, second.ghosts, second.frames_added, second.finds_s) == (0, 0, 0, [])
    assert second.looks == 3
    for plane, boxes, picture in zip(planes, truth, out, strict=True):
        expected = plane.copy()
        paint(expected, boxes, Style.FILL)
        np.testing.assert_array_equal(picture.i420, expected)


def test_shown_people_stay_bit_for_bit_as_they_are(real_look: Look) -> None:
    planes, truth = film(20, walk(120, 130, 2))
    second = SecondLook(real_look, Style.FILL, BASE)
    out = list(second(scenes(planes, shown=truth)))
    assert second.finds == 0
    for plane, picture in zip(planes, out, strict=True):
        np.testing.assert_array_equal(picture.i420, plane)


def test_beside_someone_shown_the_one_who_is_not_gets_covered(real_look: Look) -> None:
    planes, truth = film(20, walk(90, 130, 0.5), walk(280, 120, -0.5))
    second = SecondLook(real_look, Style.FILL, BASE)
    out = list(second(scenes(planes, shown=[b[:1] for b in truth])))
    assert second.finds == 1
    assert leaked(planes, out, [b[1:] for b in truth]) == []
    assert leaked(planes, out, [b[:1] for b in truth]) == list(range(20))


def test_a_shown_box_explains_one_face_that_fits_and_no_other(real_look: Look) -> None:
    planes, truth = film(4, walk(190, 130, 0))
    x1, y1, x2, y2 = truth[0][0]
    for wrong in ((x1 - 120, y1, x2 - 120, y2), (x1 + 12, y1 + 14, x1 + 32, y1 + 40), (20, 10, 380, 250)):
        shown = [np.array([wrong], np.float32)] * 4
        second = SecondLook(real_look, Style.FILL, BASE)
        assert leaked(planes, list(second(scenes(planes, shown=shown))), truth) == []
        assert second.finds == 1

    twice = np.array([[x1, y1, x2, y2], [x1 + 4, y1 - 3, x2 + 5, y2 - 2]], np.float32)
    second = SecondLook(lambda p: Boxes(twice, np.ones(2, np.float32)), Style.SOLID, BASE)
    list(second(scenes(planes, shown=truth)))
    assert second.finds == 1


def test_windows_do_not_cross_a_cut(real_look: Look) -> None:
    empty, _ = film(13)
    filled, truth = film(13, walk(190, 130, 1))
    second = SecondLook(real_look, Style.FILL, BASE, np.array([13, 26], np.int32))
    out = list(second(scenes([*empty, *filled, *empty])))
    for i in (*range(13), *range(26, 39)):
        np.testing.assert_array_equal(out[i].i420, empty[i % 13])
    assert leaked(filled, out[13:26], truth) == []
    assert second.frames_added == 13


def test_a_shot_of_one_picture_is_looked_at(real_look: Look) -> None:
    empty, _ = film(3)
    filled, truth = film(1, walk(190, 130, 0))
    second = SecondLook(real_look, Style.FILL, BASE, [3, 4])
    out = list(second(scenes([*empty, *filled, *empty])))
    assert leaked(filled, out[3:4], truth) == []
    assert second.frames_added == 1


def test_a_find_on_the_edge_of_a_cover_is_covered_but_not_counted_as_a_person() -> None:
    planes, truth = film(15, walk(190, 130, 0))
    ghost = truth[0] + np.array([[30, 0, 30, 0]], np.float32)
    second = SecondLook(lambda p: Boxes(ghost, np.ones(1, np.float32)), Style.SOLID, BASE)
    out = list(second(scenes(planes, covered=truth)))
    assert second.finds == 0
    assert second.frames_added == 0
    assert second.ghosts == second.looks
    middle, half = (ghost[:, :2] + ghost[:, 2:]) / 2, (ghost[:, 2:] - ghost[:, :2]) / 2 * GHOST_SIZE
    mask = cover_mask(np.concatenate([middle - half, middle + half], axis=1), SIZE)
    assert (mask & ~cover_mask(truth[0], SIZE)).any()
    assert all((p.y[mask] == GREY).all() for p in out)


def test_looks_go_by_time_and_not_by_pictures() -> None:
    planes, _ = film(40)
    pts = np.cumsum([1, 1, 2, 9, 1, 1, 1, 30, 1, 2] * 4).tolist()  # 60 a second at most, with holes
    second = SecondLook(nobody, Style.FILL, Fraction(1, 60))
    seen = looked_at(second)
    out = list(second(scenes(planes, pts=pts)))
    assert [p.pts for p in out] == pts
    assert seen[0] == 0
    assert seen[-1] == 39
    for a, b in pairwise(seen):
        # The look came at the first picture at which half a second had passed.
        assert pts[b] - pts[a] >= 30 or b == 39
        assert pts[b - 1] - pts[a] < 30
    assert second.looks == len(seen)


def test_after_a_new_find_the_next_look_comes_sooner(real_look: Look) -> None:
    planes, _ = film(40, walk(190, 130, 0))
    second = SecondLook(real_look, Style.FILL, BASE)
    seen = looked_at(second)
    list(second(scenes(planes)))
    assert seen[:3] == [0, 7, 20]  # 0.25 s after the find, rounded up; then steady


def test_someone_whom_flow_loses_is_covered_on_the_way_between_two_looks() -> None:
    # Two thirds of a width in each picture, through flashes that end every flow; only the looks at both ends know.
    planes, truth = film(16, lambda i: (min(60 + 34 * i, 298), 130))
    for i in (2, 5):
        planes[i] = 255 - planes[i]
    second = SecondLook(lambda p: Boxes(truth[p.index], np.ones(1, np.float32)), Style.FILL, BASE)
    seen = looked_at(second)
    assert leaked(planes, list(second(scenes(planes))), truth) == []
    assert second.frames_added == 16
    assert seen == [0, 7, 14, 15]


def found_in(finds: dict[int, F32]) -> Look:
    """A look that finds just these."""

    def look(picture: Picture) -> Boxes:
        boxes = finds.get(picture.index, NONE)
        return Boxes(boxes, np.ones(len(boxes), np.float32))

    return look


def test_someone_found_once_is_carried_on_for_a_second_and_then_no_longer() -> None:
    planes, truth = film(50, walk(190, 130, 1))
    second = SecondLook(found_in({0: truth[0]}), Style.FILL, BASE)
    out = list(second(scenes(planes)))
    assert leaked(planes[:25], out[:25], truth[:25]) == []
    assert second.finds == 1
    for i in range(38, 50):
        np.testing.assert_array_equal(out[i].i420, planes[i])


def test_someone_found_again_is_carried_from_there_and_not_from_before() -> None:
    planes, truth = film(30, walk(190, 130, 0))
    moved = truth[0] + np.array([[28, 0, 28, 0]], np.float32)
    second = SecondLook(found_in({0: truth[0], 7: moved}), Style.SOLID, BASE)
    out = list(second(scenes(planes)))
    assert second.finds == 1
    left = cover_mask(truth[0], SIZE)
    left[:, np.flatnonzero(left.any(axis=0))[0] + 10 :] = False
    assert left.sum() > 100
    assert (out[7].y[left] == GREY).all()
    np.testing.assert_array_equal(out[9].y[left], planes[9][: SIZE[1]][left])


def test_neighbours_are_covered_without_the_room_between_them(real_look: Look) -> None:
    planes, truth = film(16, walk(90, 140, 0.5), walk(290, 130, 0.5))
    second = SecondLook(real_look, Style.FILL, BASE)
    out = list(second(scenes(planes)))
    assert leaked(planes, out, truth) == []
    for plane, picture in zip(planes, out, strict=True):
        np.testing.assert_array_equal(picture.y[:, 184:204], plane[: SIZE[1], 184:204])


def test_no_more_is_held_than_was_allowed() -> None:
    planes, _ = film(30)
    budget = 5 * planes[0].nbytes
    second = SecondLook(nobody, Style.FILL, BASE, max_held_bytes=budget)
    taken = 0

    def counting() -> Iterator[tuple[Picture, F32, F32]]:
        nonlocal taken
        for scene in scenes(planes):
            taken += 1
            yield scene

    given_back, most = 0, 0
    for _ in second(counting()):
        most = max(most, taken - given_back)
        given_back += 1
    assert given_back == 30
    assert most == 5
    assert second.looks > 6  # it looked more often instead

    tight = SecondLook(nobody, Style.FILL, BASE, max_held_bytes=1)
    assert [p.index for p in tight(scenes(planes))] == list(range(30))
    assert tight.looks == 30


def test_a_picture_that_can_not_be_trusted_is_covered_wholly_and_ends_a_window(real_look: Look) -> None:
    planes, truth = film(12, walk(190, 130, 1))

    def with_suspects() -> Iterator[tuple[Picture, F32, F32]]:
        for i, plane in enumerate(planes):
            yield Picture(i, i, plane.copy(), suspect=i in (4, 5)), NONE, NONE

    second = SecondLook(real_look, Style.FILL, BASE)
    out = list(second(with_suspects()))
    assert [p.index for p in out] == list(range(12))
    assert all((out[i].i420 == GREY).all() for i in (4, 5))
    assert leaked(planes, out, truth) == []
    assert second.frames_added == 10


def test_closing_midway_and_failing_looks_are_clean() -> None:
    planes, _ = film(30)
    second = SecondLook(nobody, Style.FILL, BASE)
    running = second(scenes(planes))
    assert next(running).index == 0
    running.close()
    assert [p.index for p in second(scenes(planes))] == list(range(30))  # and it can start anew
    assert second.looks == 4

    def breaks(picture: Picture) -> Boxes:
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        list(SecondLook(breaks, Style.FILL, BASE)(scenes(planes)))
    assert list(SecondLook(nobody, Style.FILL, BASE)(iter(()))) == []
    with pytest.raises(ValueError, match="expected more than 0"):
        SecondLook(nobody, Style.FILL, BASE, every_s=0)


def test_works_in_a_thread(real_look: Look) -> None:
    planes, truth = film(14, walk(190, 130, 1))
    out: list[Picture] = []
    thread = threading.Thread(target=lambda: out.extend(SecondLook(real_look, Style.FILL, BASE)(scenes(planes))))
    thread.start()
    thread.join(PATIENCE_S)
    assert leaked(planes, out, truth) == []
