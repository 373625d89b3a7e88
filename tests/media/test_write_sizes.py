"""Whatever the size of a recording, what is written is the picture that was given, in its place."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from avg_video.media.encoders import choose_encoder
from tests.media.writing import line_of, pictures, write


@pytest.mark.parametrize(
    "size_wh", [(96, 64), (96, 62), (98, 66), (94, 54), (480, 270), (322, 182), (64, 96), (66, 98)]
)
def test_every_plane_is_where_it_was(tmp_path: Path, size_wh: tuple[int, int]) -> None:
    """Also where four does not divide a side, as in 480 x 270."""
    line = line_of(range(3), Fraction(1, 25), size_wh=size_wh)
    write(tmp_path / "out.mp4", line, encoder=choose_encoder("libx264", size_wh, crf=5))
    with av.open(str(tmp_path / "out.mp4")) as box:
        for given, frame in zip(pictures(line), box.decode(video=0), strict=True):
            assert (frame.width, frame.height) == size_wh
            planes = frame.to_ndarray()
            h = size_wh[1]
            assert np.abs(planes[:h].astype(int) - given.y).mean() < 2
            assert np.abs(planes[h:].astype(int) - given.i420[h:]).mean() < 2
