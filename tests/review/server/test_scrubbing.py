"""Going through the film: what is decoded once serves the next wish, and nothing is decoded for nobody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from avg_video.media.peek import Look, Peek
from avg_video.media.reader import VideoReader
from avg_video.policy.plan import Plan
from avg_video.redact.paint import Style
from avg_video.review.server.pictures import BACK, Film, Unwanted
from avg_video.track.types import CameraMotion
from tests.support.clips import noise, write_clip

N = 90


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Plan]:
    """One group of pictures, no two alike."""
    wide = noise((160 + 2 * N, 96), seed=5)
    options = {"preset": "ultrafast", "x264-params": f"keyint={N}:scenecut=0:bframes=2"}
    folder = tmp_path_factory.mktemp("scrub")
    path = write_clip(folder / "a.mp4", [wide[:, 2 * i : 2 * i + 160] for i in range(N)], options=options)
    with VideoReader(path) as reader:
        assert sum(1 for _ in reader) == N
        line = reader.timeline()
    return path, Plan("0" * 64, line, CameraMotion.still(N), (), (), {})


@pytest.fixture
def shown(recording: tuple[Path, Plan]) -> Iterator[Film]:
    film = Film(*recording, Style.FILL)
    yield film
    film.close()


@pytest.fixture
def sought(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """For which pictures decoding began at a key frame."""
    found: list[int] = []
    begin = Peek._from_key_frame

    def noted(self: Peek, index: int, earlier_s: float) -> Iterator[tuple[int, Look]]:
        found.append(index)
        return begin(self, index, earlier_s)

    monkeypatch.setattr(Peek, "_from_key_frame", noted)
    return found


def test_stepping_back_decodes_a_group_once_for_many_steps(
    shown: Film, sought: list[int], recording: tuple[Path, Plan]
) -> None:
    with VideoReader(recording[0]) as reader:
        pictures = list(reader)
    for index in range(80, 80 - 2 * BACK, -1):
        found = shown.picture(index, near=False, wanted=lambda: True)
        np.testing.assert_array_equal(found.i420, pictures[index].i420)
    assert len(sought) <= 3, "the first, and one for each dozen"


def test_a_picture_that_nobody_waits_for_any_more_is_not_finished(shown: Film, sought: list[int]) -> None:
    left = 10

    def wanted() -> bool:
        nonlocal left
        left -= 1
        return left > 0

    with pytest.raises(Unwanted):
        shown.picture(85, near=False, wanted=wanted)
    assert left == 0, "nothing was decoded after that"
    assert shown.picture(85, near=False, wanted=lambda: True).index == 85
    assert sought == [85], "and what was decoded served"
