"""The measure tells a face that stayed from one that went, and agrees with the referee."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from benchmarks.measure import Meter, Truth, changed_elsewhere, compare, leaked
from tests.support.clips import noise, write_clip
from tests.support.people import place

SHARED = Path(__file__).parents[3] / "shared" / "bench"
SIZE_WH = (320, 240)


def scene() -> tuple[np.ndarray, tuple[float, float, float, float]]:
    picture = noise(SIZE_WH, seed=2)
    return picture, place(picture, 80, (160, 120))


def luma(rgb: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)


def covered(rgb: np.ndarray, box: tuple[float, ...], grow: float = 0.2) -> np.ndarray:
    x1, y1, x2, y2 = box
    dx, dy = grow * (x2 - x1), grow * (y2 - y1)
    out = rgb.copy()
    cv2.rectangle(out, (int(x1 - dx), int(y1 - dy)), (int(x2 + dx), int(y2 + dy)), (128, 110, 100), -1)
    return out


def test_an_untouched_face_leaks_and_a_covered_one_does_not() -> None:
    rgb, box = scene()
    assert leaked(luma(rgb), luma(rgb), box) is True
    assert leaked(luma(rgb), luma(covered(rgb, box)), box) is False


def test_a_weak_blur_is_a_leak_and_a_strong_one_is_not() -> None:
    rgb, box = scene()
    for sigma, expected in ((1.0, True), (25.0, False)):
        assert leaked(luma(rgb), luma(np.asarray(cv2.GaussianBlur(rgb, (0, 0), sigma))), box) is expected


def test_a_face_without_detail_is_not_counted() -> None:
    flat = np.full((240, 320), 90, np.uint8)
    assert leaked(flat, flat, (100, 80, 160, 160)) is None


def test_change_counts_only_away_from_faces() -> None:
    rgb, box = scene()
    assert changed_elsewhere(luma(rgb), luma(covered(rgb, box)), [box]) == 0.0
    assert changed_elsewhere(luma(rgb), luma(covered(rgb, (0, 0, 80, 240), 0.0)), [box]) > 0.2


def test_people_and_heights_are_told_apart() -> None:
    rgb, box = scene()
    small = place(rgb, 20, (40, 40))
    truth = Truth([[list(box), list(small)]], {"near": [list(box)], "far": [list(small)], "gone": [None]})
    meter = Meter(truth)
    meter.add(luma(rgb), luma(covered(rgb, box)))
    result = meter.result()
    assert result["people"] == {"far": [1, 1, 1.0], "near": [0, 1, 0.0]}
    assert result["by_height"]["16-24"] == [1, 1, 1.0]
    assert result["by_height"]["48-96"] == [0, 1, 0.0]
    assert (result["leak_rate"], result["frames_with_leak"]) == (0.5, 1.0)


def test_a_copy_of_another_length_is_refused(tmp_path: Path) -> None:
    rgb, box = scene()
    longer = write_clip(tmp_path / "a.mp4", [rgb] * 4)
    shorter = write_clip(tmp_path / "b.mp4", [rgb] * 3)
    truth = Truth([[list(box)]] * 4, {})
    with pytest.raises(ValueError, match="ends after 3"):
        compare(longer, shorter, truth)
    with pytest.raises(ValueError, match="goes on after"):
        compare(shorter, longer, truth)


@pytest.mark.skipif(not (SHARED / "leak.py").exists(), reason="the referee is not here")
def test_the_figures_are_the_referees(tmp_path: Path) -> None:
    """On twelve pictures of the labelled clip, every other face covered."""
    truth = json.loads((SHARED / "dev_pan.json").read_text())["frames"][:12]
    originals, copies = [], []
    with av.open(str(SHARED / "dev_pan.mp4")) as box:
        for i, frame in zip(range(12), box.decode(video=0), strict=False):
            rgb = frame.to_ndarray(format="rgb24")
            originals.append(rgb)
            copy = rgb
            for one in truth[i][::2]:
                copy = covered(copy, one)
            copies.append(covered(copy, (20, 20, 300, 200), 0.0))
    original, copy_path = write_clip(tmp_path / "o.mp4", originals), write_clip(tmp_path / "c.mp4", copies)
    boxes = tmp_path / "truth.json"
    boxes.write_text(json.dumps({"frames": truth}))
    command = [sys.executable, str(SHARED / "leak.py"), str(original), str(copy_path), str(boxes)]
    referee = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    ours = compare(original, copy_path, Truth.load(boxes))
    assert 0 < referee["leaked"] < referee["face_frames"]
    assert referee["altered_elsewhere"] > 0
    assert {key: ours[key] for key in referee} == referee
