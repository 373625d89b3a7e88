"""What every detector must do alike: true boxes at true scale, for faces of every size, on pictures of every size."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from avg_video.detect.boxes import Boxes, iou
from avg_video.detect.detector import Detector
from tests.support.clips import noise
from tests.support.people import place

Box = tuple[float, float, float, float]
BGR = npt.NDArray[np.uint8]


def scene(size_wh: tuple[int, int], *heads: tuple[int, tuple[int, int]]) -> tuple[BGR, list[Box]]:
    """A textured picture with heads of these face heights (px) at these places, and the faces' true boxes."""
    picture = noise(size_wh, seed=3)
    truth = [place(picture, height, at) for height, at in heads]
    return np.ascontiguousarray(picture[:, :, ::-1]), truth


def overlap(found: Boxes, truth: Box) -> float:
    """IoU of the true box with the best of those found."""
    return float(iou(found.boxes_xyxy, np.array([truth], np.float32)).max(initial=0))


def assert_sound(found: Boxes, size_wh: tuple[int, int]) -> None:
    """Float32, finite, inside the picture, with area (`Boxes` checks that), scored 0 to 1, best first."""
    assert found.boxes_xyxy.dtype == np.float32
    assert found.scores.dtype == np.float32
    assert np.all(found.boxes_xyxy >= 0)
    assert np.all(found.boxes_xyxy <= [*size_wh, *size_wh])
    assert np.all((found.scores >= 0) & (found.scores <= 1))
    assert np.all(np.diff(found.scores) <= 0)


def test_thresholds_are_usable(detector: Detector) -> None:
    assert 0 < detector.weak <= detector.strong < 1


@pytest.mark.parametrize("height", [20, 40, 80, 300])
def test_faces_of_every_size(detector: Detector, height: int) -> None:
    # Off the middle and off the diagonal, so that swapped or mirrored coordinates can't pass.
    picture, (truth,) = scene((960, 640), (height, (640, 240)))
    found = detector(picture)
    assert_sound(found, (960, 640))
    assert overlap(found, truth) > 0.5


@pytest.mark.parametrize("height", [40, 80, 300])
def test_a_plain_face_is_strong(detector: Detector, height: int) -> None:
    picture, (truth,) = scene((960, 640), (height, (640, 240)))
    assert overlap(detector(picture, detector.strong), truth) > 0.5


def test_two_faces(detector: Detector) -> None:
    picture, truth = scene((640, 480), (90, (150, 200)), (60, (480, 300)))
    found = detector(picture)
    assert all(overlap(found, box) > 0.5 for box in truth)


def test_two_heads_side_by_side_stay_two(detector: Detector) -> None:
    picture, truth = scene((640, 480), (80, (250, 200)), (80, (345, 210)))
    best = iou(detector(picture).boxes_xyxy, np.array(truth, np.float32))
    assert best.max(axis=0).min() > 0.4
    assert best[:, 0].argmax() != best[:, 1].argmax()


@pytest.mark.parametrize("at", [(30, 240), (612, 240), (320, 44), (320, 440)])
def test_a_face_at_the_edge(detector: Detector, at: tuple[int, int]) -> None:
    """Part of the face lies outside the picture; what is inside is found, and the box ends at the edge."""
    picture, ((x1, y1, x2, y2),) = scene((640, 480), (110, at))
    assert min(x1, y1, 640 - x2, 480 - y2) < 0
    found = detector(picture)
    assert_sound(found, (640, 480))
    assert overlap(found, (max(x1, 0), max(y1, 0), min(x2, 640), min(y2, 480))) > 0.45


def test_the_same_scene_at_two_sizes(detector: Detector) -> None:
    """The picture half as large: the boxes half as large."""
    picture, truth = scene((960, 640), (200, (300, 300)), (140, (700, 350)))
    half = np.asarray(cv2.resize(picture, (480, 320), interpolation=cv2.INTER_AREA), np.uint8)
    large, small = detector(picture), detector(half)
    for box in truth:
        mine = large.boxes_xyxy[iou(large.boxes_xyxy, np.array([box], np.float32))[:, 0].argmax()]
        assert float(iou(small.boxes_xyxy * 2, mine[None]).max(initial=0)) > 0.65


@pytest.mark.parametrize("size_wh", [(641, 483), (333, 251), (200, 318), (1001, 211)])
def test_sizes_that_are_no_multiple_of_anything(detector: Detector, size_wh: tuple[int, int]) -> None:
    # In the far corner, where a wrong stride or wrong padding shifts boxes most.
    picture, (truth,) = scene(size_wh, (60, (size_wh[0] - 60, size_wh[1] - 60)))
    found = detector(picture)
    assert_sound(found, size_wh)
    assert overlap(found, truth) > 0.5


