"""The tiles that BlazeFace looks at: every face lies whole in one in which it is large enough to be seen."""

from __future__ import annotations

import pytest

from avg_video.detect.blazeface import tiles

TILE_PX = 192


@pytest.mark.parametrize("size_wh", [(1920, 1080), (1280, 720), (193, 192), (640, 61), (191, 500), (1, 1)])
def test_every_face_lies_whole_in_a_tile_that_shows_it_large_enough(size_wh: tuple[int, int]) -> None:
    every = list(tiles(size_wh, TILE_PX))
    w, h = size_wh
    for face in (16, 40, 63, 120, 250, 500):
        # The far ends of a face of that size can be no further apart than the picture is wide.
        across, down = min(face, w), min(face, h)
        shown = [tile for tile in every if face * TILE_PX / tile[2] > 12]
        for x in range(0, w - across + 1, 7):
            for y in range(0, h - down + 1, 11):
                assert any(
                    left <= x and top <= y and x + across <= left + side and y + down <= top + side
                    for left, top, side in shown
                ), (face, x, y)


@pytest.mark.parametrize("size_wh", [(1920, 1080), (100, 50), (192, 192)])
def test_no_tile_begins_outside_the_picture_and_the_last_is_the_whole(size_wh: tuple[int, int]) -> None:
    every = list(tiles(size_wh, TILE_PX))
    assert all(0 <= x < size_wh[0] and 0 <= y < size_wh[1] and side >= TILE_PX for x, y, side in every)
    assert every[-1] == (0, 0, max(*size_wh, TILE_PX))
    assert len(set(every)) == len(every)
