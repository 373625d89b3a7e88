"""What is covered: whole faces, whole blocks, merged where shapes touch, refused where boxes make no sense."""

from __future__ import annotations

import numpy as np
import pytest

from avg_video.redact.shape import COVERED, cover_mask, outline

SIZE = (320, 240)


def boxes(*rows: tuple[float, float, float, float]) -> np.ndarray:
    return np.array(rows, np.float32).reshape(-1, 4)


@pytest.mark.parametrize("side", [1, 2, 4, 8, 12])
@pytest.mark.parametrize("at", [(100.0, 100.0), (101.3, 77.7), (99.9, 100.5)])
def test_tiny_face_is_covered_with_its_corners_and_a_rim(side: int, at: tuple[float, float]) -> None:
    x, y = at
    mask = cover_mask(boxes((x, y, x + side, y + side)), SIZE)
    assert mask[int(y) : int(np.ceil(y + side)), int(x) : int(np.ceil(x + side))].all()
    assert mask[int(y) - 1, int(x + side / 2)]
    assert mask[int(np.ceil(y + side)), int(x + side / 2)]


def test_large_face_is_covered_beyond_its_box() -> None:
    mask = cover_mask(boxes((100, 80, 180, 180)), SIZE)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    # Half axes of 0.68 of 80 x 100 round (140, 125): 85.6 to 194.4 and 57 to 193, outward to whole blocks.
    assert (columns[0], columns[-1]) == (84, 195)
    assert (rows[0], rows[-1]) == (56, 193)
    assert not mask[58, 90]
    assert not mask[190, 190]


def test_every_px_of_the_ellipse_is_in_the_mask() -> None:
    mask = cover_mask(boxes((50.4, 61.7, 111.2, 140.9)), SIZE)
    y, x = np.mgrid[0 : SIZE[1] : 0.5, 0 : SIZE[0] : 0.5]
    w, h = 111.2 - 50.4, 140.9 - 61.7
    inside = ((x - 80.8) / (0.68 * w)) ** 2 + ((y - (101.3 - 0.05 * h)) / (0.68 * h)) ** 2 < 0.999
    assert mask[y[inside].astype(int), x[inside].astype(int)].all()
    assert mask.sum() < 1.12 * inside.sum() / 4


def test_a_box_cut_thin_by_an_edge_still_covers_a_head() -> None:
    mask = cover_mask(boxes((0, 60, 8, 140)), SIZE)
    assert mask[100, :25].all()


def test_covered_px_come_in_whole_blocks() -> None:
    rng = np.random.default_rng(1)
    low = rng.uniform(-20, 300, (12, 2))
    mask = cover_mask(np.hstack([low, low + rng.uniform(2, 60, (12, 2))]).astype(np.float32), SIZE)
    blocks = mask.reshape(SIZE[1] // 2, 2, SIZE[0] // 2, 2)
    assert (blocks.all(axis=(1, 3)) == blocks.any(axis=(1, 3))).all()


def test_touching_shapes_are_one_region_and_others_their_own() -> None:
    row = boxes((20, 50, 50, 90), (55, 52, 85, 92), (90, 50, 120, 90), (240, 150, 270, 190))
    regions = outline(row, SIZE).regions
    assert len(regions) == 2
    assert sorted(r.window[2] - r.window[0] > 50 for r in regions) == [False, True]


def test_a_chain_is_one_region_whatever_the_order() -> None:
    chain = boxes(*((20 + 28 * k, 100, 50 + 28 * k, 140) for k in range(9)))
    for seed in range(5):
        assert len(outline(chain[np.random.default_rng(seed).permutation(9)], SIZE).regions) == 1


def test_soft_edge_lies_outside_only_and_runs_out() -> None:
    plan = outline(boxes((100, 80, 180, 180)), SIZE)
    alpha = plan.regions[0].alpha
    middle = alpha[alpha.shape[0] // 2].astype(int)
    assert middle[len(middle) // 2] == COVERED
    assert middle[0] == 0
    assert middle[-1] == 0
    rising = middle[: len(middle) // 2]
    assert (np.diff(rising) >= 0).all()
    assert 2 <= ((rising > 0) & (rising < COVERED)).sum() <= 6


@pytest.mark.parametrize("seed", range(5))
def test_a_soft_edge_never_reaches_into_a_shape_of_another_region(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(60):
        # Tall beside wide, small beside large, mostly near each other.
        low = rng.uniform([60, 60], [180, 140], (3, 2))
        plan = outline(np.hstack([low, low + rng.uniform(4, 90, (3, 2))]).astype(np.float32), SIZE)
        for region in plan.regions:
            x1, y1, x2, y2 = region.window
            foreign = (plan.known[y1:y2, x1:x2] == 0) & (region.alpha < COVERED)
            assert not region.alpha[foreign].any()


def test_nothing_to_cover() -> None:
    for none in (boxes(), boxes((-200, -200, -150, -150), (1000, 10, 1100, 90))):
        plan = outline(none, SIZE)
        assert plan.regions == ()
        assert (plan.known == 255).all()


@pytest.mark.parametrize("box", [(-1e9, -1e9, 1e9, 1e9), (-3e38, -3e38, 3e38, 3e38), (-500, -400, 900, 900)])
def test_a_box_larger_than_the_picture_covers_all(box: tuple[float, float, float, float]) -> None:
    assert cover_mask(boxes(box), SIZE).all()


@pytest.mark.parametrize(
    "bad", [(np.nan, 0, 10, 10), (0, 0, np.inf, 10), (10, 10, 10, 20), (10, 10, 5, 20), (-np.inf, 0, 1, 1)]
)
def test_boxes_that_make_no_sense_are_refused(bad: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="expected finite boxes"):
        outline(boxes((1, 1, 9, 9), bad), SIZE)


def test_wrong_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected float32 \(n, 4\)"):
        outline(np.zeros((3, 5), np.float32), SIZE)
