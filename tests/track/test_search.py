"""Pass 1 as a whole: stages side by side, one error, no thread left, and the same people whatever the threads do."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from avg_video.detect.boxes import Boxes
from avg_video.errors import DamagedInput
from avg_video.media.reader import VideoReader
from avg_video.track.camera import CameraEstimator
from avg_video.track.follow import Follower
from avg_video.track.search import search
from tests.support.clips import card


class Finder:
    """Finds one face in every picture, where it is told; fails at its `fails_at`-th call."""

    name, weak, strong = "finder", 0.2, 0.5

    def __init__(self, fails_at: int = 10**9) -> None:
        self.calls, self.fails_at = 0, fails_at

    def __call__(self, bgr: np.ndarray, min_score: float | None = None) -> Boxes:
        self.calls += 1
        if self.calls == self.fails_at:
            raise OSError("the detector broke")
        h, w = bgr.shape[:2]
        return Boxes(np.array([[w * 0.4, h * 0.3, w * 0.6, h * 0.7]], np.float32), np.array([0.9], np.float32))


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return card(tmp_path / "clip.mp4", seconds=2.4)


def stage_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "avg-blur-stage"]


def test_all_stages_together_find_and_follow(clip: Path) -> None:
    finder = Finder()
    with VideoReader(clip) as reader:
        found = search(reader, finder)
    assert len(found.timeline) == 60
    assert [(t.first, t.last) for t in found.tracks] == [(0, 59)]
    assert found.looks >= 2
    assert found.views == finder.calls
    assert stage_threads() == []


def at_camera(monkeypatch: pytest.MonkeyPatch) -> Finder:
    real = CameraEstimator.push

    def push(self: CameraEstimator, luma: np.ndarray, *, forced_cut: bool = False) -> object:
        if len(self._steps) == 20:
            raise OSError("the camera broke")
        return real(self, luma, forced_cut=forced_cut)

    monkeypatch.setattr(CameraEstimator, "push", push)
    return Finder()


def at_following(monkeypatch: pytest.MonkeyPatch) -> Finder:
    def look(self: Follower, found: Boxes, places_xyxy: np.ndarray | None = None) -> None:
        raise OSError("following broke")

    monkeypatch.setattr(Follower, "look", look)
    return Finder()


def at_reading(monkeypatch: pytest.MonkeyPatch) -> Finder:
    real = VideoReader.__iter__

    def pictures(self: VideoReader) -> object:
        for picture in real(self):
            if picture.index == 30:
                raise OSError("reading broke")
            yield picture

    monkeypatch.setattr(VideoReader, "__iter__", pictures)
    return Finder()


@pytest.mark.parametrize(
    "broken",
    [at_reading, at_camera, lambda patch: Finder(fails_at=2), at_following],
    ids=["read", "see", "look", "follow"],
)
def test_whichever_stage_fails_its_error_surfaces_and_all_threads_end(
    clip: Path, monkeypatch: pytest.MonkeyPatch, broken: Callable[[pytest.MonkeyPatch], Finder]
) -> None:
    finder = broken(monkeypatch)
    with VideoReader(clip) as reader, pytest.raises(OSError, match="broke"):
        search(reader, finder)
    assert stage_threads() == []


def test_a_listener_who_stops_the_work_ends_all_stages(clip: Path) -> None:
    def stop(second: float, pictures: int) -> None:
        if pictures == 25:
            raise KeyboardInterrupt

    with VideoReader(clip) as reader, pytest.raises(KeyboardInterrupt):
        search(reader, Finder(), at=stop)
    assert stage_threads() == []


def test_the_first_error_is_the_one_that_surfaces(tmp_path: Path) -> None:
    clip = card(tmp_path / "whole.mp4", seconds=2.4)
    data = bytearray(clip.read_bytes())
    half = len(data) // 2
    data[half : half + 2000] = bytes(2000)
    clip.write_bytes(bytes(data))
    with VideoReader(clip) as reader, pytest.raises((DamagedInput, OSError)) as first:
        search(reader, Finder(fails_at=2))
    # The detector fails long before the damage is reached, though reading runs ahead of it.
    assert "the detector broke" in str(first.value)
    assert stage_threads() == []
