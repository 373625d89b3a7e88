"""Suppression against its definition, and boxes cut to the picture."""

from __future__ import annotations

import numpy as np
import pytest

from avg_video.detect.boxes import iou
from avg_video.detect.nms import settle, suppress


def by_definition(boxes: np.ndarray, scores: np.ndarray, limit: float) -> list[int]:
    """Greedy suppression, one box at a time."""
    kept: list[int] = []
    for k in np.argsort(-scores, kind="stable").tolist():
        if all(iou(boxes[[k]], boxes[[j]])[0, 0] <= limit for j in kept):
            kept.append(k)
    return kept


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("limit", [0.2, 0.45])
def test_suppress_is_greedy(seed: int, limit: float) -> None:
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 150, (120, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(8, 60, (120, 2))], axis=1).astype(np.float32)
    scores = rng.uniform(0.05, 1, 120).astype(np.float32)
    kept = suppress(boxes, scores, limit)
    assert kept.tolist() == by_definition(boxes, scores, limit)
    assert 5 < len(kept) < 120


def test_no_hits() -> None:
    assert suppress(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), 0.3).shape == (0,)
    assert len(settle(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), (10, 10), 0.3)) == 0


def test_settle_cuts_to_the_picture_and_drops_what_lies_outside() -> None:
    boxes = np.array(
        [[-5, -6, 10, 12], [90, 40, 130, 70], [100, 10, 120, 20], [-9, 3, 0, 8], [40, 20, 50, 30]], np.float32
    )
    found = settle(boxes, np.array([0.9, 0.8, 0.7, 0.6, 1.2], np.float32), (100, 50), 0.3)
    assert found.boxes_xyxy.tolist() == [[40, 20, 50, 30], [0, 0, 10, 12], [90, 40, 100, 50]]
    assert found.scores.tolist() == pytest.approx([1.0, 0.9, 0.8])


def test_a_box_of_any_size_stays_finite() -> None:
    found = settle(np.array([[-1e30, -1e30, 1e30, 1e30]], np.float32), np.array([0.5], np.float32), (64, 32), 0.3)
    assert found.boxes_xyxy.tolist() == [[0, 0, 64, 32]]