def test_grey_picture(detector: Detector) -> None:
    picture, (truth,) = scene((640, 480), (80, (400, 200)))
    grey = np.asarray(cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), np.uint8)
    assert overlap(detector(grey), truth) > 0.5


@pytest.mark.parametrize("level", [0, 117, 255])
def test_empty_picture(detector: Detector, level: int) -> None:
    assert len(detector(np.full((270, 480, 3), level, np.uint8))) == 0


@pytest.mark.parametrize("size_wh", [(1, 1), (1, 40), (40, 1), (2, 3), (31, 33), (64, 64)])
def test_tiny_pictures(detector: Detector, size_wh: tuple[int, int]) -> None:
    """Nothing breaks, whatever they hold, also when everything is let through."""
    w, h = size_wh
    assert len(detector(np.full((h, w, 3), 90, np.uint8), detector.strong)) == 0
    noisy = np.random.default_rng(w * 100 + h).integers(0, 256, (h, w, 3), dtype=np.uint8)
    assert_sound(detector(noisy, 0.001), size_wh)


def test_a_tiny_picture_of_a_face(detector: Detector) -> None:
    picture, (truth,) = scene((50, 60), (36, (25, 28)))
    assert overlap(detector(picture), truth) > 0.4


@pytest.mark.parametrize("at", [(97, 101), (128, 160), (192, 130), (203, 260), (256, 301), (333, 189), (390, 320)])
def test_a_face_anywhere(detector: Detector, at: tuple[int, int]) -> None:
    """Also on the seams of a detector that looks at tiles: one face is one box, and a whole one."""
    picture, (truth,) = scene((480, 400), (70, at))
    found = detector(picture, detector.strong)
    assert overlap(found, truth) > 0.5
    assert np.count_nonzero(iou(found.boxes_xyxy, np.array([truth], np.float32)) > 0.1) == 1


def test_several_callers_at_once(detector: Detector) -> None:
    pictures = [scene((320, 240), (60 + 10 * k, (100 + 20 * k, 110)))[0] for k in range(6)]
    alone = [detector(picture) for picture in pictures]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(detector, pictures))
    for one, other in zip(alone, together, strict=True):
        assert np.array_equal(one.boxes_xyxy, other.boxes_xyxy)
        assert np.array_equal(one.scores, other.scores)


def test_the_same_answer_twice(detector: Detector) -> None:
    picture, _ = scene((640, 480), (90, (150, 200)), (30, (480, 300)))
    first, second = detector(picture), detector(picture)
    assert np.array_equal(first.boxes_xyxy, second.boxes_xyxy)
    assert np.array_equal(first.scores, second.scores)


def test_the_picture_is_left_alone(detector: Detector) -> None:
    picture, _ = scene((320, 240), (90, (150, 100)))
    before = picture.copy()
    detector(picture)
    assert np.array_equal(picture, before)


def test_part_of_a_larger_picture(detector: Detector) -> None:
    """A view into a picture, not contiguous, gives what its copy gives."""
    picture, _ = scene((640, 480), (90, (350, 200)))
    view = picture[60:400, 200:560]
    assert not view.flags.c_contiguous
    assert np.array_equal(detector(view).boxes_xyxy, detector(view.copy()).boxes_xyxy)


def test_a_higher_least_score_only_takes_away(detector: Detector) -> None:
    picture, _ = scene((640, 480), (90, (150, 200)), (40, (400, 100)), (18, (480, 300)), (24, (560, 420)))
    every = detector(picture, 0.02)
    assert len(every) > 2
    for least in (0.1, 0.3, 0.5, 0.7, 0.95):
        fewer, expected = detector(picture, least), every.take(every.scores >= np.float32(least))
        assert np.array_equal(fewer.scores, expected.scores)
        assert np.array_equal(fewer.boxes_xyxy, expected.boxes_xyxy)


def test_weak_is_what_is_asked_by_default(detector: Detector) -> None:
    picture, _ = scene((640, 480), (90, (150, 200)), (18, (480, 300)))
    assert np.array_equal(detector(picture).scores, detector(picture, detector.weak).scores)


@pytest.mark.parametrize(
    "picture",
    [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 4), np.uint8), np.zeros((8, 8, 3)), np.zeros((0, 8, 3), np.uint8)],
)
def test_other_shapes_and_types_are_refused(detector: Detector, picture: npt.NDArray[Any]) -> None:
    with pytest.raises(ValueError, match="expected uint8"):
        detector(picture)
